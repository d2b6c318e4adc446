//! Handlers: what they may ask of a request, and how they are called.

use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;

use super::problem::Problem;
use super::reply::{Reply, Response};
use super::request::RequestContext;
use crate::aws::{Env, FromEnv, StartError};

/// Anything that a handler may ask of a request.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be taken from a request",
    note = "a handler takes what shared::http, shared::identity and shared::limits offer; its state comes last"
)]
pub trait FromRequest: Sized + Send {
    /// What it takes to read it, made once when the function starts: nothing,
    /// or what checks tokens, roles or limits.
    type Service: FromEnv;

    /// Reads it, or says why it can't be read.
    fn from_request(
        request: &RequestContext<'_>,
        service: &Self::Service,
    ) -> impl Future<Output = Result<Self, Problem>> + Send;
}

/// A handler: an async function of up to five things taken from the request
/// and, last, its state. They are taken from left to right, so who may call
/// stands first and 401 comes before 400.
pub trait Endpoint<Args>: Send + Sync {
    /// What outlives a request: the arguments' services, and the state.
    type State: FromEnv;

    /// Answers one request.
    fn call(
        &self,
        request: &RequestContext<'_>,
        state: &Self::State,
    ) -> impl Future<Output = Result<Response, Problem>> + Send;
}

/// A handler with its state, whatever their types: so that what surrounds a handler is
/// compiled once with this crate, and not again with every function.
pub(crate) trait Handler: Send + Sync {
    /// Opens the connections that the first request will use.
    fn warm(&self) -> Boxed<'_, ()>;

    /// Answers one request.
    fn call<'a>(&'a self, request: &'a RequestContext<'_>) -> Boxed<'a, Result<Response, Problem>>;
}

/// A future, whatever its type.
pub(crate) type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Makes a handler's state from the environment.
pub(crate) type Start = Box<dyn FnOnce(&Env) -> Result<Box<dyn Handler>, StartError> + Send>;

/// Returns what starts a handler.
pub(crate) fn start<H, Args>(handler: H) -> Start
where
    H: Endpoint<Args> + 'static,
    Args: 'static,
{
    Box::new(|env| Ok(with_state(handler, H::State::from_env(env)?)))
}

/// Returns a handler with its state.
pub(super) fn with_state<H, Args>(handler: H, state: H::State) -> Box<dyn Handler>
where
    H: Endpoint<Args> + 'static,
    Args: 'static,
{
    Box::new(Started::<H, Args>(handler, state, PhantomData))
}

/// A handler and its state.
struct Started<H: Endpoint<Args>, Args>(H, H::State, PhantomData<fn() -> Args>);

impl<H: Endpoint<Args>, Args> Handler for Started<H, Args> {
    fn warm(&self) -> Boxed<'_, ()> {
        Box::pin(self.1.warm())
    }

    fn call<'a>(&'a self, request: &'a RequestContext<'_>) -> Boxed<'a, Result<Response, Problem>> {
        Box::pin(self.0.call(request, &self.1))
    }
}

macro_rules! endpoint {
    ($($arg:ident: $Arg:ident),*) => {
        impl<F, Fut, R, S, $($Arg),*> Endpoint<($($Arg,)* S,)> for F
        where
            F: Fn($($Arg,)* S) -> Fut + Send + Sync,
            Fut: Future<Output = Result<R, Problem>> + Send,
            R: Reply,
            S: FromEnv,
            $($Arg: FromRequest,)*
        {
            type State = ($($Arg::Service,)* S,);

            async fn call(
                &self,
                request: &RequestContext<'_>,
                ($($arg,)* state,): &Self::State,
            ) -> Result<Response, Problem> {
                $(let $arg = $Arg::from_request(request, $arg).await?;)*
                request.admitted_to_change().await;
                let reply = self($($arg,)* state.clone()).await?;
                reply.into_response(request.header("if-none-match"))
            }
        }
    };
}

endpoint!();
endpoint!(a: A);
endpoint!(a: A, b: B);
endpoint!(a: A, b: B, c: C);
endpoint!(a: A, b: B, c: C, d: D);
endpoint!(a: A, b: B, c: C, d: D, e: E);
