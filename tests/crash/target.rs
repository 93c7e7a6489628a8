//! What the target itself shows: the directory's files, what was delivered, and whether a credential works.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use countersign_warrant::Digest;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::Value;

use crate::workflows::Subject;

const FOLDERS: [(&str, &str); 6] = [
    ("account", "accounts"),
    ("ca", "ca"),
    ("certificate", "certificates"),
    ("jwks", "jwks"),
    ("role", "roles"),
    ("webhook", "webhooks"),
];

/// An object of the directory, as its file tells it.
pub(crate) struct Object {
    pub(crate) kind: &'static str,
    pub(crate) name: String,
    pub(crate) said: Value,
}

/// Every object of the directory.
pub(crate) fn objects(folder: &Path) -> Vec<Object> {
    let mut found = Vec::new();
    for (kind, below) in FOLDERS {
        for path in listed(&folder.join("local").join(below)) {
            let name = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_suffix(".json"));
            if let Some(name) = name {
                let bytes = fs::read(&path).expect("an object");
                let said = serde_json::from_slice(&bytes).expect("an object is never half written");
                found.push(Object { kind, name: name.to_owned(), said });
            }
        }
    }
    found
}

/// The versions that the target holds for an account, or takes for a role, whose idle user keeps a locked one.
pub(crate) fn live(folder: &Path, subject: &Subject) -> Vec<String> {
    let object = objects(folder).into_iter().find(|object| (object.kind, object.name.as_str()) == subject.object);
    let keys = object.and_then(|object| object.said["state"]["keys"].as_array().cloned()).unwrap_or_default();
    let is_live = |key: &&Value| subject.object.0 != "role" || key["enabled"] == true;
    keys.iter().filter(is_live).filter_map(|key| key["version"].as_str().map(str::to_owned)).collect()
}

/// The entries that the target says were applied to it: in the directory's logs, and in what is delivered.
pub(crate) fn applied(folder: &Path) -> Vec<String> {
    let mut entries = Vec::new();
    for object in objects(folder) {
        let log = object.said["log"].as_array().cloned().unwrap_or_default();
        entries.extend(log.iter().filter_map(|logged| logged["entry"].as_str().map(str::to_owned)));
    }
    for place in ["client", "server"] {
        for path in listed(&folder.join("places").join(place)) {
            if path.is_symlink() {
                let label = fs::read(path.join(".countersign.json")).expect("a delivery has a label");
                let label: Value = serde_json::from_slice(&label).expect("a label is never half written");
                entries.extend(label["entry"].as_str().map(str::to_owned));
            }
        }
    }
    entries
}

/// What is left over: files of writes that did not end, deliveries that nobody can reach.
pub(crate) fn leftovers(folder: &Path) -> Vec<String> {
    let mut found: Vec<String> = walked(folder).into_iter().filter(|path| is_temporary(path)).collect();
    for place in ["client", "server"] {
        let place = folder.join("places").join(place);
        let mut reached = Vec::new();
        for link in listed(&place).into_iter().filter(|path| path.is_symlink() && !is_hidden(path)) {
            reached.push(place.join(fs::read_link(&link).expect("a link")));
            let label: Value = serde_json::from_slice(&fs::read(link.join(".countersign.json")).expect("a label"))
                .expect("a label is never half written");
            // The one before is kept, for the undo.
            reached.extend(label["previous"].as_str().map(|previous| place.join(previous)));
        }
        let hidden = listed(&place).into_iter().filter(|path| is_hidden(path) && !reached.contains(path));
        found.extend(hidden.map(|path| path.display().to_string()));
    }
    found
}

/// Whether the delivered credential works, by the rule of whoever checks it. `None` where nothing is delivered.
///
/// It may be read while the target changes: what was read is judged only when the delivery was the same before and
/// after.
pub(crate) fn works(folder: &Path, subject: &Subject) -> Option<Result<(), String>> {
    let link = folder.join("places").join(subject.sink.0).join(subject.sink.1);
    loop {
        let before = fs::read_link(&link).ok();
        let judged = before.as_ref().map(|delivery| judge(folder, &link.with_file_name(delivery), subject));
        if fs::read_link(&link).ok() == before {
            return judged;
        }
    }
}

fn judge(folder: &Path, delivery: &Path, subject: &Subject) -> Result<(), String> {
    let below = FOLDERS.iter().find(|(kind, _)| *kind == subject.object.0).expect("a kind of the directory").1;
    let path = folder.join("local").join(below).join(format!("{}.json", subject.object.1));
    let object: Value = fs::read(&path).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
    let read = |name: &str| fs::read(delivery.join(name)).map_err(|error| format!("{name}: {error}"));
    match subject.sink {
        ("client", "reporting" | "countersign-operator") => is_admitted(&object, &read("key")?),
        ("client", job) if job.starts_with("job-") => is_admitted(&object, &read("key")?),
        ("client", "sessions") => is_published(&object, &read("key.pem")?, &read("kid")?),
        ("client", "orders") => is_admitted(&object, &read("secret")?),
        ("client", "ledger" | "legacy") => is_admitted(&object, &read("password")?),
        ("client", "trust") => was_issued(&object, "certificate", &read("ca.pem")?),
        ("server", "issuing") => was_issued(&object, "chain", &read("chain.pem")?),
        _ => {
            let chain = read("certificate.pem")?;
            is_usable(&chain, &read("key.pem")?)?;
            was_issued(&object, "chain", &chain)
        }
    }
}

/// The endpoint's rule: an enabled key of an account or role that is there has this SHA-256.
fn is_admitted(account: &Value, key: &[u8]) -> Result<(), String> {
    let presented = Digest::of(key).to_string();
    let keys = account["state"]["keys"].as_array().cloned().unwrap_or_default();
    let admitted = keys.iter().any(|key| key["enabled"] == true && key["verifier"] == presented.as_str());
    match (account["exists"] == true, admitted) {
        (true, true) => Ok(()),
        (exists, _) => {
            Err(format!("the delivered key opens nothing; what it is for is there: {exists}, its keys {keys:?}"))
        }
    }
}

/// The readers' rule: the key set has the public half of what is delivered, under its `kid`.
fn is_published(issuer: &Value, pem: &[u8], kid: &[u8]) -> Result<(), String> {
    let pair = rcgen::KeyPair::from_pem(&String::from_utf8_lossy(pem)).map_err(|error| format!("key.pem: {error}"))?;
    let public = Digest::of(&rcgen::PublicKeyData::subject_public_key_info(&pair)).to_string();
    let kid = String::from_utf8_lossy(kid);
    let keys = issuer["state"]["keys"].as_array().cloned().unwrap_or_default();
    let is_it =
        |key: &Value| key["enabled"] == true && key["verifier"] == public.as_str() && key["jwk"]["kid"] == kid.as_ref();
    if keys.iter().any(is_it) {
        Ok(())
    } else {
        Err(format!("nobody can check what the delivered key signs: {keys:?}"))
    }
}

fn was_issued(object: &Value, part: &str, pem: &[u8]) -> Result<(), String> {
    let issued = object["state"]["issued"].as_array().cloned().unwrap_or_default();
    let pem = String::from_utf8_lossy(pem);
    let known = issued.iter().any(|one| one[part].as_str().is_some_and(|text| text.trim() == pem.trim()));
    if known { Ok(()) } else { Err(format!("what is delivered is none of the {} that were issued", issued.len())) }
}

/// True when what is delivered is the certificate that was issued last, or neither is there.
pub(crate) fn delivers_the_last(folder: &Path, subject: &Subject) -> bool {
    let (file, part) = match subject.sink {
        ("client", _) => ("ca.pem", "certificate"),
        (_, "issuing") => ("chain.pem", "chain"),
        _ => ("certificate.pem", "chain"),
    };
    let link = folder.join("places").join(subject.sink.0).join(subject.sink.1);
    let delivered = fs::read_to_string(link.join(file)).ok();
    let object = objects(folder).into_iter().find(|object| (object.kind, object.name.as_str()) == subject.object);
    let issued = object.and_then(|object| object.said["state"]["issued"].as_array().cloned()).unwrap_or_default();
    let last = issued.last().and_then(|last| last[part].as_str().map(str::to_owned));
    delivered.as_deref().map(str::trim) == last.as_deref().map(str::trim)
}

fn is_usable(chain: &[u8], key: &[u8]) -> Result<(), String> {
    let chain: Result<Vec<CertificateDer<'static>>, _> = CertificateDer::pem_slice_iter(chain).collect();
    let chain = chain.map_err(|error| format!("certificate.pem: {error}"))?;
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|error| format!("key.pem: {error}"))?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    rustls::sign::CertifiedKey::from_der(chain, key, &provider)
        .map(drop)
        .map_err(|error| format!("the delivered certificate cannot be used: {error}"))
}

fn is_temporary(walked: &str) -> bool {
    let name = walked.split_once(' ').map_or(walked, |(path, _)| path);
    matches!(name.rsplit_once('.'), Some((_, "tmp" | "new")))
}

fn is_hidden(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'))
}

fn listed(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    entries.map(|entry| entry.expect("an entry").path()).collect()
}

/// Every path below, with a mark of what is there, sorted: two folders with the same marks hold the same.
pub(crate) fn walked(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut left = vec![folder.to_owned()];
    while let Some(next) = left.pop() {
        for path in listed(&next) {
            let about = path.symlink_metadata().expect("what is listed is there");
            if about.is_dir() {
                left.push(path);
            } else {
                let below = path.strip_prefix(folder).expect("it is below");
                found.push(format!("{} {}", below.display(), about.size()));
            }
        }
    }
    found.sort();
    found
}
