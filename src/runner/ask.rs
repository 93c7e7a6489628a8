//! Asking, without changing anything: the check of a step's facts, probes, and the judging of an issued certificate.

use std::collections::BTreeMap;
use std::time::Duration;

use countersign_contract::{Material, Probe, ProbeAnswer, ProbeResult, failpoint};
use countersign_kernel::plan::snapshot::CERTIFICATE;
use countersign_kernel::plan::{Examine, facts_of};
use countersign_kernel::run::Issued;
use countersign_kernel::run::bodies::{FactBody, ProbeBody};
use countersign_kernel::x509;
use countersign_warrant::{EntryId, Kind, ResourceName, Timestamp, VersionId};
use serde_json::{Value, json as object};

use super::{Drive, DriveError, Runner};

/// How long one probe may take.
pub(super) const PROBE_TIME: Duration = Duration::from_secs(5);
/// How long to wait between two questions of one probe, in milliseconds.
const ASK_AGAIN_MS: u64 = 50;

/// A probe that is due.
pub(super) struct Asked {
    pub(super) probe: Probe,
    pub(super) connector: String,
    pub(super) expect: ProbeAnswer,
    pub(super) within_ms: u64,
    pub(super) material: Option<VersionId>,
}

impl Runner {
    /// Observes the step's facts again; a changed one is drift.
    pub(super) async fn check(
        &self,
        drive: &mut Drive,
        planned: &BTreeMap<String, Value>,
        issuer: Option<&ResourceName>,
        entry: EntryId,
    ) -> Result<(), DriveError> {
        let Some(at) = drive.run.current().cloned() else { return Err(DriveError::NoEntries) };
        let subject = self.inventory.reading(&drive.run.plan.subject.resource).await;
        let subject = subject.map_err(DriveError::Inventory)?;
        let issuer = match issuer {
            Some(issuer) => Some(self.inventory.reading(issuer).await.map_err(DriveError::Inventory)?),
            None => None,
        };
        let mut facts = facts_of(&at.action, &subject, issuer.as_ref());
        // A plan may rely on fewer facts than its kind of change has: what it changes itself before is none.
        facts.retain(|name, _| planned.contains_key(name));
        let holds = facts == *planned;
        if !holds {
            facts.insert("reason".to_owned(), object!("what the plan relies on has changed since it was made"));
        }
        let body = FactBody { step: at.step, about: "subject".to_owned(), holds, facts };
        self.write(drive, entry, Kind::Fact, &body).await
    }

    /// Asks until the needed answer comes, or the time is over: its own, or that of its step. No other answer ends it early:
    /// a target that has just changed may for a while answer as before, or not at all.
    pub(super) async fn probe(&self, drive: &mut Drive, asked: Asked, entry: EntryId) -> Result<(), DriveError> {
        let Some(step) = drive.run.current().map(|planned| planned.step.clone()) else {
            return Err(DriveError::NoEntries);
        };
        let deadline = drive.run.deadline();
        let until = self.clock.now().plus_millis(asked.within_ms);
        let cut = deadline.filter(|deadline| *deadline < until);
        let mut last: Option<ProbeResult> = None;
        let result = loop {
            let over = cut.filter(|cut| self.clock.now() >= *cut);
            if let (Some(deadline), Some(last)) = (over, &last) {
                let reason = format!("probe `{}`: {}", asked.probe.name, last.message);
                return self.write_late(drive, deadline, Some(reason)).await;
            }
            failpoint::hit("runner.before_probe");
            let result = self.ask(&asked, deadline).await?;
            let now = self.clock.now();
            if result.answer == asked.expect || (cut.is_none() && now >= until) {
                break result;
            }
            // WHY: a question that the end of the step cut off says less than the answer before it.
            last = Some(last.filter(|_| cut.is_some_and(|cut| now >= cut)).unwrap_or(result));
            let next = now.plus_millis(ASK_AGAIN_MS);
            if !self.sleep_until(cut.map_or(next, |cut| cut.min(next))).await? {
                return Ok(());
            }
        };
        let holds = result.answer == asked.expect;
        let body = ProbeBody { step, probe: asked.probe, holds, result };
        self.write(drive, entry, Kind::Probe, &body).await
    }

    async fn ask(&self, asked: &Asked, deadline: Option<Timestamp>) -> Result<ProbeResult, DriveError> {
        let instance = &asked.connector;
        let material = match &asked.material {
            Some(version) => {
                let (version, sealed) = self.sealed(version).await?;
                Some(self.opener.probe_material(&version, &sealed).map_err(DriveError::Open)?)
            }
            None => None,
        };
        let question = self.ask_once(instance, &asked.probe, material, self.time_left(deadline));
        question.await.ok_or_else(|| DriveError::NoSuchConnector(instance.clone()))
    }

    /// How long one probe may take, of a step that has so much time.
    fn time_left(&self, deadline: Option<Timestamp>) -> Duration {
        let left = deadline.map(|deadline| deadline.micros().saturating_sub(self.clock.now().micros()));
        left.map_or(PROBE_TIME, |left| Duration::from_micros(u64::try_from(left).unwrap_or(0)).min(PROBE_TIME))
    }

    /// One question; `None` where settings have no such instance.
    pub(super) async fn ask_once(
        &self,
        instance: &str,
        probe: &Probe,
        material: Option<Material>,
        time: Duration,
    ) -> Option<ProbeResult> {
        let connector = self.catalog.find(instance)?;
        #[cfg(feature = "failpoints")]
        let connector = super::faulty::around(connector);
        let answer = tokio::time::timeout(time, connector.probe(probe, material)).await;
        Some(answer.unwrap_or_else(|_| ProbeResult {
            answer: ProbeAnswer::Unknown,
            code: "probe.timed_out".to_owned(),
            message: "the target did not answer in time".to_owned(),
        }))
    }

    /// Judges the issued bytes against the plan.
    pub(super) async fn examine(
        &self,
        drive: &mut Drive,
        wanted: &Examine,
        (answer, at): (&Issued, Timestamp),
        entry: EntryId,
    ) -> Result<(), DriveError> {
        let Some(step) = drive.run.current().map(|planned| planned.step.clone()) else {
            return Err(DriveError::NoEntries);
        };
        let issuer = match &wanted.issuer {
            Some(issuer) => {
                let seen = self.inventory.observe(issuer).await.map_err(DriveError::Inventory)?;
                let pem = seen.attributes.get(CERTIFICATE).and_then(Value::as_str).map(str::to_owned);
                Some(pem.unwrap_or_default())
            }
            None => None,
        };
        let (holds, facts) = match judge(wanted, answer, issuer, at) {
            Ok(facts) => (true, facts.to_map()),
            Err(faults) => {
                let words: Vec<String> = faults.iter().map(ToString::to_string).collect();
                (false, BTreeMap::from([("reason".to_owned(), object!(words.join("; ")))]))
            }
        };
        let body = FactBody { step, about: "certificate".to_owned(), holds, facts };
        self.write(drive, entry, Kind::Fact, &body).await
    }

    /// Waits for a signed checkpoint that covers the run so far, and binds the attachments to it.
    pub(super) async fn evidence(
        &self,
        drive: &mut Drive,
        attach: BTreeMap<String, Value>,
        retain_secs: u64,
        entry: EntryId,
    ) -> Result<(), DriveError> {
        let step = drive.run.finaliser().ok_or(DriveError::NoEntries)?;
        // WHY: everything that the run wrote is committed by now, and so lies at or before the ledger's last entry.
        let last = self.store.last_index().await.map_err(DriveError::Store)?.unwrap_or(0);
        let covered = self.ledger.checkpoint_covering(last).await.map_err(DriveError::Sign)?;
        let facts = BTreeMap::from([
            ("attached".to_owned(), object!(attach)),
            ("retain_secs".to_owned(), object!(retain_secs)),
            ("checkpoint".to_owned(), object!({"size": covered.size, "root": covered.root})),
        ]);
        let body = FactBody { step, about: "evidence".to_owned(), holds: true, facts };
        self.write(drive, entry, Kind::Fact, &body).await
    }
}

/// The request is judged first: what it proves, the certificate is held to.
fn judge(
    wanted: &Examine,
    answer: &Issued,
    issuer: Option<String>,
    now: Timestamp,
) -> Result<x509::CertificateFacts, Vec<x509::Fault>> {
    let asked = x509::Asked {
        profile: wanted.profile,
        key: wanted.key,
        common_name: wanted.common_name.clone(),
        names: wanted.names.clone(),
    };
    let requested = x509::judge_request(&answer.request, &asked)?;
    let expected = x509::Expected {
        profile: wanted.profile,
        common_name: wanted.common_name.clone(),
        names: wanted.names.clone(),
        lifetime_secs: wanted.lifetime_secs,
        key: wanted.key,
        public_key_sha256: requested.public_key_sha256,
        issuer,
        now,
        renew_at: wanted.renew_at,
    };
    let facts = x509::judge_certificate(&answer.certificate, &expected)?;
    x509::judge_chain(&answer.chain, &facts)?;
    Ok(facts)
}
