//! A plan that somebody looked at and kept: the document of `plan --json`, read again to be compared with today's plan.

use countersign_warrant::{Digest, Shadow, Verdict};
use serde::Deserialize;
use serde_json::Value;

use super::model::{FORMAT, Plan};

/// A kept document holds no plan that today's could be compared with.
#[derive(Debug, thiserror::Error)]
pub enum ReadPlanError {
    /// It is no JSON.
    #[error("it is no JSON")]
    NoJson(#[source] serde_json::Error),
    /// It is the end of a command that made no plan.
    #[error("it says why there was no plan: `{0}`")]
    NoPlan(String),
    /// It lacks something, or has it in another form.
    #[error("it is no document of `plan --json`")]
    NoDocument(#[source] serde_json::Error),
    /// Its plan is of another version's format.
    #[error("its plan has the format `{0}`, and this version reads `{FORMAT}`")]
    OtherFormat(String),
    /// Its plan is not the one that its digest is of.
    #[error("its plan has the digest {is}, and it says {said}")]
    Altered {
        /// What it says.
        said: Digest,
        /// The digest of what it holds.
        is: Digest,
    },
    /// Its plan is of another workflow.
    #[error("it is a plan of `{is}`, not of `{wanted}`")]
    OtherWorkflow {
        /// Whose it is.
        is: String,
        /// Whose it should be.
        wanted: String,
    },
}

impl ReadPlanError {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoJson(_) | Self::NoPlan(_) | Self::NoDocument(_) => "plan.no_document",
            Self::OtherFormat(_) => "plan.other_format",
            Self::Altered { .. } => "plan.altered",
            Self::OtherWorkflow { .. } => "plan.other_workflow",
        }
    }
}

/// The document, as far as it is compared.
#[derive(Debug, Clone, PartialEq)]
pub struct SavedPlan {
    /// The digest of the plan.
    pub digest: Digest,
    /// The plan.
    pub plan: Plan,
    /// True where nothing was looked at for it.
    pub assumed: bool,
    /// What policy said of its acts then.
    pub verdicts: Vec<SavedVerdict>,
}

/// What policy said of one act.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SavedVerdict {
    /// The act's move; after its subject, in a plan for many.
    pub act: String,
    /// Allow or deny.
    pub verdict: Verdict,
    /// The `@id`s of the policies that decided.
    pub policies: Vec<String>,
    /// The other answer, where policies in shadow would have given one.
    #[serde(default)]
    pub shadow: Option<Shadow>,
}

/// The whole document. Its other keys are of that day alone.
#[derive(Deserialize)]
struct Document {
    digest: Digest,
    plan: Value,
    assumed: bool,
    verdicts: Vec<SavedVerdict>,
}

impl SavedPlan {
    /// Reads a document of `plan --json`, of that workflow.
    ///
    /// # Errors
    /// When it is none, of another format or workflow, or was changed since.
    pub fn read(text: &str, workflow: &str) -> Result<Self, ReadPlanError> {
        let whole: Value = serde_json::from_str(text).map_err(ReadPlanError::NoJson)?;
        let said = |value: &Value, path: [&str; 2]| value.get(path[0])?.get(path[1])?.as_str().map(str::to_owned);
        if let Some(code) = said(&whole, ["error", "code"]) {
            return Err(ReadPlanError::NoPlan(code));
        }
        if let Some(format) = said(&whole, ["plan", "format"]).filter(|format| format != FORMAT) {
            return Err(ReadPlanError::OtherFormat(format));
        }
        let Document { digest, plan, assumed, verdicts } =
            serde_json::from_value(whole).map_err(ReadPlanError::NoDocument)?;
        // WHY: of the bytes as they stand, so that nothing in them goes unseen that this version does not know.
        let bytes = serde_json_canonicalizer::to_vec(&plan).map_err(ReadPlanError::NoDocument)?;
        let is = Digest::of(&bytes);
        if is != digest {
            return Err(ReadPlanError::Altered { said: digest, is });
        }
        let plan = Plan::from_bytes(&bytes).map_err(ReadPlanError::NoDocument)?;
        if plan.workflow.name != workflow {
            return Err(ReadPlanError::OtherWorkflow { is: plan.workflow.name, wanted: workflow.to_owned() });
        }
        Ok(Self { digest, plan, assumed, verdicts })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::plan::fixture::{planned, rotate};

    fn document() -> Value {
        let plan = planned(&rotate(), 1).unwrap();
        let verdicts = json!([{"act": "rotate.stage", "verdict": "deny", "policies": []}]);
        json!({"digest": plan.digest().unwrap(), "plan": plan, "starts": {}, "assumed": false, "verdicts": verdicts})
    }

    #[test]
    fn what_was_printed_is_read_again() {
        let saved = SavedPlan::read(&document().to_string(), "rotate").unwrap();
        assert_eq!((&saved.plan, saved.assumed), (&planned(&rotate(), 1).unwrap(), false));
        assert_eq!((saved.digest, saved.verdicts[0].verdict), (saved.plan.digest().unwrap(), Verdict::Deny));
    }

    #[test]
    fn what_is_no_plan_of_the_workflow_is_told_apart() {
        let with = |pointer: &str, value: Value| {
            let mut document = document();
            *document.pointer_mut(pointer).unwrap() = value;
            document.to_string()
        };
        let mut more = document();
        more["plan"]["moves"][0]["zzz"] = json!(1);
        let cases = [
            ("plan.no_document", String::new()),
            ("plan.no_document", "{".to_owned()),
            ("plan.no_document", "[".repeat(200)),
            ("plan.no_document", "7".to_owned()),
            ("plan.no_document", json!({"error": {"code": "plan.drift"}}).to_string()),
            ("plan.no_document", document()["plan"].to_string()),
            ("plan.no_document", with("/digest", json!("0be8e2"))),
            ("plan.no_document", with("/verdicts", json!([{"act": "rotate.stage"}]))),
            ("plan.altered", with("/plan", json!({}))),
            ("plan.other_format", with("/plan/format", json!("countersign/plan/v2"))),
            ("plan.altered", with("/plan/inputs", json!({"reason": "another"}))),
            ("plan.altered", with("/digest", json!("0".repeat(64)))),
            ("plan.altered", more.to_string()),
        ];
        for (code, text) in cases {
            let wrong = SavedPlan::read(&text, "rotate").unwrap_err();
            assert_eq!(wrong.code(), code, "{wrong:?} for {text}");
        }
        let other = SavedPlan::read(&document().to_string(), "provision").unwrap_err();
        assert_eq!(
            (other.code(), other.to_string().as_str()),
            ("plan.other_workflow", "it is a plan of `rotate`, not of `provision`")
        );
    }
}
