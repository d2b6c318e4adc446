//! Conditional updates and deletions, put together attribute by attribute.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_sdk_dynamodb::types::{
    AttributeValue, ConditionCheck, Delete, TransactWriteItem, Update as UpdateAction,
};

use super::item::{Attributes, ItemBuilder, list};
use super::transaction::WriteAction;
use crate::values::clock;

/// How a stored attribute must compare with a value.
#[derive(Clone, Copy)]
pub(crate) enum Comparison {
    Equal,
    AtLeast,
    AtMost,
    Above,
}

/// A change of one item that is being put together, for a transaction.
pub(crate) struct Update {
    table: Arc<str>,
    key: Attributes,
    set: Vec<String>,
    removed: Vec<String>,
    conditions: Vec<String>,
    names: HashMap<String, String>,
    values: Attributes,
    until: Option<Instant>,
}

impl Update {
    pub(super) fn new(table: Arc<str>, key: Attributes) -> Self {
        Self {
            table,
            key,
            set: Vec::new(),
            removed: Vec::new(),
            conditions: Vec::new(),
            names: HashMap::new(),
            values: Attributes::new(),
            until: None,
        }
    }

    /// Demands that it is written within this time from now on: a transaction
    /// that takes longer is given up, and what became of it is not known.
    pub(crate) fn within(mut self, time: Duration) -> Self {
        self.until = Some(clock::monotonic() + time);
        self
    }

    /// Sets an attribute.
    pub(crate) fn set(mut self, name: &str, value: AttributeValue) -> Self {
        self.set.push(format!("#{name} = :{name}"));
        self.values.insert(format!(":{name}"), value);
        self.named(name)
    }

    /// Adds a number, possibly negative, to a number that must be there.
    pub(crate) fn add(mut self, name: &str, amount: i64) -> Self {
        let (sign, amount) = if amount < 0 {
            ('-', amount.unsigned_abs())
        } else {
            ('+', amount.unsigned_abs())
        };
        self.set
            .push(format!("#{name} = #{name} {sign} :add_{name}"));
        let amount = AttributeValue::N(amount.to_string());
        self.values.insert(format!(":add_{name}"), amount);
        self.named(name)
    }

    /// Appends to a list, which is made if it is absent.
    pub(crate) fn append(mut self, name: &str, values: impl Iterator<Item = ItemBuilder>) -> Self {
        let old = format!("if_not_exists(#{name}, :none_{name})");
        self.set
            .push(format!("#{name} = list_append({old}, :more_{name})"));
        let none = list(std::iter::empty());
        self.values.insert(format!(":none_{name}"), none);
        self.values.insert(format!(":more_{name}"), list(values));
        self.named(name)
    }

    /// Removes an attribute.
    pub(crate) fn remove(mut self, name: &str) -> Self {
        self.removed.push(format!("#{name}"));
        self.named(name)
    }

    /// Demands that the item has an attribute.
    pub(crate) fn only_if_exists(mut self, name: &str) -> Self {
        self.conditions.push(format!("attribute_exists(#{name})"));
        self.named(name)
    }

    /// Demands that the item lacks an attribute.
    pub(crate) fn only_if_absent(mut self, name: &str) -> Self {
        let condition = format!("attribute_not_exists(#{name})");
        self.conditions.push(condition);
        self.named(name)
    }

    /// Demands that an attribute compares with a value.
    pub(crate) fn only_if(
        mut self,
        name: &str,
        comparison: Comparison,
        value: AttributeValue,
    ) -> Self {
        let operator = match comparison {
            Comparison::Equal => "=",
            Comparison::AtLeast => ">=",
            Comparison::AtMost => "<=",
            Comparison::Above => ">",
        };
        let condition = format!("#{name} {operator} :if_{name}");
        self.conditions.push(condition);
        self.values.insert(format!(":if_{name}"), value);
        self.named(name)
    }

    /// Demands that the item lacks an attribute, or that it is a number below
    /// this one.
    pub(crate) fn only_if_absent_or_below(mut self, name: &str, value: u64) -> Self {
        self.conditions.push(format!(
            "(attribute_not_exists(#{name}) OR #{name} < :below_{name})"
        ));
        let value = AttributeValue::N(value.to_string());
        self.values.insert(format!(":below_{name}"), value);
        self.named(name)
    }

    fn named(mut self, name: &str) -> Self {
        self.names.insert(format!("#{name}"), name.to_owned());
        self
    }

    /// Returns the values of the expressions; DynamoDB takes no empty list.
    fn values(&self) -> Option<Attributes> {
        (!self.values.is_empty()).then(|| self.values.clone())
    }

    /// Returns the action that updates the item.
    pub(crate) fn into_update(self) -> WriteAction {
        let values = self.values();
        let mut expression = format!("SET {}", self.set.join(", "));
        if !self.removed.is_empty() {
            expression.push_str(&format!(" REMOVE {}", self.removed.join(", ")));
        }
        let update = UpdateAction::builder()
            .table_name(&*self.table)
            .set_key(Some(self.key))
            .update_expression(expression)
            .condition_expression(self.conditions.join(" AND "))
            .set_expression_attribute_names(Some(self.names))
            .set_expression_attribute_values(values)
            .build();
        WriteAction::of(update.map(|it| TransactWriteItem::builder().update(it).build()))
            .until(self.until)
    }

    /// Returns the action that deletes the item; only its conditions count.
    pub(crate) fn into_delete(self) -> WriteAction {
        let values = self.values();
        let delete = Delete::builder()
            .table_name(&*self.table)
            .set_key(Some(self.key))
            .condition_expression(self.conditions.join(" AND "))
            .set_expression_attribute_names(Some(self.names))
            .set_expression_attribute_values(values)
            .build();
        WriteAction::of(delete.map(|it| TransactWriteItem::builder().delete(it).build()))
            .until(self.until)
    }

    /// Returns the action that checks the item and writes nothing; only its conditions count.
    pub(crate) fn into_check(self) -> WriteAction {
        let values = self.values();
        let check = ConditionCheck::builder()
            .table_name(&*self.table)
            .set_key(Some(self.key))
            .condition_expression(self.conditions.join(" AND "))
            .set_expression_attribute_names(Some(self.names))
            .set_expression_attribute_values(values)
            .build();
        WriteAction::of(check.map(|it| TransactWriteItem::builder().condition_check(it).build()))
            .until(self.until)
    }
}
