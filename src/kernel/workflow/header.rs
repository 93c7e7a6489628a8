//! Reads what stands above the steps: version, metadata, subject.

use countersign_warrant::ResourceName;
use serde_json::Value;

use super::Known;
use super::codes;
use super::control::control;
use super::errors::{Errors, Read};
use super::model::{Metadata, SubjectSpec, Template};
use super::scope::{Reach, Scope, Spot, Whose};
use super::suggest;
use super::table::{Table, each, items};
use super::template::text_template;
use super::tree::{Content, Node};
use super::{each, own, scalar};

/// The only version of the language.
const API_VERSION: &str = "countersign/v1";

/// Checks `apiVersion` and `kind` of a workflow.
pub(super) fn version(root: &mut Table<'_>, errors: &mut Errors<'_>) -> Read<()> {
    version_of(root, "Workflow", errors)
}

/// Checks `apiVersion`, and that the document is of that kind.
pub(super) fn version_of(root: &mut Table<'_>, kind: &'static str, errors: &mut Errors<'_>) -> Read<()> {
    let version = root.need("apiVersion", API_VERSION, errors).and_then(|node| is(node, API_VERSION, errors));
    let kind = root.need("kind", kind, errors).and_then(|node| is(node, kind, errors));
    version.and(kind)
}

fn is(node: &Node, wanted: &str, errors: &mut Errors<'_>) -> Read<()> {
    if scalar::text(node, errors)? == wanted {
        return Ok(());
    }
    Err(errors.tell(codes::API_VERSION, &node.span, "this is not known", format!("only `{wanted}` can stand here")))
}

/// Reads `metadata`.
pub(super) fn metadata(node: &Node, errors: &mut Errors<'_>) -> Read<Metadata> {
    let mut table =
        Table::of(node, "{name: .., owner: .., purpose: .., service: .., runbook: .., controls: [..]}", errors)?;
    let name = table.need("name", "rotate-payments-key", errors).and_then(|node| scalar::name(node, errors));
    let owner = table.need("owner", "{team: .., person: ..}", errors).and_then(|node| owner(node, errors));
    let purpose = table.need("purpose", "why it exists", errors).and_then(|node| scalar::line(node, 500, errors));
    let service = table.take("service").map(|node| scalar::name(node, errors)).transpose();
    let runbook = table.take("runbook").map(|node| scalar::line(node, 300, errors)).transpose();
    let controls = table.take("controls").map_or(Ok(Vec::new()), |node| {
        each(items(node, "[\"nist-800-53r5:ia-5\"]", errors)?, |item| control(item, errors))
    });
    table.done(&[], errors)?;
    let (team, person, backup) = owner?;
    let (name, purpose) = (name?.to_owned(), purpose?.to_owned());
    let (runbook, service) = (runbook?.map(str::to_owned), service?.map(str::to_owned));
    Ok(Metadata { name, team, person, backup, purpose, runbook, service, controls: controls? })
}

fn owner(node: &Node, errors: &mut Errors<'_>) -> Read<(String, String, Option<String>)> {
    let mut table = Table::of(node, "{team: payments, person: dana@example.com}", errors)?;
    let team = table.need("team", "payments", errors).and_then(|node| scalar::name(node, errors));
    let person = table.need("person", "dana@example.com", errors).and_then(|node| scalar::person(node, errors));
    let backup = table.take("backup").map(|node| scalar::person(node, errors)).transpose();
    table.done(&[], errors)?;
    Ok((team?.to_owned(), person?.to_owned(), backup?.map(str::to_owned)))
}

/// The subject's connector and kind, by the manifests.
pub(super) fn whose<'a>(node: &'a Node, known: &Known<'a>, errors: &mut Errors<'_>) -> Read<Whose<'a>> {
    let mut table = Table::of(node, "{connector: .., kind: .., name: ..}", errors)?;
    let connector = table.need("connector", "local", errors).and_then(|node| connector(node, known, errors));
    let kind = table.need("kind", "account", errors).and_then(|node| Ok((scalar::text(node, errors)?, node)));
    let (connector, manifest) = connector?;
    let (kind, node) = kind?;
    if let Some(kind) = manifest.kind(kind).filter(|kind| !kind.is_sink) {
        return Ok(Whose { connector, manifest, kind });
    }
    let help = suggest::help(kind, manifest.kinds.iter().filter(|kind| !kind.is_sink).map(|kind| kind.name));
    let message = format!("`{connector}` has no kind `{}`", scalar::shortened(kind));
    Err(errors.tell(codes::UNKNOWN_KIND, &node.span, message, help))
}

/// A connector instance that settings name.
pub(super) fn connector<'a>(
    node: &'a Node,
    known: &Known<'a>,
    errors: &mut Errors<'_>,
) -> Read<(&'a str, &'a countersign_contract::Manifest)> {
    let name = scalar::text(node, errors)?;
    known
        .connectors
        .get(name)
        .map(|manifest| (name, *manifest))
        .ok_or_else(|| tell_connector(name, node, known, errors))
}

/// Tells that settings name no such connector.
pub(super) fn tell_connector(
    name: &str,
    node: &Node,
    known: &Known<'_>,
    errors: &mut Errors<'_>,
) -> super::errors::Told {
    let help = suggest::help(name, known.connectors.keys().map(String::as_str));
    let message = known.none_named("connector", name);
    errors.tell(codes::UNKNOWN_CONNECTOR, &node.span, message, help)
}

/// Reads the rest of `subject`, with the inputs at hand.
pub(super) fn subject(node: &Node, scope: &Scope<'_>, errors: &mut Errors<'_>) -> Read<SubjectSpec> {
    let mut table = Table::of(node, "{connector: .., kind: .., name: ..}", errors)?;
    let (_, _) = (table.take("connector"), table.take("kind"));
    let own = table.take("self").map_or(Ok(false), |node| boolean(node, errors));
    let each = table.take("for_each");
    let for_each = each.map(|node| each::for_each(node, scope, errors)).transpose();
    let name = if let Some(each) = each {
        unnamed(table.take("name"), own, each, errors)
    } else {
        table.need("name", "payments_app", errors).and_then(|node| named(node, own, scope, errors))
    };
    let tier = table.take("tier").map_or(Ok("standard"), |node| scalar::name(node, errors));
    table.done(&[], errors)?;
    let whose = scope.whose?;
    Ok(SubjectSpec {
        connector: whose.connector.to_owned(),
        kind: whose.kind.name.to_owned(),
        name: name?,
        for_each: for_each?,
        tier: tier?.to_owned(),
        own: own?,
    })
}

/// The name of the one subject.
fn named(node: &Node, own: Read<bool>, scope: &Scope<'_>, errors: &mut Errors<'_>) -> Read<Template> {
    let spot = Spot { at: &node.span, place: "subject.name", reach: Reach::Inputs, takes_secret: false };
    let name = text_template(node, spot, scope, errors)?;
    if let (Template::Literal(Value::String(text)), Ok(whose)) = (&name, scope.whose) {
        let resource = resource(node, &format!("{}/{}/{text}", whose.connector, whose.kind.name), errors)?;
        own::claim(&resource, own, node, scope, errors)?;
    }
    Ok(name)
}

/// Where a workflow is for each subject of a kind, it names none.
fn unnamed(name: Option<&Node>, own: Read<bool>, each: &Node, errors: &mut Errors<'_>) -> Read<Template> {
    if let Some(name) = name {
        let message = "a subject has a `name`, or is each of those that `for_each` selects";
        return Err(errors.tell(codes::KEY_NOT_HERE, &name.owner, message, "take one of the two out"));
    }
    if own == Ok(true) {
        let message = "what Countersign itself works with is one subject";
        return Err(errors.tell(codes::KEY_NOT_HERE, &each.owner, message, "give it its `name`"));
    }
    Ok(Template::Literal(Value::Null))
}

fn boolean(node: &Node, errors: &mut Errors<'_>) -> Read<bool> {
    match node.content {
        Content::Boolean(boolean) => Ok(boolean),
        _ => Err(errors.wrong_type(node, "true or false", "write one of these, without quotes")),
    }
}

/// A name that fits into a resource name.
pub(super) fn resource(node: &Node, name: &str, errors: &mut Errors<'_>) -> Read<ResourceName> {
    name.parse().map_err(|_| {
        let message = format!("`{}` is not the name of a resource", scalar::shortened(name));
        let help = "letters, digits, `.`, `-` and `_`, with `/` between the parts; none of them `.` or `..`";
        errors.tell(codes::BAD_NAME, &node.span, message, help)
    })
}
