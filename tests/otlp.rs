//! Traces: what a collector hears of the tour, over OTLP. A build of its own: `cargo test --features otlp --test otlp`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use sha2::Digest as _;

/// What a collector hears: heads and bodies.
type Calls = Arc<Mutex<Vec<(String, Vec<u8>)>>>;

/// A collector on the loopback: the heads and bodies of what it hears. It ends with the test.
fn collector() -> (u16, Calls) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let calls = Calls::default();
    let kept = Arc::clone(&calls);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let (mut head, mut line) = (String::new(), String::new());
            while reader.read_line(&mut line).unwrap_or(0) > 2 {
                head.push_str(&line.to_ascii_lowercase());
                line.clear();
            }
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            let mut body = vec![0; length.unwrap().parse().unwrap()];
            reader.read_exact(&mut body).unwrap();
            kept.lock().unwrap().push((head, body));
            let answer = "HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
            stream.write_all(answer.as_bytes()).unwrap();
        }
    });
    (port, calls)
}

fn tour(data: &Path, endpoint: &str) -> Output {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    command.env_clear().env("PATH", path).env("HOME", data).env("COUNTERSIGN_DATA", data.join("data"));
    command.env("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint).arg("quickstart").output().unwrap()
}

/// The fields of a protobuf message that have a length: number and bytes. The others are passed over.
fn fields(mut bytes: &[u8]) -> Vec<(u64, &[u8])> {
    fn varint(bytes: &mut &[u8]) -> u64 {
        let mut number = 0;
        for at in 0.. {
            let byte = bytes[0];
            *bytes = &bytes[1..];
            number |= u64::from(byte & 0x7f) << (7 * at);
            if byte < 0x80 {
                break;
            }
        }
        number
    }
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let tag = varint(&mut bytes);
        let skipped = match tag & 7 {
            0 => {
                varint(&mut bytes);
                continue;
            }
            1 => 8,
            2 => {
                let length = usize::try_from(varint(&mut bytes)).unwrap();
                found.push((tag >> 3, &bytes[..length]));
                length
            }
            5 => 4,
            other => panic!("no wire type {other}"),
        };
        bytes = &bytes[skipped..];
    }
    found
}

fn below<'a>(messages: &[&'a [u8]], number: u64) -> Vec<&'a [u8]> {
    messages
        .iter()
        .flat_map(|message| fields(message))
        .filter(|(of, _)| *of == number)
        .map(|(_, bytes)| bytes)
        .collect()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// A span, as `opentelemetry.proto.trace.v1` numbers its fields.
#[derive(Debug)]
struct Heard {
    trace: Vec<u8>,
    id: Vec<u8>,
    parent: Vec<u8>,
    name: String,
    attributes: BTreeMap<String, Vec<u8>>,
}

fn span(bytes: &[u8]) -> Heard {
    let one = |number| below(&[bytes], number).first().map(|bytes| bytes.to_vec()).unwrap_or_default();
    let pair = |pair: &[u8]| (text(below(&[pair], 1)[0]), below(&below(&[pair], 2), 1).concat());
    let attributes = below(&[bytes], 9).into_iter().map(pair).collect();
    Heard { trace: one(1), id: one(2), parent: one(4), name: text(&one(5)), attributes }
}

/// beh:U8 Each run is a trace, and each of its steps a span in it; nothing that is not listed leaves, least of all a secret.
#[test]
fn beh_u8_a_run_is_a_trace_with_a_span_for_each_step() {
    let (port, heard) = collector();
    let folder = tempfile::tempdir().unwrap();
    let told = tour(folder.path(), &format!("http://127.0.0.1:{port}"));
    assert!(told.status.success(), "{told:?}");
    let heard = heard.lock().unwrap();
    assert!(!heard.is_empty(), "nothing was sent");
    for (head, body) in heard.iter() {
        assert!(head.starts_with("post /v1/traces ") && head.contains("application/x-protobuf"), "{head}");
        let key = fs::read(folder.path().join("data/places/client/reporting/key")).unwrap();
        assert!(!body.windows(key.len()).any(|window| window == key), "a secret was sent");
    }
    let bodies: Vec<&[u8]> = heard.iter().map(|(_, body)| body.as_slice()).collect();
    let spans: Vec<Heard> = below(&below(&below(&bodies, 1), 2), 2).into_iter().map(span).collect();
    let runs: Vec<&Heard> = spans.iter().filter(|span| span.name == "run").collect();
    let workflows: BTreeSet<String> = runs.iter().map(|run| text(&run.attributes["workflow"])).collect();
    assert_eq!(workflows.len(), 5, "{workflows:?}");
    for run in &runs {
        assert_eq!(run.trace, sha2::Sha256::digest(&run.attributes["run"])[..16], "{run:?}");
    }
    let rotation = runs.iter().find(|run| text(&run.attributes["workflow"]) == "rotate-reporting-key").unwrap();
    let steps = spans.iter().filter(|span| span.name == "step" && span.parent == rotation.id);
    let steps: Vec<String> = steps
        .inspect(|step| assert_eq!(step.trace, rotation.trace))
        .map(|step| text(&step.attributes["step"]))
        .collect();
    assert!(
        steps.iter().any(|step| step == "gate") && steps.iter().any(|step| step.starts_with("rotate")),
        "{steps:?}"
    );
    for name in spans.iter().flat_map(|span| span.attributes.keys()) {
        let of_the_sdk = name.starts_with("code.")
            || name.ends_with("_ns")
            || ["target", "level", "thread.id"].contains(&name.as_str());
        assert!(of_the_sdk || countersign::telemetry::WRITTEN.iter().any(|(listed, _)| listed == name), "{name}");
    }
}

/// A collector that is not there, or does not answer, holds nothing up.
#[test]
fn a_collector_that_is_not_there_harms_nothing() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    for port in [1, silent.local_addr().unwrap().port()] {
        let folder = tempfile::tempdir().unwrap();
        let began = Instant::now();
        let told = tour(folder.path(), &format!("http://127.0.0.1:{port}"));
        assert!(told.status.success(), "{told:?}");
        assert!(began.elapsed() < Duration::from_secs(40), "{:?}", began.elapsed());
    }
    let folder = tempfile::tempdir().unwrap();
    let told = tour(folder.path(), "no address");
    let words = String::from_utf8_lossy(&told.stderr).into_owned();
    assert!(words.contains("error[telemetry.export]") && !folder.path().join("data").exists(), "{words}");
}
