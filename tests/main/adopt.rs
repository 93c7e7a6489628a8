//! beh:R14: a credential that was made elsewhere is taken over, and never rotated unless somebody asked for that.

use std::fs;

use crate::folder::{Folder, copy, tree};

/// A folder that never made the account which its directory has, and the file with that account's key.
fn onboarding() -> (Folder, String) {
    let elsewhere = Folder::toured();
    let here = Folder::new();
    let workflows = here.path("workflows").display().to_string();
    here.run(&["init", &here.around().join("git").display().to_string(), "--with", "rotate-reporting-key"]).ended(0);
    copy(&here.around().join("git"), &here.path("workflows"));
    fs::remove_file(here.path("workflows/settings.toml")).unwrap();
    here.edit("workflows/rotate-reporting-key.yaml", "soak: 2s", "soak: 50ms");
    here.run(&["activate", &workflows]).ended(0);
    for part in ["local", "places"] {
        copy(&elsewhere.path(part), &here.path(part));
    }
    let secret = here.around().join("secret");
    fs::copy(elsewhere.path("places/client/reporting/key"), &secret).unwrap();
    (here, secret.display().to_string())
}

fn onboard(folder: &Folder, secret: &str, more: &[&str]) -> crate::folder::Told {
    folder.run(&[&["adopt", "rotate-reporting-key", "--secret", secret][..], more].concat())
}

#[test]
fn beh_r14_adopting_changes_nothing_and_the_next_rotation_finds_its_secret() {
    let (folder, secret) = onboarding();
    let unknown = folder.run(&["run", "rotate-reporting-key"]).ended(1);
    assert!(unknown.err.contains("provision it, or adopt it, first"), "{}", unknown.err);
    let before = tree(&folder.path("local/accounts"));
    let told = onboard(&folder, &secret, &[]).ended(0);
    for words in ["is pending, sealed", "login: the endpoint accepts the key (as planned)", "is current"] {
        assert!(told.out.contains(words), "{words} in {}", told.out);
    }
    assert_eq!(tree(&folder.path("local/accounts")), before);
    let again = onboard(&folder, &secret, &[]).ended(2);
    assert!(again.err.contains("[plan.adopted]"), "{}", again.err);
    let story = folder.run(&["evidence", "show", "local/account/reporting"]).ended(0);
    assert!(story.out.contains("was made elsewhere, and is sealed as it was given"), "{}", story.out);
    let versions = folder.run(&["status", "local/account/reporting", "--json"]).ended(0).json();
    assert!(versions["versions"][0]["expires_at"].is_string(), "{versions}");
    folder.run(&["run", "rotate-reporting-key"]).ended(0);
    folder.verifies();
}

#[test]
fn a_secret_that_the_target_does_not_take_is_not_adopted() {
    let (folder, secret) = onboarding();
    let before = tree(&folder.path("local/accounts"));
    for (text, code, words) in [
        ("not the key of this account, at all", 1, "[adopt.not_taken]"),
        ("", 2, "holds no secret"),
        ("two\nlines", 2, "holds no secret"),
    ] {
        fs::write(&secret, text).unwrap();
        let told = onboard(&folder, &secret, &[]).ended(code);
        assert!(format!("{}{}", told.out, told.err).contains(words), "{words}: {}{}", told.out, told.err);
    }
    let good = fs::read(folder.path("places/client/reporting/key")).unwrap();
    fs::remove_file(&secret).unwrap();
    assert!(onboard(&folder, &secret, &[]).ended(2).err.contains("[adopt.unreadable]"));
    assert_eq!(tree(&folder.path("local/accounts")), before);
    let status = folder.run(&["status", "--json"]).ended(0).json();
    assert!(!status.to_string().contains("\"current\""), "{status}");
    // A slip uses nothing up.
    fs::write(&secret, [good, b"\n".to_vec()].concat()).unwrap();
    onboard(&folder, &secret, &[]).ended(0);
    folder.verifies();
}

/// beh:R9 What gives no answer has refused nothing: the secret may be right.
#[test]
fn a_target_that_cannot_be_asked_is_not_one_that_refuses() {
    let (folder, secret) = onboarding();
    let (trust, away) = (folder.path("places/client/trust"), folder.path("places/client/away"));
    fs::rename(&trust, &away).unwrap();
    onboard(&folder, &secret, &[]).ended(1).says(&["error[adopt.not_asked]", "nothing was adopted"]);
    assert_eq!(folder.status()["versions"], serde_json::json!([]));
    fs::rename(&away, &trust).unwrap();
    onboard(&folder, &secret, &[]).ended(0);
    folder.verifies();
}

#[test]
fn which_of_several_is_said() {
    let (folder, secret) = onboarding();
    let path = folder.path("local/accounts/reporting.json");
    let mut account: serde_json::Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    let live = account["state"]["keys"][0].clone();
    let mut other = live.clone();
    other["id"] = "ffff".into();
    other["version"] = "local/account/reporting@7".into();
    account["state"]["keys"] = serde_json::json!([other, live]);
    fs::write(&path, account.to_string()).unwrap();
    let told = onboard(&folder, &secret, &[]).ended(2);
    assert!(told.err.contains("[plan.which_version]"), "{}", told.err);
    let told = onboard(&folder, &secret, &["--version", "local/account/reporting@9"]).ended(2);
    assert!(told.err.contains("[plan.no_such_version]"), "{}", told.err);
    let told = onboard(&folder, &secret, &["--version", "reporting"]).ended(2);
    assert!(told.err.contains("[adopt.version]"), "{}", told.err);
    let version = live["version"].as_str().unwrap();
    onboard(&folder, &secret, &["--version", version]).ended(0);
    folder.verifies();
}

#[test]
fn who_asks_for_it_gets_a_rotation() {
    let (folder, secret) = onboarding();
    let file = folder.path("workflows/rotate-reporting-key.yaml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace("steps:\n", "on_import: rotate\nsteps:\n")).unwrap();
    folder.activate();
    let before = fs::read(&secret).unwrap();
    let told = onboard(&folder, &secret, &["--json"]).ended(0).json();
    assert_eq!(told["runs"].as_array().unwrap().len(), 2, "{told}");
    assert_ne!(fs::read(folder.path("places/client/reporting/key")).unwrap(), before);
    fs::write(&file, text.replace("steps:\n", "on_import: forget\nsteps:\n")).unwrap();
    let told = folder.run(&["lint", &file.display().to_string()]).ended(2);
    told.says(&["workflow.unknown_word", "`adopt`, `rotate`, `verify`"]);
    folder.verifies();
}
