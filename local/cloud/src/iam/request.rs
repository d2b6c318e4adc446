//! What a role's policies are asked.

use std::collections::{BTreeMap, BTreeSet};

use template::ContextKey;

/// The values of condition keys. One that isn't in here has none.
pub(crate) type ConditionContext = BTreeMap<ContextKey, BTreeSet<String>>;

/// One action on one resource, as a role's policies are asked about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AuthorizationRequest {
    /// Such as `dynamodb:Query`.
    pub(crate) action: String,
    /// The ARN.
    pub(crate) resource: String,
    /// What conditions may look at.
    pub(crate) context: ConditionContext,
}

impl AuthorizationRequest {
    /// Makes a request without values of condition keys.
    pub(crate) fn new(action: impl Into<String>, resource: impl Into<String>) -> Self {
        Self {
            action: action.into(),
            resource: resource.into(),
            context: ConditionContext::new(),
        }
    }
}
