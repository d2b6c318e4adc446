//! One call of a function: the request, what is known about its sender, and
//! how a handler's arguments are taken from it.

use std::future::Future;
use std::sync::{Mutex, OnceLock, PoisonError};

use tokio::sync::SetOnce;

use crate::auth::{Authenticator, Principal};
use crate::env::FromEnv;
use crate::event::Request;
use crate::extract::TimeLeft;
use crate::journal::Journal;
use crate::limit::{Address, Quota};
use crate::problem::Problem;
use crate::reply::{Reply, Response};
use crate::store::limits::{LimitStore, RateLimiter};

/// One request on its way through a function. It ends with the request:
/// nothing of it may outlive it.
pub struct Call<'a> {
    request: &'a Request,
    authenticator: Option<&'a Authenticator>,
    limiter: Option<&'a RateLimiter>,
    time_left: TimeLeft,
    address: Address,
    journal: Journal,
    principal: OnceLock<Principal>,
    admitted: SetOnce<()>,
    quota: Mutex<Option<Quota>>,
}

impl<'a> Call<'a> {
    pub(crate) fn new(
        request: &'a Request,
        authenticator: Option<&'a Authenticator>,
        limiter: Option<&'a RateLimiter>,
        time_left: TimeLeft,
        journal: Journal,
    ) -> Self {
        Self {
            request,
            authenticator,
            limiter,
            time_left,
            address: Address::of(journal.source_ip()),
            journal,
            principal: OnceLock::new(),
            admitted: SetOnce::new(),
            quota: Mutex::default(),
        }
    }

    /// Asks the general limit whether this request may come; what waits in
    /// [`Self::admitted`] then goes on. Whoever may not is never told more.
    pub(crate) async fn admit(&self) -> Result<(), Problem> {
        if let Some(limiter) = self.limiter
            && let Some(quota) = limiter.admit(&self.address).await?
        {
            self.metered(quota);
        }
        let _ = self.admitted.set(());
        Ok(())
    }

    /// Waits until the general limit has admitted the request: nothing may be
    /// written before.
    pub(crate) async fn admitted(&self) {
        self.admitted.wait().await;
    }

    /// Waits as [`Self::admitted`] does if the request may change something. A
    /// safe one (RFC 9110 section 9.2.1) works meanwhile, and only its answer
    /// waits.
    async fn may_act(&self) {
        if self.request.request_context.http.method != "GET" {
            self.admitted().await;
        }
    }

    /// Notes how much of a limit is left. A request that is under two limits
    /// tells of the tighter one.
    pub(crate) fn metered(&self, quota: Quota) {
        let mut noted = self.quota.lock().unwrap_or_else(PoisonError::into_inner);
        if noted.is_none_or(|noted| quota.limit < noted.limit) {
            *noted = Some(quota);
        }
    }

    /// How much is left of the limit that the request is under.
    pub(crate) fn quota(&self) -> Option<Quota> {
        *self.quota.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn limits(&self) -> Result<&LimitStore, Problem> {
        let limiter = self.limiter.map(RateLimiter::store);
        limiter.ok_or_else(|| Problem::internal("no limiter was made for this handler"))
    }

    pub(crate) fn address(&self) -> &Address {
        &self.address
    }

    pub(crate) fn journal(&self) -> &Journal {
        &self.journal
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
    ($($arg:ident: $Arg:ident),*) => {
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
                $(let $arg = $Arg::from_request(call).await?;)*
                call.may_act().await;
                let reply = self($($arg,)* state).await?;
                reply.into_response(call.request().header("if-none-match"))
            }
        }
    };
}

endpoint!();
endpoint!(a: A);
endpoint!(a: A, b: B);
endpoint!(a: A, b: B, c: C);
endpoint!(a: A, b: B, c: C, d: D);
