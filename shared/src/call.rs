//! One call of a function: the request, what is known about its sender, and
//! how a handler's arguments are taken from it.

use std::future::Future;
use std::sync::OnceLock;

use crate::auth::{Authenticator, Principal};
use crate::env::FromEnv;
use crate::event::Request;
use crate::extract::TimeLeft;
use crate::problem::Problem;
use crate::reply::{Reply, Response};

/// One request on its way through a function. It ends with the request:
/// nothing of it may outlive it.
pub struct Call<'a> {
    request: &'a Request,
    authenticator: Option<&'a Authenticator>,
    time_left: TimeLeft,
    principal: OnceLock<Principal>,
}

impl<'a> Call<'a> {
    pub(crate) fn new(
        request: &'a Request,
        authenticator: Option<&'a Authenticator>,
        time_left: TimeLeft,
    ) -> Self {
        Self {
            request,
            authenticator,
            time_left,
            principal: OnceLock::new(),
        }
    }

    pub(crate) fn request(&self) -> &Request {
        self.request
    }

    pub(crate) fn authenticator(&self) -> Option<&Authenticator> {
        self.authenticator
    }

    pub(crate) fn time_left(&self) -> TimeLeft {
        self.time_left
    }

    /// Who the log names for this call, once that is proven.
    pub(crate) fn principal(&self) -> Option<&Principal> {
        self.principal.get()
    }

    pub(crate) fn identified(&self, principal: Principal) {
        // A call has one token and so one sender: the first word stands.
        let _ = self.principal.set(principal);
    }
}

/// How much of a function's start goes into knowing its callers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Needs {
    /// It doesn't ask who calls.
    Nothing,
    /// It checks tokens: it reads the public keys.
    Token,
    /// It also reads the caller's record, for a role that can be taken away.
    Standing,
}

impl Needs {
    const fn or(self, other: Self) -> Self {
        if (self as u8) < (other as u8) {
            other
        } else {
            self
        }
    }
}

/// Anything that a handler may ask of a request.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be taken from a request",
    note = "extract.rs and auth.rs list what a handler may take; its state comes last"
)]
pub trait FromRequest: Sized + Send {
    /// What it takes to know the caller.
    const NEEDS: Needs = Needs::Nothing;

    /// Takes it, or says why not.
    fn from_request(call: &Call<'_>) -> impl Future<Output = Result<Self, Problem>> + Send;
}

/// A handler: an async function of up to four things taken from the request
/// and, last, its state. They are taken from left to right, so who may call
/// stands first and 401 comes before 400.
pub trait Endpoint<Args>: Send + Sync {
    /// What outlives a request: stores, clients, settings.
    type State: FromEnv;
    /// What it takes to know its callers.
    const NEEDS: Needs;

    /// Answers one call.
    fn call(
        &self,
        call: &Call<'_>,
        state: Self::State,
    ) -> impl Future<Output = Result<Response, Problem>> + Send;
}

macro_rules! endpoint {
    ($($Arg:ident),*) => {
        impl<F, Fut, R, S, $($Arg),*> Endpoint<($($Arg,)* S,)> for F
        where
            F: Fn($($Arg,)* S) -> Fut + Send + Sync,
            Fut: Future<Output = Result<R, Problem>> + Send,
            R: Reply,
            S: FromEnv,
            $($Arg: FromRequest,)*
        {
            type State = S;
            const NEEDS: Needs = Needs::Nothing$(.or($Arg::NEEDS))*;

            async fn call(&self, call: &Call<'_>, state: S) -> Result<Response, Problem> {
                let reply = self($($Arg::from_request(call).await?,)* state).await?;
                reply.into_response(call.request().header("if-none-match"))
            }
        }
    };
}

endpoint!();
endpoint!(A);
endpoint!(A, B);
endpoint!(A, B, C);
endpoint!(A, B, C, D);
