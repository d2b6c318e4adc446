//! The cache of a process for the public catalogue: what it answered in the last few
//! seconds.
//!
//! Beside the counts of requests by address this is all that a process keeps of
//! requests. The types let nothing in but bodies that any cache may keep. The key is
//! the parsed query or id: no header, token or address is part of it. A problem is
//! never kept.

use std::collections::HashMap;
use std::hash::Hash;
use std::marker::PhantomData;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::aws::{Env, FromEnv, StartError};
use crate::http::{Problem, Public, PublicBody, WrittenBody};
use crate::values::Moment;

/// How long an answer may be used at most, whatever the parameter says.
const MAX_SECONDS: u64 = 10;
/// How much all answers of a process may take, in bytes. What is too old counts until
/// another answer is put in, which drops it.
const MAX_BYTES: usize = 8 * 1024 * 1024;
/// What an answer takes beside its body: the key, whose cursor may have two thousand
/// bytes, and its place in the map.
const ENTRY_OVERHEAD: usize = 4 * 1024;

/// The answers of one function, by what was asked for, each for some seconds.
pub(super) struct AnswerCache<K, T> {
    max_age: Duration,
    answers: Arc<Mutex<HashMap<K, Answer>>>,
    body: PhantomData<fn() -> T>,
}

struct Answer {
    body: WrittenBody,
    read: Moment,
}

impl<K, T> Clone for AnswerCache<K, T> {
    fn clone(&self) -> Self {
        Self {
            max_age: self.max_age,
            answers: Arc::clone(&self.answers),
            body: PhantomData,
        }
    }
}

impl<K: Eq + Hash + Send, T: PublicBody> FromEnv for AnswerCache<K, T> {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        let seconds = env.variable("CATALOGUE_CACHE_SECONDS")?;
        let seconds = seconds.parse().ok().filter(|it| *it <= MAX_SECONDS);
        let seconds = seconds.ok_or_else(|| {
            StartError::new("CATALOGUE_CACHE_SECONDS must be a whole number from 0 to 10")
        })?;
        Ok(Self {
            max_age: Duration::from_secs(seconds),
            answers: Arc::default(),
            body: PhantomData,
        })
    }
}

impl<K: Eq + Hash, T: PublicBody> AnswerCache<K, T> {
    /// Returns the answer to what was asked for, if it is recent enough; else the entry
    /// where it goes.
    pub(super) fn get(&self, asked: K) -> Result<Public<T>, VacantEntry<'_, K, T>> {
        let answers = self.locked();
        if let Some(answer) = answers.get(&asked) {
            let age = answer.read.age();
            if age < self.max_age {
                return Ok(Public::written(answer.body.clone(), Some(age)));
            }
        }
        Err(VacantEntry {
            cache: self,
            asked,
            begun: Moment::now(),
        })
    }

    fn put(&self, asked: K, answer: Answer) {
        let size = |answer: &Answer| answer.body.size() + ENTRY_OVERHEAD;
        let now = Moment::now();
        let mut answers = self.locked();
        answers.retain(|_, answer| answer.read.until(now) < self.max_age);
        let taken: usize = answers.values().map(size).sum();
        if taken + size(&answer) > MAX_BYTES {
            // Thousands of different questions within seconds: few of them come again,
            // so counting which would cost more than it saves.
            answers.clear();
        }
        if size(&answer) <= MAX_BYTES {
            answers.insert(asked, answer);
        }
    }

    fn locked(&self) -> MutexGuard<'_, HashMap<K, Answer>> {
        // Answers are whole at every moment, also after a panic.
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The entry of an answer that is not in the cache.
pub(super) struct VacantEntry<'a, K, T> {
    cache: &'a AnswerCache<K, T>,
    asked: K,
    /// Before the answer was read: it is as old as what it was made of.
    begun: Moment,
}

impl<K: Eq + Hash, T: PublicBody> VacantEntry<'_, K, T> {
    /// Writes an answer and puts it in.
    ///
    /// # Errors
    /// [`Problem::Internal`] if it can't be written.
    pub(super) fn insert(self, answer: &T) -> Result<Public<T>, Problem> {
        let body = WrittenBody::new(answer)?;
        if !self.cache.max_age.is_zero() {
            let answer = Answer {
                body: body.clone(),
                read: self.begun,
            };
            self.cache.put(self.asked, answer);
        }
        Ok(Public::written(body, None))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::{
        Catalogue, CategorySlug, ProductFilter, ProductPage, PublishedProducts,
    };
    use crate::dynamodb::ItemBuilder;
    use crate::http::{PageRequest, Reply, Response};
    use crate::input::parse_query;
    use crate::testing::{Tables, tables};
    use crate::values::ProductId;

    const SECOND: Duration = Duration::from_secs(1);

    fn cache<K: Eq + Hash>(seconds: u64) -> AnswerCache<K, ProductPage> {
        AnswerCache {
            max_age: Duration::from_secs(seconds),
            answers: Arc::default(),
            body: PhantomData,
        }
    }

    /// A page that is told from others by its cursor.
    fn page(cursor: &str) -> ProductPage {
        ProductPage {
            items: Vec::new(),
            next_cursor: Some(cursor.to_owned()),
        }
    }

    fn response(public: Public<impl PublicBody>) -> Response {
        public.into_response(None).unwrap()
    }

    fn remember<K: Eq + Hash>(cache: &AnswerCache<K, ProductPage>, asked: K, cursor: &str) {
        let Err(vacant) = cache.get(asked) else {
            panic!("it is remembered");
        };
        let fresh = response(vacant.insert(&page(cursor)).unwrap());
        assert_eq!(fresh.header("age"), None);
    }

    /// Lets this time pass, while the monotonic clock stands still.
    fn freeze<K: Eq + Hash, T: PublicBody>(cache: &AnswerCache<K, T>, frozen: Duration) {
        for answer in cache.locked().values_mut() {
            answer.read = Moment::before_a_freeze_of(frozen);
        }
    }

    fn taken(cache: &AnswerCache<u32, ProductPage>) -> usize {
        let answers = cache.locked();
        answers
            .values()
            .map(|it| it.body.size() + ENTRY_OVERHEAD)
            .sum()
    }

    #[test]
    fn an_answer_is_remembered_for_its_time_with_its_age_and_no_longer() {
        let cache = cache(10);
        remember(&cache, "asked", "a");
        for (frozen, age) in [(0, "1"), (3, "4"), (9, "10")] {
            freeze(&cache, frozen * SECOND);
            let answer = response(cache.get("asked").ok().unwrap());
            assert_eq!(answer.header("age"), Some(age));
            assert!(answer.body().contains(r#""nextCursor":"a""#));
        }
        freeze(&cache, 10 * SECOND);
        remember(&cache, "asked", "b");
        let answer = response(cache.get("asked").ok().unwrap());
        assert!(answer.body().contains(r#""nextCursor":"b""#));
    }

    #[test]
    fn an_answer_is_as_old_as_what_was_read_for_it() {
        let cache = cache(10);
        let mut vacant = cache.get("asked").err().unwrap();
        vacant.begun = Moment::before_a_freeze_of(4 * SECOND);
        vacant.insert(&page("a")).unwrap();
        let answer = response(cache.get("asked").ok().unwrap());
        assert_eq!(answer.header("age"), Some("5"));
    }

    #[test]
    fn no_seconds_remember_nothing() {
        let cache = cache(0);
        for _ in 0..3 {
            remember(&cache, "asked", "a");
        }
        assert!(cache.locked().is_empty());
    }

    #[test]
    fn the_answers_of_a_process_take_eight_mebibytes_at_most() {
        let cache = cache(10);
        let long = "x".repeat(1024 * 1024);
        for number in 0..20 {
            remember(&cache, number, &long);
            assert!(taken(&cache) <= MAX_BYTES);
            assert!(cache.get(number).is_ok());
        }
        // Of empty ones there are two thousand at most.
        for number in 100..5000 {
            remember(&cache, number, "");
        }
        assert!(cache.locked().len() <= MAX_BYTES / ENTRY_OVERHEAD);
    }

    #[test]
    fn what_is_over_its_time_takes_no_room() {
        let cache = cache(10);
        for number in 0..7 {
            remember(&cache, number, "a");
        }
        freeze(&cache, 10 * SECOND);
        remember(&cache, 7, "a");
        assert_eq!(cache.locked().len(), 1);
    }

    #[test]
    fn another_question_has_another_answer() {
        let cache = cache(10);
        let asked = |query: &str| {
            let given = query.split('&').filter_map(|it| it.split_once('='));
            let given: Vec<_> = given.collect();
            let filter: ProductFilter = parse_query(given.iter().copied()).unwrap();
            let page: PageRequest = parse_query(given.iter().copied()).unwrap();
            (filter, page)
        };
        let queries = [
            "limit=24",
            "limit=25",
            "sort=name",
            "sort=price",
            "sort=-price",
            "category=mugs",
            "category=cups",
            "category=mugs&sort=name",
            "cursor=a",
            "cursor=b",
        ];
        for query in queries {
            remember(&cache, asked(query), query);
        }
        for query in queries {
            let answer = response(cache.get(asked(query)).ok().unwrap());
            let read: serde_json::Value = serde_json::from_str(&answer.body()).unwrap();
            assert_eq!(read["nextCursor"], query);
        }
        // What is asked for is the same in other words.
        for (query, same) in [
            ("", 0),
            ("sort=newest&utm_source=mail", 0),
            ("sort=name&limit=24", 2),
        ] {
            let answer = response(cache.get(asked(query)).ok().unwrap());
            assert!(answer.body().contains(queries[same]), "{query}");
        }
    }

    async fn set_price(tables: &Tables, id: &ProductId, price: u32) {
        let key = ItemBuilder::new().text("productId", id.as_str());
        let price = ItemBuilder::new().number("price", price);
        tables
            .change(
                "PRODUCTS_TABLE",
                key.into_attributes(),
                price.into_attributes(),
            )
            .await;
    }

    #[tokio::test]
    async fn the_catalogue_is_read_again_once_an_answer_is_too_old() {
        let tables = tables().await;
        let id = tables.product(10).await;
        let (catalogue, products): (Catalogue, PublishedProducts) = (tables.open(), tables.open());
        let filter = ProductFilter {
            category: CategorySlug::parse("things"),
            ..ProductFilter::default()
        };
        let page: PageRequest = parse_query([]).unwrap();
        let shows = async |price: &str| {
            let list = catalogue.list(filter.clone(), page.clone()).await.unwrap();
            let detail = products.get(id.clone()).await.unwrap();
            let price = format!(r#""amount":{price},"#);
            let (list, detail) = (response(list), response(detail));
            assert!(list.body().contains(&price), "{}", list.body());
            assert!(detail.body().contains(&price), "{}", detail.body());
        };
        set_price(&tables, &id, 111).await;
        shows("111").await;
        set_price(&tables, &id, 222).await;
        shows("111").await;
        freeze(&catalogue.cache, 10 * SECOND);
        freeze(&products.cache, 10 * SECOND);
        shows("222").await;
    }

    #[tokio::test]
    async fn what_was_not_found_is_looked_for_again() {
        let tables = tables().await;
        let products: PublishedProducts = tables.open();
        let id = ProductId::generate().unwrap();
        for _ in 0..2 {
            let absent = products.get(id.clone()).await;
            assert!(matches!(absent, Err(Problem::NotFound)));
        }
        assert!(products.cache.locked().is_empty());
    }
}
