//! What goes wrong, as HTTP tells it: the one map from our codes to statuses.

use axum::extract::rejection::JsonRejection;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::serve::OrderError;
use crate::telemetry::with_causes;

/// RFC 9457 problem details, with our own members `code`, `help` and `diagnostics`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Problem {
    /// `urn:countersign:` and the code.
    #[serde(rename = "type")]
    pub kind: String,
    /// The status in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What is wrong, with its causes.
    pub detail: String,
    /// The stable code.
    pub code: String,
    /// What to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// What is wrong in files.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub diagnostics: Vec<Value>,
}

impl Problem {
    /// A problem of that code.
    pub fn new(code: &str, detail: impl Into<String>, help: Option<String>) -> Self {
        let status = status_of(code);
        Self {
            kind: format!("urn:countersign:{code}"),
            title: status.canonical_reason().unwrap_or("unknown").to_owned(),
            status: status.as_u16(),
            detail: detail.into(),
            code: code.to_owned(),
            help,
            diagnostics: Vec::new(),
        }
    }
}

impl Problem {
    /// That the server does not do its work at this moment, whatever the reason.
    pub(super) fn unready(code: &str, detail: String) -> Self {
        let status = StatusCode::SERVICE_UNAVAILABLE;
        let title = status.canonical_reason().unwrap_or("unknown").to_owned();
        Self { title, status: status.as_u16(), ..Self::new(code, detail, None) }
    }
}

/// The status of a code: by name, or by its room.
fn status_of(code: &str) -> StatusCode {
    match code {
        "api.no_route" | "run.unknown_workflow" | "run.not_found" | "claim.not_found" => StatusCode::NOT_FOUND,
        "api.no_method" => StatusCode::METHOD_NOT_ALLOWED,
        "api.too_large" => StatusCode::PAYLOAD_TOO_LARGE,
        "api.too_slow" => StatusCode::REQUEST_TIMEOUT,
        "api.media_type" => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "api.stranger" => StatusCode::FORBIDDEN,
        "api.body"
        | "answer.reason"
        | "brake.unknown_connector"
        | "brake.unknown_subject"
        | "run.own_key"
        | "run.unknown_event" => StatusCode::BAD_REQUEST,
        "serve.under_way" | "serve.ending" | "request.key_reused" | "plan.drifted" | "claim.closed"
        | "answer.refused" | "brake.not_on" => StatusCode::CONFLICT,
        _ => match code.split_once('.').map_or(code, |(room, _)| room) {
            "plan" | "adopt" | "set" | "secrets" => StatusCode::UNPROCESSABLE_ENTITY,
            "brake" | "journal" | "ledger" | "store" | "inventory" | "local" | "files" => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        },
    }
}

impl From<OrderError> for Problem {
    fn from(error: OrderError) -> Self {
        let problem = Self::new(error.code(), with_causes(&error), error.help());
        match error {
            OrderError::Files(found) => Self { diagnostics: found.iter().map(|one| json!(one)).collect(), ..problem },
            _ => problem,
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, axum::Json(self)).into_response();
        let media = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(header::CONTENT_TYPE, media);
        response
    }
}

/// A JSON body, or why it is none.
pub(super) type Body<T> = Result<axum::Json<T>, JsonRejection>;

impl From<JsonRejection> for Problem {
    fn from(rejection: JsonRejection) -> Self {
        let code = match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => "api.too_large",
            StatusCode::UNSUPPORTED_MEDIA_TYPE => "api.media_type",
            _ => "api.body",
        };
        Self::new(code, rejection.body_text(), None)
    }
}

/// That somebody else than the folder's owner speaks.
pub(super) fn stranger() -> Problem {
    Problem::new("api.stranger", "only the folder's owner is answered here", None)
}

pub(super) async fn no_such_route() -> Problem {
    Problem::new("api.no_route", "there is nothing at this path", None)
}

pub(super) async fn no_such_method() -> Problem {
    Problem::new("api.no_method", "this path does not take that method", None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_has_the_members_of_rfc_9457_and_a_code() {
        let problem =
            Problem::new("run.unknown_workflow", "no workflow `x` is activated", Some("activate it".to_owned()));
        let json = serde_json::to_value(&problem).unwrap_or_default();
        assert_eq!(
            json,
            serde_json::json!({
                "type": "urn:countersign:run.unknown_workflow", "title": "Not Found", "status": 404,
                "detail": "no workflow `x` is activated", "code": "run.unknown_workflow", "help": "activate it",
            })
        );
        assert_eq!(status_of("journal.unavailable"), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(status_of("what.ever"), StatusCode::INTERNAL_SERVER_ERROR);
    }
}
