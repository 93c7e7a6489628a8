//! The strategies of `rotate`, from the built binary against the embedded target: who can log in when, and with what.

use std::fs;

use crate::folder::Folder;

/// A toured folder with a database role of that name.
fn with_role(name: &str) -> Folder {
    let folder = Folder::toured();
    folder.run(&["run", "provision-database-role", "--input", &format!("role={name}")]).ended(0);
    folder
}

/// What the application of a role was given: user and password.
fn delivered(folder: &Folder, name: &str) -> (String, String) {
    let read = |field: &str| fs::read_to_string(folder.path(&format!("places/client/{name}/{field}"))).unwrap();
    (read("username"), read("password"))
}

/// The state of a role at the target: user and whether it may log in, oldest first.
fn users(folder: &Folder, name: &str) -> Vec<(String, bool)> {
    let text = fs::read_to_string(folder.path(&format!("local/roles/{name}.json"))).unwrap();
    let state: serde_json::Value = serde_json::from_str(&text).unwrap();
    let keys = state["state"]["keys"].as_array().unwrap();
    keys.iter().map(|key| (key["id"].as_str().unwrap().to_owned(), key["enabled"] == true)).collect()
}

/// beh:R5: the users take turns, the other one is locked and stays, and no password comes twice.
#[test]
fn the_users_of_a_role_take_turns() {
    let folder = with_role("ledger");
    let mut seen = vec![delivered(&folder, "ledger")];
    assert_eq!(seen[0].0, "ledger");
    for user in ["ledger_2", "ledger"] {
        folder.run(&["run", "rotate-ledger-database"]).ended(0);
        let now = delivered(&folder, "ledger");
        assert_eq!(now.0, user);
        assert!(!seen.iter().any(|(_, password)| *password == now.1));
        let mut of_users = users(&folder, "ledger");
        of_users.sort();
        let expected = ["ledger", "ledger_2"].map(|one| (one.to_owned(), one == user));
        assert_eq!(of_users, expected);
        seen.push(now);
    }
    folder.verifies();
}

/// beh:R7: a rotation in place says who has to wait, before anything runs; afterwards there is one password, a new one.
#[test]
fn a_rotation_in_place_says_its_downtime_and_leaves_one_password() {
    let folder = with_role("legacy");
    let before = delivered(&folder, "legacy");
    let plan = folder.run(&["plan", "rotate-legacy-login"]).ended(0);
    for words in [
        "downtime  the nightly import cannot log in",
        "CALL password_replace local/role/legacy, in the place of local/role/legacy@1 with local/role/legacy@2",
        "undo password_replace local/role/legacy",
    ] {
        let told = plan.out.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(told.contains(&words.replace("  ", " ")), "{words} in {}", plan.out);
    }
    assert_eq!(delivered(&folder, "legacy"), before, "a plan changes nothing");
    folder.run(&["run", "rotate-legacy-login"]).ended(0);
    let after = delivered(&folder, "legacy");
    assert_eq!(after.0, before.0);
    assert_ne!(after.1, before.1);
    assert_eq!(users(&folder, "legacy"), [("legacy".to_owned(), true)]);
    folder.verifies();
}

/// A strategy that the kind does not take, a soak where nothing can soak, and a downtime that is kept quiet.
#[test]
fn a_strategy_that_does_not_fit_is_refused() {
    let folder = with_role("legacy");
    let file = "rotate-legacy-login.yaml";
    for (from, to, words) in [
        ("strategy: in_place", "strategy: dual_slot", ["workflow.strategy", "`role` takes `alternating`, `in_place`"]),
        ("      downtime: the", "      soak: 2s\n      downtime: the", ["workflow.strategy", "take `soak` out"]),
    ] {
        let set = folder.around().join("set");
        crate::folder::copy(&folder.path("workflows"), &set);
        let text = fs::read_to_string(set.join(file)).unwrap();
        assert!(text.contains(from), "{text}");
        fs::write(set.join(file), text.replacen(from, to, 1)).unwrap();
        folder.run(&["lint", set.to_str().unwrap()]).ended(2).says(&words);
        fs::remove_dir_all(&set).unwrap();
    }
}

/// beh:G12 The new key is published before it signs, and the old one goes when its last token has ended; the private key
/// is in the delivery and nowhere else.
#[test]
fn a_signing_key_is_published_before_it_signs() {
    let folder = Folder::toured();
    folder.run(&["run", "provision-signing-key", "--input", "issuer=sessions"]).ended(0);
    let read = |field: &str| fs::read_to_string(folder.path(&format!("places/client/sessions/{field}"))).unwrap();
    let set = || fs::read_to_string(folder.path("local/jwks/sessions.json")).unwrap();
    let before = (read("key.pem"), read("kid"));
    let plan = folder.run(&["plan", "rotate-signing-key"]).ended(0).out;
    let order = [
        "CALL key_publish local/jwks/sessions",
        "ask token_verified local/jwks/sessions@2: must be accepted",
        "wait 2 s",
        "CALL deliver files/client/sessions",
        "wait 2 s",
        "CALL key_withdraw local/jwks/sessions",
        "ask token_verified local/jwks/sessions@1: must be refused by the",
        "CALL key_forget local/jwks/sessions",
    ];
    let mut rest = plan.as_str();
    for words in order {
        let at = rest.find(words).unwrap_or_else(|| panic!("no `{words}` in its place:\n{plan}"));
        rest = &rest[at..];
    }
    folder.run(&["run", "rotate-signing-key"]).ended(0);
    let after = (read("key.pem"), read("kid"));
    assert!(before.0 != after.0 && before.1 != after.1);
    let object: serde_json::Value = serde_json::from_str(&set()).unwrap();
    let keys = object["state"]["keys"].as_array().unwrap();
    assert_eq!(keys.len(), 1, "{object}");
    assert_eq!(
        (keys[0]["version"].as_str(), keys[0]["id"].as_str()),
        (Some("local/jwks/sessions@2"), Some(after.1.as_str()))
    );
    assert!(!set().contains("PRIVATE"));
    folder.verifies();
}

/// beh:G13 The sender signs with both secrets until the receiver has the new one, and then with the new one alone.
#[test]
fn a_webhook_secret_is_replaced_while_both_sign() {
    let folder = Folder::toured();
    folder.run(&["run", "provision-webhook", "--input", "webhook=orders"]).ended(0);
    let secret = || fs::read(folder.path("places/client/orders/secret")).unwrap();
    let before = secret();
    let plan = folder.run(&["plan", "rotate-webhook-secret"]).ended(0).out;
    for words in [
        "CALL secret_stage local/webhook/orders",
        "ask signed local/webhook/orders@2: must be accepted",
        "ask signed local/webhook/orders@1: must be refused by the target itself",
    ] {
        assert!(plan.contains(words), "no `{words}`:\n{plan}");
    }
    folder.run(&["run", "rotate-webhook-secret"]).ended(0);
    assert_ne!(secret(), before);
    let object: serde_json::Value =
        serde_json::from_slice(&fs::read(folder.path("local/webhooks/orders.json")).unwrap()).unwrap();
    let keys = object["state"]["keys"].as_array().unwrap();
    assert_eq!(keys.len(), 1, "{object}");
    assert_eq!(keys[0]["version"], "local/webhook/orders@2");
    folder.verifies();
}

/// beh:R5: a new certificate for a new key is served; the old one is left alone. What was reported stands in the ledger.
#[test]
fn a_reported_event_starts_the_replacement_of_a_certificate() {
    let folder = Folder::toured();
    let served = || fs::read_to_string(folder.path("places/server/tls/certificate.pem")).unwrap();
    let before = served();
    let wrong = folder.run(&["run", "rotate-server-certificate", "--event", "leak.reported"]).ended(2);
    assert!(wrong.err.contains("[run.unknown_event]"), "{}", wrong.err);
    assert!(wrong.err.contains("it is started by authority.replaced"), "{}", wrong.err);
    let report = ["rotate-server-certificate", "--event", "authority.replaced"];
    let plan = folder.run(&[&["plan"][..], &report[..], &["--json"][..]].concat()).ended(0).json();
    assert_eq!(plan["plan"]["trigger"], "event");
    assert_eq!(plan["starts"]["events"][0], "authority.replaced");
    let digest = plan["digest"].as_str().unwrap();
    folder.run(&[&["run"][..], &report[..], &["--plan", digest][..]].concat()).ended(0);
    assert_ne!(served(), before);
    let story = folder.run(&["evidence", "show", "local/certificate/localhost"]).ended(0);
    assert!(story.out.contains("`authority.replaced` was reported"), "{}", story.out);
    let text = fs::read_to_string(folder.path("local/certificates/localhost.json")).unwrap();
    let state: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(state["state"]["issued"].as_array().unwrap().len(), 2, "the old one ends by itself");
    assert!(state["state"].get("revoked").is_none());
    folder.verifies();
}
