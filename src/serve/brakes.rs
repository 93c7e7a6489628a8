//! Setting and lifting brakes for a person: by the process that serves, or by a command that holds the folder alone.

use countersign_kernel::run::bodies::{BrakeKind, BrakeScope};
use countersign_warrant::{EntryId, JournalError, ResourceName};

use crate::Installation;
use crate::ledger::Braking;
use crate::store::ReadStoreError;

/// What a person wants of a brake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Braked {
    /// Where.
    pub scope: BrakeScope,
    /// Whether what is on there is lifted; else it is paused.
    pub lift: bool,
    /// Why, in words.
    pub reason: String,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Turned {
    /// The entries that say so: a pause, or each brake that was lifted. Where it was paused before, the entry that did it.
    pub entries: Vec<EntryId>,
    /// False where it was paused before.
    pub changed: bool,
}

/// Why no brake was set or lifted. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum BrakeError {
    /// Settings name no such connector.
    #[error("the settings have no connector `{name}`")]
    UnknownConnector {
        /// What was named.
        name: String,
        /// Those that there are.
        known: Vec<String>,
    },
    /// Nothing is known of such a subject.
    #[error("nothing is known of a subject `{name}`")]
    UnknownSubject {
        /// What was named.
        name: ResourceName,
        /// The nearest that is known.
        near: Option<ResourceName>,
    },
    /// No brake is on there.
    #[error("nothing is paused, quarantined or left alone on {scope}")]
    NotOn {
        /// Where.
        scope: BrakeScope,
        /// Where brakes are.
        on: Vec<BrakeScope>,
    },
    /// The store could not be read.
    #[error("the store could not be read")]
    Store(#[from] ReadStoreError),
    /// The entry could not be written.
    #[error("the brake was not recorded")]
    Journal(#[from] JournalError),
}

impl BrakeError {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::UnknownConnector { .. } => "brake.unknown_connector",
            Self::UnknownSubject { .. } => "brake.unknown_subject",
            Self::NotOn { .. } => "brake.not_on",
            Self::Store(source) => source.code(),
            Self::Journal(source) => source.code(),
        }
    }

    /// What to do, where the error itself knows.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::UnknownConnector { known, .. } => Some(format!("there are: {}", known.join(", "))),
            Self::UnknownSubject { near: Some(near), .. } => Some(format!("did you mean `{near}`?")),
            Self::UnknownSubject { near: None, .. } => Some("`countersign status` lists the subjects".to_owned()),
            Self::NotOn { on, .. } if on.is_empty() => Some("no brake is on anywhere".to_owned()),
            Self::NotOn { on, .. } => {
                let on: Vec<String> = on.iter().map(ToString::to_string).collect();
                Some(format!("brakes are on: {}", on.join(", ")))
            }
            Self::Store(_) | Self::Journal(_) => None,
        }
    }
}

/// The subject whose name is most like it.
async fn nearest(installation: &Installation, name: &ResourceName) -> Result<Option<ResourceName>, BrakeError> {
    let store = &installation.store;
    let due = store.due_rows().await?.into_iter().map(|row| row.subject);
    let all = store.live_versions().await?.into_iter().map(|version| version.id.subject).chain(due);
    let far = |one: &ResourceName| strsim::damerau_levenshtein(one.as_str(), name.as_str());
    Ok(all.min_by_key(far).filter(|one| far(one) <= 3))
}

/// Pauses, or lifts every brake that is on there; `by` is the opaque id of who does it.
///
/// # Errors
/// When there is no such place, nothing to lift, or no entry can be written.
pub async fn turn(installation: &Installation, wanted: &Braked, by: &str) -> Result<Turned, BrakeError> {
    let Braked { scope, lift, reason } = wanted;
    let connector = match scope {
        BrakeScope::All => None,
        BrakeScope::Connector(name) => Some(name.as_str()),
        BrakeScope::Subject(subject) => Some(subject.connector()),
    };
    let known = installation.catalog.manifests();
    if let Some(name) = connector.filter(|name| !lift && !known.contains_key(*name)) {
        let known = known.keys().map(ToString::to_string).collect();
        return Err(BrakeError::UnknownConnector { name: name.to_owned(), known });
    }
    if let (BrakeScope::Subject(name), false) = (scope, *lift)
        && !installation.store.is_known(name).await?
    {
        let near = nearest(installation, name).await?;
        return Err(BrakeError::UnknownSubject { name: name.clone(), near });
    }
    let now = installation.clock.now();
    let on = installation.store.brakes(now).await?;
    let here: Vec<_> = on.iter().filter(|brake| brake.scope == *scope).collect();
    let mut turned = Turned { entries: Vec::new(), changed: true };
    let braking = |brake| Braking {
        scope: scope.clone(),
        brake,
        lifted: *lift,
        until: None,
        by: Some(by.to_owned()),
        words: reason,
    };
    if *lift {
        if here.is_empty() {
            let on = on.iter().map(|brake| brake.scope.clone()).collect();
            return Err(BrakeError::NotOn { scope: scope.clone(), on });
        }
        // CRASH: each is an entry of its own; what was not lifted is still on, and told as such.
        for brake in here {
            turned.entries.push(installation.ledger.append_brake(braking(brake.brake), now).await?);
        }
        return Ok(turned);
    }
    if let Some(before) = here.iter().find(|brake| brake.brake == BrakeKind::Paused) {
        return Ok(Turned { entries: vec![before.entry.clone()], changed: false });
    }
    turned.entries.push(installation.ledger.append_brake(braking(BrakeKind::Paused), now).await?);
    Ok(turned)
}
