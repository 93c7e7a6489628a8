//! The built binary as a child: where it dies, what fails in it, and what it said.

use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// Nothing here takes so long; what does hangs.
const PATIENCE: Duration = Duration::from_mins(2);

/// How many children there are at once, whatever number of tests goes on: many wait for a deadline, and so many more
/// than there are processors would miss it.
const CHILDREN: usize = 4;

static ROOM: (Mutex<usize>, Condvar) = (Mutex::new(CHILDREN), Condvar::new());

/// A place among the children, given back when dropped.
struct Place;

impl Place {
    fn take() -> Self {
        let room = ROOM.0.lock().expect("no holder panics");
        *ROOM.1.wait_while(room, |room| *room == 0).expect("no holder panics") -= 1;
        Self
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        *ROOM.0.lock().expect("no holder panics") += 1;
        ROOM.1.notify_one();
    }
}

/// What goes wrong in a child; nothing, by default.
#[derive(Debug, Clone, Default)]
pub(crate) struct Faults {
    /// `COUNTERSIGN_CRASH_AT`.
    pub(crate) crash_at: Option<String>,
    /// `COUNTERSIGN_FAIL_CALL`.
    pub(crate) fail_call: Option<String>,
    /// `COUNTERSIGN_FAIL_PROBE`.
    pub(crate) fail_probe: Option<String>,
    /// `COUNTERSIGN_COMMIT_TWICE`.
    pub(crate) commit_twice: Option<String>,
    /// A signal that no code of ours sees, after so long.
    pub(crate) killed_after: Option<Duration>,
    /// Ctrl-C, after so long each.
    pub(crate) interrupted_after: &'static [Duration],
}

impl Faults {
    pub(crate) fn crash(at: &str) -> Self {
        Self { crash_at: Some(at.to_owned()), ..Self::default() }
    }

    pub(crate) fn call(fault: &str) -> Self {
        Self { fail_call: Some(fault.to_owned()), ..Self::default() }
    }

    /// Says which points are passed.
    pub(crate) fn listing(self) -> Self {
        Self { crash_at: Some("list".to_owned()), ..self }
    }
}

/// How a child ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// None where a signal ended it.
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ended {
    /// The crash point at which it died.
    pub(crate) fn crashed_at(&self) -> Option<&str> {
        self.err.lines().find_map(|line| line.strip_prefix("crashed at "))
    }

    /// The crash points that it passed, in order.
    pub(crate) fn passed(&self) -> Vec<String> {
        self.err.lines().filter_map(|line| line.strip_prefix("passed ")).map(str::to_owned).collect()
    }

    /// The points passed after the first fault on purpose.
    pub(crate) fn passed_since_fault(&self) -> Vec<String> {
        let since = self.err.lines().skip_while(|line| !line.starts_with("failed "));
        since.filter_map(|line| line.strip_prefix("passed ")).map(str::to_owned).collect()
    }

    /// True when an attempt overran its deadline, or panicked.
    pub(crate) fn lost_an_attempt(&self) -> bool {
        self.err.contains("attempt ended without a receipt")
    }

    /// How many calls and questions failed on purpose.
    pub(crate) fn failed(&self) -> usize {
        self.err.lines().filter(|line| line.starts_with("failed ")).count()
    }
}

/// Runs the binary on a data folder, to whatever end.
pub(crate) fn countersign(folder: &Path, words: &[&str], faults: &Faults) -> Ended {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    command.args(words).arg("--data").arg(folder).env_clear().env("NO_COLOR", "1");
    let given = [
        ("COUNTERSIGN_CRASH_AT", &faults.crash_at),
        ("COUNTERSIGN_FAIL_CALL", &faults.fail_call),
        ("COUNTERSIGN_FAIL_PROBE", &faults.fail_probe),
        ("COUNTERSIGN_COMMIT_TWICE", &faults.commit_twice),
    ];
    for (name, value) in given {
        if let Some(value) = value {
            command.env(name, value);
        }
    }
    let _place = Place::take();
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary starts");
    let out = drained(child.stdout.take().expect("piped"));
    let err = drained(child.stderr.take().expect("piped"));
    let code = wait(&mut child, words, faults);
    let text = |drained: thread::JoinHandle<String>| drained.join().expect("a reader does not panic");
    Ended { code, out: text(out), err: text(err) }
}

fn wait(child: &mut Child, words: &[&str], faults: &Faults) -> Option<i32> {
    let started = Instant::now();
    let mut interrupts = faults.interrupted_after.iter().peekable();
    loop {
        if let Some(status) = child.try_wait().expect("a child can be waited for") {
            return status.code();
        }
        let ran = started.elapsed();
        if interrupts.next_if(|after| ran >= **after).is_some() {
            let sent = Command::new("kill").args(["-s", "INT", &child.id().to_string()]).status();
            assert!(sent.expect("kill is there").success(), "{words:?} ended before it was interrupted");
        }
        if faults.killed_after.is_some_and(|after| ran >= after) || ran >= PATIENCE {
            child.kill().expect("our own child");
            child.wait().expect("a child can be waited for");
            assert!(ran < PATIENCE, "{words:?} hangs with {faults:?}");
            return None;
        }
        thread::sleep(Duration::from_millis(2));
    }
}

fn drained(mut pipe: impl Read + Send + 'static) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        pipe.read_to_end(&mut bytes).expect("a pipe can be read");
        String::from_utf8_lossy(&bytes).into_owned()
    })
}
