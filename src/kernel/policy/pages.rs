//! What each code of a policy file means, for `countersign explain`. The examples are changes of `page.cedar`, and tests
//! read them all.

use crate::page::{Example, Page};

/// A good policy file.
const GOOD: &str = include_str!("page.cedar");

/// The page of each code that checking policy files can answer with.
pub const PAGES: &[Page] = &[
    Page {
        code: "policy.not_utf8",
        meaning: "The policy file is not UTF-8.",
        why: "A policy is hashed, shown to people and kept as evidence: there is one way to read its bytes. Save the file as \
              UTF-8.",
        example: Example::told("a file saved as Latin-1 or UTF-16", "the same file saved as UTF-8"),
    },
    Page {
        code: "policy.too_long",
        meaning: "The policy file is longer than 256 KiB, or has more than 1,000 policies.",
        why: "Policies are read by people. Split the file; a folder may hold many.",
        example: Example::told("one file with 20,000 policies, written by a program", "a file for each subject matter"),
    },
    Page {
        code: "policy.reordered",
        meaning: "A character shows the text around it in another order than it is read.",
        why: "With such a character a reviewer sees another policy than the one that decides. Remove it, from comments, too.",
        example: Example::told(
            "a policy in which U+202E (right-to-left override) stands before a name",
            "the same policy without it",
        ),
    },
    Page {
        code: "policy.too_deep",
        meaning: "A policy has brackets more than 24 deep, or joins more than 64 terms, or has more than a hundred times `if`.",
        why: "Nobody can say what such a condition means, and reading it would use the reader's memory up. Write it as \
              several policies: each forbid must be passed.",
        example: Example::told("ten thousand `(` one after the other", "several policies with a short condition each"),
    },
    Page {
        code: "policy.too_many",
        meaning: "More policies, or longer reasons, than one decision could hold.",
        why: "A decision is one entry of the ledger: it names each policy that made it, with its reason, and each control. \
              What could not be written down would stop the run that asks. Shorten the reasons, or say it with fewer policies.",
        example: Example::told(
            "300 forbids on `rotate`, each with a reason of 200 characters",
            "one forbid with a set of names",
        ),
    },
    Page {
        code: "policy.too_many_errors",
        meaning: "There are more errors than are shown.",
        why: "Nobody reads more of them at once, and one mistake often brings many. Correct what is shown, then lint again.",
        example: Example::told("a file of a thousand policies without `@id`", "the same policies, each with its `@id`"),
    },
    Page {
        code: "policy.syntax",
        meaning: "The text is not Cedar.",
        why: "A file that cannot be read holds no policies, and without policies nothing is permitted. The place is where \
              the reader gave up.",
        example: Example::change(GOOD, "unless { resource", "unles { resource"),
    },
    Page {
        code: "policy.not_in_this_version",
        meaning: "A policy is a template (`?principal`, `?resource`), which this version does not take.",
        why: "Nothing would ever fill in what is left open, so that the policy would never apply. Name the principal or \
              the resource in the policy itself.",
        example: Example::change(GOOD, "forbid (\n  principal,", "forbid (\n  principal == ?principal,"),
    },
    Page {
        code: "policy.id_missing",
        meaning: "A policy has no `@id`.",
        why: "Decisions, and the evidence of years ago, name policies by their ids. Give each one that does not change.",
        example: Example::change(GOOD, "@id(\"accounts-read\")\n", ""),
    },
    Page {
        code: "policy.id_shape",
        meaning: "An `@id` has characters that a name does not take.",
        why: "An id is written into ledger entries and reports: up to 64 of the characters `a-z`, `0-9` and `-`.",
        example: Example::change(GOOD, "@id(\"accounts-read\")", "@id(\"Accounts read\")"),
    },
    Page {
        code: "policy.id_duplicate",
        meaning: "Two policies of the folder have one `@id`.",
        why: "A decision that names this id would not say which of the two made it.",
        example: Example::change(GOOD, "@id(\"rotate-what-lives\")", "@id(\"accounts-read\")"),
    },
    Page {
        code: "policy.unknown_annotation",
        meaning: "A policy has an annotation that means nothing.",
        why: "A misspelt `@control` would count for no control. There are `@id`, `@title`, `@reason`, `@control` \
              and `@mode`.",
        example: Example::change(GOOD, "@control(\"nist-800-53r5:ac-6\")", "@contol(\"nist-800-53r5:ac-6\")"),
    },
    Page {
        code: "policy.control_shape",
        meaning: "A `@control` does not name controls as `framework:control`.",
        why: "Evidence is counted by framework and control, so that both are named; a comma stands between several.",
        example: Example::change(GOOD, "@control(\"nist-800-53r5:ac-6\")", "@control(\"ac-6\")"),
    },
    Page {
        code: "policy.unknown_control",
        meaning: "A `@control` that its framework does not have.",
        why: "`@control` is what an auditor finds a policy by, and each decision has a row for it; a slip would hide it. Of \
              `nist-800-53r5` the families and the numbers of their controls are known, of `pci-dss-4.0.1` its requirements \
              (not those of the appendices), of `owasp-nhi-2025` its ten; a framework of your own begins with `x-`.",
        example: Example::change(GOOD, "nist-800-53r5:ac-6", "nist-800-53r5:ac-66"),
    },
    Page {
        code: "policy.mode",
        meaning: "A policy has a `@mode` that is none.",
        why: "`@mode(\"shadow\")` is for a new policy: it is evaluated beside the others and decides nothing, and each \
              decision that it would have changed says so. Without the annotation a policy is in force.",
        example: Example::change(
            GOOD,
            "@control(\"nist-800-53r5:ac-6\")",
            "@control(\"nist-800-53r5:ac-6\")\n@mode(\"shadwo\")",
        ),
    },
    Page {
        code: "policy.unknown_type",
        meaning: "A policy names a type of principal or resource that is not there.",
        why: "It would never apply. Types of resources are `Countersign::CONNECTOR::KIND`; principals are \
              `Countersign::Person` and `Countersign::Workflow`.",
        example: Example::change(
            GOOD,
            "\"provision\",\n  resource is Countersign::local::account",
            "\"provision\",\n  resource is Countersign::local::acount",
        ),
    },
    Page {
        code: "policy.unknown_action",
        meaning: "A policy names an action that is not there.",
        why: "It would never apply: a forbid would forbid nothing. The actions are those of the steps, such as `rotate`.",
        example: Example::change(GOOD, "Action::\"rotate\"", "Action::\"rotat\""),
    },
    Page {
        code: "policy.unknown_attribute",
        meaning: "A condition reads an attribute that is not there.",
        why: "A condition that cannot be evaluated makes the answer a deny. Secret attributes, and lists of fields, are \
              never shown to policies.",
        example: Example::change(GOOD, "resource.level", "resource.levl"),
    },
    Page {
        code: "policy.optional_attribute",
        meaning: "A condition reads an attribute that may be absent, without looking first.",
        why: "Where the attribute is absent the condition cannot be evaluated, and the answer is a deny. Test for it with \
              `has` before, in the same condition.",
        example: Example::change(GOOD, "context.facts has live_versions && context", "context"),
    },
    Page {
        code: "policy.mistyped",
        meaning: "A condition compares or combines values of types that do not go together.",
        why: "It could not be evaluated, and the answer would be a deny.",
        example: Example::change(GOOD, "live_versions > 0", "live_versions > \"0\""),
    },
    Page {
        code: "policy.unknown_word",
        meaning: "A condition compares a value with a word that it never is.",
        why: "It would never hold: a forbid would forbid nothing. The trigger, and some attributes of subjects, are one of a \
              few words.",
        example: Example::change(GOOD, "resource.level == \"read\"", "resource.level == \"raed\""),
    },
    Page {
        code: "policy.doubtful",
        meaning: "A policy can never apply, or looks like something that it is not.",
        why: "A policy that never applies looks like protection and is none. Correct its scope or its condition, or remove \
              it.",
        example: Example::change(GOOD, "live_versions > 0", "live_versions > 0 && false"),
    },
    Page {
        code: "policy.input_types_differ",
        meaning: "Two workflows declare an input of one name with different types.",
        why: "Policies see the inputs of all workflows of a folder under one schema, in which a name has one type. Rename \
              the input in one of the workflows, or give it the same type.",
        example: Example::told(
            "one workflow declares `count: {type: string}`, another one `count: {type: integer}`",
            "both declare `count: {type: integer}`",
        ),
    },
    Page {
        code: "policy.test_by",
        meaning: "A test of policies expects a decision by a policy that is not there.",
        why: "It could never hold. `by` lists the `@id` of each policy that is to decide; a policy that was renamed is \
              renamed in its tests, too.",
        example: Example::told("`by: [rotat]`, where the policies have `rotate`", "`by: [rotate]`"),
    },
    Page {
        code: "policy.test_input",
        meaning: "A test of policies gives an input that no workflow declares, or one of another type.",
        why: "Policies see the inputs that the workflows of their folder declare, and no others: such a question could \
              not be asked, and its answer would be a deny for that reason.",
        example: Example::told(
            "`inputs: {raeson: every ninety days}`, where the workflows declare `reason`",
            "`inputs: {reason: every ninety days}`",
        ),
    },
    Page {
        code: "policy.schema",
        meaning: "The schema that policies are checked against cannot be made.",
        why: "It is generated from the connectors' manifests and from what the workflows declare; names that begin with \
              `__` belong to Cedar, and two kinds must not become one type. Rename what the message names.",
        example: Example::told("a `policy` step with `context: {__ticket: one}`", "`context: {ticket: one}`"),
    },
];
