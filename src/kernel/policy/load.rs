//! Policy files to a [`PolicySet`], or every error of every file.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use cedar_policy::{Authorizer, EntityTypeName, EntityUid, Schema, Validator};
use countersign_warrant::{Blob, Digest};

use super::rule::Rule;
use super::{Vocabulary, schema};
use crate::diagnostic::Diagnostic;

mod file;
mod words;

pub(super) use file::cedar_errors;
pub(super) use words::Words;

/// Policies of the sets that are kept apart by resource, over all of a slice's sets, at most.
const KEPT_MAX: usize = 200_000;

/// What the policies of a decision may fill of its entry, which has 48 KiB.
const DECISION_BYTES_MAX: usize = 32 << 10;

/// The name under which errors of the generated schema are reported.
const SCHEMA: &str = "policy schema";

/// Validated policies and their schema. Immutable; the same texts give the same digests.
pub struct PolicySet {
    pub(super) schema: Schema,
    pub(super) authorizer: Authorizer,
    /// By name: Cedar parses a name anew each time otherwise.
    pub(super) types: HashMap<String, EntityTypeName>,
    /// Names of the subjects' own attributes that policies see, by type; empty in a set that was read back for a replay.
    pub(super) attributes: HashMap<String, BTreeSet<&'static str>>,
    /// By action, then by the resource's type.
    slices: HashMap<String, HashMap<String, Slice>>,
    pub(super) policies_text: Blob,
    pub(super) schema_text: Blob,
}

/// The policies that one action on one type of resource can be in the scope of.
pub(super) struct Slice {
    /// Those whose scope names no resource, or every one of them where there are too many to be kept apart.
    general: cedar_policy::PolicySet,
    /// The same with those whose scope names that resource.
    of_resource: HashMap<EntityUid, cedar_policy::PolicySet>,
    /// Those in force, by `@id`.
    pub(super) rules: BTreeMap<String, Arc<Rule>>,
    /// Those of them that hold a control.
    pub(super) controlled: Vec<Arc<Rule>>,
    /// The same slice with the policies in shadow, where there are any.
    pub(super) shadow: Option<Box<Slice>>,
    /// What counts in an emergency: every forbid, and the permits that are for emergencies.
    pub(super) emergency: Option<Box<Slice>>,
}

impl std::fmt::Debug for PolicySet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PolicySet").field("digest", &self.digest()).finish_non_exhaustive()
    }
}

impl PolicySet {
    /// Loads the `(path, text)` pairs of an activation against the schema of `vocabulary`.
    ///
    /// # Errors
    /// Every error of every file, by path and place. Cedar's warnings are errors here.
    pub fn load(files: &[(String, String)], vocabulary: &Vocabulary<'_>) -> Result<Self, Vec<Diagnostic>> {
        let text = schema::text(vocabulary).map_err(|message| vec![schema_error("", message)])?;
        let kinds = vocabulary.manifests.values().flat_map(|it| it.kinds.iter().map(|kind| (it.connector, kind)));
        let attributes = kinds.map(|(connector, kind)| {
            let names = schema::seen(kind).map(|(attribute, _)| attribute.name).collect();
            (schema::entity_type(connector, kind.name), names)
        });
        let words = Words::of_manifests(&vocabulary.manifests);
        let set = Self { attributes: attributes.collect(), ..Self::compile(files, &text, &words)? };
        match set.too_large() {
            Some(message) => Err(vec![
                Diagnostic::error("policy.too_many", files.first().map_or("", |(path, _)| path), "", 0..0)
                    .message(message)
                    .help("a decision names each policy that made it: shorten their reasons, or say it with fewer policies"),
            ]),
            None => Ok(set),
        }
    }

    /// What is wrong with the policies of a set of which not every workflow could be read. Of a policy that asks for what
    /// workflows declare, only what its own text shows.
    pub fn examine(files: &[(String, String)], vocabulary: &Vocabulary<'_>) -> Vec<Diagnostic> {
        let text = schema::text(vocabulary).map_err(|message| vec![schema_error("", message)]);
        let words = Words::of_manifests(&vocabulary.manifests);
        let read = text.and_then(|text| {
            let read = read_all(files, &schema_of(&text)?, &words, true);
            read.finish()
        });
        read.err().unwrap_or_default()
    }

    /// The same against a schema's text.
    pub(super) fn compile(
        files: &[(String, String)],
        schema_text: &str,
        words: &Words,
    ) -> Result<Self, Vec<Diagnostic>> {
        Self::compile_on(files, schema_of(schema_text)?, schema_text, words)
    }

    /// The same with a schema that has been read.
    pub(super) fn compile_on(
        files: &[(String, String)],
        schema: Schema,
        schema_text: &str,
        words: &Words,
    ) -> Result<Self, Vec<Diagnostic>> {
        let rules = read_all(files, &schema, words, false).finish()?;
        let texts: Vec<&str> = rules.values().map(|rule| rule.text.as_str()).collect();
        let policies_text = texts.join("\n\n");
        let slices = slices(&schema, &rules).map_err(|message| vec![schema_error(schema_text, message)])?;
        let types = schema.entity_types().chain(schema.actions().map(EntityUid::type_name));
        Ok(Self {
            types: types.map(|kind| (kind.to_string(), kind.clone())).collect(),
            authorizer: Authorizer::new(),
            attributes: HashMap::new(),
            slices,
            policies_text: Blob::new(policies_text.into_bytes()),
            schema_text: Blob::new(schema_text.as_bytes()),
            schema,
        })
    }

    /// The digest of the policies' text, sorted by `@id`.
    pub fn digest(&self) -> Digest {
        self.policies_text.digest()
    }

    /// The policies' text and the schema's: what every decision of this set refers to.
    pub fn blobs(&self) -> [Blob; 2] {
        [self.policies_text.clone(), self.schema_text.clone()]
    }

    /// Every policy's `@id`, sorted.
    pub fn ids(&self) -> BTreeSet<String> {
        let slices = self.slices.values().flat_map(HashMap::values);
        let of_slice = |slice: &Slice| {
            let urgent = slice.emergency.iter().flat_map(|urgent| urgent.rules.keys().cloned());
            slice.with_shadow().rules.keys().cloned().chain(urgent).collect::<Vec<_>>()
        };
        slices.flat_map(of_slice).collect()
    }

    /// The policy, where there is one.
    pub(super) fn only_policy(&self) -> Option<&cedar_policy::Policy> {
        let slice = self.slices.values().flat_map(HashMap::values).next()?;
        slice.rules.values().next().map(|rule| &rule.policy)
    }

    /// Which decision could not be written down, where there is one.
    // INVARIANT: inv:I1 what cannot be recorded is not in force: neither a change without its record nor a denial.
    fn too_large(&self) -> Option<String> {
        let is_too_large = |slice: &Slice| {
            slice.decision_bytes() + slice.shadow.as_ref().map_or(0, |shadow| shadow.decision_bytes())
                > DECISION_BYTES_MAX
                || slice.emergency.as_ref().is_some_and(|urgent| urgent.decision_bytes() > DECISION_BYTES_MAX)
        };
        let all =
            self.slices.iter().flat_map(|(action, slices)| slices.iter().map(move |(kind, it)| (action, kind, it)));
        let large = all.filter(|(.., slice)| is_too_large(slice)).map(|(action, kind, _)| (action, kind));
        let (action, kind) = large.min()?;
        Some(format!("the policies on `{action}` of `{kind}` would not fit into one decision"))
    }

    pub(super) fn slice(&self, action: &str, kind: &str) -> Option<&Slice> {
        self.slices.get(action)?.get(kind)
    }
}

fn schema_of(text: &str) -> Result<Schema, Vec<Diagnostic>> {
    let read = Schema::from_cedarschema_str(text);
    let (schema, warnings) = read.map_err(|error| vec![schema_error(text, error.to_string())])?;
    let warnings: Vec<Diagnostic> = warnings.map(|it| schema_error(text, it.to_string())).collect();
    if warnings.is_empty() { Ok(schema) } else { Err(warnings) }
}

/// Every file, in the order of their paths; `is_partial` where the schema lacks what some workflow declares.
fn read_all(files: &[(String, String)], schema: &Schema, words: &Words, is_partial: bool) -> file::Read {
    let mut sorted: Vec<&(String, String)> = files.iter().collect();
    sorted.sort();
    let validator = Validator::new(schema.clone());
    let mut read = file::Read::new(is_partial);
    for (path, text) in sorted {
        read.read(path, text, &validator, words);
    }
    read
}

type Slices = HashMap<String, HashMap<String, Slice>>;

fn slices(schema: &Schema, rules: &BTreeMap<String, Arc<Rule>>) -> Result<Slices, String> {
    let mut slices = Slices::new();
    for action in schema.actions() {
        let of_action = slices.entry(action.id().unescaped().to_owned()).or_default();
        for kind in schema.resources_for_action(action).into_iter().flatten() {
            let concerned: Vec<&Arc<Rule>> = rules.values().filter(|rule| rule.concerns(action, kind)).collect();
            let in_force = || concerned.iter().copied().filter(|rule| !rule.is_shadow);
            let mut slice = Slice::of(in_force().filter(|rule| !rule.is_for_emergencies).cloned())?;
            // INVARIANT: inv:I4 in an emergency every forbid holds, and what permits has to say that it is for emergencies.
            let urgent = in_force().filter(|rule| rule.is_for_emergencies || rule.forbids());
            slice.emergency = Some(Box::new(Slice::of(urgent.cloned())?));
            if concerned.iter().any(|rule| rule.is_shadow) {
                let all = concerned.iter().copied().filter(|rule| !rule.is_for_emergencies);
                slice.shadow = Some(Box::new(Slice::of(all.cloned())?));
            }
            of_action.insert(kind.to_string(), slice);
        }
    }
    Ok(slices)
}

impl Slice {
    pub(super) fn of(rules: impl Iterator<Item = Arc<Rule>>) -> Result<Self, String> {
        let rules: BTreeMap<String, Arc<Rule>> = rules.map(|rule| (rule.id.clone(), rule)).collect();
        let named: BTreeSet<&EntityUid> = rules.values().filter_map(|rule| rule.only_resource()).collect();
        let general: Vec<&Arc<Rule>> = rules.values().filter(|rule| rule.only_resource().is_none()).collect();
        if named.len().saturating_mul(general.len() + 1) > KEPT_MAX {
            return Self::whole(rules);
        }
        let mut about: HashMap<&EntityUid, Vec<&Arc<Rule>>> = HashMap::new();
        for rule in rules.values() {
            if let Some(resource) = rule.only_resource() {
                about.entry(resource).or_default().push(rule);
            }
        }
        let with_general = |(resource, own): (&EntityUid, Vec<&Arc<Rule>>)| {
            Ok((resource.clone(), set_of(general.iter().copied().chain(own))?))
        };
        let of_resource = about.into_iter().map(with_general).collect::<Result<_, String>>()?;
        let general = set_of(general.iter().copied())?;
        Ok(Self { general, of_resource, controlled: controlled(&rules), rules, shadow: None, emergency: None })
    }

    /// How many bytes of a decision its policies can fill, at most: ids and reasons of those that can decide together, and
    /// a row for each control.
    fn decision_bytes(&self) -> usize {
        let words = |rule: &Arc<Rule>| rule.id.len() + rule.reason.len() * 2 + 8;
        let (mut general, mut of_resource) = (0, HashMap::<&EntityUid, usize>::new());
        for rule in self.rules.values() {
            match rule.only_resource() {
                Some(resource) => *of_resource.entry(resource).or_default() += words(rule),
                None => general += words(rule),
            }
        }
        let row = |rule: &Arc<Rule>| -> usize { rule.controls.iter().map(|it| it.len() + rule.id.len() + 60).sum() };
        general + of_resource.into_values().max().unwrap_or_default() + self.controlled.iter().map(row).sum::<usize>()
    }

    /// Every policy in one set, as without slices.
    pub(super) fn whole(rules: BTreeMap<String, Arc<Rule>>) -> Result<Self, String> {
        let (general, of_resource) = (set_of(rules.values())?, HashMap::new());
        Ok(Self { general, of_resource, controlled: controlled(&rules), rules, shadow: None, emergency: None })
    }

    /// The slice with the policies in shadow among the others.
    pub(super) fn with_shadow(&self) -> &Self {
        self.shadow.as_deref().unwrap_or(self)
    }

    /// The policies that can be about this resource; all others of the slice are about another one by name.
    pub(super) fn policies(&self, resource: &EntityUid) -> &cedar_policy::PolicySet {
        self.of_resource.get(resource).unwrap_or(&self.general)
    }
}

fn controlled(rules: &BTreeMap<String, Arc<Rule>>) -> Vec<Arc<Rule>> {
    rules.values().filter(|rule| !rule.controls.is_empty()).cloned().collect()
}

fn set_of<'a>(rules: impl Iterator<Item = &'a Arc<Rule>>) -> Result<cedar_policy::PolicySet, String> {
    cedar_policy::PolicySet::from_policies(rules.map(|rule| rule.policy.clone())).map_err(|error| error.to_string())
}

pub(super) fn schema_error(text: &str, message: String) -> Diagnostic {
    Diagnostic::error("policy.schema", SCHEMA, text, 0..0)
        .message(message)
        .help("the schema is generated: a connector's manifest, or an input of a workflow, has to be renamed")
}
