//! Functions as part of a simulation: many processes in one thread, whose
//! clocks, randomness and network follow from a seed.
//!
//! Behind a feature that no function is built with.

use std::future::Future;
use std::pin::Pin;

use lambda_runtime::{Context, LambdaEvent};

pub use crate::aws::simulated::{Answer, Network};
use crate::aws::{Env, StartError};
use crate::http::{Endpoint, Event, Function, start as start_of};
use crate::limits::FrontGate;
pub use crate::values::simulated::{ahead, begin, wall};

/// One process of a function.
pub trait Instance: Send + Sync {
    /// Answers an event as API Gateway sends it, with what API Gateway takes
    /// back. Lambda would end the process at the deadline, which is in
    /// milliseconds since 1970.
    fn answer<'a>(
        &'a self,
        event: &'a str,
        deadline: u64,
    ) -> Pin<Box<dyn Future<Output = Option<String>> + Send + 'a>>;
}

struct Running(Function<FrontGate>);

/// Starts a process of a function with these variables.
///
/// # Errors
/// When a variable is missing.
pub async fn start<H, Args>(
    handler: H,
    variables: impl Fn(&str) -> Option<String> + Send + Sync + 'static,
    network: impl Network + 'static,
) -> Result<Box<dyn Instance>, StartError>
where
    H: Endpoint<Args> + 'static,
    Args: 'static,
{
    let env = Env::simulated(variables, network)?;
    let function = Function::start(&env, start_of(handler)).await?;
    Ok(Box::new(Running(function)))
}

impl Instance for Running {
    fn answer<'a>(
        &'a self,
        event: &'a str,
        deadline: u64,
    ) -> Pin<Box<dyn Future<Output = Option<String>> + Send + 'a>> {
        Box::pin(async move {
            let payload: Event = serde_json::from_str(event).ok()?;
            let mut context = Context::default();
            context.deadline = deadline;
            let event = LambdaEvent::new(payload, context);
            serde_json::to_string(&self.0.answer_event(event).await).ok()
        })
    }
}
