//! One policy file: parsed, its annotations checked, each policy validated strictly.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use cedar_policy::ffi::DetailedError;
use cedar_policy::{Policy, PolicyId, PolicySet, ValidationError, ValidationMode, Validator};

use super::words::{Foreign, Words};
use crate::diagnostic::Diagnostic;
use crate::policy::rule::{EMERGENCY, Rule, SHADOW};
use crate::policy::spelling::nearest;
use crate::policy::text::too_deep;
use crate::workflow::control_fault;

/// The annotations that mean something.
const ANNOTATIONS: [&str; 5] = ["control", "id", "mode", "reason", "title"];

/// The records of the context that hold what workflows declare.
const DECLARED: [&str; 3] = ["added", "inputs", "length_of"];

/// How many errors are told before no further policy is looked at. To find a place costs a pass over the text before it.
const ERRORS_MAX: usize = 100;

/// What the files read so far hold.
#[derive(Default)]
pub(super) struct Read {
    rules: BTreeMap<String, Arc<Rule>>,
    /// Where each id was first seen.
    places: BTreeMap<String, (String, usize)>,
    errors: Vec<Diagnostic>,
    /// True where the schema lacks what some workflow declares.
    is_partial: bool,
}

/// A file, and where in it the policy at hand stands.
struct Place<'a> {
    path: &'a str,
    text: &'a str,
    /// Where the policy begins.
    line: usize,
    policy: Range<usize>,
}

impl Read {
    /// Nothing yet; `is_partial` where the schema lacks what some workflow declares.
    pub(super) fn new(is_partial: bool) -> Self {
        Self { is_partial, ..Self::default() }
    }

    /// Reads one file; what is wrong with it is kept.
    pub(super) fn read(&mut self, path: &str, text: &str, validator: &Validator, words: &Words) {
        if let Some((at, what)) = too_deep(text) {
            let found = Diagnostic::error("policy.too_deep", path, text, at..at + 1);
            self.errors.push(found.message(what).help("write it as several policies: each of them must hold"));
            return;
        }
        let parsed: PolicySet = match text.parse() {
            Ok(parsed) => parsed,
            Err(errors) => {
                self.errors.extend(cedar_errors("policy.syntax", path, text, &DetailedError::from(&errors)));
                return;
            }
        };
        for template in parsed.templates() {
            let written = template.to_cedar();
            let at = text.find(&written).unwrap_or_default();
            let place = Place { path, text, line: 0, policy: at..at + written.len() };
            self.errors.push(
                place
                    .error("policy.not_in_this_version", place.keyword())
                    .message("a policy with `?principal` or `?resource` is not in this version")
                    .help("name the principal or the resource in the policy itself"),
            );
        }
        let (mut line, mut from) = (1, 0);
        for (policy, at) in in_file_order(&parsed, text) {
            if self.errors.len() >= ERRORS_MAX {
                let found = Diagnostic::error("policy.too_many_errors", path, text, at.start..at.start);
                let found = found.message(format!("only the first {ERRORS_MAX} errors or so are shown"));
                self.errors.push(found.help("correct these, then lint again"));
                break;
            }
            line += text.get(from..at.start).unwrap_or_default().matches('\n').count();
            from = at.start;
            self.take(&policy, &Place { path, text, line, policy: at }, validator, words);
        }
    }

    /// The rules by `@id`, unless anything was wrong.
    pub(super) fn finish(mut self) -> Result<BTreeMap<String, Arc<Rule>>, Vec<Diagnostic>> {
        if self.errors.is_empty() {
            return Ok(self.rules);
        }
        // WHY: Cedar tells one error once for each action and type, in no order; the first one says enough.
        let place = |it: &Diagnostic| (it.file.clone(), it.offset, it.code);
        self.errors.sort_by_cached_key(|it| (place(it), it.message.clone()));
        self.errors.dedup_by_key(|it| place(it));
        Err(self.errors)
    }

    fn take(&mut self, policy: &Policy, place: &Place<'_>, validator: &Validator, words: &Words) {
        let (id, mut errors) = annotations(policy, place, words);
        if let Some(id) = id {
            let here = (place.path.to_owned(), place.line);
            if let Some((file, line)) = self.places.get(id) {
                let taken = format!("the `@id` `{id}` is taken by the policy at {file}:{line}");
                let error = place.error("policy.id_duplicate", place.annotation("id"));
                errors.push(error.message(taken).help("give each policy of the folder its own `@id`"));
            } else {
                self.places.insert(id.to_owned(), here);
            }
        }
        let renamed = policy.new_id(PolicyId::new(id.unwrap_or("policy")));
        // WHY: what is not declared for want of a file is no fault of the policy.
        let is_judged = !self.is_partial || !DECLARED.iter().any(|record| place.written().contains(record));
        if is_judged {
            errors.extend(validate(&renamed, place, validator));
        }
        if is_judged && errors.is_empty() {
            errors.extend(words.foreign(policy).iter().map(|foreign| foreign_word(foreign, place)));
        }
        if let (Some(id), true) = (id, errors.is_empty()) {
            let controls = controls(policy).map(|(_, control)| control.to_owned()).collect();
            let words = [policy.annotation("reason"), policy.annotation("title")].into_iter().flatten();
            let reason = words
                .into_iter()
                .find(|words| !words.is_empty())
                .map_or_else(|| format!("policy `{id}`"), str::to_owned);
            let written = place.text.get(place.policy.clone()).unwrap_or_default().to_owned();
            let rule = Rule::new(id.to_owned(), reason, controls, written, renamed);
            self.rules.insert(id.to_owned(), Arc::new(rule));
        }
        self.errors.extend(errors);
    }
}

impl Place<'_> {
    fn error(&self, code: &'static str, range: Range<usize>) -> Diagnostic {
        Diagnostic::error(code, self.path, self.text, range)
    }

    fn written(&self) -> &str {
        self.text.get(self.policy.clone()).unwrap_or_default()
    }

    /// Where `@key` stands.
    fn annotation(&self, key: &str) -> Range<usize> {
        let written = format!("@{key}");
        let at = self.policy.start + self.written().find(&written).unwrap_or_default();
        at..at + written.len()
    }

    /// Where the bytes `part` of the text of `@key` stand; the annotation, where its text is written with escapes.
    fn inside(&self, key: &str, text: &str, part: Range<usize>) -> Range<usize> {
        let annotation = self.annotation(key);
        let after = self.text.get(annotation.end..self.policy.end).unwrap_or_default();
        match after.find(&format!("\"{text}\"")) {
            Some(at) => annotation.end + at + 1 + part.start..annotation.end + at + 1 + part.end,
            None => annotation,
        }
    }

    /// Where `permit` or `forbid` stands.
    fn keyword(&self) -> Range<usize> {
        let last = ["permit", "forbid"].into_iter().filter_map(|word| {
            let mut found = self.written().match_indices(word);
            found.find(|(at, _)| {
                self.written().get(at + word.len()..).is_some_and(|rest| rest.trim_start().starts_with('('))
            })
        });
        let (at, word) = last.min().unwrap_or_default();
        self.policy.start + at..self.policy.start + at + word.len()
    }
}

/// Static policies with their places. Cedar numbers them in the order of the file, and keeps their text.
fn in_file_order(parsed: &PolicySet, text: &str) -> Vec<(Policy, Range<usize>)> {
    let number = |policy: &Policy| policy.id().to_string().trim_start_matches("policy").parse().unwrap_or(usize::MAX);
    let mut policies: Vec<&Policy> = parsed.policies().collect();
    policies.sort_by_key(|policy| number(policy));
    let mut from = 0;
    let mut placed = Vec::new();
    for policy in policies {
        let written = policy.to_cedar().unwrap_or_default();
        let at = text.get(from..).and_then(|rest| rest.find(&written)).map_or(from, |at| from + at);
        from = at + written.len();
        placed.push((policy.clone(), at..from));
    }
    placed
}

/// The `@id`, if it can stand as a name; and what is wrong with the annotations.
fn annotations<'a>(policy: &'a Policy, place: &Place<'_>, words: &Words) -> (Option<&'a str>, Vec<Diagnostic>) {
    let mut errors = Vec::new();
    for (key, _) in policy.annotations().filter(|(key, _)| !ANNOTATIONS.contains(key)) {
        let known = "a policy has the annotations `@control`, `@id`, `@mode`, `@reason`, `@title`";
        let help = nearest(key, &ANNOTATIONS).map_or(known.to_owned(), |near| format!("did you mean `@{near}`?"));
        let error = place.error("policy.unknown_annotation", place.annotation(key));
        errors.push(error.message(format!("unknown annotation `@{key}`")).help(help));
    }
    if words.controls {
        errors.extend(wrong_controls(policy, place));
    }
    if let Some(mode) = policy.annotation("mode").filter(|mode| ![SHADOW, EMERGENCY].contains(mode)) {
        let error = place.error("policy.mode", place.annotation("mode"));
        let help = "write `@mode(\"shadow\")` or `@mode(\"emergency\")`, or take the annotation away: the policy is then in force";
        errors.push(error.message(format!("a policy has no mode `{mode}`")).help(help));
    }
    let id = policy.annotation("id");
    let legal = id.filter(|id| is_name(id));
    if legal.is_none() {
        errors.push(match id {
            None => place
                .error("policy.id_missing", place.keyword())
                .message("the policy has no `@id`")
                .help("put `@id(\"a-name\")` before it: decisions are told by it"),
            Some(id) => place
                .error("policy.id_shape", place.annotation("id"))
                .message(format!("`{id}` cannot be a policy's `@id`"))
                .help("use up to 64 of the characters `a-z`, `0-9` and `-`"),
        });
    }
    (legal, errors)
}

fn is_name(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// The controls of `@control("a:b, c:d")`, each with where it begins in the annotation's text.
fn controls(policy: &Policy) -> impl Iterator<Item = (usize, &str)> {
    let mut from = 0;
    let listed = policy.annotation("control").into_iter().flat_map(|listed| listed.split(','));
    listed.map(move |part| {
        let at = from + part.len() - part.trim_start().len();
        from += part.len() + 1;
        (at, part.trim())
    })
}

/// What is wrong with the names of controls.
fn wrong_controls(policy: &Policy, place: &Place<'_>) -> Vec<Diagnostic> {
    let listed = policy.annotation("control").unwrap_or_default();
    let faults = controls(policy).filter_map(|(at, control)| Some((at, control, control_fault(control)?)));
    let told = faults.map(|(at, control, fault)| {
        let code = if fault.is_shape { "policy.control_shape" } else { "policy.unknown_control" };
        let at = place.inside("control", listed, at..at + control.len());
        place.error(code, at).message(fault.message).help(fault.help)
    });
    told.collect()
}

fn validate(policy: &Policy, place: &Place<'_>, validator: &Validator) -> Vec<Diagnostic> {
    let alone = match PolicySet::from_policies([policy.clone()]) {
        Ok(alone) => alone,
        Err(error) => return vec![place.error("policy.syntax", place.keyword()).message(error.to_string())],
    };
    let result = validator.validate(&alone, ValidationMode::Strict);
    let mut errors = Vec::new();
    for error in result.validation_errors() {
        errors.extend(cedar_errors(code(error), place.path, place.text, &DetailedError::from(error)));
    }
    // WHY: what has an error is mostly doubtful for that reason.
    if errors.is_empty() {
        for warning in result.validation_warnings() {
            let found = cedar_errors("policy.doubtful", place.path, place.text, &DetailedError::from(warning));
            let help = "correct its scope or its condition, or remove it";
            errors.extend(found.into_iter().map(|error| error.help(help)));
        }
    }
    // WHY: what is too deep for the validator has no error of its own, and was not looked at.
    if errors.is_empty() && !result.validation_passed() {
        let error = place.error("policy.mistyped", place.keyword());
        errors.push(error.message("the policy could not be validated").help("write its condition with less depth"));
    }
    errors
}

fn foreign_word(foreign: &Foreign, place: &Place<'_>) -> Diagnostic {
    let Foreign { path, word, known } = foreign;
    let found = foreign.place(place.written());
    let at = found.map_or_else(|| place.keyword(), |at| place.policy.start + at.start..place.policy.start + at.end);
    let all = known.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ");
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    let help = nearest(word, &known).map_or(format!("it is one of {all}"), |near| format!("did you mean `{near}`?"));
    place.error("policy.unknown_word", at).message(format!("`{path}` is never `{word}`")).help(help)
}

const fn code(error: &ValidationError) -> &'static str {
    match error {
        ValidationError::UnrecognizedEntityType(_) => "policy.unknown_type",
        ValidationError::UnrecognizedActionId(_) => "policy.unknown_action",
        ValidationError::UnsafeAttributeAccess(_) => "policy.unknown_attribute",
        ValidationError::UnsafeOptionalAttributeAccess(_) => "policy.optional_attribute",
        _ => "policy.mistyped",
    }
}

/// Cedar's words about one error, and about those that came with it.
pub(in crate::policy) fn cedar_errors(
    code: &'static str,
    path: &str,
    text: &str,
    error: &DetailedError,
) -> Vec<Diagnostic> {
    let at = error.source_locations.first().map_or(0..0, |label| label.loc.start..label.loc.end);
    let message = match error.message.strip_prefix("for policy `").and_then(|rest| rest.split_once("`, ")) {
        Some((_, message)) => message,
        None => error.message.as_str(),
    };
    let found = Diagnostic::error(code, path, text, at).message(message);
    let help = error.help.clone().unwrap_or_else(|| "see https://docs.cedarpolicy.com for the language".to_owned());
    let mut found = vec![found.help(help)];
    found.extend(error.related.iter().flat_map(|related| cedar_errors(code, path, text, related)));
    found
}
