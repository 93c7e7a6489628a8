//! What each reason for which there is no plan means, for `countersign explain`. No text shows these by itself: they come
//! of a workflow together with what was given and what is there.

use crate::page::{Example, Page};

/// The page of each code that planning can answer with, beside those of the workflow's text.
pub const PAGES: &[Page] = &[
    Page {
        code: "plan.no_such_trigger",
        meaning: "The workflow is not started in this way.",
        why: "`on` lists what may start it; a workflow that says only `schedule` is not run on request.",
        example: Example::told(
            "`countersign run NAME --event leak.reported`, without `event` in `on`",
            "`on: {event: [leak.reported]}`",
        ),
    },
    Page {
        code: "plan.unknown_input",
        meaning: "An input was given that the workflow does not declare.",
        why: "A misspelt input would silently have its default. The inputs stand in `on.request.inputs`.",
        example: Example::told("`--input acount=clerk`", "`--input account=clerk`"),
    },
    Page {
        code: "plan.missing_input",
        meaning: "Inputs have no default and were not given.",
        why: "Without them there is nothing that the plan could be about; the message names all of them.",
        example: Example::told(
            "`countersign run offboard-account`",
            "`countersign run offboard-account --input account=clerk ..`",
        ),
    },
    Page {
        code: "plan.wrong_input",
        meaning: "An input does not have its type, or is out of its bounds.",
        why: "Inputs are checked before anything is planned; the message says what is wanted.",
        example: Example::told("`--input reason=x`, where `min_length` is 10", "`--input reason=\"left the team\"`"),
    },
    Page {
        code: "plan.consumer_left",
        meaning: "A place that was given the secret in use would get no new one.",
        why: "Whoever reads it there would be refused as soon as the old secret ends. Nothing was changed. Deliver to that \
              place, too; or say with `leaves` of the step that nobody reads it there any more.",
        example: Example::told(
            "`path: reporting-v2` in a rotation, after the account was provisioned to `path: reporting`",
            "`leaves: [{to: files/client, path: reporting}]` beside `rotate`, once its reader has moved",
        ),
    },
    Page {
        code: "plan.wrong_value",
        meaning: "An input, or another value, is not of the form that its place takes.",
        why: "An input is text, and some attributes are instants: what is none could only be refused by the target, or by \
              policy. The message names the value, its place and the form.",
        example: Example::told(
            "`expires: ${{ inputs.until }}`, with `--input until=soon`",
            "the same with `--input until=2027-03-01T00:00:00Z`, or `--input until=+90d`",
        ),
    },
    Page {
        code: "plan.illegal_name",
        meaning: "A name that was made from inputs is none that a target or a plan can have.",
        why: "Names become parts of paths and of the ledger. Letters, digits, `-`, `_` and `.` are taken.",
        example: Example::told("`--input account=../root`", "`--input account=root-of-tree`"),
    },
    Page {
        code: "plan.subject_exists",
        meaning: "A `provision` is for a subject that is there already.",
        why: "It would take over what somebody else may use. A `rotate` changes what is there, and `countersign adopt` takes \
              over its secret.",
        example: Example::told("provisioning `clerk` a second time", "rotating `clerk`"),
    },
    Page {
        code: "plan.subject_missing",
        meaning: "The subject is not there, or Countersign knows no current version of it.",
        why: "A change begins from what is known. Provision the subject, or adopt the secret that it has.",
        example: Example::told(
            "rotating an account that was made by hand",
            "`countersign adopt NAME --secret FILE` first",
        ),
    },
    Page {
        code: "plan.no_free_slot",
        meaning: "The subject holds as many live versions as it takes.",
        why: "`dual_slot` needs room for the new version beside the old one. What holds the room was made by somebody else, \
              or was left by a run that a person let go of: `countersign status SUBJECT` says which.",
        example: Example::told(
            "a rotation of an account with two live keys",
            "retiring the one that nobody uses, first",
        ),
    },
    Page {
        code: "plan.drift",
        meaning: "The version that counts as current does not live at the target.",
        why: "Somebody changed the target by other means. What is true there is found out by a person, before more is changed.",
        example: Example::told("a key that was deleted by hand", "making the key live again, or provisioning anew"),
    },
    Page {
        code: "plan.no_such_version",
        meaning: "A named version is not at the target, or does not live there.",
        why: "A version is named as `countersign status SUBJECT` names it.",
        example: Example::told("`--version local/account/clerk@9`", "`--version local/account/clerk@1`"),
    },
    Page {
        code: "plan.version_in_use",
        meaning: "A single verb would end the version that is in use.",
        why: "Whoever uses it would be locked out. `rotate` replaces it first, and `deprovision` ends the subject in order.",
        example: Example::told(
            "`uses: local/key_disable` of the current version",
            "a `rotate`, which disables the old one last",
        ),
    },
    Page {
        code: "plan.issuer_missing",
        meaning: "The authority that is to sign has no current key and certificate.",
        why: "A certificate is signed by one that is there. Run the workflow of the authority first.",
        example: Example::told(
            "`countersign run tls-localhost` in a new folder",
            "`countersign run ca-issuing` before it",
        ),
    },
    Page {
        code: "plan.own_credential",
        meaning: "The plan would change a credential that Countersign itself works with, and the workflow does not say `self`.",
        why: "A change in the wrong order would lock it out. `self: true` has the workflow held to the one that is safe.",
        example: Example::told(
            "`subject: {.., name: countersign-operator}`",
            "`subject: {.., name: countersign-operator, self: true}`",
        ),
    },
    Page {
        code: "plan.not_own",
        meaning: "The workflow says `self` of a credential that the settings do not name.",
        why: "`self` is for what `operator` and `operator_key` of a connector name; of anything else it means nothing.",
        example: Example::told(
            "`self: true`, without `operator` in the settings",
            "`operator = \"countersign-operator\"` in the settings",
        ),
    },
    Page {
        code: "plan.own_elsewhere",
        meaning: "The new credential of Countersign's own is not delivered to where it is read.",
        why: "After the change Countersign would go on with the old one, which is disabled. The settings name place, path and field.",
        example: Example::told("`path: elsewhere`", "`path: countersign-operator`, as in `operator_key`"),
    },
    Page {
        code: "plan.not_there",
        meaning: "A secret is to be adopted for a subject that does not exist.",
        why: "What is adopted works already. What does not exist is provisioned.",
        example: Example::told("`countersign adopt` for an account that was deleted", "a `provision` of it"),
    },
    Page {
        code: "plan.adopted",
        meaning: "The subject has a current version here already.",
        why: "Two secrets cannot both be the current one. A `rotate` replaces it.",
        example: Example::told("adopting a second time", "`countersign run` of the rotation"),
    },
    Page {
        code: "plan.which_version",
        meaning: "None or several versions live at the target, so that it is not known which of them the secret is.",
        why: "A secret under another one's name would be proven dead in its place one day. `--version` says which it is.",
        example: Example::told(
            "`countersign adopt NAME --secret FILE`",
            "`countersign adopt NAME --secret FILE --version local/account/clerk@2`",
        ),
    },
    Page {
        code: "plan.unlabelled",
        meaning: "The target does not say which version its secret is.",
        why: "A later rotation could not tell old from new by it. Label it at the target first.",
        example: Example::told("a key without a version label", "the key, labelled `local/account/clerk@1`"),
    },
    Page {
        code: "plan.version_known",
        meaning: "The version was given out here before, and is not current.",
        why: "What was retired, or undone, does not come back by being adopted: its record says that it ended. What a run left \
              pending that somebody let go of is adopted again, with the same secret.",
        example: Example::told(
            "adopting the key that the last rotation replaced",
            "a `rotate`, or a new version at the target with a later number",
        ),
    },
    Page {
        code: "plan.too_many",
        meaning: "More subjects are selected than `at_most` says.",
        why: "A wrong condition must not end a thousand accounts. The message says how many are there, how many are selected, \
              and the first few; narrow `where`, or raise the cap.",
        example: Example::told("`for_each: {at_most: 10}`, where 300 are selected", "`where` for those that are meant"),
    },
    Page {
        code: "plan.unfit",
        meaning: "A connector cannot do what the workflow needs of it.",
        why: "The settings name another connector, or another version of it, than the workflow was checked against.",
        example: Example::told("delivering to a connector that takes no deliveries", "a place of a `files` connector"),
    },
    Page {
        code: "plan.second_change",
        meaning: "A change would rest on what another one of the same run has changed by then.",
        why: "Each change is planned from what is there before the run: a second rotation would disable a key that is gone. \
              Conditions under which only one of them is planned are taken.",
        example: Example::told("two `rotate` steps of one subject", "two workflows"),
    },
    Page {
        code: "plan.same_sink",
        meaning: "Two deliveries of one run would go to one place, or to one inside the other.",
        why: "The second would replace the first, and what reads there would miss it. Where the paths are written out the file \
              does not load; inputs and the subject's name can make them equal only here.",
        example: Example::told(
            "`path: ${{ inputs.first }}` and `path: ${{ inputs.second }}`, with the same input twice",
            "`path: first/${{ inputs.first }}` and `path: second/${{ inputs.second }}`",
        ),
    },
    Page {
        code: "plan.irreversible_before_pivot",
        meaning: "A call that cannot be undone would be made before the point of no return.",
        why: "What fails before that point is taken back whole. Only after it may a call be final.",
        example: Example::told("removing the old key before the new one is delivered", "removing it after the soak"),
    },
    Page {
        code: "plan.condition",
        meaning: "A condition could not be evaluated with what was found.",
        why: "What is neither true nor false is no reason to change anything. The message has Cedar's words.",
        example: Example::told(
            "`context.facts.live_versions * 9223372036854775807 > 0`",
            "`context.facts.live_versions > 1`",
        ),
    },
    Page::told(
        "plan.no_document",
        "The file that `--diff` names is no document of `plan --json`.",
        "Only the whole document can be compared: it holds the plan, its digest, and what policy said of each act. Save it where \
         the plan is looked at: `countersign plan NAME --json > FILE`.",
        "`--diff FILE`, with the text that `countersign plan NAME` shows",
        "`--diff FILE`, with what `countersign plan NAME --json` prints",
    ),
    Page::told(
        "plan.other_format",
        "The saved plan has a format that this version does not read.",
        "Another version of Countersign made it, and a comparison would miss what this one does not know. Make it again with this \
         version, or compare with the other one.",
        "`--diff FILE`, saved with a later version",
        "`--diff FILE`, saved with this version",
    ),
    Page::told(
        "plan.altered",
        "The saved plan is not the one that its digest is of.",
        "What was looked at has one digest, and `run --plan DIGEST` names it. The file was changed since it was saved, so it does \
         not say what was looked at.",
        "`--diff FILE`, after a search and replace in it",
        "the file as `countersign plan NAME --json` printed it",
    ),
    Page::told(
        "plan.other_workflow",
        "The saved plan is of another workflow.",
        "Plans of two workflows differ in everything. Nothing was compared.",
        "`countersign plan ca-root --diff FILE`, with a plan of `tls-localhost`",
        "`countersign plan tls-localhost --diff FILE`",
    ),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::PAGES;

    /// The codes stand in the source as they are: whoever writes a new one is asked for its page here.
    #[test]
    fn every_code_of_the_planner_has_one_page() {
        let told = |source: &'static str| source.split("mod tests").next().into_iter().flat_map(|text| text.split('"'));
        let source = told(include_str!("error.rs")).chain(told(include_str!("saved.rs")));
        let codes: BTreeSet<&str> = source.filter(|text| text.starts_with("plan.")).collect();
        let pages: Vec<&str> = PAGES.iter().map(|page| page.code).collect();
        assert_eq!(pages.iter().copied().collect::<BTreeSet<_>>(), codes);
        assert_eq!(pages.len(), codes.len());
    }
}
