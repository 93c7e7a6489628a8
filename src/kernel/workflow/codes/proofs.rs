//! Codes of the proofs: no change without its policy and its evidence, and no workflow that could not do its work.

use super::{Example, ISSUE, PROVISION, Page, ROTATE};

codes! {
    UNCOVERED_CHANGE = "workflow.uncovered_change", "No policy step for its action stands before a change.",
        why "No credential changes without a decision on record. Put a `policy` step for the action before the change; \
             its decision is asked for again at the moment of each call.",
        Example::change(
            ROTATE,
            "  - id: gate\n    policy: {action: rotate, context: {reason: \"${{ inputs.reason }}\"}}\n  - id: rotate\n",
            "  - id: rotate\n"
        );
    IDLE_POLICY = "workflow.idle_policy", "A policy step judges no later change.",
        why "A policy step that judges nothing looks like a check and is none. Give it the action of a later step, or \
             take it out.",
        Example::change(
            ISSUE,
            "policy: {action: issue}\n",
            "policy: {action: issue}\n  - id: second\n    policy: {action: rotate}\n"
        );
    MISSING_EVIDENCE = "workflow.missing_evidence", "No evidence step stands after all changes.",
        why "`evidence` binds the run's entries to a signed checkpoint, however the run ends. Put one after the last \
             change.",
        Example::change(
            PROVISION,
            "\n  - id: seal\n    evidence: {retain: 7y}\n",
            "\n"
        );
    ALWAYS_RUNS = "workflow.always_runs", "An evidence step has a condition.",
        why "Evidence is bound however the run ends, so that there is nothing that it could depend on. Take `when` out; \
             outputs of steps that were skipped are null in it.",
        Example::change(ROTATE, "  - id: seal\n", "  - id: seal\n    when: context.trigger == \"request\"\n");
    NO_CHANGE = "workflow.no_change", "No step changes anything.",
        why "A workflow exists for a change: it has a `provision`, an `issue`, a `rotate`, a \
             `deprovision` or a `revoke` step.",
        Example::change(
            PROVISION,
            "  - id: gate\n    policy: {action: provision}\n  - id: account\n    provision:\n      attributes:\n        \
             owner: dana@example.com\n        backup: lee@example.com\n        purpose: payments\n        expires: \
             +90d\n        level: ${{ inputs.level }}\n      generate: {length: 43, alphabet: url_safe}\n      \
             distribute:\n        - to: files/client\n          path: payments\n          fields: {key: \
             \"${{ steps.account.key }}\"}\n",
            ""
        );
    UNDELIVERED_SECRET = "workflow.undelivered_secret", "A new secret is made, and no delivery holds it.",
        why "The old secret ends after the delivery: who uses it would be left with none that works. Some delivery of the \
             step has the secret in a field, as a whole `${{ steps.ID.OUTPUT }}`; where users take turns (`alternating`), also \
             whose it is. Only the key of an authority (`profile: \
             ca`) is delivered nowhere: it signs here.",
        Example::change(ROTATE, "{key: \"${{ steps.rotate.key }}\"}", "{key: \"${{ steps.rotate.version }}\"}");
    SAME_SINK = "workflow.same_sink", "Two deliveries of one step go to one place, or to one inside the other.",
        why "The second would replace the first, and what reads there would miss it; nor could a run that fails put back what \
             was there before. A place is a delivery, or holds others, not both. Write all fields into one delivery, or \
             choose paths that do not meet.",
        Example::change(
            ROTATE,
            "          fields: {key: \"${{ steps.rotate.key }}\"}\n",
            "          fields: {key: \"${{ steps.rotate.key }}\"}\n        - to: files/client\n          path: payments/name\n          \
             fields: {name: payments}\n"
        );
    NO_LIFETIME = "workflow.no_lifetime", "`expiry` has nothing that ends.",
        why "`expiry` starts a run when a part of the version's lifetime is over, so that a version needs a lifetime. \
             Give `generate` one, or take `expiry` out.",
        Example::change(ROTATE, ", lifetime: 30d", "");
    SCHEDULE_TOO_RARE = "workflow.schedule_too_rare", "The schedule lets a version end before it is replaced.",
        why "Between two runs of the schedule lies as much time as a version lives, or more: whoever uses it stands there \
             with an expired secret. Run more often, make `lifetime` longer, or let `expiry` start runs, too.",
        Example::change(ROTATE, "  expiry: {at: 2/3}\n", "  schedule: {cron: \"0 9 1 JAN *\", timezone: UTC}\n");
    WAIT_TOO_LONG = "workflow.wait_too_long", "A run waits until the version in use has ended.",
        why "Before the last delivery of a run its users have the old version only. All that is waited for until then, rests of \
             `retry` and a window included, must be shorter than what that version has left: the rest of its lifetime when \
             `expiry` begins the run, or what the longest time between two runs of a schedule leaves of it. The life of a \
             secret begins with the run that makes it, so that these waits are gone from it when it is delivered.",
        Example::change(ROTATE, "  - id: gate\n", "  - id: pause\n    wait: {for: 12d}\n  - id: gate\n");
    RUN_TOO_LONG = "workflow.run_too_long", "A run is not over when the next one is due.",
        why "A run holds its subject while it waits: the next one could not begin, and what it should replace would end. All \
             waits after the last delivery (`within`, soaks, rests of `retry`) must be shorter than the time until the new \
             version falls due, or until it ends where nothing makes it due; and all waits of a run shorter than the time \
             between two runs of a schedule.",
        Example::change(ROTATE, "soak: 24h", "soak: 25d");
    IMPOSSIBLE_WINDOW = "workflow.impossible_window", "The windows never open, or open only when the secret has ended.",
        why "A run waits for the next window, freezes considered. Where it can come later than the version ends, whoever \
             uses it would stand there with an expired secret.",
        Example::change(
            ROTATE,
            "steps:\n",
            "windows: {allow: [\"SUN 02:00-04:00 UTC\"], freeze: [\"12-20..01-04 UTC\"]}\nsteps:\n"
        );
    OWN_CREDENTIAL = "workflow.own_credential", "A change of what Countersign works with could lock it out.",
        why "A run that changes the credential that it is using may end with none. Settings name these credentials \
             (`operator`); a workflow for one says `self: true` in its `subject`, and rotates it by a strategy that keeps \
             the old one alive until the new one is proven.",
        Example::change(PROVISION, "name: payments}", "name: payments, self: true}");
    FOR_EACH = "workflow.for_each", "What the steps do cannot be done for each subject.",
        why "`for_each` gives each subject of a kind that is there a run of its own. It cannot make one, wait for the end of \
             one, or deliver all of their secrets to one place.",
        Example::change(
            PROVISION,
            "name: payments}",
            "for_each: {at_most: 3}}"
        );
    ON_FAILURE = "workflow.on_failure", "A step for a failure stands where it cannot run.",
        why "`on_failure: STEP` makes a step run only after STEP failed, once what STEP did is taken back. STEP must be able to \
             fail, and nothing can wait for what may never run. It makes no new secret: nobody would be left to answer for it.",
        Example::change(
            ROTATE,
            "  - id: seal\n",
            "  - id: tell\n    on_failure: gate\n    wait: {for: 1s}\n  - id: seal\n"
        );
    SECOND_CHANGE = "workflow.second_change", "A change rests on what another one of the same run has changed.",
        why "A plan is made from what is there before its run. A second rotation, or a rotation after a revocation, would meet \
             another target than the one that it was planned for, past the point of no return of the first. A `revoke` may \
             follow an `issue`, and one `uses` another.",
        Example::change(
            ROTATE,
            "  - id: seal\n",
            "  - id: may-end\n    policy: {action: deprovision}\n  - id: end\n    deprovision: {observe: 1d}\n  - id: seal\n"
        );
    DUPLICATE_NAME = "workflow.duplicate_name", "Two files of one folder hold workflows of one name.",
        why "`run NAME` must mean one workflow, and a ledger entry must name one. Give one of them another name, or \
             remove the copy.",
        Example::told(
            "`a.yaml` and `b.yaml`, both with `name: rotate-payments-key`",
            "`a.yaml` with `name: rotate-payments-key`, `b.yaml` with `name: rotate-reporting-key`"
        );
}
