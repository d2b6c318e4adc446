//! What a process remembers of the public catalogue: the answers that it gave in
//! the last few seconds.
//!
//! Beside the counts of requests by address this is all that a process keeps of
//! requests, and nobody's own: only bodies that any cache may keep can be put in,
//! by the types, and they are found by what was asked for as it was read, never by
//! who asked nor by a word of theirs that isn't the question itself. A problem is
//! never remembered.

use std::collections::HashMap;
use std::hash::Hash;
use std::marker::PhantomData;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::aws::{Env, FromEnv, StartError};
use crate::http::{Problem, Public, PublicBody, WrittenBody};
use crate::values::Moment;

/// How long an answer may be remembered at most, whatever the parameter says.
const LONGEST: u64 = 10;
/// How much all answers of a process may take, in bytes.
const ROOM: usize = 8 * 1024 * 1024;
/// What an answer takes beside its body: the question, whose cursor may have two
/// thousand bytes, and its place in the map.
const BESIDE: usize = 4 * 1024;

/// The answers of one function, by what was asked for.
pub(super) struct Memory<K, T> {
    longest: Duration,
    answers: Arc<Mutex<HashMap<K, Answer>>>,
    body: PhantomData<fn() -> T>,
}

struct Answer {
    body: Arc<WrittenBody>,
    read: Moment,
}

impl<K, T> Clone for Memory<K, T> {
    fn clone(&self) -> Self {
        Self {
            longest: self.longest,
            answers: Arc::clone(&self.answers),
            body: PhantomData,
        }
    }
}

impl<K: Eq + Hash + Send, T: PublicBody> FromEnv for Memory<K, T> {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        let seconds = env.variable("CATALOGUE_MEMORY_SECONDS")?;
        let seconds = seconds.parse().ok().filter(|it| *it <= LONGEST);
        let seconds = seconds.ok_or_else(|| {
            StartError::new("CATALOGUE_MEMORY_SECONDS must be a whole number from 0 to 10")
        })?;
        Ok(Self {
            longest: Duration::from_secs(seconds),
            answers: Arc::default(),
            body: PhantomData,
        })
    }
}

impl<K: Eq + Hash, T: PublicBody> Memory<K, T> {
    /// Returns the answer to this question, or the place where it goes once it is
    /// known.
    pub(super) fn recall(&self, asked: K) -> Result<Public<T>, Place<'_, K, T>> {
        let answers = self.locked();
        if let Some(answer) = answers.get(&asked) {
            let age = answer.read.age();
            if age < self.longest {
                return Ok(Public::written(Arc::clone(&answer.body), Some(age)));
            }
        }
        Err(Place {
            memory: self,
            asked,
            begun: Moment::now(),
        })
    }

    fn keep(&self, asked: K, answer: Answer) {
        let size = |answer: &Answer| answer.body.len() + BESIDE;
        let mut answers = self.locked();
        answers.retain(|_, answer| answer.read.age() < self.longest);
        let taken: usize = answers.values().map(size).sum();
        if taken + size(&answer) > ROOM {
            // Whoever asks for so much within seconds asks for something else each
            // time, and nothing of it again.
            answers.clear();
        }
        answers.insert(asked, answer);
    }

    fn locked(&self) -> MutexGuard<'_, HashMap<K, Answer>> {
        // Answers are whole at every moment, also after a panic.
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The place of an answer that is not remembered.
pub(super) struct Place<'a, K, T> {
    memory: &'a Memory<K, T>,
    asked: K,
    /// Before the answer was read: it is as old as what it was made of.
    begun: Moment,
}

impl<K: Eq + Hash, T: PublicBody> Place<'_, K, T> {
    /// Writes an answer and remembers it.
    ///
    /// # Errors
    /// [`Problem::Internal`] if it can't be written.
    pub(super) fn fill(self, answer: &T) -> Result<Public<T>, Problem> {
        let body = Arc::new(WrittenBody::new(answer)?);
        if !self.memory.longest.is_zero() {
            let answer = Answer {
                body: Arc::clone(&body),
                read: self.begun,
            };
            self.memory.keep(self.asked, answer);
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

    fn memory<K: Eq + Hash>(seconds: u64) -> Memory<K, ProductPage> {
        Memory {
            longest: Duration::from_secs(seconds),
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

    fn remember<K: Eq + Hash>(memory: &Memory<K, ProductPage>, asked: K, cursor: &str) {
        let Err(place) = memory.recall(asked) else {
            panic!("it is remembered");
        };
        let fresh = response(place.fill(&page(cursor)).unwrap());
        assert_eq!(fresh.header("age"), None);
    }

    /// Lets this time pass, while the monotonic clock stands still.
    fn freeze<K: Eq + Hash, T: PublicBody>(memory: &Memory<K, T>, frozen: Duration) {
        for answer in memory.locked().values_mut() {
            answer.read = Moment::before_a_freeze_of(frozen);
        }
    }

    fn taken(memory: &Memory<u32, ProductPage>) -> usize {
        let answers = memory.locked();
        answers.values().map(|it| it.body.len() + BESIDE).sum()
    }

    #[test]
    fn an_answer_is_remembered_for_its_time_with_its_age_and_no_longer() {
        let memory = memory(10);
        remember(&memory, "asked", "a");
        for (frozen, age) in [(0, "1"), (3, "4"), (9, "10")] {
            freeze(&memory, frozen * SECOND);
            let answer = response(memory.recall("asked").ok().unwrap());
            assert_eq!(answer.header("age"), Some(age));
            assert!(answer.body().contains(r#""nextCursor":"a""#));
        }
        freeze(&memory, 10 * SECOND);
        remember(&memory, "asked", "b");
        let answer = response(memory.recall("asked").ok().unwrap());
        assert!(answer.body().contains(r#""nextCursor":"b""#));
    }

    #[test]
    fn an_answer_is_as_old_as_what_was_read_for_it() {
        let memory = memory(10);
        let mut place = memory.recall("asked").err().unwrap();
        place.begun = Moment::before_a_freeze_of(4 * SECOND);
        place.fill(&page("a")).unwrap();
        let answer = response(memory.recall("asked").ok().unwrap());
        assert_eq!(answer.header("age"), Some("5"));
    }

    #[test]
    fn no_seconds_remember_nothing() {
        let memory = memory(0);
        for _ in 0..3 {
            remember(&memory, "asked", "a");
        }
        assert!(memory.locked().is_empty());
    }

    #[test]
    fn the_answers_of_a_process_take_eight_mebibytes_at_most() {
        let memory = memory(10);
        let long = "x".repeat(1024 * 1024);
        for number in 0..20 {
            remember(&memory, number, &long);
            assert!(taken(&memory) <= ROOM);
            assert!(memory.recall(number).is_ok());
        }
        // Of empty ones there are two thousand at most.
        for number in 100..5000 {
            remember(&memory, number, "");
        }
        assert!(memory.locked().len() <= ROOM / BESIDE);
    }

    #[test]
    fn what_is_over_its_time_takes_no_room() {
        let memory = memory(10);
        for number in 0..7 {
            remember(&memory, number, "a");
        }
        freeze(&memory, 10 * SECOND);
        remember(&memory, 7, "a");
        assert_eq!(memory.locked().len(), 1);
    }

    #[test]
    fn another_question_has_another_answer() {
        let memory = memory(10);
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
            remember(&memory, asked(query), query);
        }
        for query in queries {
            let answer = response(memory.recall(asked(query)).ok().unwrap());
            let read: serde_json::Value = serde_json::from_str(answer.body()).unwrap();
            assert_eq!(read["nextCursor"], query);
        }
        // What is asked for is the same in other words.
        for (query, same) in [
            ("", 0),
            ("sort=newest&utm_source=mail", 0),
            ("sort=name&limit=24", 2),
        ] {
            let answer = response(memory.recall(asked(query)).ok().unwrap());
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
        freeze(&catalogue.memory, 10 * SECOND);
        freeze(&products.memory, 10 * SECOND);
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
        assert!(products.memory.locked().is_empty());
    }
}
