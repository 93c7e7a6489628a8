//! Ready: before the move at the cursor, or between two attempts at it.

use countersign_warrant::{DecisionBody, IntentBody, Kind, Moment, Origin, Stamped, Verdict};
use serde_json::Value;

use super::bodies::{EACH, FactBody, NOTICE, ProbeBody, SkippedBody, Stage, VersionBody, Wait, WaitBody};
use super::waiting::is_timeout;
use super::{Failure, Illegal, Run, State};
use crate::plan::Does;
use crate::policy::failed_evaluation;

impl Run {
    pub(super) fn take_ready(&mut self, entry: &Stamped) -> Result<(), Illegal> {
        let Some(planned) = self.current().cloned() else { return Err(self.not_now(entry)) };
        match (entry.kind, &planned.does) {
            (Kind::Fact, _) if is_timeout(entry)? => self.take_timeout(entry),
            (Kind::Decision, Does::Judge { covers, .. }) => self.take_judged(entry, covers.len()),
            (Kind::Decision, Does::Act(_)) => self.take_decision(entry),
            (Kind::Intent, Does::Act(_)) => self.take_intent(entry),
            (Kind::Fact, Does::Notify { .. }) if entry.decode::<FactBody>()?.about == NOTICE => {
                self.advance();
                Ok(())
            }
            (Kind::Fact, Does::Window { .. } | Does::Act(_)) => self.take_window(entry),
            (Kind::Fact, Does::Check { .. } | Does::Examine(_) | Does::Each { .. } | Does::Evidence { .. }) => {
                self.take_fact(entry)
            }
            (
                Kind::Version,
                Does::Seal { .. } | Does::Activate { .. } | Does::StepDown { .. } | Does::Retire { .. },
            ) => self.take_version(entry, &planned.does),
            (Kind::Probe, Does::Probe { .. }) => self.take_probe(entry),
            (Kind::Wait, Does::Wait { .. } | Does::Window { .. }) => {
                let body: WaitBody = entry.decode()?;
                let Wait::Until { at } = body.wait else { return Err(self.not_now(entry)) };
                self.state = State::Waiting { until: at };
                Ok(())
            }
            _ => Err(self.not_now(entry)),
        }
    }

    /// The plan's skipped steps are recorded before its first move, in its order.
    pub(super) fn take_skipped(&mut self, recorded: usize, entry: &Stamped) -> Result<(), Illegal> {
        if entry.kind != Kind::Skipped {
            return Err(self.not_now(entry));
        }
        let body: SkippedBody = entry.decode()?;
        if self.plan.skipped.get(recorded).map(|skipped| &skipped.step) != Some(&body.step) {
            return Err(Self::not_planned(entry, "another step is left out, or none"));
        }
        if recorded + 1 < self.plan.skipped.len() {
            self.state = State::Skipping { recorded: recorded + 1 };
        } else {
            self.arrive();
        }
        Ok(())
    }

    /// One answer of a `policy` step. The strictest stands.
    fn take_judged(&mut self, entry: &Stamped, covered: usize) -> Result<(), Illegal> {
        let body: DecisionBody = entry.decode()?;
        let State::Ready { judged, refused } = &self.state else { return Err(self.not_now(entry)) };
        if body.moment != Moment::Policy {
            return Err(Self::not_planned(entry, "a `policy` step answers at its own moment"));
        }
        let refused = refused.clone().or_else(|| denial(&body));
        let judged = judged + 1;
        if judged < covered {
            self.state = State::Ready { judged, refused };
        } else if let Some(failure) = refused {
            self.fail(failure);
        } else {
            self.advance();
        }
        Ok(())
    }

    /// The decision right before an act; an allow is followed by its intent.
    fn take_decision(&mut self, entry: &Stamped) -> Result<(), Illegal> {
        let body: DecisionBody = entry.decode()?;
        if body.moment != Moment::Act {
            return Err(Self::not_planned(entry, "an act is judged at its own moment"));
        }
        if let Some(failure) = denial(&body) {
            self.fail(failure);
        }
        Ok(())
    }

    fn take_intent(&mut self, entry: &Stamped) -> Result<(), Illegal> {
        let body: IntentBody = entry.decode()?;
        let planned = self.current().map(|planned| planned.id.clone());
        let expected = match &self.state {
            State::Retry(last) => Origin::Retry(last.entry.clone()),
            _ => Origin::Plan,
        };
        if Some(&body.intent.step) != planned.as_ref() || body.intent.origin != expected {
            return Err(Self::not_planned(entry, "it is not the intent of the move at hand"));
        }
        self.state = State::Open(Box::new(body.intent));
        Ok(())
    }

    fn take_fact(&mut self, entry: &Stamped) -> Result<(), Illegal> {
        let body: FactBody = entry.decode()?;
        if !body.holds {
            let code = match body.about.as_str() {
                "subject" => "run.drift",
                EACH => "run.for_each",
                _ => "run.not_as_planned",
            };
            let reason = body.facts.get("reason").and_then(Value::as_str).unwrap_or("what is there is not as planned");
            self.fail(Failure::new(code, format!("{}: {reason}", body.step)));
            return Ok(());
        }
        if let Some(Does::Examine(_)) = self.current().map(|planned| &planned.does) {
            self.learn(body.facts);
        }
        self.advance();
        Ok(())
    }

    fn take_version(&mut self, entry: &Stamped, does: &Does) -> Result<(), Illegal> {
        let body: VersionBody = entry.decode()?;
        match (does, body.stage) {
            (Does::Seal { version, .. }, Stage::Pending) if *version == body.version => {
                let Some(sealed) = body.sealed else {
                    return Err(Self::not_planned(entry, "a pending version carries sealed material"));
                };
                self.learn(sealed.public);
                self.learn([("version".to_owned(), Value::String(version.to_string()))]);
                self.pending.push(body.version);
                self.advance();
            }
            (Does::Activate { previous: Some(old), .. }, Stage::Previous) if *old == body.version => {}
            (Does::Activate { version, .. }, Stage::Current) if *version == body.version => {
                self.pending.retain(|pending| *pending != body.version);
                self.advance();
            }
            (Does::StepDown { version }, Stage::Previous) if *version == body.version => self.advance(),
            (Does::Retire { version }, Stage::Retired) if *version == body.version => self.advance(),
            _ => return Err(Self::not_planned(entry, "another version or stage is planned")),
        }
        Ok(())
    }

    fn take_probe(&mut self, entry: &Stamped) -> Result<(), Illegal> {
        let body: ProbeBody = entry.decode()?;
        if body.holds {
            let answer = serde_json::to_value(body.result.answer).unwrap_or(Value::Null);
            self.learn([("verification".to_owned(), answer)]);
            self.advance();
        } else {
            let text = format!("probe `{}`: {}", body.probe.name, body.result.message);
            self.fail(Failure::new("run.probe_failed", text));
        }
        Ok(())
    }

    /// Outputs of the step at hand.
    pub(super) fn learn(&mut self, outputs: impl IntoIterator<Item = (String, Value)>) {
        let Some(step) = self.current().map(|planned| planned.step.clone()) else { return };
        for (output, value) in outputs {
            self.outputs.insert((step.clone(), output), value);
        }
    }
}

fn denial(body: &DecisionBody) -> Option<Failure> {
    if body.decision.verdict == Verdict::Allow && body.decision.errors.is_empty() {
        return None;
    }
    let policies = body.decision.policies.join(", ");
    let reasons = body.decision.reasons.join("; ");
    let message = match (failed_evaluation(&body.decision), policies.is_empty(), reasons.is_empty()) {
        (Some(failed), ..) => format!("{}: denied, as {failed}", body.step),
        (None, true, _) => format!("{}: no policy permits it", body.step),
        (None, false, true) => format!("{}: denied by {policies}", body.step),
        (None, false, false) => format!("{}: denied by {policies}: {reasons}", body.step),
    };
    Some(Failure { denied: true, ..Failure::new(body.decision.code.clone(), message) })
}
