//! What is there: lists and observes through connectors, and joins it with what the store holds.
//!
//! Facts for plans, and for the check before a step's first act. It must never change anything, and never open the
//! operator credential.
//!
//! Read first: [`Inventory`], [`countersign_kernel::plan::Snapshot`].

mod pages;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use countersign_contract::{Eyes, Observation, ObserveError, Scope, Subject};
use countersign_kernel::plan::{self, LeftOut, Persons, Plan, PlanError, Reading, Snapshot};
use countersign_kernel::run::bodies::Stage;
use countersign_kernel::workflow::model::Workflow;
use countersign_warrant::{ResourceName, VersionId};
use serde_json::Value;

use crate::catalog::Catalog;
use crate::store::{ReadStoreError, Store};

pub use pages::PAGES;

/// How long one reading of one target may take. No command hangs because a target does.
pub const OBSERVE_TIME: Duration = Duration::from_secs(10);

/// How many subjects of a kind one listing may have.
pub const LISTED_MAX: usize = 10_000;

/// Why a resource could not be read.
#[derive(Debug, thiserror::Error)]
pub enum InventoryError {
    /// No instance of that name.
    #[error("no connector instance `{0}` in the settings")]
    NoSuchConnector(String),
    /// The connector could not look.
    #[error("the target could not be observed")]
    Observe(#[source] ObserveError),
    /// The target gave no answer in [`OBSERVE_TIME`]; nothing is known of it.
    #[error("`{resource}` could not be observed: its target gave no answer in time")]
    TimedOut {
        /// What was to be observed.
        resource: ResourceName,
    },
    /// The target gave no list in [`OBSERVE_TIME`].
    #[error("`{connector}` did not list its subjects of the kind `{kind}` in time")]
    Silent {
        /// The instance.
        connector: String,
        /// The kind.
        kind: String,
    },
    /// There are more subjects of a kind than are looked at.
    #[error("`{connector}` has more than {LISTED_MAX} subjects of the kind `{kind}`: one run does not look at so many")]
    TooMany {
        /// The instance.
        connector: String,
        /// The kind.
        kind: String,
    },
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
            Self::TimedOut { .. } | Self::Silent { .. } => "inventory.timed_out",
            Self::TooMany { .. } => "inventory.too_many",
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
    time: Duration,
}

impl Inventory {
    /// Over these connectors and this store.
    pub fn new(catalog: Arc<Catalog>, store: Store) -> Self {
        Self { catalog, store, time: OBSERVE_TIME }
    }

    /// One reading of one resource at its target.
    ///
    /// # Errors
    /// When its connector is unknown, cannot look, or takes longer than [`OBSERVE_TIME`].
    pub async fn observe(&self, resource: &ResourceName) -> Result<Observation, InventoryError> {
        let instance = resource.connector();
        let connector =
            self.catalog.find(instance).ok_or_else(|| InventoryError::NoSuchConnector(instance.to_owned()))?;
        let subject = Subject { resource: resource.clone() };
        let observed = tokio::time::timeout(self.time, connector.observe(&subject, Eyes::open())).await;
        let observed = observed.map_err(|_| InventoryError::TimedOut { resource: resource.clone() })?;
        observed.map_err(InventoryError::Observe)
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

    /// The names of every subject of a kind that is there.
    ///
    /// # Errors
    /// When the connector is unknown, cannot look, takes longer than [`OBSERVE_TIME`] for a part of the list, or has more
    /// than [`LISTED_MAX`].
    pub async fn list(&self, instance: &str, kind: &str) -> Result<Vec<ResourceName>, InventoryError> {
        let connector =
            self.catalog.find(instance).ok_or_else(|| InventoryError::NoSuchConnector(instance.to_owned()))?;
        let scope = Scope { kind: Some(kind.to_owned()) };
        let (mut found, mut from) = (Vec::new(), None);
        loop {
            let page = tokio::time::timeout(self.time, connector.list(&scope, Eyes::open(), from)).await;
            let silent = || InventoryError::Silent { connector: instance.to_owned(), kind: kind.to_owned() };
            let page = page.map_err(|_| silent())?.map_err(InventoryError::Observe)?;
            found.extend(page.resources);
            if found.len() > LISTED_MAX {
                return Err(InventoryError::TooMany { connector: instance.to_owned(), kind: kind.to_owned() });
            }
            match page.next {
                Some(next) => from = Some(next),
                None => return Ok(found),
            }
        }
    }

    /// A snapshot for each subject that is there of the kind that the workflow is for, and those of which nothing could be
    /// read: nobody knows whether they are meant.
    ///
    /// # Errors
    /// When the list or the store cannot be read.
    pub async fn survey(
        &self,
        workflow: &Workflow,
        inputs: &BTreeMap<String, Value>,
        persons: &Persons,
    ) -> Result<(Vec<Snapshot>, Vec<LeftOut>), InventoryError> {
        let (mut all, mut unread) = (Vec::new(), Vec::new());
        for subject in self.list(&workflow.subject.connector, &workflow.subject.kind).await? {
            match self.snapshot(&plan::named(workflow, subject.name()), inputs, persons).await {
                Ok(snapshot) => all.push(snapshot),
                Err(error @ (InventoryError::Observe(_) | InventoryError::TimedOut { .. })) => {
                    let (code, message) = (error.code().to_owned(), error.to_string());
                    unread.push(LeftOut { subject, code, message });
                }
                Err(error) => return Err(error),
            }
        }
        Ok((all, unread))
    }

    /// Everything that a plan of this workflow may know; `persons` are those of [`plan::persons_of`].
    ///
    /// # Errors
    /// When a target or the store cannot be read, or the inputs make no legal subject.
    pub async fn snapshot(
        &self,
        workflow: &Workflow,
        inputs: &BTreeMap<String, Value>,
        persons: &Persons,
    ) -> Result<Snapshot, InventoryError> {
        let subject = self.reading(&plan::subject_of(workflow, inputs)?).await?;
        let mut issuers = BTreeMap::new();
        for issuer in plan::issuers_of(workflow) {
            let reading = self.reading(&issuer).await?;
            issuers.insert(issuer, reading);
        }
        let sinks = self.sinks_of(subject.current.as_ref()).await.map_err(InventoryError::Store)?;
        Ok(Snapshot { subject, issuers, persons: persons.clone(), sinks, own: self.catalog.own() })
    }

    /// The places that the run which made a version delivered it to. One that was adopted was delivered by somebody else.
    async fn sinks_of(&self, version: Option<&VersionId>) -> Result<BTreeSet<ResourceName>, ReadStoreError> {
        let Some(version) = version else { return Ok(BTreeSet::new()) };
        let Some(stored) = self.store.version(version).await? else { return Ok(BTreeSet::new()) };
        let Some(run) = self.store.run(&stored.run).await? else { return Ok(BTreeSet::new()) };
        let Some(bytes) = self.store.blob(&run.plan).await? else { return Ok(BTreeSet::new()) };
        let plan = Plan::from_bytes(bytes.bytes()).map_err(|error| ReadStoreError::Corrupt(error.to_string()))?;
        Ok(plan.sinks_of(version))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::future::pending;

    use countersign_contract::{
        BoxFuture, Connector, Cursor, Hands, Manifest, Material, Page, Probe, ProbeResult, Receipt, Scope, Warrant,
    };

    use super::*;

    /// A target that never answers.
    struct Silent(Manifest);

    impl Connector for Silent {
        fn manifest(&self) -> &Manifest {
            &self.0
        }

        fn list<'a>(&'a self, _: &'a Scope, _: Eyes, _: Option<Cursor>) -> BoxFuture<'a, Result<Page, ObserveError>> {
            Box::pin(pending())
        }

        fn observe<'a>(&'a self, _: &'a Subject, _: Eyes) -> BoxFuture<'a, Result<Observation, ObserveError>> {
            Box::pin(pending())
        }

        fn probe<'a>(&'a self, _: &'a Probe, _: Option<Material>) -> BoxFuture<'a, ProbeResult> {
            Box::pin(pending())
        }

        fn act(&self, _: Warrant, _: Hands) -> BoxFuture<'_, Receipt> {
            Box::pin(pending())
        }
    }

    /// A target with more subjects than anybody has.
    struct Endless(Manifest);

    impl Connector for Endless {
        fn manifest(&self) -> &Manifest {
            &self.0
        }

        fn list<'a>(
            &'a self,
            _: &'a Scope,
            _: Eyes,
            from: Option<Cursor>,
        ) -> BoxFuture<'a, Result<Page, ObserveError>> {
            Box::pin(async move {
                let first: u64 = from.map_or(0, |cursor| cursor.0.parse().unwrap());
                let names = (first..first + 500).map(|number| format!("endless/account/a{number:07}").parse().unwrap());
                Ok(Page { resources: names.collect(), next: Some(Cursor((first + 500).to_string())) })
            })
        }

        fn observe<'a>(&'a self, _: &'a Subject, _: Eyes) -> BoxFuture<'a, Result<Observation, ObserveError>> {
            panic!("what is too much is not looked at")
        }

        fn probe<'a>(&'a self, _: &'a Probe, _: Option<Material>) -> BoxFuture<'a, ProbeResult> {
            Box::pin(pending())
        }

        fn act(&self, _: Warrant, _: Hands) -> BoxFuture<'_, Receipt> {
            Box::pin(pending())
        }
    }

    async fn of<C: Connector + 'static>(connector: C, name: &str, folder: &std::path::Path) -> Inventory {
        let store = Store::open(&folder.join("store.db")).await.unwrap();
        let instances = BTreeMap::from([(name.to_owned(), Arc::new(connector) as Arc<dyn Connector>)]);
        Inventory::new(Arc::new(Catalog::of_instances(instances, BTreeMap::new())), store)
    }

    fn named(connector: &'static str) -> Manifest {
        Manifest { connector, summary: "", kinds: Vec::new(), verbs: Vec::new(), probes: Vec::new() }
    }

    #[tokio::test]
    async fn a_list_of_a_million_is_refused_before_anything_of_it_is_looked_at() {
        let folder = tempfile::tempdir().unwrap();
        let inventory = of(Endless(named("endless")), "endless", folder.path()).await;
        let began = std::time::Instant::now();
        let error = inventory.list("endless", "account").await.unwrap_err();
        assert_eq!(error.code(), "inventory.too_many");
        assert!(error.to_string().contains("more than 10000 subjects"), "{error}");
        assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    }

    #[tokio::test]
    async fn a_silent_target_is_told_and_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let inventory = of(Silent(named("silent")), "silent", folder.path()).await;
        let inventory = Inventory { time: Duration::from_millis(20), ..inventory };
        let error = inventory.reading(&"silent/account/jobs".parse().unwrap()).await.unwrap_err();
        assert_eq!(error.code(), "inventory.timed_out");
        assert_eq!(error.to_string(), "`silent/account/jobs` could not be observed: its target gave no answer in time");
    }
}
