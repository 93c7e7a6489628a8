//! Reads `on`: why a run may start, and what a request brings along.

use std::collections::BTreeMap;

use serde_json::Value;

use super::codes;
use super::errors::{Errors, Read, Told};
use super::model::{ExpiryTrigger, Input, InputKind};
use super::scalar::{self, INTEGER_MAX, shortened};
use super::schedule::{self, Placed};
use super::table::{Table, each, items, named};
use super::tree::{Content, Node};
use crate::run::bodies::TriggerKind;

/// Characters of a text input when nothing else is said.
const TEXT_LENGTH_MAX: u32 = 4096;

/// Events of a workflow at most.
pub(super) const EVENTS_MAX: usize = 20;

/// The numbers of a fraction at most.
const PART_MAX: u32 = 1000;

/// Words of an input at most.
const WORDS_MAX: usize = 100;

/// The triggers, with each input read or told.
#[derive(Debug)]
pub(super) struct On {
    pub(super) has_request: bool,
    pub(super) inputs: Read<BTreeMap<String, Read<Input>>>,
    pub(super) expiry: Read<Option<(ExpiryTrigger, std::ops::Range<usize>)>>,
    pub(super) schedule: Read<Option<Placed>>,
    pub(super) events: Read<Vec<String>>,
    pub(super) complete: Read<()>,
}

impl On {
    /// What stands for an `on` that could not be read.
    pub(super) const fn told(because: Told) -> Self {
        Self {
            has_request: false,
            inputs: Err(because),
            expiry: Err(because),
            schedule: Err(because),
            events: Err(because),
            complete: Err(because),
        }
    }
}

impl On {
    /// What may start a run; none where that could not be read.
    pub(super) fn kinds(&self) -> Vec<TriggerKind> {
        if self.complete.is_err() {
            return Vec::new();
        }
        let kinds = [
            (self.has_request, TriggerKind::Request),
            (!matches!(self.schedule, Ok(None)), TriggerKind::Schedule),
            (!matches!(self.expiry, Ok(None)), TriggerKind::Expiry),
            (self.events.as_ref().is_ok_and(|events| !events.is_empty()) || self.events.is_err(), TriggerKind::Event),
        ];
        kinds.into_iter().filter(|(is_there, _)| *is_there).map(|(_, kind)| kind).collect()
    }
}

/// Reads `on`.
pub(super) fn on(node: &Node, errors: &mut Errors<'_>) -> Read<On> {
    let mut table = Table::of(node, "{request: {}}", errors)?;
    let request = table.take("request");
    let expiry = table.take("expiry");
    let schedule = table.take("schedule");
    let event = table.take("event");
    let mut complete = table.done(&[], errors);
    if [request, expiry, schedule, event].iter().all(Option::is_none) && complete.is_ok() {
        let help = "write `request: {}`, `schedule: {cron: .., timezone: ..}`, `expiry: {at: 2/3}` or `event: [leak.reported]`";
        complete = Err(errors.tell(codes::NO_TRIGGER, &node.owner, "nothing starts this workflow", help));
    }
    let inputs = request.map_or(Ok(BTreeMap::new()), |node| self::request(node, errors));
    let expiry = expiry.map(|node| Ok((self::expiry(node, errors)?, node.owner.clone()))).transpose();
    let schedule = schedule.map(|node| schedule::schedule(node, errors)).transpose();
    let events = event.map_or(Ok(Vec::new()), |node| events(node, errors));
    Ok(On { has_request: request.is_some(), inputs, expiry, schedule, events, complete })
}

/// The names of events: words with dots between them, each once.
fn events(node: &Node, errors: &mut Errors<'_>) -> Read<Vec<String>> {
    let items = items(node, "[leak.reported]", errors)?;
    if items.is_empty() || items.len() > EVENTS_MAX {
        let message = format!("expected 1 to {EVENTS_MAX} events");
        return Err(errors.tell(codes::OUT_OF_RANGE, &node.owner, message, "such as `event: [leak.reported]`"));
    }
    let mut events: Vec<String> = Vec::new();
    let mut told = Ok(());
    for item in items {
        match scalar::text(item, errors) {
            Ok(text) if !is_event(text) => {
                let message = format!("`{}` is not the name of an event", shortened(text));
                let help = "small letters and `_`, with `.` between the words, such as `leak.reported`";
                told = Err(errors.tell(codes::BAD_NAME, &item.span, message, help));
            }
            Ok(text) if events.iter().any(|event| event == text) => {
                let message = format!("`{text}` stands here for the second time");
                told = Err(errors.tell(codes::BAD_NAME, &item.span, message, "name each event once"));
            }
            Ok(text) => events.push(text.to_owned()),
            Err(because) => told = Err(because),
        }
    }
    told.map(|()| events)
}

/// Two words or more: `leak.reported`.
pub(crate) fn is_event(text: &str) -> bool {
    let is_word = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    text.len() <= 64 && text.contains('.') && text.split('.').all(is_word)
}

fn request(node: &Node, errors: &mut Errors<'_>) -> Read<BTreeMap<String, Read<Input>>> {
    let mut table = Table::of(node, "request: {}", errors)?;
    let inputs = table.take("inputs").map_or(Ok(Vec::new()), |node| named(node, "{reason: {type: string}}", errors));
    table.done(&[], errors)?;
    let mut read = BTreeMap::new();
    for (word, key, value) in inputs? {
        let input = scalar::name(key, errors).and_then(|_| input(value, errors));
        read.insert(word.to_owned(), input);
    }
    Ok(read)
}

/// Refuses inputs without a default where `schedule`, `expiry` or `event` start runs, too.
pub(super) fn check_defaults(node: &Node, on: &On, errors: &mut Errors<'_>) -> Read<()> {
    let Ok(inputs) = &on.inputs else { return Ok(()) };
    let starter = match (&on.schedule, &on.expiry) {
        (Ok(Some(_)), _) => "schedule",
        (_, Ok(Some(_))) => "expiry",
        _ if on.events.as_ref().is_ok_and(|events| !events.is_empty()) => "event",
        _ => return Ok(()),
    };
    let mut told = Ok(());
    for (name, input) in inputs {
        if matches!(input, Ok(Input { default: None, .. })) {
            let message = format!("`{name}` has no default, and `{starter}` starts runs that nobody is asked for");
            told = Err(errors.tell(codes::MISSING_DEFAULT, &key_of(node, name), message, "give it a `default`"));
        }
    }
    told
}

/// The bytes of an input's key.
fn key_of(on: &Node, name: &str) -> std::ops::Range<usize> {
    let mut node = on;
    for step in ["request", "inputs", name] {
        let Content::Map(entries) = &node.content else { break };
        let Some((_, value)) = entries.iter().find(|(key, _)| key.content.text() == Some(step)) else { break };
        node = value;
    }
    node.owner.clone()
}

#[derive(Clone, Copy)]
enum Word {
    Text,
    Person,
    Integer,
    Boolean,
}

fn input(node: &Node, errors: &mut Errors<'_>) -> Read<Input> {
    let mut table = Table::of(node, "{type: string}", errors)?;
    let words =
        [("string", Word::Text), ("person", Word::Person), ("integer", Word::Integer), ("boolean", Word::Boolean)];
    let word = table.need("type", "string", errors).and_then(|node| scalar::word(node, &words, &[], errors))?;
    let kind = match word {
        Word::Text => match table.take("one_of") {
            Some(node) => one_of(node, errors),
            None => text(&mut table, errors),
        },
        Word::Person => Ok(InputKind::Person),
        Word::Integer => integer(&mut table, errors),
        Word::Boolean => Ok(InputKind::Boolean),
    };
    let about = table.take("description").map(|node| scalar::line(node, 500, errors)).transpose();
    let default = table.take("default");
    table.done(&[], errors)?;
    let kind = kind?;
    let default = default.map(|node| self::default(node, &kind, errors)).transpose()?;
    Ok(Input { kind, about: about?.map(str::to_owned), default })
}

fn one_of(node: &Node, errors: &mut Errors<'_>) -> Read<InputKind> {
    let words = each(items(node, "[read, write]", errors)?, |item| scalar::text(item, errors).map(str::to_owned))?;
    let unique: std::collections::BTreeSet<&String> = words.iter().collect();
    if words.is_empty() || words.len() > WORDS_MAX || unique.len() < words.len() {
        let message = format!("expected 1 to {WORDS_MAX} words, and each of them once");
        return Err(errors.tell(codes::BAD_INPUT, &node.owner, message, "such as `one_of: [read, write]`"));
    }
    Ok(InputKind::Word(words))
}

fn text(table: &mut Table<'_>, errors: &mut Errors<'_>) -> Read<InputKind> {
    let bounds = 0..=65_536;
    let min = table.take("min_length").map_or(Ok(0), |node| scalar::count(node, bounds.clone(), errors));
    let max_node = table.take("max_length");
    let max = max_node.map_or(Ok(None), |node| scalar::count(node, bounds, errors).map(Some));
    let min_length = min?;
    let max_length = max?.unwrap_or_else(|| TEXT_LENGTH_MAX.max(min_length));
    in_order(min_length <= max_length, table, errors)?;
    Ok(InputKind::Text { min_length, max_length })
}

fn integer(table: &mut Table<'_>, errors: &mut Errors<'_>) -> Read<InputKind> {
    let bounds = -INTEGER_MAX..=INTEGER_MAX;
    let min = table.take("min").map_or(Ok(-INTEGER_MAX), |node| scalar::integer(node, bounds.clone(), errors));
    let max = table.take("max").map_or(Ok(INTEGER_MAX), |node| scalar::integer(node, bounds, errors));
    let (min, max) = (min?, max?);
    in_order(min <= max, table, errors)?;
    Ok(InputKind::Integer { min, max })
}

fn in_order(holds: bool, table: &Table<'_>, errors: &mut Errors<'_>) -> Read<()> {
    if holds {
        return Ok(());
    }
    let message = "the least is more than the most";
    Err(errors.tell(codes::BAD_INPUT, table.at(), message, "no value could be given for this input"))
}

fn default(node: &Node, kind: &InputKind, errors: &mut Errors<'_>) -> Read<Value> {
    let (value, holds) = match (kind, &node.content) {
        (InputKind::Text { min_length, max_length }, Content::Text(_)) => {
            let given = if empty_text(node) { "" } else { scalar::text(node, errors)? };
            let length = u32::try_from(given.chars().count()).unwrap_or(u32::MAX);
            (Value::from(given), (*min_length..=*max_length).contains(&length))
        }
        (InputKind::Person, Content::Text(_)) => (Value::from(scalar::person(node, errors)?), true),
        (InputKind::Word(words), Content::Text(given)) => (Value::from(given.as_str()), words.contains(given)),
        (InputKind::Integer { min, max }, Content::Integer(given)) => {
            (Value::from(*given), (min..=max).contains(&given))
        }
        (InputKind::Boolean, Content::Boolean(given)) => (Value::from(*given), true),
        (InputKind::Text { .. } | InputKind::Person | InputKind::Word(_), _) => {
            return Err(errors.wrong_type(node, "text", "put quotes around it"));
        }
        (InputKind::Integer { .. }, _) => {
            return Err(errors.wrong_type(node, "a whole number", "write digits, without quotes"));
        }
        (InputKind::Boolean, _) => {
            return Err(errors.wrong_type(node, "true or false", "write one of these, without quotes"));
        }
    };
    if holds {
        return Ok(value);
    }
    let message =
        format!("the default `{}` does not fit the input", shortened(value.as_str().unwrap_or(&value.to_string())));
    Err(errors.tell(codes::BAD_INPUT, &node.span, message, bounds_words(kind)))
}

fn empty_text(node: &Node) -> bool {
    node.content.text() == Some("")
}

fn bounds_words(kind: &InputKind) -> String {
    match kind {
        InputKind::Text { min_length, max_length } => format!("from {min_length} to {max_length} characters"),
        InputKind::Word(words) => format!("one of `{}`", words.join("`, `")),
        InputKind::Person => "a person, such as `dana@example.com`".to_owned(),
        InputKind::Integer { min, max } => format!("from {min} to {max}"),
        InputKind::Boolean => "true or false".to_owned(),
    }
}

fn expiry(node: &Node, errors: &mut Errors<'_>) -> Read<ExpiryTrigger> {
    let mut table = Table::of(node, "expiry: {at: 2/3}", errors)?;
    let at = table.need("at", "2/3", errors).and_then(|node| {
        if !matches!(node.content, Content::Text(_)) {
            return Err(errors.wrong_type(node, "a fraction", "write two whole numbers, such as `2/3`"));
        }
        let given = scalar::text(node, errors)?;
        fraction(given).map_err(|wrong| {
            let message = match wrong {
                WrongFraction::None => format!("`{}` is not a fraction below one", shortened(given)),
                WrongFraction::TooLarge => {
                    format!("`{}` has a number above {PART_MAX}", shortened(given))
                }
            };
            errors.tell(codes::BAD_FRACTION, &node.span, message, "write the part of the lifetime, such as `2/3`")
        })
    });
    table.done(&[], errors)?;
    at
}

/// Why a text is no part of a lifetime.
enum WrongFraction {
    /// It is no fraction, or not below one.
    None,
    /// One of its numbers is above [`PART_MAX`].
    TooLarge,
}

fn fraction(text: &str) -> Result<ExpiryTrigger, WrongFraction> {
    let number = |text: &str| {
        let is_plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) && !text.starts_with('0');
        if is_plain { Ok(text.parse::<u32>().unwrap_or(u32::MAX)) } else { Err(WrongFraction::None) }
    };
    let (numerator, denominator) = text.split_once('/').ok_or(WrongFraction::None)?;
    let (numerator, denominator) = (number(numerator)?, number(denominator)?);
    if numerator.max(denominator) > PART_MAX {
        return Err(WrongFraction::TooLarge);
    }
    if numerator < denominator { Ok(ExpiryTrigger { numerator, denominator }) } else { Err(WrongFraction::None) }
}
