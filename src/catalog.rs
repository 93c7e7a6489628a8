//! The catalog: the one file that names every connector.
//!
//! It makes the instances that settings ask for, and starts the embedded target endpoint and its client where settings
//! give them a place. Adding a connector is a line here, a crate beside it, and a word in settings.
//!
//! Read first: [`Catalog`].

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use countersign_connector_files::Files;
use countersign_connector_local::target::{Client, ClientConfig, Target, TargetConfig};
use countersign_connector_local::{Endpoint, Local, LocalConfig};
use countersign_contract::{Connector, Limits, Manifest, ResourceName};

use crate::folder::{Folder, FolderError};
use crate::settings::{self, ConnectorKind, Freezes, Place, Settings, Spot};

/// How often the embedded client calls its endpoint.
const CLIENT_CALLS_EVERY: Duration = Duration::from_millis(100);

/// Each connector with its README, which says what the codes of its calls mean.
pub const READMES: &[(&str, &str)] = &[
    ("files", include_str!("../connectors/files/README.md")),
    ("local", include_str!("../connectors/local/README.md")),
];

/// Why the instances could not be made.
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    /// A place cannot be used.
    #[error("a place of the settings cannot be used")]
    Place(#[from] FolderError),
    /// The endpoint does not listen.
    #[error("the embedded endpoint cannot listen on {address}")]
    Endpoint {
        /// Where it should.
        address: SocketAddr,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
}

impl CatalogError {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Place(source) => source.code(),
            Self::Endpoint { .. } => "settings.endpoint",
        }
    }
}

/// Where notices are sent to.
#[derive(Debug, Clone)]
pub struct Webhook {
    /// The address.
    pub url: String,
    /// The file with the secret that signs them.
    pub key_file: Option<PathBuf>,
}

/// The credential that an instance makes its changes with.
#[derive(Debug, Clone)]
pub struct OwnCredential {
    /// Whose it is.
    pub subject: ResourceName,
    /// Where it is delivered, and in which field.
    pub place: (ResourceName, String),
    /// The file with it.
    pub file: PathBuf,
}

/// The connector instances, by name.
pub struct Catalog {
    instances: BTreeMap<String, Arc<dyn Connector>>,
    places: BTreeMap<String, String>,
    freezes: Freezes,
    webhooks: BTreeMap<String, Webhook>,
    operators: BTreeMap<String, OwnCredential>,
    /// What messages call the settings that these were made by.
    settings: String,
    embedded: Option<Embedded>,
}

/// The embedded target endpoint and its client: what the tour's credentials are for.
struct Embedded {
    target: Target,
    /// The client with the key first, then the one that calls as a role, where there is one.
    _clients: Vec<Client>,
}

/// Where the embedded endpoint listens, and where it and its client find what is delivered to them.
struct EmbeddedPlaces {
    address: SocketAddr,
    certificate: PathBuf,
    trust_anchor: PathBuf,
    key_file: PathBuf,
    password_file: Option<PathBuf>,
}

impl Catalog {
    /// The manifests only, for checking files without a data folder: these instances cannot be called.
    pub fn of_manifests(settings: &Settings) -> Self {
        Self::build(settings, &BTreeMap::new(), Path::new(""), &Endpoint::default(), Path::new(""))
    }

    /// The instances for reading: no endpoint is started.
    ///
    /// # Errors
    /// When a place cannot be used.
    pub fn for_reading(settings: &Settings, folder: &Folder) -> Result<Self, CatalogError> {
        let directories = directories(settings, folder)?;
        let anchor = embedded_places(settings, &directories).map(|places| places.trust_anchor).unwrap_or_default();
        Ok(Self::build(settings, &directories, &folder.local_dir(), &Endpoint::default(), &anchor))
    }

    /// The instances for running: starts the embedded endpoint and its client, where settings give them places.
    ///
    /// # Errors
    /// When a place cannot be used, or the endpoint's address is taken.
    pub async fn start(settings: &Settings, folder: &Folder) -> Result<Self, CatalogError> {
        let directories = directories(settings, folder)?;
        let endpoint = Endpoint::default();
        let embedded = embedded_places(settings, &directories);
        let anchor = embedded.as_ref().map(|places| places.trust_anchor.clone()).unwrap_or_default();
        let mut catalog = Self::build(settings, &directories, &folder.local_dir(), &endpoint, &anchor);
        if let Some(places) = embedded {
            let config =
                TargetConfig { root: folder.local_dir(), certificate: places.certificate, addr: places.address };
            let target = Target::start(config).await;
            let target = target.map_err(|source| CatalogError::Endpoint { address: places.address, source })?;
            endpoint.set(Some(target.addr()));
            let calling = |key_file: PathBuf| {
                Client::start(ClientConfig {
                    endpoint: endpoint.clone(),
                    key_file,
                    trust_anchor: places.trust_anchor.clone(),
                    every: CLIENT_CALLS_EVERY,
                })
            };
            let files = [Some(places.key_file), places.password_file];
            let clients = files.into_iter().flatten().map(calling).collect();
            catalog.embedded = Some(Embedded { target, _clients: clients });
        }
        Ok(catalog)
    }

    fn build(
        settings: &Settings,
        directories: &BTreeMap<String, PathBuf>,
        local_root: &Path,
        endpoint: &Endpoint,
        trust_anchor: &Path,
    ) -> Self {
        let operators = operators(settings, directories);
        let mut instances: BTreeMap<String, Arc<dyn Connector>> = BTreeMap::new();
        for (name, wanted) in &settings.connectors {
            // WHY: how late an effect may come is the target's nature, and no setting changes it.
            let limited = |own: Limits| wanted.duration_ms.map_or(own, |duration_ms| Limits { duration_ms, ..own });
            let instance: Arc<dyn Connector> = match wanted.kind {
                ConnectorKind::Local => Arc::new(Local::new(LocalConfig {
                    root: local_root.to_owned(),
                    endpoint: endpoint.clone(),
                    trust_anchor: trust_anchor.to_owned(),
                    limits: limited(countersign_connector_local::LIMITS),
                    operator: operators.get(name).map(|own: &OwnCredential| own.subject.clone()),
                })),
                ConnectorKind::Files => {
                    let own = settings.places.iter().filter(|(_, place)| place.connector() == name);
                    let places: BTreeMap<String, PathBuf> =
                        own.filter_map(|(place, _)| Some((place.clone(), directories.get(place)?.clone()))).collect();
                    Arc::new(Files::with_limits(places, limited(countersign_connector_files::LIMITS)))
                }
            };
            instances.insert(name.clone(), instance);
        }
        let places = settings.places.iter();
        let places = places.map(|(name, place)| (name.clone(), place.connector().to_owned())).collect();
        let webhook = |given: &settings::Webhook| {
            let key_file = given.signed_with.as_ref().and_then(|spot| path_of(spot, directories));
            Webhook { url: given.url.clone(), key_file }
        };
        let webhooks = settings.webhooks.iter().map(|(name, given)| (name.clone(), webhook(given))).collect();
        let of_instances = Self::of_instances(instances, places);
        Self { freezes: settings.freezes.clone(), webhooks, operators, settings: settings.in_words(), ..of_instances }
    }

    /// Instances that were made elsewhere, and the instance of each place.
    pub fn of_instances(instances: BTreeMap<String, Arc<dyn Connector>>, places: BTreeMap<String, String>) -> Self {
        let (freezes, webhooks, operators) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        Self { instances, places, freezes, webhooks, operators, settings: "the settings".to_owned(), embedded: None }
    }

    /// What messages call the settings that these were made by.
    pub fn settings(&self) -> &str {
        &self.settings
    }

    /// The instance of that name.
    pub fn find(&self, name: &str) -> Option<Arc<dyn Connector>> {
        self.instances.get(name).cloned()
    }

    /// What each instance can do, for planning.
    pub fn manifests(&self) -> BTreeMap<String, &Manifest> {
        self.instances.iter().map(|(name, instance)| (name.clone(), instance.manifest())).collect()
    }

    /// The connector instance of each place.
    pub fn places(&self) -> &BTreeMap<String, String> {
        &self.places
    }

    /// The days that each freeze stands for.
    pub fn freezes(&self) -> &Freezes {
        &self.freezes
    }

    /// Where notices go, by the webhook's name.
    pub fn webhooks(&self) -> &BTreeMap<String, Webhook> {
        &self.webhooks
    }

    /// The credential that an instance makes its changes with.
    pub fn operator(&self, instance: &str) -> Option<&OwnCredential> {
        self.operators.get(instance)
    }

    /// The subjects whose credentials this installation itself works with, and where each is delivered.
    pub fn own(&self) -> BTreeMap<ResourceName, (ResourceName, String)> {
        self.operators.values().map(|own| (own.subject.clone(), own.place.clone())).collect()
    }

    /// Where the embedded endpoint listens.
    pub fn endpoint(&self) -> Option<SocketAddr> {
        self.embedded.as_ref().map(|embedded| embedded.target.addr())
    }
}

/// Where each `files` place is.
fn directories(settings: &Settings, folder: &Folder) -> Result<BTreeMap<String, PathBuf>, CatalogError> {
    let mut directories = BTreeMap::new();
    for (name, place) in &settings.places {
        if let Place::Directory { path, .. } = place {
            directories.insert(name.clone(), folder.place(path)?);
        }
    }
    Ok(directories)
}

/// The credentials that instances make their changes with.
fn operators(settings: &Settings, directories: &BTreeMap<String, PathBuf>) -> BTreeMap<String, OwnCredential> {
    let own = |(name, wanted): (&String, &settings::ConnectorSettings)| {
        let operator = wanted.operator.as_ref()?;
        let Spot { place, path } = &operator.key;
        let connector = settings.places.get(place)?.connector();
        let sink = format!("{connector}/{place}/{}", path.parent()?.display()).parse().ok()?;
        let subject = format!("{name}/account/{}", operator.account).parse().ok()?;
        let file = path_of(&operator.key, directories).unwrap_or_default();
        let place = (sink, path.file_name()?.to_str()?.to_owned());
        Some((name.clone(), OwnCredential { subject, place, file }))
    };
    settings.connectors.iter().filter_map(own).collect()
}

/// Where a delivery lies.
fn path_of(spot: &Spot, directories: &BTreeMap<String, PathBuf>) -> Option<PathBuf> {
    Some(directories.get(&spot.place)?.join(&spot.path))
}

/// The settings of the embedded endpoint, where they have one, with its names as paths.
fn embedded_places(settings: &Settings, directories: &BTreeMap<String, PathBuf>) -> Option<EmbeddedPlaces> {
    let path = |spot: &Spot| path_of(spot, directories);
    settings.places.values().find_map(|place| match place {
        Place::Endpoint { address, certificate, trust, client_key, role_password, .. } => Some(EmbeddedPlaces {
            address: *address,
            certificate: path(certificate)?,
            trust_anchor: path(trust)?,
            key_file: path(client_key)?,
            password_file: role_password.as_ref().and_then(path),
        }),
        Place::Directory { .. } => None,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_of_the_settings_leaves_the_lateness_to_the_connector() {
        let text = Settings::default_text()
            .replace("type = \"local\"", "type = \"local\"\nduration = \"50ms\"")
            .replace("type = \"files\"", "type = \"files\"\nduration = \"70ms\"");
        let catalog = Catalog::of_manifests(&Settings::parse("settings.toml", &text).unwrap());
        let limits = |name: &str, verb: &str| catalog.manifests()[name].verb(verb).unwrap().limits;
        let own = countersign_connector_local::LIMITS;
        assert_eq!(limits("local", "key_stage"), Limits { duration_ms: 50, ..own });
        let own = countersign_connector_files::LIMITS;
        assert_eq!(limits("files", "deliver"), Limits { duration_ms: 70, ..own });
    }
}
