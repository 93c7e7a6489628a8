//! Data folders: one template for each stage of the tour, made once, copied for each case.

use std::fs;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use countersign::clock::{Clock as _, SystemClock};
use countersign::folder::Folder;
use countersign::secrets::Keys;
use tempfile::TempDir;

use crate::command::{Faults, countersign};
use crate::workflows::{
    ALTERNATING, ISSUER, ISSUING, LEGACY_ROLE, OPERATOR_ACCOUNT, PROVISION, ROLE, ROOT, ROTATE, SERVER, Stage, Subject,
    WEBHOOK,
};

/// The soak: long enough to be a wait of its own, and no longer.
const SOAK: &str = "50ms";

/// How long an attempt may take. An open intent that was not applied is retried when this is over, so each such case
/// waits for it; and an attempt that a busy machine does not begin in time is refused, which is another end than the
/// one that is tested. One second is what a machine with several builds on it keeps; the deadline itself is tested with
/// 50 ms ([`with_duration`]).
const DURATION: &str = "1s";

/// The wait for an adoption: a consumer calls every 100 ms.
const WITHIN: &str = "within: 2s";

struct Templates {
    folders: Vec<TempDir>,
}

static TEMPLATES: OnceLock<Templates> = OnceLock::new();

/// A data folder of one case.
pub(crate) struct Case {
    held: TempDir,
}

impl Case {
    /// A copy of the template at that stage.
    pub(crate) fn at(stage: Stage) -> Self {
        let templates = TEMPLATES.get_or_init(Templates::make);
        Self::copy_of(templates.folders[stage as usize].path())
    }

    /// A copy of another folder, at whatever point it is.
    pub(crate) fn copy_of(folder: &Path) -> Self {
        let held = TempDir::new().expect("a temporary folder");
        copy(folder, &held.path().join("d"));
        Self { held }
    }

    /// A name at which nothing is yet.
    pub(crate) fn nowhere() -> Self {
        Self { held: TempDir::new().expect("a temporary folder") }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.held.path().join("d")
    }

    /// The same, where an attempt may take so long.
    pub(crate) fn with_duration(self, duration: &str) -> Self {
        edit(
            &self.path().join("settings.toml"),
            &format!("duration = \"{DURATION}\""),
            &format!("duration = \"{duration}\""),
        );
        self
    }
}

impl Templates {
    fn make() -> Self {
        let mut folders = vec![activated()];
        let steps: [(Stage, &[&Subject]); 6] = [
            (Stage::Provisioned, &[&PROVISION]),
            (Stage::Rooted, &[&ROOT]),
            (Stage::Issuing, &[&ISSUING]),
            // One rotation is over, so that the next replaces a delivery that has replaced one.
            (Stage::Toured, &[&SERVER, &ROTATE]),
            (Stage::Roles, &[&ROLE, &LEGACY_ROLE, &ALTERNATING, &WEBHOOK, &ISSUER]),
            (Stage::Operated, &[&OPERATOR_ACCOUNT]),
        ];
        for (stage, subjects) in steps {
            let made = TempDir::new().expect("a temporary folder");
            let before: &TempDir = &folders[stage as usize - 1];
            copy(before.path(), made.path());
            for subject in subjects {
                done(made.path(), &subject.words(&format!("template-{}", subject.object.1)));
            }
            if stage == Stage::Operated {
                operate(&made.path().join("settings.toml"));
            }
            folders.push(made);
        }
        assert_eq!(folders.len(), Stage::ALL.len(), "one template for each stage");
        Self { folders }
    }
}

/// From now on the directory asks for the key of its operator.
fn operate(settings: &Path) {
    let operator = "operator = \"countersign-operator\"\noperator_key = \"client/countersign-operator/key\"\n";
    edit(settings, "type = \"local\"\n", &format!("type = \"local\"\n{operator}"));
}

/// A new folder with the shipped workflows, their waits shortened, and nothing run yet.
fn activated() -> TempDir {
    let made = TempDir::new().expect("a temporary folder");
    let (folder, lock) = Folder::create(made.path(), "test", SystemClock.now()).expect("a folder can be made");
    Keys::make_missing(&folder, &lock).expect("keys can be made");
    drop(lock);
    let settings = folder.settings_path();
    for kind in ["local", "files"] {
        edit(&settings, &format!("type = \"{kind}\"\n"), &format!("type = \"{kind}\"\nduration = \"{DURATION}\"\n"));
    }
    let workflows = made.path().join("workflows");
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("workflows"), &workflows);
    for name in [
        "rotate-reporting-key.yaml",
        "rotate-ledger-database.yaml",
        "rotate-operator-key.yaml",
        "rotate-webhook-secret.yaml",
    ] {
        edit(&workflows.join(name), "soak: 2s", &format!("soak: {SOAK}"));
    }
    for name in ["offboard-account.yaml", "recertify-accounts.yaml"] {
        edit(&workflows.join(name), "observe: 2s", &format!("observe: {SOAK}"));
    }
    edit(&workflows.join("rotate-signing-key.yaml"), "cache: 1s", &format!("cache: {SOAK}"));
    edit(&workflows.join("rotate-signing-key.yaml"), "token_lifetime: 2s", &format!("token_lifetime: {SOAK}"));
    for name in [
        "rotate-reporting-key.yaml",
        "rotate-ledger-database.yaml",
        "tls-localhost.yaml",
        "replace-stolen-certificate.yaml",
        "rotate-server-certificate.yaml",
    ] {
        edit(&workflows.join(name), "within: 10s", WITHIN);
    }
    edit(&workflows.join("rotate-ledger-database.yaml"), "wait: 10s", "wait: 20ms");
    let named = workflows.display().to_string();
    done(made.path(), &["activate", &named]);
    made
}

fn done(folder: &Path, words: &[&str]) {
    let ended = countersign(folder, words, &Faults::default());
    assert_eq!(ended.code, Some(0), "{words:?} on a template: {}{}", ended.out, ended.err);
}

/// Replaces what must be there.
pub(crate) fn edit(path: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(path).expect("a file to change");
    assert!(text.contains(from), "{}: holds no `{from}`", path.display());
    fs::write(path, text.replace(from, to)).expect("a file to change");
}

/// Copies a folder with its modes; links as links.
pub(crate) fn copy(from: &Path, to: &Path) {
    if !to.exists() {
        let mode = fs::metadata(from).expect("a folder").permissions().mode();
        fs::DirBuilder::new().mode(mode & 0o777).create(to).expect("a folder can be made");
    }
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type().expect("a kind of file");
        if kind.is_dir() {
            copy(&from, &to);
        } else if kind.is_symlink() {
            symlink(fs::read_link(&from).expect("a link"), &to).expect("a link can be made");
        } else {
            fs::copy(&from, &to).expect("a file can be copied");
        }
    }
}
