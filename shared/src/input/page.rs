//! Which page of a list is asked for.

use super::query::{FromQuery, Parameters};

/// The longest cursor that is read, in bytes. Ours are below 1,400, where the
/// name that a list is sorted by has 200 characters of four bytes.
const MAX_CURSOR_LENGTH: usize = 2048;

/// Which page of a list: `limit` (1 to 100, else 24) and `cursor`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PageRequest {
    pub(crate) limit: u16,
    pub(crate) cursor: Option<String>,
}

impl FromQuery for PageRequest {
    fn from_query(parameters: &mut Parameters<'_>) -> Option<Self> {
        let limit = parameters.optional(
            "limit",
            |text| {
                let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
                let limit = text.parse().ok().filter(|_| digits)?;
                (1..=100).contains(&limit).then_some(limit)
            },
            "a whole number from 1 to 100",
        );
        let cursor = parameters.optional(
            "cursor",
            |text| (text.len() <= MAX_CURSOR_LENGTH).then(|| text.to_owned()),
            "the `nextCursor` of the page before",
        );
        Some(Self {
            limit: limit?.unwrap_or(24),
            cursor: cursor?,
        })
    }
}

#[cfg(test)]
mod tests {
    use lambda_http::aws_lambda_events::query_map::QueryMap;

    use super::*;
    use crate::input::{InputError, parse_query};

    fn page(query: &str) -> Result<PageRequest, InputError> {
        let given: QueryMap = query.parse().unwrap();
        parse_query(given.iter())
    }

    #[test]
    fn a_page_has_24_items_unless_told() {
        assert_eq!(page("").unwrap().limit, 24);
        assert_eq!(page("limit=&cursor=").unwrap().limit, 24);
        assert_eq!(page("limit=100&utm_source=mail").unwrap().limit, 100);
    }

    #[test]
    fn a_limit_that_is_not_1_to_100_is_malformed() {
        for limit in ["0", "101", "-1", "1.5", "x", "%2B5", "99999999999999999999"] {
            assert!(page(&format!("limit={limit}")).is_err(), "{limit}");
        }
        assert!(page("limit=1&limit=2").is_err());
    }
}
