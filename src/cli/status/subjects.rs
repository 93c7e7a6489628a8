//! All subjects, or those that a team answers for: what needs a person first.

use std::collections::BTreeSet;

use countersign_kernel::workflow::model::Workflow;
use serde_json::json;

use super::{run, version_row};
use crate::cli::Stop;
use crate::cli::arguments::Status;
use crate::cli::house::House;
use crate::cli::near;
use crate::cli::screen::{Screen, counted};
use crate::cli::spans::{GLUE, away, secs_between, short};
use crate::cli::standing::{BlockKind, Braked, Standing, Standings, owns};
use crate::cli::stop::{BAD_INPUT, DONE};

/// How many subjects are listed without `--all`.
const SUBJECTS_MAX: usize = 25;

/// How many runs are listed: for a program, and on a screen.
const RUNS_MAX: u32 = 20;
const RUNS_SHOWN: usize = 8;

/// How many triggers a document lists.
const DUE_MAX: u64 = 5;

/// From so many columns on, a subject is one line.
const WIDE: usize = 90;

/// Shows what there is.
pub(super) async fn all(house: &House, asked: &Status, screen: &Screen) -> Result<u8, Stop> {
    let store = &house.reading.store;
    let standings = Standings::gather(house).await?;
    let mut shown = Vec::new();
    for subject in standings.subjects() {
        if let Some(owner) = &asked.owner
            && !standings.is_owned_by(&subject, owner).await?
        {
            continue;
        }
        shown.push(standings.of(&subject).await?);
    }
    if let Some(owner) = &asked.owner {
        known_owner(house, owner)?;
    }
    shown.sort_by(|one, other| one.need().cmp(&other.need()));
    let mine: BTreeSet<&str> = shown.iter().map(|one| one.subject.as_str()).collect();
    let is_mine = |subject: &str| asked.owner.is_none() || mine.contains(subject);
    let mut runs = store.runs(if asked.owner.is_some() { 500 } else { RUNS_MAX }).await?;
    runs.retain(|run| is_mine(run.subject.as_str()));
    runs.truncate(RUNS_MAX as usize);
    let runs = run::told(store, runs).await?;
    let counts = store.counts().await?;
    let due = store.due_after(house.now, DUE_MAX).await?;
    let versions = store.live_versions().await?;
    let versions = versions.iter().filter(|version| is_mine(version.id.subject.as_str()));
    screen.document(&json!({
        "at": house.now,
        "served": house.served,
        "set": house.set_row(),
        "brakes": standings.brakes.iter().map(Braked::row).collect::<Vec<_>>(),
        "subjects": shown,
        "entries": counts.entries,
        "open_runs": counts.open_runs,
        "stuck_runs": counts.stuck_runs,
        "open_intents": counts.open_intents,
        "versions": versions.map(version_row).collect::<Vec<_>>(),
        "runs": runs.iter().map(run::row).collect::<Vec<_>>(),
        "due": due.iter().filter(|row| is_mine(row.subject.as_str())).map(|row| {
            json!({"workflow": row.workflow, "subject": row.subject, "at": row.at, "trigger": row.kind})
        }).collect::<Vec<_>>(),
    }));
    if screen.json {
        return Ok(DONE);
    }
    for one in &standings.brakes {
        screen.say_wrapped("BRAKED ", &format!("{}; next: {}", one.in_words(house.now), one.lift()));
    }
    let most = if asked.all { usize::MAX } else { SUBJECTS_MAX };
    tell(house, &shown, most, screen);
    house.tell_set(screen);
    screen.say("");
    screen.say("runs, newest first");
    let runs_shown = if asked.all { runs.len() } else { RUNS_SHOWN };
    runs.iter().take(runs_shown).for_each(|one| run::tell(one, screen));
    screen.say("");
    let text = format!(
        "{} in the ledger; {} open, {} stuck; {} without an answer",
        counted(counts.entries, "entry", "entries"),
        counted(counts.open_runs, "run", "runs"),
        counts.stuck_runs,
        counted(counts.open_intents, "intent", "intents")
    );
    screen.say_wrapped("", &text);
    if !house.served {
        screen.say_wrapped("", "nobody serves this folder: what is due begins when `countersign serve` runs");
    }
    Ok(DONE)
}

/// Refuses an owner that no current workflow has.
fn known_owner(house: &House, owner: &str) -> Result<(), Stop> {
    if house.workflows().any(|one| owns(one, owner)) {
        return Ok(());
    }
    let about = |one: &'_ Workflow| {
        let about = one.metadata.clone();
        [Some(about.team), Some(about.person), about.backup]
    };
    let known: BTreeSet<String> = house.workflows().flat_map(about).flatten().collect();
    let teams: BTreeSet<&str> = house.workflows().map(|one| one.metadata.team.as_str()).collect();
    let there = match teams.len() {
        0 => "no workflow is activated".to_owned(),
        1..=12 => format!("the teams are {}", teams.into_iter().collect::<Vec<_>>().join(", ")),
        many => format!("there are {many} teams; `countersign status` names those of what it lists"),
    };
    let help = near::help(owner, known.iter().map(String::as_str), &there);
    let shown: String = owner.chars().filter(|c| !c.is_control()).take(80).collect();
    let text = format!("nobody called `{shown}` answers for an activated workflow");
    Err(Stop::new(BAD_INPUT, "status.unknown_owner", text, help))
}

/// What a row says, column by column.
struct Cells {
    subject: String,
    current: String,
    oldest: String,
    due: String,
    by: &'static str,
    owner: String,
}

impl Cells {
    fn of(house: &House, standing: &Standing) -> Self {
        let none = || "-".to_owned();
        Self {
            subject: standing.subject.to_string(),
            current: standing.current.as_ref().map_or_else(none, |one| {
                let since = one.since.unwrap_or(one.sealed_at);
                format!("@{}{GLUE}for{GLUE}{}", one.version.number, short(secs_between(since, house.now)))
            }),
            oldest: standing.oldest.as_ref().map_or_else(none, |one| short(one.age_secs)),
            due: standing.due.as_ref().map_or_else(none, |one| near_or_far(house, one.at)),
            by: standing.due.as_ref().map_or("", |one| one.trigger.as_str()),
            owner: standing.owner.as_ref().map_or_else(none, |one| one.team.clone()),
        }
    }
}

impl Cells {
    /// Where there is no room for columns.
    fn in_words(&self) -> String {
        let is = |cell: &str| cell != "-";
        let versions = if is(&self.current) { self.current.clone() } else { "no version in use".to_owned() };
        let oldest = if is(&self.oldest) { format!("; oldest {}", self.oldest) } else { String::new() };
        let due = if is(&self.due) { format!("; due {} by {}", self.due, self.by) } else { String::new() };
        let owner = if is(&self.owner) { format!("; team {}", self.owner) } else { String::new() };
        versions + &oldest + &due + &owner
    }
}

/// In one unit: a table has no room for two.
fn near_or_far(house: &House, at: countersign_warrant::Timestamp) -> String {
    match (secs_between(house.now, at), secs_between(at, house.now)) {
        (0, 0) => away(house.now, at),
        (0, past) => format!("{}{GLUE}ago", short(past)),
        (coming, _) => format!("in{GLUE}{}", short(coming)),
    }
}

fn tell(house: &House, shown: &[Standing], most: usize, screen: &Screen) {
    let needing = shown.iter().filter(|one| one.blocked.first().is_some_and(|block| block.kind.needs_person())).count();
    let all = counted(shown.len() as u64, "subject", "subjects");
    screen.say_wrapped(
        "",
        &match needing {
            0 => format!("{all}; none needs a person"),
            some => format!("{all}; {some} of them need a person, and stand first"),
        },
    );
    let cells: Vec<Cells> = shown.iter().take(most).map(|one| Cells::of(house, one)).collect();
    let widest = |of: &dyn Fn(&Cells) -> usize, least: usize| cells.iter().map(of).max().unwrap_or(0).max(least);
    let name = widest(&|one| one.subject.chars().count(), 7).min(screen.columns() * 2 / 5);
    let (current, oldest) =
        (widest(&|one| one.current.chars().count(), 7), widest(&|one| one.oldest.chars().count(), 6));
    let due = widest(&|one| one.due.chars().count(), 8);
    let wide = screen.columns() >= WIDE;
    if wide && !cells.is_empty() {
        screen.say(format!(
            "  {:name$}  {:current$}  {:oldest$}  {:due$}  {:8}  owner",
            "subject", "current", "oldest", "next due", "by"
        ));
    }
    for (one, standing) in cells.iter().zip(shown) {
        if wide {
            let rest = format!(
                "{:current$}  {:oldest$}  {:due$}  {:8}  {}",
                one.current, one.oldest, one.due, one.by, one.owner
            );
            if one.subject.chars().count() > name {
                screen.say(format!("  {}", one.subject));
                screen.say(format!("  {:name$}  {rest}", ""));
            } else {
                screen.say(format!("  {:name$}  {rest}", one.subject));
            }
        } else {
            screen.say(format!("  {}", one.subject));
            screen.say_wrapped("    ", &one.in_words());
        }
        // WHY: what keeps everything, or a connector's all, is said once above.
        for block in standing.blocked.iter().filter(|block| block.kind != BlockKind::Braked) {
            let next = block.next.as_ref().map(|next| format!("; next: {next}")).unwrap_or_default();
            // WHY: a list says what it is about; `status SUBJECT` and `why` say all of it.
            let first = block.message.split_once(". ").map_or(block.message.as_str(), |(first, _)| first);
            screen.say_wrapped(&format!("    {} ", block.kind.word()), &format!("{first}{next}"));
        }
    }
    if shown.len() > most {
        let text = format!("and {} more, which need less: `countersign status --all` lists them", shown.len() - most);
        screen.say_wrapped("  ", &text);
    }
}
