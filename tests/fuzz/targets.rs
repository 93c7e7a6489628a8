//! What each place does with bytes, and what must hold of it. Each target answers whether it took them.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use countersign::catalog::Catalog;
use countersign::folder::Folder;
use countersign::secrets::{Keys, Maker, OpenError, Opener, TextRule};
use countersign::settings::Settings;
use countersign_conformance::MemoryJournal;
use countersign_contract::VersionId;
use countersign_kernel::diagnostic::Diagnostic;
use countersign_kernel::evidence::statement;
use countersign_kernel::plan::Plan;
use countersign_kernel::policy::{
    Circumstances, Condition, ConditionWords, Facts, PolicySet, Subject, Term, TermKind, Vocabulary, text_of,
};
use countersign_kernel::run::bodies::TriggerKind;
use countersign_kernel::schedule::{Cron, Freeze, Schedule, Window, Windows, zone};
use countersign_kernel::workflow::{self, Known};
use countersign_warrant::{Mint, Timestamp};

static CATALOG: LazyLock<Catalog> = LazyLock::new(|| {
    let settings = Settings::parse("settings.toml", Settings::default_text()).unwrap();
    Catalog::of_manifests(&settings)
});

/// The connectors and places of the settings that a new folder begins with.
static KNOWN: LazyLock<Known<'static>> = LazyLock::new(|| countersign::known(&CATALOG));

/// Each finding has a code, words, a way out and a place within the text.
fn told(bytes: &[u8], found: &[Diagnostic]) {
    assert!(!found.is_empty());
    for one in found {
        assert!(one.code.contains('.') && !one.message.is_empty() && !one.help.is_empty(), "{one:?}");
        assert!(one.line > 0 && one.column > 0 && one.offset + one.length <= bytes.len(), "{one:?}");
    }
}

/// A workflow that is read has the digest of its bytes, and what is wrong is told.
pub(crate) fn workflow(bytes: &[u8]) -> bool {
    match workflow::parse("f.yaml", bytes, &KNOWN) {
        Ok(read) => {
            assert_eq!(read.digest, countersign_warrant::Digest::of(bytes));
            assert!(!read.steps.is_empty());
            true
        }
        Err(found) => {
            told(bytes, &found);
            false
        }
    }
}

/// What is read twice is the same set.
pub(crate) fn policy(bytes: &[u8]) -> bool {
    let text = match text_of("f.cedar", bytes) {
        Ok(text) => text,
        Err(found) => {
            told(bytes, &[*found]);
            return false;
        }
    };
    let vocabulary = Vocabulary {
        inputs: BTreeMap::from([("reason".to_owned(), TermKind::Text)]),
        ..Vocabulary::new(KNOWN.connectors.clone())
    };
    let files = [("f.cedar".to_owned(), text.to_owned())];
    match PolicySet::load(&files, &vocabulary) {
        Ok(set) => {
            let again = PolicySet::load(&files, &vocabulary).unwrap();
            assert_eq!((set.digest(), set.ids()), (again.digest(), again.ids()));
            true
        }
        Err(found) => {
            told(bytes, &found);
            false
        }
    }
}

/// A policy test file.
pub(crate) fn trial(bytes: &[u8]) -> bool {
    match workflow::parse_trials("f.test.yaml", bytes, &KNOWN) {
        Ok(read) => !read.is_empty(),
        Err(found) => {
            told(bytes, &found);
            false
        }
    }
}

/// The words of a workflow with two inputs.
static WORDS: LazyLock<ConditionWords> = LazyLock::new(|| {
    let inputs = BTreeMap::from([("careful".to_owned(), TermKind::Boolean), ("reason".to_owned(), TermKind::Text)]);
    let local = KNOWN.connectors["local"];
    ConditionWords::new(local.connector, local.kind("account").unwrap(), &inputs).unwrap()
});

/// A condition that is read can be asked, and answers the same twice.
pub(crate) fn condition(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let circumstances = Circumstances {
        workflow: "w".to_owned(),
        subject: Subject {
            resource: "local/account/queue".parse().unwrap(),
            connector_type: "local".to_owned(),
            tier: "critical".to_owned(),
            team: "queue".to_owned(),
            attributes: BTreeMap::new(),
        },
        trigger: TriggerKind::Schedule,
        inputs: BTreeMap::from([
            ("careful".to_owned(), Term::Boolean(true)),
            ("reason".to_owned(), Term::text("a young key")),
        ]),
        facts: Facts { exists: Some(true), live_versions: Some(2), ..Facts::default() },
    };
    match Condition::parse(text, &WORDS) {
        Ok(read) => {
            assert_eq!(read.holds(&circumstances), read.holds(&circumstances));
            true
        }
        Err(error) => {
            assert!(!error.message.is_empty() && !error.help.is_empty() && error.at.end <= text.len(), "{error:?}");
            false
        }
    }
}

/// What is read stays so, and its instants go forward.
pub(crate) fn cron(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let Ok(read) = Cron::parse(text) else { return false };
    assert_eq!(Cron::parse(read.as_str()).as_ref(), Ok(&read));
    let schedule = Schedule::new(read, zone("Europe/Berlin").unwrap());
    let mut at: Timestamp = "2026-11-27T12:00:00Z".parse().unwrap();
    for _ in 0..5 {
        let next = schedule.next_after(at).expect("what can fire fires again");
        assert!(next > at);
        at = next;
    }
    true
}

/// A window or a freeze: what is read stays so, and opens and closes in turn.
pub(crate) fn window(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let (window, freeze) = (Window::parse(text), Freeze::parse(text));
    let windows = match (window, freeze) {
        (Ok(window), _) => Windows { allow: vec![window], freeze: Vec::new() },
        (_, Ok(freeze)) => Windows { allow: vec![Window::parse("* 00:00-12:00 UTC").unwrap()], freeze: vec![freeze] },
        (Err(one), Err(other)) => {
            assert!(!one.message.is_empty() && !one.help.is_empty() && !other.message.is_empty());
            return false;
        }
    };
    let written = serde_json::to_string(&windows).unwrap();
    assert_eq!(serde_json::from_str::<Windows>(&written).unwrap(), windows);
    let mut at: Timestamp = "2026-11-27T12:00:00Z".parse().unwrap();
    for _ in 0..3 {
        let Some(open) = windows.opens_at(at) else { break };
        assert!(windows.is_open(open));
        at = windows.closes_at(open);
        assert!(at > open);
    }
    let _ = windows.longest_closed_ms();
    true
}

/// A plan that is read has one form of bytes.
pub(crate) fn plan(bytes: &[u8]) -> bool {
    let Ok(read) = Plan::from_bytes(bytes) else { return false };
    let written = read.to_bytes().unwrap();
    assert_eq!(Plan::from_bytes(&written).unwrap().to_bytes().unwrap(), written);
    true
}

/// What decodes encodes to the same bytes.
pub(crate) fn entry(bytes: &[u8]) -> bool {
    let Ok(read) = statement::decode(bytes) else { return false };
    assert_eq!(statement::encode_stamped(&read).unwrap(), bytes);
    true
}

/// A blob that was sealed, its version, and what opens it.
struct Seal {
    opener: Opener,
    version: VersionId,
    blob: Arc<[u8]>,
}

static SEAL: LazyLock<Seal> = LazyLock::new(|| {
    let home = tempfile::tempdir().unwrap();
    let (folder, lock) = Folder::create(home.path(), "fuzz", Timestamp::from_micros(1)).unwrap();
    let keys = Arc::new(Keys::make_missing(&folder, &lock).unwrap());
    let (_, mark) = Mint::new(Arc::new(MemoryJournal::default()));
    let version: VersionId = "local/account/x@1".parse().unwrap();
    let rule = TextRule::new(43, "0123456789abcdef", &[]).unwrap();
    let blob = Maker::new(Arc::clone(&keys)).text(&version, &rule).unwrap().blob;
    Seal { opener: Opener::new(mark, keys), version, blob }
});

/// Nothing opens that nobody sealed, also where it begins, or ends, as what was.
pub(crate) fn sealed(bytes: &[u8]) -> bool {
    let Seal { opener, version, blob } = &*SEAL;
    let open = |bytes: &[u8]| opener.probe_material(version, bytes).err();
    assert!(open(bytes).is_some());
    let at = bytes.len() % blob.len();
    for (forged, what) in [([&blob[..at], bytes].concat(), "begins"), ([bytes, &blob[at..]].concat(), "ends")] {
        assert!(forged == **blob || open(&forged).is_some(), "{what} as what was sealed");
    }
    // Behind the header only the cipher can tell.
    let found = open(&[&blob[..13], bytes].concat());
    assert!(matches!(found, Some(OpenError::NotSealed | OpenError::Altered)), "{found:?}");
    false
}
