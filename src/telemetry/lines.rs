//! Events as lines: for persons, or as JSON. The library's own line writer takes every field there is, and so is not used.

use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::{LookupSpan, Scope};

use super::fields::{Fields, on_one_line};
use crate::clock::{Clock as _, SystemClock};

/// Writes each event as a line.
pub(super) struct Lines {
    pub(super) json: Arc<AtomicBool>,
    pub(super) colour: bool,
    /// Where a whole line goes, its end included.
    pub(super) out: fn(&str),
}

/// Standard error, a line at a time.
pub(super) fn to_standard_error(line: &str) {
    // WHY: a reader that is gone has seen enough; the work goes on.
    let _ = std::io::stderr().lock().write_all(line.as_bytes());
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Lines {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(fields);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(fields) = span.extensions_mut().get_mut::<Fields>()
        {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let spans = context.event_scope(event).into_iter().flat_map(Scope::from_root);
        let line = if self.json.load(Ordering::Relaxed) {
            let spans: Vec<Value> = spans
                .map(|span| {
                    let mut fields =
                        span.extensions().get::<Fields>().map(|fields| fields.0.clone()).unwrap_or_default();
                    fields.insert("name".to_owned(), span.name().into());
                    Value::Object(fields)
                })
                .collect();
            let (level, target) = (event.metadata().level().as_str(), event.metadata().target());
            let at = SystemClock.now();
            json!({"timestamp": at, "level": level, "target": target, "fields": fields.0, "spans": spans}).to_string()
        } else {
            let mut line = format!("{} {} ", SystemClock.now(), self.level(*event.metadata().level()));
            for span in spans {
                let extensions = span.extensions();
                let told =
                    extensions.get::<Fields>().map(|fields| fields.told().map(said).collect::<Vec<_>>().join(" "));
                line.extend([span.name(), "{", told.unwrap_or_default().as_str(), "}: "]);
            }
            line.push_str(&on_one_line(fields.message()));
            for field in fields.told() {
                line.push(' ');
                line.push_str(&said(field));
            }
            line
        };
        (self.out)(&(line + "\n"));
    }
}

impl Lines {
    fn level(&self, level: Level) -> String {
        let colour = match level {
            Level::ERROR => 31,
            Level::WARN => 33,
            Level::INFO => 32,
            _ => 34,
        };
        if self.colour { format!("\x1b[{colour}m{level:>5}\x1b[0m") } else { format!("{level:>5}") }
    }
}

fn said((name, value): (&str, String)) -> String {
    if value.contains(' ') { format!("{name}={value:?}") } else { format!("{name}={value}") }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test stops where something is not as it says")]
mod tests {
    use std::cell::RefCell;

    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;

    thread_local! {
        static SAID: RefCell<String> = const { RefCell::new(String::new()) };
    }

    /// What is written while this is done.
    fn written(json: bool, work: impl FnOnce()) -> String {
        let out = |line: &str| SAID.with_borrow_mut(|said| said.push_str(line));
        let lines = Lines { json: Arc::new(AtomicBool::new(json)), colour: false, out };
        tracing::subscriber::with_default(tracing_subscriber::registry().with(lines), work);
        SAID.take()
    }

    fn happens() {
        let span = tracing::info_span!("run", run = "r1", material = "hunter2", code = tracing::field::Empty);
        let _inside = span.enter();
        span.record("code", "run.held");
        let (password, reason) = ("hunter2", "two\nlines");
        tracing::warn!(password, size = 3_u64, is_sealed = true, reason, ?password, "it happened");
    }

    /// inv:I6 What is not on the list is not written, in neither form, be it of an event or of the spans around it.
    #[test]
    fn inv_i6_a_field_that_is_not_listed_is_not_written() {
        let text = written(false, happens);
        assert!(
            text.ends_with(" WARN run{run=r1 code=run.held}: it happened size=3 reason=two\\u{a}lines\n"),
            "{text}"
        );
        let text = written(true, happens);
        assert!(!text.contains("hunter2") && text.ends_with("}\n"), "{text}");
        let line: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(line["fields"], json!({"message": "it happened", "reason": "two\nlines", "size": 3}));
        assert_eq!(line["spans"], json!([{"name": "run", "run": "r1", "code": "run.held"}]));
        assert_eq!((&line["level"], line["timestamp"].is_string()), (&"WARN".into(), true));
    }

    #[test]
    fn the_list_is_sorted_so_that_all_of_it_is_found() {
        assert!(super::super::fields::WRITTEN.is_sorted_by(|one, next| one.0 < next.0));
    }
}
