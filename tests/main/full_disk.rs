//! A disk that fills up while entries are appended: nothing half done, and it goes on when there is room.

use std::fs;
use std::process::Command;

use crate::folder::{BINARY, Folder, Told, tell};

const ROTATE: &str = "run rotate-reporting-key";

/// Runs the shell's line with the binary as `$BINARY`.
pub(crate) fn shell(folder: &Folder, line: &str) -> Told {
    let mut command = Command::new("bash");
    folder.prepare(&mut command);
    command.env("BINARY", BINARY).env("DATA", folder.data()).args(["-c", line]);
    tell(command)
}

/// The client's key still works: a rotation that verifies, proves and retires needs it, and comes to its end.
fn goes_on(folder: &Folder) {
    folder.verifies();
    let open = folder.status()["open_runs"].as_u64().unwrap();
    let told = folder.run(&["run", "rotate-reporting-key"]).ended(0);
    assert_eq!(told.out.matches("was left open; carrying it on").count() as u64, open);
    let status = folder.status();
    assert_eq!(
        (&status["open_runs"], &status["open_intents"], &status["stuck_runs"]),
        (&0.into(), &0.into(), &0.into())
    );
    folder.verifies();
}

#[test]
fn files_that_may_not_grow_stop_a_run_and_half_do_nothing() {
    let (mut refused, mut open) = (0, 0);
    // In units of 1024 bytes, from a log that takes nothing to one that takes most of a rotation.
    for room in [1, 16, 64, 128, 256, 384] {
        let folder = Folder::toured();
        let before = folder.status();
        let told = shell(&folder, &format!("trap '' XFSZ; ulimit -f {room}; exec \"$BINARY\" {ROTATE}"));
        if told.code == 0 {
            goes_on(&folder);
            continue;
        }
        refused += 1;
        assert!([1, 2, 6].contains(&told.code), "{}: {}{}", told.code, told.out, told.err);
        assert!(told.err.contains("error[") && !told.err.contains("panicked"), "{}", told.err);
        let after = folder.status();
        open += after["open_runs"].as_u64().unwrap();
        if after["open_runs"] == 0 {
            assert_eq!(after["versions"], before["versions"]);
        }
        goes_on(&folder);
    }
    assert!(refused >= 2 && open >= 1, "{refused} refused, {open} open: the sizes fit the rotation no more");
}

#[test]
fn a_full_file_system_stops_a_run_and_half_does_nothing() {
    // A file system of one's own needs a name space of one's own; where that is forbidden, the test above stands alone.
    let allowed = shell(&Folder::new(), "unshare -rm true");
    if allowed.code != 0 {
        eprintln!("no file system can be made here: {}", allowed.err);
        return;
    }
    let mut refused = 0;
    for spare in [0, 40, 200] {
        let folder = Folder::toured();
        let kept = folder.around().join("kept");
        let line = format!(
            "exec unshare -rm bash -c 'set -e; mkdir disk; mount -t tmpfs -o size=4m,mode=700 tmpfs disk; cp -a \
             \"$DATA\" disk/data; export COUNTERSIGN_DATA=$PWD/disk/data; cat /dev/zero >disk/ballast 2>/dev/null || \
             true; truncate -s -{spare}k disk/ballast; set +e; \"$BINARY\" {ROTATE}; code=$?; rm disk/ballast; cp -a \
             disk/data kept; exit $code'"
        );
        let mut command = Command::new("bash");
        folder.prepare(&mut command);
        command.env("BINARY", BINARY).env("DATA", folder.data()).current_dir(folder.around()).args(["-c", &line]);
        let told = tell(command);
        fs::remove_dir_all(folder.data()).unwrap();
        fs::rename(kept, folder.data()).unwrap();
        if told.code != 0 {
            refused += 1;
            assert!([1, 2, 6].contains(&told.code), "{}: {}{}", told.code, told.out, told.err);
            assert!(told.err.contains("error[") && !told.err.contains("panicked"), "{}", told.err);
        }
        goes_on(&folder);
    }
    assert!(refused >= 1, "the disk was never full");
}
