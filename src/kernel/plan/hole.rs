//! Holes: values of a plan that only a step can know; and the values around them.

use std::collections::BTreeMap;

use countersign_warrant::{Call, StepId, Timestamp};
use serde_json::{Value, json};

/// What a step has brought about so far, by step and output.
pub type Outputs = BTreeMap<(StepId, String), Value>;

/// The output that each step with a pivot has: the stamp of the entry that says that the pivot was applied, as RFC 3339.
/// The delivery itself was never later.
pub const DELIVERED_AT: &str = "delivered_at";

/// A hole or rule that could not be filled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FillError {
    /// The step has not produced the output.
    #[error("`steps.{step}.{output}` has no value yet")]
    Empty {
        /// The step.
        step: StepId,
        /// The output.
        output: String,
    },
    /// The plan's own bytes are wrong.
    #[error("the plan holds a hole that is none: {0}")]
    Malformed(String),
}

/// The hole for `steps.<step>.<output>`.
pub fn hole(step: &StepId, output: &str) -> Value {
    json!({"$hole": {"step": step, "output": output, "type": "text"}})
}

/// Text parts, of which some may be holes, joined when they are filled.
pub fn join(parts: &[Value]) -> Value {
    json!({"$join": parts})
}

/// The value with its holes filled.
///
/// # Errors
/// When an output that a hole names is not there.
pub fn fill(value: &Value, outputs: &Outputs) -> Result<Value, FillError> {
    match value {
        Value::Object(map) => {
            if let Some(hole) = map.get("$hole") {
                return fill_hole(hole, outputs);
            }
            if let Some(Value::Array(parts)) = map.get("$join") {
                let filled: Result<Vec<String>, FillError> =
                    parts.iter().map(|part| fill(part, outputs).map(|value| as_text(&value))).collect();
                return Ok(Value::String(filled?.concat()));
            }
            let filled: Result<serde_json::Map<_, _>, FillError> =
                map.iter().map(|(key, value)| Ok((key.clone(), fill(value, outputs)?))).collect();
            filled.map(Value::Object)
        }
        Value::Array(items) => items.iter().map(|item| fill(item, outputs)).collect::<Result<_, _>>().map(Value::Array),
        plain => Ok(plain.clone()),
    }
}

fn fill_hole(hole: &Value, outputs: &Outputs) -> Result<Value, FillError> {
    let text = |key: &str| hole.get(key).and_then(Value::as_str);
    let (Some(step), Some(output)) = (text("step"), text("output")) else {
        return Err(FillError::Malformed(hole.to_string()));
    };
    let step: StepId = step.parse().map_err(|_| FillError::Malformed(hole.to_string()))?;
    let key = (step, output.to_owned());
    outputs.get(&key).cloned().ok_or(FillError::Empty { step: key.0, output: key.1 })
}

/// A value as it stands in a text.
pub fn as_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The call with its holes filled and its instants counted from the run's start.
///
/// # Errors
/// When an output that a hole names is not there.
pub fn fill_call(call: &Call, outputs: &Outputs, started_at: Timestamp) -> Result<Call, FillError> {
    let parameters: Result<BTreeMap<String, Value>, FillError> = call
        .parameters
        .iter()
        .map(|(name, value)| Ok((name.clone(), resolve_instant(fill(value, outputs)?, started_at))))
        .collect();
    Ok(Call { parameters: parameters?, ..call.clone() })
}

/// An instant rule (`+90d`, `+12h`) as the instant it means; any other value as it is.
pub fn resolve_instant(value: Value, started_at: Timestamp) -> Value {
    match value.as_str().and_then(offset_secs) {
        Some(secs) => Value::String(started_at.plus_millis(secs.saturating_mul(1000)).to_string()),
        None => value,
    }
}

/// The seconds of a rule such as `+90d`.
fn offset_secs(text: &str) -> Option<u64> {
    let rule = text.strip_prefix('+')?;
    let unit = rule.chars().last()?;
    let number: u64 = rule.strip_suffix(unit)?.parse().ok()?;
    let secs: u64 = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        'd' => 86_400,
        'y' => 31_536_000,
        _ => return None,
    };
    number.checked_mul(secs)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn holes_are_filled_wherever_they_stand() {
        let step: StepId = "issue".parse().unwrap();
        let outputs = Outputs::from([((step.clone(), "serial".to_owned()), json!("0a1b"))]);
        let value = json!({"a": [hole(&step, "serial")], "b": join(&[json!("n-"), hole(&step, "serial")]), "c": 3});
        assert_eq!(fill(&value, &outputs).unwrap(), json!({"a": ["0a1b"], "b": "n-0a1b", "c": 3}));
        let empty = fill(&hole(&step, "chain"), &outputs).unwrap_err();
        assert_eq!(empty.to_string(), "`steps.issue.chain` has no value yet");
    }

    #[test]
    fn rules_count_from_the_start() {
        let start = Timestamp::from_micros(0);
        assert_eq!(resolve_instant(json!("+1d"), start), json!("1970-01-02T00:00:00.000000Z"));
        assert_eq!(resolve_instant(json!("+x"), start), json!("+x"));
        assert_eq!(resolve_instant(json!("plain"), start), json!("plain"));
    }
}
