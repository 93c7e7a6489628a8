//! `countersign resume`, `undo` and `abandon`: a person's answer to a run that cannot go on by itself.

use std::path::PathBuf;
use std::sync::Arc;

use countersign_kernel::policy::{PolicySet, Vocabulary};
use countersign_kernel::run::bodies::{PersonAnswer, RunOutcome};
use countersign_warrant::RunId;
use tokio::sync::watch;

use super::Stop;
use super::arguments::{Abandon, Resume, Undo};
use super::owner::Owner;
use super::progress::Progress;
use super::run::{exit_with_subjects, left, tell};
use super::screen::Screen;
use super::session::open;
use super::signals::Signals;
use super::stop::{BAD_INPUT, DONE};
use crate::api::{Answer, REASON_MAX};
use crate::folder::Folder;
use crate::runner::{AnswerError, Driven, PersonsWord};
use crate::scheduler::{Active, ActiveError};
use crate::store::{RunState, Store};
use crate::{Installation, known, runner};

/// Goes on where it stopped.
pub(super) async fn resume(data: Option<PathBuf>, asked: &Resume, screen: &Screen) -> Result<u8, Stop> {
    match &asked.run {
        Some(run) => answer(data, (run, &asked.reason), PersonAnswer::Resume, screen).await,
        None => super::pause::lift(data, (&asked.at, &asked.reason), screen).await,
    }
}

/// Takes back.
pub(super) async fn undo(data: Option<PathBuf>, asked: &Undo, screen: &Screen) -> Result<u8, Stop> {
    answer(data, (&asked.run, &asked.reason), PersonAnswer::Undo, screen).await
}

/// Lets go.
pub(super) async fn abandon(data: Option<PathBuf>, asked: &Abandon, screen: &Screen) -> Result<u8, Stop> {
    answer(data, (&asked.run, &asked.reason), PersonAnswer::Abandon, screen).await
}

async fn answer(
    data: Option<PathBuf>,
    (run, reason): (&str, &str),
    answer: PersonAnswer,
    screen: &Screen,
) -> Result<u8, Stop> {
    let run: RunId = run.parse().map_err(|_| unknown(format!("`{run}` is no run")))?;
    if reason.trim().is_empty() || reason.len() > REASON_MAX {
        let text = format!("a reason has 1 to {REASON_MAX} bytes");
        return Err(Stop::new(BAD_INPUT, "answer.reason", text, "say in a sentence what you know"));
    }
    let path = Folder::resolve(data)?;
    if let Some(owner) = Owner::of(&path).await? {
        return handed_over(&owner, (&run, reason), answer, screen).await;
    }
    let installation = open(Some(path), answer.as_str(), screen).await?;
    if let Err(refused) = takes_answers(&installation.store, &run, answer).await {
        installation.close().await;
        return Err(refused);
    }
    let signals = Signals::listen();
    let stop = signals.asked();
    let word = (answer, reason);
    let ended = signals.over(Box::pin(within(&installation, (&run, word), stop, screen))).await?;
    installation.close().await;
    ended
}

fn unknown(text: String) -> Stop {
    Stop::new(BAD_INPUT, "run.not_found", text, "`countersign status` lists the runs")
}

/// Refuses an answer to a run that is not there, or over.
async fn takes_answers(store: &Store, run: &RunId, answer: PersonAnswer) -> Result<(), Stop> {
    match store.run(run).await?.map(|stored| stored.state) {
        None => Err(unknown(format!("there is no run `{run}`"))),
        Some(RunState::Closed { .. }) => {
            let (run, why) = (run.clone(), "the run is over".to_owned());
            Err(AnswerError::Refused { run, answer, why }.into())
        }
        Some(_) => Ok(()),
    }
}

/// Hands the answer over to the process that serves, and stays with the run.
async fn handed_over(
    owner: &Owner,
    (run, reason): (&RunId, &str),
    answer: PersonAnswer,
    screen: &Screen,
) -> Result<u8, Stop> {
    takes_answers(owner.store(), run, answer).await?;
    let from = owner.store().entries_of_run(run).await?.len();
    owner.answer(run, &Answer { answer, reason: reason.to_owned() }).await?;
    let signals = Signals::listen_beside();
    let progress = Progress::start(screen, Some(owner.store()));
    let stop = signals.asked();
    let driven = signals.over(owner.stay_with_answered(run, from, &progress, stop)).await;
    progress.finish().await;
    let driven = driven??;
    if driven == Driven::Stopped {
        return left(owner.store(), screen, std::slice::from_ref(run)).await;
    }
    ended(owner.store(), (run, &driven), answer, screen).await
}

async fn within(
    installation: &Installation,
    (run, (answer, reason)): (&RunId, (PersonAnswer, &str)),
    stop: watch::Receiver<bool>,
    screen: &Screen,
) -> Result<u8, Stop> {
    let policies = match Active::load(&installation.store, &known(&installation.catalog)).await {
        Ok(active) => active.set.policies,
        // WHY: to take back or to let go asks no policy, and must be possible where the settings no longer fit the set.
        Err(error @ ActiveError::Unfit { .. }) if answer != PersonAnswer::Resume => {
            Arc::new(PolicySet::load(&[], &Vocabulary::default()).map_err(|_| error)?)
        }
        Err(error) => return Err(error.into()),
    };
    let word = PersonsWord { answer, by: installation.asker().await?, reason: reason.to_owned() };
    let progress = Progress::start(screen, Some(&installation.store));
    let runner = runner(installation, policies, Some(progress.sender()), stop);
    let driven = runner.answer(run, word).await;
    drop(runner);
    progress.finish().await;
    let driven = driven?;
    ended(&installation.store, (run, &driven), answer, screen).await
}

/// Tells how the run ended after the answer.
async fn ended(
    store: &Store,
    (run, driven): (&RunId, &Driven),
    answer: PersonAnswer,
    screen: &Screen,
) -> Result<u8, Stop> {
    tell(store, screen, run, driven, true).await?;
    match (answer, driven) {
        // What was asked for is what happened.
        (PersonAnswer::Undo, Driven::Over(RunOutcome::Undone | RunOutcome::Denied))
        | (PersonAnswer::Abandon, Driven::Over(RunOutcome::Abandoned)) => Ok(DONE),
        (_, driven) => exit_with_subjects(store, run, driven, false).await,
    }
}
