#![allow(clippy::unwrap_used)]

mod pages;

use super::*;

fn errors(text: &str) -> Vec<(&'static str, usize, usize)> {
    let found = Settings::parse("settings.toml", text).unwrap_err();
    found.iter().map(|error| (error.code, error.line, error.column)).collect()
}

fn one(text: &str) -> Diagnostic {
    let mut found = Settings::parse("settings.toml", text).unwrap_err();
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0)
}

#[test]
fn the_default_text_is_what_it_says() {
    let settings = Settings::parse("settings.toml", Settings::default_text()).unwrap();
    let kinds: Vec<_> = settings.connectors.iter().map(|(name, of)| (name.as_str(), of.kind.word())).collect();
    assert_eq!(kinds, [("files", "files"), ("local", "local")]);
    assert!(settings.connectors.values().all(|of| of.duration_ms.is_none()));
    let directory = |path: &str| Place::Directory { connector: "files".to_owned(), path: path.into() };
    assert_eq!(settings.places["client"], directory("places/client"));
    assert_eq!(settings.places["server"], directory("places/server"));
    let spot = |place: &str, path: &str| Spot { place: place.to_owned(), path: path.into() };
    let endpoint = Place::Endpoint {
        connector: "local".to_owned(),
        address: "127.0.0.1:0".parse().unwrap(),
        certificate: spot("server", "tls"),
        trust: spot("client", "trust/ca.pem"),
        client_key: spot("client", "reporting/key"),
        role_password: Some(spot("client", "ledger/password")),
    };
    assert_eq!(settings.places["endpoint"], endpoint);
    assert_eq!(settings.places.len(), 3);
}

#[test]
fn values_are_read_and_what_is_left_out_has_its_default() {
    let text = "version = 1\n[connectors.dir]\ntype = 'local'\nduration = '50ms'";
    let settings = Settings::parse("settings.toml", text).unwrap();
    assert_eq!(settings.connectors["dir"].duration_ms, Some(50));
    assert_eq!(settings.places.len(), 0);
    let bare = Settings::parse("settings.toml", "version = 1").unwrap();
    assert!(bare.connectors.is_empty());
}

#[test]
fn all_errors_come_at_once_with_their_places() {
    let text = "\
version = 1
colour = 'red'
[connectors.files]
tipe = 'files'
[connectors.local]
type = 'locale'
duration = '10 parsecs'
[places.client]
connector = 'fils'
path = 'places/client'
";
    let want = [
        ("settings.unknown_key", 2, 1),
        ("settings.missing_key", 3, 13),
        ("settings.unknown_key", 4, 1),
        ("settings.value", 6, 8),
        ("settings.value", 7, 12),
        ("settings.unknown_connector", 9, 13),
    ];
    assert_eq!(errors(text), want);
}

#[test]
fn a_mistyped_name_is_answered_with_the_one_that_was_meant() {
    let help = |text: &str| one(text).help;
    assert_eq!(help("version = 1\nplace = {}"), "did you mean `places`?");
    assert_eq!(
        help("version = 1\nx = 3"),
        "known here: `version`, `connectors`, `places`, `freezes`, `webhooks`, `teams`, `services`, `breaker`, `quarantine`, `log`, `clock`, `heartbeat`"
    );
    let text = "version = 1\n[connectors.files]\ntype = 'files'\n[places.a]\nconnector = 'flies'\npath = 'a'";
    assert_eq!(help(text), "did you mean `files`?");
    let none = one("version = 1\n[places.a]\nconnector = 'files'\npath = 'a'");
    assert_eq!(none.help, "there is none to choose from");
}

#[test]
fn a_broken_text_is_a_syntax_error_where_it_breaks() {
    assert_eq!(errors("version = 1\n[connectors.files\n"), [("settings.syntax", 2, 18)]);
    assert_eq!(errors("version = 1\nversion = 1\n"), [("settings.syntax", 2, 1)]);
}

#[test]
fn only_version_1_is_known() {
    assert_eq!(errors(""), [("settings.version", 1, 1)]);
    for version in ["2", "'1'", "1.0", "0x1", "true"] {
        assert_eq!(errors(&format!("version = {version}")), [("settings.version", 1, 11)], "{version}");
    }
}

#[test]
fn a_secret_is_refused_and_its_value_not_repeated() {
    let text = "version = 1\n[connectors.files]\ntype = 'files'\ndb_password = 'hunter2-hunter2'";
    let error = one(text);
    assert_eq!((error.code, error.line, error.column), ("settings.secret", 4, 1));
    assert!(!format!("{error:?}").contains("hunter2"));
}

#[test]
fn types_and_bounds_are_checked() {
    let connector = |line: &str| format!("version = 1\n[connectors.files]\ntype = 'files'\n{line}");
    for (line, code) in [
        ("duration = 10", "settings.type"),
        ("duration = '0s'", "settings.value"),
        ("duration = '-1s'", "settings.value"),
        ("duration = '61m'", "settings.value"),
        ("[connectors.\"a b\"]\ntype = 'files'", "settings.name"),
        ("[connectors.\"..\"]\ntype = 'files'", "settings.name"),
        ("[places]\nclient = 'here'", "settings.type"),
    ] {
        assert_eq!(one(&connector(line)).code, code, "{line}");
    }
    assert_eq!(errors("version = 1\nplaces = 3"), [("settings.type", 2, 10)]);
}

#[test]
fn a_place_stays_where_places_may_be() {
    let files = "version = 1\n[connectors.files]\ntype = 'files'\n[connectors.local]\ntype = 'local'\n";
    let place = |line: &str| format!("{files}[places.a]\nconnector = 'files'\n{line}");
    for (line, code) in [
        ("path = '../x'", "settings.path"),
        ("path = 'places/../keys'", "settings.path"),
        ("path = '/srv/../etc'", "settings.path"),
        ("path = ''", "settings.path"),
        ("path = '.'", "settings.path"),
        ("path = './keys/x'", "settings.path"),
        ("path = 'Keys'", "settings.path"),
        ("path = 'countersign.db-wal'", "settings.path"),
        ("path = 'x'\naddress = '127.0.0.1:0'", "settings.unknown_key"),
        ("address = '127.0.0.1:0'\npath = 'x'", "settings.unknown_key"),
    ] {
        assert_eq!(one(&place(line)).code, code, "{line}");
    }
    let reads = "certificate = 'b/tls'\ntrust = 'b/ca.pem'\nclient_key = 'b/x/key'\n";
    let other = "[places.b]\nconnector = 'files'\npath = 'b'";
    let endpoint = |line: &str| format!("{files}[places.a]\nconnector = 'local'\n{line}\n{reads}{other}");
    for line in ["address = '0.0.0.0:1'", "address = 'localhost:1'", "address = '127.0.0.1'"] {
        assert_eq!(one(&endpoint(line)).code, "settings.value", "{line}");
    }
    assert!(Settings::parse("settings.toml", &endpoint("address = '[::1]:8443'")).is_ok());
    assert!(Settings::parse("settings.toml", &place("path = '/srv/tls'")).is_ok());
}

#[test]
fn an_endpoint_reads_what_is_delivered_to_a_place_that_is_there() {
    let renamed = |from: &str, to: &str| Settings::default_text().replacen(from, to, 1);
    let error = one(&renamed("[places.server]", "[places.servers]"));
    assert_eq!((error.code, error.help.as_str()), ("settings.unknown_place", "did you mean `servers`?"));
    assert_eq!(error.message, "there is no place `server` in this file");
    let line = Settings::default_text().lines().position(|line| line.starts_with("certificate = ")).unwrap() + 1;
    assert_eq!((error.line, error.column), (line, 15));
    let error = one(&renamed("server/tls", "endpoint/tls"));
    assert_eq!(error.message, "the place `endpoint` is not one of a `files` connector");
    assert_eq!((error.code, error.help.as_str()), ("settings.unknown_place", "known here: `client`, `server`"));
    for path in ["server", "server/", "/tls", "server/../tls", "server//tls", "", "server/a b"] {
        let error = one(&renamed("server/tls", path));
        assert!(matches!(error.code, "settings.path" | "settings.unknown_place"), "{path}: {}", error.code);
    }
    assert_eq!(one(&renamed("trust = \"client/trust/ca.pem\"\n", "")).code, "settings.missing_key");
    assert_eq!(one(&renamed("\"client/reporting/key\"", "3")).code, "settings.type");
    let bad = renamed("path = \"places/server\"", "path = \"../server\"");
    assert_eq!(one(&bad).code, "settings.path", "a place that is wrong itself is told once");
    let alone = renamed("path = \"places/client\"", "path = \"places/client\"\ntrust = \"server/tls\"");
    assert_eq!(one(&alone).code, "settings.unknown_key", "a `files` place reads nothing");
}

#[test]
fn two_places_never_share_a_directory() {
    let two = |first: &str, second: &str| {
        format!(
            "version = 1\n[connectors.files]\ntype = 'files'\n[places.a]\nconnector = 'files'\npath = '{first}'\n\
             [places.b]\nconnector = 'files'\npath = '{second}'"
        )
    };
    for (first, second) in [("x", "x"), ("x", "./x/"), ("x", "x/y"), ("x/y", "x"), ("/s/t", "/s//t")] {
        assert_eq!(one(&two(first, second)).code, "settings.same_place", "{first} {second}");
    }
    assert!(Settings::parse("settings.toml", &two("x", "xy")).is_ok());
}

#[test]
fn a_file_is_loaded_or_its_errors_name_it() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("settings.toml");
    assert_eq!(Settings::load(&path).unwrap_err().code(), "settings.unreadable");
    std::fs::write(&path, "version = 1\nplace = 2\n").unwrap();
    let Err(SettingsError::Invalid { text, found, .. }) = Settings::load(&path) else { panic!() };
    assert_eq!((text.as_str(), found[0].file.as_str()), ("version = 1\nplace = 2\n", path.to_str().unwrap()));
    std::fs::write(&path, Settings::default_text()).unwrap();
    assert_eq!(Settings::load(&path).unwrap().places.len(), 3);
}

#[test]
fn a_freeze_is_a_name_for_days() {
    let read = |days: &str| {
        let text = Settings::default_text().replace("days = [\"12-20..01-04 UTC\"]", days);
        Settings::parse("settings.toml", &text)
    };
    let settings = read("days = [\"12-20..01-04 UTC\", \"2027-03-01..2027-03-14 Europe/Berlin\"]").unwrap();
    assert_eq!(settings.freezes["year-end"].len(), 2);
    for (days, code) in [
        ("days = [\"12-20 UTC\"]", "settings.value"),
        ("days = [\"12-20..01-04 CEST\"]", "settings.value"),
        ("days = \"12-20..01-04 UTC\"", "settings.type"),
        ("days = [7]", "settings.type"),
        ("dyas = []", "settings.unknown_key"),
    ] {
        let found = read(days).unwrap_err();
        assert!(found.iter().any(|one| one.code == code && one.line >= 40), "{days}: {found:#?}");
    }
}

/// inv:I5: the one directory has one name, so that what is in it is held by one run at a time.
#[test]
fn the_embedded_directory_has_one_name() {
    let found = one("version = 1\n[connectors.first]\ntype = 'local'\n[connectors.second]\ntype = 'local'\n");
    assert_eq!((found.code, found.line), ("settings.same_place", 5), "{found:?}");
}

#[test]
fn an_operator_is_an_account_with_a_delivered_key() {
    let text = |keys: &str, kind: &str| {
        format!(
            "version = 1\n[connectors.dir]\ntype = '{kind}'\n{keys}\n[connectors.files]\ntype = 'files'\n\
             [places.client]\nconnector = 'files'\npath = 'places/client'\n"
        )
    };
    let both = "operator = 'countersign'\noperator_key = 'client/countersign/key'";
    let settings = Settings::parse("settings.toml", &text(both, "local")).unwrap();
    let key = Spot { place: "client".to_owned(), path: "countersign/key".into() };
    assert_eq!(settings.connectors["dir"].operator, Some(Operator { account: "countersign".to_owned(), key }));
    for (keys, kind, code, line) in [
        ("operator = 'countersign'", "local", "settings.missing_key", 2),
        ("operator_key = 'client/countersign/key'", "local", "settings.missing_key", 2),
        ("operator = 'a/b'\noperator_key = 'client/countersign/key'", "local", "settings.value", 4),
        ("operator = 'countersign'\noperator_key = 'client/key'", "local", "settings.path", 5),
        ("operator = 'countersign'\noperator_key = 'nowhere/countersign/key'", "local", "settings.unknown_place", 5),
        ("operator = 'countersign'", "files", "settings.unknown_key", 4),
    ] {
        let found = one(&text(keys, kind));
        assert_eq!((found.code, found.line), (code, line), "{keys}: {found:?}");
    }
}
