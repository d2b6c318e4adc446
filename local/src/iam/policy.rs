//! What a role says of one call: IAM's evaluation of identity-based policies.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>

use std::collections::BTreeSet;

use super::{Call, Context};
use crate::template::{ConditionTemplate, ConditionTest, Effect, RoleTemplate, StatementTemplate};

/// What a role says of a call.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Decision {
    /// It allows the call; by which grants.
    Allowed(BTreeSet<Place>),
    /// Nothing in it allows the call.
    NotAllowed,
    /// A statement forbids it.
    Denied,
}

/// Where in a role a grant stands: the statement, and the action and the resource in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) statement: usize,
    pub(super) action: usize,
    pub(super) resource: usize,
}

/// What the role says of the call.
pub(super) fn decide(role: &RoleTemplate, call: &Call) -> Decision {
    let mut grants = BTreeSet::new();
    for (number, statement) in role.statements.iter().enumerate() {
        let places = places(number, statement, call);
        if places.is_empty()
            || !statement
                .conditions
                .iter()
                .all(|it| holds(it, &call.context))
        {
            continue;
        }
        match statement.effect {
            Effect::Deny => return Decision::Denied,
            Effect::Allow => grants.extend(places),
        }
    }
    if grants.is_empty() {
        Decision::NotAllowed
    } else {
        Decision::Allowed(grants)
    }
}

/// The pairs of an action and a resource in a statement that fit the call.
fn places(number: usize, statement: &StatementTemplate, call: &Call) -> Vec<Place> {
    let called = call.action.to_lowercase();
    let mut places = Vec::new();
    for (action, pattern) in statement.actions.iter().enumerate() {
        // Case counts in resources and not in actions.
        if !fits(&pattern.to_lowercase(), &called) {
            continue;
        }
        for (resource, pattern) in statement.resources.iter().enumerate() {
            if arn_fits(pattern, &call.resource) {
                places.push(Place {
                    statement: number,
                    action,
                    resource,
                });
            }
        }
    }
    places
}

fn holds(condition: &ConditionTemplate, context: &Context) -> bool {
    // A key without values counts as one that isn't there, as on AWS.
    let values = context.get(&condition.key).filter(|it| !it.is_empty());
    match (&condition.test, values) {
        (ConditionTest::Equals(known), Some(values)) => {
            values.len() == 1 && values.is_subset(known)
        }
        (ConditionTest::EqualsIfExists(known) | ConditionTest::AllEqual(known), Some(values)) => {
            values.is_subset(known)
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
        | (ConditionTest::Equals(_) | ConditionTest::AnyEqual(_) | ConditionTest::Present, None) => {
            false
        }
    }
}

/// Whether a pattern fits an ARN. A sign of the pattern stays within the ARN's part that it
/// stands in; only the last part may have colons of its own.
fn arn_fits(pattern: &str, arn: &str) -> bool {
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

/// Whether a pattern fits a text: `*` for any characters, `?` for one.
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
