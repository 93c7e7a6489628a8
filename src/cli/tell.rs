//! Entries as a person hears of them while a run goes on: one line each, in the words of the ledger.

use countersign_kernel::policy::failed_evaluation;
use countersign_kernel::run::bodies::{
    ClosedBody, FactBody, NOTICE, ProbeBody, StartedBody, VersionBody, Wait, WaitBody,
};
use countersign_warrant::{
    DecisionBody, DecodeEntryError, Finding, FindingBody, IntentBody, Kind, Moment, Origin, Outcome, ReceiptBody,
    Stamped, Verdict,
};

use super::policy::shadow_words;

/// The words of one entry; `None` for one that another entry's words tell already.
pub(super) fn text(entry: &Stamped) -> Option<String> {
    words(entry).unwrap_or_else(|error| Some(error.to_string()))
}

fn words(entry: &Stamped) -> Result<Option<String>, DecodeEntryError> {
    Ok(match entry.kind {
        Kind::Started => {
            let body: StartedBody = entry.decode()?;
            Some(format!("{} on {}", body.workflow, body.subject))
        }
        Kind::Decision => decision(&entry.decode()?),
        Kind::Intent => {
            let body: IntentBody = entry.decode()?;
            let call = &body.intent.call;
            let undo = if matches!(body.intent.origin, Origin::Undo(_)) { "undo: " } else { "" };
            Some(format!("{undo}{} {}", call.verb, call.resource))
        }
        Kind::Receipt => {
            let body: ReceiptBody = entry.decode()?;
            Some(match body.outcome {
                Outcome::Done(_) => "done".to_owned(),
                Outcome::Refused(refusal) => format!("refused ({}): {}", refusal.code, refusal.message),
                Outcome::Indeterminate(doubt) => format!("indeterminate ({}): {}", doubt.code, doubt.message),
            })
        }
        Kind::Finding => {
            let body: FindingBody = entry.decode()?;
            Some(match body.finding {
                Finding::Applied(_) => "applied: the target shows the change".to_owned(),
                Finding::NotApplied { .. } => "not applied: the target does not show the change".to_owned(),
                Finding::Declared { by, .. } => format!("declared by {by}"),
            })
        }
        Kind::Version => {
            let body: VersionBody = entry.decode()?;
            let sealed = if body.sealed.is_some() { ", sealed" } else { "" };
            Some(format!("{} is {}{sealed}", body.version, body.stage.as_str()))
        }
        Kind::Probe => {
            let body: ProbeBody = entry.decode()?;
            let planned = if body.holds { "as planned" } else { "NOT as planned" };
            Some(format!("{}: {} ({planned})", body.probe.name, body.result.message))
        }
        Kind::Fact => {
            let body: FactBody = entry.decode()?;
            (body.about != "subject" || !body.holds).then(|| fact(&body))
        }
        Kind::Wait => {
            let body: WaitBody = entry.decode()?;
            match body.wait {
                Wait::Until { at } => Some(format!("until {}", seconds(&at.to_string()))),
                Wait::Over => None,
                Wait::Person { message, .. } => Some(message),
                Wait::Answered { answer, by, .. } => Some(format!("{by} answered: {}", answer.as_str())),
            }
        }
        Kind::Closed => {
            let body: ClosedBody = entry.decode()?;
            Some(format!("{}: {}", body.outcome.as_str(), body.message))
        }
        _ => None,
    })
}

/// Allows at the act are told by the intent that follows them.
fn decision(body: &DecisionBody) -> Option<String> {
    let by = body.decision.policies.join(", ");
    let words = match (body.decision.verdict, body.moment) {
        (Verdict::Allow, Moment::Act) if body.decision.shadow.is_none() => return None,
        (Verdict::Allow, Moment::Act) => format!("allow {} right before it", body.step),
        (Verdict::Allow, Moment::Policy) => format!("allow {} by {by}", body.step),
        (Verdict::Deny, _) => denial(body, &by),
    };
    let shadow =
        body.decision.shadow.as_ref().map_or_else(String::new, |other| format!("; in shadow: {}", shadow_words(other)));
    Some(words + &shadow)
}

fn denial(body: &DecisionBody, by: &str) -> String {
    match failed_evaluation(&body.decision) {
        Some(failed) => format!("deny {}: {failed}", body.step),
        None if by.is_empty() => format!("deny {}: no policy permits it", body.step),
        None => format!("deny {} by {by}: {}", body.step, body.decision.reasons.join("; ")),
    }
}

fn fact(body: &FactBody) -> String {
    let text = |name: &str| body.facts.get(name).and_then(serde_json::Value::as_str);
    match (body.about.as_str(), body.holds) {
        ("certificate", true) => format!(
            "certificate as planned, serial {}, until {}",
            text("serial").unwrap_or("?"),
            text("not_after").map_or_else(|| "?".to_owned(), seconds)
        ),
        ("evidence", _) => {
            let size = body.facts.get("checkpoint").and_then(|checkpoint| checkpoint.get("size"));
            format!("evidence bound to the signed checkpoint of size {}", size.unwrap_or(&serde_json::Value::Null))
        }
        ("timeout", _) => {
            let deadline = text("deadline").map_or_else(|| "?".to_owned(), seconds);
            let asked = text("reason").map(|reason| format!("; {reason}")).unwrap_or_default();
            format!("{} has taken too long: it should have been over by {deadline}{asked}", body.step)
        }
        ("each", true) if body.facts.get("runs").is_some_and(|runs| *runs == serde_json::json!([])) => {
            "no subject was selected".to_owned()
        }
        ("each", true) => "every subject is done".to_owned(),
        ("each", false) => text("reason").unwrap_or("not every subject is done").to_owned(),
        ("window", true) => {
            let until = text("closes_at").map_or_else(|| "?".to_owned(), seconds);
            format!("{} is in its window, until {until}", body.step)
        }
        ("window", false) => format!("{}: its windows are closed", body.step),
        (NOTICE, true) => format!("{} was told", text("to").unwrap_or("?")),
        (NOTICE, false) => {
            format!("{} was NOT told: {}", text("to").unwrap_or("?"), text("reason").unwrap_or("?"))
        }
        (about, true) => format!("{about} as planned"),
        (about, false) => format!("{about} NOT as planned: {}", text("reason").unwrap_or("it differs")),
    }
}

/// An RFC 3339 instant without its fraction.
pub(super) fn seconds(instant: &str) -> String {
    match instant.split_once('.') {
        Some((whole, _)) => format!("{whole}Z"),
        None => instant.to_owned(),
    }
}
