//! A reader of the delivered credential, who looks again and again while runs go on and die.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::target;
use crate::workflows::Subject;

/// Shorter than the shortest soak.
const LOOK_AGAIN: Duration = Duration::from_millis(4);

/// A reader at work.
pub(crate) struct Watch {
    over: Arc<AtomicBool>,
    reading: JoinHandle<Vec<String>>,
}

impl Watch {
    pub(crate) fn start(folder: PathBuf, subject: &'static Subject) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&over);
        let reading = thread::spawn(move || {
            let mut seen = Vec::new();
            let mut was_there = false;
            while !told.load(Ordering::SeqCst) {
                match target::works(&folder, subject) {
                    Some(Ok(())) => was_there = true,
                    // WHY: during a downtime nobody can; that it is over in the end is asked at the end.
                    Some(Err(_)) if subject.has_downtime => {}
                    Some(Err(why)) => seen.push(format!("in between: {why}")),
                    None if was_there => seen.push("in between: the credential was taken away".to_owned()),
                    None => {}
                }
                thread::sleep(LOOK_AGAIN);
            }
            seen.dedup();
            seen
        });
        Self { over, reading }
    }

    /// What it saw that must not be.
    pub(crate) fn stop(self) -> Vec<String> {
        self.over.store(true, Ordering::SeqCst);
        self.reading.join().expect("a reader does not panic")
    }
}
