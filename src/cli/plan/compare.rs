//! `plan --diff`: what differs from a plan that a run followed.

use std::collections::BTreeMap;

use countersign_kernel::plan::{Difference, Plan, differences};
use countersign_warrant::{Decision, DecisionBody, Digest, Kind, RunId, Verdict};
use serde_json::{Value, json};

use super::Judged;
use crate::cli::Stop;
use crate::cli::policy::shadow_words;
use crate::cli::screen::Screen;
use crate::cli::stop::BAD_INPUT;
use crate::store::Store;

/// An earlier plan, with what policy said of its acts when its run was on the way.
pub(super) struct Earlier {
    digest: Digest,
    run: RunId,
    plan: Plan,
    verdicts: BTreeMap<String, String>,
}

impl Earlier {
    /// The plan of that digest, as the newest run that followed it has it.
    pub(super) async fn load(store: &Store, workflow: &str, digest: &str) -> Result<Self, Stop> {
        let unknown = |message: String| {
            let help = "give the digest of a plan that a run followed, all 64 digits of it, as `countersign plan` and \
                        `countersign run --json` tell it; a plan that nothing ran is not kept";
            Stop::new(BAD_INPUT, "plan.unknown_digest", message, help)
        };
        let parsed: Digest = digest.parse().map_err(|_| unknown(format!("`{digest}` is no digest of a plan")))?;
        let of_store = |error| Stop::of("store.unreadable", &error);
        let run = store.run_of_plan(&parsed).await.map_err(of_store)?;
        let Some(run) = run else { return Err(unknown(format!("no run of this folder followed the plan `{digest}`"))) };
        if run.workflow != workflow {
            return Err(unknown(format!("the plan `{digest}` is one of `{}`, not of `{workflow}`", run.workflow)));
        }
        let blob = store.blob(&parsed).await.map_err(of_store)?;
        let plan = blob.and_then(|blob| Plan::from_bytes(blob.bytes()).ok());
        let plan = plan.ok_or_else(|| unknown(format!("the bytes of the plan `{digest}` are not there")))?;
        let mut verdicts = BTreeMap::new();
        for entry in store.entries_of_run(&run.id).await.map_err(of_store)? {
            if entry.kind == Kind::Decision
                && let Ok(body) = entry.decode::<DecisionBody>()
            {
                verdicts.insert(body.step.to_string(), in_words(&body.decision));
            }
        }
        Ok(Self { digest: parsed, run: run.id, plan, verdicts })
    }

    /// What differs in today's plan, verdicts included: those of acts that were judged then and now.
    pub(super) fn compared(&self, plan: &Plan, judged: &[Judged]) -> Vec<Difference> {
        let mut found = differences(&self.plan, plan);
        for one in judged {
            let now = one.decision.as_ref().map_or_else(|| "deny".to_owned(), in_words);
            if let Some(then) = self.verdicts.get(&one.id).filter(|then| **then != now) {
                found.push(Difference::new(&one.id, "verdict", json!(then), json!(now)));
            }
        }
        found
    }

    /// Shows them.
    pub(super) fn tell(&self, found: &[Difference], screen: &Screen) {
        screen.say(format!("compared with {}, which run {} followed:", self.digest, self.run));
        if found.is_empty() {
            screen.say("  nothing differs");
        }
        let widest = found.iter().map(|one| one.at.len()).max().unwrap_or_default();
        for one in found {
            let first = format!("  {:<widest$}  ", one.at);
            screen.say_wrapped(&first, &format!("{}: {} -> {}", one.what, shown(&one.before), shown(&one.after)));
        }
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn in_words(decision: &Decision) -> String {
    let word = if decision.verdict == Verdict::Allow { "allow" } else { "deny" };
    let words = match decision.policies.as_slice() {
        [] => format!("{word}: no policy"),
        policies => format!("{word} by {}", policies.join(", ")),
    };
    match &decision.shadow {
        Some(other) => format!("{words} (in shadow: {})", shadow_words(other)),
        None => words,
    }
}
