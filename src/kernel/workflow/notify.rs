//! Reads `notify`.

use super::errors::{Errors, Read};
use super::model::{NotifyStep, Telling};
use super::scope::{Reach, Scope, Spot};
use super::table::Table;
use super::template::text_template;
use super::tree::Node;
use super::{Known, codes, scalar, suggest};

const WHEN: [(&str, Telling); 3] =
    [("done", Telling::Done), ("failure", Telling::Failure), ("always", Telling::Always)];

/// Reads `{to, text, on}`.
pub(super) fn notify(node: &Node, scope: &Scope<'_>, errors: &mut Errors<'_>) -> Read<NotifyStep> {
    let mut table = Table::of(node, "notify: {to: team-chat, text: the key is rotated}", errors)?;
    let to = table.need("to", "team-chat", errors).and_then(|node| webhook(node, scope.known, errors));
    let text = table.need("text", "the key is rotated", errors).and_then(|node| {
        let place = format!("steps[{}].notify.text", scope.here);
        let spot = Spot { at: &node.span, place: &place, reach: Reach::Earlier, takes_secret: false };
        text_template(node, spot, scope, errors)
    });
    let on = table.take("on").map_or(Ok(Telling::Done), |node| scalar::word(node, &WHEN, &[], errors));
    table.done(&[], errors)?;
    Ok(NotifyStep { to: to?, text: text?, on: on? })
}

/// The name of a webhook of the settings.
pub(super) fn webhook(node: &Node, known: &Known<'_>, errors: &mut Errors<'_>) -> Read<String> {
    let name = scalar::name(node, errors)?;
    if known.webhooks.contains(name) {
        return Ok(name.to_owned());
    }
    let help = match known.webhooks.len() {
        0 => "add `[webhooks.NAME]` to the settings, with its `url`".to_owned(),
        _ => suggest::help(name, known.webhooks.iter().map(String::as_str)),
    };
    let message = known.none_named("webhook", name);
    Err(errors.tell(codes::UNKNOWN_WEBHOOK, &node.span, message, help))
}
