//! The end of a quickstart: the story, and the proof.

use std::path::Path;

use countersign_kernel::evidence::report::Report;
use serde::Serialize;
use serde_json::{Value, json};

use super::{Toured, When};
use crate::Installation;
use crate::cli::Stop;
use crate::cli::evidence::{signed_head, verifier_key, verify_with};
use crate::cli::report::RunReport;
use crate::cli::screen::{Screen, called, counted};
use crate::cli::stop::LEDGER;
use crate::cli::typed::folder_flag;

/// A run, and who drove it.
#[derive(Serialize)]
struct Told {
    #[serde(skip)]
    when: When,
    #[serde(flatten)]
    run: RunReport,
}

/// Verifies the ledger and tells what happened; the exit code.
pub(super) async fn finish(installation: &Installation, toured: &Toured, screen: &Screen) -> Result<u8, Stop> {
    let size = installation.store.counts().await?.entries;
    let checkpoint = installation.ledger.checkpoint_covering(size.saturating_sub(1)).await?;
    let key = verifier_key(&installation.folder)?;
    let head = signed_head(&installation.folder)?;
    let report = verify_with(&installation.store, &key, &checkpoint, (head, None)).await?;
    let mut told = Vec::new();
    for (run, when) in &toured.runs {
        let entries = installation.store.entries_of_run(run).await?;
        told.push(Told { when: *when, run: RunReport::of(run.as_str(), &entries)? });
    }
    let errors: Vec<Value> = toured.stops.iter().map(|stop| stop.to_json()["error"].clone()).collect();
    let mut document = json!({
        "runs": told,
        "ledger": {"size": report.size, "root": report.root, "verified": report.holds()},
    });
    if !errors.is_empty() {
        document["errors"] = Value::Array(errors);
    }
    screen.document(&document);
    tell(&told, &report, installation.folder.root(), screen);
    if !screen.json {
        toured.stops.iter().for_each(|stop| screen.stop(stop));
    }
    Ok(if report.holds() { toured.exit } else { LEDGER })
}

fn tell(told: &[Told], report: &Report, folder: &Path, screen: &Screen) {
    let (now, before): (Vec<&Told>, Vec<&Told>) = told.iter().partition(|told| told.when == When::Now);
    screen.say("\nwhat happened now");
    if now.is_empty() {
        screen.say("  nothing: everything was asked for before");
    }
    tell_runs(&now, screen);
    if !before.is_empty() {
        screen.say("\nwhat happened before");
    }
    tell_runs(&before, screen);
    screen.say(format!("\nledger       {} entries", report.size));
    screen.say(format!("root         {}", report.root));
    screen.say(if report.holds() {
        "verified     every hash, link and signature holds".to_owned()
    } else {
        format!(
            "NOT VERIFIED {} not hold: countersign evidence verify",
            counted(report.faults_total, "thing does", "things do")
        )
    });
    let data = folder_flag(folder);
    screen.say("\nwhat to try next");
    for (command, what) in [
        ("evidence show local/account/reporting", "the credential's story"),
        ("evidence verify", "recompute every hash, link and signature"),
        ("plan rotate-reporting-key", "what a rotation would do"),
        ("run rotate-reporting-key", "do it"),
        ("status", "what there is"),
    ] {
        let command = format!("{} {command}{data}", called());
        screen.say(format!("  {command}"));
        screen.say(format!("      {what}"));
    }
}

fn tell_runs(told: &[&Told], screen: &Screen) {
    for Told { run, .. } in told {
        screen.say_wrapped(&format!("  {:<22} {:<7} ", run.workflow, run.outcome), &in_words(run));
    }
}

fn in_words(run: &RunReport) -> String {
    let mut policies: Vec<&str> =
        run.decisions.iter().flat_map(|row| row.policies.iter().map(String::as_str)).collect();
    policies.sort_unstable();
    policies.dedup();
    let by = if policies.is_empty() { "no policy".to_owned() } else { policies.join(", ") };
    let next = if run.outcome == "stuck" { format!("; see `countersign status {}`", run.run) } else { String::new() };
    format!("{}; decided by {by}{next}", counted(run.warrants.len() as u64, "change", "changes"))
}
