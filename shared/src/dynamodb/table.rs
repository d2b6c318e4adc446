//! One table: its name, its client, and the calls that are made of it.

use std::sync::Arc;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::delete_item::builders::DeleteItemFluentBuilder;
use aws_sdk_dynamodb::operation::put_item::builders::PutItemFluentBuilder;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::builders::PutBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, ConditionCheck, Put, TransactWriteItem};

use super::item::{Attributes, ItemBuilder, number};
use super::transaction::WriteAction;
use super::update::Update;
use crate::aws::{AwsError, Env, StartError};

/// A table that the environment names.
#[derive(Clone)]
pub(crate) struct Table {
    client: Client,
    name: Arc<str>,
}

impl Table {
    /// Takes the table's name from a variable.
    pub(crate) fn from_env(env: &Env, variable: &str) -> Result<Self, StartError> {
        Ok(Self {
            client: env.dynamodb(),
            name: env.variable(variable)?.into(),
        })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// Reads an item as it now is (a strongly consistent read).
    pub(crate) async fn get(&self, key: Attributes) -> Result<Option<Attributes>, AwsError> {
        self.read(key, true, None).await
    }

    /// Reads some attributes of an item as it now is: for whoever may not, or
    /// need not, see the others.
    pub(crate) async fn get_part(
        &self,
        key: Attributes,
        attributes: &[&str],
    ) -> Result<Option<Attributes>, AwsError> {
        self.read(key, true, Some(attributes.join(", "))).await
    }

    /// Reads an item as it is or was a moment ago, for half the price.
    pub(crate) async fn get_eventually(
        &self,
        key: Attributes,
    ) -> Result<Option<Attributes>, AwsError> {
        self.read(key, false, None).await
    }

    async fn read(
        &self,
        key: Attributes,
        consistent: bool,
        projection: Option<String>,
    ) -> Result<Option<Attributes>, AwsError> {
        let get = self
            .client
            .get_item()
            .table_name(&*self.name)
            .set_key(Some(key))
            .consistent_read(consistent)
            .set_projection_expression(projection);
        Ok(Box::pin(get.send()).await?.item)
    }

    /// Begins a query.
    pub(crate) fn query(&self) -> QueryFluentBuilder {
        self.client.query().table_name(&*self.name)
    }

    /// Begins a put of one item.
    pub(crate) fn put(&self, item: ItemBuilder) -> PutItemFluentBuilder {
        let put = self.client.put_item().table_name(&*self.name);
        put.set_item(Some(item.into_attributes()))
    }

    /// Begins an update of one item.
    pub(crate) fn update(&self, key: Attributes) -> UpdateItemFluentBuilder {
        let update = self.client.update_item().table_name(&*self.name);
        update.set_key(Some(key))
    }

    /// Begins the deletion of one item.
    pub(crate) fn delete(&self, key: Attributes) -> DeleteItemFluentBuilder {
        let delete = self.client.delete_item().table_name(&*self.name);
        delete.set_key(Some(key))
    }

    /// Returns the action that puts a new item: refused if there is one with
    /// this key, of which `key` is any attribute.
    pub(crate) fn put_new(&self, item: ItemBuilder, key: &str) -> WriteAction {
        put(self
            .begin_put(item)
            .condition_expression(format!("attribute_not_exists({key})")))
    }

    /// Returns the action that puts an item in the place of one: refused unless
    /// that one's attribute has this value.
    pub(crate) fn replace(
        &self,
        item: ItemBuilder,
        name: &str,
        value: AttributeValue,
    ) -> WriteAction {
        put(self
            .begin_put(item)
            .condition_expression("#name = :value")
            .expression_attribute_names("#name", name)
            .expression_attribute_values(":value", value))
    }

    /// Returns the action that puts a new item in place of none, or of one that
    /// DynamoDB should have deleted by now, in seconds since 1970: refused if
    /// there is another with this key, of which `key` is any attribute.
    pub(crate) fn put_new_or_expired(&self, item: ItemBuilder, key: &str, now: i64) -> WriteAction {
        put(self
            .begin_put(item)
            .condition_expression(format!("attribute_not_exists({key}) OR expiresAt <= :now"))
            .expression_attribute_values(":now", number(now)))
    }

    /// Returns the action that puts a new item, also in the place of one that
    /// lacks an attribute and whose number is not above this one: refused if
    /// there is another with this key.
    pub(crate) fn put_new_or_later(
        &self,
        item: ItemBuilder,
        lacks: &str,
        name: &str,
        value: u64,
    ) -> WriteAction {
        let not_above = format!("attribute_not_exists({name}) OR {name} <= :value");
        put(self
            .begin_put(item)
            .condition_expression(format!("attribute_not_exists({lacks}) AND ({not_above})"))
            .expression_attribute_values(":value", number(value)))
    }

    /// Begins the action that puts an item, for its condition.
    fn begin_put(&self, item: ItemBuilder) -> PutBuilder {
        let put = Put::builder().table_name(&*self.name);
        put.set_item(Some(item.into_attributes()))
    }

    /// Begins the action that changes or deletes an item, or checks it.
    pub(crate) fn change(&self, key: Attributes) -> Update {
        Update::new(Arc::clone(&self.name), key)
    }

    /// Returns the action that checks a condition on an item and writes
    /// nothing: refused unless each of these attributes has its value.
    pub(crate) fn check(&self, key: Attributes, expected: Attributes) -> WriteAction {
        let mut check = ConditionCheck::builder()
            .table_name(&*self.name)
            .set_key(Some(key));
        let mut conditions = Vec::new();
        for (name, value) in expected {
            conditions.push(format!("#{name} = :{name}"));
            check = check
                .expression_attribute_values(format!(":{name}"), value)
                .expression_attribute_names(format!("#{name}"), name);
        }
        let check = check.condition_expression(conditions.join(" AND ")).build();
        WriteAction::of(check.map(|it| TransactWriteItem::builder().condition_check(it).build()))
    }
}

fn put(put: PutBuilder) -> WriteAction {
    let put = put.build();
    WriteAction::of(put.map(|put| TransactWriteItem::builder().put(put).build()))
}
