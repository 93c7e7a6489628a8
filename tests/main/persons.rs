//! Persons are opaque ids in entries, requests and plans; their names stand in one table, and on a person's screen.

use crate::folder::Folder;

/// Every stored byte of entries and of their blobs, but for the activated files, which are as their authors wrote them.
fn recorded(folder: &Folder) -> Vec<(String, Vec<u8>)> {
    let entries = folder.rows("select id, statement from entries");
    let activated: Vec<&str> = entries
        .iter()
        .filter(|(id, _)| id.starts_with("activation:"))
        .map(|(_, statement)| std::str::from_utf8(statement).unwrap())
        .collect();
    assert!(!activated.is_empty());
    let blobs = folder.rows("select digest, bytes from blobs");
    let (files, others): (Vec<_>, Vec<_>) =
        blobs.into_iter().partition(|(digest, _)| activated.iter().any(|one| one.contains(digest.as_str())));
    assert!(files.len() > 5, "the activated files are blobs");
    entries.into_iter().chain(others).collect()
}

#[test]
fn entries_requests_and_plans_name_nobody() {
    let folder = Folder::toured();
    let asked = ["run", "provision-account", "--input", "account=billing", "--input", "owner=kim@example.com"];
    folder.run(&asked).ended(0);
    let recorded = recorded(&folder);
    assert!(recorded.len() > 100, "{} entries and blobs", recorded.len());
    let named: Vec<&String> = recorded
        .iter()
        .filter(|(_, bytes)| bytes.windows(12).any(|window| window == b"@example.com"))
        .map(|(id, _)| id)
        .collect();
    assert_eq!(named, Vec::<&String>::new());
    // The control: the names are there, where they can be erased.
    let persons = folder.rows("select id, cast(name as blob) from persons");
    for name in ["kim@example.com", "lee@example.com"] {
        let (person, _) = persons.iter().find(|(_, known)| known == name.as_bytes()).unwrap();
        let account = std::fs::read_to_string(folder.path("local/accounts/billing.json")).unwrap();
        assert!(account.contains(person.as_str()) && !account.contains(name), "{account}");
    }
}

#[test]
fn a_screen_names_who_asked_and_json_does_not() {
    let folder = Folder::toured();
    let user = folder.ask::<String>("select name from persons where name not like '%@%'");
    let shown = folder.run(&["evidence", "show", "local/account/reporting"]).ended(0).out;
    let person = folder.ask::<String>("select id from persons where name not like '%@%'");
    let words = shown.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains(&format!("`{user} ({})` asked for it", &person[..10])), "{shown}");
    let json = folder.run(&["evidence", "show", "local/account/reporting", "--json"]).ended(0).out;
    assert!(json.contains(&format!("`{person}` asked for it")), "{json}");
}

#[test]
fn who_is_no_person_is_told() {
    let folder = Folder::toured();
    let told = folder.run(&["run", "provision-account", "--input", "account=x1", "--input", "owner=kim"]).ended(2);
    told.says(&["plan.wrong_input", "a person's e-mail address", "`kim`"]);
}
