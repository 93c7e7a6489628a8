//! SARIF 2.1.0 (OASIS Standard, 27 March 2020): the log of one run, with a rule for each code.

use std::fmt::Write as _;

use countersign_kernel::diagnostic::{Diagnostic, Severity};
use serde_json::{Value, json};

use super::said;
use crate::cli::{Stop, explain};

const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// The log of what was found; `stop` is why nothing was checked.
pub(super) fn log(found: &[Diagnostic], stop: Option<&Stop>) -> Value {
    let rules: Vec<Value> = explain::pages().map(rule).collect();
    let invocation = json!({
        "executionSuccessful": stop.is_none(),
        "toolExecutionNotifications": stop.map(notification).into_iter().collect::<Vec<_>>(),
    });
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "countersign",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            }},
            "columnKind": "unicodeCodePoints",
            "invocations": [invocation],
            "results": found.iter().map(result).collect::<Vec<_>>(),
        }],
    })
}

fn rule(page: &countersign_kernel::page::Page) -> Value {
    let (wrong, mended) = page.example.shown();
    json!({
        "id": page.code,
        "shortDescription": {"text": page.meaning},
        "fullDescription": {"text": format!("{} {}", page.meaning, page.why)},
        "help": {
            "text": format!("{}\n\nwrong:\n{wrong}\n\nmended:\n{mended}", page.why),
            "markdown": format!("{}\n\nWrong:\n\n```\n{wrong}\n```\n\nMended:\n\n```\n{mended}\n```\n", page.why),
        },
        "defaultConfiguration": {"level": "error"},
    })
}

fn result(found: &Diagnostic) -> Value {
    let mut result = json!({
        "ruleId": found.code,
        "level": match found.severity { Severity::Error => "error", Severity::Warning => "warning" },
        "message": {"text": said(&found.message, Some(&found.help))},
        "locations": [{"physicalLocation": {
            "artifactLocation": {"uri": uri(&found.file)},
            "region": {"startLine": found.line, "startColumn": found.column},
        }}],
    });
    let index = explain::pages().position(|page| page.code == found.code);
    if let (Some(index), Some(fields)) = (index, result.as_object_mut()) {
        fields.insert("ruleIndex".to_owned(), json!(index));
    }
    result
}

fn notification(stop: &Stop) -> Value {
    json!({
        "level": "error",
        "descriptor": {"id": stop.code},
        "message": {"text": said(&stop.message, stop.help.as_deref())},
    })
}

/// A path as a URI reference (RFC 3986): an absolute one of the scheme `file`, every other relative to where the
/// command was called.
fn uri(path: &str) -> String {
    let scheme = if path.starts_with('/') { "file://" } else { "" };
    let path = path.strip_prefix("./").unwrap_or(path);
    let mut uri = scheme.to_owned();
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            // WHY: writing into a string cannot fail.
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    uri
}
