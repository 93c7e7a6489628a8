//! What a connector declares of itself: kinds of subjects, verbs, typed parameters, probes.

use countersign_warrant::{Applied, Intent, Limits};

use crate::Observation;

/// A connector's declared powers. Plans, the policy schema, lint and `--help` texts are made from it.
#[derive(Debug, Clone)]
pub struct Manifest {
    /// The connector's name in workflows.
    pub connector: &'static str,
    /// What it is, in one line.
    pub summary: &'static str,
    /// The kinds of subjects, and of sinks, that it knows.
    pub kinds: Vec<Kind>,
    /// The verbs of `act`.
    pub verbs: Vec<Verb>,
    /// The probes that it can run.
    pub probes: Vec<ProbeSpec>,
}

impl Manifest {
    /// The kind of that name.
    pub fn kind(&self, name: &str) -> Option<&Kind> {
        self.kinds.iter().find(|kind| kind.name == name)
    }

    /// The kind of its sinks, if material can be delivered to it.
    pub fn sink(&self) -> Option<&Kind> {
        self.kinds.iter().find(|kind| kind.is_sink)
    }

    /// The verb of that name.
    pub fn verb(&self, name: &str) -> Option<&Verb> {
        self.verbs.iter().find(|verb| verb.name == name)
    }

    /// The probe of that name.
    pub fn probe(&self, name: &str) -> Option<&ProbeSpec> {
        self.probes.iter().find(|probe| probe.name == name)
    }
}

/// The type of a parameter or attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// Text.
    Text,
    /// A person: a name in a workflow or a request, and from the plan on an opaque id (`p_` and 32 hex digits).
    Person,
    /// One of these words.
    Word(&'static [&'static str]),
    /// A whole number.
    Integer,
    /// True or false.
    Boolean,
    /// An RFC 3339 instant.
    Instant,
    /// A list of texts.
    Texts,
    /// Named texts; a secret one may stand in a field of its own.
    Fields,
}

/// A typed, described value that a verb takes or a kind has.
#[derive(Debug, Clone, Copy)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub kind: Type,
    /// Secret values come as sealed material only. Of [`Type::Fields`], single fields may then be secret.
    pub secret: bool,
    /// It must be given.
    pub required: bool,
    /// What it means, with its unit.
    pub about: &'static str,
}

impl Parameter {
    /// A public parameter that must be given.
    pub const fn required(name: &'static str, kind: Type, about: &'static str) -> Self {
        Self { name, kind, secret: false, required: true, about }
    }

    /// A public parameter that may be left out.
    pub const fn optional(name: &'static str, kind: Type, about: &'static str) -> Self {
        Self { name, kind, secret: false, required: false, about }
    }

    /// A secret parameter that must be given.
    pub const fn secret(name: &'static str, kind: Type, about: &'static str) -> Self {
        Self { name, kind, secret: true, required: true, about }
    }
}

/// The part that a verb plays in a step. The planner finds a kind's verbs by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// Makes the subject, with its first version.
    Provision,
    /// Issues a certificate for the pending version.
    Issue,
    /// Makes the pending version known to the target.
    Stage,
    /// Puts material where its consumer reads it: the pivot.
    Deliver,
    /// Puts the pending version in the place of the current one: from then on the target refuses the old one.
    Replace,
    /// Stops the previous version from working; may be taken back.
    Disable,
    /// Removes the previous version for good.
    Retire,
    /// Removes the subject for good, once none of its versions works.
    Deprovision,
    /// Makes a certificate of the subject known as one that is valid no more (RFC 5280 section 5).
    Revoke,
    /// Only an undo uses it.
    Undo,
}

/// The probe of a kind that can be revoked: *accepted* when whoever checks the certificate finds it revoked.
pub const REVOKED: &str = "revoked";

/// How the old and the new version of a subject live together while one replaces the other (beh:R5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Strategy {
    /// The target takes one version: the old one is dead as soon as the new one is set.
    InPlace,
    /// Two users of one subject take turns: the idle one is given the new version, and the other one is locked later.
    Alternating,
    /// The target takes two versions of one user at once.
    DualSlot,
    /// The target publishes the public halves of its keys, and others keep copies of what it publishes: the new one is
    /// published before it is used, the old one for as long as something lives that it signed (beh:G12).
    Versioned,
    /// The target issues a new certificate, for a new key, and leaves the old one to its own end.
    Reissue,
}

impl Strategy {
    /// Every strategy of this version.
    pub const ALL: [Self; 5] = [Self::InPlace, Self::Alternating, Self::DualSlot, Self::Versioned, Self::Reissue];

    /// The word in workflows.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InPlace => "in_place",
            Self::Alternating => "alternating",
            Self::DualSlot => "dual_slot",
            Self::Versioned => "versioned",
            Self::Reissue => "reissue",
        }
    }

    /// What a target must have for it, in words that stand after `needs`.
    pub const fn needs(self) -> &'static str {
        match self {
            Self::InPlace => "a target that replaces the secret itself",
            Self::Alternating => "two users that take turns",
            Self::DualSlot => "a target that takes two versions at once",
            Self::Versioned => "a target that publishes the public halves of its keys",
            Self::Reissue => "certificates, which end by themselves",
        }
    }

    /// The parts that a kind's verbs must play for it.
    pub const fn parts(self) -> &'static [Part] {
        match self {
            Self::InPlace => &[Part::Replace],
            Self::Alternating => &[Part::Stage, Part::Disable],
            Self::DualSlot | Self::Versioned => &[Part::Stage, Part::Disable, Part::Retire],
            Self::Reissue => &[Part::Issue],
        }
    }
}

/// The secret of a kind: how a version is made, and by which output name workflows refer to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Secret {
    /// What it is.
    pub kind: SecretKind,
    /// The step output that holds it, such as `key`; always typed secret.
    pub output: &'static str,
}

/// What kind of secret a subject's versions are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretKind {
    /// Random text from an alphabet, made by us.
    Text,
    /// A key pair, made by us; the target sees a certificate request.
    KeyPair,
}

/// A kind of subject, or the kind of a connector's sinks.
#[derive(Debug, Clone)]
pub struct Kind {
    /// Its name in workflows.
    pub name: &'static str,
    /// What it is, in one line.
    pub about: &'static str,
    /// True when it is a place that material is delivered to.
    pub is_sink: bool,
    /// How many versions may be live at once; `None` where the kind has no limit.
    pub slots: Option<u32>,
    /// What its versions are; `None` for a sink.
    pub secret: Option<Secret>,
    /// The probe that authenticates with a version: *accepted* while the version works, *refused* once it is dead. A
    /// rotation proves with it that the old version is dead; a kind without one cannot be rotated.
    pub liveness: Option<&'static str>,
    /// How a version of it may be replaced; empty where it cannot be rotated.
    pub strategies: &'static [Strategy],
    /// Attributes that policy and `provision` know.
    pub attributes: &'static [Parameter],
    /// Which verb plays which part.
    pub parts: &'static [(Part, &'static str)],
}

impl Kind {
    /// The verb that plays `part`, if the kind has one.
    pub fn verb_for(&self, part: Part) -> Option<&'static str> {
        self.parts.iter().find(|(of, _)| *of == part).map(|(_, verb)| *verb)
    }
}

/// Whether and how a verb's effect can be taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reversibility {
    /// By this verb, with those of the forward call's parameters and materials that it takes; a `version` that the
    /// forward call does not have is the version of its material. What is undone is said by the intent's origin.
    UndoneBy(&'static str),
    /// Not at all.
    Irreversible,
}

impl Reversibility {
    /// The verb that takes it back.
    pub const fn undo(self) -> Option<&'static str> {
        match self {
            Self::UndoneBy(verb) => Some(verb),
            Self::Irreversible => None,
        }
    }
}

/// What an observation says of an open intent.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// The change is there.
    Applied(Applied),
    /// The change is not there now.
    NotApplied,
    /// The observation does not tell.
    Unclear,
}

/// One verb: a single outside change.
#[derive(Debug, Clone)]
pub struct Verb {
    /// Its name.
    pub name: &'static str,
    /// The kind of resource that it changes; another kind shares the verb when its parts name it.
    pub kind: &'static str,
    /// What it does, in words that stand in a plan after the resource's name.
    pub about: &'static str,
    /// What it takes.
    pub parameters: Vec<Parameter>,
    /// The named public outputs of a done attempt.
    pub outputs: &'static [&'static str],
    /// Whether it can be taken back.
    pub reversibility: Reversibility,
    /// Duration and lateness of one attempt.
    pub limits: Limits,
    /// Tells from an observation of the resource, made after the attempt, whether the attempt was applied. Pure.
    pub effect: fn(&Intent, &Observation) -> Effect,
}

/// A probe that a connector can run.
#[derive(Debug, Clone)]
pub struct ProbeSpec {
    /// Its name in `verify` and `adopted`.
    pub name: &'static str,
    /// The kind of subject that it is about.
    pub kind: &'static str,
    /// What *accepted* proves.
    pub about: &'static str,
    /// True when it authenticates with the version's material; false when it needs none.
    pub needs_material: bool,
    /// What it takes.
    pub parameters: &'static [Parameter],
}
