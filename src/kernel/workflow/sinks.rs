//! Two deliveries of one step do not meet in one sink.
//!
//! The second would replace the first, whose undo then finds nothing that it could take back; and a path is a delivery or
//! a folder around others, not both. Two steps that deliver are two changes of one subject, which do not come after each
//! other ([`second`](super::second)); where their conditions differ, the plan looks, which knows which of them hold.

use super::codes;
use super::errors::{Errors, Read};
use super::model::{Delivery, Part, Template};
use super::tree::Node;

/// True where one of two sinks is the other one, or lies inside it.
pub(crate) fn do_meet(one: &str, other: &str) -> bool {
    let is_within = |inner: &str, outer: &str| {
        inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    is_within(one, other) || is_within(other, one)
}

/// Refuses a delivery that meets one before it. What the references in paths stand for is not known here: only what is
/// written is compared, and the plan looks again.
pub(super) fn prove(nodes: &[Node], deliveries: &[Delivery], errors: &mut Errors<'_>) -> Read<()> {
    let sinks: Vec<String> = deliveries.iter().map(written).collect();
    let mut told = Ok(());
    for (at, (sink, node)) in sinks.iter().zip(nodes).enumerate() {
        let Some(earlier) = sinks.iter().take(at).find(|earlier| do_meet(earlier, sink)) else { continue };
        let (message, help) = if earlier == sink {
            (
                format!("a delivery before this one goes to `{sink}`, too"),
                "write all fields into one delivery, or give each a `path` of its own",
            )
        } else {
            let (inner, outer) = if sink.len() > earlier.len() { (sink, earlier) } else { (earlier, sink) };
            (
                format!("`{inner}` lies inside `{outer}`, and both are delivered to"),
                "give each a `path` that does not lie inside the other",
            )
        };
        let place = node.value("path").map_or(&node.span, |path| &path.span);
        told = Err(errors.tell(codes::SAME_SINK, place, message, help));
    }
    told
}

/// The sink as the file names it.
fn written(delivery: &Delivery) -> String {
    let path = match &delivery.path {
        Template::Literal(value) => value.as_str().unwrap_or_default().to_owned(),
        Template::Person(name) => name.clone(),
        Template::Whole(reference) => format!("${{{{ {reference} }}}}"),
        Template::Text(parts) => parts
            .iter()
            .map(|part| match part {
                Part::Text(text) => text.clone(),
                Part::Reference(reference) => format!("${{{{ {reference} }}}}"),
            })
            .collect(),
    };
    format!("{}/{}/{path}", delivery.connector, delivery.place)
}
