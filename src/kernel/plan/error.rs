//! Why no plan can be made, in words that say what to do.

use countersign_warrant::ResourceName;

/// No plan can be made from this workflow, trigger and snapshot.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// The workflow does not take this trigger.
    #[error("workflow `{workflow}` takes no {trigger} trigger")]
    NoSuchTrigger {
        /// The workflow.
        workflow: String,
        /// The trigger's word.
        trigger: &'static str,
    },
    /// An input that the workflow does not have.
    #[error("workflow `{workflow}` has no input `{input}`; it has {known}")]
    UnknownInput {
        /// The workflow.
        workflow: String,
        /// The given name.
        input: String,
        /// The known names.
        known: String,
    },
    /// Inputs that must be given are missing.
    #[error("{}", missing(.inputs))]
    MissingInput {
        /// Their names; at least one.
        inputs: Vec<String>,
    },
    /// An input that does not have its type or bounds.
    #[error("input `{input}` must be {wanted}, and `{given}` is not")]
    WrongInput {
        /// Its name.
        input: String,
        /// The type with its bounds, in words.
        wanted: String,
        /// What was given.
        given: String,
    },
    /// A place that has the version in use would get no new one.
    #[error("`{sink}` was given `{version}`, and gets no new one: whoever reads it there would be refused")]
    ConsumerLeft {
        /// The place.
        sink: ResourceName,
        /// What it has.
        version: String,
    },
    /// A value that comes from elsewhere is not of the form that its place takes.
    #[error("`{from}` is `{given}`, and `{name}` takes {wanted}")]
    WrongValue {
        /// Where it comes from, such as `inputs.until`.
        from: String,
        /// What it is.
        given: String,
        /// What it is for.
        name: String,
        /// The form, in words.
        wanted: &'static str,
    },
    /// A name made from inputs is not legal.
    #[error("`{text}` is not a legal {what}: use letters, digits, `-`, `_` and `.`")]
    IllegalName {
        /// What it should have been.
        what: &'static str,
        /// The text.
        text: String,
    },
    /// The subject is there already.
    #[error("`{subject}` exists already; a provision makes a new subject")]
    SubjectExists {
        /// The subject.
        subject: ResourceName,
    },
    /// The subject is not there.
    #[error("`{subject}` does not exist, or has no current version; provision it, or adopt it, first")]
    SubjectMissing {
        /// The subject.
        subject: ResourceName,
    },
    /// A subject that is to be adopted is not there.
    #[error("`{subject}` does not exist; what does not exist is provisioned")]
    NotThere {
        /// The subject.
        subject: ResourceName,
    },
    /// A subject that is to be adopted is known already.
    #[error("`{subject}` has the current version {current} already; there is nothing to adopt")]
    Adopted {
        /// The subject.
        subject: ResourceName,
        /// Its current version.
        current: String,
    },
    /// It is not known which version is to be adopted.
    #[error("`{subject}` has {live} live versions; say with `--version` which of them the secret is")]
    WhichVersion {
        /// The subject.
        subject: ResourceName,
        /// How many work.
        live: usize,
    },
    /// A version at the target that nobody has named.
    #[error("the target does not say which version of `{subject}` its secret is: what is not labelled is not adopted")]
    Unlabelled {
        /// The subject.
        subject: ResourceName,
    },
    /// A version that was in use here before.
    #[error("`{version}` was given out here before, and is not current; it is not adopted")]
    VersionKnown {
        /// The version.
        version: String,
    },
    /// No slot is free for the new version.
    #[error("`{subject}` holds {live} live versions and takes {slots}: retire one first")]
    NoFreeSlot {
        /// The subject.
        subject: ResourceName,
        /// How many are live.
        live: usize,
        /// How many it takes.
        slots: u32,
    },
    /// The current version at the target is not the one that the store calls current.
    #[error("`{subject}` holds no live slot of version {current} at its target: somebody else changed it")]
    Drift {
        /// The subject.
        subject: ResourceName,
        /// What the store calls current.
        current: String,
    },
    /// A version that the target does not hold.
    #[error("`{subject}` holds no version `{version}` at its target")]
    NoSuchVersion {
        /// The subject.
        subject: ResourceName,
        /// What was named.
        version: String,
    },
    /// A single verb on the version in use.
    #[error("`{version}` is the version in use: `rotate` or `deprovision` ends it in the order that is safe")]
    VersionInUse {
        /// The version.
        version: String,
    },
    /// The issuer has no certificate yet.
    #[error("issuer `{issuer}` has no current version and certificate; run its workflow first")]
    IssuerMissing {
        /// The issuer.
        issuer: ResourceName,
    },
    /// A change of what Countersign works with, by a workflow that does not say so.
    #[error("`{resource}` is what Countersign itself works with, and the workflow's subject does not say `self`")]
    OwnCredential {
        /// The subject, or the sink.
        resource: ResourceName,
    },
    /// A workflow for what Countersign works with, of something else.
    #[error("`{subject}` is said to be what Countersign works with, and settings name it for no connector")]
    NotOwn {
        /// The subject.
        subject: ResourceName,
    },
    /// The new credential would be where Countersign does not look.
    #[error(
        "Countersign reads the credential of `{subject}` in `{field}` of `{sink}`; the workflow delivers it elsewhere"
    )]
    OwnElsewhere {
        /// The subject.
        subject: ResourceName,
        /// Where it is read.
        sink: ResourceName,
        /// The delivery's field.
        field: String,
    },
    /// More subjects than the workflow is for.
    #[error(
        "{selected} of the {listed} subjects that are there are selected ({}), and `at_most` is {cap}: narrow `where`, or \
         raise it", some_of(.first, *.selected)
    )]
    TooMany {
        /// How many.
        selected: usize,
        /// How many are there.
        listed: usize,
        /// The first few of them.
        first: Vec<ResourceName>,
        /// How many there may be.
        cap: usize,
    },
    /// A manifest lacks what the workflow was checked against: the workflow belongs to another version.
    #[error("connector `{connector}` cannot {what}")]
    Unfit {
        /// The instance.
        connector: String,
        /// What is missing.
        what: String,
    },
    /// A change would rest on what another one of the same run has changed by then.
    #[error("`{step}` would rest on what `{earlier}` has changed by then: make two workflows of it")]
    SecondChange {
        /// The later step.
        step: String,
        /// The earlier one.
        earlier: String,
    },
    /// Two deliveries would meet in one sink.
    #[error(
        "`{step}` would deliver to `{sink}`, and a delivery before it goes to `{earlier}`: give each a place of its own, \
         none inside another"
    )]
    SameSink {
        /// The later move.
        step: String,
        /// Where it delivers.
        sink: ResourceName,
        /// Where the earlier one does: the same, or one that lies around it or inside it.
        earlier: ResourceName,
    },
    /// An irreversible act would stand before the pivot.
    #[error("`{step}` cannot be undone and would run before the pivot")]
    IrreversibleBeforePivot {
        /// The move.
        step: String,
    },
    /// A step's condition could not be evaluated.
    #[error("the condition of `{step}` cannot be evaluated: {message}")]
    Condition {
        /// The step.
        step: String,
        /// Why.
        message: String,
    },
    /// No `policy` step covers an act: the proof on the expanded plan.
    #[error("no policy step covers `{step}`")]
    Uncovered {
        /// The move.
        step: String,
    },
}

impl PlanError {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoSuchTrigger { .. } => "plan.no_such_trigger",
            Self::ConsumerLeft { .. } => "plan.consumer_left",
            Self::UnknownInput { .. } => "plan.unknown_input",
            Self::MissingInput { .. } => "plan.missing_input",
            Self::WrongInput { .. } => "plan.wrong_input",
            Self::WrongValue { .. } => "plan.wrong_value",
            Self::IllegalName { .. } => "plan.illegal_name",
            Self::SubjectExists { .. } => "plan.subject_exists",
            Self::SubjectMissing { .. } => "plan.subject_missing",
            Self::NoFreeSlot { .. } => "plan.no_free_slot",
            Self::Drift { .. } => "plan.drift",
            Self::NoSuchVersion { .. } => "plan.no_such_version",
            Self::VersionInUse { .. } => "plan.version_in_use",
            Self::IssuerMissing { .. } => "plan.issuer_missing",
            Self::OwnCredential { .. } => "plan.own_credential",
            Self::NotOwn { .. } => "plan.not_own",
            Self::OwnElsewhere { .. } => "plan.own_elsewhere",
            Self::NotThere { .. } => "plan.not_there",
            Self::Adopted { .. } => "plan.adopted",
            Self::WhichVersion { .. } => "plan.which_version",
            Self::Unlabelled { .. } => "plan.unlabelled",
            Self::VersionKnown { .. } => "plan.version_known",
            Self::TooMany { .. } => "plan.too_many",
            Self::Unfit { .. } => "plan.unfit",
            Self::SecondChange { .. } => "plan.second_change",
            Self::SameSink { .. } => "plan.same_sink",
            Self::IrreversibleBeforePivot { .. } => "plan.irreversible_before_pivot",
            Self::Condition { .. } => "plan.condition",
            Self::Uncovered { .. } => "workflow.uncovered_change",
        }
    }
}

fn missing(inputs: &[String]) -> String {
    let given: Vec<String> = inputs.iter().map(|input| format!("--input {input}=...")).collect();
    let are = if inputs.len() == 1 { "input" } else { "inputs" };
    let verb = if inputs.len() == 1 { "is" } else { "are" };
    format!("{are} `{}` {verb} missing: give `{}`", inputs.join("`, `"), given.join(" "))
}

fn some_of(first: &[ResourceName], all: usize) -> String {
    let named: Vec<String> = first.iter().map(|one| format!("`{one}`")).collect();
    match all - first.len().min(all) {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}
