//! The Cedar schema, written from the vocabulary: the same words give the same text.
//!
//! A subject's entity type is its connector's type and its kind (`Countersign::local::account`); its id is the whole
//! resource name. An action takes the kinds whose manifest names a verb for it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use countersign_contract::{Kind, Parameter, Part};

use super::{TermKind, Vocabulary};

mod comments;

pub(super) use comments::commented;

/// The actions, in the order of their names.
const ACTIONS: [&str; 5] = ["deprovision", "issue", "provision", "revoke", "rotate"];

/// Attributes that every subject has.
const COMMON: [(&str, &str); 5] = [
    ("connector", "String"),
    ("kind", "String"),
    ("name", "String"),
    ("team", "Countersign::Team"),
    ("tier", "String"),
];

const CERTIFICATE: &str = "    profile: String,
    lifetime_secs: Long,
    names: Set<String>,
    key: String,
    issuer?: String,
";

const FACTS: &str = "    exists?: Bool,
    live_versions?: Long,
    oldest_created_at?: datetime,
    expires_at?: datetime,
";

const CHANGE: &str = "    verb: String,
    sink?: String,
    trigger: String,
    inputs: Inputs,
    length_of: Lengths,
    facts: Facts,
    added: Added,
    now: datetime,
";

/// The action that conditions are asked about.
pub(super) const PLAN: &str = "plan";

const OBSERVED: &str = "    exists: Bool,
    live_versions: Long,
    oldest_created_at?: datetime,
    expires_at?: datetime,
";

const PLANNING: &str = "    trigger: String,
    inputs: Inputs,
    length_of: Lengths,
    facts: Facts,
";

/// The actions that a kind has a verb for.
pub(super) fn actions_of(kind: &Kind) -> impl Iterator<Item = &'static str> {
    ACTIONS.into_iter().filter(|action| takes(kind, action))
}

fn takes(kind: &Kind, action: &str) -> bool {
    match action {
        "issue" => kind.verb_for(Part::Issue).is_some(),
        "provision" => kind.verb_for(Part::Provision).is_some(),
        "deprovision" => kind.verb_for(Part::Deprovision).is_some(),
        "revoke" => kind.verb_for(Part::Revoke).is_some(),
        _ => !kind.strategies.is_empty(),
    }
}

/// The name of a subject's entity type.
pub(super) fn entity_type(connector_type: &str, kind: &str) -> String {
    format!("Countersign::{}::{}", identifier(connector_type), identifier(kind))
}

/// The schema's text.
///
/// # Errors
/// A sentence when two kinds, or two attributes of one, would have one name, or a name begins with `__`.
pub(super) fn text(vocabulary: &Vocabulary<'_>) -> Result<String, String> {
    let kinds = kinds_by_type(vocabulary)?;
    let mut out = String::from("namespace Countersign {\n  entity Person;\n  entity Team;\n  entity Workflow;\n");
    let inputs = vocabulary.inputs.iter().map(|(name, kind)| (name.as_str(), *kind));
    let lengths = vocabulary.inputs.iter().filter(|(_, kind)| **kind == TermKind::Text);
    let added = vocabulary.added.iter().map(|name| (name.as_str(), TermKind::Text));
    write_type(&mut out, "Added", &optional(added)?);
    write_type(&mut out, "Certificate", CERTIFICATE);
    write_type(&mut out, "Facts", FACTS);
    write_type(&mut out, "Inputs", &optional(inputs)?);
    write_type(&mut out, "Lengths", &optional(lengths.map(|(name, _)| (name.as_str(), TermKind::Integer)))?);
    write_type(&mut out, "Change", CHANGE);
    write_type(&mut out, "Issuance", &format!("{CHANGE}    certificate: Certificate,\n"));
    write_type(&mut out, "Rotation", &format!("{CHANGE}    certificate?: Certificate,\n"));
    for action in ACTIONS {
        let able = kinds.iter().filter(|(_, kind)| takes(kind, action));
        let resources = able.map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ");
        if resources.is_empty() {
            continue;
        }
        let context = match action {
            "issue" => "Issuance",
            "rotate" => "Rotation",
            _ => "Change",
        };
        let _ = write!(
            out,
            "  action \"{action}\" appliesTo {{\n    principal: [Person, Workflow],\n    \
             resource: [{resources}],\n    context: {context},\n  }};\n"
        );
    }
    out.push_str("}\n");
    let mut spaces: BTreeMap<&str, String> = BTreeMap::new();
    for (name, kind) in &kinds {
        let (space, entity) = name.rsplit_once("::").unwrap_or(("Countersign", name));
        spaces.entry(space).or_default().push_str(&entity_text(name, entity, kind, true)?);
    }
    for (space, entities) in spaces {
        let _ = write!(out, "namespace {space} {{\n{entities}}}\n");
    }
    Ok(out)
}

/// The schema of the conditions of a workflow. It has each of its inputs, and of the subject what was observed.
///
/// # Errors
/// A sentence when a name cannot stand in a schema.
pub(super) fn condition_text(
    connector_type: &str,
    kind: &Kind,
    declared: &BTreeMap<String, TermKind>,
) -> Result<String, String> {
    let name = entity_type(connector_type, kind.name);
    let (space, entity) = name.rsplit_once("::").unwrap_or(("Countersign", &name));
    let all = |inputs: &mut dyn Iterator<Item = (&String, TermKind)>| -> Result<String, String> {
        inputs.map(|(name, kind)| Ok(format!("    {}: {},\n", quoted(legal(name)?), kind.cedar()))).collect()
    };
    let texts = declared.iter().filter(|(_, kind)| **kind == TermKind::Text);
    let mut out = String::from("namespace Countersign {\n  entity Team;\n  entity Workflow;\n");
    write_type(&mut out, "Facts", OBSERVED);
    write_type(&mut out, "Inputs", &all(&mut declared.iter().map(|(name, kind)| (name, *kind)))?);
    write_type(&mut out, "Lengths", &all(&mut texts.map(|(name, _)| (name, TermKind::Integer)))?);
    write_type(&mut out, "Planning", PLANNING);
    let _ = write!(
        out,
        "  action \"{PLAN}\" appliesTo {{\n    principal: [Workflow],\n    resource: [{name}],\n    context: \
         Planning,\n  }};\n}}\nnamespace {space} {{\n{}}}\n",
        entity_text(&name, entity, kind, false)?
    );
    Ok(out)
}

fn kinds_by_type<'a>(vocabulary: &Vocabulary<'a>) -> Result<BTreeMap<String, &'a Kind>, String> {
    let mut kinds = BTreeMap::new();
    let mut named_by = BTreeMap::new();
    for manifest in vocabulary.manifests.values() {
        for kind in manifest.kinds.iter().filter(|kind| !kind.is_sink) {
            let name = entity_type(manifest.connector, kind.name);
            let by = (manifest.connector, kind.name);
            if *named_by.entry(name.clone()).or_insert(by) != by {
                return Err(format!("two kinds of subjects would be the entity type `{name}`"));
            }
            kinds.insert(name, kind);
        }
    }
    Ok(kinds)
}

/// `is_whole` where what the manifest requires is there.
fn entity_text(name: &str, entity: &str, kind: &Kind, is_whole: bool) -> Result<String, String> {
    let mut attributes: BTreeMap<&str, (bool, &str)> =
        COMMON.into_iter().map(|(name, cedar)| (name, (true, cedar))).collect();
    for (attribute, term) in seen(kind) {
        let taken = attributes.insert(legal(attribute.name)?, (is_whole && attribute.required, term.cedar()));
        if taken.is_some() {
            return Err(format!("`{name}` would have the attribute `{}` twice", attribute.name));
        }
    }
    let mut out = format!("  entity {entity} {{\n");
    for (attribute, (required, cedar)) in attributes {
        let _ = writeln!(out, "    {}{}: {cedar},", quoted(attribute), if required { "" } else { "?" });
    }
    out.push_str("  };\n");
    Ok(out)
}

/// The attributes of a kind that policies see, with their types.
// INVARIANT: inv:I6 a secret attribute is not a word of any policy.
pub(super) fn seen(kind: &Kind) -> impl Iterator<Item = (&Parameter, TermKind)> {
    let public = kind.attributes.iter().filter(|attribute| !attribute.secret);
    public.filter_map(|attribute| Some((attribute, TermKind::of(attribute.kind)?)))
}

fn write_type(out: &mut String, name: &str, fields: &str) {
    let _ = write!(out, "  type {name} = {{\n{fields}  }};\n");
}

fn optional<'a>(fields: impl Iterator<Item = (&'a str, TermKind)>) -> Result<String, String> {
    fields.map(|(name, kind)| Ok(format!("    {}?: {},\n", quoted(legal(name)?), kind.cedar()))).collect()
}

/// Cedar's JSON keeps names that begin with `__` for itself.
fn legal(name: &str) -> Result<&str, String> {
    if name.starts_with("__") { Err(format!("the name `{name}` begins with `__`")) } else { Ok(name) }
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.escape_debug())
}

fn identifier(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect()
}
