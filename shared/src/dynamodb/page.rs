//! Queries that are read page by page: DynamoDB returns at most 1 MB at once,
//! and fewer items than asked for under a filter.

use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;

use super::error::{Corrupt, DynamoDbError};
use super::item::{Attributes, ItemReader};
use super::query_response::send;

/// A list of which a page is shown, read from one query or several in a row.
pub(crate) struct PageQuery<'k, T> {
    limit: usize,
    key: &'k [&'k str],
    calls_left: u32,
    items: Vec<T>,
    /// The key of the last item that is shown, if there are more.
    last: Option<Attributes>,
}

impl<'k, T> PageQuery<'k, T> {
    /// Begins a page of `limit` items, whose keys have these attributes, that may
    /// take so many calls: a filter is applied after reading, so a rare match is
    /// found over several.
    pub(crate) fn new(limit: u16, key: &'k [&'k str], max_calls: u32) -> Self {
        Self {
            limit: limit.into(),
            key,
            calls_left: max_calls,
            items: Vec::new(),
            last: None,
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
        read: impl Fn(ItemReader<'_>) -> Result<T, Corrupt>,
    ) -> Result<Option<Attributes>, DynamoDbError> {
        while !self.is_full() && self.calls_left > 0 {
            self.calls_left -= 1;
            let wanted = (self.limit + 1).saturating_sub(self.items.len());
            let query = query
                .clone()
                .limit(i32::try_from(wanted).unwrap_or(i32::MAX))
                .set_exclusive_start_key(after);
            let body = send(query).await?;
            let found = body.read()?;
            for item in &found.items {
                self.items.push(read(item.into())?);
                if self.items.len() == self.limit {
                    self.last = Some(item.key(self.key));
                }
            }
            after = found.last_evaluated_key.map(|key| key.whole_key());
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
    /// item shown, or where the reading stopped.
    pub(crate) fn into_page(mut self, stopped: Option<Attributes>) -> (Vec<T>, Option<Attributes>) {
        if !self.is_full() {
            return (self.items, stopped);
        }
        self.items.truncate(self.limit);
        (self.items, self.last)
    }

    /// Returns every item that was read.
    pub(crate) fn into_items(self) -> Vec<T> {
        self.items
    }
}

/// Reads a query to its end.
pub(crate) async fn read_all<T>(
    query: &QueryFluentBuilder,
    read: impl Fn(ItemReader<'_>) -> Result<T, Corrupt>,
) -> Result<Vec<T>, DynamoDbError> {
    let mut items = Vec::new();
    let mut after = None;
    loop {
        let body = send(query.clone().set_exclusive_start_key(after)).await?;
        let found = body.read()?;
        for item in &found.items {
            items.push(read(item.into())?);
        }
        after = found.last_evaluated_key.map(|key| key.whole_key());
        if after.is_none() {
            return Ok(items);
        }
    }
}
