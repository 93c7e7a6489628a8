//! A set of workflow and policy files: read, checked as a whole, and made current as one.

mod read;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use countersign_kernel::diagnostic::{Diagnostic, Severity};
use countersign_kernel::policy::trial::{Trial, unknown_names};
use countersign_kernel::policy::{self, PolicySet, Vocabulary};
use countersign_kernel::run::bodies::ActivatedFile;
use countersign_kernel::workflow::model::Workflow;
use countersign_kernel::workflow::{self, Known, Member};
use countersign_warrant::{Blob, Digest};

pub use read::{PAGES, ReadSetError, Unread};

/// One file of a set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetFile {
    /// How it is named in messages, and below the activated folder.
    pub path: String,
    /// Its bytes, as they were read once.
    pub bytes: Vec<u8>,
}

/// Workflow files and policy files, and what of them could not be read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileSet {
    /// `*.yaml` and `*.yml`.
    pub workflows: Vec<SetFile>,
    /// `*.cedar`.
    pub policies: Vec<SetFile>,
    /// `*.test.yaml`: tests of the policies. They are checked, and never activated.
    pub tests: Vec<SetFile>,
    /// What could not be read. A set that lacks anything passes no check, and so is never activated.
    pub unread: Vec<Unread>,
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

impl FileSet {
    /// Adds another set's files. One that is here already, by whatever path, is one file.
    pub fn extend(&mut self, other: Self) {
        let mine = [&mut self.workflows, &mut self.policies, &mut self.tests];
        for (mine, others) in mine.into_iter().zip([other.workflows, other.policies, other.tests]) {
            let real =
                |file: &SetFile| Path::new(&file.path).canonicalize().unwrap_or_else(|_| file.path.clone().into());
            let known: BTreeSet<PathBuf> = mine.iter().map(real).collect();
            mine.extend(others.into_iter().filter(|file| !known.contains(&real(file))));
        }
        for unread in other.unread {
            if !self.unread.contains(&unread) {
                self.unread.push(unread);
            }
        }
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

    /// Checks everything, and names everything that is wrong at once; nothing that would only follow from what is not there.
    ///
    /// # Errors
    /// With everything that could not be read, and every error and warning of every file.
    // INVARIANT: inv:I4 what could not be read whole is not taken, however good the rest of it is.
    pub fn check(&self, known: &Known<'_>) -> Result<CheckedSet, Vec<Diagnostic>> {
        let mut found: Vec<Diagnostic> = self.unread.iter().map(Unread::to_diagnostic).collect();
        // WHY: mostly the wrong folder was named, and what stands there was not meant.
        if self.unread.iter().any(|one| one.why == ReadSetError::TooMuch) {
            return Err(found);
        }
        let parsed = self.parsed(known, &mut found);
        let trials = self.trials(known, &mut found);
        let members: Vec<Member<'_>> =
            parsed.iter().map(|(file, workflow)| Member { file: &file.path, bytes: &file.bytes, workflow }).collect();
        found.extend(workflow::check_set(&members));
        let vocabulary = declared(&parsed, known, &mut found);
        let mut texts: Vec<(String, String)> = Vec::new();
        for file in &self.policies {
            match policy::text_of(&file.path, &file.bytes) {
                Ok(text) => texts.push((file.path.clone(), text.to_owned())),
                Err(wrong) => found.push(*wrong),
            }
        }
        // WHY: a schema that no policy is checked against is much work, and a refused set has no use for it.
        if texts.is_empty() && found.iter().any(|one| one.severity == Severity::Error) {
            return Err(found);
        }
        let is_partial = parsed.len() < self.workflows.len() || self.unread.iter().any(Unread::may_be_workflows);
        if is_partial {
            found.extend(PolicySet::examine(&texts, &vocabulary));
            return Err(found);
        }
        let loaded = PolicySet::load(&texts, &vocabulary);
        // WHY: what only some files of a set are checked for is told where its words are all at hand.
        let ids = loaded.as_ref().ok().filter(|_| !texts.is_empty()).map(PolicySet::ids);
        let is_whole = !parsed.is_empty() && parsed.len() == self.workflows.len();
        let inputs = is_whole.then_some(&vocabulary.inputs);
        for file in &self.tests {
            let own: Vec<&Trial> = trials.iter().filter(|trial| trial.place.0 == file.path).collect();
            found.extend(unknown_names(&own, &String::from_utf8_lossy(&file.bytes), ids.as_ref(), inputs));
        }
        match loaded {
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

    /// What policies may speak of: what the connectors have, and what the workflows declare.
    ///
    /// # Errors
    /// With every error of every workflow file.
    pub fn vocabulary<'k>(&self, known: &Known<'k>) -> Result<Vocabulary<'k>, Vec<Diagnostic>> {
        let mut found: Vec<Diagnostic> = self.unread.iter().map(Unread::to_diagnostic).collect();
        let parsed = self.parsed(known, &mut found);
        let vocabulary = declared(&parsed, known, &mut found);
        if found.is_empty() { Ok(vocabulary) } else { Err(found) }
    }

    /// The workflows, and what is wrong with the others.
    fn parsed(&self, known: &Known<'_>, found: &mut Vec<Diagnostic>) -> Vec<(&SetFile, Workflow)> {
        let mut parsed = Vec::new();
        for file in &self.workflows {
            match workflow::parse(&file.path, &file.bytes, known) {
                Ok(workflow) => parsed.push((file, workflow)),
                Err(diagnostics) => found.extend(diagnostics),
            }
        }
        parsed
    }

    /// The tests of the policies.
    fn trials(&self, known: &Known<'_>, found: &mut Vec<Diagnostic>) -> Vec<Trial> {
        let mut trials = Vec::new();
        for file in &self.tests {
            match workflow::parse_trials(&file.path, &file.bytes, known) {
                Ok(read) => trials.extend(read),
                Err(diagnostics) => found.extend(diagnostics),
            }
        }
        trials
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

fn declared<'k>(parsed: &[(&SetFile, Workflow)], known: &Known<'k>, found: &mut Vec<Diagnostic>) -> Vocabulary<'k> {
    let mut vocabulary = Vocabulary::new(known.connectors.clone());
    for (file, workflow) in parsed {
        if let Err(error) = vocabulary.declare(workflow) {
            let text = String::from_utf8_lossy(&file.bytes);
            let help = "give the input one type in all workflows, or another name here";
            found.push(Diagnostic::error(error.code(), &file.path, &text, 0..0).message(error.to_string()).help(help));
        }
    }
    vocabulary
}
