//! What a process that serves says to everybody: on its socket, to those who watch over it, to webhooks, in its log.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use super::Artefacts;
use crate::folder::{Folder, Running};
use crate::heartbeat::until;
use crate::logged::settings;
use crate::notify::listening;
use crate::observe::said;

/// The whole answer of the folder's socket to these bytes.
fn asked(folder: &Folder, request: &str) -> Vec<u8> {
    let mut stream = UnixStream::connect(folder.path("control.sock")).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    answer
}

/// Serves at the loudest, and has everything answered that can be asked, right and wrong.
pub(super) fn served(folder: &Folder) -> Artefacts {
    let mut said_by = Artefacts::new();
    let (port, heard) = listening(204);
    let webhook = format!("\n[webhooks.watchman]\nurl = \"http://127.0.0.1:{port}/beats\"\n");
    settings(folder, &format!("{webhook}signed_with = \"client/reporting/key\"\n"));
    settings(
        folder,
        "[heartbeat]\nwebhook = \"watchman\"\nevery = \"1s\"\n[log]\nlevel = \"trace\"\nformat = \"json\"\n",
    );
    let mut command = folder.command(&["serve", "--json", "--entries", "--listen", "127.0.0.1:0"]);
    command.env("RUST_LOG", "trace").env("RUST_BACKTRACE", "full");
    let mut serving = Running::of(command);
    let line = serving.line("\"listening\"");
    let address =
        serde_json::from_str::<serde_json::Value>(&line).unwrap()["address"].as_str().unwrap().parse().unwrap();
    serving.reaches("\"serving\"");
    let told = folder.run(&["run", "rotate-reporting-key", "--json", "--verbose"]).ended(0);
    said_by
        .insert("what was said of a run that was handed over".to_owned(), format!("{}{}", told.out, told.err).into());
    let request = |path: &str, body: &str| {
        let length = body.len();
        format!(
            "POST {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: \
             {length}\r\n\r\n{body}"
        )
    };
    for (what, wanted) in [
        ("itself", "GET /v1 HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n".to_owned()),
        (
            "a run",
            request(
                "/v1/runs",
                r#"{"workflow": "provision-account", "inputs": {"account": "intern", "level": "admin"}}"#,
            ),
        ),
        ("no run", request("/v1/runs", r#"{"workflow": "reporting"}"#)),
        ("nonsense", request("/v1/runs", "{")),
        (
            "no file",
            request("/v1/activations", r#"{"workflows": [{"path": "a.yaml", "text": "a: ["}], "policies": []}"#),
        ),
    ] {
        said_by.insert(format!("what control.sock said of {what}"), asked(folder, &wanted));
    }
    serving.reaches("denied:");
    until(&heard, 2);
    for path in ["/healthz", "/readyz", "/metrics", "/v1"] {
        let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\naccept: application/openmetrics-text\r\n\r\n");
        said_by.insert(format!("what {path} said"), said(address, request.as_bytes()).into_bytes());
    }
    said_by.insert("/metrics as text".to_owned(), crate::observe::get(address, "/metrics").2.into_bytes());
    // Where the ledger takes nothing.
    folder.locked(|| {
        std::thread::sleep(Duration::from_secs(3));
        said_by.insert("what /readyz said of a full disk".to_owned(), crate::observe::get(address, "/readyz").2.into());
    });
    for form in [&["calendar"][..], &["calendar", "--json"], &["calendar", "--ics"]] {
        said_by.insert(format!("what {} said", form.join(" ")), folder.run(form).ended(0).out.into_bytes());
    }
    serving.signal("HUP");
    serving.reaches("\"settings\"");
    serving.signal("TERM");
    let told = serving.end().ended(0);
    assert!(told.err.lines().filter(|line| line.starts_with('{')).count() > 10, "nothing was logged: {}", told.err);
    said_by.insert("what serve told".to_owned(), told.out.into_bytes());
    said_by.insert("what serve logged".to_owned(), told.err.into_bytes());
    for (at, beat) in heard.lock().unwrap().iter().enumerate() {
        said_by.insert(format!("heartbeat {at}"), format!("{beat:?}").into_bytes());
        assert!(beat.header("webhook-signature").is_some(), "{beat:?}");
    }
    said_by
}
