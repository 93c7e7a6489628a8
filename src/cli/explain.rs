//! `countersign explain`: what a code means, with an example that brings it about and the mended one.

mod brakes;
mod connector;
mod kept;
mod pages;

use countersign_kernel::page::Page;
use countersign_kernel::{evidence, plan, policy, run, workflow, x509};
use serde_json::{Value, json};

use super::Stop;
use super::arguments::Explain;
use super::screen::{Screen, called};
use super::stop::{BAD_INPUT, DONE};
use crate::{inventory, runner, scheduler, serve, settings};

/// The page of each code.
pub(super) fn pages() -> impl Iterator<Item = &'static Page> {
    of_files().chain(of_commands())
}

/// What checking files and laying them out can find in them.
fn of_files() -> impl Iterator<Item = &'static Page> {
    let workflows = workflow::codes::pages().chain(policy::pages::PAGES);
    workflows.chain(scheduler::PAGES).chain(settings::pages::PAGES).chain([&super::fmt::PAGE])
}

/// What planning, a run, a verification or another command can end with.
fn of_commands() -> impl Iterator<Item = &'static Page> {
    let of_runs = plan::pages::PAGES.iter().chain(run::pages::PAGES).chain(inventory::PAGES).chain(runner::PAGES);
    let of_runs = of_runs.chain(x509::pages::PAGES);
    let of_kept = evidence::pages::PAGES.iter().chain(brakes::PAGES).chain(kept::PAGES);
    of_runs.chain(of_kept).chain(pages::PAGES).chain(serve::PAGES)
}

/// Explains one code, or lists all.
pub(super) fn explain(asked: &Explain, screen: &Screen) -> Result<u8, Stop> {
    let Some(code) = &asked.code else {
        screen.document(&json!({"codes": pages().map(line).collect::<Vec<_>>()}));
        list(screen);
        return Ok(DONE);
    };
    if let Some(readme) = connector::readme_of(code) {
        return connector::explain(code, readme, screen);
    }
    let page = pages().find(|page| page.code == code).or_else(|| only_named(code));
    let page = page.ok_or_else(|| unknown(code))?;
    let (wrong, mended) = page.example.shown();
    let said = json!({"code": page.code, "meaning": page.meaning, "why": page.why, "wrong": wrong, "mended": mended});
    screen.document(&said);
    screen.say(page.code);
    screen.say("");
    screen.say_wrapped("", page.meaning);
    screen.say("");
    screen.say_wrapped("", page.why);
    for (heading, text) in [("wrong", wrong), ("mended", mended)] {
        screen.say(format!("\n{heading}"));
        text.lines().for_each(|line| screen.say(format!("  {line}")));
    }
    Ok(DONE)
}

fn line(page: &Page) -> Value {
    json!({"code": page.code, "meaning": page.meaning})
}

fn list(screen: &Screen) {
    let width = pages().map(|page| page.code.len()).max().unwrap_or_default();
    // WHY: where half of the columns are not enough for the codes, a meaning stands in a line of its own.
    let narrow = width + 2 > screen.width / 2;
    for page in pages() {
        if narrow {
            screen.say(page.code);
            screen.say_wrapped("    ", page.meaning);
        } else {
            screen.say_wrapped(&format!("{:width$}  ", page.code), page.meaning);
        }
    }
    screen.say("");
    screen.say_wrapped("", &format!("One of them with an example: {} explain CODE", called()));
}

/// The part of a code after its room.
fn name(code: &str) -> &str {
    code.split_once('.').map_or(code, |(_, name)| name)
}

/// The page of a code that was named without its room, where only one has that name.
fn only_named(asked: &str) -> Option<&'static Page> {
    let mut same = pages().filter(|page| name(page.code) == asked);
    same.next().filter(|_| same.next().is_none())
}

fn unknown(asked: &str) -> Stop {
    let lower = asked.to_ascii_lowercase();
    let far = |page: &Page| {
        let whole = strsim::damerau_levenshtein(&lower, page.code);
        whole.min(strsim::damerau_levenshtein(name(&lower), name(page.code)) + usize::from(lower.contains('.')))
    };
    let least = pages().map(far).min().unwrap_or(usize::MAX);
    let near: Vec<&str> = pages().filter(|page| far(page) == least).map(|page| page.code).collect();
    let help = if least <= (asked.len() / 3).max(1) && near.len() <= 4 {
        format!("did you mean `{}`?", near.join("` or `"))
    } else {
        "`countersign explain` lists all codes that have a page".to_owned()
    };
    let shown: String = asked.chars().filter(|c| !c.is_control()).take(80).collect();
    Stop::new(BAD_INPUT, "explain.unknown_code", format!("there is no page for a code `{shown}`"), help)
}

#[cfg(test)]
mod tests;
