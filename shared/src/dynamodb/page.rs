//! Queries that are read page by page: DynamoDB returns at most 1 MB at once,
//! and fewer items than asked for under a filter.

use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;

use super::item::{Attributes, key_of};
use crate::aws::AwsError;

/// A list of which a page is shown, read from one query or several in a row.
pub(crate) struct PageQuery {
    limit: usize,
    calls_left: u32,
    items: Vec<Attributes>,
}

impl PageQuery {
    /// Begins a page of `limit` items that may take so many calls: a filter is
    /// applied after reading, so a rare match is found over several.
    pub(crate) fn new(limit: u16, max_calls: u32) -> Self {
        Self {
            limit: limit.into(),
            calls_left: max_calls,
            items: Vec::new(),
        }
    }

    /// Reads on until the page is full, the query has ended or no call is
    /// left. Returns where the reading stopped; `None` at the query's end.
    ///
    /// One item more than the page holds is read: it tells whether there is a
    /// next page.
    pub(crate) async fn read(
        &mut self,
        query: &QueryFluentBuilder,
        mut after: Option<Attributes>,
    ) -> Result<Option<Attributes>, AwsError> {
        while !self.is_full() && self.calls_left > 0 {
            self.calls_left -= 1;
            let wanted = (self.limit + 1).saturating_sub(self.items.len());
            let found = query
                .clone()
                .limit(i32::try_from(wanted).unwrap_or(i32::MAX))
                .set_exclusive_start_key(after)
                .send()
                .await?;
            self.items.extend(found.items.unwrap_or_default());
            after = found.last_evaluated_key;
            if after.is_none() {
                return Ok(None);
            }
        }
        Ok(after)
    }

    /// Returns whether no more is to be read for this page.
    pub(crate) fn is_full(&self) -> bool {
        self.items.len() > self.limit
    }

    /// Returns whether another call may be made.
    pub(crate) fn may_call(&self) -> bool {
        self.calls_left > 0
    }

    /// Returns the page's items, and where the next page begins: after the last
    /// item shown, whose key has these attributes, or where the reading
    /// stopped.
    pub(crate) fn into_page(
        mut self,
        stopped: Option<Attributes>,
        key: &[&str],
    ) -> (Vec<Attributes>, Option<Attributes>) {
        if !self.is_full() {
            return (self.items, stopped);
        }
        self.items.truncate(self.limit);
        let last = self.items.last().map(|last| key_of(last, key));
        (self.items, last)
    }

    /// Returns every item that was read.
    pub(crate) fn into_items(self) -> Vec<Attributes> {
        self.items
    }
}

/// Reads a query to its end.
pub(crate) async fn read_all(query: &QueryFluentBuilder) -> Result<Vec<Attributes>, AwsError> {
    let mut items = Vec::new();
    let mut after = None;
    loop {
        let found = query.clone().set_exclusive_start_key(after).send().await?;
        items.extend(found.items.unwrap_or_default());
        after = found.last_evaluated_key;
        if after.is_none() {
            return Ok(items);
        }
    }
}
