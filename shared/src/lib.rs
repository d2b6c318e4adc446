//! What every function of the shop is made of, by layer and area:
//! ARCHITECTURE.md says which may use which.
//!
//! A function crate imports from here and from nowhere else: no HTTP, no AWS,
//! no serde. Its `main` is `serve(handler)`, and the handler's signature says
//! who may call, what they send, what comes back and whether it may be cached.

pub mod accounts;
pub mod audit;
pub mod aws;
pub mod carts;
pub mod catalogue;
pub mod customers;
mod dynamodb;
pub mod frontends;
pub mod http;
mod idempotency;
pub mod identity;
mod input;
pub mod key_rotation;
pub mod limits;
pub mod orders;
pub mod pictures;
#[cfg(feature = "simulation")]
pub mod simulation;
pub mod staff;
mod telemetry;
#[cfg(test)]
mod testing;
pub mod values;

/// Runs a handler as a Lambda function behind API Gateway, until Lambda ends
/// the process.
///
/// The handler's signature is its specification: who may call, what is taken
/// from the request, what comes back and whether it may be cached. Its last
/// argument is its state, made once from the environment.
///
/// # Errors
/// When the environment lacks something that the handler's arguments need.
pub fn serve<H, Args>(handler: H) -> Result<(), http::StartError>
where
    H: http::Endpoint<Args> + 'static,
    Args: 'static,
{
    serve_started(http::start(handler))
}

/// Runs a handler: not generic, so that it is compiled here and not with each function.
fn serve_started(handler: http::Start) -> Result<(), http::StartError> {
    http::serve::<limits::FrontGate>(handler)
}
