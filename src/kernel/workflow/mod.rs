//! Workflow text to [`Workflow`](model::Workflow), or spanned errors.
//!
//! Bytes become text, text a tree of nodes that know their place, and the tree a workflow: every name resolved against
//! the manifests, every value typed, every change proven to have its policy and its evidence. All errors of a file are
//! told at once; only one that leaves no tree ends the reading.
//!
//! It must never: take what it does not know, guess what was meant, or let a secret stand where a manifest does not
//! say that secrets may.
//!
//! Read first: [`model::Workflow`], [`Known`].

mod again;
pub mod codes;
mod condition;
mod control;
mod coverage;
mod delivery;
mod each;
mod errors;
mod generate;
mod header;
mod issue;
pub mod layout;
mod leaves;
pub mod model;
mod notices;
mod notify;
mod on_failure;
mod order;
mod own;
mod parameter;
mod provision;
mod revoke;
mod rotate;
mod scalar;
mod schedule;
pub mod schema;
mod scope;
mod second;
mod set;
mod sinks;
mod step;
mod suggest;
mod table;
mod template;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub(crate) mod tests;
mod text;
mod tree;
mod trial;
mod trigger;
mod uses;
mod waits;
mod windows;

use std::collections::{BTreeMap, BTreeSet};

use countersign_contract::{Manifest, SecretKind};
use countersign_warrant::{Digest, ResourceName};

use self::errors::{Errors, Read};
use self::model::{Metadata, OnImport, RequestTrigger, Step, StepKind, Triggers, Workflow};
use self::scope::{Scope, Whose};
use self::table::{Table, items};
use self::tree::Node;
use self::trigger::On;
use crate::diagnostic::{Diagnostic, with_article};
use crate::schedule::Freeze;

pub(crate) use self::control::control_fault;
pub(crate) use self::each::EACH_MAX;
pub(crate) use self::parameter::is_instant;
pub(crate) use self::scalar::is_address;
pub(crate) use self::second::{is_before, may_follow};
pub use self::set::{Member, check_set};
pub(crate) use self::sinks::do_meet;
pub use self::text::FILE_BYTES_MAX;
pub(crate) use self::text::{REORDERED, is_wide, reordered};
pub use self::trial::parse_trials;

/// Steps of a workflow at most.
const STEPS_MAX: usize = 256;

/// The subjects whose credentials this installation itself works with, and where it reads each.
pub type Own = BTreeMap<ResourceName, Whereabouts>;

/// The sink that a credential is delivered to, and the delivery's field that it is in.
pub type Whereabouts = (ResourceName, String);

/// What settings name, for references to resolve against.
#[derive(Debug, Default)]
pub struct Known<'a> {
    /// The manifest of each connector instance, by the instance's name.
    pub connectors: BTreeMap<String, &'a Manifest>,
    /// The connector instance of each place, by the place's name.
    pub places: BTreeMap<String, String>,
    /// The days that a freeze stands for, by its name.
    pub freezes: BTreeMap<String, Vec<Freeze>>,
    /// The names of the webhooks that somebody can be told by.
    pub webhooks: BTreeSet<String>,
    /// The credentials that this installation itself works with.
    pub own: Own,
    /// What messages call the settings, such as `/srv/countersign/settings.toml` in backticks; nothing special when empty.
    pub settings: String,
}

impl Known<'_> {
    /// Tells that settings have no such thing.
    pub(self) fn none_named(&self, what: &str, name: &str) -> String {
        let settings = if self.settings.is_empty() { "the settings" } else { &self.settings };
        format!("no {what} is named `{}` in {settings}", scalar::shortened(name))
    }
}

/// Reads one workflow file. `file` is what the errors call it.
///
/// # Errors
/// Every error of the file, in the order of its text; at most a hundred, then one that says so. Never empty.
pub fn parse(file: &str, bytes: &[u8], known: &Known<'_>) -> Result<Workflow, Vec<Diagnostic>> {
    let text = text::text_of(file, bytes).map_err(|found| vec![*found])?;
    let mut errors = Errors::new(file, text);
    let read = tree::tree_of(&mut errors).and_then(|root| workflow(&root, Digest::of(bytes), known, &mut errors));
    let found = errors.into_diagnostics();
    match read {
        Ok(workflow) if found.is_empty() => Ok(workflow),
        Ok(_) | Err(_) => Err(found),
    }
}

/// The parts of a file that stand above the steps.
struct Header<'n> {
    metadata: Read<Metadata>,
    subject: Read<&'n Node>,
    on: On,
    on_import: Read<OnImport>,
    windows: Read<Option<windows::Placed>>,
    notices: Read<Option<notices::Placed>>,
    steps: Read<&'n [Node]>,
}

fn workflow(root: &Node, digest: Digest, known: &Known<'_>, errors: &mut Errors<'_>) -> Read<Workflow> {
    let header = header(root, known, errors)?;
    let whose = header.subject.and_then(|node| header::whose(node, known, errors));
    let nodes = header.steps.unwrap_or_default();
    let outlines = step::outlines(nodes, whose, errors);
    let order = order::order(nodes, &outlines, errors);
    let after = order.as_ref().ok().map(|order| order.after.as_slice());
    let conditions = std::cell::OnceCell::new();
    let (inputs, kinds) = (&header.on.inputs, header.on.kinds());
    let failed = order.as_ref().ok().map(|order| order.failed.as_slice());
    let mut scope =
        Scope { known, whose, inputs, triggers: &kinds, outlines: &outlines, after, failed, conditions, here: 0 };
    let subject = header.subject.and_then(|node| header::subject(node, &scope, errors));
    let mut steps = Vec::new();
    for (here, node) in nodes.iter().enumerate() {
        scope.here = here;
        steps.push(step::step(node, &scope, errors));
    }
    let order = order.and_then(|order| coverage::prove(nodes, &outlines, &order, errors).map(|()| order));
    let steps: Read<Vec<Step>> = steps.into_iter().collect();
    let steps = match (&order, steps) {
        (Ok(order), Ok(steps)) => {
            let second = second::prove(&steps, &outlines, order, errors);
            let failure = on_failure::prove(&steps, &outlines, order, errors);
            second.and(failure).map(|()| steps)
        }
        (_, steps) => steps,
    };
    let steps = steps.and_then(|steps| own::prove(&subject, &steps, &outlines, errors).map(|()| steps));
    let triggers = triggers(header.on, steps.as_deref().ok(), errors);
    let steps = steps.and_then(|steps| {
        each::prove(&subject, (&steps, &outlines), &triggers, errors)?;
        Ok(steps)
    });
    let windows = match (&triggers, &steps) {
        (Ok(triggers), Ok(steps)) => windows::prove(header.windows?, triggers, steps, errors),
        (Err(told), _) | (_, Err(told)) => Err(*told),
    };
    let notices = match (&triggers, &steps) {
        (Ok(triggers), Ok(steps)) => notices::prove(header.notices?, triggers, steps, errors),
        (Err(told), _) | (_, Err(told)) => Err(*told),
    };
    if let (Ok(triggers), Ok(steps), Ok(order)) = (&triggers, &steps, &order) {
        let closed_ms = windows.as_ref().ok().and_then(Option::as_ref).map_or(0, |(_, closed_ms)| *closed_ms);
        waits::prove((triggers, closed_ms), (steps, nodes), &order.sequence, errors)?;
    }
    header.steps?;
    let steps = order.and_then(|order| steps.map(|steps| in_order(steps, &order.sequence)));
    Ok(Workflow {
        digest,
        metadata: header.metadata?,
        subject: subject?,
        triggers: triggers?,
        on_import: header.on_import?,
        windows: windows?.map(|(windows, _)| windows),
        notices: notices?,
        steps: steps?,
    })
}

/// The steps in the order in which they run.
fn in_order(steps: Vec<Step>, sequence: &[usize]) -> Vec<Step> {
    let mut numbered: Vec<(usize, Step)> = steps.into_iter().enumerate().collect();
    numbered.sort_by_key(|(at, _)| sequence.iter().position(|next| next == at));
    numbered.into_iter().map(|(_, step)| step).collect()
}

fn header<'n>(root: &'n Node, known: &Known<'_>, errors: &mut Errors<'_>) -> Read<Header<'n>> {
    let mut table = Table::of(root, "apiVersion: countersign/v1", errors)?;
    let version = header::version(&mut table, errors);
    let metadata = table.need("metadata", "{name: .., owner: .., purpose: ..}", errors);
    let metadata = metadata.and_then(|node| header::metadata(node, errors));
    let subject = table.need("subject", "{connector: .., kind: .., name: ..}", errors);
    let on = table.need("on", "{request: {}}", errors).and_then(|node| {
        let mut on = trigger::on(node, errors)?;
        on.complete = trigger::check_defaults(node, &on, errors).and(on.complete);
        Ok(on)
    });
    let steps = table.need("steps", "[..]", errors).and_then(|node| {
        let steps = items(node, "steps: [..]", errors)?;
        if steps.is_empty() {
            return Err(errors.tell(codes::EMPTY_VALUE, &node.owner, "there are no steps", "write at least one"));
        }
        if steps.len() > STEPS_MAX {
            let message = format!("{} steps are too many for one workflow", steps.len());
            return Err(errors.tell(codes::OUT_OF_RANGE, &node.owner, message, format!("at most {STEPS_MAX}")));
        }
        Ok(steps)
    });
    let on_import = table.take("on_import").map_or(Ok(OnImport::default()), |node| {
        let subject = subject.and_then(|node| header::whose(node, known, &mut Errors::new("", "")));
        on_import(node, subject, errors)
    });
    let windows = table.take("windows").map(|node| windows::windows(node, known, errors)).transpose();
    let notices = table.take("notices").map(|node| notices::notices(node, known, errors)).transpose();
    let done = table.done(&[], errors);
    let on = on.unwrap_or_else(On::told);
    Ok(Header { metadata: version.and(done).and(metadata), subject, on, on_import, windows, notices, steps })
}

/// What becomes of what is adopted; only a text can be.
fn on_import(node: &Node, whose: Read<Whose<'_>>, errors: &mut Errors<'_>) -> Read<OnImport> {
    let word = scalar::word(node, &OnImport::WORDS, &[], errors)?;
    match whose {
        Ok(Whose { kind, .. }) if !kind.secret.is_some_and(|secret| secret.kind == SecretKind::Text) => {
            let message = format!("what {} has is no text that somebody could give", with_article(kind.name));
            Err(errors.tell(codes::KEY_NOT_HERE, &node.owner, message, "take `on_import` out"))
        }
        _ => Ok(word),
    }
}

fn triggers(on: On, steps: Option<&[Step]>, errors: &mut Errors<'_>) -> Read<Triggers> {
    let expiry = on.expiry?;
    if let (Some((_, at)), Some(steps)) = (&expiry, steps)
        && !steps.iter().any(has_lifetime)
    {
        let help = "give `generate` a `lifetime`, or take `expiry` out";
        return Err(errors.tell(codes::NO_LIFETIME, at, "no version of this workflow ever ends", help));
    }
    let schedule = schedule::prove(on.schedule?, expiry.is_some(), steps, errors);
    let inputs = on.inputs?.into_iter().map(|(name, input)| Ok((name, input?))).collect::<Read<BTreeMap<_, _>>>()?;
    on.complete?;
    let request = on.has_request.then_some(RequestTrigger { inputs });
    let expiry = expiry.map(|(trigger, _)| trigger);
    Ok(Triggers { request, expiry, schedule: schedule?, events: on.events? })
}

const fn has_lifetime(step: &Step) -> bool {
    lifetime_secs(step).is_some()
}

/// After how many seconds the version that a step makes counts as expired.
const fn lifetime_secs(step: &Step) -> Option<u64> {
    match &step.kind {
        StepKind::Issue(step) | StepKind::Reissue(step) => Some(step.lifetime_secs),
        StepKind::Provision(step) => step.generate.lifetime_secs(),
        StepKind::Rotate(step) => step.generate.lifetime_secs(),
        StepKind::Policy(_)
        | StepKind::Deprovision(_)
        | StepKind::Revoke(_)
        | StepKind::Uses(_)
        | StepKind::Check(_)
        | StepKind::Wait(_)
        | StepKind::Notify(_)
        | StepKind::Evidence(_) => None,
    }
}
