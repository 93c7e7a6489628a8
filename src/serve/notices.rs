//! Telling owners beforehand that a run is due (beh:R20). It changes nothing: what is due begins whether anybody heard of it.

use std::time::Duration;

use countersign_kernel::run::bodies::NoticeBody;
use countersign_warrant::Timestamp;
use serde_json::json;

use super::{Current, ServeError};
use crate::Installation;
use crate::runner;
use crate::scheduler::next_notice;
use crate::store::DueRow;

/// How often a notice is sent that nobody takes, and how long to rest between two attempts.
const ATTEMPTS: u32 = 3;
const REST: Duration = Duration::from_secs(1);

/// Tells whoever the row's workflow names, and has the row go on to its next notice.
// CRASH: sent, then recorded, then the row: who comes here again sends the same notice under the same id.
pub(super) async fn tell(
    installation: &Installation,
    current: &Current,
    row: DueRow,
    now: Timestamp,
) -> Result<(), ServeError> {
    let workflow = current.active.set.workflows.get(&row.workflow);
    let notices = workflow.and_then(|workflow| workflow.notices.as_ref().map(|notices| (workflow, notices)));
    let (Some((workflow, notices)), Some(due_at)) = (notices, row.at) else {
        let then = DueRow { notice_at: None, ..row.clone() };
        return Ok(installation.ledger.move_due(row, then).await?);
    };
    let id = format!("notice-{}-{}-{}", row.workflow, row.kind.as_str(), row.notice_at.unwrap_or(now).micros());
    let body = json!({
        "id": id, "at": now, "workflow": row.workflow, "subject": row.subject, "team": workflow.metadata.team,
        "by": row.kind.as_str(), "due_at": due_at, "text": notices.text,
    });
    let sent = match installation.catalog.webhooks().get(&notices.to) {
        Some(webhook) => {
            let mut sent = runner::tell(webhook, &id, now, &body).await;
            for _ in 1..ATTEMPTS {
                if sent.is_ok() {
                    break;
                }
                tokio::time::sleep(REST).await;
                sent = runner::tell(webhook, &id, now, &body).await;
            }
            sent
        }
        None => Err("settings name no such webhook any more".to_owned()),
    };
    let body = NoticeBody {
        workflow: row.workflow.clone(),
        subject: row.subject.clone(),
        due_at,
        to: notices.to.clone(),
        reason: sent.err(),
    };
    installation.ledger.append_notice_sent(&body, now).await?;
    let then = DueRow { notice_at: next_notice(Some(notices), Some(due_at), now), ..row.clone() };
    Ok(installation.ledger.move_due(row, then).await?)
}
