//! What differs between two plans, move by move: calls, facts, versions, inputs. For whoever looked at one of them.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::model::{Does, Move, Plan};

/// One difference.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    /// A move's id, or `plan` for what belongs to none.
    pub at: String,
    /// Which part, as a path such as `call.parameters.level`; `move` where one of the plans has the move alone, `order`
    /// where moves have changed places.
    pub what: String,
    /// As it was; null where it was not there.
    pub before: Value,
    /// As it is; null where it is not there any more.
    pub after: Value,
}

impl Difference {
    /// A difference at a place.
    pub fn new(at: &str, what: &str, before: Value, after: Value) -> Self {
        Self { at: at.to_owned(), what: what.to_owned(), before, after }
    }
}

/// Every difference, in the order of the moves; none for plans of one digest.
pub fn differences(before: &Plan, after: &Plan) -> Vec<Difference> {
    let mut found = parts("plan", &without_moves(before), &without_moves(after));
    let earlier = |id: &str| before.moves.iter().find(|planned| planned.id.as_str() == id);
    let later = |id: &str| after.moves.iter().find(|planned| planned.id.as_str() == id);
    for planned in &before.moves {
        let id = planned.id.as_str();
        found.extend(match later(id) {
            Some(now) => parts(id, &as_json(planned), &as_json(now)),
            None => vec![Difference::new(id, "move", in_words(planned), Value::Null)],
        });
    }
    for planned in after.moves.iter().filter(|planned| earlier(planned.id.as_str()).is_none()) {
        found.push(Difference::new(planned.id.as_str(), "move", Value::Null, in_words(planned)));
    }
    let order = |moves: &[Move], is_kept: &dyn Fn(&str) -> bool| -> Vec<String> {
        moves.iter().map(|planned| planned.id.to_string()).filter(|id| is_kept(id)).collect()
    };
    let was = order(&before.moves, &|id| later(id).is_some());
    let is = order(&after.moves, &|id| earlier(id).is_some());
    if was != is {
        found.push(Difference::new("plan", "order", json!(was), json!(is)));
    }
    found
}

fn without_moves(plan: &Plan) -> Value {
    as_json(&Plan { moves: Vec::new(), ..plan.clone() })
}

/// A plan's parts always have a JSON form: their keys are texts and their numbers are finite. The plans within a plan
/// stand by their subjects, and their moves by their ids, so that what differs has a name.
fn as_json<T: Serialize>(part: &T) -> Value {
    let mut value = serde_json::to_value(part).unwrap_or(Value::Null);
    if let Some(runs) = value.get_mut("runs")
        && let Some(plans) = runs.as_array()
    {
        *runs = plans.iter().map(by_name).collect::<Map<_, _>>().into();
    }
    name_consumers(&mut value);
    value
}

/// Whoever reads stands by the place where he does.
fn name_consumers(plan: &mut Value) {
    let Some(consumers) = plan.get_mut("consumers") else { return };
    let named = consumers.as_array_mut().map(std::mem::take).unwrap_or_default().into_iter().map(|mut one| {
        let sink = one.as_object_mut().and_then(|one| one.remove("sink"));
        (sink.as_ref().and_then(Value::as_str).unwrap_or_default().to_owned(), one)
    });
    *consumers = named.collect::<Map<_, _>>().into();
}

fn by_name(plan: &Value) -> (String, Value) {
    let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
    let mut plan = plan.clone();
    let subject = text(plan.get("subject").and_then(|subject| subject.get("resource")));
    if let Some(moves) = plan.get_mut("moves")
        && let Some(all) = moves.as_array()
    {
        *moves = all.iter().map(|planned| (text(planned.get("id")), planned.clone())).collect::<Map<_, _>>().into();
    }
    name_consumers(&mut plan);
    (subject, plan)
}

/// What a move does, short.
fn in_words(planned: &Move) -> Value {
    match &planned.does {
        Does::Act(act) => json!(format!("{} {}", act.call.verb, act.call.resource)),
        _ => as_json(planned).get("does").cloned().unwrap_or(Value::Null),
    }
}

/// The leaves in which two values differ; a list is one leaf.
fn parts(at: &str, before: &Value, after: &Value) -> Vec<Difference> {
    let (mut was, mut is) = (BTreeMap::new(), BTreeMap::new());
    leaves(before, String::new(), &mut was);
    leaves(after, String::new(), &mut is);
    let mut paths: Vec<&String> = was.keys().chain(is.keys()).collect();
    paths.sort();
    paths.dedup();
    let value = |of: &BTreeMap<String, Value>, path: &String| of.get(path).cloned().unwrap_or(Value::Null);
    let differing = paths.into_iter().filter(|path| was.get(*path) != is.get(*path));
    differing.map(|path| Difference::new(at, path, value(&was, path), value(&is, path))).collect()
}

fn leaves(value: &Value, path: String, into: &mut BTreeMap<String, Value>) {
    match value {
        Value::Object(map) if !map.contains_key("$hole") && !map.contains_key("$join") => {
            for (key, below) in map {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                leaves(below, path, into);
            }
        }
        leaf => drop(into.insert(path, leaf.clone())),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::plan::fixture::{planned, rotate, rotate_role};
    use crate::workflow::model::{StepKind, Strategy};

    fn lines(found: &[Difference]) -> Vec<String> {
        found.iter().map(|one| format!("{} {} {} -> {}", one.at, one.what, one.before, one.after)).collect()
    }

    #[test]
    fn one_plan_does_not_differ_from_itself() {
        let plan = planned(&rotate(), 1).unwrap();
        assert_eq!(differences(&plan, &plan.clone()), []);
    }

    #[test]
    fn inputs_facts_and_parameters_are_told_where_they_stand() {
        let before = planned(&rotate(), 1).unwrap();
        let mut workflow = rotate();
        if let StepKind::Rotate(step) = &mut workflow.steps[1].kind {
            step.soak_ms = 70;
        }
        let mut after = planned(&workflow, 1).unwrap();
        after.inputs.insert("reason".to_owned(), json!("why"));
        let told = lines(&differences(&before, &after));
        for line in ["plan inputs.reason null -> \"why\"", "rotate.soak ms 50 -> 70"] {
            assert!(told.contains(&line.to_owned()), "{line} in {told:?}");
        }
    }

    #[test]
    fn moves_that_come_go_and_change_places_are_told() {
        let before = planned(&rotate_role(Strategy::Alternating), 1).unwrap();
        let after = planned(&rotate_role(Strategy::InPlace), 1).unwrap();
        let told = lines(&differences(&before, &after));
        for line in [
            "rotate.stage move \"password_stage local/role/reporting\" -> null",
            "rotate.soak move \"wait\" -> null",
            "rotate.replace move null -> \"password_replace local/role/reporting\"",
        ] {
            assert!(told.contains(&line.to_owned()), "{line} in {told:#?}");
        }
        let mut turned = before.clone();
        turned.moves.swap(1, 2);
        assert_eq!(differences(&before, &turned).iter().map(|one| one.what.as_str()).collect::<Vec<_>>(), ["order"]);
    }
}
