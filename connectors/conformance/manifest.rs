//! Whether a manifest is well-formed, and whether the cases cover it.

use std::collections::BTreeSet;

use countersign_contract::{
    Connector, Kind, Manifest, Parameter, Part, REVOKED, Reversibility, SecretKind, Strategy, Verb,
};

use crate::Case;

pub(crate) fn check(connector: &dyn Connector, cases: &[Case]) -> Result<(), String> {
    let manifest = connector.manifest();
    let mut wrong = Vec::new();
    unique("kind", manifest.kinds.iter().map(|kind| kind.name), &mut wrong);
    unique("verb", manifest.verbs.iter().map(|verb| verb.name), &mut wrong);
    unique("probe", manifest.probes.iter().map(|probe| probe.name), &mut wrong);
    for kind in &manifest.kinds {
        check_kind(manifest, kind, &mut wrong);
    }
    for verb in &manifest.verbs {
        check_verb(manifest, verb, &mut wrong);
        if !cases.iter().any(|case| tries(case, verb)) {
            wrong.push(format!("no case tries verb `{}`", verb.name));
        }
    }
    for probe in &manifest.probes {
        if manifest.kind(probe.kind).is_none() {
            wrong.push(format!("probe `{}` is of an unknown kind", probe.name));
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("; ")) }
}

fn tries(case: &Case, verb: &Verb) -> bool {
    case.call.verb == verb.name || case.undo.as_ref().is_some_and(|undo| undo.verb == verb.name)
}

fn unique<'a>(what: &str, names: impl Iterator<Item = &'a str>, wrong: &mut Vec<String>) {
    let mut seen = BTreeSet::new();
    for name in names {
        let is_word =
            !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        if !is_word || !seen.insert(name) {
            wrong.push(format!("{what} `{name}` is not a unique lower-case word"));
        }
    }
}

fn check_kind(manifest: &Manifest, kind: &Kind, wrong: &mut Vec<String>) {
    unique("attribute", kind.attributes.iter().map(|attribute| attribute.name), wrong);
    for (part, name) in kind.parts {
        if manifest.verb(name).is_none() {
            wrong.push(format!("part {part:?} of kind `{}` names no verb: `{name}`", kind.name));
        }
    }
    let parts: BTreeSet<Part> = kind.parts.iter().map(|(part, _)| *part).filter(|part| *part != Part::Undo).collect();
    if parts.len() != kind.parts.iter().filter(|(part, _)| *part != Part::Undo).count() {
        wrong.push(format!("a part of kind `{}` is played by two verbs", kind.name));
    }
    for strategy in kind.strategies {
        for missing in strategy.parts().iter().filter(|part| !parts.contains(part)) {
            wrong.push(format!("kind `{}` takes `{}`, and no verb plays {missing:?}", kind.name, strategy.as_str()));
        }
    }
    let pair = kind.secret.is_some_and(|secret| secret.kind == SecretKind::KeyPair);
    let of_a_pair = |strategy: &Strategy| matches!(strategy, Strategy::Versioned | Strategy::Reissue);
    if let Some(strategy) = kind.strategies.iter().find(|strategy| of_a_pair(strategy) != pair) {
        wrong.push(format!("kind `{}` takes `{}`, and its secret is of another kind", kind.name, strategy.as_str()));
    }
    let proof = kind.liveness.map(|name| manifest.probe(name));
    if let Some(probe) = proof
        && !probe.is_some_and(|probe| probe.kind == kind.name && probe.needs_material)
    {
        wrong.push(format!("the liveness of kind `{}` is no probe of it that needs material", kind.name));
    }
    let found = manifest.probe(REVOKED).is_some_and(|probe| probe.kind == kind.name);
    if kind.verb_for(Part::Revoke).is_some() != found {
        wrong.push(format!("kind `{}` is revoked, and has no probe `{REVOKED}`; or the other way round", kind.name));
    }
    let reissues = kind.strategies.contains(&Strategy::Reissue);
    if reissues && kind.strategies.len() > 1 {
        wrong.push(format!("kind `{}` takes `reissue`, and another strategy", kind.name));
    }
    if proof.is_none() && !kind.strategies.is_empty() && !reissues {
        wrong.push(format!("kind `{}` replaces versions, and has no probe that proves them dead", kind.name));
    }
    if kind.is_sink == kind.secret.is_some() {
        wrong.push(format!("kind `{}` must be a sink or have a secret, and not both", kind.name));
    }
}

fn check_verb(manifest: &Manifest, verb: &Verb, wrong: &mut Vec<String>) {
    unique("parameter", verb.parameters.iter().map(|parameter| parameter.name), wrong);
    if !manifest.kind(verb.kind).is_some_and(|kind| kind.parts.iter().any(|(_, name)| *name == verb.name)) {
        wrong.push(format!("verb `{}` plays no part in its kind", verb.name));
    }
    if verb.limits.duration_ms == 0 {
        wrong.push(format!("verb `{}` has no time", verb.name));
    }
    if let Some(parameter) = verb.parameters.iter().find(|parameter| parameter.about.is_empty()) {
        wrong.push(format!("parameter `{}` of verb `{}` is not described", parameter.name, verb.name));
    }
    let Reversibility::UndoneBy(undo) = verb.reversibility else { return };
    let Some(undo) = manifest.verb(undo) else {
        wrong.push(format!("verb `{}` is undone by a verb that is not there", verb.name));
        return;
    };
    // The undo is called with what it takes of the forward call, and with the version of the forward material.
    let given = |asked: &Parameter| {
        let is_version = asked.name == "version" && verb.parameters.iter().any(|parameter| parameter.secret);
        let same = |parameter: &Parameter| parameter.name == asked.name && parameter.secret == asked.secret;
        is_version || verb.parameters.iter().any(same)
    };
    if undo.kind != verb.kind || !undo.parameters.iter().filter(|parameter| parameter.required).all(given) {
        wrong.push(format!("verb `{}` cannot be undone by `{}` with what it was given", verb.name, undo.name));
    }
}
