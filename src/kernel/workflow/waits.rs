//! The waits of a run end in time: before the version in use does, and before the next run is due.
//!
//! While a run waits it holds its subject, so that nobody else replaces what ends meanwhile. What counts is what the file
//! says: waits, the publishing of a key, soaks, how long an answer is waited for, and the rests of `retry` at their longest.
//! How long calls take, and persons and machines that are not there, is not known here. What a window adds before the
//! delivery counts there only: windows have a proof of their own. What is for a failure is no part of what is proven.

use std::ops::Range;

use super::errors::{Errors, Read};
use super::model::{ExpiryTrigger, Retrying, Step, StepKind, Strategy, Triggers};
use super::schedule::in_words;
use super::tree::{Content, Node};
use super::{codes, lifetime_secs, may_follow};

/// When runs begin, and how long they may wait for a window; in milliseconds.
struct Rhythm {
    expiry: Option<ExpiryTrigger>,
    /// Two runs of the schedule are so far apart at least, and at most.
    apart_ms: Option<(u64, u64)>,
    closed_ms: u64,
}

/// A wait, and where it stands in its step.
struct Wait {
    ms: u64,
    keys: &'static [&'static str],
    /// The number of the step.
    at: usize,
}

/// The waits of a run that makes one certain change: up to its pivot, and after it.
#[derive(Default)]
struct Waits {
    before: Vec<Wait>,
    after: Vec<Wait>,
}

/// What some waits must be shorter than.
struct Limit<'w> {
    code: &'static str,
    waits: Vec<&'w Wait>,
    /// What the run does for so long.
    run: String,
    /// Its waits, and what comes to them.
    needed_ms: u64,
    /// What happens by then, and when.
    meanwhile: String,
    ms: u64,
    /// What else helps than a shorter wait.
    help: &'static str,
}

/// Refuses a run that waits until the version in use has ended, and one that is not over when the next one is due.
pub(super) fn prove(
    (triggers, closed_ms): (&Triggers, u64),
    (steps, nodes): (&[Step], &[Node]),
    sequence: &[usize],
    errors: &mut Errors<'_>,
) -> Read<()> {
    let mut told = Ok(());
    let mut rhythm = None;
    for change in steps.iter().filter(|step| step.kind.is_change() && step.on_failure.is_none()) {
        let waits = Waits::around(change, steps, sequence);
        if waits.before.is_empty() && waits.after.is_empty() {
            continue;
        }
        let rhythm = rhythm.get_or_insert_with(|| Rhythm::of(triggers, closed_ms));
        let limits = [waits.until_delivery(change, rhythm), waits.after_delivery(change, rhythm), waits.in_all(rhythm)];
        let Some(limit) = limits.into_iter().flatten().find(|limit| limit.needed_ms >= limit.ms) else { continue };
        let Some(longest) = limit.waits.iter().max_by_key(|wait| wait.ms) else { continue };
        let Some(node) = nodes.get(longest.at) else { continue };
        let key = longest.keys.last().copied().unwrap_or_default();
        let help = format!("make `{key}` shorter, {}", limit.help);
        let message = format!("{}, and {}", limit.run, limit.meanwhile);
        told = Err(errors.tell(limit.code, &longest.place(node), message, help));
    }
    told
}

impl Rhythm {
    fn of(triggers: &Triggers, closed_ms: u64) -> Self {
        let apart_ms = triggers.schedule.as_ref().and_then(|schedule| {
            let (least, most) = schedule.gaps_ms()?;
            Some((least.saturating_sub(schedule.jitter_ms), most.saturating_add(schedule.jitter_ms)))
        });
        Self { expiry: triggers.expiry, apart_ms, closed_ms }
    }
}

impl Wait {
    /// The bytes to mark: the wait itself, or the key of what holds several.
    fn place(&self, step: &Node) -> Range<usize> {
        let found = self.keys.iter().try_fold(step, |node, key| node.value(key).ok_or(node));
        let (Ok(node) | Err(node)) = found;
        if let Content::Text(_) = node.content { node.span.clone() } else { node.owner.clone() }
    }
}

fn sum_ms<'w>(waits: impl IntoIterator<Item = &'w Wait>) -> u64 {
    waits.into_iter().fold(0, |sum, wait| sum.saturating_add(wait.ms))
}

impl Waits {
    /// Those of the change, and of what is done beside it. Of other changes none is planned together with it.
    fn around(change: &Step, steps: &[Step], sequence: &[usize]) -> Self {
        let mut all = Self::default();
        let mut is_after = false;
        for at in sequence.iter().copied() {
            let Some(step) = steps.get(at).filter(|step| step.on_failure.is_none()) else { continue };
            let is_it = step.id == change.id;
            let is_beside = may_follow(&change.kind, &step.kind) || may_follow(&step.kind, &change.kind);
            if step.kind.is_change() && !is_it && !is_beside {
                continue;
            }
            let mut waits = Self::of(at, step);
            let side = if is_after { &mut all.after } else { &mut all.before };
            side.append(&mut waits.before);
            is_after |= is_it;
            let side = if is_after { &mut all.after } else { &mut all.before };
            side.append(&mut waits.after);
        }
        all
    }

    /// Those of one step.
    fn of(at: usize, step: &Step) -> Self {
        let sure = |ms, keys| Wait { ms, keys, at };
        let most = |ms: u64, keys| Wait { ms: step.timeout_ms.map_or(ms, |max| max.min(ms)), keys, at };
        let rests = |calls: usize| {
            let of_one = step.retry.map_or(0, Retrying::rests_ms_max);
            most(of_one.saturating_mul(u64::try_from(calls).unwrap_or(u64::MAX)), &["retry"])
        };
        let made = || rests(1 + step.kind.deliveries().len());
        let (mut before, mut after) = match &step.kind {
            StepKind::Provision(_) => (vec![made()], vec![]),
            StepKind::Issue(issue) | StepKind::Reissue(issue) => {
                let keys: &[_] = match step.kind {
                    StepKind::Issue(_) => &["issue", "adopted", "within"],
                    _ => &["rotate", "adopted", "within"],
                };
                (vec![made()], issue.adopted.iter().map(|seen| most(seen.within_ms, keys)).collect())
            }
            StepKind::Rotate(rotate) => {
                let (published, kept): (&[_], &[_]) = match rotate.strategy {
                    Strategy::Versioned if rotate.propagate_ms > rotate.soak_ms => {
                        (&["rotate", "cache"], &["rotate", "token_lifetime"])
                    }
                    Strategy::Versioned => (&["rotate", "token_lifetime"], &["rotate", "token_lifetime"]),
                    _ => (&[], &["rotate", "soak"]),
                };
                let ends = match rotate.strategy {
                    Strategy::InPlace | Strategy::Reissue => 0,
                    Strategy::Alternating => 1,
                    Strategy::DualSlot | Strategy::Versioned => 2,
                };
                let keys: &[_] = &["rotate", "adopted", "within"];
                let seen = rotate.adopted.iter().map(|seen| most(seen.within_ms, keys));
                let after = seen.chain([sure(rotate.soak_ms, kept), rests(ends)]).collect();
                (vec![made(), sure(rotate.propagate_ms, published)], after)
            }
            // WHY: how many versions live is not known here; one at least is disabled, and then the subject removed.
            StepKind::Deprovision(end) => (vec![rests(2), sure(end.observe_ms, &["deprovision", "observe"])], vec![]),
            StepKind::Revoke(_) | StepKind::Uses(_) => (vec![rests(1)], vec![]),
            StepKind::Check(check) => (vec![most(check.look.within_ms, &["check", "within"])], vec![]),
            StepKind::Wait(wait) => (vec![sure(wait.ms, &["wait", "for"])], vec![]),
            StepKind::Policy(_) | StepKind::Notify(_) | StepKind::Evidence(_) => (vec![], vec![]),
        };
        before.retain(|wait| wait.ms > 0);
        after.retain(|wait| wait.ms > 0);
        Self { before, after }
    }

    /// How long a version lives, and how long it lives from its delivery on.
    // WHY: the life of a secret begins with the run that makes it, that of a certificate when it is signed.
    fn lives_ms(&self, change: &Step) -> Option<(u64, u64)> {
        let whole = lifetime_secs(change)?.saturating_mul(1000);
        let gone = match change.kind {
            StepKind::Issue(_) | StepKind::Reissue(_) => 0,
            _ => sum_ms(&self.before),
        };
        Some((whole, whole.saturating_sub(gone)))
    }

    /// The version in use lives until the new one is delivered, and the new one has not ended by then.
    fn until_delivery(&self, change: &Step, rhythm: &Rhythm) -> Option<Limit<'_>> {
        let (whole_ms, lives_ms) = self.lives_ms(change)?;
        let whole = (whole_ms, format!("a version lives {}", in_words(whole_ms)), "or `lifetime` longer");
        let left = |ms, help| (ms, format!("the version in use has {} left when it begins", in_words(ms)), help);
        let (ms, meanwhile, help) = match (&change.kind, rhythm.expiry, rhythm.apart_ms) {
            // WHY: what is made new takes nobody's place; but its own life has begun.
            (StepKind::Provision(_), ..) => whole,
            // WHY: the first certificate of a subject takes no other one's place.
            (StepKind::Issue(_), None, None) => return None,
            _ if lives_ms == 0 => whole,
            (_, Some(part), _) => {
                left(lives_ms - part.of(lives_ms), "`lifetime` longer, or let `expiry` begin it earlier")
            }
            (_, None, Some((_, most))) => left(whole_ms.saturating_sub(most), "`lifetime` longer, or run more often"),
            (_, None, None) => whole,
        };
        let waits: Vec<&Wait> = self.before.iter().collect();
        let waits_ms = sum_ms(&self.before);
        // WHY: windows without a wait have a proof of their own.
        let needed_ms = if waits.is_empty() { 0 } else { waits_ms.saturating_add(rhythm.closed_ms) };
        let window = match rhythm.closed_ms {
            0 => String::new(),
            closed_ms => format!(" and for a window for up to {}", in_words(closed_ms)),
        };
        let run = format!("before its last delivery a run waits for up to {}{window}", in_words(waits_ms));
        Some(Limit { code: codes::WAIT_TOO_LONG, waits, run, needed_ms, meanwhile, ms, help })
    }

    /// The run is over when the version that it made falls due, or ends where nothing makes it due.
    fn after_delivery(&self, change: &Step, rhythm: &Rhythm) -> Option<Limit<'_>> {
        let (_, lives_ms) = self.lives_ms(change)?;
        let (ms, meanwhile) = match (rhythm.expiry, rhythm.apart_ms) {
            (Some(part), _) => {
                let due_ms = part.of(lives_ms);
                (due_ms, format!("the next one is due {} after it", in_words(due_ms)))
            }
            // WHY: the next run of the schedule is due before that.
            (None, Some(_)) => return None,
            (None, None) => (lives_ms, format!("the new version ends {} after it", in_words(lives_ms))),
        };
        let needed_ms = sum_ms(&self.after);
        let run = format!("after its last delivery a run waits for up to {}", in_words(needed_ms));
        let waits = self.after.iter().collect();
        Some(Limit { code: codes::RUN_TOO_LONG, waits, run, needed_ms, meanwhile, ms, help: "or `lifetime` longer" })
    }

    /// The run is over when the schedule begins the next one.
    fn in_all(&self, rhythm: &Rhythm) -> Option<Limit<'_>> {
        let (least_ms, _) = rhythm.apart_ms?;
        let waits: Vec<&Wait> = self.before.iter().chain(&self.after).collect();
        let needed_ms = sum_ms(waits.iter().copied());
        let run = format!("a run waits for up to {}", in_words(needed_ms));
        let meanwhile = format!("the schedule begins the next one {} after it began", in_words(least_ms));
        let help = "or run less often";
        Some(Limit { code: codes::RUN_TOO_LONG, waits, run, needed_ms, meanwhile, ms: least_ms, help })
    }
}
