//! Pages are found by what a person types, and every one of them is drawn from an example that the embedded connectors
//! answer to.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use countersign_contract::Manifest;
use countersign_kernel::diagnostic::Diagnostic;

use super::*;
use crate::catalog::Catalog;
use crate::cli::{Look, draw};
use crate::scheduler::{FileSet, ReadSetError, SetFile, Unread};
use crate::settings::Settings;

fn help_for(asked: &str) -> String {
    unknown(asked).help.unwrap()
}

#[test]
fn a_code_is_found_by_its_name_or_the_nearest_one_is_told() {
    assert_eq!(only_named("uncovered_change").map(|page| page.code), Some("workflow.uncovered_change"));
    assert_eq!(only_named("unknown_key"), None, "workflows and settings have it");
    assert_eq!(help_for("workflow.uncoverd_change"), "did you mean `workflow.uncovered_change`?");
    assert_eq!(help_for("unknown_key"), "did you mean `workflow.unknown_key` or `settings.unknown_key`?");
    assert_eq!(help_for("policy.unknown_key"), "did you mean `workflow.unknown_key` or `settings.unknown_key`?");
    assert_eq!(help_for("E0308"), "`countersign explain` lists all codes that have a page");
    assert_eq!(help_for(""), "`countersign explain` lists all codes that have a page");
}

#[test]
fn no_code_has_two_pages() {
    let codes: BTreeSet<&str> = pages().map(|page| page.code).collect();
    assert_eq!(codes.len(), pages().count());
}

/// What has the shape of a code and is none, or is one that no command tells; each with its reason.
const NO_CODES: &[(&str, &str)] = &[
    ("countersign.db", "a file of the data folder"),
    ("ledger.vkey", "a file of the data folder"),
    ("settings.toml", "a file of the data folder"),
    ("control.sock", "a name that the data folder keeps for itself"),
    ("ask.action", "a key of a file that tests policies"),
    ("ask.subject", "a key of a file that tests policies"),
    ("ask.certificate", "a key of a file that tests policies"),
    ("subject.name", "a key of a workflow"),
    ("context.trigger", "what a policy reads"),
    ("context.verb", "what a policy reads"),
    ("resource.connector", "what a policy reads"),
    ("resource.kind", "what a policy reads"),
    ("leak.reported", "an event, as workflows name one"),
    ("anything.example", "a name in a certificate that policies are tried with"),
    ("service.version", "an attribute of traces, as OpenTelemetry names it"),
    ("faulty.answer", "a fault on purpose, in builds for tests alone"),
    ("faulty.lost", "a fault on purpose, in builds for tests alone"),
    ("faulty.refused", "a fault on purpose, in builds for tests alone"),
    ("grant.open", "the runner settles the open intent instead"),
    ("note.verifier_key", "told as `evidence.no_key`"),
    ("proof.malformed", "no command reads a proof file"),
    ("proof.not_included", "no command reads a proof file"),
    ("recover.undecodable", "told as `run.unreadable`, and in a settling as `run.not_settled`"),
    ("settle.early", "told as `run.not_settled`"),
];

/// The texts in quotation marks that have the shape of a code, in the source below a folder, tests and pages apart; no
/// crash points, and no files that are compiled in.
fn codes_below(folder: &Path, codes: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        if ["tests", "fixture", "pages", "kept", "codes"].contains(&name) {
            continue;
        }
        if path.is_dir() {
            codes_below(&path, codes);
        } else if path.extension().is_some_and(|end| end == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            let source: Vec<&str> = text.split("mod tests {").next().unwrap().split('"').collect();
            let is_letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
            let is_word =
                |word: &str| word.starts_with(|c: char| c.is_ascii_lowercase()) && word.chars().all(is_letter);
            let is_code = |text: &str| text.split_once('.').is_some_and(|(room, name)| is_word(room) && is_word(name));
            let is_other = |before: &str| before.ends_with("hit(") || before.ends_with("include_str!(");
            let found = source.windows(2).filter(|pair| is_code(pair[1]) && !is_other(pair[0]));
            codes.extend(found.map(|pair| pair[1].to_owned()));
        }
    }
}

/// The codes that stand in the source: of all rooms, and of the contract with connectors. Those that a connector gives
/// by itself stand in its README.
fn codes_of_the_source() -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut codes = BTreeSet::new();
    for folder in ["src", "connectors/contract"] {
        codes_below(&root.join(folder), &mut codes);
    }
    codes.retain(|code| connector::readme_of(code).is_none());
    codes
}

/// Whoever writes a new code is asked for its page here. The codes of `workflow` are a type, and held by it.
#[test]
fn every_code_of_every_room_has_a_page() {
    let mut codes = codes_of_the_source();
    for (code, reason) in NO_CODES {
        assert!(codes.remove(*code), "`{code}` ({reason}) does not stand in the source any more");
    }
    assert!(["run.held", "adopt.version", "x509.names", "call.wrong_type"].iter().all(|code| codes.contains(*code)));
    let all: BTreeSet<String> = pages().map(|page| page.code.to_owned()).collect();
    assert_eq!(codes.difference(&all).collect::<Vec<_>>(), Vec::<&String>::new(), "codes without a page");
    let is_idle = |page: &&Page| !codes.contains(page.code);
    assert_eq!(of_commands().filter(is_idle).map(|page| page.code).collect::<Vec<_>>(), Vec::<&str>::new());
}

/// Meaning and reason are read as prose, one after the other.
#[test]
fn every_page_is_told_in_sentences() {
    for page in of_commands() {
        assert!(page.meaning.ends_with('.') && page.why.ends_with('.'), "{}", page.code);
        assert!(!page.meaning.contains("  ") && !page.why.contains("  "), "{}", page.code);
    }
}

/// The manifest of the connector that some examples are about: one secret attribute, one key at a time.
fn lab(local: &Manifest) -> Manifest {
    use countersign_contract::{Kind, Parameter, Strategy, Type};
    const ATTRIBUTES: &[Parameter] =
        &[Parameter::optional("arms", Type::Integer, "how many"), Parameter::secret("pin", Type::Text, "its pin")];
    let pin = Parameter { required: false, ..ATTRIBUTES[1] };
    let attributes: &'static [Parameter] = Vec::leak(vec![ATTRIBUTES[0], pin]);
    let account = local.kind("account").unwrap().clone();
    let strategies = &[Strategy::Alternating];
    let robot = Kind { name: "robot", slots: Some(1), strategies, attributes, ..account };
    Manifest { connector: "lab", kinds: vec![robot], verbs: local.verbs.clone(), ..local.clone() }
}

/// A set of one example's files.
fn set_of(files: Vec<(&str, Vec<u8>)>) -> FileSet {
    let mut set = FileSet::default();
    for (path, bytes) in files {
        let is_policy = Path::new(path).extension().is_some_and(|end| end == "cedar");
        let files = match path {
            _ if path.ends_with(".test.yaml") => &mut set.tests,
            _ if is_policy => &mut set.policies,
            _ => &mut set.workflows,
        };
        files.push(SetFile { path: path.to_owned(), bytes });
    }
    set
}

/// The files that no text shows; `None` for what is no finding in a file.
fn told(code: &str) -> Option<Vec<(&'static str, Vec<u8>)>> {
    const FILE: &str = "workflows/payments.yaml";
    const OTHER: &str = "workflows/reporting.yaml";
    let good = include_str!("../../kernel/workflow/codes/rotate.yaml");
    let other = good.replace("rotate-payments-key", "rotate-reporting-key");
    let one = |bytes: Vec<u8>| Some(vec![(FILE, bytes)]);
    match code {
        "workflow.not_utf8" => one([good.as_bytes(), &[0xe9]].concat()),
        "workflow.utf16" => one(good.encode_utf16().flat_map(u16::to_le_bytes).collect()),
        "workflow.empty" => one(Vec::new()),
        "workflow.too_long" => one(vec![b'#'; (1 << 20) + 1]),
        "workflow.reordered" => one(b"# a \xe2\x80\xae b\napiVersion: countersign/v1\n".to_vec()),
        "workflow.too_deep" => one(vec![b'['; 10_000]),
        "workflow.too_many_values" => one("- a\n".repeat(30_000).into_bytes()),
        "workflow.too_many_errors" => {
            one((0..200).fold(String::new(), |text, n| text + &format!("k{n}: 1\n")).into_bytes())
        }
        "workflow.duplicate_name" => Some(vec![(FILE, good.into()), (OTHER, good.into())]),
        "policy.input_types_differ" => {
            let other = other.replace("{type: integer, min: 1, default: 1}", "{type: string, default: none}");
            Some(vec![(FILE, good.into()), (OTHER, other.into_bytes())])
        }
        "policy.not_utf8" => Some(vec![("policies/accounts.cedar", b"// caf\xe9\n".to_vec())]),
        "policy.too_many" => {
            let text =
                format!("@id(\"a\") @reason(\"{}\")\nforbid (principal, action, resource);\n", "r".repeat(40_000));
            Some(vec![("policies/accounts.cedar", text.into_bytes())])
        }
        "policy.too_many_errors" => {
            let text = "forbid (principal, action, resource);\n".repeat(101);
            Some(vec![("policies/accounts.cedar", text.into_bytes())])
        }
        "policy.test_by" => Some(tried("ticket: 7", "rotate-what-live", good)),
        "policy.test_input" => Some(tried("tickt: 7", "rotate-what-lives", good)),
        "policy.too_long" => Some(vec![("policies/accounts.cedar", vec![b'\n'; (1 << 20) + 1])]),
        "policy.reordered" => Some(vec![("policies/accounts.cedar", b"// a \xe2\x80\xae b\n".to_vec())]),
        "policy.too_deep" => Some(vec![("policies/accounts.cedar", vec![b'('; 10_000])]),
        "policy.schema" => one(good.replace("context: {reason", "context: {__reason").into_bytes()),
        _ => None,
    }
}

/// A workflow, policies, and a test of them.
fn tried(input: &str, by: &str, workflow: &str) -> Vec<(&'static str, Vec<u8>)> {
    let tests = format!(
        "apiVersion: countersign/v1\nkind: PolicyTest\ntests:\n  - name: a key that lives\n    ask: {{action: rotate, \
         subject: {{connector: local, kind: account}}, inputs: {{{input}}}}}\n    expect: deny\n    by: [{by}]\n"
    );
    let cedar = include_bytes!("../../kernel/policy/page.cedar").to_vec();
    vec![
        ("workflows/payments.yaml", workflow.into()),
        ("policies/accounts.cedar", cedar),
        ("policies/accounts.test.yaml", tests.into_bytes()),
    ]
}

/// What checking a set finds, with the embedded connectors.
fn found(set: &FileSet) -> Vec<Diagnostic> {
    let settings = Settings::parse("settings.toml", Settings::default_text()).unwrap();
    let catalog = Catalog::of_manifests(&settings);
    let mut known = crate::known(&catalog);
    let lab = lab(known.connectors["local"]);
    known.connectors.insert("lab".to_owned(), &lab);
    set.check(&known).unwrap_err()
}

/// A set of which something could not be read, for that reason.
fn unread(code: &str) -> Option<FileSet> {
    let reasons = [
        ReadSetError::Read("Permission denied (os error 13)".to_owned()),
        ReadSetError::LeadsOut,
        ReadSetError::Loop,
        ReadSetError::NoFile,
        ReadSetError::Changed,
        ReadSetError::TooMuch,
        ReadSetError::Empty,
        ReadSetError::OtherKind,
    ];
    let why = reasons.into_iter().find(|why| why.code() == code)?;
    let path = "workflows/payments.yaml".to_owned();
    Some(FileSet { unread: vec![Unread { path, why }], ..FileSet::default() })
}

/// What a page's example brings about, and the texts to draw it on.
fn example(page: &Page) -> Option<(Vec<Diagnostic>, FileSet)> {
    if let Some(set) = unread(page.code) {
        return Some((found(&set), set));
    }
    let Some((wrong, _)) = page.example.files() else {
        let set = set_of(told(page.code)?);
        return Some((found(&set), set));
    };
    let (file, room) = match page.code.split_once('.') {
        Some(("settings", _)) => ("settings.toml", "settings"),
        Some(("policy", _)) => ("policies/accounts.cedar", "policy"),
        Some((room, _)) => ("workflows/payments.yaml", room),
        None => return None,
    };
    let set = set_of(vec![(file, wrong.clone().into_bytes())]);
    let found = match room {
        "settings" => Settings::parse(file, &wrong).unwrap_err(),
        "fmt" => crate::cli::fmt::laid_out(file, wrong.as_bytes()).unwrap_err(),
        _ => found(&set),
    };
    Some((found, set))
}

fn drawings(width: usize) -> String {
    let mut all = BTreeMap::new();
    let mut undrawn = BTreeSet::new();
    for page in pages() {
        let Some((mut found, set)) = example(page) else {
            undrawn.insert(page.code);
            continue;
        };
        if page.code.ends_with(".too_many_errors") {
            found.retain(|one| one.code == page.code);
        }
        let codes: BTreeSet<&str> = found.iter().map(|one| one.code).collect();
        assert_eq!(codes, BTreeSet::from([page.code]));
        let look = Look { colour: false, unicode: false, width };
        all.insert(page.code, draw(&found, &|path| set.text(path), look));
    }
    let of_commands = of_commands().map(|page| page.code);
    assert_eq!(
        undrawn,
        of_commands.chain(["settings.unreadable"]).collect(),
        "only what is no finding in a file is told in words alone"
    );
    all.into_values().collect::<Vec<_>>().join("\n")
}

#[test]
fn every_code_is_drawn_for_sixty_columns() {
    let drawn = drawings(60);
    assert!(drawn.lines().all(|line| line.chars().count() <= 60));
    insta::assert_snapshot!("sixty", drawn);
}

#[test]
fn every_code_is_drawn_for_a_hundred_columns() {
    let drawn = drawings(100);
    assert!(drawn.lines().all(|line| line.chars().count() <= 100));
    insta::assert_snapshot!("hundred", drawn);
}
