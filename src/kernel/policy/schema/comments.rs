//! The schema for people: the same text, with a comment before everything that a policy can name.
//!
//! What is recorded with decisions is the plain text; comments are no part of it.

use std::fmt::Write as _;

use countersign_contract::{Kind, Manifest, Parameter, Type};

use super::{entity_type, seen, text};
use crate::policy::{TermKind, Vocabulary};

/// Columns of a comment.
const WIDTH: usize = 110;

const HEAD: &str = "What a policy may read: a Cedar schema \
    (https://docs.cedarpolicy.com/schema/human-readable-schema.html), made from the manifests of the settings' connectors. \
    Policies are checked against it, strictly: what may be absent (`?`) is asked for with `has` first. The resource is the \
    subject of the run. Secrets, and what a step will only know when it runs, are in no question.";

/// Comments of types, entities and actions that no manifest declares.
const NAMED: &[(&str, &str)] = &[
    ("entity Person", "A person, or an agent, who asked for the run; the id is opaque (`p_` and 32 digits)."),
    (
        "entity Team",
        "The team that owns the workflow, by its name: `resource.team == Countersign::Team::\"payments\"`.",
    ),
    (
        "entity Workflow",
        "The workflow, by its name, where nobody asked: its schedule, an expiry or an event started the run.",
    ),
    (
        "type Added",
        "What the `policy` step that covers the change adds (`context` in the workflow): texts, by the names that workflows \
         give. Another workflow's step does not add them.",
    ),
    ("type Certificate", "The certificate that is to be issued."),
    ("type Facts", "What was observed of the subject; absent where it was not looked at, or is not known."),
    ("type Inputs", "The inputs of the run, as workflows declare them. Another workflow does not have them."),
    ("type Lengths", "How many characters each of the inputs has that is text."),
    ("type Change", "The context of a change that issues nothing: `context.verb`, `context.inputs.reason`."),
    ("type Issuance", "The context of an `issue`: that of a change, and the certificate."),
    ("type Rotation", "The context of a `rotate`: that of a change, and with the strategy `reissue` the certificate."),
    ("action \"deprovision\"", "Ends a subject: its secrets first, after a while itself."),
    ("action \"issue\"", "Issues a certificate."),
    ("action \"provision\"", "Makes a subject, with its first secret."),
    ("action \"revoke\"", "Revokes the certificate that is in use."),
    ("action \"rotate\"", "Replaces the subject's secret, or calls a single verb (`uses`)."),
];

/// Comments of the fields of these types.
const FIELDS: &[(&str, &str, &str)] = &[
    ("Certificate", "profile", "What it is for: `ca` or `server`."),
    ("Certificate", "lifetime_secs", "How long it is valid, in seconds."),
    ("Certificate", "names", "DNS names and IP addresses; none for an authority."),
    ("Certificate", "key", "The algorithm of the certified key: `p256`, `p384` or `ed25519`."),
    ("Certificate", "issuer", "Whose key signs, as connector/kind/name; absent where it signs itself."),
    ("Facts", "exists", "Whether the subject is there."),
    ("Facts", "live_versions", "How many versions of its secret work."),
    ("Facts", "oldest_created_at", "When the oldest version that works was made, where the target knows it of each."),
    ("Facts", "expires_at", "When the version in use counts as expired."),
    ("Change", "verb", "The connector's verb that is called: "),
    (
        "Change",
        "sink",
        "The place that is delivered to, as connector/place/path; absent where the subject itself is changed.",
    ),
    ("Change", "trigger", "Why the run started: `request`, `schedule`, `expiry`, `event` or `emergency`."),
    ("Change", "inputs", "What the run was asked with."),
    ("Change", "length_of", "`context.length_of.reason` for `context.inputs.reason`."),
    (
        "Change",
        "facts",
        "As they were when the question was asked: at the plan, at the `policy` step, and right before each change.",
    ),
    ("Change", "added", "What the covering `policy` step adds."),
    ("Change", "now", "The time of the question."),
    ("Issuance", "certificate", "What is to be issued."),
    ("Rotation", "certificate", "What is to be issued; absent where the strategy is another one."),
];

/// Comments of the attributes that every subject has.
const COMMON: &[(&str, &str)] = &[
    ("connector", "The connector instance, by its name in the settings."),
    ("kind", "The kind, by its name in the manifest."),
    ("name", "The last part of its name connector/kind/name."),
    ("team", "The team that owns the workflow."),
    ("tier", "How much hangs on it, as the workflow says; `standard` where it says nothing."),
];

/// The schema's text with its comments.
///
/// # Errors
/// As for the plain text.
pub(in crate::policy) fn commented(vocabulary: &Vocabulary<'_>) -> Result<String, String> {
    let plain = text(vocabulary)?;
    let kinds: Vec<(String, &Manifest, &Kind)> = vocabulary
        .manifests
        .values()
        .flat_map(|it| it.kinds.iter().map(move |kind| (entity_type(it.connector, kind.name), *it, kind)))
        .collect();
    let mut out = String::new();
    comment(&mut out, "", HEAD);
    let (mut space, mut inside) = ("", "");
    for line in plain.lines() {
        let indent = &line[..line.len() - line.trim_start().len()];
        let words = line.trim();
        if let Some(named) = words.strip_prefix("namespace ").and_then(|rest| rest.strip_suffix(" {")) {
            space = named;
        } else if let Some(opened) = opened(words) {
            inside = opened;
            if let Some(about) = about_named(vocabulary, &kinds, space, opened) {
                comment(&mut out, indent, &about);
            }
        } else if let Some((field, _)) = words.split_once(':')
            && let Some(about) =
                about_field(vocabulary, &kinds, space, inside, field.trim_end_matches('?').trim_matches('"'))
        {
            comment(&mut out, indent, &about);
        }
        let _ = writeln!(out, "{line}");
    }
    Ok(out)
}

/// `entity account`, `type Facts`, `action "rotate"`: what a line begins, or names whole.
fn opened(words: &str) -> Option<&str> {
    let end = words.find([';', '{', '=']).unwrap_or(words.len());
    let named = words.get(..end)?.trim().trim_end_matches(" appliesTo");
    ["entity ", "type ", "action "].iter().any(|begin| words.starts_with(begin)).then_some(named)
}

type Kinds<'a> = [(String, &'a Manifest, &'a Kind)];

fn kind_of<'a>(kinds: &'a Kinds<'a>, space: &str, opened: &str) -> Option<&'a (String, &'a Manifest, &'a Kind)> {
    let name = format!("{space}::{}", opened.strip_prefix("entity ")?);
    kinds.iter().find(|(entity, ..)| *entity == name)
}

fn about_named(vocabulary: &Vocabulary<'_>, kinds: &Kinds<'_>, space: &str, opened: &str) -> Option<String> {
    if space == "Countersign" {
        let about = NAMED.iter().find(|(name, _)| *name == opened).map(|(_, about)| *about)?;
        let none = match opened {
            "type Added" if vocabulary.added.is_empty() => " None stand here: no workflow was read that adds one.",
            "type Inputs" if vocabulary.inputs.is_empty() => {
                " None stand here: no workflow was read that declares one."
            }
            _ => "",
        };
        return Some(format!("{about}{none}"));
    }
    let (_, manifest, kind) = kind_of(kinds, space, opened)?;
    let about = format!("`{}` of `{}`: {}.", kind.name, manifest.connector, kind.about);
    let hidden: Vec<String> = kind
        .attributes
        .iter()
        .filter(|it| it.secret || TermKind::of(it.kind).is_none())
        .map(|it| format!("`{}`", it.name))
        .collect();
    if hidden.is_empty() {
        Some(about)
    } else {
        Some(format!("{about} Policies do not see its {}.", hidden.join(", ")))
    }
}

fn about_field(
    vocabulary: &Vocabulary<'_>,
    kinds: &Kinds<'_>,
    space: &str,
    opened: &str,
    field: &str,
) -> Option<String> {
    if let Some((_, _, kind)) = kind_of(kinds, space, opened) {
        let common = COMMON.iter().find(|(name, _)| *name == field).map(|(_, about)| (*about).to_owned());
        let own = || seen(kind).find(|(attribute, _)| attribute.name == field).map(|(it, _)| attribute(it));
        return common.or_else(own);
    }
    let of = opened.strip_prefix("type ").filter(|_| space == "Countersign")?;
    let about = FIELDS.iter().find(|(named, name, _)| *named == of && *name == field).map(|(.., about)| *about)?;
    Some(if field == "verb" { format!("{about}{}.", verbs(vocabulary)) } else { about.to_owned() })
}

/// As the manifest says it, with the words that it can be.
fn attribute(attribute: &Parameter) -> String {
    let mut letters = attribute.about.chars();
    let about: String = letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect();
    match attribute.kind {
        Type::Word(words) => format!("{about}: {}.", listed(words)),
        Type::Person => format!("{about}; an opaque id."),
        _ => format!("{about}."),
    }
}

fn verbs(vocabulary: &Vocabulary<'_>) -> String {
    let verbs = vocabulary.manifests.values().flat_map(|it| &it.verbs).map(|verb| verb.name);
    let verbs: std::collections::BTreeSet<&str> = verbs.collect();
    listed(&verbs.into_iter().collect::<Vec<_>>())
}

/// `a`, `b` or `c`.
fn listed(words: &[&str]) -> String {
    match words {
        [] => "none".to_owned(),
        [one] => format!("`{one}`"),
        [first @ .., last] => format!("`{}` or `{last}`", first.join("`, `")),
    }
}

fn comment(out: &mut String, indent: &str, about: &str) {
    let mut line = format!("{indent}//");
    for word in about.split_whitespace() {
        if line.chars().count() + 1 + word.chars().count() > WIDTH && line.len() > indent.len() + 2 {
            let _ = writeln!(out, "{line}");
            line = format!("{indent}//");
        }
        let _ = write!(line, " {word}");
    }
    let _ = writeln!(out, "{line}");
}
