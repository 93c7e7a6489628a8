//! Eyes and hands: how a connector gets at credentials, and only for what it was asked.

use countersign_warrant::VersionId;

use crate::Material;

/// Material that was asked for is not to be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenMaterialError {
    /// The warrant names no material of that name.
    #[error("the warrant names no material `{0}`")]
    NotNamed(String),
    /// It is sealed, and does not open.
    #[error("the sealed material `{name}` does not open: {reason}")]
    Sealed {
        /// The asked name.
        name: String,
        /// Why, without any value.
        reason: String,
    },
    /// What the provider made could not be sealed.
    #[error("the provider's material could not be sealed: {reason}")]
    NotKept {
        /// Why, without any value.
        reason: String,
    },
}

/// What stands behind [`Hands`]: implemented by `secrets`, for one warrant.
pub trait Cabinet: Send {
    /// Opens the material that the warrant's call names as `name`.
    fn open(&self, name: &str) -> Result<Material, OpenMaterialError>;

    /// Seals material that the provider made, as the next version of the warrant's subject.
    fn keep(&mut self, material: Material) -> Result<VersionId, OpenMaterialError>;
}

/// Opens the read-only credential of a connector instance.
#[derive(Default)]
pub struct Eyes(Option<Material>);

impl Eyes {
    /// Eyes that need no credential: the target is the process's own.
    pub fn open() -> Self {
        Self(None)
    }

    /// Eyes with the read-only credential.
    pub fn with(credential: Material) -> Self {
        Self(Some(credential))
    }

    /// The read-only credential, if the instance has one.
    pub fn credential(&self) -> Option<&Material> {
        self.0.as_ref()
    }
}

/// Opens the operator credential and the plain material of one warrant, and keeps what a provider makes.
pub struct Hands {
    cabinet: Box<dyn Cabinet>,
    operator: Option<Material>,
}

impl Hands {
    /// Hands over one warrant's cabinet.
    pub fn new(cabinet: Box<dyn Cabinet>) -> Self {
        Self { cabinet, operator: None }
    }

    /// The same, with the operator credential of the connector's instance.
    #[must_use]
    pub fn with_operator(self, operator: Option<Material>) -> Self {
        Self { operator, ..self }
    }

    /// The operator credential; `None` where the instance has none, or it could not be read.
    pub fn operator(&self) -> Option<&Material> {
        self.operator.as_ref()
    }

    /// Opens the material that the warrant's call names as `name`.
    ///
    /// # Errors
    /// When the call names none such, or it does not open.
    pub fn material(&self, name: &str) -> Result<Material, OpenMaterialError> {
        self.cabinet.open(name)
    }

    /// Seals material that the provider made, before `act` returns.
    ///
    /// # Errors
    /// When it cannot be sealed: then the receipt must be *indeterminate*.
    pub fn keep(&mut self, material: Material) -> Result<VersionId, OpenMaterialError> {
        self.cabinet.keep(material)
    }
}
