//! What is there: lists and observes through connectors, and joins it with what the store holds.
//!
//! Facts for plans, and for the check before a step's first act. It must never change anything, and never open the
//! operator credential.
//!
//! Read first: [`Inventory`], [`countersign_kernel::plan::Snapshot`].

use std::collections::BTreeMap;
use std::sync::Arc;

use countersign_contract::{Eyes, Observation, ObserveError, Subject};
use countersign_kernel::plan::{self, PlanError, Reading, Snapshot};
use countersign_kernel::run::bodies::Stage;
use countersign_kernel::workflow::model::Workflow;
use countersign_warrant::ResourceName;
use serde_json::Value;

use crate::catalog::Catalog;
use crate::store::{ReadStoreError, Store};

/// Why a resource could not be read.
#[derive(Debug, thiserror::Error)]
pub enum InventoryError {
    /// No instance of that name.
    #[error("no connector instance `{0}` in the settings")]
    NoSuchConnector(String),
    /// The connector could not look.
    #[error("the target could not be observed")]
    Observe(#[source] ObserveError),
    /// The store could not be read.
    #[error("the store could not be read")]
    Store(#[source] ReadStoreError),
    /// The inputs make no legal subject.
    #[error(transparent)]
    Plan(#[from] PlanError),
}

impl InventoryError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoSuchConnector(_) => "inventory.no_such_connector",
            Self::Observe(source) => source.code,
            Self::Store(source) => source.code(),
            Self::Plan(source) => source.code(),
        }
    }
}

/// Reads resources at their targets and in the store.
#[derive(Clone)]
pub struct Inventory {
    catalog: Arc<Catalog>,
    store: Store,
}

impl Inventory {
    /// Over these connectors and this store.
    pub fn new(catalog: Arc<Catalog>, store: Store) -> Self {
        Self { catalog, store }
    }

    /// One reading of one resource at its target.
    ///
    /// # Errors
    /// When its connector is unknown, or cannot look.
    pub async fn observe(&self, resource: &ResourceName) -> Result<Observation, InventoryError> {
        let instance = resource.connector();
        let connector =
            self.catalog.find(instance).ok_or_else(|| InventoryError::NoSuchConnector(instance.to_owned()))?;
        let subject = Subject { resource: resource.clone() };
        connector.observe(&subject, Eyes::open()).await.map_err(InventoryError::Observe)
    }

    /// One resource at its target, with what the store holds of its versions.
    ///
    /// # Errors
    /// When the target or the store cannot be read.
    pub async fn reading(&self, resource: &ResourceName) -> Result<Reading, InventoryError> {
        let observation = self.observe(resource).await?;
        let versions = self.store.versions(resource).await.map_err(InventoryError::Store)?;
        let current = versions.iter().find(|row| row.stage == Stage::Current);
        let expires_at = current.and_then(|row| row.expires_at);
        let current = current.map(|row| row.id.clone());
        let highest = versions.iter().map(|row| row.id.number).max().unwrap_or(0);
        Ok(Reading { observation, current, expires_at, highest })
    }

    /// Everything that a plan of this workflow may know.
    ///
    /// # Errors
    /// When a target or the store cannot be read, or the inputs make no legal subject.
    pub async fn snapshot(
        &self,
        workflow: &Workflow,
        inputs: &BTreeMap<String, Value>,
    ) -> Result<Snapshot, InventoryError> {
        let subject = self.reading(&plan::subject_of(workflow, inputs)?).await?;
        let mut issuers = BTreeMap::new();
        for issuer in plan::issuers_of(workflow) {
            let reading = self.reading(&issuer).await?;
            issuers.insert(issuer, reading);
        }
        Ok(Snapshot { subject, issuers })
    }
}
