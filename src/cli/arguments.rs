//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Rotates keys, issues certificates and provisions service accounts by workflow; no credential changes without a
/// matching compliance record.
#[derive(Debug, Parser)]
#[command(name = "countersign", version, max_term_width = 100, after_help = AFTER_HELP)]
pub struct Arguments {
    /// The data folder: store, keys, settings
    #[arg(long, global = true, env = "COUNTERSIGN_DATA", value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Print one JSON document instead of text
    #[arg(long, global = true)]
    pub json: bool,
    /// Say more on standard error; `COUNTERSIGN_LOG` takes a level, such as `debug`
    #[arg(long, short, global = true)]
    pub verbose: bool,
    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

const AFTER_HELP: &str = "\
Exit codes:
  0 done, or nothing due     3 denied by policy        7 folder held by another process
  1 failed                   5 stuck                  10 changed (with --detailed-exitcode)
  2 bad input                6 ledger problem        130 ended by a second Ctrl-C (SIGTERM: 143)

Start with `countersign quickstart`.";

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Set up a data folder and provision, issue and rotate for real, with a record before every change
    Quickstart(Quickstart),
    /// Lay shipped workflows out in a folder, with their policies and settings; without `--with`, list them
    Init(Init),
    /// Check workflow and policy files
    Lint(Lint),
    /// Lay workflow files out as the shipped ones are; what they say, and their comments, stay
    Fmt(Fmt),
    /// Say what a code of an error means, with an example and the mended one
    Explain(Explain),
    /// Print the schema of a workflow file, of policy tests or of a plan, or what policies may read
    Schema(Schema),
    /// Show every call, verdict and undo of a run before anything runs
    Plan(Plan),
    /// Try policies, and explain decisions that were recorded
    #[command(subcommand)]
    Policy(Policy),
    /// Make exactly these workflows and policies current
    Activate(Activate),
    /// Run an activated workflow to its end
    Run(Run),
    /// Run what is due, until SIGTERM or Ctrl-C
    Serve(Serve),
    /// Take over a secret that was made elsewhere; its target stays as it is, unless the workflow says `on_import: rotate`
    Adopt(Adopt),
    /// Keep changes from beginning and from going on: all of them, those of a connector, or those of a subject
    Pause(Pause),
    /// Go on with a run that needed a person, where it stopped; or with what was paused, quarantined or left alone
    Resume(Resume),
    /// Take back what a run has done, where all of it can be taken back
    Undo(Undo),
    /// Let go of a run: what it did stays as it is, and a person answers for it
    Abandon(Abandon),
    /// Show where subjects and runs stand: what needs a person, what is due, who owns it
    ///
    /// Subjects that need a person come first: stuck, expired, quarantined, not begun, not done, overdue, tainted, braked,
    /// limited, held; then by when they are due. With `--json`, each of `subjects` (and `status SUBJECT`) has: `subject`;
    /// `owner` (`workflow`, `team`, and opaque ids for `person` and `backup`); `workflows`; `current` and `oldest` (`version`, `stage`, `since`, `entry`,
    /// `sealed_at`, `age_secs`, `expires_at`), of which `oldest` is the oldest one that is not retired; `due` (`at`, `local`,
    /// `trigger`, `workflow`, `overdue`, `tried`); `window` (`is_open`, `opens_at`, `closes_at`, both also `_local`);
    /// `evidence` (`entry`, `run`, `at`, `checkpoint_size`); `blocked`, a list of `kind`, `run`, `message`, `next`. What is
    /// not there is null. Beside `subjects` there are `at`, `served`, `set`, `brakes`, four counts, and `versions`, `runs` and
    /// `due`, which are lists.
    Status(Status),
    /// Explain a run, or what is due for a subject: which policies, windows, waits, answers and rules made it so
    ///
    /// Of a run it reads the entries alone: what each policy said, windows, waits, drift, attempts, timeouts, answers of
    /// persons, and what comes next. Of a subject: its last run, what is due next and by which rule, and what would hold it
    /// now; for that the target is looked at once, as `countersign plan` does, and nothing is changed. `--no-look` leaves that
    /// out.
    Why(Why),
    /// Show what schedules and expiries make due in the coming days
    Calendar(Calendar),
    /// Read and verify the ledger
    #[command(subcommand)]
    Evidence(Evidence),
    /// Look whether folder, keys, store, clock, settings, places, set and runs are as they should be; nothing is changed
    ///
    /// Each line is `ok`, `warning` or `FAULT`, says what is true, and what to do. It ends with 1 where there is a fault. Keys
    /// are read, and what is sealed is opened and wiped at once; webhooks are connected to, and sent nothing; how fast the disk
    /// is, a nameless file tells that is gone with this process.
    Doctor(Doctor),
    /// Print a script with which a shell completes commands and flags
    ///
    /// For bash: `source <(countersign completions bash)` in `~/.bashrc`. For zsh: write it to a file `_countersign` in a folder
    /// of `$fpath`. For fish: write it to `~/.config/fish/completions/countersign.fish`.
    Completions(Completions),
    /// Print the manual page, or write one for each command
    Man(Man),
}

/// `quickstart`.
#[derive(Debug, Args)]
pub struct Quickstart {}

/// `init`.
#[derive(Debug, Args)]
pub struct Init {
    /// The folder to lay them out in; made where it is not there. Files that are there already, word for word, stay; nothing is written over
    #[arg(default_value = "workflows", value_name = "DIR")]
    pub folder: PathBuf,
    /// A shipped workflow, with everything that it needs; may be repeated
    #[arg(long, value_name = "NAME")]
    pub with: Vec<String>,
}

/// `lint`.
#[derive(Debug, Args)]
pub struct Lint {
    /// Workflow files, policy files, or folders of them
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Settings that name connector instances and places; without it the data folder's, else the defaults
    #[arg(long, value_name = "FILE")]
    pub settings: Option<PathBuf>,
    /// How to tell what is wrong; `--json` is the same as `--format json`
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub format: Option<Format>,
}

/// How `lint` tells what is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Drawn for a person
    Text,
    /// One JSON document
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// Workflow commands of GitHub Actions, shown beside the changed lines
    Github,
}

/// `fmt`.
#[derive(Debug, Args)]
pub struct Fmt {
    /// Workflow files, or folders of them
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Write nothing; end with 1 when a file would be written
    #[arg(long)]
    pub check: bool,
}

/// `schema`.
#[derive(Debug, Args)]
pub struct Schema {
    /// What is described; a workflow file, when it is not said
    #[command(subcommand)]
    pub of: Option<SchemaOf>,
}

/// What has a schema.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum SchemaOf {
    /// A workflow file, as JSON Schema
    Workflow,
    /// A file of tests of policies (`*.test.yaml`), as JSON Schema
    Tests,
    /// What `countersign plan --json` prints, as JSON Schema
    Plan,
    /// What policies may read, as Cedar schema with comments; with `--json` in Cedar's JSON format
    Policy(PolicySchema),
}

/// `schema policy`.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct PolicySchema {
    /// With the inputs that these workflows declare, and what their policy steps add
    #[arg(long, value_name = "DIR")]
    pub files: Option<PathBuf>,
    /// Settings that name connector instances; without it the data folder's, else the defaults
    #[arg(long, value_name = "FILE")]
    pub settings: Option<PathBuf>,
}

/// `explain`.
#[derive(Debug, Args)]
pub struct Explain {
    /// A code, such as `workflow.uncovered_change`; all codes without it
    #[arg(value_name = "CODE")]
    pub code: Option<String>,
}

/// `plan`.
#[derive(Debug, Args)]
pub struct Plan {
    /// The workflow's name
    #[arg(value_name = "NAME")]
    pub workflow: String,
    /// A typed input of the request; may be repeated
    #[arg(long = "input", value_name = "NAME=VALUE", value_parser = pair)]
    pub inputs: Vec<(String, String)>,
    /// Plan what a report of this event would start
    #[arg(long, value_name = "EVENT")]
    pub event: Option<String>,
    /// Plan what `run --emergency` would start
    #[arg(long)]
    pub emergency: bool,
    /// Plan from these files instead of the activated ones
    #[arg(long, value_name = "DIR")]
    pub files: Option<PathBuf>,
    /// Without a data folder: connectors and places by this file, and a subject that is as the workflow needs it
    #[arg(long, value_name = "FILE", requires = "files")]
    pub settings: Option<PathBuf>,
    /// Show only what differs from this plan, which a file holds as `plan --json` printed it, or which a run followed: calls,
    /// facts, verdicts
    #[arg(long, value_name = "FILE|DIGEST")]
    pub diff: Option<String>,
}

/// `policy`.
#[derive(Debug, Subcommand)]
pub enum Policy {
    /// Ask the policies what their tests (`*.test.yaml`) ask, and fail where one answers otherwise
    ///
    /// It fails, too, on a policy that decides no test, on one without which every test is answered the same, and on an
    /// allow by accident: where a bare question about a kind is allowed, and no test expects an allow there.
    Test {
        /// A folder with workflow files, and policies and their tests in `policies/`
        #[arg(value_name = "DIR")]
        folder: PathBuf,
        /// Settings that name connector instances; without it the data folder's, else the defaults
        #[arg(long, value_name = "FILE")]
        settings: Option<PathBuf>,
    },
    /// Tell in words why a recorded decision was made
    Explain {
        /// The decision's entry, such as `r20261126-163417-ef18410cf915/1`; `countersign evidence show` names them
        #[arg(value_name = "ENTRY")]
        entry: String,
    },
}

/// `activate`.
#[derive(Debug, Args)]
pub struct Activate {
    /// A folder with workflow files, and policies in `policies/`
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
}

/// `run`.
#[derive(Debug, Args)]
pub struct Run {
    /// The workflow's name
    #[arg(value_name = "NAME")]
    pub workflow: String,
    /// A typed input of the request; may be repeated
    #[arg(long = "input", value_name = "NAME=VALUE", value_parser = pair)]
    pub inputs: Vec<(String, String)>,
    /// Report this event, which starts the run in place of a request
    #[arg(long, value_name = "EVENT")]
    pub event: Option<String>,
    /// It cannot wait: no window is kept, the policies for emergencies decide, and a run of the same subject gives way
    #[arg(long)]
    pub emergency: bool,
    /// Run only this plan: a digest that no longer fits changes nothing
    #[arg(long, value_name = "DIGEST")]
    pub plan: Option<String>,
    /// Two requests with one key are one run
    #[arg(long, value_name = "KEY")]
    pub idempotency_key: Option<String>,
    /// End with 10 instead of 0 when something was changed
    #[arg(long)]
    pub detailed_exitcode: bool,
}

/// `serve`.
#[derive(Debug, Args)]
pub struct Serve {
    /// Tell each entry of each run, and not only how runs begin, wait and end
    #[arg(long)]
    pub entries: bool,
    /// Show `/healthz`, `/readyz` and `/metrics` there, such as `127.0.0.1:9187`, to whoever can reach it
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub listen: Option<SocketAddr>,
}

/// `adopt`.
#[derive(Debug, Args)]
pub struct Adopt {
    /// The workflow that is to rotate it from now on
    #[arg(value_name = "NAME")]
    pub workflow: String,
    /// The file with the secret, on one line
    #[arg(long, value_name = "FILE")]
    pub secret: PathBuf,
    /// Which version at the target it is, where several work
    #[arg(long, value_name = "VERSION")]
    pub version: Option<String>,
    /// A typed input of the request; may be repeated
    #[arg(long = "input", value_name = "NAME=VALUE", value_parser = pair)]
    pub inputs: Vec<(String, String)>,
}

/// Where a brake is.
#[derive(Debug, Clone, Args)]
pub struct At {
    /// Everything
    #[arg(long)]
    pub all: bool,
    /// Everything of this connector instance
    #[arg(long, value_name = "NAME")]
    pub connector: Option<String>,
    /// This subject
    #[arg(long, value_name = "SUBJECT")]
    pub subject: Option<String>,
}

/// `pause`.
#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("what").required(true).args(["all", "connector", "subject"])))]
pub struct Pause {
    /// Where
    #[command(flatten)]
    pub at: At,
    /// Why, for the record
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
}

/// `resume`.
#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("what").required(true).args(["run", "all", "connector", "subject"])))]
pub struct Resume {
    /// The run
    #[arg(value_name = "RUN")]
    pub run: Option<String>,
    /// Where a brake is lifted
    #[command(flatten)]
    pub at: At,
    /// Why, for the record
    #[arg(long, value_name = "TEXT", default_value = "no reason was given")]
    pub reason: String,
}

/// `undo`.
#[derive(Debug, Args)]
pub struct Undo {
    /// The run
    #[arg(value_name = "RUN")]
    pub run: String,
    /// Why, for the record
    #[arg(long, value_name = "TEXT", default_value = "it is to be taken back")]
    pub reason: String,
}

/// `abandon`.
#[derive(Debug, Args)]
pub struct Abandon {
    /// The run
    #[arg(value_name = "RUN")]
    pub run: String,
    /// What you know of the target, for the record
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
}

/// `status`.
#[derive(Debug, Args)]
pub struct Status {
    /// A run id or a subject; everything without it
    #[arg(value_name = "RUN|SUBJECT")]
    pub of: Option<String>,
    /// Only subjects whose workflow this team, or this person, answers for
    #[arg(long, value_name = "TEAM", conflicts_with = "of")]
    pub owner: Option<String>,
    /// List every subject, and not only the first 25; with `--json` every one is there anyway
    #[arg(long, conflicts_with = "of")]
    pub all: bool,
    /// Show it again and again, until Ctrl-C; where no terminal is, one after the other, with `--json` a document a line
    #[arg(long)]
    pub watch: bool,
    /// How often
    #[arg(long, value_name = "SECS", default_value_t = 2, requires = "watch", value_parser = clap::value_parser!(u16).range(1..=3600))]
    pub every: u16,
}

/// `why`.
#[derive(Debug, Args)]
pub struct Why {
    /// A run id or a subject
    #[arg(value_name = "RUN|SUBJECT")]
    pub of: String,
    /// Ask no target: a subject's next run is not planned
    #[arg(long)]
    pub no_look: bool,
}

/// `calendar`.
#[derive(Debug, Args)]
pub struct Calendar {
    /// The first day, in UTC; today when it is not given
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub from: Option<String>,
    /// How many days
    #[arg(long, value_name = "N", default_value_t = 30, value_parser = clap::value_parser!(u16).range(1..=3660))]
    pub days: u16,
    /// Print an iCalendar file (RFC 5545), which calendars subscribe to
    #[arg(long, conflicts_with = "json")]
    pub ics: bool,
}

/// `evidence`.
#[derive(Debug, Subcommand)]
pub enum Evidence {
    /// Tell a credential's story in words, with entry ids
    Show {
        /// The subject, such as `local/account/reporting`
        #[arg(value_name = "SUBJECT")]
        subject: String,
    },
    /// Print the newest signed checkpoint: kept elsewhere, it betrays a ledger that was cut off or set back
    Checkpoint,
    /// Recompute every hash, link and signature, and name what does not hold
    Verify {
        /// An earlier checkpoint file that the ledger must extend
        #[arg(long, value_name = "FILE")]
        checkpoint: Option<PathBuf>,
    },
}

/// `doctor`.
#[derive(Debug, Args)]
pub struct Doctor {
    /// Look at nothing: print what each connector of the settings has to be allowed, and what it changes
    #[arg(long)]
    pub print_policy: bool,
}

/// `completions`.
#[derive(Debug, Args)]
pub struct Completions {
    /// The shell
    #[arg(value_enum, value_name = "SHELL")]
    pub shell: clap_complete::Shell,
}

/// `man`.
#[derive(Debug, Args)]
pub struct Man {
    /// Write `countersign.1` and a page for each command (`countersign-status.1`) into this folder, which is made where it is
    /// not there; without it, the first page is printed
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

/// `name=value`.
fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("give it as NAME=VALUE".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_well_formed() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn inputs_are_pairs() {
        assert_eq!(pair("a=b=c"), Ok(("a".to_owned(), "b=c".to_owned())));
        assert!(pair("a").is_err() && pair("=a").is_err());
    }
}
