//! The forms of a finding.

use super::*;

fn found() -> Diagnostic {
    Diagnostic::error("workflow.unknown_key", "a, b:c/100%.yaml", "x\n  \u{e9}soke: 2s\n", 6..10)
        .message("`soke` does not belong here")
        .help("did you mean\n`soak`?")
}

#[test]
fn a_command_of_github_escapes_what_would_end_it() {
    assert_eq!(
        github::command(&found()),
        "::error file=a%2C b%3Ac/100%25.yaml,line=2,col=4,title=workflow.unknown_key::`soke` does not belong here%0A\
         help: did you mean%0A`soak`?"
    );
    let warning = Diagnostic { severity: Severity::Warning, ..found() };
    assert!(github::command(&warning).starts_with("::warning file="));
    let stop = Stop::new(2, "settings.unreadable", "100% empty", "name another one");
    assert_eq!(github::stop(&stop), "::error title=settings.unreadable::100%25 empty%0Ahelp: name another one");
}

#[test]
fn a_log_of_sarif_names_its_rules_and_its_places() {
    let log = sarif::log(&[found()], None);
    let (run, result) = (&log["runs"][0], &log["runs"][0]["results"][0]);
    assert_eq!((log["version"].as_str(), run["columnKind"].as_str()), (Some("2.1.0"), Some("unicodeCodePoints")));
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
    assert_eq!((&rules[index]["id"], &result["ruleId"]), (&json!("workflow.unknown_key"), &rules[index]["id"]));
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "a%2C%20b%3Ac/100%25.yaml");
    assert_eq!(place["region"], json!({"startLine": 2, "startColumn": 4}));
    assert_eq!(run["invocations"][0]["executionSuccessful"], true);
    for rule in rules {
        for text in ["/shortDescription/text", "/fullDescription/text", "/help/text", "/help/markdown"] {
            assert!(rule.pointer(text).and_then(serde_json::Value::as_str).is_some_and(|text| !text.is_empty()));
        }
    }
}

#[test]
fn a_log_of_what_was_not_checked_says_so() {
    let log = sarif::log(&[], Some(&Stop::new(2, "settings.unreadable", "nothing there", "name another one")));
    let invocation = &log["runs"][0]["invocations"][0];
    assert_eq!(invocation["executionSuccessful"], false);
    assert_eq!(invocation["toolExecutionNotifications"][0]["descriptor"]["id"], "settings.unreadable");
    assert_eq!(log["runs"][0]["results"], json!([]));
}

#[test]
fn json_is_a_format_and_contradicts_the_others() {
    assert_eq!(format(None, false).unwrap(), Format::Text);
    assert_eq!(format(None, true).unwrap(), Format::Json);
    assert_eq!(format(Some(Format::Json), true).unwrap(), Format::Json);
    assert_eq!(format(Some(Format::Sarif), false).unwrap(), Format::Sarif);
    assert_eq!(format(Some(Format::Sarif), true).unwrap_err().code, "lint.formats");
}
