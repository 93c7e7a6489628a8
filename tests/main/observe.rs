//! What watches over a process that serves: health, readiness, metrics; never a name of what it is about.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::folder::{Folder, Running};

/// Serves, and listens on a free port.
pub(crate) fn watched(folder: &Folder) -> (Running, SocketAddr) {
    let mut serving = folder.start(&["serve", "--listen", "127.0.0.1:0"]);
    let line = serving.line("watched over at ");
    let address = line.split("http://").nth(1).and_then(|rest| rest.split('/').next()).unwrap();
    let address = address.parse().unwrap();
    serving.reaches("serving");
    (serving, address)
}

/// The whole answer to these bytes.
pub(crate) fn said(address: SocketAddr, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    // Whoever is refused early may find the connection closed.
    let _ = stream.write_all(request);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

/// Status, head and body of a `GET`.
pub(crate) fn get(address: SocketAddr, path: &str) -> (u16, String, String) {
    let answer = said(address, format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n").as_bytes());
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {answer}"));
    (head.split(' ').nth(1).unwrap().parse().unwrap(), head.to_ascii_lowercase(), body.to_owned())
}

/// The value of a metric with exactly these labels.
pub(crate) fn value(metrics: &str, name: &str) -> f64 {
    let line = metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("no `{name}` in\n{metrics}")).parse().unwrap()
}

/// The same, of what is counted.
pub(crate) fn count(metrics: &str, name: &str) -> u64 {
    let line = metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    let line = line.unwrap_or_else(|| panic!("no `{name}` in\n{metrics}"));
    line.trim_end_matches(".0").parse().unwrap_or_else(|error| panic!("{error}: {line}"))
}

/// Asks until it is ready.
pub(crate) fn until_ready(address: SocketAddr) {
    let until = Instant::now() + Duration::from_secs(20);
    while get(address, "/readyz").0 != 200 {
        assert!(Instant::now() < until, "{:?}", get(address, "/readyz"));
        sleep(Duration::from_millis(50));
    }
}

fn stop(serving: Running) {
    serving.signal("TERM");
    serving.end().ended(0);
}

/// beh:U8 What happened and what there is, in numbers, without a name of what it is about.
#[test]
fn beh_u8_a_scrape_says_how_many_and_never_whose() {
    let folder = Folder::toured();
    let (serving, address) = watched(&folder);
    until_ready(address);
    let (status, head, before) = get(address, "/metrics");
    assert_eq!(status, 200, "{before}");
    assert!(head.contains("text/plain; version=0.0.4"), "{head}");
    assert_eq!(count(&before, "countersign_ready"), 1);
    assert_eq!(count(&before, "countersign_due_triggers"), 7);
    assert_eq!(count(&before, "countersign_credentials{kind=\"ca\"}"), 2);
    assert_eq!(count(&before, "countersign_open_runs{state=\"stuck\",team=\"reporting\"}"), 0);
    folder.run(&["run", "rotate-reporting-key"]).ended(0);
    folder.run(&["run", "provision-account", "--input", "account=intern", "--input", "level=admin"]).ended(3);
    let after = get(address, "/metrics").2;
    assert_eq!(count(&after, "countersign_runs_closed_total{does=\"rotate\",outcome=\"done\"}"), 1);
    assert_eq!(count(&after, "countersign_runs_closed_total{does=\"provision\",outcome=\"denied\"}"), 1);
    assert_eq!(count(&after, "countersign_run_seconds_count{does=\"rotate\"}"), 1);
    assert_eq!(count(&after, "countersign_run_state_seconds_count{state=\"waiting\"}"), 1, "its soak");
    assert_eq!(count(&after, "countersign_adoption_seconds_count"), 1, "its client was seen once");
    assert!(value(&after, "countersign_ledger_entries") > value(&before, "countersign_ledger_entries") + 20.0);
    assert!(value(&after, "countersign_credential_oldest_seconds{kind=\"account\"}") >= 0.0);
    assert!(value(&after, "countersign_next_due_timestamp_seconds") > 1.7e9);
    for line in after.lines().filter(|line| !line.starts_with('#')) {
        let line = line.replace("team=\"reporting\"", "");
        for name in ["reporting", "intern", "rotate-", "local/", "dana", "example", "@", "\"p_"] {
            assert!(!line.contains(name), "`{name}` in {line}");
        }
    }
    let open = said(address, b"GET /metrics HTTP/1.1\r\nhost: x\r\naccept: application/openmetrics-text\r\n\r\n");
    assert!(open.to_ascii_lowercase().contains("application/openmetrics-text; version=1.0.0"), "{open}");
    assert!(open.trim_end().ends_with("# EOF"), "{open}");
    stop(serving);
    folder.verifies();
}

/// A run that needs a person, and one that is late, are seen.
#[test]
fn what_is_stuck_and_what_is_late_is_counted() {
    let folder = Folder::toured();
    folder.deliver_elsewhere("elsewhere");
    folder.edit(
        "settings.toml",
        "[connectors.local]\ntype = \"local\"",
        "[connectors.local]\ntype = \"local\"\nduration = \"500ms\"",
    );
    folder.edit("workflows/rotate-reporting-key.yaml", "within: 10s", "within: 300ms");
    folder.activate();
    let (serving, address) = watched(&folder);
    folder.run(&["run", "rotate-reporting-key"]).ended(5);
    let metrics = get(address, "/metrics").2;
    assert_eq!(count(&metrics, "countersign_open_runs{state=\"stuck\",team=\"reporting\"}"), 1);
    assert_eq!(count(&metrics, "countersign_runs_stuck_total{code=\"run.probe_failed\"}"), 1);
    assert!(value(&metrics, "countersign_open_run_oldest_seconds{state=\"stuck\"}") > 0.0);
    assert_eq!(count(&metrics, "countersign_brakes{code=\"paused\"}"), 0);
    folder.run(&["pause", "--connector", "local", "--reason", "a window of the provider's"]).ended(0);
    assert_eq!(count(&get(address, "/metrics").2, "countersign_brakes{code=\"paused\"}"), 1);
    for team in ["reporting", "platform"] {
        assert_eq!(count(&metrics, &format!("countersign_overdue{{team=\"{team}\"}}")), 0);
    }
    stop(serving);
}

/// What nobody looked at when it was due is overdue after a minute, whether or not anybody serves.
#[test]
fn what_nobody_looked_at_is_overdue_after_a_minute() {
    let folder = Folder::toured();
    let late = "update due set at = (unixepoch() - 61) * 1000000 where workflow = 'tls-localhost' returning 1";
    let moved: i64 = folder.ask(late);
    assert_eq!(moved, 1);
    let overdue = crate::folder::block_on(async {
        let reading = countersign::Reading::open(&folder.data()).await.unwrap();
        let now = countersign::clock::Clock::now(&countersign::clock::SystemClock);
        let before = |secs: i64| countersign_warrant::Timestamp::from_micros(now.micros() - secs * 1_000_000);
        (reading.store.overdue(before(60)).await.unwrap(), reading.store.overdue(before(90)).await.unwrap())
    });
    assert_eq!(overdue, (vec![("tls-localhost".to_owned(), 1)], vec![]));
}

/// Ready is only who takes entries: a ledger that cannot be written is told, with its reason.
#[test]
fn whoever_takes_no_entries_is_not_ready() {
    let folder = Folder::toured();
    let (serving, address) = watched(&folder);
    until_ready(address);
    assert_eq!(get(address, "/healthz").0, 200);
    // Somebody else writes, and does not let go.
    let (status, head, body) = folder.locked(|| {
        sleep(Duration::from_secs(3));
        get(address, "/readyz")
    });
    assert_eq!(status, 503, "{body}");
    assert!(head.contains("application/problem+json"), "{head}");
    let problem: Value = serde_json::from_str(&body).unwrap();
    let code = problem["code"].as_str().unwrap();
    assert!(["journal.unavailable", "ready.ledger_slow"].contains(&code), "{problem}");
    assert_eq!(
        (&problem["status"], problem["type"].as_str().unwrap()),
        (&503.into(), &*format!("urn:countersign:{code}"))
    );
    folder.run(&["explain", code]).ended(0);
    assert_eq!(get(address, "/healthz").0, 200, "the process lives all the same");
    until_ready(address);
    stop(serving);
    folder.verifies();
}

/// Three paths, one method, small requests, few callers: and whoever is refused harms nothing.
#[test]
fn whoever_watches_can_change_nothing() {
    let folder = Folder::toured();
    let before = folder.verifies();
    let (serving, address) = watched(&folder);
    until_ready(address);
    let status = |answer: &str| answer.split(' ').nth(1).map(|status| status.parse::<u16>().unwrap());
    for (request, wanted) in [
        ("POST /metrics HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n", 405),
        ("DELETE /readyz HTTP/1.1\r\nhost: x\r\n\r\n", 405),
        ("GET /v1 HTTP/1.1\r\nhost: x\r\n\r\n", 404),
        ("POST /v1/runs HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}", 404),
        ("GET /metrics/ HTTP/1.1\r\nhost: x\r\n\r\n", 404),
        ("nonsense\r\n\r\n", 400),
    ] {
        let answer = said(address, request.as_bytes());
        assert_eq!(status(&answer), Some(wanted), "{request}: {answer}");
    }
    let long = said(address, format!("GET /healthz HTTP/1.1\r\nx: {}\r\n\r\n", "y".repeat(1 << 20)).as_bytes());
    assert!(status(&long).is_none_or(|status| status == 431), "{long}");
    let many = "x: y\r\n".repeat(200);
    let many = said(address, format!("GET /healthz HTTP/1.1\r\n{many}\r\n").as_bytes());
    assert!(status(&many).is_none_or(|status| status == 431), "{many}");
    // Callers who say nothing are let go; meanwhile others find no room, and nobody waits for long.
    let idle: Vec<_> = (0..40).map(|_| TcpStream::connect(address).unwrap()).collect();
    let until = Instant::now() + Duration::from_secs(20);
    while !said(address, b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").contains("200 OK") {
        assert!(Instant::now() < until, "those who say nothing are not let go");
        sleep(Duration::from_millis(100));
    }
    drop(idle);
    stop(serving);
    assert_eq!(folder.verifies(), before, "whoever looks leaves nothing");
}

/// An address that is taken is told, and nothing is begun.
#[test]
fn an_address_that_cannot_be_had_is_told() {
    let folder = Folder::toured();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let before = folder.verifies();
    folder.run(&["serve", "--listen", &address]).ended(2).says(&["error[listen.taken]", &address]);
    folder.run(&["serve", "--listen", "192.0.2.7:1"]).ended(2).says(&["error[listen.refused]", "192.0.2.7:1"]);
    folder.run(&["serve", "--listen", "localhost"]).ended(2).says(&["--listen"]);
    assert!(!folder.path("control.sock").exists());
    assert_eq!(folder.verifies(), before);
}
