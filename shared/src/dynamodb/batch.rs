//! Reading items of several tables with one call.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::KeysAndAttributes;

use super::error::DynamoDbError;
use super::item::Attributes;
use super::retry::Retries;
use super::table::Table;
use crate::aws::AwsError;

/// Keys that are read together: at most 100.
#[derive(Default)]
pub(crate) struct BatchGet {
    wanted: HashMap<String, (Vec<Attributes>, bool)>,
}

impl BatchGet {
    /// Adds items of a table, read as they now are.
    pub(crate) fn with(self, table: &Table, keys: impl Iterator<Item = Attributes>) -> Self {
        self.keys(table, keys, true)
    }

    /// Adds items of a table, read as they are or were a moment ago.
    pub(crate) fn with_eventually(
        self,
        table: &Table,
        keys: impl Iterator<Item = Attributes>,
    ) -> Self {
        self.keys(table, keys, false)
    }

    fn keys(
        mut self,
        table: &Table,
        keys: impl Iterator<Item = Attributes>,
        consistent: bool,
    ) -> Self {
        let keys: Vec<_> = keys.collect();
        // DynamoDB refuses an empty list.
        if !keys.is_empty() {
            self.wanted
                .insert(table.name().to_owned(), (keys, consistent));
        }
        self
    }

    /// Reads the items, in no order, each with its table's name. Keys of
    /// nothing are left out.
    pub(crate) async fn read(
        self,
        client: &aws_sdk_dynamodb::Client,
    ) -> Result<Vec<(String, Attributes)>, DynamoDbError> {
        let wanted = self.wanted.into_iter().map(|(table, (keys, consistent))| {
            let keys = KeysAndAttributes::builder()
                .set_keys(Some(keys))
                .consistent_read(consistent)
                .build();
            keys.map(|keys| (table, keys))
        });
        let wanted: Result<HashMap<_, _>, _> = wanted.collect();
        let mut wanted = wanted.map_err(AwsError::rejected)?;
        let mut found = Vec::new();
        let mut retries = Retries::of_request();
        while !wanted.is_empty() {
            let get = client.batch_get_item().set_request_items(Some(wanted));
            let batch = Box::pin(get.send()).await.map_err(AwsError::from)?;
            for (table, items) in batch.responses.unwrap_or_default() {
                found.extend(items.into_iter().map(|item| (table.clone(), item)));
            }
            wanted = batch.unprocessed_keys.unwrap_or_default();
            if !wanted.is_empty() && !retries.wait().await? {
                return Err(AwsError::unavailable("DynamoDB left keys unprocessed").into());
            }
        }
        Ok(found)
    }
}
