//! Reads `uses`: one verb of the subject's connector, for what no step of its own does.

use countersign_contract::{Part, Verb};

use super::errors::{Errors, Read};
use super::model::UsesStep;
use super::parameter::parameters;
use super::scalar::{self, shortened};
use super::scope::{Reach, Scope};
use super::tree::Node;
use super::{codes, suggest};

/// Reads `uses: local/key_disable` with `with: {version: ..}`.
pub(super) fn uses(node: &Node, with: Option<&Node>, scope: &Scope<'_>, errors: &mut Errors<'_>) -> Read<UsesStep> {
    let verb = verb(node, scope, errors)?;
    let place = format!("steps[{}].with", scope.here);
    let parameters = parameters(with, &node.owner, &verb.parameters, (&place, Reach::Plan), scope, errors)?;
    Ok(UsesStep { verb: verb.name.to_owned(), parameters })
}

/// A verb that can be called by itself: no new secret is made for it, and the subject stays.
fn verb<'n>(node: &Node, scope: &Scope<'n>, errors: &mut Errors<'_>) -> Read<&'n Verb> {
    let text = scalar::text(node, errors)?;
    let whose = scope.whose?;
    let able = || {
        let parts = whose.kind.parts.iter();
        let alone = parts.filter(|(part, _)| matches!(part, Part::Disable | Part::Retire | Part::Undo));
        alone.filter_map(|(_, name)| whose.manifest.verb(name)).filter(|verb| !verb.parameters.is_empty())
    };
    let fits = |verb: &&Verb| !verb.parameters.iter().any(|parameter| parameter.secret);
    let (connector, name) = text.split_once('/').unwrap_or(("", text));
    if connector == whose.connector
        && let Some(verb) = able().filter(fits).find(|verb| verb.name == name)
    {
        return Ok(verb);
    }
    let names: Vec<String> = able().filter(fits).map(|verb| format!("{}/{}", whose.connector, verb.name)).collect();
    let help = match names.as_slice() {
        [] => {
            format!("no verb of the kind `{}` is called by itself; take a step that makes the change", whose.kind.name)
        }
        [..] => suggest::help(text, names.iter().map(String::as_str)),
    };
    let message = format!("`{}` is no verb that the kind `{}` has called by itself", shortened(text), whose.kind.name);
    Err(errors.tell(codes::UNKNOWN_VERB, &node.span, message, help))
}
