//! Why a request does not fit the schema, in words that hold none of its values.

use cedar_policy::entities_errors::EntitiesError;
use cedar_policy::{Context, EntityUid, Request};

use super::PolicySet;
use super::asked::{Asked, Node};
use super::judge::expression;

/// The records of the context whose members workflows declare.
const DECLARED: [&str; 2] = ["added", "inputs"];

/// What is wrong with the resource's attributes.
pub(super) fn of_attributes(error: &EntitiesError) -> String {
    let mut words = error.to_string();
    let mut inner = std::error::Error::source(error);
    while let Some(error) = inner {
        words = format!("{words}: {error}");
        inner = error.source();
    }
    words
}

/// Which members of the context are not declared, or not of their declared type.
///
/// Each is tried by itself: Cedar tells only that something does not fit, together with every value.
pub(super) fn of_context(set: &PolicySet, asked: &Asked, request: [&EntityUid; 3]) -> String {
    let mut bare = asked.context.clone();
    for record in DECLARED.into_iter().chain(["length_of"]) {
        bare.insert(record.to_owned(), Node::Record([].into()));
    }
    let fits = |context: &std::collections::BTreeMap<String, Node>| {
        let pairs: Option<Vec<_>> =
            context.iter().map(|(name, node)| Some((name.clone(), expression(set, node).ok()?))).collect();
        let [principal, action, resource] = request.map(Clone::clone);
        let context = pairs.and_then(|pairs| Context::from_pairs(pairs).ok());
        context.is_some_and(|context| Request::new(principal, action, resource, context, Some(&set.schema)).is_ok())
    };
    if !fits(&bare) {
        return format!("the context is not one of the action `{}`", asked.action.id);
    }
    let mut unfit = Vec::new();
    for record in DECLARED {
        let Some(Node::Record(members)) = asked.context.get(record) else { continue };
        for (name, node) in members {
            let mut context = bare.clone();
            context.insert(record.to_owned(), Node::Record([(name.clone(), node.clone())].into()));
            if !fits(&context) {
                unfit.push(format!("`context.{record}.{name}`"));
            }
        }
    }
    format!("not declared, or of another type: {}", unfit.join(", "))
}
