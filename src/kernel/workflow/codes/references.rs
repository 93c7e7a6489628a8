//! Codes of `${{ path }}`: what it refers to, of which type it is, and where secrets may flow.

use super::{Example, PROVISION, Page, ROBOT, ROTATE};

codes! {
    BAD_REFERENCE = "workflow.bad_reference", "A `${{ path }}` is not closed, or is no path.",
        why "A path is names with dots between them. There are no functions and no operators, so that everything a \
             workflow does can be known before it runs.",
        Example::change(ROTATE, "${{ inputs.reason }}", "${{ upper(inputs.reason) }}");
    REFERENCE_NOT_HERE = "workflow.reference_not_here", "A `${{ path }}` stands where only plain text may.",
        why "Names, words, durations and everything that a reviewer must see stand in the file as they are. Write the \
             value itself.",
        Example::change(ROTATE, "soak: 24h", "soak: \"${{ inputs.reason }}\"");
    UNKNOWN_REFERENCE = "workflow.unknown_reference", "A `${{ path }}` refers to something that is not there.",
        why "There are `inputs.NAME`, `subject.name` and its other fields, `trigger.kind` and `steps.ID.OUTPUT`, and \
             nothing else; the subject's own name can use inputs only.",
        Example::change(ROTATE, "${{ inputs.reason }}", "${{ inputs.raeson }}");
    LATER_STEP = "workflow.later_step", "A step refers to an output that is made only after it.",
        why "Steps run in the order of the file, unless `needs` says otherwise. Move the step that uses the output behind \
             the one that makes it, or name that one in its `needs`.",
        Example::change(PROVISION, "purpose: payments", "purpose: \"${{ steps.account.version }}\"");
    MAYBE_SKIPPED = "workflow.maybe_skipped", "A step refers to an output of one that can be skipped without it.",
        why "Where the other step's `when` does not hold, its outputs are not there. Give both steps the same condition. \
             Only `evidence` can do without: it has null in the place of what was skipped.",
        Example::change(
            PROVISION,
            "  - id: account\n    provision:\n      attributes:\n        owner: dana@example.com\n        backup: \
             lee@example.com\n        purpose: payments\n",
            "  - id: works\n    when: context.facts.exists\n    check: {connector: local, probe: login}\n  - id: \
             account\n    provision:\n      attributes:\n        owner: dana@example.com\n        backup: \
             lee@example.com\n        purpose: ${{ steps.works.verification }}\n"
        );
    UNKNOWN_STEP = "workflow.unknown_step", "`needs` names a step that is not there.",
        why "A step that waits for nothing would run at another time than its author believes. Correct the name.",
        Example::change(ROTATE, "  - id: seal\n", "  - id: seal\n    needs: [rotat]\n");
    CYCLIC_NEEDS = "workflow.cyclic_needs", "Steps wait for each other.",
        why "None of them could ever start. Remember that a step without `needs` comes after the step before it.",
        Example::change(ROTATE, "  - id: gate\n", "  - id: gate\n    needs: [seal]\n");
    NOT_KNOWN_AT_PLAN = "workflow.not_known_at_plan", "A step's output stands where the plan must know the value.",
        why "What is touched is shown, judged and approved before anything runs: names and paths cannot depend on what a \
             step makes. Use inputs, the subject or the trigger.",
        Example::change(ROTATE, "path: payments", "path: \"keys/${{ steps.rotate.version }}\"");
    TYPE_MISMATCH = "workflow.type_mismatch", "A `${{ path }}` has another type than its place takes.",
        why "The types of inputs and places are compared before anything runs. Refer to an input of that type; for a \
             place that takes certain words, to one whose `one_of` holds no others.",
        Example::change(PROVISION, "level: ${{ inputs.level }}", "level: ${{ inputs.note }}");
    SECRET_FLOW = "workflow.secret_flow", "A secret flows into a place that is not made for secrets.",
        why "A secret stands alone, as a whole `${{ path }}`, and only in a field that a sink takes secrets in: never in \
             a policy, a path, an attachment or inside other text. The message names the way that it would have taken.",
        Example::change(ROTATE, "context: {reason: \"${{ inputs.reason }}\"}", "context: {reason: \"${{ steps.rotate.key }}\"}");
    LITERAL_SECRET = "workflow.literal_secret", "A secret stands in the file.",
        why "Workflows live in git, where whatever stands once stays for good. Refer to a secret that a step makes, and \
             replace the one that stood here.",
        Example::change(ROBOT, "attributes: {arms: 2}", "attributes: {arms: 2, pin: \"4711\"}");
    UNKNOWN_CONTROL = "workflow.unknown_control", "A control that its framework does not have.",
        why "`controls` is what an auditor finds a workflow by; a slip would hide it. Of `nist-800-53r5` the \
             families and the numbers of their controls are known, of `pci-dss-4.0.1` its requirements (not those of the \
             appendices), of `owasp-nhi-2025` its ten; a framework of your own begins with `x-`.",
        Example::change(ROTATE, "nist-800-53r5:ia-5", "nist-800-53r5:ia5");
}
