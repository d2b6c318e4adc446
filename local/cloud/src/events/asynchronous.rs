//! Asynchronous invocations: events that nobody waits for, tried again after an error and handed to
//! a queue in the end.
//! <https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html>

use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use super::deliveries::Deliveries;
use super::records::{iso, response_of};
use crate::clock;
use crate::runtime::InvokeError;

impl Deliveries {
    /// Takes an event for a function, named as [`Runtime::function`](crate::runtime::Runtime)
    /// knows it, and delivers it soon.
    pub(crate) fn submit(self: &Arc<Self>, function: &str, payload: &Bytes) {
        let plan = self.mischief().draw(function);
        let copies = if plan.twice { 2 } else { 1 };
        for _ in 0..copies {
            let pending = self.begin();
            let (own, function) = (Arc::clone(self), function.to_owned());
            let payload = payload.clone();
            self.spawn(async move {
                sleep(plan.late).await;
                if own.deliver(&function, &payload).await
                    && let Some(after) = plan.again
                {
                    sleep(after).await;
                    own.deliver(&function, &payload).await;
                }
                drop(pending);
            });
        }
    }

    /// Invokes a function until it succeeds or the event is given up. Returns whether it did.
    async fn deliver(&self, name: &str, payload: &Bytes) -> bool {
        let Ok(function) = self.runtime().function(name).cloned() else {
            return false;
        };
        let config = &function.asynchronous;
        let begun = Instant::now();
        // Those that the function failed, and those for which there was no room.
        let (mut failures, mut refusals) = (0_u32, 0_u32);
        loop {
            let error = match self.invoke(&function.binary, payload.clone()).await {
                Ok(_) => return true,
                Err(InvokeError::Stopping) => return false,
                Err(error) => error,
            };
            if error.function_error().is_some() {
                failures += 1;
            } else {
                refusals += 1;
            }
            let delay = self.delay(failures.max(refusals));
            let condition = if failures > config.max_retries {
                "RetriesExhausted"
            } else if begun.elapsed() + delay > config.max_age {
                "EventAgeExceeded"
            } else {
                sleep(delay).await;
                continue;
            };
            let (context, response) = response_of(&error);
            let mut record = json!({
                "version": "1.0",
                "timestamp": iso(clock::now()),
                "requestContext": {
                    "requestId": Uuid::new_v4().to_string(),
                    "functionArn": format!("{}:$LATEST", function.arn()),
                    "condition": condition,
                    "approximateInvokeCount": failures,
                },
                "requestPayload": serde_json::from_slice::<Value>(payload).unwrap_or_default(),
                "responseContext": context,
            });
            if let (Some(record), Some(response)) = (record.as_object_mut(), response) {
                record.insert("responsePayload".to_owned(), response);
            }
            self.give_up(&function, config.on_failure.as_deref(), &record);
            return false;
        }
    }
}
