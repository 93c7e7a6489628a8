//! What `files` declares of itself.

use countersign_contract::{
    Applied, Effect, Intent, Kind, Limits, Manifest, Observation, Origin, Parameter, Part, Reversibility, Type, Verb,
};

/// The kind of its sinks.
pub(crate) const PLACE: &str = "place";

/// Ten seconds for an attempt; no effect comes later, since an observation waits for a running attempt.
pub const LIMITS: Limits = Limits { duration_ms: 10_000, lateness_ms: 0 };

const FIELDS: Parameter =
    Parameter::secret("fields", Type::Fields, "what is written: a file per field, mode 0600 where it is material");

pub(crate) fn manifest(limits: Limits) -> Manifest {
    Manifest {
        connector: "files",
        summary: "delivers certificates, keys and texts to folders on this machine, atomically",
        kinds: vec![Kind {
            name: PLACE,
            about: "a folder of files below a place that settings name",
            is_sink: true,
            slots: None,
            secret: None,
            liveness: None,
            strategies: &[],
            attributes: &[],
            parts: &[(Part::Deliver, "deliver"), (Part::Undo, "remove")],
        }],
        verbs: vec![
            Verb {
                name: "deliver",
                kind: PLACE,
                about: "is replaced by a folder with these files, in one step",
                parameters: vec![FIELDS],
                outputs: &["digest"],
                reversibility: Reversibility::UndoneBy("remove"),
                limits,
                effect: delivered,
            },
            Verb {
                name: "remove",
                kind: PLACE,
                about: "is taken away, and what was there before is in place again",
                parameters: Vec::new(),
                outputs: &[],
                reversibility: Reversibility::Irreversible,
                limits,
                effect: removed,
            },
        ],
        probes: Vec::new(),
    }
}

/// A delivery is there when the folder in place was made by its entry.
fn delivered(intent: &Intent, observation: &Observation) -> Effect {
    match observation.applied.get(&intent.entry) {
        Some(applied) => Effect::Applied(applied.clone()),
        None => Effect::NotApplied,
    }
}

/// A removal is there when the folder in place is not the one that the undone delivery made.
fn removed(intent: &Intent, observation: &Observation) -> Effect {
    match &intent.origin {
        Origin::Undo(of) if observation.applied.contains_key(of) => Effect::NotApplied,
        Origin::Undo(_) => Effect::Applied(Applied::default()),
        Origin::Plan | Origin::Retry(_) => Effect::NotApplied,
    }
}
