//! What harms a process that serves: signals, limits, strangers, floods, a full disk. It says what is wrong, and nothing is lost.

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::folder::{BINARY, Folder, Running};
use crate::full_disk::shell;
use crate::notify::{TELLING, telling};
use crate::observe::{get, until_ready};
use crate::serve::{keys, scheduled};

/// A second SIGTERM ends it where it stands, as a crash would; the next process carries on what was under way.
#[test]
fn a_second_signal_ends_it_at_once_and_loses_nothing() {
    // Whoever is told at the end of the rotation takes the call, and does not answer it.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let folder = telling(silent.local_addr().unwrap().port(), "", TELLING);
    let mut serving = folder.start(&["serve", "--entries", "--json"]);
    serving.reaches("serving");
    let asking = folder.start(&["run", "rotate-and-tell"]);
    let (call, _) = silent.accept().unwrap();
    serving.signal("TERM");
    sleep(Duration::from_millis(500));
    let began = Instant::now();
    serving.signal("TERM");
    let told = serving.end().ended(143);
    assert!(told.err.contains("run.cut_off") || told.out.contains("run.cut_off"), "{}{}", told.out, told.err);
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    drop((asking, call, silent));
    assert_eq!(folder.status()["open_runs"], 1);
    folder.verifies();
    let mut serving = folder.start(&["serve"]);
    serving.reaches("1 open run;");
    serving.reaches("reporting: done:");
    serving.signal("TERM");
    serving.end().ended(0);
    let status = folder.status();
    assert_eq!((&status["open_runs"], &status["open_intents"]), (&0.into(), &0.into()), "{status}");
    folder.verifies();
}

/// Few file descriptors, and callers who take all of them: whoever comes then waits or is refused, and the work goes on.
#[test]
fn a_process_without_file_descriptors_lives_on() {
    let folder = Folder::toured();
    let mut command = Command::new("bash");
    folder.prepare(&mut command);
    command.env("BINARY", BINARY).args(["-c", "ulimit -n 64; exec \"$BINARY\" serve --listen 127.0.0.1:0"]);
    let mut serving = Running::of(command);
    let line = serving.line("watched over at ");
    let address = line.split("http://").nth(1).and_then(|rest| rest.split('/').next()).unwrap().parse().unwrap();
    serving.reaches("serving");
    until_ready(address);
    let idle: Vec<_> = (0..100).filter_map(|_| UnixStream::connect(folder.path("control.sock")).ok()).collect();
    assert!(idle.len() > 40, "{} connected", idle.len());
    sleep(Duration::from_secs(1));
    drop(idle);
    until_ready(address);
    folder.run(&["run", "rotate-reporting-key"]).ended(0);
    assert_eq!(get(address, "/healthz").0, 200);
    serving.signal("TERM");
    let told = serving.end().ended(0);
    assert!(!told.err.contains("panicked"), "{}", told.err);
    folder.verifies();
}

/// A socket of another user is not taken away, and nobody speaks to it.
#[test]
fn a_socket_of_another_user_is_in_the_way() {
    let folder = Folder::toured();
    let path = folder.path("control.sock");
    let listener = UnixListener::bind(&path).unwrap();
    if std::os::unix::fs::chown(&path, Some(65534), Some(65534)).is_err() {
        eprintln!("only the superuser can give a socket away; not looked at");
        return;
    }
    let before = folder.verifies();
    let told = folder.run(&["serve"]).ended(2);
    told.says(&["control.sock", "another user"]);
    assert!(path.exists(), "it is not ours to take away");
    drop(listener);
    fs::remove_file(path).unwrap();
    assert_eq!(folder.verifies(), before);
    folder.run(&["run", "rotate-reporting-key"]).ended(0);
}

/// A gigabyte that does not say how much it is ends at the bound, without being kept.
#[test]
fn a_gigabyte_on_the_socket_is_not_taken() {
    let folder = Folder::toured();
    let mut serving = folder.start(&["serve"]);
    serving.reaches("serving");
    let mut stream = UnixStream::connect(folder.path("control.sock")).unwrap();
    stream.set_write_timeout(Some(Duration::from_secs(30))).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let head = "POST /v1/runs HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\n";
    stream.write_all(format!("{head}transfer-encoding: chunked\r\n\r\n").as_bytes()).unwrap();
    let chunk = [b"100000\r\n".as_slice(), &vec![b' '; 1 << 20][..], b"\r\n"].concat();
    let sent = (0..1024).take_while(|_| stream.write_all(&chunk).is_ok()).count();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    assert!(sent < 200, "{sent} MiB were taken");
    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 413"), "{answer}");
    let status = fs::read_to_string(format!("/proc/{}/status", serving.pid())).unwrap();
    let most = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let most: u64 = most.trim().trim_end_matches(" kB").parse().unwrap();
    assert!(most < 500_000, "it took {most} KiB");
    folder.run(&["run", "rotate-reporting-key"]).ended(0);
    serving.signal("TERM");
    serving.end().ended(0);
    folder.verifies();
}

/// Each instant is one run, and what was begun is carried on when there is room again.
fn goes_on(folder: &Folder) {
    folder.verifies();
    let mut serving = folder.start(&["serve"]);
    serving.reaches("serving");
    serving.reaches("reporting: done:");
    serving.signal("TERM");
    serving.end().ended(0);
    let ran = keys(folder);
    assert_eq!(ran.iter().collect::<BTreeSet<_>>().len(), ran.len(), "an instant had two runs: {ran:?}");
    let status = folder.status();
    assert_eq!((&status["open_intents"], &status["stuck_runs"]), (&0.into(), &0.into()), "{status}");
    folder.verifies();
}

/// Files that may not grow while rows of the scheduler, and entries, are stored: it ends with 6 and says so.
#[test]
fn a_disk_that_fills_up_while_it_serves_loses_no_trigger() {
    let mut refused = 0;
    // In units of 1024 bytes, from a log that takes no row to one that takes some rotations.
    for room in [1, 48, 160, 400] {
        let folder = scheduled("* * * * * *", "once");
        let limited = format!("trap '' XFSZ; ulimit -f {room}; exec timeout -s TERM 12 \"$BINARY\" serve");
        let told = shell(&folder, &limited);
        if told.code == 6 {
            refused += 1;
            assert!(told.err.contains("error[journal.") || told.err.contains("error[store."), "{}", told.err);
        }
        assert!([0, 1, 2, 6, 124].contains(&told.code), "{}: {}{}", told.code, told.out, told.err);
        assert!(!told.err.contains("panicked"), "{}", told.err);
        goes_on(&folder);
    }
    assert!(refused >= 2, "{refused} met the limit: the sizes fit no more");
}

/// A file system that is full to the last byte, and has room again.
#[test]
fn a_full_file_system_ends_it_and_loses_no_trigger() {
    if shell(&Folder::new(), "unshare -rm true").code != 0 {
        eprintln!("no file system can be made here; not looked at");
        return;
    }
    let folder = scheduled("* * * * * *", "once");
    let line = "exec unshare -rm bash -c 'set -e; mkdir disk; mount -t tmpfs -o size=6m,mode=700 tmpfs disk; cp -a \"$DATA\" \
                disk/data; export COUNTERSIGN_DATA=$PWD/disk/data; \"$BINARY\" serve & pid=$!; sleep 2; cat /dev/zero \
                >disk/ballast 2>/dev/null || true; (sleep 20; kill $pid 2>/dev/null) & guard=$!; set +e; wait $pid; code=$?; \
                kill $guard 2>/dev/null; rm disk/ballast; cp -a disk/data kept; exit $code'";
    let mut command = Command::new("bash");
    folder.prepare(&mut command);
    command.env("BINARY", BINARY).env("DATA", folder.data()).current_dir(folder.around()).args(["-c", line]);
    let told = crate::folder::tell(command);
    fs::remove_dir_all(folder.data()).unwrap();
    fs::rename(folder.around().join("kept"), folder.data()).unwrap();
    assert_eq!(told.code, 6, "{}{}", told.out, told.err);
    assert!(told.err.contains("error[journal."), "{}", told.err);
    goes_on(&folder);
}
