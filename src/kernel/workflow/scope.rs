//! What a `${{ path }}` can refer to, and of which type it is.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use countersign_contract::{Kind, Manifest, Part, Strategy};
use countersign_warrant::StepId;

use super::Known;
use super::codes;
use super::errors::{Errors, Read, Told};
use super::model::{Input, InputKind, Reference};
use super::suggest;
use crate::policy::ConditionWords;
use crate::run::bodies::TriggerKind;

/// The type of what a reference refers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Typed {
    /// Text that is not known before the run.
    Text,
    /// One of these words.
    Words(Vec<String>),
    /// A person's opaque id.
    Person,
    /// A whole number.
    Integer,
    /// True or false.
    Boolean,
    /// A secret.
    Secret,
}

/// What is known of a step before it is read: enough for the references to it, and for the coverage proof.
#[derive(Debug)]
pub(super) struct Outline {
    pub(super) id: Read<StepId>,
    pub(super) kind: Read<&'static str>,
    /// Whether the subject's kind can have this done to it.
    pub(super) fits: Read<()>,
    /// The text of its condition.
    pub(super) when: Option<String>,
    /// The bytes to mark.
    pub(super) at: Range<usize>,
}

impl Outline {
    pub(super) fn name(&self, number: usize) -> String {
        self.id.as_ref().map_or_else(|_| format!("steps[{number}]"), |id| format!("steps.{id}"))
    }
}

/// The subject, resolved against its connector's manifest.
#[derive(Clone, Copy)]
pub(super) struct Whose<'a> {
    pub(super) connector: &'a str,
    pub(super) manifest: &'a Manifest,
    pub(super) kind: &'a Kind,
}

/// How far a reference may reach from where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reach {
    /// Inputs: the subject's own name.
    Inputs,
    /// What the plan knows: the subject, too.
    Plan,
    /// Outputs of earlier steps, too.
    Earlier,
    /// The step's own outputs, too.
    Own,
}

/// What the references of one step resolve against.
pub(super) struct Scope<'a> {
    pub(super) known: &'a Known<'a>,
    pub(super) whose: Read<Whose<'a>>,
    pub(super) inputs: &'a Read<BTreeMap<String, Read<Input>>>,
    /// What may start a run; empty where that could not be read.
    pub(super) triggers: &'a [TriggerKind],
    pub(super) outlines: &'a [Outline],
    /// For each step those that are over before it; `None` where there is no order, which has been told.
    pub(super) after: Option<&'a [BTreeSet<usize>]>,
    /// For each step the one whose failure it is for.
    pub(super) failed: Option<&'a [Option<usize>]>,
    /// What conditions can ask for; made for the first one.
    pub(super) conditions: OnceCell<Read<Result<ConditionWords, String>>>,
    /// The number of the step that is read.
    pub(super) here: usize,
}

/// Where a reference stands: its bytes, its place in words, and how far it may reach.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spot<'s> {
    pub(super) at: &'s Range<usize>,
    pub(super) place: &'s str,
    pub(super) reach: Reach,
    /// True where a secret may stand alone.
    pub(super) takes_secret: bool,
}

impl Scope<'_> {
    /// Resolves the path between `${{` and `}}`.
    pub(super) fn resolve(&self, path: &str, spot: Spot<'_>, errors: &mut Errors<'_>) -> Read<(Reference, Typed)> {
        let parts: Vec<&str> = path.split('.').collect();
        match parts.as_slice() {
            ["inputs", name] => self.input(name, spot, errors),
            ["subject", field] => subject(field, spot, errors),
            ["trigger", "kind"] if spot.reach >= Reach::Plan => {
                let kinds = ["request", "schedule", "expiry", "event"].map(str::to_owned).to_vec();
                Ok((Reference::Trigger("kind".to_owned()), Typed::Words(kinds)))
            }
            ["trigger", _] if spot.reach >= Reach::Plan => {
                Err(unknown(path, || "only `trigger.kind` is known of the trigger".to_owned(), spot, errors))
            }
            ["trigger", _] => Err(unknown(path, inputs_only, spot, errors)),
            ["steps", id, output] => self.output(id, output, spot, errors),
            _ => {
                let help = "write `inputs.NAME`, `subject.name`, `trigger.kind` or `steps.ID.OUTPUT`";
                Err(unknown(path, || help.to_owned(), spot, errors))
            }
        }
    }

    fn input(&self, name: &str, spot: Spot<'_>, errors: &mut Errors<'_>) -> Read<(Reference, Typed)> {
        let inputs = self.inputs.as_ref().map_err(|told| *told)?;
        let Some(input) = inputs.get(name) else {
            let help = || match inputs.len() {
                0 => "declare it under `on: request: inputs:`".to_owned(),
                _ => suggest::help(name, inputs.keys().map(String::as_str)),
            };
            return Err(unknown(&format!("inputs.{name}"), help, spot, errors));
        };
        let typed = match &input.as_ref().map_err(|told| *told)?.kind {
            InputKind::Text { .. } => Typed::Text,
            InputKind::Word(words) => Typed::Words(words.clone()),
            InputKind::Person => Typed::Person,
            InputKind::Integer { .. } => Typed::Integer,
            InputKind::Boolean => Typed::Boolean,
        };
        Ok((Reference::Input(name.to_owned()), typed))
    }

    /// Whether the outputs of that step are there for the step that is read.
    fn is_over(&self, number: usize, reach: Reach) -> bool {
        if number == self.here {
            return reach >= Reach::Own;
        }
        match self.after.and_then(|after| after.get(self.here)) {
            Some(after) => after.contains(&number),
            None => number < self.here,
        }
    }

    /// Refuses the output of a step that may be skipped while this one is not. Evidence has null in its place.
    fn is_there(&self, number: usize, path: &str, spot: Spot<'_>, errors: &mut Errors<'_>) -> Read<()> {
        let here = &self.outlines[self.here];
        let Some(when) = &self.outlines[number].when else { return Ok(()) };
        if number == self.here || here.kind == Ok("evidence") || here.when.as_ref() == Some(when) {
            return Ok(());
        }
        let message = format!("`{path}` is not there when its step is skipped");
        let help = format!("give this step the same condition: `when: '{}'`", super::scalar::shortened(when));
        Err(errors.tell(codes::MAYBE_SKIPPED, spot.at, message, help))
    }

    fn output(&self, id: &str, output: &str, spot: Spot<'_>, errors: &mut Errors<'_>) -> Read<(Reference, Typed)> {
        let path = format!("steps.{id}.{output}");
        let ids = || self.outlines.iter().filter_map(|outline| outline.id.as_ref().ok());
        let found =
            self.outlines.iter().position(|outline| outline.id.as_ref().is_ok_and(|known| known.as_str() == id));
        let Some(number) = found else {
            let help = || suggest::help(id, ids().map(StepId::as_str));
            return Err(unknown(&path, help, spot, errors));
        };
        let outline = &self.outlines[number];
        let kind = outline.kind?;
        outline.fits?;
        let outputs = outputs(kind, self.whose?);
        let Some((_, typed)) = outputs.iter().find(|(name, _)| *name == output) else {
            let help = || suggest::help(output, outputs.iter().map(|(name, _)| *name));
            return Err(unknown(&path, help, spot, errors));
        };
        if *typed == Typed::Secret && !spot.takes_secret {
            return Err(tell_flow(&path, spot, errors));
        }
        if spot.reach < Reach::Earlier {
            let message = format!("`{path}` is known only while the workflow runs");
            let help = "the plan must know this value: use inputs, the subject or the trigger";
            return Err(errors.tell(codes::NOT_KNOWN_AT_PLAN, spot.at, message, help));
        }
        if !self.is_over(number, spot.reach) {
            let message = format!("`{path}` is made only after this");
            let help =
                format!("a step can use outputs of the steps before it, and of those that it `needs`: `{id}` is none");
            return Err(errors.tell(codes::LATER_STEP, spot.at, message, help));
        }
        self.is_there(number, &path, spot, errors)?;
        let step = outline.id.clone()?;
        Ok((Reference::Output { step, output: output.to_owned(), secret: *typed == Typed::Secret }, typed.clone()))
    }
}

fn subject(field: &str, spot: Spot<'_>, errors: &mut Errors<'_>) -> Read<(Reference, Typed)> {
    let fields = ["connector", "kind", "name", "tier"];
    if spot.reach < Reach::Plan {
        return Err(unknown(&format!("subject.{field}"), inputs_only, spot, errors));
    }
    if fields.contains(&field) {
        return Ok((Reference::Subject(field.to_owned()), Typed::Text));
    }
    Err(unknown(&format!("subject.{field}"), || suggest::help(field, fields), spot, errors))
}

/// Tells that a secret must not stand in a place.
pub(super) fn tell_flow(path: &str, spot: Spot<'_>, errors: &mut Errors<'_>) -> Told {
    let message = format!("a secret flows where it must not: {path} -> {}", spot.place);
    let help = "a secret stands alone, as a whole `${{ }}`, and only in a field that a sink takes secrets in";
    errors.tell(codes::SECRET_FLOW, spot.at, message, help)
}

fn inputs_only() -> String {
    "the subject's name can use inputs only".to_owned()
}

fn unknown(path: &str, help: impl FnOnce() -> String, spot: Spot<'_>, errors: &mut Errors<'_>) -> Told {
    let help = if errors.is_full() { String::new() } else { help() };
    let message = format!("`{}` is not known", super::scalar::shortened(path));
    errors.tell(codes::UNKNOWN_REFERENCE, spot.at, message, help)
}

/// What a step knows of the certificate that it had issued.
const ISSUED: &[&str] = &["version", "certificate", "chain", "serial", "not_after"];

/// The outputs of a step, with their types.
fn outputs(step: &str, whose: Whose<'_>) -> Vec<(&'static str, Typed)> {
    let public: &[&'static str] = match step {
        "provision" => &["version"],
        "rotate" if whose.kind.strategies == [Strategy::Reissue] => ISSUED,
        "rotate" => &["version", "verification"],
        "revoke" => return told(step, whose).iter().map(|name| (*name, Typed::Text)).collect(),
        "check" => return vec![("verification", Typed::Text)],
        "issue" => ISSUED,
        _ => return Vec::new(),
    };
    let sealed = whose.kind.secret.map(|secret| (secret.output, Typed::Secret));
    let public = public.iter().chain(told(step, whose)).map(|name| (*name, Typed::Text));
    public.chain(sealed).collect()
}

/// What the verb that takes the new version answers with: a user's name, a key's id.
fn told(step: &str, whose: Whose<'_>) -> &'static [&'static str] {
    let parts: &[Part] = match step {
        "provision" => &[Part::Provision],
        "rotate" => &[Part::Stage, Part::Replace],
        "revoke" => &[Part::Revoke],
        _ => return &[],
    };
    let verb = parts.iter().find_map(|part| whose.kind.verb_for(*part));
    verb.and_then(|name| whose.manifest.verb(name)).map_or(&[], |verb| verb.outputs)
}
