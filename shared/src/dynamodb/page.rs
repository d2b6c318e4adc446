//! Queries that are read page by page: DynamoDB returns at most 1 MB at once,
//! and fewer items than asked for under a filter.

use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;

use super::error::{Corrupt, DynamoDbError};
use super::item::{Attributes, ItemReader};
use super::query_response::send;

/// A list of which a page is shown, read from one query or several in a row.
pub(crate) struct PageQuery<'k, T> {
    limit: usize,
    key: &'k [&'static str],
    calls_left: u32,
    items: Vec<T>,
    /// The key of the page's last item, once it is read.
    last: Option<Attributes>,
    has_more: bool,
}

impl<'k, T> PageQuery<'k, T> {
    /// Begins a page of `limit` items, whose keys have these attributes, that may
    /// take so many calls: a filter is applied after reading, so a rare match is
    /// found over several.
    pub(crate) fn new(limit: u16, key: &'k [&'static str], max_calls: u32) -> Self {
        Self {
            limit: limit.into(),
            key,
            calls_left: max_calls,
            items: Vec::new(),
            last: None,
            has_more: false,
        }
    }

    /// Reads on until the page is full, the query has ended or no call is
    /// left. Returns where the reading stopped; `None` at the query's end.
    ///
    /// One item more than the page holds is asked for: it tells whether there is a
    /// next page, and is the next page's to read.
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
                if self.items.len() == self.limit {
                    self.has_more = true;
                    break;
                }
                self.items.push(read(item.into())?);
                if self.items.len() == self.limit {
                    self.last = Some(item.key(self.key)?);
                }
            }
            after = found.last_key()?;
            if after.is_none() {
                return Ok(None);
            }
        }
        Ok(after)
    }

    /// Returns whether no more is to be read for this page.
    pub(crate) fn is_full(&self) -> bool {
        self.has_more
    }

    /// Returns whether another call may be made.
    pub(crate) fn may_call(&self) -> bool {
        self.calls_left > 0
    }

    /// Returns the page's items, and where the next page begins: after the last
    /// item shown, or where the reading stopped.
    pub(crate) fn into_page(self, stopped: Option<Attributes>) -> (Vec<T>, Option<Attributes>) {
        let last = if self.has_more { self.last } else { stopped };
        (self.items, last)
    }

    /// Returns the page's items, wherever the next page begins.
    pub(crate) fn into_items(self) -> Vec<T> {
        self.items
    }
}

/// Reads a query to its end. Returns what `read` makes of its items; those of
/// which it makes nothing are left out.
pub(crate) async fn read_all<T>(
    query: &QueryFluentBuilder,
    read: impl Fn(ItemReader<'_>) -> Result<Option<T>, Corrupt>,
) -> Result<Vec<T>, DynamoDbError> {
    let mut items = Vec::new();
    let mut after = None;
    loop {
        let body = send(query.clone().set_exclusive_start_key(after)).await?;
        let found = body.read()?;
        for item in &found.items {
            items.extend(read(item.into())?);
        }
        after = found.last_key()?;
        if after.is_none() {
            return Ok(items);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dynamodb::{ItemBuilder, Table, number, text};
    use crate::testing::{Tables, tables};

    const KEY: [&str; 2] = ["userId", "productId"];

    /// Carts' lines 1 to 5, of which the third can't be read.
    async fn lines() -> (Tables, Table) {
        let tables = tables().await;
        let table = Table::from_env(&tables.env, "CARTS_TABLE").unwrap();
        for line in 1..=5_u8 {
            let row = ItemBuilder::new()
                .text("userId", "usr_1")
                .text("productId", format!("prod_{line}"));
            let row = match line {
                3 => row.text("line", "three"),
                _ => row.number("line", line),
            };
            table.put(row).send().await.unwrap();
        }
        (tables, table)
    }

    fn query(table: &Table) -> QueryFluentBuilder {
        table
            .query()
            .key_condition_expression("userId = :user")
            .expression_attribute_values(":user", text("usr_1"))
    }

    fn read(row: ItemReader<'_>) -> Result<u8, Corrupt> {
        row.number("line")
    }

    fn read_any(row: ItemReader<'_>) -> Result<u8, Corrupt> {
        Ok(row.number("line").unwrap_or(3))
    }

    #[tokio::test]
    async fn pages_of_every_size_show_each_item_once() {
        let (_tables, table) = lines().await;
        for limit in 1..=6 {
            let mut seen = Vec::new();
            let mut after = None;
            loop {
                let mut page = PageQuery::new(limit, &KEY, 1);
                let stopped = page.read(&query(&table), after, read_any).await.unwrap();
                let (items, last) = page.into_page(stopped);
                assert!(items.len() <= usize::from(limit), "{limit}");
                assert!(last.is_none() || items.len() == usize::from(limit));
                seen.extend(items);
                after = last;
                if after.is_none() {
                    break;
                }
            }
            assert_eq!(seen, [1, 2, 3, 4, 5], "{limit}");
        }
    }

    #[tokio::test]
    async fn a_page_fails_for_what_it_shows_and_not_for_what_the_next_one_shows() {
        let (_tables, table) = lines().await;
        let page = async |limit: u16| {
            let mut page = PageQuery::new(limit, &KEY, 1);
            let stopped = page.read(&query(&table), None, read).await?;
            Ok::<_, DynamoDbError>(page.into_page(stopped))
        };
        let (items, last) = page(2).await.unwrap();
        assert_eq!((items, last.is_some()), (vec![1, 2], true));
        assert!(matches!(page(3).await, Err(DynamoDbError::Corrupt(_))));
    }

    #[tokio::test]
    async fn a_filter_is_read_on_until_the_page_is_full_or_no_call_is_left() {
        let (_tables, table) = lines().await;
        let filtered = query(&table)
            .filter_expression("line >= :from")
            .expression_attribute_values(":from", number(4_u8));
        // Each call looks at two of the five, of which the last two match.
        let page = async |calls: u32| {
            let mut page = PageQuery::new(1, &KEY, calls);
            let stopped = page.read(&filtered, None, read).await.unwrap();
            (page.is_full(), page.may_call(), page.into_page(stopped))
        };
        let (full, may_call, (items, last)) = page(1).await;
        assert!(!full && !may_call && items.is_empty() && last.is_some());
        let (full, _, (items, last)) = page(9).await;
        let last = last.unwrap();
        assert_eq!((full, items), (true, vec![4]));
        assert_eq!(last["productId"], text("prod_4"));
        let mut rest = PageQuery::new(1, &KEY, 9);
        let stopped = rest.read(&filtered, Some(last), read).await.unwrap();
        assert_eq!(rest.into_page(stopped), (vec![5], None));
    }

    #[tokio::test]
    async fn two_queries_fill_one_page() {
        let (_tables, table) = lines().await;
        let half = |condition: &str| {
            let query = query(&table).key_condition_expression(condition);
            query.expression_attribute_values(":half", text("prod_4"))
        };
        let (low, high) = (
            "userId = :user AND productId < :half",
            "userId = :user AND productId >= :half",
        );
        let mut page = PageQuery::new(4, &KEY, 9);
        assert_eq!(page.read(&half(low), None, read_any).await.unwrap(), None);
        assert!(!page.is_full() && page.may_call());
        let stopped = page.read(&half(high), None, read_any).await.unwrap();
        assert!(page.is_full());
        let (items, last) = page.into_page(stopped);
        assert_eq!(items, [1, 2, 3, 4]);
        assert_eq!(last.unwrap()["productId"], text("prod_4"));
    }
}
