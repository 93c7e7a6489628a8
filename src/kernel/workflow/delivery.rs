//! Reads what a change does with its version: `distribute`, and the probes of `verify` and `adopted`.

use countersign_contract::{Kind, Manifest, Part, ProbeSpec, Type};
use countersign_warrant::ResourceName;

use super::codes;
use super::errors::{Errors, Read};
use super::header::{connector, tell_connector};
use super::model::{Adopted, CheckStep, Delivery, Reference, Template, Verify};
use super::parameter::{parameters, templates};
use super::scalar::{self, shortened};
use super::scope::{Reach, Scope, Spot};
use super::table::{Table, each, items};
use super::template::text_template;
use super::tree::{Content, Node};
use super::{sinks, suggest};

/// Reads `distribute`: at least one delivery, for a version that nobody gets is lost work.
pub(super) fn distribute(node: &Node, place: &str, scope: &Scope<'_>, errors: &mut Errors<'_>) -> Read<Vec<Delivery>> {
    let items = items(node, "[{to: files/client, path: payments, fields: {..}}]", errors)?;
    if items.is_empty() {
        let help = "write at least one `{to: connector/place, path: .., fields: {..}}`";
        return Err(errors.tell(codes::EMPTY_VALUE, &node.owner, "nothing is delivered", help));
    }
    let mut number = 0..;
    let deliveries = each(items, |item| {
        let place = format!("{place}.distribute[{}]", number.next().unwrap_or_default());
        delivery(item, &place, scope, errors)
    })?;
    sinks::prove(items, &deliveries, errors).map(|()| deliveries)
}

/// Reads `distribute` of a version that somebody is to use: some delivery must hold its secret, or the end of the old
/// version would leave its user with none that works.
pub(super) fn distribute_secret(
    node: &Node,
    place: &str,
    scope: &Scope<'_>,
    errors: &mut Errors<'_>,
) -> Read<Vec<Delivery>> {
    let deliveries = distribute(node, place, scope, errors)?;
    let (Some(secret), Ok(step)) = (scope.whose?.kind.secret, &scope.outlines[scope.here].id) else {
        return Ok(deliveries);
    };
    let is_it = |template: &Template| {
        matches!(template, Template::Whole(Reference::Output { step: of, output, .. })
            if of == step && output == secret.output)
    };
    if deliveries.iter().any(|delivery| delivery.fields.values().any(is_it)) {
        return Ok(deliveries);
    }
    let path = format!("steps.{step}.{}", secret.output);
    let message = format!("no delivery holds the new secret, `{path}`");
    let help = format!("write it into a field, such as `{}: \"${{{{ {path} }}}}\"`", secret.output);
    Err(errors.tell(codes::UNDELIVERED_SECRET, &node.owner, message, help))
}

/// Where users take turns, some delivery must say whose secret it holds: with the old name, the new secret opens nothing.
pub(super) fn tells_whose(
    node: &Node,
    deliveries: &[Delivery],
    scope: &Scope<'_>,
    errors: &mut Errors<'_>,
) -> Read<()> {
    let whose = scope.whose?;
    let verb = whose.kind.verb_for(Part::Stage).and_then(|verb| whose.manifest.verb(verb));
    let (Some(names), Ok(step)) = (verb.map(|verb| verb.outputs), &scope.outlines[scope.here].id) else {
        return Ok(());
    };
    let is_one = |template: &Template| {
        matches!(template, Template::Whole(Reference::Output { step: of, output, .. })
            if of == step && names.contains(&output.as_str()))
    };
    let (Some(first), false) = (names.first(), deliveries.iter().any(|one| one.fields.values().any(is_one))) else {
        return Ok(());
    };
    let message = format!("no delivery says whose secret it is: with `alternating`, `{first}` changes each time");
    let help = format!("write it into a field, such as `{first}: \"${{{{ steps.{step}.{first} }}}}\"`");
    Err(errors.tell(codes::UNDELIVERED_SECRET, &node.owner, message, help))
}

fn delivery(node: &Node, place: &str, scope: &Scope<'_>, errors: &mut Errors<'_>) -> Read<Delivery> {
    let mut table = Table::of(node, "{to: files/client, path: payments, fields: {..}}", errors)?;
    let to = table.need("to", "files/client", errors).and_then(|node| sink(node, scope, errors));
    let path = table.need("path", "payments", errors).and_then(|node| path(node, place, scope, errors));
    // WHY: with an unreadable `to` nothing is known of the sink; its error is told, and no second one made up.
    let takes_secret = to.map_or(true, |(_, _, sink)| takes_secret(sink));
    let fields = table.need("fields", "{key: \"${{ steps.rotate.key }}\"}", errors).and_then(|node| {
        let fields_place = format!("{place}.fields");
        let fields = templates(node, (&fields_place, Reach::Own, takes_secret), scope, errors, text_template)?;
        if fields.is_empty() {
            return Err(errors.tell(
                codes::EMPTY_VALUE,
                &node.owner,
                "nothing is delivered",
                "write at least one field",
            ));
        }
        Ok(fields)
    });
    table.done(&[], errors)?;
    let (connector, sink_place, _) = to?;
    Ok(Delivery { connector: connector.to_owned(), place: sink_place.to_owned(), path: path?, fields: fields? })
}

/// Where below a place: text that may refer to inputs and the subject.
pub(super) fn path(node: &Node, place: &str, scope: &Scope<'_>, errors: &mut Errors<'_>) -> Read<Template> {
    let place = format!("{place}.path");
    let spot = Spot { at: &node.span, place: &place, reach: Reach::Plan, takes_secret: false };
    let path = text_template(node, spot, scope, errors)?;
    if let Template::Literal(serde_json::Value::String(text)) = &path {
        named(node, text, errors)?;
    }
    Ok(path)
}

/// A path can be a part of a resource's name.
fn named(node: &Node, path: &str, errors: &mut Errors<'_>) -> Read<()> {
    if format!("connector/place/{path}").parse::<ResourceName>().is_ok() {
        return Ok(());
    }
    let message = format!("`{}` is not a path below a place", shortened(path));
    let help = "letters, digits, `.`, `-` and `_`, with `/` between the parts; none of them `.` or `..`";
    Err(errors.tell(codes::BAD_NAME, &node.span, message, help))
}

/// `connector/place`, both known to settings.
pub(super) fn sink<'n>(
    node: &'n Node,
    scope: &Scope<'n>,
    errors: &mut Errors<'_>,
) -> Read<(&'n str, &'n str, &'n Manifest)> {
    let text = scalar::text(node, errors)?;
    let Some((name, place)) = text.split_once('/').filter(|(name, place)| !name.is_empty() && !place.contains('/'))
    else {
        let message = format!("`{}` does not name a connector and a place", shortened(text));
        return Err(errors.tell(
            codes::BAD_NAME,
            &node.span,
            message,
            "write `connector/place`, such as `files/client`",
        ));
    };
    let Some(manifest) = scope.known.connectors.get(name) else {
        return Err(tell_connector(name, node, scope.known, errors));
    };
    if manifest.sink().and_then(|kind| kind.verb_for(Part::Deliver)).is_none() {
        let message = format!("nothing can be delivered to `{name}`");
        return Err(errors.tell(
            codes::NO_SUCH_PART,
            &node.span,
            message,
            "name a connector that has sinks, such as `files`",
        ));
    }
    match scope.known.places.get(place) {
        Some(of) if of == name => Ok((name, place, manifest)),
        Some(of) => {
            let message = format!("`{place}` is a place of `{of}`");
            Err(errors.tell(codes::UNKNOWN_PLACE, &node.span, message, format!("write `{of}/{place}`")))
        }
        None => {
            let of_it = scope.known.places.iter().filter(|(_, of)| *of == name).map(|(place, _)| place.as_str());
            let message = scope.known.none_named("place", place);
            Err(errors.tell(codes::UNKNOWN_PLACE, &node.span, message, suggest::help(place, of_it)))
        }
    }
}

/// Whether the delivering verb takes secrets in its fields.
fn takes_secret(sink: &Manifest) -> bool {
    let verb = sink.sink().and_then(|kind: &Kind| kind.verb_for(Part::Deliver)).and_then(|verb| sink.verb(verb));
    verb.is_some_and(|verb| verb.parameters.iter().any(|one| one.kind == Type::Fields && one.secret))
}

/// Reads `verify`.
pub(super) fn verify(node: &Node, place: &str, scope: &Scope<'_>, errors: &mut Errors<'_>) -> Read<Vec<Verify>> {
    let mut number = 0..;
    each(items(node, "[{login: {}}]", errors)?, |item| {
        let place = format!("{place}.verify[{}]", number.next().unwrap_or_default());
        check(item, &place, scope, errors)
    })
}

fn check(node: &Node, place: &str, scope: &Scope<'_>, errors: &mut Errors<'_>) -> Read<Verify> {
    let shape = "{login: {}}` or `{must_not: login}";
    let Content::Map(entries) = &node.content else {
        return Err(errors.wrong_type(node, "a mapping", format!("write `{shape}`")));
    };
    let [(key, value)] = entries.as_slice() else {
        let message = "each check has exactly one key";
        return Err(errors.tell(codes::STEP_KIND, &node.span, message, format!("write `{shape}`")));
    };
    let word = scalar::text(key, errors)?;
    let whose = scope.whose?;
    if word == "must_not" {
        let name = scalar::text(value, errors)?;
        let probe = probe(name, value, whose.connector, whose.manifest, scope, errors)?;
        return Ok(Verify {
            probe: probe.name.to_owned(),
            parameters: std::collections::BTreeMap::new(),
            must_not: true,
        });
    }
    let probe = probe(word, key, whose.connector, whose.manifest, scope, errors)?;
    let place = format!("{place}.{word}");
    let given = parameters(Some(value), &value.owner, probe.parameters, (&place, Reach::Own), scope, errors)?;
    Ok(Verify { probe: probe.name.to_owned(), parameters: given, must_not: false })
}

/// Reads `adopted`.
pub(super) fn adopted(node: &Node, place: &str, scope: &Scope<'_>, errors: &mut Errors<'_>) -> Read<Vec<Adopted>> {
    let mut number = 0..;
    each(items(node, "[{connector: local, probe: key_used, within: 2h}]", errors)?, |item| {
        let place = format!("{place}.adopted[{}]", number.next().unwrap_or_default());
        look(item, &place, scope, errors)
    })
}

fn look(node: &Node, place: &str, scope: &Scope<'_>, errors: &mut Errors<'_>) -> Read<Adopted> {
    let mut table = Table::of(node, "{connector: local, probe: key_used, within: 2h}", errors)?;
    let within = table.need("within", "2h", errors).and_then(|node| scalar::some_ms(node, errors));
    asked(table, within, (place, Reach::Own), scope, errors)
}

/// Reads `check`: a question whose answer decides whether the run goes on.
pub(super) fn check_step(node: &Node, scope: &Scope<'_>, errors: &mut Errors<'_>) -> Read<CheckStep> {
    let mut table = Table::of(node, "check: {connector: local, probe: login}", errors)?;
    let within = table.take("within").map_or(Ok(0), |node| scalar::some_ms(node, errors));
    let words = [("accepted", false), ("refused", true)];
    let must_refuse = table.take("expect").map_or(Ok(false), |node| scalar::word(node, &words, &[], errors));
    let place = format!("steps[{}].check", scope.here);
    let look = asked(table, within, (&place, Reach::Earlier), scope, errors);
    Ok(CheckStep { look: look?, must_refuse: must_refuse? })
}

/// Which connector is asked what.
fn asked(
    mut table: Table<'_>,
    within: Read<u64>,
    (place, reach): (&str, Reach),
    scope: &Scope<'_>,
    errors: &mut Errors<'_>,
) -> Read<Adopted> {
    let at = table.at().clone();
    let by = table.need("connector", "local", errors).and_then(|node| connector(node, scope.known, errors));
    let name = table.need("probe", "key_used", errors).and_then(|node| Ok((scalar::text(node, errors)?, node)));
    let with = table.take("with");
    let done = table.done(&[], errors);
    let ((by, manifest), (name, node)) = (by?, name?);
    let probe = probe(name, node, by, manifest, scope, errors)?;
    let place = format!("{place}.with");
    let given = parameters(with, &at, probe.parameters, (&place, reach), scope, errors)?;
    done?;
    Ok(Adopted { connector: by.to_owned(), probe: probe.name.to_owned(), parameters: given, within_ms: within? })
}

/// The probe of that name. The subject's own connector must have it for the subject's kind.
fn probe<'m>(
    name: &str,
    node: &Node,
    by: &str,
    manifest: &'m Manifest,
    scope: &Scope<'_>,
    errors: &mut Errors<'_>,
) -> Read<&'m ProbeSpec> {
    let whose = scope.whose?;
    let fits = |probe: &&ProbeSpec| by != whose.connector || probe.kind == whose.kind.name;
    if let Some(found) = manifest.probes.iter().filter(fits).find(|probe| probe.name == name) {
        return Ok(found);
    }
    let mut help = suggest::help(name, manifest.probes.iter().filter(fits).map(|probe| probe.name));
    if let Some(other) = manifest.probe(name) {
        help = format!("`{name}` is a probe of the kind `{}`; {help}", other.kind);
    }
    let message = format!("`{by}` has no probe `{}` for `{}`", shortened(name), whose.kind.name);
    Err(errors.tell(codes::UNKNOWN_PROBE, &node.span, message, help))
}
