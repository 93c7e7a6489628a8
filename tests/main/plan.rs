//! `countersign plan`: the same digest for the same inputs, and nothing changed by looking.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown, lchown};
use std::os::unix::process::CommandExt as _;
use std::path::Path;

use crate::folder::{BINARY, Folder, changes, tell, tree};

const ROTATE: [&str; 3] = ["plan", "rotate-reporting-key", "--json"];

fn digest(folder: &Folder) -> String {
    folder.run(&ROTATE).ended(0).json()["digest"].as_str().unwrap().to_owned()
}

#[test]
fn the_same_inputs_have_the_same_digest_in_every_process() {
    let folder = Folder::toured();
    let first = digest(&folder);
    assert_eq!(first.len(), 64);
    for _ in 0..3 {
        assert_eq!(digest(&folder), first);
    }
    let given = |reason: &str| {
        let asked = ["plan", "rotate-reporting-key", "--json", "--input", &format!("reason={reason}")];
        folder.run(&asked).ended(0).json()["digest"].as_str().unwrap().to_owned()
    };
    assert_eq!(given("scheduled rotation"), first, "the default, said aloud");
    assert_ne!(given("somebody left the team"), first);
    let told = folder.run(&["plan", "rotate-reporting-key"]).ended(0);
    assert!(told.out.contains(&format!("digest {first}")), "{}", told.out);
    // The order of inputs is of no matter.
    let inputs = ["account=clerk", "level=write", "reason=a clerk of its own"];
    let ordered = |order: [usize; 3]| {
        let mut asked = vec!["plan", "provision-account", "--json"];
        for at in order {
            asked.extend(["--input", inputs[at]]);
        }
        folder.run(&asked).ended(0).json()
    };
    assert_eq!(ordered([0, 1, 2])["digest"], ordered([2, 0, 1])["digest"]);
}

#[test]
fn looking_changes_nothing() {
    let folder = Folder::toured();
    let before = tree(&folder.data());
    folder.run(&ROTATE).ended(0);
    folder.run(&["plan", "rotate-reporting-key"]).ended(0);
    folder.run(&["plan", "provision-account", "--input", "account=clerk", "--input", "level=admin"]).ended(3);
    folder.run(&["plan", "nothing"]).ended(2);
    assert_eq!(changes(&before, &tree(&folder.data())), Vec::<&Path>::new());
}

#[test]
fn nothing_is_opened_and_no_right_to_write_is_needed() {
    let folder = Folder::toured();
    let wanted = digest(&folder);
    for beside in ["countersign.db-wal", "countersign.db-shm"] {
        fs::remove_file(folder.path(beside)).unwrap();
    }
    // Neither the key that opens what is sealed nor the ledger's: no operator credential could be opened.
    for key in ["sealing.key", "fingerprint.key", "ledger.key", "ledger.head"] {
        fs::remove_file(folder.path("keys").join(key)).unwrap();
    }
    fs::remove_file(folder.path("lock")).unwrap();
    let binary = folder.around().join("countersign");
    fs::hard_link(BINARY, &binary).or_else(|_| fs::copy(BINARY, &binary).map(|_| ())).unwrap();
    let nobody = nix::unistd::geteuid().is_root().then_some(65_534);
    seal_off(&folder.data(), nobody);
    fs::set_permissions(folder.around(), fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = std::process::Command::new(binary);
    folder.prepare(&mut command);
    command.args(ROTATE);
    if let Some(nobody) = nobody {
        command.uid(nobody).gid(nobody);
    }
    let told = tell(command);
    open_up(&folder.data());
    assert_eq!(told.ended(0).json()["digest"], wanted.as_str());
    assert!(!folder.path("countersign.db-shm").exists());
}

/// Takes away every right to write, and gives all to another user where one is named: the superuser writes anyway.
fn seal_off(path: &Path, owner: Option<u32>) {
    let status = fs::symlink_metadata(path).unwrap();
    if status.is_symlink() {
        lchown(path, owner, owner).unwrap();
        return;
    }
    if status.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            seal_off(&entry.unwrap().path(), owner);
        }
    }
    chown(path, owner, owner).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(status.permissions().mode() & 0o555)).unwrap();
}

/// Gives the right to write back, so that the folder can be removed.
fn open_up(path: &Path) {
    let status = fs::symlink_metadata(path).unwrap();
    if status.is_dir() {
        fs::set_permissions(path, fs::Permissions::from_mode(status.permissions().mode() | 0o200)).unwrap();
        for entry in fs::read_dir(path).unwrap() {
            open_up(&entry.unwrap().path());
        }
    }
}

#[test]
fn a_denied_plan_is_shown_whole_and_ends_with_three() {
    let folder = Folder::toured();
    let asked = ["plan", "provision-account", "--input", "account=clerk", "--input", "level=admin"];
    let told = folder.run(&asked).ended(3);
    assert!(told.out.contains("DENY by least-privilege-level"), "{}", told.out);
    assert!(told.out.contains("account_delete local/account/clerk"), "no undo:\n{}", told.out);
    let report = folder.run(&[&asked[..], &["--json"]].concat()).ended(3).json();
    assert!(report["verdicts"].as_array().unwrap().iter().all(|row| row["verdict"] == "deny"));
    assert_eq!(report["plan"]["inputs"]["level"], "admin");
}

#[test]
fn exactly_the_plan_that_was_looked_at_runs() {
    let folder = Folder::toured();
    let seen = digest(&folder);
    let report = folder.run(&["run", "rotate-reporting-key", "--plan", &seen, "--json"]).ended(0).json();
    assert_eq!(report["runs"][0]["outcome"], "done");
    // What is there has changed by it: the same digest fits no more.
    let (targets, before) = (folder.targets(), folder.status());
    let told = folder.run(&["run", "rotate-reporting-key", "--plan", &seen]).ended(2);
    told.says(&["error[plan.drifted]", &seen, "has changed since", "countersign plan"]);
    assert_eq!(folder.targets(), targets);
    assert_eq!(folder.status(), before);
    for wrong in ["abc", &seen[..63], &"g".repeat(64)] {
        folder.run(&["run", "rotate-reporting-key", "--plan", wrong]).ended(2).says(&["countersign plan NAME --json"]);
    }
    assert_eq!(folder.status(), before);
    folder.verifies();
}

#[test]
fn a_plan_fits_sixty_columns() {
    let folder = Folder::toured();
    let mut command = folder.command(&ROTATE[..2]);
    command.env("COLUMNS", "60");
    let told = tell(command).ended(0);
    // A line with a digest to copy is left whole.
    let long: Vec<&str> = told
        .out
        .lines()
        .filter(|line| line.chars().count() > 60 && !line.contains("digest") && !line.contains("--plan"))
        .collect();
    assert_eq!(long, Vec::<&str>::new());
}

/// `--diff`: what was looked at and run once, and what is different today; a verdict, too.
#[test]
fn a_plan_is_compared_with_one_that_a_run_followed() {
    let folder = Folder::toured();
    let asked = ["plan", "provision-account", "--input", "account=intern", "--input", "level=admin"];
    let denied = folder.run(&[&asked[..], &["--json"]].concat()).ended(3).json();
    let digest = denied["digest"].as_str().unwrap();
    let same = folder.run(&[&asked[..], &["--diff", digest]].concat()).ended(3);
    assert!(same.out.contains("  nothing differs\n"), "{}", same.out);

    let other = ["plan", "provision-account", "--input", "account=intern", "--input", "level=write", "--diff", digest];
    let told = folder.run(&other).ended(0).out;
    let told = told.split_whitespace().collect::<Vec<_>>().join(" ");
    for line in [
        "plan inputs.level: admin -> write",
        "account.create call.parameters.level: admin -> write",
        "account.create verdict: deny by least-privilege-level -> allow by account-provision",
    ] {
        assert!(told.contains(line), "{line} in {told}");
    }
    assert!(!told.contains("CALL"), "only what differs: {told}");
    let report = folder.run(&[&other[..], &["--json"]].concat()).ended(0).json();
    let verdict = report["differences"].as_array().unwrap().iter().find(|one| one["what"] == "verdict").unwrap();
    assert_eq!(verdict["at"], "account.create");

    for (digest, words) in [("0".repeat(64).as_str(), "no run of this folder"), ("abc", "no digest of a plan")] {
        let told = folder.run(&[&asked[..], &["--diff", digest]].concat()).ended(2);
        told.says(&["error[plan.unknown_digest]", words]);
    }
    let of_another = folder.run(&["plan", "ca-root", "--diff", digest]).ended(2);
    of_another.says(&["is one of `provision-account`, not of `ca-root`"]);
}
