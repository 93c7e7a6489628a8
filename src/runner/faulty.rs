//! Calls and questions that fail on purpose, for the crash suite: with the feature `failpoints` alone.
//!
//! `COUNTERSIGN_FAIL_CALL` is a list such as `2:refused,3+:not_applied`: the second call of this process, and every
//! one from the third on. `COUNTERSIGN_FAIL_PROBE` is one such as `login:2:unknown`: the second question of that name.
//! Each fault is told on standard error as `failed <what> <number>: <lie>`.

use std::collections::BTreeMap;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use countersign_contract::{
    BoxFuture, Connector, Cursor, Doubt, Eyes, Hands, Manifest, Material, Observation, ObserveError, Outcome, Page,
    Probe, ProbeAnswer, ProbeResult, Receipt, Refusal, RefusalClass, Scope, Subject, Warrant, failpoint,
};

static CALLS: AtomicU64 = AtomicU64::new(0);
static QUESTIONS: Mutex<BTreeMap<String, u64>> = Mutex::new(BTreeMap::new());

/// The connector, with the chosen calls and questions failing.
pub(super) fn around(inner: Arc<dyn Connector>) -> Arc<dyn Connector> {
    Arc::new(Faulty { inner })
}

struct Faulty {
    inner: Arc<dyn Connector>,
}

/// How the `number`-th of something fails by `faults`, if it does; `what` stands before the numbers.
fn lie_in(faults: &str, what: &str, number: u64) -> Option<String> {
    faults.split(',').find_map(|fault| {
        let (at, lie) = fault.strip_prefix(what)?.rsplit_once(':')?;
        let chosen = match at.strip_suffix('+') {
            Some(from) => from.parse::<u64>().is_ok_and(|from| number >= from),
            None => at.parse() == Ok(number),
        };
        chosen.then(|| lie.to_owned())
    })
}

fn lie_of_call(verb: &str) -> Option<String> {
    let number = CALLS.fetch_add(1, Ordering::SeqCst) + 1;
    let lie = lie_in(&std::env::var("COUNTERSIGN_FAIL_CALL").ok()?, "", number)?;
    failpoint::say(&format!("failed {verb} {number}: {lie}\n"));
    Some(lie)
}

fn lie_of_probe(name: &str) -> Option<String> {
    let mut questions = QUESTIONS.lock().unwrap_or_else(PoisonError::into_inner);
    let number = questions.entry(name.to_owned()).or_default();
    *number += 1;
    let lie = lie_in(&std::env::var("COUNTERSIGN_FAIL_PROBE").ok()?, &format!("{name}:"), *number)?;
    failpoint::say(&format!("failed {name} {number}: {lie}\n"));
    Some(lie)
}

fn doubt() -> Doubt {
    Doubt { code: "faulty.lost".to_owned(), message: "the call, or its answer, was lost".to_owned() }
}

/// A receipt that never comes.
async fn silence() -> Receipt {
    std::future::pending().await
}

impl Faulty {
    async fn fail(&self, lie: &str, warrant: Warrant, hands: Hands) -> Receipt {
        let message = "refused on purpose".to_owned();
        let class = if lie == "throttled" { RefusalClass::Throttled } else { RefusalClass::Permanent };
        let refusal = Refusal { class, code: "faulty.refused".to_owned(), message };
        match lie {
            "applied" => self.inner.act(warrant, hands).await.doubted(doubt()),
            "refused" | "throttled" => warrant.settle(Outcome::Refused(refusal)),
            "panic" => resume_unwind(Box::new("on purpose")),
            "panic_applied" => {
                drop(self.inner.act(warrant, hands).await);
                resume_unwind(Box::new("on purpose"))
            }
            "hang" => silence().await,
            "hang_applied" => {
                drop(self.inner.act(warrant, hands).await);
                silence().await
            }
            _ => warrant.settle(Outcome::Indeterminate(doubt())),
        }
    }
}

impl Connector for Faulty {
    fn manifest(&self) -> &Manifest {
        self.inner.manifest()
    }

    fn list<'a>(
        &'a self,
        scope: &'a Scope,
        eyes: Eyes,
        from: Option<Cursor>,
    ) -> BoxFuture<'a, Result<Page, ObserveError>> {
        self.inner.list(scope, eyes, from)
    }

    fn observe<'a>(&'a self, subject: &'a Subject, eyes: Eyes) -> BoxFuture<'a, Result<Observation, ObserveError>> {
        self.inner.observe(subject, eyes)
    }

    fn probe<'a>(&'a self, probe: &'a Probe, material: Option<Material>) -> BoxFuture<'a, ProbeResult> {
        let answer = match lie_of_probe(&probe.name).as_deref() {
            None => return self.inner.probe(probe, material),
            Some("accepted") => ProbeAnswer::Accepted,
            Some("refused") => ProbeAnswer::Refused,
            Some(_) => ProbeAnswer::Unknown,
        };
        let code = "faulty.answer".to_owned();
        Box::pin(async move { ProbeResult { answer, code, message: "answered on purpose".to_owned() } })
    }

    fn act(&self, warrant: Warrant, hands: Hands) -> BoxFuture<'_, Receipt> {
        match lie_of_call(&warrant.intent().call.verb) {
            None => self.inner.act(warrant, hands),
            Some(lie) => Box::pin(async move { self.fail(&lie, warrant, hands).await }),
        }
    }
}
