//! The end of a certificate: replaced first, then revoked, and found in its authority's list.

use std::fs;

use crate::folder::Folder;

const STOLEN: [&str; 4] =
    ["run", "replace-stolen-certificate", "--input", "reason=the key stood in a ticket, see 4711"];

fn object(folder: &Folder) -> serde_json::Value {
    serde_json::from_str(&fs::read_to_string(folder.path("local/certificates/localhost.json")).unwrap()).unwrap()
}

#[test]
fn a_stolen_certificate_is_replaced_and_revoked() {
    let folder = Folder::toured();
    let serial = |object: &serde_json::Value| object["state"]["issued"].as_array().unwrap().last().unwrap().clone();
    let before = serial(&object(&folder));
    let served = || fs::read(folder.path("places/server/tls/certificate.pem")).unwrap();
    let old = served();
    let plan = folder.run(&[&["plan"], &STOLEN[1..]].concat()).ended(0).out;
    let serial_of_old = before["serial"].as_str().unwrap().to_owned();
    let on_one_line = plan.split_whitespace().collect::<Vec<_>>().join(" ");
    let words =
        format!("CALL certificate_revoke local/certificate/localhost, serial {serial_of_old}, for key_compromise");
    assert!(on_one_line.contains(&words), "{words} in {plan}");
    assert!(plan.contains("ask revoked local/certificate/localhost"), "{plan}");
    folder.run(&STOLEN).ended(0);
    let after = object(&folder);
    assert_ne!(served(), old);
    assert_ne!(serial(&after)["serial"], before["serial"]);
    let revoked = after["state"]["revoked"].as_array().unwrap();
    assert_eq!(revoked.len(), 1, "{after}");
    assert_eq!((&revoked[0]["serial"], &revoked[0]["reason"]), (&before["serial"], &"key_compromise".into()));
    assert_eq!(after["state"]["list"]["number"], 1);
    folder.run(&STOLEN).ended(0);
    assert_eq!(object(&folder)["state"]["list"]["number"], 2);
    folder.verifies();
}

/// Revoked alone, nothing is in use any more; and the next certificate is issued as if it were the first.
#[test]
fn a_revocation_alone_leaves_nothing_in_use() {
    let folder = Folder::toured();
    let file = folder.path("workflows/replace-stolen-certificate.yaml");
    let text = fs::read_to_string(&file).unwrap();
    let start = text.find("  - id: may-issue").unwrap();
    let end = text.find("  - id: may-revoke").unwrap();
    let text = format!("{}{}", &text[..start], &text[end..]).replace("\"${{ steps.certificate.serial }}\", ", "");
    fs::write(&file, text).unwrap();
    folder.activate();
    folder.run(&STOLEN).ended(0);
    let told = folder.run(&["status", "--json"]).ended(0).json();
    let current = told["versions"].as_array().unwrap().iter().any(|version| {
        version["stage"] == "current" && version["version"].as_str().unwrap().starts_with("local/certificate/")
    });
    assert!(!current, "{told}");
    folder.run(&STOLEN).ended(1).says(&["error[plan.subject_missing]"]);
    folder.run(&["run", "tls-localhost"]).ended(0);
    folder.verifies();
}

#[test]
fn nobody_is_revoked_without_a_reason() {
    let folder = Folder::toured();
    let before = folder.targets();
    folder.run(&STOLEN[..2]).ended(2).says(&["error[plan.missing_input]", "`reason`"]);
    assert_eq!(folder.targets(), before);
}
