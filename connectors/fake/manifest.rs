//! What the fake declares of itself.

use countersign_contract::{
    Effect, Intent, Kind, Limits, Manifest, Observation, Parameter, Part, ProbeSpec, Reversibility, Secret, SecretKind,
    Strategy, Type, Verb,
};

const OWNER: Parameter = Parameter::required("owner", Type::Text, "who answers for the account");
const KEY: Parameter = Parameter::secret("key", Type::Text, "the version's key");
const VERSION: Parameter = Parameter::required("version", Type::Text, "which version");

const PARTS: &[(Part, &str)] = &[
    (Part::Provision, "create"),
    (Part::Stage, "stage"),
    (Part::Disable, "disable"),
    (Part::Retire, "remove"),
    (Part::Undo, "delete"),
    (Part::Undo, "enable"),
];

pub(crate) fn manifest(limits: Limits) -> Manifest {
    let verb = |name, about, parameters: &[Parameter], reversibility| Verb {
        name,
        kind: "account",
        about,
        parameters: parameters.to_vec(),
        outputs: if name == "delete" { &[] } else { &["id"] },
        reversibility,
        limits,
        effect,
    };
    Manifest {
        connector: "fake",
        summary: "a target in memory, for fault injection",
        kinds: vec![Kind {
            name: "account",
            about: "an account with two key slots",
            is_sink: false,
            slots: Some(2),
            secret: Some(Secret { kind: SecretKind::Text, output: "key" }),
            liveness: Some("login"),
            strategies: &[Strategy::DualSlot],
            attributes: const { &[OWNER] },
            parts: PARTS,
        }],
        verbs: vec![
            verb("create", "is created with its first key", &[OWNER, KEY], Reversibility::UndoneBy("delete")),
            verb("delete", "is deleted as it was created", &[], Reversibility::Irreversible),
            verb("stage", "takes a second key", &[KEY], Reversibility::UndoneBy("remove")),
            verb("enable", "has a key enabled", &[VERSION], Reversibility::UndoneBy("disable")),
            verb("disable", "has a key disabled", &[VERSION], Reversibility::UndoneBy("enable")),
            verb("remove", "loses a key", &[VERSION], Reversibility::Irreversible),
        ],
        probes: vec![ProbeSpec {
            name: "login",
            kind: "account",
            about: "the target accepts the key",
            needs_material: true,
            parameters: &[],
        }],
    }
}

fn effect(intent: &Intent, observation: &Observation) -> Effect {
    match observation.applied.get(&intent.entry) {
        Some(applied) => Effect::Applied(applied.clone()),
        None => Effect::NotApplied,
    }
}
