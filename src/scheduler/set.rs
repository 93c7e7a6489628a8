//! A set of workflow and policy files: read, checked as a whole, and made current as one.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use countersign_contract::file;
use countersign_kernel::diagnostic::{Diagnostic, Severity};
use countersign_kernel::policy::trial::Trial;
use countersign_kernel::policy::{PolicySet, Vocabulary};
use countersign_kernel::run::bodies::ActivatedFile;
use countersign_kernel::workflow::model::Workflow;
use countersign_kernel::workflow::{self, Known, Member};
use countersign_warrant::{Blob, Digest};

/// One file of a set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetFile {
    /// How it is named in messages, and below the activated folder.
    pub path: String,
    /// Its bytes, as they were read once.
    pub bytes: Vec<u8>,
}

/// Workflow files and policy files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileSet {
    /// `*.yaml` and `*.yml`.
    pub workflows: Vec<SetFile>,
    /// `*.cedar`.
    pub policies: Vec<SetFile>,
    /// `*.test.yaml`: tests of the policies. They are checked, and never activated.
    pub tests: Vec<SetFile>,
}

/// A set that passed every check.
#[derive(Debug)]
pub struct CheckedSet {
    /// Workflows, by name.
    pub workflows: BTreeMap<String, Workflow>,
    /// The policies.
    pub policies: Arc<PolicySet>,
    /// What their authors expect of them.
    pub trials: Vec<Trial>,
    /// What is worth another look.
    pub warnings: Vec<Diagnostic>,
}

/// A folder or file that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadSetError {
    /// The operating system refused.
    #[error("`{}` cannot be read", path.display())]
    Read {
        /// The path.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A link that leads out of the folder.
    #[error("`{}` is a link that leads out of the folder", path.display())]
    LeadsOut {
        /// The link.
        path: PathBuf,
    },
    /// Nothing to read.
    #[error("`{}` holds no workflow (`*.yaml`) and no policy (`*.cedar`)", path.display())]
    Empty {
        /// The folder.
        path: PathBuf,
    },
    /// Neither a workflow nor a policy by its name.
    #[error("`{}` is neither a workflow (`*.yaml`) nor a policy (`*.cedar`)", path.display())]
    OtherKind {
        /// The file.
        path: PathBuf,
    },
}

impl ReadSetError {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Read { .. } => "set.unreadable",
            Self::LeadsOut { .. } => "set.link_leads_out",
            Self::Empty { .. } => "set.empty",
            Self::OtherKind { .. } => "set.other_kind",
        }
    }
}

/// The largest file that is read at all, in bytes; one more, so that the parser can say that it is too large.
const BYTES_MAX: u64 = (1 << 20) + 1;

impl FileSet {
    /// Reads a folder with everything below it, or one file. Files are named as `named`, or as they were given.
    ///
    /// # Errors
    /// When something cannot be read, or leads out of the folder.
    pub fn read(path: &Path) -> Result<Self, ReadSetError> {
        let mut set = Self::default();
        let status = std::fs::metadata(path).map_err(|source| ReadSetError::Read { path: path.into(), source })?;
        if status.is_dir() {
            let root = path.canonicalize().map_err(|source| ReadSetError::Read { path: path.into(), source })?;
            set.read_folder(&root, &root, &path.display().to_string())?;
            if set.workflows.is_empty() && set.policies.is_empty() {
                return Err(ReadSetError::Empty { path: path.into() });
            }
        } else if !set.read_file(path, path.display().to_string())? {
            return Err(ReadSetError::OtherKind { path: path.into() });
        }
        Ok(set)
    }

    fn read_folder(&mut self, root: &Path, folder: &Path, named: &str) -> Result<(), ReadSetError> {
        let unreadable = |source| ReadSetError::Read { path: folder.into(), source };
        let mut paths: Vec<PathBuf> = Vec::new();
        for entry in std::fs::read_dir(folder).map_err(unreadable)? {
            paths.push(entry.map_err(unreadable)?.path());
        }
        paths.sort();
        for path in paths {
            let Some(name) = path.file_name().and_then(|name| name.to_str()).map(str::to_owned) else { continue };
            if name.starts_with('.') {
                continue;
            }
            let unreadable = |source| ReadSetError::Read { path: path.clone(), source };
            let real = path.canonicalize().map_err(unreadable)?;
            if !real.starts_with(root) {
                return Err(ReadSetError::LeadsOut { path });
            }
            let named = format!("{named}/{name}");
            if real.is_dir() {
                self.read_folder(root, &real, &named)?;
            } else {
                self.read_file(&real, named)?;
            }
        }
        Ok(())
    }

    /// False when the file's name says that it is neither.
    fn read_file(&mut self, path: &Path, named: String) -> Result<bool, ReadSetError> {
        let files = match path.extension().and_then(|extension| extension.to_str()) {
            Some("yaml") if named.ends_with(".test.yaml") => &mut self.tests,
            Some("yaml" | "yml") => &mut self.workflows,
            Some("cedar") => &mut self.policies,
            _ => return Ok(false),
        };
        let unreadable = |source| ReadSetError::Read { path: path.into(), source };
        let mut bytes = Vec::new();
        file::open(path).map_err(unreadable)?.take(BYTES_MAX).read_to_end(&mut bytes).map_err(unreadable)?;
        files.push(SetFile { path: named, bytes });
        Ok(true)
    }

    /// Adds another set's files.
    pub fn extend(&mut self, other: Self) {
        self.workflows.extend(other.workflows);
        self.policies.extend(other.policies);
        self.tests.extend(other.tests);
    }

    /// The same files, named below `folder` instead of from where the command was called.
    #[must_use]
    pub fn below(mut self, folder: &Path) -> Self {
        let prefix = format!("{}/", folder.display());
        for file in self.workflows.iter_mut().chain(&mut self.policies).chain(&mut self.tests) {
            if let Some(rest) = file.path.strip_prefix(&prefix) {
                file.path = rest.to_owned();
            }
        }
        self
    }

    /// The text of a file, for drawing what is wrong in it.
    pub fn text(&self, path: &str) -> Option<String> {
        let mut files = self.workflows.iter().chain(&self.policies).chain(&self.tests);
        let file = files.find(|file| file.path == path)?;
        Some(String::from_utf8_lossy(&file.bytes).into_owned())
    }

    /// Checks everything, and names everything that is wrong at once.
    ///
    /// # Errors
    /// With every error and warning of every file.
    pub fn check(&self, known: &Known<'_>) -> Result<CheckedSet, Vec<Diagnostic>> {
        let mut found = Vec::new();
        let mut parsed = Vec::new();
        for file in &self.workflows {
            match workflow::parse(&file.path, &file.bytes, known) {
                Ok(workflow) => parsed.push((file, workflow)),
                Err(diagnostics) => found.extend(diagnostics),
            }
        }
        let mut trials = Vec::new();
        for file in &self.tests {
            match workflow::parse_trials(&file.path, &file.bytes, known) {
                Ok(read) => trials.extend(read),
                Err(diagnostics) => found.extend(diagnostics),
            }
        }
        let members: Vec<Member<'_>> =
            parsed.iter().map(|(file, workflow)| Member { file: &file.path, bytes: &file.bytes, workflow }).collect();
        found.extend(workflow::check_set(&members));
        let mut vocabulary = Vocabulary::new(known.connectors.clone());
        for (file, workflow) in &parsed {
            if let Err(error) = vocabulary.declare(workflow) {
                let text = String::from_utf8_lossy(&file.bytes);
                let help = "give the input one type in all workflows, or another name here";
                found.push(
                    Diagnostic::error(error.code(), &file.path, &text, 0..0).message(error.to_string()).help(help),
                );
            }
        }
        let texts: Vec<(String, String)> = self
            .policies
            .iter()
            .map(|file| (file.path.clone(), String::from_utf8_lossy(&file.bytes).into_owned()))
            .collect();
        match PolicySet::load(&texts, &vocabulary) {
            Ok(policies) if !found.iter().any(|one| one.severity == Severity::Error) => {
                let workflows = parsed.into_iter().map(|(_, one)| (one.metadata.name.clone(), one)).collect();
                Ok(CheckedSet { workflows, policies: Arc::new(policies), trials, warnings: found })
            }
            Ok(_) => Err(found),
            Err(diagnostics) => {
                found.extend(diagnostics);
                Err(found)
            }
        }
    }

    /// The files as an activation names them, with their bytes.
    pub fn to_activated(&self) -> (Vec<ActivatedFile>, Vec<ActivatedFile>, Vec<Blob>) {
        let mut blobs = Vec::new();
        let mut name = |files: &[SetFile]| {
            let mut named: Vec<ActivatedFile> = files
                .iter()
                .map(|file| {
                    blobs.push(Blob::new(file.bytes.clone()));
                    ActivatedFile { path: file.path.clone(), digest: Digest::of(&file.bytes) }
                })
                .collect();
            named.sort_by(|one, other| one.path.cmp(&other.path));
            named
        };
        let workflows = name(&self.workflows);
        let policies = name(&self.policies);
        (workflows, policies, blobs)
    }
}
