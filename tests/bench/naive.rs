//! The peer of a decision: Cedar's own JSON interface over all policies in one set, with nothing written down.

use anyhow::{Context as _, Result};
use cedar_policy::{Authorizer, Context, Entities, EntityUid, PolicySet, Request, Schema};
use countersign_kernel::policy::{PolicySet as Loaded, Question, judge};
use serde_json::Value;

/// Policies and schema as Cedar reads them, and requests as JSON.
pub(crate) struct Naive {
    policies: PolicySet,
    schema: Schema,
    authorizer: Authorizer,
}

impl Naive {
    pub(crate) fn of(loaded: &Loaded) -> Result<Self> {
        let [policies, schema] = loaded.blobs();
        let policies = std::str::from_utf8(policies.bytes())?.parse().context("the policies")?;
        let schema = std::str::from_utf8(schema.bytes())?.parse().context("the schema")?;
        Ok(Self { policies, schema, authorizer: Authorizer::new() })
    }

    /// The request and the entities of a question, as JSON.
    pub(crate) fn asked(loaded: &Loaded, question: &Question) -> Result<(Value, Value)> {
        let blobs = judge(loaded, question).blobs;
        let json =
            |at: usize| -> Result<Value> { Ok(serde_json::from_slice(blobs.get(at).context("a blob")?.bytes())?) };
        Ok((json(3)?, json(2)?))
    }

    /// Whether it is allowed.
    pub(crate) fn decide(&self, request: &Value, entities: &Value) -> Result<bool> {
        let uid = |name: &str| -> Result<EntityUid> {
            Ok(EntityUid::from_json(request.get(name).cloned().unwrap_or_default())?)
        };
        let action = uid("action")?;
        let entities = Entities::from_json_value(entities.clone(), Some(&self.schema))?;
        let context = request.get("context").cloned().unwrap_or_default();
        let context = Context::from_json_value(context, Some((&self.schema, &action)))?;
        let request = Request::new(uid("principal")?, action, uid("resource")?, context, Some(&self.schema))?;
        let response = self.authorizer.is_authorized(&request, &self.policies, &entities);
        Ok(response.decision() == cedar_policy::Decision::Allow)
    }
}
