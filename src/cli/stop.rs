//! Why a command ends without success: code, words, way out, and the process's exit code.

use std::error::Error;

use serde_json::{Value, json};

use crate::telemetry;

/// Exit code: done, or nothing due.
pub(super) const DONE: u8 = 0;
/// Exit code: failed.
pub(super) const FAILED: u8 = 1;
/// Exit code: bad input.
pub(super) const BAD_INPUT: u8 = 2;
/// Exit code: denied by policy.
pub(super) const DENIED: u8 = 3;
/// Exit code: stuck.
pub(super) const STUCK: u8 = 5;
/// Exit code: ledger problem.
pub(super) const LEDGER: u8 = 6;
/// Exit code: the folder is held by another process.
pub(super) const HELD: u8 = 7;
/// Exit code: changed, with `--detailed-exitcode`.
pub(super) const CHANGED: u8 = 10;

/// A command's end without success.
#[derive(Debug)]
pub struct Stop {
    /// A stable code.
    pub code: String,
    /// What is wrong, with its causes.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
    /// The exit code.
    pub exit: u8,
    /// True when everything was said already.
    pub told: bool,
}

impl Stop {
    /// From an error of a room; the exit code follows from its code.
    pub fn of(code: &str, error: &dyn Error) -> Self {
        Self {
            code: code.to_owned(),
            message: telemetry::with_causes(error),
            help: help_of(code),
            exit: exit_of(code),
            told: false,
        }
    }

    /// In the command's own words.
    pub fn new(exit: u8, code: &str, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { code: code.to_owned(), message: message.into(), help: Some(help.into()), exit, told: false }
    }

    /// An end that was told already.
    pub fn told(exit: u8, code: &str) -> Self {
        Self { code: code.to_owned(), message: String::new(), help: None, exit, told: true }
    }

    /// As a JSON document.
    pub fn to_json(&self) -> Value {
        json!({"error": {"code": self.code, "message": self.message, "help": self.help, "exit": self.exit}})
    }

    /// As text for standard error.
    pub fn to_text(&self) -> String {
        let mut text = format!("error[{}]: {}\n", self.code, self.message);
        for line in self.help.iter().flat_map(|help| help.lines()) {
            text.push_str("  help: ");
            text.push_str(line);
            text.push('\n');
        }
        text
    }
}

macro_rules! from_rooms {
    ($($error:ty),+ $(,)?) => {
        $(impl From<$error> for Stop {
            fn from(error: $error) -> Self {
                Self::of(error.code(), &error)
            }
        })+
    };
}

from_rooms! {
    crate::OpenError,
    crate::api::ListenError,
    crate::api::SocketError,
    crate::catalog::CatalogError,
    crate::folder::FolderError,
    crate::inventory::InventoryError,
    crate::ledger::SignError,
    crate::runner::AnswerError,
    crate::runner::BeginError,
    crate::runner::DriveError,
    crate::scheduler::ActiveError,
    crate::scheduler::RenewalError,
    crate::serve::ServeError,
    crate::store::ReadStoreError,
    crate::telemetry::TelemetryError,
    countersign_kernel::plan::PlanError,
    countersign_warrant::JournalError,
}

impl From<crate::serve::AskError> for Stop {
    fn from(error: crate::serve::AskError) -> Self {
        let stop = Self::of(error.code(), &error);
        Self { help: error.help().or(stop.help), ..stop }
    }
}

impl From<crate::serve::BrakeError> for Stop {
    fn from(error: crate::serve::BrakeError) -> Self {
        let stop = Self::of(error.code(), &error);
        Self { help: error.help().or(stop.help), ..stop }
    }
}

impl From<countersign_warrant::DecodeEntryError> for Stop {
    fn from(error: countersign_warrant::DecodeEntryError) -> Self {
        Self::of("store.corrupt", &error)
    }
}

/// The exit code for an error code: by its room, and by name where a room has several.
pub(super) fn exit_of(code: &str) -> u8 {
    match code {
        "folder.held" => HELD,
        "telemetry.level"
        | "telemetry.format"
        | "store.newer"
        | "run.not_found"
        | "run.own_key"
        | "run.unknown_workflow"
        | "run.unknown_event"
        | "secrets.wrong_key"
        | "secrets.key_missing"
        | "secrets.key_malformed"
        | "brake.unknown_connector"
        | "brake.unknown_subject"
        | "brake.not_on"
        | "brake.no_subject" => BAD_INPUT,
        "adopt.not_taken" | "adopt.not_asked" => FAILED,
        "plan.subject_exists" | "plan.subject_missing" | "plan.no_free_slot" | "plan.issuer_missing" | "plan.drift" => {
            FAILED
        }
        _ => match code.split_once('.').map_or(code, |(room, _)| room) {
            "brake" => STUCK,
            "journal" | "ledger" | "store" | "grant" | "replay" => LEDGER,
            "adopt" | "answer" | "plan" | "request" | "workflow" | "policy" | "settings" | "set" | "folder"
            | "socket" | "listen" => BAD_INPUT,
            _ => FAILED,
        },
    }
}

/// The way out where the last signed tree is gone.
pub(super) const HEAD_MISSING: &str = "put `keys/ledger.head` back from where the keys are kept; without it, read the \
     folder with `status` and `evidence show`, and go on in a new one";

/// The way out of an error of that code.
pub(super) fn help_of(code: &str) -> Option<String> {
    let help = match code {
        "brake.paused" => {
            "`countersign resume --all`, `--connector NAME` or `--subject SUBJECT` lifts it; nothing was started"
        }
        "brake.quarantined" => {
            "mend what its last runs failed of (`countersign status SUBJECT`), then `countersign resume --subject SUBJECT`; \
             nothing was started"
        }
        "brake.circuit_open" => {
            "the provider failed too often; it is tried again when the time is over, or after `countersign resume --connector \
             NAME`; nothing was started"
        }
        "brake.budget_spent" | "brake.at_once" | "brake.in_flight" => {
            "ask again later, or raise the limit in the settings; nothing was started"
        }
        "plan.drifted" => {
            "nothing was changed; `countersign plan NAME --diff FILE` shows what differs from the `plan NAME --json` that was \
             looked at, `--diff DIGEST` from a plan that a run followed; look at it again, and name its digest"
        }
        "plan.no_free_slot" => {
            "a workflow with `uses: CONNECTOR/key_disable` and `key_remove` retires the one that nobody uses (see `countersign \
             explain plan.no_free_slot`); nothing was changed"
        }
        "plan.not_own" => {
            "in the settings, give its connector `operator = \"NAME\"` and `operator_key = \"PLACE/PATH/FIELD\"`; or take \
             `self` out of the workflow"
        }
        "plan.own_credential" => {
            "only a workflow with `self: true` in its `subject` rotates it; to make or to end it, take it out of the settings \
             first"
        }
        "plan.own_elsewhere" => "deliver it there, or let the settings name another place",
        "plan.version_known" | "adopt.other_secret" => {
            "have the target make a new one, labelled with a later number, and adopt that; nothing was changed"
        }
        "plan.too_many" => "nothing was changed; look at what is selected before you raise it",
        "request.key_reused" => "nothing was changed; give a new request a key of its own",
        "journal.unavailable" => {
            "mend the cause (a full disk?) and run the command again: it settles what is open first"
        }
        "answer.refused" => "nothing was changed or recorded; `countersign status RUN` says how it stands",
        "journal.unknown" => "run the command again: it reads what is stored before anything else",
        "ledger.head_missing" => HEAD_MISSING,
        "telemetry.level" => {
            "set it to one of these levels, or unset it: then `--verbose` counts, else `warn`; nothing was done"
        }
        "telemetry.format" => "set it to one of the two, or unset it: then it is `text`; nothing was done",
        "replay.policies" | "replay.json" | "replay.shape" => {
            "change nothing in the folder; `countersign evidence verify` says whether what is stored was altered"
        }
        "clock.ahead" => {
            "set the clock right; if it is right, say until when it is believed with `trusted_until = \"YYYY-MM-DD\"` under \
             `[clock]` in the settings; nothing was changed"
        }
        "clock.behind" => "set the clock right, and run the command again; nothing was changed",
        "store.corrupt" => "change nothing in the folder; take the last backup, then `countersign evidence verify`",
        _ => return None,
    };
    Some(help.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_and_cannot_be_used_is_a_ledger_problem_and_a_wrong_setting_is_bad_input() {
        for code in ["replay.policies", "replay.json", "replay.shape", "store.corrupt"] {
            assert_eq!((exit_of(code), help_of(code).is_some()), (LEDGER, true), "{code}");
        }
        for code in ["telemetry.level", "telemetry.format"] {
            assert_eq!((exit_of(code), help_of(code).is_some()), (BAD_INPUT, true), "{code}");
        }
        assert_eq!(exit_of("telemetry.started"), FAILED);
    }
}
