//! What can be chosen, and what each choice brings along.

use std::collections::{BTreeMap, BTreeSet};

use countersign_kernel::workflow::model::{Delivery, Reference, StepKind, Template, Workflow};
use countersign_kernel::workflow::parse;

use crate::catalog::Catalog;
use crate::cli::Stop;
use crate::cli::quickstart::SHIPPED;
use crate::cli::stop::FAILED;
use crate::settings::Settings;

/// A shipped workflow.
#[derive(Debug)]
pub(super) struct Choice {
    file: &'static str,
    text: &'static str,
    workflow: Workflow,
}

impl Choice {
    pub(super) fn name(&self) -> &str {
        &self.workflow.metadata.name
    }

    /// What it is for: the first line of its file.
    pub(super) fn about(&self) -> &'static str {
        self.text.lines().next().unwrap_or_default().trim_start_matches('#').trim()
    }

    /// The inputs that a request must give.
    pub(super) fn needed_inputs(&self) -> impl Iterator<Item = &str> {
        let inputs = self.workflow.triggers.request.iter().flat_map(|request| &request.inputs);
        inputs.filter(|(_, input)| input.default.is_none()).map(|(name, _)| name.as_str())
    }

    /// What must be there before it is run, where it changes the credential that Countersign itself works with: the account,
    /// and its name in the settings.
    pub(super) fn needed_settings(&self) -> Option<String> {
        let subject = &self.workflow.subject;
        let Template::Literal(name) = &subject.name else { return None };
        let (connector, name) = (&subject.connector, name.as_str().filter(|_| subject.own)?);
        let key = self.workflow.steps.iter().find_map(|step| match &step.kind {
            StepKind::Rotate(rotate) => rotate.distribute.first(),
            _ => None,
        })?;
        let (Template::Literal(path), field) = (&key.path, key.fields.keys().next()?) else { return None };
        Some(format!(
            "the account `{name}`, with `level=write`; then `operator = \"{name}\"` and `operator_key = \"{}/{}/{field}\"` in \
             `[connectors.{connector}]` of the data folder's settings",
            key.place,
            path.as_str()?
        ))
    }

    fn actions(&self) -> impl Iterator<Item = &'static str> {
        self.workflow.steps.iter().filter(|step| step.kind.is_change()).map(|step| step.kind.word())
    }

    /// Whether it delivers the certificate that the endpoint of the default settings serves.
    fn serves_the_endpoint(&self) -> bool {
        let is_it = |delivery: &Delivery| {
            delivery.place == "server" && delivery.path == Template::Literal(serde_json::Value::from("tls"))
        };
        self.workflow.steps.iter().any(|step| match &step.kind {
            StepKind::Issue(issue) => issue.distribute.iter().any(is_it),
            _ => false,
        }) && self.actions().all(|action| action == "issue")
    }

    /// Whether it asks a target whether a secret works.
    fn asks_the_endpoint(&self) -> bool {
        self.workflow.steps.iter().any(|step| {
            matches!(
                step.kind,
                StepKind::Rotate(_) | StepKind::Deprovision(_) | StepKind::Revoke(_) | StepKind::Check(_)
            )
        })
    }

    /// What its requests give for an input, so that one of them makes each of what the others are about.
    pub(super) fn inputs_for(&self, input: &str, others: &[&Self]) -> Vec<String> {
        let own = &self.workflow.subject;
        if !matches!(&own.name, Template::Whole(Reference::Input(name)) if name == input) {
            return Vec::new();
        }
        let mut given = Vec::new();
        for of in others.iter().map(|other| &other.workflow.subject) {
            let Template::Literal(serde_json::Value::String(name)) = &of.name else { continue };
            let level = if of.own { " --input level=write" } else { "" };
            let one = format!("{name}{level}");
            if (&own.connector, &own.kind) == (&of.connector, &of.kind) && !given.contains(&one) {
                given.push(one);
            }
        }
        given
    }

    /// Whether this one makes what the other one changes, and why that is needed.
    fn makes_for(&self, other: &Self) -> Option<&'static str> {
        let (own, of) = (&self.workflow.subject, &other.workflow.subject);
        let subject = match &own.name {
            Template::Literal(serde_json::Value::String(name)) => {
                Some(format!("{}/{}/{name}", own.connector, own.kind))
            }
            _ => None,
        };
        let issuers = other.workflow.steps.iter().filter_map(|step| match &step.kind {
            StepKind::Issue(issue) | StepKind::Reissue(issue) => issue.issuer.as_ref().map(ToString::to_string),
            _ => None,
        });
        if issuers.into_iter().any(|issuer| Some(issuer) == subject) {
            return Some("which signs its certificate");
        }
        // WHY: what only makes something is run first; what also ends something is for a day of its own.
        let makes = self.actions().all(|action| matches!(action, "provision" | "issue"));
        let rests = other.actions().any(|action| matches!(action, "rotate" | "deprovision" | "revoke"));
        // WHY: a name that a request gives may be any, and one that stands in the file only this one.
        let may_be = !matches!(own.name, Template::Literal(_)) || own.name == of.name;
        let same = (&own.connector, &own.kind) == (&of.connector, &of.kind) && may_be;
        if makes && rests && same {
            return Some("which makes what it is about");
        }
        // The probes of the embedded target ask its endpoint, which serves nothing without its certificate.
        (self.serves_the_endpoint() && other.asks_the_endpoint()).then_some("without which its target answers nobody")
    }
}

/// The shipped workflows, read against the default settings.
pub(super) fn shipped() -> Result<Vec<Choice>, Stop> {
    let broken = |what: &str| Stop::new(FAILED, "init.shipped", format!("`{what}` does not parse"), "report this");
    let settings = Settings::parse("settings.toml", Settings::default_text()).map_err(|_| broken("settings.toml"))?;
    let catalog = Catalog::of_manifests(&settings);
    let known = crate::known(&catalog);
    let workflows = SHIPPED.iter().filter(|(file, _)| is(file, "yaml") && !is_test(file));
    let read = workflows.map(|&(file, text)| match parse(file, text.as_bytes(), &known) {
        Ok(workflow) => Ok(Choice { file, text, workflow }),
        Err(_) => Err(broken(file)),
    });
    read.collect()
}

/// Whether a file's name ends so.
pub(super) fn is(file: &str, extension: &str) -> bool {
    std::path::Path::new(file).extension().is_some_and(|end| end == extension)
}

/// Whether it is a file of tests of policies.
pub(super) fn is_test(file: &str) -> bool {
    file.strip_suffix(".yaml").is_some_and(|name| is(name, "test"))
}

/// What was chosen, with what it needs.
#[derive(Debug)]
pub(super) struct Chosen<'c> {
    /// In the order in which they can be run.
    pub(super) workflows: Vec<&'c Choice>,
    /// What was not named, and is needed: its name, and why.
    pub(super) needed: BTreeMap<&'c str, String>,
}

impl<'c> Chosen<'c> {
    /// The workflows of these names.
    ///
    /// # Errors
    /// A name that is none.
    pub(super) fn of(choices: &'c [Choice], names: &[String]) -> Result<Self, String> {
        let mut chosen = Self { workflows: Vec::new(), needed: BTreeMap::new() };
        for name in names {
            let one = choices.iter().find(|one| one.name() == name).ok_or_else(|| name.clone())?;
            chosen.add(one, choices, names);
        }
        // WHY: whoever runs them one after the other must not end first what a later one changes.
        chosen.workflows.sort_by_key(|one| one.actions().any(|action| action == "deprovision"));
        Ok(chosen)
    }

    /// Adds a workflow after those that it needs.
    fn add(&mut self, one: &'c Choice, choices: &'c [Choice], named: &[String]) {
        if self.workflows.iter().any(|earlier| earlier.name() == one.name()) {
            return;
        }
        for other in choices.iter().filter(|other| other.name() != one.name()) {
            if let Some(why) = other.makes_for(one) {
                if !named.iter().any(|name| name == other.name()) {
                    self.needed.insert(other.name(), format!("{why}: {}", one.name()));
                }
                self.add(other, choices, named);
            }
        }
        self.workflows.push(one);
    }

    /// Every file: workflows, the policies that judge them with their tests, settings.
    pub(super) fn files(&self) -> Vec<(&'static str, &'static str)> {
        let workflows = self.workflows.iter().map(|one| (one.file, one.text));
        let is_chosen = |(file, text): &(&str, &str)| is(file, "cedar") && self.concerns(text);
        let policies: Vec<(&str, &str)> = SHIPPED.iter().copied().filter(is_chosen).collect();
        let of = |(policy, _): &(&str, &str), test: &str| {
            test.strip_suffix(".test.yaml").is_some_and(|name| policy.strip_suffix(".cedar") == Some(name))
        };
        let tests = SHIPPED.iter().copied().filter(|(file, _)| policies.iter().any(|policy| of(policy, file)));
        let tests: Vec<(&str, &str)> = tests.collect();
        workflows.chain(policies).chain(tests).chain([("settings.toml", Settings::default_text())]).collect()
    }

    /// Whether a policy file speaks of an action of these workflows, and of their kinds if of any.
    fn concerns(&self, policies: &str) -> bool {
        let named = |mark: &str| -> BTreeSet<String> {
            let after = policies.split(mark).skip(1);
            let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
            after.map(|rest| rest.chars().take_while(|c| is_word(*c)).collect()).collect()
        };
        let (actions, kinds) = (named("Action::\""), named("resource is Countersign::"));
        self.workflows.iter().any(|one| {
            let subject = &one.workflow.subject;
            let kind = format!("{}::{}", subject.connector, subject.kind);
            one.actions().any(|action| actions.contains(action)) && (kinds.is_empty() || kinds.contains(&kind))
        })
    }
}
