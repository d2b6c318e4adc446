//! Decides one authorization request by a role: IAM's evaluation of identity-based policies.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>

use std::collections::BTreeSet;

use super::request::{AuthorizationRequest, ConditionContext};
use template::{ConditionTemplate, ConditionTest, Effect, RoleTemplate, StatementTemplate};

/// The outcome for a request.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Decision {
    /// Allowed, by these grants.
    Allowed(BTreeSet<GrantRef>),
    /// No statement allows it.
    NotAllowed,
    /// A statement denies it.
    Denied,
}

/// Names one grant of a role by positions: the statement, and the action and the resource in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct GrantRef {
    pub(super) statement: usize,
    pub(super) action: usize,
    pub(super) resource: usize,
}

/// Decides a request by the statements of a role.
pub(super) fn decide(role: &RoleTemplate, request: &AuthorizationRequest) -> Decision {
    let mut grants = BTreeSet::new();
    for (number, statement) in role.statements.iter().enumerate() {
        let found = grants_in(number, statement, request);
        if found.is_empty()
            || !statement
                .conditions
                .iter()
                .all(|it| holds(it, &request.context))
        {
            continue;
        }
        match statement.effect {
            Effect::Deny => return Decision::Denied,
            Effect::Allow => grants.extend(found),
        }
    }
    if grants.is_empty() {
        Decision::NotAllowed
    } else {
        Decision::Allowed(grants)
    }
}

/// Returns the pairs of an action and a resource in a statement that match the request.
fn grants_in(
    number: usize,
    statement: &StatementTemplate,
    request: &AuthorizationRequest,
) -> Vec<GrantRef> {
    let called = request.action.to_lowercase();
    let mut grants = Vec::new();
    for (action, pattern) in statement.actions.iter().enumerate() {
        // Case counts in resources and not in actions.
        if !fits(&pattern.to_lowercase(), &called) {
            continue;
        }
        for (resource, pattern) in statement.resources.iter().enumerate() {
            if arn_fits(pattern, &request.resource) {
                grants.push(GrantRef {
                    statement: number,
                    action,
                    resource,
                });
            }
        }
    }
    grants
}

fn holds(condition: &ConditionTemplate, context: &ConditionContext) -> bool {
    // A key without values counts as one that isn't there, as on AWS.
    let values = context.get(&condition.key).filter(|it| !it.is_empty());
    match (&condition.test, values) {
        (ConditionTest::Equals(known), Some(values)) => {
            values.len() == 1 && values.is_subset(known)
        }
        (ConditionTest::EqualsIfExists(known) | ConditionTest::AllEqual(known), Some(values)) => {
            values.is_subset(known)
        }
        (ConditionTest::Like(patterns), Some(values)) => {
            values.len() == 1
                && values
                    .iter()
                    .all(|value| patterns.iter().any(|pattern| fits(pattern, value)))
        }
        (ConditionTest::AllLike(patterns), Some(values)) => values
            .iter()
            .all(|value| patterns.iter().any(|pattern| fits(pattern, value))),
        (ConditionTest::AnyEqual(known), Some(values)) => !values.is_disjoint(known),
        (ConditionTest::Present, Some(_))
        | (
            ConditionTest::EqualsIfExists(_)
            | ConditionTest::AllEqual(_)
            | ConditionTest::AllLike(_)
            | ConditionTest::Absent,
            None,
        ) => true,
        (ConditionTest::Absent, Some(_))
        | (
            ConditionTest::Equals(_)
            | ConditionTest::Like(_)
            | ConditionTest::AnyEqual(_)
            | ConditionTest::Present,
            None,
        ) => false,
    }
}

/// Returns whether a pattern fits an ARN. A sign of the pattern stays within the ARN's part that it
/// stands in; only the last part may have colons of its own.
pub(crate) fn arn_fits(pattern: &str, arn: &str) -> bool {
    pattern == "*"
        || pattern
            .splitn(6, ':')
            .map(Some)
            .chain([None])
            .zip(arn.splitn(6, ':').map(Some).chain([None]))
            .all(|pair| match pair {
                (Some(pattern), Some(part)) => fits(pattern, part),
                (None, None) => true,
                (Some(_), None) | (None, Some(_)) => false,
            })
}

/// Returns whether a pattern fits a text: `*` for any characters, `?` for one.
fn fits(pattern: &str, text: &str) -> bool {
    let Some(sign) = pattern.chars().next() else {
        return text.is_empty();
    };
    let rest = pattern.get(sign.len_utf8()..).unwrap_or_default();
    if sign == '*' {
        let ends = text.char_indices().map(|(start, _)| start);
        return ends
            .chain([text.len()])
            .any(|start| fits(rest, text.get(start..).unwrap_or_default()));
    }
    let Some(first) = text.chars().next() else {
        return false;
    };
    (sign == '?' || sign == first) && fits(rest, text.get(first.len_utf8()..).unwrap_or_default())
}
