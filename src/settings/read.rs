//! Text to [`Settings`], or all of its errors.

mod watched;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::ops::Range;
use std::path::{Component, Path, PathBuf};

use countersign_kernel::diagnostic::Diagnostic;
use countersign_kernel::schedule::Freeze;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::names::{is_name, looks_secret, meant};
use super::{ConnectorKind, ConnectorSettings, Freezes, Operator, Place, Settings, Spot, Webhook, is_reserved};

pub(super) type Table<'t> = Spanned<DeTable<'t>>;
pub(super) type Value<'t> = Spanned<DeValue<'t>>;

/// The keys of a `local` place, beside its connector.
const ENDPOINT: [&str; 5] = ["address", "certificate", "trust", "client_key", "role_password"];

/// The places that the file names, each with its connector's kind where that is known.
type Declared = BTreeMap<String, Option<ConnectorKind>>;

const KINDS: [&str; 2] = [ConnectorKind::Local.word(), ConnectorKind::Files.word()];

pub(super) fn settings(file: &str, text: &str) -> Result<Settings, Vec<Diagnostic>> {
    let mut reader = Reader { file, text, found: Vec::new() };
    let (document, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        let said = error.message().lines().next().unwrap_or("this is not TOML").to_owned();
        let help = "see https://toml.io/en/v1.0.0 for the syntax";
        reader.error("settings.syntax", error.span().unwrap_or(0..0), said, help);
    }
    if !reader.found.is_empty() {
        return Err(reader.ended());
    }
    let settings = reader.document(document.get_ref());
    if reader.found.is_empty() { Ok(settings) } else { Err(reader.ended()) }
}

pub(super) struct Reader<'t> {
    file: &'t str,
    text: &'t str,
    found: Vec<Diagnostic>,
}

impl<'t> Reader<'t> {
    pub(super) fn error(
        &mut self,
        code: &'static str,
        range: Range<usize>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.found.push(Diagnostic::error(code, self.file, self.text, range).message(message).help(help));
    }

    fn ended(mut self) -> Vec<Diagnostic> {
        self.found.sort_by_key(|found| found.offset);
        self.found
    }

    fn document(&mut self, top: &DeTable<'t>) -> Settings {
        self.known(
            top,
            "the file",
            &[
                "version",
                "connectors",
                "places",
                "freezes",
                "webhooks",
                "teams",
                "services",
                "breaker",
                "quarantine",
                "log",
                "clock",
                "heartbeat",
            ],
        );
        match value(top, "version") {
            None => {
                let help = "begin the file with `version = 1`";
                self.error("settings.version", 0..0, "the file does not say its `version`", help);
            }
            Some(version) if version.get_ref().as_integer().is_some_and(|n| n.as_str() == "1" && n.radix() == 10) => {}
            Some(version) => {
                let help = "write `version = 1`; a file of a newer version needs a newer Countersign";
                self.error("settings.version", version.span(), "only version 1 of the settings is known here", help);
            }
        }
        let declarations = self.named_tables(top, "connectors");
        let mut connectors = self.connectors(&declarations);
        let (places, declared) = self.places(top, &connectors);
        self.operators(&declarations, &mut connectors, &declared);
        let freezes = self.freezes(top);
        let webhooks = self.webhooks(top, &declared);
        let (log, heartbeat) = (self.log(top), self.heartbeat(top, &webhooks));
        let limits = self.limits(top);
        let clock_trusted_until = self.clock(top);
        let file = self.file.to_owned();
        Settings { connectors, places, freezes, webhooks, limits, log, heartbeat, clock_trusted_until, file }
    }

    fn connectors(&mut self, declarations: &[(String, Table<'t>)]) -> BTreeMap<String, ConnectorSettings> {
        let mut connectors = BTreeMap::new();
        for (name, table) in declarations {
            self.known(
                table.get_ref(),
                "a connector",
                &["type", "duration", "operator", "operator_key", "budget", "at_once"],
            );
            let kind = self.kind(table);
            let duration_ms = value(table.get_ref(), "duration").and_then(|given| self.duration_ms(given));
            let instead =
                format!("leave it out; to stop its changes for a while, `countersign pause --connector {name}`");
            let limits = self.budgeted(table, &instead);
            let of_kind = |(_, other): &(&String, &ConnectorSettings)| other.kind == ConnectorKind::Local;
            if let (Some(ConnectorKind::Local), Some((other, _))) = (kind, connectors.iter().find(of_kind)) {
                let at = value(table.get_ref(), "type").map_or(0..0, Value::span);
                let message = format!("`{name}` and `{other}` would both be the one directory of this data folder");
                self.error("settings.same_place", at, message, "take one of them out");
                continue;
            }
            if let Some(kind) = kind {
                connectors.insert(name.clone(), ConnectorSettings { kind, duration_ms, operator: None, limits });
            }
        }
        connectors
    }

    /// Whose credentials the instances work with; read after the places, which hold them.
    fn operators(
        &mut self,
        declarations: &[(String, Table<'t>)],
        connectors: &mut BTreeMap<String, ConnectorSettings>,
        declared: &Declared,
    ) {
        const KEYS: [&str; 2] = ["operator", "operator_key"];
        for (name, table) in declarations {
            let Some(settings) = connectors.get_mut(name) else { continue };
            if KEYS.iter().all(|key| value(table.get_ref(), key).is_none()) {
                continue;
            }
            if settings.kind != ConnectorKind::Local {
                for key in KEYS {
                    self.unfit(table, key, "a connector of the type `local` has an operator");
                }
                continue;
            }
            let help = "say which account makes the changes: `operator = \"countersign-operator\"`";
            let account = self.needed(table, KEYS[0], help).and_then(|given| self.account(given));
            let key = self.spot(table, KEYS[1], "client/countersign-operator/key", declared);
            let key = key.filter(|spot| self.is_within(table, KEYS[1], spot));
            settings.operator = account.zip(key).map(|(account, key)| Operator { account, key });
        }
    }

    fn account(&mut self, given: &Value<'t>) -> Option<String> {
        let text = self.word(given)?;
        if is_name(text) {
            return Some(text.to_owned());
        }
        let help = "write the name of an account, such as `countersign-operator`";
        self.error("settings.value", given.span(), format!("`{text}` is not the name of an account"), help);
        None
    }

    /// Refuses a key that is not a field of a delivery.
    fn is_within(&mut self, table: &Table<'t>, key: &str, spot: &Spot) -> bool {
        let is_within = spot.path.components().count() > 1;
        if let (false, Some(given)) = (is_within, value(table.get_ref(), key)) {
            let help = "write place, delivery and field, such as `client/countersign-operator/key`";
            self.error("settings.path", given.span(), "this is no field of a delivery", help);
        }
        is_within
    }

    fn kind(&mut self, table: &Table<'t>) -> Option<ConnectorKind> {
        let given = self.needed(table, "type", "say which connector it is, such as `type = \"files\"`")?;
        match self.word(given)? {
            "local" => Some(ConnectorKind::Local),
            "files" => Some(ConnectorKind::Files),
            other => {
                let message = format!("there is no connector `{other}` in this version");
                self.error("settings.value", given.span(), message, meant(other, &KINDS));
                None
            }
        }
    }

    fn duration_ms(&mut self, given: &Value<'t>) -> Option<u64> {
        let text = self.word(given)?;
        let parsed: Option<jiff::SignedDuration> = text.parse().ok();
        let millis = parsed.and_then(|duration| u64::try_from(duration.as_millis()).ok());
        let legal = millis.filter(|millis| (1..=3_600_000).contains(millis));
        if legal.is_none() {
            let help = "write a number with its unit, from `1ms` to `1h`, such as `10s`";
            self.error("settings.value", given.span(), format!("`{text}` is not a duration of an attempt"), help);
        }
        legal
    }

    fn places(
        &mut self,
        top: &DeTable<'t>,
        connectors: &BTreeMap<String, ConnectorSettings>,
    ) -> (BTreeMap<String, Place>, Declared) {
        let mut places = BTreeMap::new();
        let mut declared = Declared::new();
        let mut endpoints = Vec::new();
        for (name, table) in self.named_tables(top, "places") {
            self.known(table.get_ref(), "a place", &[&["connector", "path"], &ENDPOINT[..]].concat());
            let instance = self.instance(top, &table, connectors);
            declared.insert(name.clone(), instance.as_ref().map(|(_, kind)| *kind));
            match instance {
                Some((connector, ConnectorKind::Files)) => {
                    for key in ENDPOINT {
                        self.unfit(&table, key, "a place of a `files` connector has a `path`");
                    }
                    if let Some(path) = self.directory(&table, &places) {
                        places.insert(name, Place::Directory { connector, path });
                    }
                }
                Some((connector, ConnectorKind::Local)) => {
                    self.unfit(&table, "path", "a place of a `local` connector has an `address`");
                    endpoints.push((name, connector, table));
                }
                None => {}
            }
        }
        for (name, connector, table) in endpoints {
            if let Some(endpoint) = self.endpoint(connector, &table, &declared) {
                places.insert(name, endpoint);
            }
        }
        (places, declared)
    }

    fn freezes(&mut self, top: &DeTable<'t>) -> Freezes {
        let mut freezes = Freezes::new();
        for (name, table) in self.named_tables(top, "freezes") {
            self.known(table.get_ref(), "a freeze", &["days"]);
            let help = "say which days they are: `days = [\"12-20..01-04 Europe/Berlin\"]`";
            let Some(given) = self.needed(&table, "days", help) else { continue };
            let Some(items) = given.get_ref().as_array() else {
                self.wrong_type(given, "a list of texts in brackets");
                continue;
            };
            let mut days = Vec::new();
            for item in items {
                match self.word(item).map(Freeze::parse) {
                    Some(Ok(freeze)) => days.push(freeze),
                    Some(Err(error)) => self.error("settings.value", item.span(), error.message, error.help),
                    None => {}
                }
            }
            freezes.insert(name, days);
        }
        freezes
    }

    fn webhooks(&mut self, top: &DeTable<'t>, declared: &Declared) -> BTreeMap<String, Webhook> {
        let mut webhooks = BTreeMap::new();
        for (name, table) in self.named_tables(top, "webhooks") {
            self.known(table.get_ref(), "a webhook", &["url", "signed_with"]);
            let url = self.url(&table);
            let signed_with = match value(table.get_ref(), "signed_with") {
                None => Some(None),
                Some(_) => self.spot(&table, "signed_with", "client/notices/secret", declared).map(Some),
            };
            if let (Some(url), Some(signed_with)) = (url, signed_with) {
                webhooks.insert(name, Webhook { url, signed_with });
            }
        }
        webhooks
    }

    /// An address that nobody on the way can read along with: `https`, or on this machine.
    fn url(&mut self, table: &Table<'t>) -> Option<String> {
        let given = self.needed(table, "url", "say where it is: `url = \"https://chat.example.com/hooks/team\"`")?;
        let text = self.word(given)?;
        let is_plain = text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'@');
        let on_loopback = ["http://127.0.0.1:", "http://localhost:", "http://[::1]:"];
        let is_kept = text.strip_prefix("https://").is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/'))
            || on_loopback.iter().any(|start| text.starts_with(start));
        if is_plain && is_kept {
            return Some(text.to_owned());
        }
        let help = "write `https://HOST/PATH` without a name or password in it; `http` is for the loopback alone";
        self.error("settings.value", given.span(), "this is no address that notices are sent to".to_owned(), help);
        None
    }

    fn endpoint(&mut self, connector: String, table: &Table<'t>, declared: &Declared) -> Option<Place> {
        let address = self.address(table);
        let certificate = self.spot(table, "certificate", "server/tls", declared);
        let trust = self.spot(table, "trust", "client/trust/ca.pem", declared);
        let client_key = self.spot(table, "client_key", "client/reporting/key", declared);
        let role_password = match value(table.get_ref(), "role_password") {
            None => Some(None),
            Some(_) => self.spot(table, "role_password", "client/ledger/password", declared).map(Some),
        };
        Some(Place::Endpoint {
            connector,
            address: address?,
            certificate: certificate?,
            trust: trust?,
            client_key: client_key?,
            role_password: role_password?,
        })
    }

    /// A `place/path` whose place is a directory of this file.
    fn spot(&mut self, table: &Table<'t>, key: &str, such_as: &str, declared: &Declared) -> Option<Spot> {
        let help = format!("say where it is delivered: `{key} = \"{such_as}\"`");
        let given = self.needed(table, key, &help)?;
        let text = self.word(given)?;
        let Some((place, path)) = text.split_once('/').filter(|(_, path)| path.split('/').all(is_name)) else {
            let help = format!("write the name of a place, `/`, and a path of names below it, such as `{such_as}`");
            self.error("settings.path", given.span(), format!("`{text}` is not a path below a place"), help);
            return None;
        };
        match declared.get(place) {
            Some(Some(ConnectorKind::Files)) => Some(Spot { place: place.to_owned(), path: PathBuf::from(path) }),
            // That place's own error is told.
            Some(None) => None,
            found => {
                let fits = declared.iter().filter(|(_, kind)| **kind == Some(ConnectorKind::Files));
                let fits: Vec<&str> = fits.map(|(name, _)| name.as_str()).collect();
                let message = match found {
                    Some(_) => format!("the place `{place}` is not one of a `files` connector"),
                    None => format!("there is no place `{place}` in this file"),
                };
                self.error("settings.unknown_place", given.span(), message, meant(place, &fits));
                None
            }
        }
    }

    /// The connector instance that a place names, unless the instance itself is what is wrong.
    fn instance(
        &mut self,
        top: &DeTable<'t>,
        table: &Table<'t>,
        connectors: &BTreeMap<String, ConnectorSettings>,
    ) -> Option<(String, ConnectorKind)> {
        let given =
            self.needed(table, "connector", "say which connector it belongs to, such as `connector = \"files\"`")?;
        let name = self.word(given)?;
        let declared = value(top, "connectors").and_then(|all| all.get_ref().as_table());
        if declared.is_none_or(|all| value(all, name).is_none()) {
            let known: Vec<&str> = connectors.keys().map(String::as_str).collect();
            let message = format!("there is no connector `{name}` in this file");
            self.error("settings.unknown_connector", given.span(), message, meant(name, &known));
        }
        connectors.get(name).map(|connector| (name.to_owned(), connector.kind))
    }

    // INVARIANT: inv:I5 no two places lead to one directory: a sink has one name, so that one run holds it.
    fn directory(&mut self, table: &Table<'t>, places: &BTreeMap<String, Place>) -> Option<PathBuf> {
        let given = self.needed(table, "path", "name its directory, such as `path = \"places/client\"`")?;
        let text = self.word(given)?;
        let path: PathBuf = Path::new(text).components().filter(|part| *part != Component::CurDir).collect();
        let mut refuse = |code, message: String, help: &str| {
            self.error(code, given.span(), message, help);
            None
        };
        if path.components().any(|part| part == Component::ParentDir) {
            return refuse("settings.path", format!("`{text}` leads upwards"), "write the path without `..`");
        }
        if path.is_relative() && is_reserved(&path) {
            let help = "name a directory of its own, such as `places/client`";
            return refuse("settings.path", format!("`{text}` is where the data folder keeps its own files"), help);
        }
        for (name, place) in places {
            if let Place::Directory { path: other, .. } = place
                && (other.starts_with(&path) || path.starts_with(other))
            {
                let help = "give each place a directory of its own, none inside another";
                return refuse("settings.same_place", format!("`{text}` overlaps with the place `{name}`"), help);
            }
        }
        Some(path)
    }

    fn address(&mut self, table: &Table<'t>) -> Option<SocketAddr> {
        let given = self.needed(table, "address", "say where it listens: `address = \"127.0.0.1:0\"`")?;
        let text = self.word(given)?;
        let address = text.parse::<SocketAddr>().ok().filter(|address| address.ip().is_loopback());
        if address.is_none() {
            let help = "write a loopback address with a port, such as `127.0.0.1:0`";
            self.error("settings.value", given.span(), format!("`{text}` is not an address on the loopback"), help);
        }
        address
    }

    /// The tables below `section`, in the order of their names, which are legal.
    pub(super) fn named_tables(&mut self, top: &DeTable<'t>, section: &str) -> Vec<(String, Table<'t>)> {
        let Some(given) = value(top, section) else { return Vec::new() };
        let Some(all) = self.table(given) else { return Vec::new() };
        let mut tables = Vec::new();
        for (name, given) in all {
            if !is_name(name.get_ref()) {
                let help = "names have letters, digits, `-`, `_` and `.`, at most 128 of them";
                self.error("settings.name", name.span(), format!("`{}` is not a name", name.get_ref()), help);
            } else if let Some(table) = self.table(given) {
                tables.push((name.get_ref().to_string(), Spanned::new(name.span(), table.clone())));
            }
        }
        tables
    }

    pub(super) fn known(&mut self, table: &DeTable<'t>, what: &str, known: &[&str]) {
        for key in table.keys().filter(|key| !known.contains(&key.get_ref().as_ref())) {
            let name = key.get_ref();
            if looks_secret(name) {
                let help = "take it out and replace that secret: settings never hold one";
                self.error("settings.secret", key.span(), format!("`{name}` looks like a secret's"), help);
            } else {
                let message = format!("{what} has no key `{name}`");
                self.error("settings.unknown_key", key.span(), message, meant(name, known));
            }
        }
    }

    pub(super) fn needed<'a>(&mut self, table: &'a Table<'t>, key: &str, help: &str) -> Option<&'a Value<'t>> {
        let given = value(table.get_ref(), key);
        if given.is_none() {
            self.error("settings.missing_key", table.span(), format!("the key `{key}` is missing"), help);
        }
        given
    }

    fn unfit(&mut self, table: &Table<'t>, key: &str, help: &str) {
        if let Some((key, _)) = table.get_ref().iter().find(|(name, _)| name.get_ref() == key) {
            let message = format!("`{}` does not fit this connector", key.get_ref());
            self.error("settings.unknown_key", key.span(), message, help);
        }
    }

    pub(super) fn table<'a>(&mut self, given: &'a Value<'t>) -> Option<&'a DeTable<'t>> {
        let table = given.get_ref().as_table();
        if table.is_none() {
            self.wrong_type(given, "a table");
        }
        table
    }

    pub(super) fn word<'a>(&mut self, given: &'a Value<'t>) -> Option<&'a str> {
        let word = given.get_ref().as_str();
        if word.is_none() {
            self.wrong_type(given, "a text in quotes");
        }
        word
    }

    fn wrong_type(&mut self, given: &Value<'t>, wanted: &str) {
        let is = given.get_ref().type_str();
        self.error("settings.type", given.span(), format!("this is of type {is}"), format!("write {wanted}"));
    }
}

pub(super) fn value<'a, 't>(table: &'a DeTable<'t>, key: &str) -> Option<&'a Value<'t>> {
    table.iter().find(|(name, _)| name.get_ref() == key).map(|(_, value)| value)
}
