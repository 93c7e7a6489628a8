//! What tests name that is not there: a policy that should decide, or an input that no workflow declares.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::Trial;
use crate::diagnostic::Diagnostic;
use crate::policy::spelling::nearest;
use crate::policy::{MistypedError, TermKind};

/// Names that are listed where none of them is near.
const LISTED_MAX: usize = 16;

/// Everything that the tests of one file name and nobody has, each once in its place. `text` is the file's, `policies` the
/// ids of the policies, and `inputs` what the workflows declare; `None` where these are not at hand.
pub fn unknown_names(
    trials: &[&Trial],
    text: &str,
    policies: Option<&BTreeSet<String>>,
    inputs: Option<&BTreeMap<String, TermKind>>,
) -> Vec<Diagnostic> {
    let mut found = BTreeMap::new();
    for trial in trials {
        let error = |code, at: &Range<usize>| Diagnostic::error(code, &trial.place.0, text, at.clone());
        for (id, at) in trial.by.iter().flatten() {
            if let Some(policies) = policies.filter(|policies| !policies.contains(id)) {
                let message = format!("no policy has the `@id` `{}`", printable(id));
                let help = help(id, policies.iter(), "the policies are");
                found.insert(at.start, error("policy.test_by", at).message(message).help(help));
            }
        }
        for (name, at) in &trial.inputs_at {
            let Some(inputs) = inputs else { continue };
            let value = trial.question.inputs.get(name).map(super::Term::kind);
            let wrong = match (inputs.get(name), value) {
                (Some(kind), Some(value)) if *kind != value => {
                    let help = "give it the type that its workflow declares".to_owned();
                    (MistypedError { name: name.clone(), kind: *kind }.to_string(), help)
                }
                (Some(_), _) => continue,
                (None, _) => {
                    let message = format!("no workflow declares an input `{}`", printable(name));
                    (message, help(name, inputs.keys(), "the workflows declare"))
                }
            };
            found.insert(at.start, error("policy.test_input", at).message(wrong.0).help(wrong.1));
        }
    }
    found.into_values().collect()
}

fn help<'a>(word: &str, known: impl Iterator<Item = &'a String>, what: &str) -> String {
    let known: Vec<&str> = known.map(String::as_str).collect();
    match nearest(word, &known) {
        Some(near) => format!("did you mean `{near}`?"),
        None if known.is_empty() => format!("{what} none"),
        None if known.len() > LISTED_MAX => format!("{what} {}, such as `{}`", known.len(), known[0]),
        None => format!("{what} `{}`", known.join("`, `")),
    }
}

/// The beginning of a name, without what could steer a terminal.
fn printable(name: &str) -> String {
    name.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).take(60).collect()
}
