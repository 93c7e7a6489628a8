//! What starts the runs of a workflow, and when next.

use countersign_kernel::plan::Plan;
use countersign_kernel::schedule::{Schedule, Windows};
use countersign_kernel::workflow::model::{ExpiryTrigger, Workflow};
use countersign_warrant::Timestamp;
use serde::Serialize;

use crate::cli::screen::Screen;
use crate::clock::{Clock as _, SystemClock};

/// How many coming instants are shown.
const SHOWN: usize = 3;

/// Beside the plan and outside its digest: instants depend on the day on which one asks.
#[derive(Debug, Serialize)]
pub(super) struct Starts {
    /// A person or an agent may ask.
    request: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    schedule: Option<Coming>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expiry: Option<ExpiryTrigger>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    events: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    window: Option<Opening>,
}

/// When a change may begin that is asked for now.
#[derive(Debug, Serialize)]
struct Opening {
    is_open: bool,
    opens_at: Timestamp,
    closes_at: Timestamp,
    #[serde(skip)]
    said: [String; 2],
}

/// The coming instants of a schedule.
#[derive(Debug, Serialize)]
struct Coming {
    cron: String,
    timezone: String,
    catch_up: &'static str,
    next: Vec<Instant>,
}

/// An instant of the schedule, and the one at which this subject's run is due.
#[derive(Debug, Serialize)]
struct Instant {
    at: Timestamp,
    due: Timestamp,
    #[serde(skip)]
    said: String,
}

impl Starts {
    pub(super) fn of(workflow: &Workflow, plan: &Plan) -> Self {
        let subject = plan.subject.resource.to_string();
        Self {
            request: workflow.triggers.request.is_some(),
            schedule: workflow.triggers.schedule.as_ref().map(|found| coming(found, &subject, SystemClock.now())),
            expiry: workflow.triggers.expiry,
            events: workflow.triggers.events.clone(),
            window: workflow.windows.as_ref().and_then(|windows| opening(windows, SystemClock.now())),
        }
    }

    pub(super) fn tell(&self, screen: &Screen) {
        if self.request {
            screen.say("  starts  on request");
        }
        if let Some(schedule) = &self.schedule {
            let catch_up = match schedule.catch_up {
                "all" => "; each instant that is missed runs later",
                "skip" => "; an instant that is missed is left out",
                _ => "; one run stands for the instants that are missed",
            };
            let text = format!("by schedule `{}` of {}{catch_up}", schedule.cron, schedule.timezone);
            screen.say_wrapped("  starts  ", &text);
            for instant in &schedule.next {
                screen.say(format!("          {}", instant.said));
            }
        }
        if let Some(at) = self.expiry {
            let text = format!("when {}/{} of the current version's lifetime is over", at.numerator, at.denominator);
            screen.say_wrapped("  starts  ", &text);
        }
        if !self.events.is_empty() {
            screen.say_wrapped("  starts  ", &format!("when somebody reports {}", self.events.join(", ")));
        }
        if let Some(window) = &self.window {
            let [opens, closes] = &window.said;
            let from = if window.is_open { "open now".to_owned() } else { format!("open from {opens} on") };
            screen.say_wrapped("  window  ", &format!("{from}, until {closes}"));
        }
    }
}

fn opening(windows: &Windows, now: Timestamp) -> Option<Opening> {
    let opens_at = windows.opens_at(now)?;
    let closes_at = windows.closes_at(opens_at);
    let said = [opens_at, closes_at].map(|instant| windows.civil(instant));
    Some(Opening { is_open: opens_at == now, opens_at, closes_at, said })
}

fn coming(schedule: &Schedule, subject: &str, now: Timestamp) -> Coming {
    let instants = std::iter::successors(schedule.next_after(now), |instant| schedule.next_after(*instant));
    let instant = |at: Timestamp| {
        let due = schedule.due(subject, at);
        Instant { at, due, said: schedule.civil(due) }
    };
    Coming {
        cron: schedule.cron.as_str().to_owned(),
        timezone: schedule.zone_name.clone(),
        catch_up: schedule.catch_up.as_str(),
        next: instants.take(SHOWN).map(instant).collect(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use countersign_kernel::schedule::{Cron, zone};

    use super::*;

    #[test]
    fn three_instants_are_shown_each_with_its_own_part_of_the_jitter() {
        let cron = Cron::parse("0 9 * * THU").unwrap();
        let mut schedule = Schedule::new(cron, zone("Europe/Berlin").unwrap());
        let now: Timestamp = "2026-11-26T08:00:00Z".parse().unwrap();
        let plain = coming(&schedule, "local/role/a", now);
        let said: Vec<&str> = plain.next.iter().map(|instant| instant.said.as_str()).collect();
        assert_eq!(
            said,
            ["Thu 2026-12-03 09:00:00 +01:00", "Thu 2026-12-10 09:00:00 +01:00", "Thu 2026-12-17 09:00:00 +01:00"]
        );
        schedule.jitter_ms = 1_800_000;
        let spread = coming(&schedule, "local/role/a", now);
        for (plain, spread) in plain.next.iter().zip(&spread.next) {
            assert_eq!(plain.at, spread.at);
            assert!(spread.due > spread.at && spread.due < spread.at.plus_millis(1_800_000));
        }
        assert_eq!(coming(&schedule, "local/role/a", now).next[0].due, spread.next[0].due);
    }
}
