//! The database in the caller's own thread: no service, no socket, no thread of its own, so that
//! what happens in it depends on nothing but its callers.

use std::sync::Arc;

use axum::body::{Bytes, to_bytes};
use axum::http::{Method, Request};
use dynoxide::Database;
use dynoxide::storage_backend::Clock;

use super::faults::answer::MAX_ANSWER;
use super::faults::{Engine, EngineRequest, Fault, Faults};
use super::prepare;
use crate::error::CloudError;
use template::TableTemplate;

/// A DynamoDB in the caller's own thread. Calls can go wrong, as [`EmbeddedDynamoDb::faults`] says.
pub struct EmbeddedDynamoDb {
    faults: Faults,
    engine: Engine,
}

/// Tells the database what time it is, in seconds since 1970.
struct ClockOf(fn() -> f64);

impl Clock for ClockOf {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a time is positive, and its seconds fit"
    )]
    fn now_unix_secs(&self) -> u64 {
        (self.0)() as u64
    }

    fn now_unix_secs_f64(&self) -> f64 {
        (self.0)()
    }
}

impl EmbeddedDynamoDb {
    /// Makes the database with these tables, in memory. Its clock tells seconds since 1970.
    ///
    /// # Errors
    /// When a table can't be made.
    pub fn start(tables: &[TableTemplate], clock: fn() -> f64) -> Result<Self, CloudError> {
        let database = Database::memory_with_clock(Arc::new(ClockOf(clock)));
        let database = database.map_err(|error| CloudError::Data {
            path: "memory".into(),
            reason: error.to_string(),
        })?;
        for table in tables {
            // Nobody reads streams here, and each write to a table with one costs more.
            let mut table = table.clone();
            if let Some(create) = table.create.as_object_mut() {
                create.remove("StreamSpecification");
            }
            prepare(&database, &table).map_err(|reason| CloudError::Table {
                table: table.name.clone(),
                reason,
            })?;
        }
        Ok(Self {
            faults: Faults::of_embedded(database.clone(), tables),
            engine: Engine::Embedded(database),
        })
    }

    /// Returns what goes wrong with its calls: nothing, unless it is told to.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// Answers a call of a function, or of the operator, with a status and a body; `None` if the
    /// connection is closed without an answer. The call meets this fault, if there is one, else
    /// what [`EmbeddedDynamoDb::faults`] says.
    pub async fn call(
        &self,
        caller: Option<&str>,
        target: &str,
        body: Vec<u8>,
        fault: Option<Fault>,
    ) -> Option<(u16, Vec<u8>)> {
        let call = Request::builder()
            .method(Method::POST)
            .header("x-amz-target", target);
        let (parts, ()) = call.body(()).ok()?.into_parts();
        let body = Bytes::from(body);
        let request = EngineRequest { parts, body };
        let answer = self
            .faults
            .answer_or_fail(&self.engine, caller, request, fault);
        let answer = answer.await;
        let status = answer.status().as_u16();
        let body = to_bytes(answer.into_body(), MAX_ANSWER).await.ok()?;
        Some((status, body.into()))
    }
}
