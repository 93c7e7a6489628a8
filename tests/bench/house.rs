//! A whole installation over the null connector, made with what the product itself is made with.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use countersign::catalog::Catalog;
use countersign::runner::{Begun, Driven, Request, Runner};
use countersign::scheduler::{CheckedSet, FileSet, SetFile};
use countersign::{Installation, known, runner};
use countersign_contract::Connector;
use countersign_kernel::plan;
use countersign_kernel::run::bodies::{ActivationBody, RunOutcome, Trigger, TriggerKind};
use countersign_kernel::workflow::model::Workflow;
use countersign_warrant::{EntryId, RunId};
use tokio::sync::watch;

use crate::void::Void;

/// No place and no endpoint: nothing but the engine runs.
const SETTINGS: &str = "version = 1\n[connectors.local]\ntype = \"local\"\n[connectors.files]\ntype = \"files\"\n";

pub(crate) const WORKFLOWS: [(&str, &str); 2] =
    [("provision.yaml", include_str!("set/provision.yaml")), ("rotate.yaml", include_str!("set/rotate.yaml"))];
pub(crate) const POLICIES: [(&str, &str); 4] = [
    ("accounts.cedar", include_str!("../../workflows/policies/accounts.cedar")),
    ("certificates.cedar", include_str!("../../workflows/policies/certificates.cedar")),
    ("rotation.cedar", include_str!("../../workflows/policies/rotation.cedar")),
    ("bench.cedar", include_str!("set/bench.cedar")),
];

/// Everything that a run needs.
pub(crate) struct House {
    pub(crate) installation: Installation,
    pub(crate) runner: Runner,
    pub(crate) set: CheckedSet,
    activation: EntryId,
    asked_by: String,
    _stop: watch::Sender<bool>,
}

impl House {
    /// In a new folder.
    pub(crate) async fn new(root: &Path) -> Result<Self> {
        std::fs::create_dir(root)?;
        std::fs::set_permissions(root, std::fs::Permissions::from_mode(0o700))?;
        std::fs::write(root.join("settings.toml"), SETTINGS)?;
        let mut installation = Installation::create(root, "bench").await?;
        let mut instances: BTreeMap<String, Arc<dyn Connector>> = BTreeMap::new();
        for name in ["local", "files"] {
            let instance = installation.catalog.find(name).context("the settings name it")?;
            instances.insert(name.to_owned(), instance);
        }
        instances.insert("void".to_owned(), Arc::new(Void::new()));
        let places = BTreeMap::from([("sink".to_owned(), "void".to_owned())]);
        installation.catalog = Arc::new(Catalog::of_instances(instances, places));
        let files = FileSet { workflows: set_files(&WORKFLOWS), policies: set_files(&POLICIES), ..FileSet::default() };
        let set = match files.check(&known(&installation.catalog)) {
            Ok(set) => set,
            Err(found) => bail!("the bench's own files: {found:#?}"),
        };
        let (workflows, policies, blobs) = files.to_activated();
        let body = ActivationBody { workflows, policies, commit: None, by: "p_bench".to_owned() };
        let activation = installation.ledger.append_activation(&body, None, blobs).await?;
        let asked_by = installation.keys.person("bench");
        let (stop, stopped) = watch::channel(false);
        let runner = runner(&installation, Arc::clone(&set.policies), None, stopped);
        Ok(Self { installation, runner, set, activation, asked_by, _stop: stop })
    }

    /// A request of a workflow for one account.
    pub(crate) fn request(&self, workflow: &str, account: &str) -> Result<Request<'_>> {
        self.request_of(self.set.workflows.get(workflow).context("the set has it")?, account)
    }

    /// The same of a workflow of any set.
    pub(crate) fn request_of<'a>(&self, workflow: &'a Workflow, account: &str) -> Result<Request<'a>> {
        let given = BTreeMap::from([("account".to_owned(), account.to_owned())]);
        let persons = self.installation.persons(workflow, &given);
        let inputs = plan::resolve_inputs(workflow, &given, &persons).map_err(|error| anyhow::anyhow!("{error}"))?;
        let trigger = Trigger {
            kind: TriggerKind::Request,
            asked_by: Some(self.asked_by.clone()),
            idempotency_key: None,
            event: None,
        };
        Ok(Request {
            workflow,
            activation: self.activation.clone(),
            inputs,
            persons,
            trigger,
            named: None,
            given: None,
        })
    }

    /// From the request to the end of its run.
    pub(crate) async fn run(&self, workflow: &str, account: &str) -> Result<RunId> {
        let begun = self.runner.begin(self.request(workflow, account)?).await?;
        let Begun::Started(run) = begun else { bail!("`{account}`: {begun:?}") };
        match self.runner.drive(&run).await? {
            Driven::Over(RunOutcome::Done) => Ok(run),
            other => bail!("run {run} of `{account}` ended otherwise: {other:?}"),
        }
    }
}

pub(crate) fn set_files(files: &[(&str, &str)]) -> Vec<SetFile> {
    files.iter().map(|(path, text)| SetFile { path: (*path).to_owned(), bytes: text.as_bytes().to_vec() }).collect()
}
