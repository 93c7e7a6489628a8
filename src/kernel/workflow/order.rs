//! The order of the steps: that of the file, unless `needs` says otherwise.
//!
//! A step without `needs` comes after the step before it in the file. What stands on every way to a step is what it
//! needs, and what that needs in turn; of steps that are free to go, the one that stands first in the file goes first.

use std::collections::BTreeSet;

use super::codes;
use super::errors::{Errors, Read};
use super::scalar::shortened;
use super::scope::Outline;
use super::table::items;
use super::tree::{Content, Node};
use super::{on_failure, suggest};

/// Steps by their place in the file.
#[derive(Debug)]
pub(super) struct Order {
    /// For each step, those that are over before it starts, however it is come to.
    pub(super) after: Vec<BTreeSet<usize>>,
    /// The order in which they run.
    pub(super) sequence: Vec<usize>,
    /// Of a step that runs only after another one failed, that one.
    pub(super) failed: Vec<Option<usize>>,
}

/// Reads every `needs`. A step without a readable id has been told; there is no order then.
pub(super) fn order(nodes: &[Node], outlines: &[Outline], errors: &mut Errors<'_>) -> Read<Order> {
    let failed: Vec<Option<usize>> =
        nodes.iter().map(|node| on_failure::owner(node, outlines, errors)).collect::<Read<_>>()?;
    let mut needs = Vec::new();
    for (at, node) in nodes.iter().enumerate() {
        let before = (0..at).rev().find(|before| failed.get(*before).is_some_and(Option::is_none));
        needs.push(match (needs_of(node), failed.get(at).copied().flatten()) {
            // WHY: it has the place of the step that failed, and comes after what runs then before it.
            (_, Some(owner)) => {
                Ok((0..at).filter(|other| failed.get(*other) == Some(&Some(owner))).chain([owner]).collect())
            }
            (Some(said), None) => read(said, outlines, errors),
            (None, None) => Ok(before.into_iter().collect()),
        });
    }
    let needs: Vec<BTreeSet<usize>> = needs.into_iter().collect::<Read<_>>()?;
    on_failure::check_needs(nodes, &needs, &failed, outlines, errors)?;
    for outline in outlines {
        outline.id.as_ref().map_err(|told| *told)?;
    }
    let mut after: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); needs.len()];
    let mut sequence = Vec::new();
    while let Some(next) = next_of(&needs, &sequence) {
        let own = needs.get(next).cloned().unwrap_or_default();
        let inherited: BTreeSet<usize> = own.iter().filter_map(|at| after.get(*at)).flatten().copied().collect();
        if let Some(place) = after.get_mut(next) {
            *place = own.into_iter().chain(inherited).collect();
            // WHY: what failed is not over: nothing of it can be relied on.
            if let Some(owner) = failed.get(next).copied().flatten() {
                place.remove(&owner);
            }
        }
        sequence.push(next);
    }
    match (0..needs.len()).find(|at| !sequence.contains(at)) {
        None => Ok(Order { after, sequence, failed }),
        Some(at) => {
            let cycle = cycle_from(at, &needs, &sequence);
            let names: Vec<String> =
                cycle.iter().filter_map(|at| outlines.get(*at).map(|outline| outline.name(*at))).collect();
            let message = format!("these steps wait for each other: {}", names.join(" -> "));
            let help = "take one of the `needs` out; a step without `needs` comes after the step before it";
            let place = cycle.first().and_then(|at| outlines.get(*at)).map(|outline| outline.at.clone());
            Err(errors.tell(codes::CYCLIC_NEEDS, &place.unwrap_or_default(), message, help))
        }
    }
}

fn needs_of(node: &Node) -> Option<&Node> {
    let Content::Map(entries) = &node.content else { return None };
    entries.iter().find(|(key, _)| key.content.text() == Some("needs")).map(|(_, value)| value)
}

fn read(node: &Node, outlines: &[Outline], errors: &mut Errors<'_>) -> Read<BTreeSet<usize>> {
    let mut found = BTreeSet::new();
    let mut told = Ok(());
    for item in items(node, "[gate]", errors)? {
        let name = super::scalar::text(item, errors)?;
        let known = || outlines.iter().filter_map(|outline| outline.id.as_ref().ok());
        let at = outlines.iter().position(|outline| outline.id.as_ref().is_ok_and(|id| id.as_str() == name));
        found.extend(at);
        if at.is_none() {
            let message = format!("there is no step `{}`", shortened(name));
            let help = suggest::help(name, known().map(countersign_warrant::StepId::as_str));
            told = Err(errors.tell(codes::UNKNOWN_STEP, &item.span, message, help));
        }
    }
    told.map(|()| found)
}

/// The first step in the file that is free to go.
fn next_of(needs: &[BTreeSet<usize>], gone: &[usize]) -> Option<usize> {
    let is_free = |at: &usize| {
        !gone.contains(at) && needs.get(*at).is_some_and(|needs| needs.iter().all(|need| gone.contains(need)))
    };
    (0..needs.len()).find(is_free)
}

/// A cycle that the step waits for: from each step to one that it needs and that never goes.
fn cycle_from(at: usize, needs: &[BTreeSet<usize>], gone: &[usize]) -> Vec<usize> {
    let mut way = vec![at];
    loop {
        let here = way.last().copied().unwrap_or(at);
        let next = needs.get(here).and_then(|needs| needs.iter().find(|need| !gone.contains(need)).copied());
        let Some(next) = next else { return way };
        if let Some(start) = way.iter().position(|passed| *passed == next) {
            let mut cycle = way.split_off(start);
            cycle.push(next);
            return cycle;
        }
        way.push(next);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use crate::workflow::parse;
    use crate::workflow::tests::known::with_known;

    /// Ids in the order in which they run, each with those that stand before it.
    fn ordered(steps: &str) -> Vec<(String, Vec<String>)> {
        let text = format!(
            "apiVersion: countersign/v1\nkind: Workflow\nmetadata: {{name: n, owner: {{team: t, person: d@example.com}}, \
             purpose: p}}\nsubject: {{connector: local, kind: account, name: a}}\non: {{request: {{}}}}\nsteps:\n{steps}"
        );
        let read = with_known(|known| parse("w.yaml", text.as_bytes(), known));
        let workflow = read.unwrap_or_else(|found| panic!("{found:#?}"));
        let ids = |step: &crate::workflow::model::Step| step.after.iter().map(ToString::to_string).collect();
        workflow.steps.iter().map(|step| (step.id.to_string(), ids(step))).collect()
    }

    const ROTATE: &str = "rotate: {strategy: dual_slot, generate: {length: 43, alphabet: hex}, distribute: [{to: \
                          files/client, path: a, fields: {key: \"${{ steps.rotate.key }}\"}}], soak: 1s}";

    #[test]
    fn steps_run_in_file_order_unless_needs_says_otherwise() {
        let plain = format!(
            "  - {{id: gate, policy: {{action: rotate}}}}\n  - id: rotate\n    {ROTATE}\n  - {{id: seal, evidence: {{retain: 1y}}}}\n"
        );
        let names = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>();
        let expected = vec![
            ("gate".to_owned(), names(&[])),
            ("rotate".to_owned(), names(&["gate"])),
            ("seal".to_owned(), names(&["gate", "rotate"])),
        ];
        assert_eq!(ordered(&plain), expected);
        let turned = format!(
            "  - {{id: seal, needs: [rotate], evidence: {{retain: 1y}}}}\n  - id: rotate\n    needs: [gate]\n    {ROTATE}\n  \
             - {{id: gate, needs: [], policy: {{action: rotate}}}}\n"
        );
        assert_eq!(ordered(&turned), expected);
    }

    #[test]
    fn of_free_steps_the_first_in_the_file_goes_first() {
        let text = format!(
            "  - {{id: gate, policy: {{action: rotate}}}}\n  - {{id: late, needs: [rotate], wait: {{for: 1s}}}}\n  - id: \
             rotate\n    needs: [gate]\n    {ROTATE}\n  - {{id: early, needs: [], wait: {{for: 1s}}}}\n  - {{id: seal, needs: \
             [late, early], evidence: {{retain: 1y}}}}\n"
        );
        let order: Vec<String> = ordered(&text).into_iter().map(|(id, _)| id).collect();
        assert_eq!(order, ["gate", "rotate", "late", "early", "seal"]);
    }
}
