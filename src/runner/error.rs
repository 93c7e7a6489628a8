//! Why a run cannot begin, or cannot go on in this process.

use countersign_kernel::plan::PlanError;
use countersign_kernel::run::bodies::PersonAnswer;
use countersign_kernel::run::{CommandError, Illegal};
use countersign_warrant::{
    DecodeEntryError, Digest, JournalError, MintsOwn, RecoverError, RunId, SettleError, VersionId,
};

use crate::inventory::InventoryError;
use crate::ledger::{ClaimError, SignError};
use crate::secrets::{HandsError, MakeError, OpenError, TextRuleError};
use crate::store::ReadStoreError;

/// Why no run was started.
#[derive(Debug, thiserror::Error)]
pub enum BeginError {
    /// What is there could not be read.
    #[error("the plan needs a reading that could not be made")]
    Inventory(#[source] InventoryError),
    /// No plan can be made.
    #[error(transparent)]
    Plan(PlanError),
    /// The plan is another one than was named.
    #[error("the plan is now {now}, and not {named}: what is there or the workflow has changed since")]
    Drifted {
        /// The digest that was given.
        named: Digest,
        /// The digest of today's plan.
        now: Digest,
    },
    /// The idempotency key was given to another request.
    #[error("key `{key}` was given before, with {what}: it stands for run {run}")]
    KeyReused {
        /// The key.
        key: String,
        /// The run that it started.
        run: RunId,
        /// What differs.
        what: &'static str,
    },
    /// The plan has no canonical bytes.
    #[error("the plan has no canonical form")]
    Canonical(#[source] serde_json::Error),
    /// The store could not be read.
    #[error("the store could not be read")]
    Store(#[source] ReadStoreError),
    /// The ledger did not take the first entry.
    #[error("the run was not started")]
    Journal(#[source] JournalError),
    /// An entry could not be built.
    #[error("the run was not started")]
    Entry(#[source] MintsOwn),
    /// The secret that was to be adopted.
    #[error(transparent)]
    Given(MakeError),
    /// What was given does not open again.
    #[error("what was given was not sealed as it should be")]
    Open(#[source] OpenError),
    /// No such instance.
    #[error("no connector instance `{0}` in the settings")]
    NoSuchConnector(String),
    /// The target does not take what was given.
    #[error("the target does not take it as `{version}`: {message}; nothing was adopted")]
    NotTaken {
        /// As which version it was tried.
        version: VersionId,
        /// What the target said.
        message: String,
    },
    /// The target gave no answer, so that nobody knows whether it takes what was given.
    #[error("whether it is `{version}` could not be asked: {message}; nothing was adopted")]
    NotAsked {
        /// As which version it was to be tried.
        version: VersionId,
        /// Why there is no answer.
        message: String,
    },
    /// The version is sealed here already, as something else.
    #[error("`{version}` was given here before, with another secret; nothing was adopted")]
    OtherSecret {
        /// The version.
        version: VersionId,
    },
    /// The plan takes nothing over.
    #[error("the plan adopts nothing")]
    NothingAdopted,
    /// The system gave no randomness for the run's id.
    #[error("the system gave no randomness")]
    NoRandomness,
}

impl BeginError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Inventory(source) => source.code(),
            Self::Plan(source) => source.code(),
            Self::Drifted { .. } => "plan.drifted",
            Self::KeyReused { .. } => "request.key_reused",
            Self::Canonical(_) => "plan.not_canonical",
            Self::Store(source) => source.code(),
            Self::Journal(source) => source.code(),
            Self::Entry(_) => "entry.mints_own",
            Self::Given(source) => source.code(),
            Self::Open(source) => source.code(),
            Self::NoSuchConnector(_) => "inventory.no_such_connector",
            Self::NotTaken { .. } => "adopt.not_taken",
            Self::NotAsked { .. } => "adopt.not_asked",
            Self::OtherSecret { .. } => "adopt.other_secret",
            Self::NothingAdopted => "plan.unfit",
            Self::NoRandomness => "secrets.no_randomness",
        }
    }
}

/// Why a person's answer was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum AnswerError {
    /// The run cannot take that answer; nothing was recorded.
    #[error("run {run} cannot {}: {why}", answer.as_str())]
    Refused {
        /// The run.
        run: RunId,
        /// What was wanted.
        answer: PersonAnswer,
        /// Why not.
        why: String,
    },
    /// The run could not be read, or not be driven on.
    #[error(transparent)]
    Drive(#[from] DriveError),
}

impl AnswerError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Refused { .. } => "answer.refused",
            Self::Drive(source) => source.code(),
        }
    }
}

/// Why a run stopped being driven. The run itself is as its entries say.
#[derive(Debug, thiserror::Error)]
pub enum DriveError {
    /// A run of one of many subjects could not be begun.
    #[error("the run of one subject was not begun")]
    Begin(#[source] BeginError),
    /// There is no such run.
    #[error("there is no run `{0}`")]
    NoSuchRun(RunId),
    /// The run has no entry.
    #[error("the run has no entries")]
    NoEntries,
    /// The stored plan is missing.
    #[error("the bytes of plan {0} are not stored")]
    NoPlan(Digest),
    /// The stored plan cannot be read.
    #[error("the stored plan cannot be read")]
    Plan(#[source] serde_json::Error),
    /// A stored entry cannot be read.
    #[error("a stored entry cannot be read")]
    Decode(#[source] DecodeEntryError),
    /// The lease was not to be had, or was lost.
    #[error("the run's lease is not to be had")]
    Claim(#[source] ClaimError),
    /// No checkpoint could be signed.
    #[error("no checkpoint could be signed")]
    Sign(#[source] SignError),
    /// The ledger did not take an entry.
    #[error("the ledger did not take an entry")]
    Journal(#[source] JournalError),
    /// An entry does not fit the run.
    #[error("an entry does not fit the run")]
    Illegal(#[source] Illegal),
    /// The run could not be read back.
    #[error("the run could not be read back")]
    Recover(#[source] RecoverError),
    /// The next command cannot be worded.
    #[error(transparent)]
    Command(CommandError),
    /// An entry could not be built.
    #[error(transparent)]
    Entry(MintsOwn),
    /// The grant does not fit.
    #[error("no warrant was granted")]
    Grant(#[source] countersign_warrant::GrantError),
    /// A finding was not taken.
    #[error("the finding was not taken")]
    Settle(#[source] SettleError),
    /// Material could not be made or sealed.
    #[error("material could not be made or sealed")]
    Make(#[source] MakeError),
    /// No text keeps the rule.
    #[error("no text keeps the rule")]
    Rule(#[source] TextRuleError),
    /// The hands for a warrant were not given.
    #[error("there are no hands for the warrant")]
    Hands(#[source] HandsError),
    /// Sealed material does not open.
    #[error("sealed material does not open")]
    Open(#[source] OpenError),
    /// The store holds no sealed bytes of a version.
    #[error("secret version `{0}` is not in the store")]
    NotSealed(countersign_warrant::VersionId),
    /// The store could not be read.
    #[error("the store could not be read")]
    Store(#[source] ReadStoreError),
    /// The target could not be read.
    #[error("the target could not be read")]
    Inventory(#[source] InventoryError),
    /// The target does not say whether an open intent was applied.
    #[error("`{0}` does not show whether its open intent was applied; it stays open, and blocks the resource")]
    Unsettled(countersign_warrant::ResourceName),
    /// The wall clock was set back while the run waited.
    #[error("the clock was set back while the run waited, so nobody can say how long is left")]
    ClockBehind,
    /// No instance of that name.
    #[error("no connector instance `{0}` in the settings")]
    NoSuchConnector(String),
}

impl DriveError {
    /// True when trying again will not help: the run needs a person.
    pub const fn is_lasting(&self) -> bool {
        matches!(
            self,
            Self::Command(_)
                | Self::Entry(_)
                | Self::Make(_)
                | Self::Rule(_)
                | Self::Open(_)
                | Self::NotSealed(_)
                | Self::NoSuchConnector(_)
                // WHY: the ledger refuses the same entry for ever; where a commit was lost, it is asked again.
                | Self::Journal(JournalError::Unfit { .. } | JournalError::TooLarge { .. })
        )
    }

    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Begin(source) => source.code(),
            Self::NoSuchRun(_) => "run.not_found",
            Self::NoEntries | Self::Decode(_) | Self::Illegal(_) | Self::Recover(_) => "run.unreadable",
            Self::NoPlan(_) | Self::Plan(_) => "run.no_plan",
            Self::Claim(source) => source.code(),
            Self::Sign(source) => source.code(),
            Self::Journal(source) => source.code(),
            Self::Command(_) | Self::Entry(_) => "run.no_command",
            Self::Grant(source) => source.code(),
            Self::Settle(_) => "run.not_settled",
            Self::Make(source) => source.code(),
            Self::Rule(source) => source.code(),
            Self::Hands(source) => source.code(),
            Self::Open(_) => "secrets.does_not_open",
            Self::Store(source) => source.code(),
            Self::NotSealed(_) => "secrets.not_sealed",
            Self::Unsettled(_) => "run.unsettled",
            Self::ClockBehind => "clock.behind",
            Self::Inventory(source) => source.code(),
            Self::NoSuchConnector(_) => "inventory.no_such_connector",
        }
    }
}
