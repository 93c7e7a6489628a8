//! The layout of files: what changes, what never does, and that a second time changes nothing.

use countersign_kernel::workflow::model::Workflow;
use countersign_kernel::workflow::parse;
use proptest::prelude::*;

use super::*;
use crate::catalog::Catalog;
use crate::settings::Settings;

const FILES: [&str; 20] = [
    include_str!("../../../../workflows/ca-issuing.yaml"),
    include_str!("../../../../workflows/ca-root.yaml"),
    include_str!("../../../../workflows/offboard-account.yaml"),
    include_str!("../../../../workflows/provision-account.yaml"),
    include_str!("../../../../workflows/provision-database-role.yaml"),
    include_str!("../../../../workflows/provision-signing-key.yaml"),
    include_str!("../../../../workflows/provision-webhook.yaml"),
    include_str!("../../../../workflows/replace-stolen-certificate.yaml"),
    include_str!("../../../../workflows/rotate-ledger-database.yaml"),
    include_str!("../../../../workflows/rotate-legacy-login.yaml"),
    include_str!("../../../../workflows/rotate-reporting-key.yaml"),
    include_str!("../../../../workflows/rotate-server-certificate.yaml"),
    include_str!("../../../../workflows/rotate-operator-key.yaml"),
    include_str!("../../../../workflows/recertify-accounts.yaml"),
    include_str!("../../../../workflows/rotate-signing-key.yaml"),
    include_str!("../../../../workflows/rotate-webhook-secret.yaml"),
    include_str!("../../../../workflows/tls-localhost.yaml"),
    include_str!("../../../kernel/workflow/codes/rotate.yaml"),
    include_str!("../../../kernel/workflow/codes/provision.yaml"),
    include_str!("../../../kernel/workflow/codes/issue.yaml"),
];

const MESSY: &str = "

# what it is for
apiVersion:    countersign/v1
kind: 'Workflow'   # trailing   \r
metadata: {  name: 'x' ,owner: {team: t, person: a@b.c}, purpose: \"it's\"   }


subject:
    connector:   local
    kind: account   \r
    name: \"${{ inputs.account }}\"
on:
   request:
steps:
- id:  gate
  policy: {action: rotate,
     context: {reason: x}}
# about the rotation
-   id: rotate
    rotate:
        strategy: dual_slot
        # about the checks
        verify:
        - login: {}
        -   must_not:    login


        soak: >-
           2s
  # the end";

fn formatted(text: &str) -> String {
    laid_out("f.yaml", text.as_bytes()).unwrap()
}

/// The workflow, without what names bytes and lines.
fn meaning(text: &str) -> Option<Workflow> {
    let settings = Settings::parse("settings.toml", Settings::default_text()).unwrap();
    let catalog = Catalog::of_manifests(&settings);
    let mut workflow = parse("f.yaml", text.as_bytes(), &crate::known(&catalog)).ok()?;
    workflow.digest = countersign_warrant::Digest::of(b"");
    workflow.steps.iter_mut().for_each(|step| step.line = 0);
    Some(workflow)
}

#[test]
fn the_shipped_files_are_laid_out_as_they_should_be() {
    for text in FILES {
        assert_eq!(formatted(text), text);
    }
}

#[test]
fn spaces_quotes_and_blank_lines_are_mended_and_comments_stay() {
    insta::assert_snapshot!(formatted(MESSY), @r#"
    # what it is for
    apiVersion: countersign/v1
    kind: "Workflow" # trailing
    metadata: {name: "x", owner: {team: t, person: a@b.c}, purpose: "it's"}

    subject:
      connector: local
      kind: account
      name: "${{ inputs.account }}"
    on:
      request:
    steps:
      - id: gate
        policy: {action: rotate, context: {reason: x}}
      # about the rotation
      - id: rotate
        rotate:
          strategy: dual_slot
          # about the checks
          verify:
            - login: {}
            - must_not: login

          soak: >-
            2s
    # the end
    "#);
    assert_eq!(formatted(&formatted(MESSY)), formatted(MESSY));
}

#[test]
fn what_is_not_yaml_is_refused() {
    for (text, code) in [
        ("a: [", "workflow.syntax"),
        ("a: 1\na: 2", "workflow.duplicate_key"),
        ("a: &b 1", "workflow.anchor"),
        ("", "workflow.empty"),
    ] {
        let found = laid_out("f.yaml", text.as_bytes()).unwrap_err();
        assert_eq!(found.iter().map(|one| one.code).collect::<Vec<_>>(), [code], "{text}");
    }
}

#[test]
fn keys_stand_in_the_order_of_the_language_each_with_its_comments() {
    let mixed = "# the head\nkind: Workflow # what it is\napiVersion: countersign/v1\n\n# the steps\nsteps:\n  - policy: {context: {b: \
                 x, a: y}, action: rotate}\n    # its name\n    id: gate\n  - rotate:\n      # how soon\n      soak: 2s\n      strategy: \
                 dual_slot\n    id: rotate\nmetadata: {purpose: p, owner: {person: a@b.c, team: t}, name: x}\n";
    insta::assert_snapshot!(formatted(mixed), @r"
    # the head
    apiVersion: countersign/v1
    kind: Workflow # what it is
    metadata: {name: x, owner: {team: t, person: a@b.c}, purpose: p}

    # the steps
    steps:
      - # its name
        id: gate
        policy: {action: rotate, context: {b: x, a: y}}
      - id: rotate
        rotate:
          # how soon
          soak: 2s
          strategy: dual_slot
    ");
}

/// How many of a thousand slips are laid out, of those that are YAML: a layout that mostly refuses would hold, too.
#[test]
fn hardly_anything_that_is_yaml_is_refused() {
    let places = |text: &str| (0..text.len()).step_by(7).filter(|at| text.is_char_boundary(*at)).collect::<Vec<_>>();
    let slips = ["\n            ", "  ", " # c\n            ", "\n\n            ", "x"];
    let (mut read, mut refused) = (0, Vec::new());
    for (at, slip) in
        FILES.iter().flat_map(|text| places(text).into_iter().map(move |at| (text, at))).zip(slips.iter().cycle())
    {
        let mut text = (*at.0).to_owned();
        text.insert_str(at.1, slip);
        if values("f.yaml", text.as_bytes()).is_ok() {
            read += 1;
            if laid_out("f.yaml", text.as_bytes()).is_err() {
                refused.push(text);
            }
        }
    }
    assert!(read > 500 && refused.len() * 100 < read, "{} of {read}: {}", refused.len(), refused.join("---\n"));
}

#[test]
fn a_mark_and_the_line_ends_of_windows_go() {
    let text = FILES[3];
    assert_eq!(formatted(&format!("\u{feff}{}", text.replace('\n', "\r\n"))), text);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, failure_persistence: None, ..ProptestConfig::default() })]

    /// A good file with a few places changed, and a few lines swapped: when it is laid out at all, it says the same, and a second time changes
    /// nothing.
    #[test]
    fn a_layout_says_the_same_and_stays(
        file in 0..FILES.len(),
        changes in prop::collection::vec((0.0..1.0f64, SPLICE, 0..4usize), 0..3),
        swaps in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 0..3),
    ) {
        let mut text = FILES[file].to_owned();
        for (at, with, cut) in changes {
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
            let at = (at * text.len() as f64) as usize;
            let end = (at + cut).min(text.len());
            prop_assume!(text.is_char_boundary(at) && text.is_char_boundary(end));
            text.replace_range(at..end, &with);
        }
        let mut lines: Vec<&str> = text.lines().collect();
        for (one, other) in swaps {
            let (one, other) = (one.index(lines.len()), other.index(lines.len()));
            lines.swap(one, other);
        }
        let text = lines.join("\n");
        if let Ok(new) = laid_out("f.yaml", text.as_bytes()) {
            prop_assert_eq!(values("f.yaml", new.as_bytes()), values("f.yaml", text.as_bytes()));
            prop_assert_eq!(meaning(&new), meaning(&text));
            prop_assert_eq!(laid_out("f.yaml", new.as_bytes()), Ok(new.clone()), "{}", text);
            prop_assert_eq!(comments(&new), comments(&text));
        }
    }
}

/// What a hand that slips puts into a file.
const SPLICE: &str = "( |  |\n|\n\n|\n  |\n    |# c\n| # c\n|'|\"|- |: |, |\\{|\\}|\\[|\\]|\\||>|x|1|~|\t){0,2}";
