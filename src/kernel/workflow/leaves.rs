//! Reads `leaves`: the places that a change does not renew, because nobody reads them any more.

use super::codes;
use super::delivery::{path, sink};
use super::errors::{Errors, Read};
use super::model::Leaving;
use super::scope::Scope;
use super::table::{Table, each, items};
use super::tree::Node;
use crate::diagnostic::with_article;

/// Reads `[{to: files/client, path: reporting}]`; of a change that replaces a version.
pub(super) fn leaves(node: &Node, scope: &Scope<'_>, errors: &mut Errors<'_>) -> Read<Vec<Leaving>> {
    let mut number = 0..;
    let leaves = each(items(node, "[{to: files/client, path: reporting}]", errors)?, |item| {
        let place = format!("steps[{}].leaves[{}]", scope.here, number.next().unwrap_or_default());
        leaving(item, &place, scope, errors)
    });
    let kind = scope.outlines[scope.here].kind?;
    if !matches!(kind, "rotate" | "issue") {
        let message = format!("{} step replaces no secret that a place could be left with", with_article(kind));
        return Err(errors.tell(codes::KEY_NOT_HERE, &node.owner, message, "take `leaves` out"));
    }
    leaves
}

fn leaving(node: &Node, place: &str, scope: &Scope<'_>, errors: &mut Errors<'_>) -> Read<Leaving> {
    let mut table = Table::of(node, "{to: files/client, path: reporting}", errors)?;
    let to = table.need("to", "files/client", errors).and_then(|node| sink(node, scope, errors));
    let path = table.need("path", "reporting", errors).and_then(|node| path(node, place, scope, errors));
    table.done(&[], errors)?;
    let (connector, sink_place, _) = to?;
    Ok(Leaving { connector: connector.to_owned(), place: sink_place.to_owned(), path: path? })
}
