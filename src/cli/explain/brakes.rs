//! What each brake and limit means that keeps a run from beginning or from going on.

use countersign_kernel::page::Page;

/// The page of each.
pub(super) const PAGES: &[Page] = &[
    Page::told(
        "brake.paused",
        "Somebody has paused everything, this connector, or this subject.",
        "While a pause is on, no run begins there and no change is granted, undos included: what is under way stands at a safe \
         point, and credentials work as they did. `countersign status` says who paused what, and why. `countersign resume --all`, \
         `--connector NAME` or `--subject SUBJECT` lifts it; what fell due meanwhile follows the workflow's `catch_up`.",
        "`countersign run rotate-reporting-key` after `countersign pause --all`",
        "`countersign resume --all`, and the run again",
    ),
    Page::told(
        "brake.circuit_open",
        "Too many calls to this provider failed in a row, and it is left alone for a while.",
        "After as many failures as `[breaker]` of the settings says, no change is granted on the connector until the time is over; \
         then the next failure leaves it alone for twice as long, and the first success ends it. Nothing is lost: runs stand at \
         safe points. `countersign resume --connector NAME` has it tried at once.",
        "a target that is down, with twenty rotations due",
        "mend the target; the runs go on by themselves",
    ),
    Page::told(
        "brake.quarantined",
        "The last runs of this subject all failed, and it takes no trigger any more.",
        "After as many failures in a row as `[quarantine]` of the settings says, trying again is no help: somebody has to look. \
         `countersign status SUBJECT` lists the runs, which say what they failed of and which version works. Then `countersign \
         resume --subject SUBJECT` lets it begin again.",
        "a rotation each night that its target refuses, five nights in a row",
        "mend what it refuses, then `countersign resume --subject local/account/reporting`",
    ),
    Page::told(
        "brake.budget_spent",
        "As much was begun, or changed, as the settings permit in this time.",
        "A `budget` of a connector counts its changes, one of a team the runs of its workflows; it is kept in the database, and \
         so outlives a restart. A server goes on by itself when there is room again; a request may be made again then.",
        "the 21st run in a day of a team with `budget = \"20/1d\"`",
        "tomorrow's run, or a larger budget in the settings",
    ),
    Page::told(
        "brake.at_once",
        "As much is under way at once as the settings permit.",
        "`at_once` of a connector counts its calls, of a team its open runs, those that wait included. It is tried again as soon \
         as one of them is over.",
        "the sixth open run of a team with `at_once = 5`",
        "the same request when one of the five is closed",
    ),
    Page::told(
        "brake.in_flight",
        "As many subjects of this service are under way as the settings permit.",
        "A service whose credentials all change at once may fail at once. `in_flight` of `[services.NAME]` is a part of the \
         subjects of the workflows whose `metadata` names the `service`; one may always be under way.",
        "the third run at once for a service of eight subjects, with `in_flight = \"25%\"`",
        "the same request when one of the two is closed",
    ),
    Page::told(
        "brake.unknown_connector",
        "A brake was to be set on a connector that the settings do not have.",
        "A brake on a name that nothing has would stop nothing. Nothing was paused. A subject's connector is the first part of its \
         name.",
        "`countersign pause --connector lokal`",
        "`countersign pause --connector local`",
    ),
    Page::told(
        "brake.unknown_subject",
        "A brake was to be set on a subject of which nothing is known here.",
        "A brake on a misspelt name would stop nothing, while somebody counts on it. Nothing was paused. A subject is known when a \
         run, or a trigger of the current set, is about it; `countersign status` lists them.",
        "`countersign pause --subject local/account/reportin`",
        "`countersign pause --subject local/account/reporting`",
    ),
    Page::told(
        "brake.not_on",
        "There is no brake where one was to be lifted.",
        "A brake is lifted where it is: one on everything is not lifted for a subject alone. The help names where brakes are on. \
         Nothing was changed.",
        "`countersign resume --subject local/account/clerk` after `countersign pause --all`",
        "`countersign resume --all`",
    ),
    Page::told(
        "brake.no_subject",
        "What a brake was to be set on is not the name of a subject.",
        "A subject is named as CONNECTOR/KIND/NAME, as `countersign status` lists them. Nothing was paused or lifted.",
        "`countersign pause --subject reporting`",
        "`countersign pause --subject local/account/reporting`",
    ),
];
