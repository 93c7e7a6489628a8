//! What others ask of a server that owns the folder's writes: requests, answers, activations.

use std::path::PathBuf;
use std::sync::Arc;

use countersign_kernel::diagnostic::Diagnostic;
use countersign_kernel::plan::Adopting;
use countersign_warrant::{JournalError, RunId};
use tokio::sync::{mpsc, oneshot};

use super::activation::{Activated, activate};
use super::brakes::{BrakeError, Braked, Turned, turn};
use super::{AskError, Asked, Current, ServeError};
use crate::runner::{AnswerError, BeginError, Begun, Given, PersonsWord};
use crate::scheduler::FileSet;
use crate::{Installation, known};

/// Why an order was not carried out. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum OrderError {
    /// It asks for what is not there.
    #[error(transparent)]
    Ask(#[from] AskError),
    /// No run was begun.
    #[error(transparent)]
    Begin(#[from] BeginError),
    /// A person's answer was not taken.
    #[error(transparent)]
    Answer(#[from] AnswerError),
    /// No brake was set or lifted.
    #[error(transparent)]
    Brake(#[from] BrakeError),
    /// The files have errors.
    #[error("the workflows and policies have errors, and are not taken")]
    Files(Vec<Diagnostic>),
    /// The folder could not be read or written.
    #[error(transparent)]
    Folder(ServeError),
    /// Who asks could not be entered.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// No such run.
    #[error("there is no run `{0}`")]
    NoSuchRun(RunId),
    /// The run is being driven at this moment.
    #[error("run {0} is under way at this moment")]
    UnderWay(RunId),
    /// The server ends.
    #[error("the process that owns the folder is ending")]
    Ending,
}

impl OrderError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Ask(source) => source.code(),
            Self::Begin(source) => source.code(),
            Self::Answer(source) => source.code(),
            Self::Brake(source) => source.code(),
            Self::Files(_) => "set.refused",
            Self::Folder(source) => source.code(),
            Self::Journal(source) => source.code(),
            Self::NoSuchRun(_) => "run.not_found",
            Self::UnderWay(_) => "serve.under_way",
            Self::Ending => "serve.ending",
        }
    }

    /// What to do, where the error itself knows.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Ask(source) => source.help(),
            Self::Brake(source) => source.help(),
            Self::UnderWay(_) => {
                Some("ask again when it waits or needs a person: `countersign status RUN` says".to_owned())
            }
            Self::Ending => Some("run the command again".to_owned()),
            _ => None,
        }
    }
}

/// A secret to be adopted.
#[derive(Debug, Clone)]
pub struct Adopted {
    /// The file with it, absolute.
    pub path: PathBuf,
    /// Which version at the target it is.
    pub adopting: Adopting,
}

type Reply<T> = oneshot::Sender<Result<T, OrderError>>;

/// One order. `by` is the name of who gives it.
pub(super) enum Order {
    Begin { asked: Asked, adopted: Option<Adopted>, by: String, reply: Reply<Begun> },
    Answer { run: RunId, word: PersonsWord, by: String, reply: Reply<()> },
    Brake { wanted: Braked, by: String, reply: Reply<Turned> },
    Activate { files: FileSet, commit: Option<String>, by: String, reply: Reply<Activated> },
}

/// Where orders are given.
#[derive(Clone)]
pub struct Handle {
    orders: mpsc::Sender<Order>,
}

/// How many orders may queue.
const QUEUE: usize = 64;

pub(super) fn channel() -> (Handle, mpsc::Receiver<Order>) {
    let (orders, taken) = mpsc::channel(QUEUE);
    (Handle { orders }, taken)
}

impl Handle {
    async fn give<T>(&self, order: impl FnOnce(Reply<T>) -> Order) -> Result<T, OrderError> {
        let (reply, answer) = oneshot::channel();
        self.orders.send(order(reply)).await.map_err(|_| OrderError::Ending)?;
        answer.await.map_err(|_| OrderError::Ending)?
    }

    /// Begins a run, or finds the one that the same key made. It is driven by the server.
    ///
    /// # Errors
    /// When none is begun; nothing was changed.
    pub async fn begin(&self, asked: Asked, adopted: Option<Adopted>, by: String) -> Result<Begun, OrderError> {
        self.give(|reply| Order::Begin { asked, adopted, by, reply }).await
    }

    /// Records a person's answer to a run, which the server then carries on; the word's own `by` is replaced.
    ///
    /// # Errors
    /// When the run cannot take it; nothing was recorded.
    pub async fn answer(&self, run: RunId, word: PersonsWord, by: String) -> Result<(), OrderError> {
        self.give(|reply| Order::Answer { run, word, by, reply }).await
    }

    /// Sets or lifts a brake.
    ///
    /// # Errors
    /// When there is no such place, nothing to lift, or the entry cannot be written.
    pub async fn brake(&self, wanted: Braked, by: String) -> Result<Turned, OrderError> {
        self.give(|reply| Order::Brake { wanted, by, reply }).await
    }

    /// Makes exactly these files current.
    ///
    /// # Errors
    /// When they have errors, or the entry cannot be written.
    pub async fn activate(&self, files: FileSet, commit: Option<String>, by: String) -> Result<Activated, OrderError> {
        self.give(|reply| Order::Activate { files, commit, by, reply }).await
    }
}

/// Begins a run; where an emergency meets another one, with the word that has that one give way.
pub(super) async fn begin(
    installation: &Installation,
    current: &Current,
    (asked, adopted): (&Asked, Option<Adopted>),
    by: &str,
) -> Result<(Begun, Option<PersonsWord>), OrderError> {
    let person = installation.person(by).await?;
    let given = adopted.map(|Adopted { path, adopting }| Given { path, adopting });
    let request = asked.request(installation, &current.active, &person, given)?;
    let begun = current.runner.begin(request).await?;
    let word = (asked.emergency && matches!(begun, Begun::Coalesced(_))).then(|| asked.pressing(person));
    Ok((begun, word))
}

pub(super) async fn answer(
    installation: &Installation,
    current: &Current,
    run: &RunId,
    (word, by): (PersonsWord, &str),
) -> Result<(), OrderError> {
    let found = installation.store.run(run).await.map_err(ServeError::Store).map_err(OrderError::Folder)?;
    if found.is_none() {
        return Err(OrderError::NoSuchRun(run.clone()));
    }
    let by = installation.person(by).await?;
    Ok(current.runner.take_answer(run, PersonsWord { by, ..word }).await?)
}

pub(super) async fn brake(installation: &Installation, wanted: &Braked, by: &str) -> Result<Turned, OrderError> {
    let by = installation.person(by).await?;
    Ok(turn(installation, wanted, &by).await?)
}

pub(super) async fn make_current(
    installation: &Arc<Installation>,
    files: &FileSet,
    commit: Option<String>,
    by: &str,
) -> Result<Activated, OrderError> {
    let checked = files.check(&known(&installation.catalog)).map_err(OrderError::Files)?;
    let by = installation.person(by).await?;
    activate(installation, (files, &checked), by, commit).await.map_err(OrderError::Folder)
}
