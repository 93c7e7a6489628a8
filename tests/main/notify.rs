//! Notices: what a webhook is told of a run, over HTTP, and what becomes of the run when nobody listens.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::thread;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use countersign::clock::{Clock as _, SystemClock};
use serde_json::Value;

use crate::folder::Folder;

pub(crate) const TELLING: &str = include_str!("rotate-and-tell.yaml");

/// One notice: its headers, and its body.
#[derive(Debug, Clone)]
pub(crate) struct Heard {
    headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Heard {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(one, _)| one == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// Listens on a free port, answers each call with that status, and keeps what it hears. It ends with the tests.
pub(crate) fn listening(status: u16) -> (u16, Arc<Mutex<Vec<Heard>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&heard);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let mut headers = Vec::new();
            let mut line = String::new();
            while reader.read_line(&mut line).unwrap() > 2 {
                if let Some((name, value)) = line.trim().split_once(": ") {
                    headers.push((name.to_ascii_lowercase(), value.to_owned()));
                }
                line.clear();
            }
            let length = headers.iter().find(|(name, _)| name == "content-length").map(|(_, value)| value.parse());
            let mut body = vec![0; length.unwrap().unwrap()];
            reader.read_exact(&mut body).unwrap();
            kept.lock().unwrap().push(Heard { headers, body: String::from_utf8(body).unwrap() });
            write!(stream, "HTTP/1.1 {status} X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").unwrap();
        }
    });
    (port, heard)
}

pub(crate) fn telling(port: u16, more: &str, text: &str) -> Folder {
    let folder = Folder::toured();
    let settings = fs::read_to_string(folder.path("settings.toml")).unwrap();
    let webhook = format!("\n[webhooks.team-chat]\nurl = \"http://127.0.0.1:{port}/hooks/team\"\n{more}");
    fs::write(folder.path("settings.toml"), settings + &webhook).unwrap();
    fs::write(folder.path("workflows/rotate-and-tell.yaml"), text).unwrap();
    folder.activate();
    folder
}

/// Its id is that of the entry that records it; the signature is that of Standard Webhooks.
#[test]
fn a_team_is_told_what_was_done_with_a_signature_that_it_can_check() {
    let (port, heard) = listening(204);
    let folder = telling(port, "signed_with = \"client/orders/secret\"\n", TELLING);
    folder.run(&["run", "provision-webhook", "--input", "webhook=orders"]).ended(0);
    let schema = folder.run(&["schema", "plan"]).ended(0).json();
    let document = folder.run(&["plan", "rotate-and-tell", "--json"]).ended(0).json();
    assert!(crate::judge::is_valid(&schema, &document), "{document:#}");
    let drawn = folder.run(&["plan", "rotate-and-tell"]).ended(0).out;
    assert!(drawn.contains("tell team-chat, only when the run has failed by then"), "{drawn}");
    let told = folder.run(&["run", "rotate-and-tell"]).ended(0);
    assert!(told.out.contains("team-chat was told"), "{}", told.out);
    let heard = heard.lock().unwrap().clone();
    let [notice] = heard.as_slice() else { panic!("told {} times: {heard:?}", heard.len()) };
    let body = notice.json();
    assert_eq!(body["text"], "reporting has a new key: local/account/reporting@3");
    assert_eq!((&body["failure"], &body["step"]), (&Value::Null, &"tell".into()));
    assert_eq!((&body["workflow"], &body["subject"]), (&"rotate-and-tell".into(), &"local/account/reporting".into()));
    let [id, at] = ["webhook-id", "webhook-timestamp"].map(|name| notice.header(name).unwrap());
    assert_eq!(body["id"], id);
    let story = folder.run(&["evidence", "show", "local/account/reporting"]).ended(0).out;
    assert!(story.contains("`team-chat` was told"), "{story}");
    let secret = fs::read(folder.path("places/client/orders/secret")).unwrap();
    let signed =
        hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &secret), format!("{id}.{at}.{}", notice.body).as_bytes());
    let expected = format!("v1,{}", BASE64.encode(signed.as_ref()));
    assert_eq!(notice.header("webhook-signature"), Some(expected.as_str()));
    folder.verifies();
}

/// The failure's notice comes after what could be taken back was; the other one does not come.
#[test]
fn a_failure_is_told_with_its_reason_and_nothing_else_is() {
    let (port, heard) = listening(200);
    let folder = telling(port, "", &TELLING.replace("verify: [{login: {}}]", "verify: [{must_not: login}]"));
    folder.edit(
        "settings.toml",
        "[connectors.local]\ntype = \"local\"",
        "[connectors.local]\ntype = \"local\"\nduration = \"500ms\"",
    );
    folder.run(&["run", "rotate-and-tell"]).ended(1);
    let heard = heard.lock().unwrap().clone();
    let [notice] = heard.as_slice() else { panic!("told {} times: {heard:?}", heard.len()) };
    let body = notice.json();
    assert_eq!((&body["text"], &body["step"]), (&"the key of reporting could not be replaced".into(), &"page".into()));
    assert_eq!(body["failure"]["code"], "run.probe_failed", "{body}");
    assert_eq!(notice.header("webhook-signature"), None);
    folder.verifies();
}

/// A run is about its credential: whoever does not listen is no reason to fail it, and stands in its record.
#[test]
fn a_notice_that_nobody_takes_fails_no_run() {
    let (port, heard) = listening(500);
    let folder = telling(port, "", TELLING);
    let told = folder.run(&["run", "rotate-and-tell"]).ended(0);
    assert!(told.out.contains("team-chat was NOT told: it answered 500"), "{}", told.out);
    let heard = heard.lock().unwrap().clone();
    assert_eq!(heard.len(), 3, "it is tried again");
    assert!(heard.iter().all(|notice| notice.header("webhook-id") == heard[0].header("webhook-id")));
    folder.verifies();
}

#[test]
fn whom_settings_do_not_name_nobody_tells() {
    let folder = Folder::toured();
    fs::write(folder.path("workflows/rotate-and-tell.yaml"), TELLING).unwrap();
    let linted = folder.run(&["lint", &folder.path("workflows").display().to_string()]).ended(2);
    linted.says(&["workflow.unknown_webhook", "add `[webhooks.NAME]` to the settings"]);
    let refused = folder.run(&["activate", &folder.path("workflows").display().to_string(), "--json"]).ended(2).json();
    let words = format!("no webhook is named `team-chat` in `{}`", folder.path("settings.toml").display());
    assert_eq!(refused["diagnostics"][0]["message"], words, "{refused:#}");
    let settings = fs::read_to_string(folder.path("settings.toml")).unwrap();
    for url in ["http://chat.example.com/x", "https://", "https://a:b@chat.example.com/", "ftp://127.0.0.1:1/"] {
        let text = format!("{settings}\n[webhooks.team-chat]\nurl = \"{url}\"\n");
        fs::write(folder.path("settings.toml"), text).unwrap();
        folder.run(&["plan", "tls-localhost"]).ended(2).says(&["settings.value", "notices"]);
    }
}

/// The workflow with a schedule whose next instant is twenty days ahead, whatever day it is.
fn in_twenty_days() -> String {
    let then = SystemClock.now().plus_millis(20 * 86_400_000).to_string();
    let (month, day) = (&then[5..7], &then[8..10]);
    let schedule =
        format!("on:\n  schedule: {{cron: \"0 9 {} {} *\", timezone: Europe/Berlin}}\n", number(day), number(month));
    TELLING.replace("on:\n", &schedule)
}

fn number(digits: &str) -> u8 {
    digits.parse().unwrap()
}

/// beh:R20 Whoever owns a workflow is told before it is due, once for each time that it names, and it is on record; that nobody
/// hears it changes nothing.
#[test]
fn beh_r20_owners_are_told_before_a_run_is_due() {
    let notices = "notices: {to: team-chat, before: [7d, 1d], text: restart the jobs afterwards}\nsteps:";
    let text = in_twenty_days().replace("steps:", notices);
    let (port, heard) = listening(204);
    let folder = telling(port, "", &text);
    let due: i64 = folder.ask("select at from due where workflow = 'rotate-and-tell' and kind = 'schedule'");
    let planned: i64 = folder.ask("select notice_at from due where workflow = 'rotate-and-tell' and kind = 'schedule'");
    assert_eq!(due - planned, 7 * 86_400_000_000);
    // Its time has come: nobody waits for days in a test.
    let moved: i64 = folder.ask("update due set notice_at = 1 where workflow = 'rotate-and-tell' returning 1");
    assert_eq!(moved, 1);
    let count = || folder.ask::<i64>("select count(*) from entries where kind = 'notice'");
    let mut serving = folder.start(&["serve"]);
    serving.reaches("serving:");
    folder.waits_until(|| count() == 1);
    let told = heard.lock().unwrap().clone();
    assert_eq!(told.len(), 1);
    let body = told[0].json();
    assert_eq!((&body["workflow"], &body["team"]), (&"rotate-and-tell".into(), &"reporting".into()));
    assert_eq!(body["text"], "restart the jobs afterwards");
    assert!(body["due_at"].as_str().unwrap() > "2026", "{body}");
    let next: i64 = folder.ask("select notice_at from due where workflow = 'rotate-and-tell' and kind = 'schedule'");
    assert_eq!(next, planned, "the next one is arranged anew");
    serving.signal("TERM");
    serving.end().ended(0);
    let story = folder.run(&["evidence", "show", "local/account/reporting"]).ended(0);
    assert!(story.out.contains("`team-chat` was told that `rotate-and-tell` is due at"), "{}", story.out);
    folder.verifies();
}

#[test]
fn a_notice_that_nobody_hears_is_on_record_and_stops_nothing() {
    let text = in_twenty_days().replace("steps:", "notices: {to: team-chat, before: [1d]}\nsteps:");
    let (port, _heard) = listening(503);
    let folder = telling(port, "", &text);
    let moved: i64 = folder.ask("update due set notice_at = 1 where workflow = 'rotate-and-tell' returning 1");
    assert_eq!(moved, 1);
    let mut serving = folder.start(&["serve"]);
    serving.reaches("serving:");
    folder.waits_until(|| folder.ask::<i64>("select count(*) from entries where kind = 'notice'") == 1);
    serving.signal("TERM");
    serving.end().ended(0);
    let story = folder.run(&["evidence", "show", "local/account/reporting"]).ended(0);
    assert!(story.out.contains("`team-chat` could not be told (it answered 503)"), "{}", story.out);
    folder.verifies();
}

#[test]
fn notices_that_would_come_too_early_are_refused() {
    let folder = Folder::toured();
    for (on, before, code) in [
        ("schedule: {cron: \"0 9 * * *\", timezone: UTC}", "7d", "workflow.out_of_range"),
        ("event: [leak.reported]", "1d", "workflow.key_not_here"),
        ("schedule: {cron: \"0 9 1 * *\", timezone: UTC}", "1s", "workflow.out_of_range"),
    ] {
        let text = TELLING
            .replace("on:\n", &format!("on:\n  {on}\n"))
            .replace("steps:", &format!("notices: {{to: team-chat, before: [{before}]}}\nsteps:"));
        fs::write(folder.path("early.yaml"), text).unwrap();
        let settings = fs::read_to_string(folder.path("settings.toml")).unwrap();
        fs::write(folder.path("with.toml"), settings + "\n[webhooks.team-chat]\nurl = \"http://127.0.0.1:9/x\"\n")
            .unwrap();
        let file = folder.path("early.yaml").display().to_string();
        let with = folder.path("with.toml").display().to_string();
        let told = folder.run(&["lint", &file, "--settings", &with]).ended(2);
        assert!(told.err.contains(code) || told.out.contains(code), "{}{}", told.out, told.err);
    }
}
