//! Reads `provision`.

use super::delivery::distribute_secret;
use super::errors::{Errors, Read};
use super::generate::generate;
use super::model::ProvisionStep;
use super::parameter::parameters;
use super::scope::{Reach, Scope};
use super::table::Table;
use super::tree::Node;

/// Reads `{attributes, generate, distribute}`.
pub(super) fn provision(node: &Node, scope: &Scope<'_>, errors: &mut Errors<'_>) -> Read<ProvisionStep> {
    let place = format!("steps[{}].provision", scope.here);
    let mut table = Table::of(node, "provision: {attributes: {..}, generate: {..}, distribute: [..]}", errors)?;
    let given = table.take("attributes");
    let attributes = scope.whose.and_then(|whose| {
        let place = format!("{place}.attributes");
        parameters(given, &node.owner, whose.kind.attributes, (&place, Reach::Earlier), scope, errors)
    });
    let generate = table
        .need("generate", "{length: 43, alphabet: url_safe}", errors)
        .and_then(|node| generate(node, scope, errors));
    let distribute = table
        .need("distribute", "[{to: files/client, path: .., fields: {..}}]", errors)
        .and_then(|node| distribute_secret(node, &place, scope, errors));
    table.done(&[], errors)?;
    Ok(ProvisionStep { attributes: attributes?, generate: generate?, distribute: distribute? })
}
