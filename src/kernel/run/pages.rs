//! What each code means that a run leaves its plan with, for `countersign explain`. They stand in a run's `wait` and
//! `closed` entries, and in what a command says of its end.

use crate::page::Page;

/// The page of each code that the fold can give a run, and of policy's answers.
pub const PAGES: &[Page] = &[
    Page::told(
        "run.done",
        "Everything that was planned is done.",
        "Nothing is left to do. The story of the subject tells each call and its answer.",
        "nothing is wrong",
        "`countersign evidence show SUBJECT`",
    ),
    Page::told(
        "run.condition",
        "A step was left out of the plan, as its `when` does not hold.",
        "A condition is decided when the run is planned, and not again. `countersign plan NAME` says of each step which it is.",
        "a `rotate` with `when: context.facts.live_versions > 1`, of an account with one key",
        "the same step, once the account has two",
    ),
    Page::told(
        "run.drift",
        "What the plan relies on at the target has changed since it was made.",
        "The plan was right for another target than the one that is there. The step was not begun; what was done before \
         it is taken back, where no delivery has been made yet. Look at the subject, then run the workflow again: it is planned anew.",
        "somebody removes a key by hand while the run waits for its window",
        "`countersign status SUBJECT`, then `countersign run NAME`",
    ),
    Page::told(
        "run.not_as_planned",
        "A certificate was issued that is not the one that was asked for.",
        "It is judged before anybody gets it, and not delivered; what its authority signed is discarded. The message \
         says what differs, with a code of its own that has a page. Mend the authority, or the workflow, and run it \
         again.",
        "an authority that signs for other names than the request has",
        "an authority that signs what was asked for, or refuses",
    ),
    Page::told(
        "run.probe_failed",
        "A probe did not get the answer that the step needs, for as long as the step gives it.",
        "Only a target's own answer shows that the new credential works, or that the old one does not. Before the delivery \
         everything is taken back. After it the run needs a person: `countersign status RUN` has the target's words. Mend \
         what they name, then `countersign resume RUN`.",
        "`adopted: [{connector: local, probe: key_used, within: 10s}]`, where the client reads another path than `distribute` writes",
        "the client reads the path that the key is delivered to",
    ),
    Page::told(
        "run.window_closed",
        "The windows of the change closed before it had begun, or before its last delivery.",
        "A change that is wanted at night is not finished by day. What was done is taken back, and the old credential works \
         on. Run it again: it waits for the next window; if it never fits into one, give it more time.",
        "`windows` of ten minutes, for a change that waits longer than that for its verification",
        "`windows` of an hour",
    ),
    Page::told(
        "run.gave_way",
        "An emergency took the place of the run.",
        "Somebody asked for the same subject with `--emergency` while this run was before its point of no return. What it did is \
         taken back, the old credential works on, and the emergency's own run begins. Beyond that point it would have gone \
         on to its end, without its waits.",
        "`countersign run rotate-reporting-key --emergency`, while a rotation waits for its window",
        "the run that the emergency began: `countersign status` lists it",
    ),
    Page::told(
        "run.timed_out",
        "A step took longer than its `timeout`.",
        "The step fails where it stands: before the delivery what was done is taken back, after it the run needs a person. A \
         question to a target, a wait, and the rest before another attempt end with the step's time; a call that has begun is \
         waited for. See with `countersign status RUN` what the target answered last. Whoever resumes the run gives the step its \
         time anew.",
        "`timeout: 20m` of a step with `soak: 10m`, whose target took a quarter of an hour to take its calls",
        "`timeout: 1h`",
    ),
    Page::told(
        "run.attempts_used_up",
        "A call was attempted as often as it may be, and each time the target shows that it was not applied.",
        "It is not attempted for ever: three times, or as often as `retry` permits. Each attempt was lost, not refused, so see whether \
         the target can be reached for as long as a call takes. Then run the workflow again.",
        "a target behind a proxy that ends each call after a second",
        "a proxy that lets a call take as long as the connector gives it",
    ),
    Page::told(
        "run.undo_failed",
        "Something that was done could not be taken back.",
        "The run holds its subject and waits for a person; old and new versions stay sealed. The message says which undo, \
         and what the target answered. Mend that, and `countersign resume RUN` takes back anew; `countersign abandon RUN` \
         leaves the target as it is.",
        "an account that somebody locked at the target while the run took its key back",
        "unlocking the account, then `countersign resume RUN`",
    ),
    Page::told(
        "run.undone",
        "A person had the run taken back.",
        "`countersign undo RUN` reverses each call that was made, newest first, and the version that was current before is \
         current again. Who asked for it, and why, stands in the story.",
        "a rotation whose new key the job does not read",
        "`countersign undo RUN`, then the mended workflow",
    ),
    Page::told(
        "run.abandoned",
        "A person let go of the run.",
        "Nothing more was changed: what was done stands, and what was not done is yours to do. The end of the run names the \
         calls that stand. Its subject is free again, and the next plan looks at the target first.",
        "a run that stands after its delivery, and nobody can tell who uses the old key",
        "`countersign abandon RUN --reason TEXT`, and the old key is ended by hand",
    ),
    Page::told(
        "run.declared",
        "A person said how a call ended whose answer is not known.",
        "No intent is closed by a guess; where the target does not show what became of it, only a named person can close \
         it. The change may have been applied: look at the target before the next one.",
        "a target that is gone for good in the middle of a call",
        "`countersign abandon RUN --reason TEXT`",
    ),
    Page::told(
        "run.for_each",
        "Not every subject of a `for_each` is done.",
        "The message names each of the others with its run, or says why it has none: it was held by another run, could not \
         be planned, or was not begun after so many faults. See `countersign status RUN` of each; run the workflow again \
         for those that are left.",
        "`18 of 20 subjects are done; not imports (failed, run r1), exports (held by run r2)`",
        "`countersign status r1` and `countersign status r2`, then the workflow again",
    ),
    Page::told(
        "policy.allowed",
        "Policy permits the change.",
        "At least one `permit` applies, no `forbid` does, and none of them failed to be evaluated.",
        "nothing is wrong",
        "`countersign policy explain ENTRY` names the policies",
    ),
    Page::told(
        "policy.no_match",
        "No policy permits the change.",
        "What no `permit` is about is denied. Nothing was changed, and the denial is on record. `countersign policy explain \
         ENTRY` shows what was asked, and which policies were silent.",
        "a workflow for a kind of subject that no policy names",
        "a `permit` for it, reviewed and activated",
    ),
    Page::told(
        "policy.forbidden",
        "A policy forbids the change.",
        "One `forbid` is enough, whatever else permits it. The message has the policy's `@reason`. Nothing was changed, and \
         the denial is on record.",
        "`countersign run provision-account --input level=admin`, where a policy gives out `read` and `write` only",
        "`--input level=write`",
    ),
    Page::told(
        "policy.error",
        "The policies could not be evaluated.",
        "An error could hide a `forbid`, so it counts as no. `countersign policy explain ENTRY` has the error: a sum beyond \
         what Cedar counts, or a question that does not fit the schema.",
        "`context.facts.live_versions * 9223372036854775807 > 0`",
        "`context.facts.live_versions > 1`",
    ),
];
