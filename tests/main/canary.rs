//! No secret leaves its places (inv:I6, rel:8): every key that was made, delivered or not, is looked for in all that
//! the binary says and leaves behind.

#[path = "canary/served.rs"]
mod served;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use countersign::secrets::Opener;
use countersign::{Installation, Reading};
use countersign_warrant::Mint;

use crate::folder::{Folder, Running, block_on, tell, tree};
use crate::needles::Needles;

/// Bytes in which nothing may be found, by what they are.
type Artefacts = BTreeMap<String, Vec<u8>>;

/// Everything that was ever sealed here, opened, and the keys of the installation.
fn secrets(folder: &Folder) -> Vec<(String, Vec<u8>)> {
    let mut found = block_on(async {
        let installation = Installation::open(&folder.data(), "test").await.unwrap();
        let (_mint, mark) = Mint::new(Arc::clone(&installation.ledger));
        let opener = Opener::new(mark, Arc::clone(&installation.keys));
        let mut found = Vec::new();
        for subject in installation.store.subjects().await.unwrap() {
            for version in installation.store.versions(&subject).await.unwrap() {
                let sealed = installation.store.blob_bytes(&version.blob).await.unwrap().unwrap();
                let material = opener.probe_material(&version.id, &sealed).unwrap();
                found.push((version.id.to_string(), material.expose(<[u8]>::to_vec)));
            }
        }
        installation.close().await;
        found
    });
    for name in ["sealing", "fingerprint", "person", "ledger"] {
        let text = fs::read_to_string(folder.path(&format!("keys/{name}.key"))).unwrap();
        let digits = text.trim_end().rsplit(' ').next().unwrap();
        let bytes = (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap());
        found.push((format!("the {name} key"), bytes.collect()));
    }
    found
}

/// A key pair's private number, in whatever envelope: the 32 or 48 bytes of SEC 1's `privateKey`, which is the first
/// octet string of that length. What else is in the envelope is public.
fn private_number(name: &str, material: &[u8]) -> (usize, Vec<u8>) {
    let der = match text_of(material) {
        Some(body) => base64::Engine::decode(&base64::engine::general_purpose::STANDARD, body).unwrap(),
        None => material.to_vec(),
    };
    let at = der.windows(2).position(|head| head == [4, 32] || head == [4, 48]);
    let at = at.unwrap_or_else(|| panic!("{name} is no key pair")) + 2;
    (at, der[at..at + usize::from(der[at - 1])].to_vec())
}

/// The letters of a PEM file, without its lines.
fn text_of(material: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(material).ok().filter(|text| text.starts_with("-----"))?;
    Some(text.lines().filter(|line| !line.starts_with("-----")).collect())
}

fn needles(secrets: &[(String, Vec<u8>)]) -> Needles {
    let is_pair = |name: &str| name.starts_with("local/ca/") || name.starts_with("local/certificate/");
    let mut whole: Vec<(String, Vec<u8>)> = Vec::new();
    let mut lines: Vec<(String, Vec<u8>)> = Vec::new();
    for (name, bytes) in secrets {
        if !is_pair(name) {
            whole.push((name.clone(), bytes.clone()));
            continue;
        }
        let (at, number) = private_number(name, bytes);
        if let Some(body) = text_of(bytes) {
            let (first, last) = ((at * 8).div_ceil(6), (at + number.len()) * 8 / 6);
            for (line, start) in (0..body.len()).step_by(64).enumerate() {
                let part = body.as_bytes().get(first.max(start)..last.min(start + 64)).unwrap_or_default();
                if part.len() >= 12 {
                    lines.push((format!("{name}, line {line}"), part.to_vec()));
                }
            }
        }
        whole.push((format!("{name}, its private number"), number));
    }
    let mut needles = Needles::of(whole.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())));
    for (name, bytes) in lines {
        needles.add(name, bytes);
    }
    needles
}

/// Every file of the folder but those that are there to hold secrets.
fn take_files(folder: &Folder, when: &str, artefacts: &mut Artefacts) {
    for (path, bytes) in tree(folder.around()) {
        let is_key = path.starts_with("data/keys") && path.extension().is_some_and(|extension| extension == "key");
        if !path.starts_with("data/places") && !is_key {
            artefacts.insert(format!("{} {when}", path.display()), bytes);
        }
    }
    for (at, (path, _)) in tree(folder.around()).iter().enumerate() {
        artefacts.insert(format!("the name of file {at} {when}"), path.to_string_lossy().into_owned().into_bytes());
    }
}

/// Watches command line and environment of a process and its children until it is told to stop.
fn watch(pid: u32, over: &AtomicBool) -> Artefacts {
    let mut seen = Artefacts::new();
    while !over.load(Ordering::SeqCst) {
        for process in fs::read_dir("/proc").unwrap().flatten() {
            let path = process.path();
            let is_child = fs::read_to_string(path.join("stat")).ok().is_some_and(|stat| {
                let parent = stat.rsplit(") ").next().and_then(|rest| rest.split(' ').nth(1)?.parse::<u32>().ok());
                parent == Some(pid)
            });
            if is_child || path == Path::new("/proc").join(pid.to_string()) {
                for name in ["cmdline", "environ"] {
                    // A shielded process shows its environment to the superuser alone.
                    if let Ok(bytes) = fs::read(path.join(name)) {
                        seen.insert(format!("{}/{name} of {} bytes", path.display(), bytes.len()), bytes);
                    }
                }
            }
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    seen
}

/// One loud command, watched while it runs; `kill_at` kills it there, without a chance to tidy up.
fn watched(folder: &Folder, arguments: &[&str], kill_at: Option<&str>, artefacts: &mut Artefacts) {
    let mut command = folder.command(arguments);
    let temporary = folder.around().join("temporary");
    fs::create_dir_all(&temporary).unwrap();
    command.env("COUNTERSIGN_LOG", "trace").env("RUST_LOG", "trace").env("RUST_BACKTRACE", "full");
    command.env("TMPDIR", &temporary).env("SQLITE_TMPDIR", &temporary);
    let mut running = Running::of(command);
    let (pid, over) = (running.pid(), AtomicBool::new(false));
    let when = format!("after {}", arguments.join(" "));
    std::thread::scope(|scope| {
        let watcher = scope.spawn(|| watch(pid, &over));
        if let Some(words) = kill_at {
            running.reaches(words);
            take_files(folder, &format!("while {}", arguments.join(" ")), artefacts);
            running.signal("KILL");
        }
        let told = running.end();
        over.store(true, Ordering::SeqCst);
        assert_eq!(told.code, if kill_at.is_some() { -1 } else { 0 }, "{}", told.err);
        artefacts.insert(format!("what was said {when}"), format!("{}{}", told.out, told.err).into_bytes());
        artefacts.extend(watcher.join().unwrap());
    });
    take_files(folder, &when, artefacts);
}

/// A tour that is killed in its soak, carried on, and followed by every other command.
fn live(folder: &Folder) -> Artefacts {
    let mut artefacts = Artefacts::new();
    watched(folder, &["quickstart", "--verbose"], Some("wait "), &mut artefacts);
    let log = artefacts.keys().find(|name| name.starts_with("data/countersign.db-wal")).cloned();
    assert!(log.is_some_and(|name| !artefacts[&name].is_empty()), "no write-ahead log was searched");
    watched(folder, &["quickstart", "--json"], None, &mut artefacts);
    for arguments in [
        &["plan", "rotate-reporting-key", "--json"][..],
        &["run", "rotate-reporting-key", "--input", "reason=the canary is rotated"],
        &["run", "tls-localhost", "--json"],
        &["status", "--json"],
        &["status", "local/account/reporting"],
        &["why", "local/account/reporting", "--json"],
        &["doctor", "--json"],
        &["evidence", "show", "local/account/reporting"],
        &["evidence", "show", "local/ca/root", "--json"],
        &["evidence", "verify", "--json"],
    ] {
        watched(folder, arguments, None, &mut artefacts);
    }
    artefacts.extend(served::served(folder));
    artefacts.extend(failures(folder));
    artefacts
}

/// What is said when something is wrong with the very files that hold secrets.
fn failures(folder: &Folder) -> Artefacts {
    let path = folder.path("keys/sealing.key");
    let text = fs::read_to_string(&path).unwrap();
    let (head, digits) = text.trim_end().rsplit_once(' ').unwrap();
    let mut said = Artefacts::new();
    for (what, wrong) in [
        ("another name", text.replace("sealing", "person")),
        ("cut short", format!("{head} {}", &digits[..60])),
        ("in capitals", text.to_uppercase()),
        ("one more word", format!("{head} {digits} x\n")),
    ] {
        fs::write(&path, wrong).unwrap();
        let mut command = folder.command(&["run", "rotate-reporting-key", "--verbose"]);
        command.env("COUNTERSIGN_LOG", "trace");
        let told = tell(command).ended(2);
        said.insert(
            format!("what was said of a sealing key with {what}"),
            format!("{}{}", told.out, told.err).into_bytes(),
        );
    }
    fs::write(path, text).unwrap();
    said
}

/// What the ledger's tables hold, unpacked: a page boundary or an overflow chain would hide it in the file.
fn unpacked(folder: &Folder) -> Artefacts {
    block_on(async {
        let reading = Reading::open(&folder.data()).await.unwrap();
        let mut found = Artefacts::new();
        for entry in reading.store.entries_from(0, 10_000).await.unwrap() {
            found.insert(format!("entry {}", entry.index), entry.statement);
        }
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(folder.path("countersign.db"));
        let mut connection = sqlx::ConnectOptions::connect(&options).await.unwrap();
        let blobs: Vec<(String, Vec<u8>)> =
            sqlx::query_as("select digest, bytes from blobs").fetch_all(&mut connection).await.unwrap();
        found.extend(blobs.into_iter().map(|(digest, bytes)| (format!("blob {digest}"), bytes)));
        found
    })
}

#[test]
fn no_secret_is_anywhere_but_where_it_belongs() {
    let folder = Folder::new();
    let mut artefacts = live(&folder);
    artefacts.extend(unpacked(&folder));
    let secrets = secrets(&folder);
    assert_eq!(secrets.len(), 12, "four keys, two authorities, two servers, four of our own");
    let needles = needles(&secrets);
    let found: Vec<(&String, Vec<&str>)> = artefacts
        .iter()
        .map(|(name, bytes)| (name, needles.found_in(bytes)))
        .filter(|(_, found)| !found.is_empty())
        .collect();
    assert!(found.is_empty(), "{found:#?}");

    // All of it was there to be searched.
    for part in [
        "cmdline",
        "environ",
        "data/countersign.db ",
        "-wal",
        "-shm",
        "data/local/",
        "blob ",
        "entry 0",
        "said",
        "heartbeat 0",
        "/metrics",
    ] {
        assert!(artefacts.keys().any(|name| name.contains(part)), "no {part} was searched");
    }
    let trace = artefacts.iter().filter(|(name, _)| name.contains("what was said after"));
    assert!(trace.clone().count() >= 9 && trace.map(|(_, said)| said.len()).sum::<usize>() > 5000);
    found_where_they_belong(&folder, &needles);
    found_where_planted(&folder, &secrets, &needles);
}

/// The control: each delivered secret is found in its place, and nowhere is a private key delivered that must not be.
fn found_where_they_belong(folder: &Folder, needles: &Needles) {
    let places = tree(&folder.path("places"));
    let holding: Vec<(&PathBuf, Vec<&str>)> = places
        .iter()
        .map(|(path, bytes)| (path, needles.found_in(bytes)))
        .filter(|(_, found)| !found.is_empty())
        .collect();
    for (path, found) in &holding {
        let name = path.file_name().unwrap().to_str().unwrap();
        let whose = match name {
            "key" => "local/account/reporting@",
            "key.pem" => "local/certificate/localhost@",
            other => panic!("a secret is in {other}"),
        };
        assert!(found.iter().all(|found| found.starts_with(whose)), "{}: {found:?}", path.display());
    }
    let count = |name: &str| holding.iter().filter(|(path, _)| path.ends_with(name)).count();
    assert!(count("key") >= 1 && count("key.pem") >= 1, "{holding:#?}");
    for name in ["sealing", "fingerprint", "person", "ledger"] {
        let found = fs::read(folder.path(&format!("keys/{name}.key"))).unwrap();
        assert!(!needles.found_in(&found).is_empty(), "the {name} key is not found in its own file");
    }
}

/// The control: each secret, undelivered ones too, is found when somebody leaves it lying about, in each form.
fn found_where_planted(folder: &Folder, secrets: &[(String, Vec<u8>)], needles: &Needles) {
    for (name, secret) in secrets {
        let number = text_of(secret).map(|_| private_number(name, secret).1);
        for (form, bytes) in crate::needles::forms(number.as_ref().unwrap_or(secret)) {
            let log = [b"INFO countersign::runner: acted key=".as_slice(), &bytes, b" verb=\"key_stage\"\n"].concat();
            let planted = folder.path("local/planted.log");
            fs::write(&planted, log).unwrap();
            let mut artefacts = Artefacts::new();
            artefacts.insert("planted".to_owned(), fs::read(&planted).unwrap());
            assert!(!needles.found_in(&artefacts["planted"]).is_empty(), "{name} as {form} is overlooked");
        }
    }
    let mut artefacts = Artefacts::new();
    take_files(folder, "with one planted", &mut artefacts);
    let found = artefacts.iter().filter(|(_, bytes)| !needles.found_in(bytes).is_empty());
    assert_eq!(found.map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["data/local/planted.log with one planted"]);
}
