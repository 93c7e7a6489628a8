//! The command line: one file per command, over the rooms.
//!
//! A command reads what it needs, asks the rooms, and tells a person, or one JSON document, what happened. It must
//! never decide what the kernel decides, or change anything but through the runner and the ledger.
//!
//! Read first: [`Arguments`], [`Stop`].

mod activate;
mod adopt;
mod answer;
mod arguments;
mod calendar;
mod completions;
mod doctor;
mod draw;
mod evidence;
mod explain;
mod fmt;
mod house;
mod init;
mod lint;
mod man;
mod names;
mod near;
mod owner;
mod pause;
mod plan;
mod policy;
mod progress;
mod quickstart;
mod reasons;
mod report;
mod run;
mod schema;
mod screen;
mod serve;
mod session;
mod signals;
mod spans;
mod standing;
mod status;
mod stop;
mod tell;
mod typed;
mod why;

pub use arguments::{Arguments, Command};
pub use draw::{Look, draw};
pub use stop::Stop;

use crate::telemetry::{self, Telemetry, Verbosity};
use screen::Screen;

/// Runs one command; answers with the process's exit code.
pub async fn run(arguments: Arguments) -> u8 {
    let screen = Screen::of_process(arguments.json);
    match dispatch(arguments, &screen).await {
        Ok(exit) => exit,
        Err(stop) => {
            screen.stop(&stop);
            stop.exit
        }
    }
}

async fn dispatch(arguments: Arguments, screen: &Screen) -> Result<u8, Stop> {
    let verbosity = Verbosity::from_env(arguments.verbose);
    let verbosity = verbosity?;
    let telemetry = telemetry::start(&verbosity)?;
    let ended = command(arguments, (screen, &telemetry)).await;
    telemetry.end();
    ended
}

async fn command(arguments: Arguments, (screen, telemetry): (&Screen, &Telemetry)) -> Result<u8, Stop> {
    let data = arguments.data;
    match arguments.command {
        Command::Quickstart(_) => quickstart::quickstart(data, screen).await,
        Command::Init(init) => init::init(data, &init, screen).await,
        Command::Lint(lint) => lint::lint(data, &lint, screen),
        Command::Fmt(fmt) => fmt::fmt(&fmt, screen),
        Command::Explain(explain) => explain::explain(&explain, screen),
        Command::Schema(asked) => schema::schema(data, &asked, screen),
        Command::Plan(plan) => plan::plan(data, &plan, screen).await,
        Command::Policy(policy) => policy::policy(data, &policy, screen).await,
        Command::Activate(activate) => activate::activate(data, &activate, screen).await,
        Command::Adopt(adopt) => adopt::adopt(data, &adopt, screen).await,
        Command::Run(run) => run::run(data, &run, screen).await,
        Command::Serve(asked) => serve::serve(data, &asked, (screen, telemetry)).await,
        Command::Pause(asked) => pause::pause(data, &asked, screen).await,
        Command::Resume(resume) => answer::resume(data, &resume, screen).await,
        Command::Undo(undo) => answer::undo(data, &undo, screen).await,
        Command::Abandon(abandon) => answer::abandon(data, &abandon, screen).await,
        Command::Status(status) => status::status(data, &status, screen).await,
        Command::Why(asked) => why::why(data, &asked, screen).await,
        Command::Calendar(asked) => calendar::calendar(data, &asked, screen).await,
        Command::Doctor(asked) => doctor::doctor(data, &asked, screen).await,
        Command::Completions(asked) => Ok(completions::completions(&asked, screen)),
        Command::Man(asked) => man::man(&asked, screen),
        Command::Evidence(evidence) => evidence::evidence(data, &evidence, screen).await,
    }
}
