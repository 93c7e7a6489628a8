//! A loaded policy: its names, its reasons, and whom its scope takes in.

use cedar_policy::{
    ActionConstraint, Effect, EntityTypeName, EntityUid, Policy, PrincipalConstraint, ResourceConstraint,
};

/// The `@mode` of a policy that shows what it would do, and does nothing yet.
pub(super) const SHADOW: &str = "shadow";

/// The `@mode` of a policy of the emergency set: it counts in an emergency, and only there.
pub(super) const EMERGENCY: &str = "emergency";

/// One policy, renamed by its `@id`.
#[derive(Debug, Clone)]
pub(super) struct Rule {
    pub(super) id: String,
    /// True of one that is evaluated beside the others and decides nothing.
    pub(super) is_shadow: bool,
    /// True of one that counts in an emergency alone.
    pub(super) is_for_emergencies: bool,
    /// What a person is told when it decides.
    pub(super) reason: String,
    /// The controls that it holds, such as `nist-800-53r5:ac-6`, in the order of the file.
    pub(super) controls: Vec<String>,
    /// Its text, as it stands in the file.
    pub(super) text: String,
    pub(super) policy: Policy,
    principal: PrincipalConstraint,
    resource: ResourceConstraint,
}

impl Rule {
    pub(super) fn new(id: String, reason: String, controls: Vec<String>, text: String, policy: Policy) -> Self {
        let (principal, resource) = (policy.principal_constraint(), policy.resource_constraint());
        let mode = policy.annotation("mode");
        let (is_shadow, is_for_emergencies) = (mode == Some(SHADOW), mode == Some(EMERGENCY));
        Self { id, is_shadow, is_for_emergencies, reason, controls, text, policy, principal, resource }
    }

    pub(super) fn forbids(&self) -> bool {
        self.policy.effect() == Effect::Forbid
    }

    /// False when no request for `action` on a resource of `kind` can be in its scope.
    pub(super) fn concerns(&self, action: &EntityUid, kind: &EntityTypeName) -> bool {
        let acts = match self.policy.action_constraint() {
            ActionConstraint::Any => true,
            ActionConstraint::Eq(only) => only == *action,
            ActionConstraint::In(any) => any.contains(action),
        };
        acts && match &self.resource {
            ResourceConstraint::Any => true,
            ResourceConstraint::Is(of) => of == kind,
            ResourceConstraint::Eq(one) | ResourceConstraint::In(one) => one.type_name() == kind,
            ResourceConstraint::IsIn(of, one) => of == kind && one.type_name() == kind,
        }
    }

    /// The one resource that its scope names.
    // WHY: nothing has a parent in our schema, so that *in* is *is the same as*.
    pub(super) const fn only_resource(&self) -> Option<&EntityUid> {
        match &self.resource {
            ResourceConstraint::Eq(one) | ResourceConstraint::In(one) | ResourceConstraint::IsIn(_, one) => Some(one),
            ResourceConstraint::Any | ResourceConstraint::Is(_) => None,
        }
    }

    /// True when principal and resource are in its scope, for an action and a kind that it concerns.
    // WHY: nothing has a parent in our schema, so that *in* is *is the same as*.
    pub(super) fn takes_in(&self, principal: &EntityUid, resource: &EntityUid) -> bool {
        let asks = match &self.principal {
            PrincipalConstraint::Any => true,
            PrincipalConstraint::Is(of) => of == principal.type_name(),
            PrincipalConstraint::Eq(one) | PrincipalConstraint::In(one) => one == principal,
            PrincipalConstraint::IsIn(of, one) => of == principal.type_name() && one == principal,
        };
        asks && match &self.resource {
            ResourceConstraint::Any => true,
            ResourceConstraint::Is(of) => of == resource.type_name(),
            ResourceConstraint::Eq(one) | ResourceConstraint::In(one) => one == resource,
            ResourceConstraint::IsIn(of, one) => of == resource.type_name() && one == resource,
        }
    }
}
