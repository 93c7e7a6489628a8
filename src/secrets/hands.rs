//! The only ways on which plain material leaves the room: into the hands of one warrant, and into a probe.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use countersign_contract::{
    Cabinet, EntryId, Eyes, Hands, Mark, Material, OpenMaterialError, ResourceName, VersionId, Warrant, file,
};

use super::maker::{self, Sealed};
use super::{Keys, OpenError};

/// The sealed blobs of a warrant's materials, by the names that its call gives them.
pub type SealedMaterials = BTreeMap<String, (VersionId, Arc<[u8]>)>;

/// Why there are no hands for a warrant. Nothing was opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HandsError {
    /// It is not a warrant of the process's mint.
    #[error("the warrant `{entry}` is not of this process's mint: it opens nothing")]
    ForeignWarrant {
        /// The warrant's intent.
        entry: EntryId,
    },
    /// What was brought is not exactly what its call names.
    #[error("the warrant `{entry}` and the brought materials differ in `{name}`")]
    OtherMaterials {
        /// The warrant's intent.
        entry: EntryId,
        /// The material that is missing, too much, or of another version.
        name: String,
    },
    /// What the provider makes would be kept as somebody else's version.
    #[error("the warrant `{entry}` keeps versions of its own subject, not of `{subject}`")]
    OtherSubject {
        /// The warrant's intent.
        entry: EntryId,
        /// Whose version it would have been.
        subject: ResourceName,
    },
}

impl HandsError {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::ForeignWarrant { .. } => "hands.foreign_warrant",
            Self::OtherMaterials { .. } => "hands.other_materials",
            Self::OtherSubject { .. } => "hands.other_subject",
        }
    }
}

/// Where hands leave what the provider made, sealed, for whoever gave them out.
#[derive(Debug, Clone, Default)]
pub struct KeptSlot(Arc<Mutex<Option<Sealed>>>);

impl KeptSlot {
    /// Takes the kept version out, if there is one. To be asked after `act` has ended, in whatever way.
    pub fn take(&self) -> Option<Sealed> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Opens sealed material to the warrants of one mint, and to probes.
pub struct Opener {
    mark: Mark,
    keys: Arc<Keys>,
}

impl fmt::Debug for Opener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opener").field("keys", &self.keys).finish_non_exhaustive()
    }
}

impl Opener {
    /// An opener for the warrants of the mint that handed out the mark.
    pub fn new(mark: Mark, keys: Arc<Keys>) -> Self {
        Self { mark, keys }
    }

    /// Hands for one warrant, and where they leave what they keep.
    ///
    /// `sealed` holds exactly the materials that the warrant's call names. What the provider makes is kept as `next`, a
    /// version of the warrant's subject, at most once. `operator` is the file with the instance's operator credential; one
    /// that cannot be read is as none, and the target refuses.
    ///
    /// # Errors
    /// When the warrant is of another mint, or the materials are not those that its call names.
    // INVARIANT: inv:I1 a warrant of another mint opens nothing, and a warrant opens only the versions that it names.
    pub fn hands(
        &self,
        warrant: &Warrant,
        sealed: SealedMaterials,
        next: VersionId,
        operator: Option<&Path>,
    ) -> Result<(Hands, KeptSlot), HandsError> {
        let intent = warrant.intent();
        let entry = intent.entry.clone();
        if !self.mark.is_of(warrant) {
            return Err(HandsError::ForeignWarrant { entry });
        }
        let named = &intent.call.materials;
        let brought = |name: &String| sealed.get(name).map(|(version, _)| version);
        if let Some(name) = named.keys().chain(sealed.keys()).find(|name| named.get(*name) != brought(name)) {
            return Err(HandsError::OtherMaterials { entry, name: name.clone() });
        }
        if next.subject != intent.subject {
            return Err(HandsError::OtherSubject { entry, subject: next.subject });
        }
        let kept = KeptSlot::default();
        let drawer = Drawer { keys: Arc::clone(&self.keys), sealed, next: Some(next), kept: kept.clone() };
        // WHY: it is read for each warrant, so that a new one is taken up as soon as it is delivered.
        let operator = operator.and_then(|path| file::read(path, file::SMALL).ok()).map(Material::new);
        Ok((Hands::new(Box::new(drawer)).with_operator(operator), kept))
    }

    /// The plain material of a version, for a probe that authenticates with it.
    ///
    /// # Errors
    /// When the blob does not open as that version.
    pub fn probe_material(&self, version: &VersionId, sealed: &[u8]) -> Result<Material, OpenError> {
        self.keys.sealing.open(version, sealed)
    }
}

/// Eyes for the connectors of this version: their targets are the process's own and ask for no credential.
pub fn eyes() -> Eyes {
    Eyes::open()
}

/// What is behind the hands of one warrant.
struct Drawer {
    keys: Arc<Keys>,
    sealed: SealedMaterials,
    next: Option<VersionId>,
    kept: KeptSlot,
}

impl Cabinet for Drawer {
    fn open(&self, name: &str) -> Result<Material, OpenMaterialError> {
        let not_named = || OpenMaterialError::NotNamed(name.to_owned());
        let (version, blob) = self.sealed.get(name).ok_or_else(not_named)?;
        let opened = self.keys.sealing.open(version, blob);
        opened.map_err(|error| OpenMaterialError::Sealed { name: name.to_owned(), reason: error.to_string() })
    }

    // INVARIANT: inv:I3 what a provider made is sealed, and in the caller's reach, before `act` returns.
    fn keep(&mut self, material: Material) -> Result<VersionId, OpenMaterialError> {
        let not_kept = |reason: String| OpenMaterialError::NotKept { reason };
        let Some(next) = self.next.take() else {
            return Err(not_kept("a version was already kept for this warrant".to_owned()));
        };
        let sealed = maker::seal(&self.keys, &next, &material, BTreeMap::new());
        let sealed = sealed.map_err(|error| not_kept(error.to_string()))?;
        *self.kept.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(sealed);
        Ok(next)
    }
}

#[cfg(test)]
mod tests;
