//! From a handler to a Lambda function: the start, the loop, the one place
//! that logs a failure and the net under a panic.

use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

use futures_util::FutureExt;
use lambda_runtime::{Context, Diagnostic, LambdaEvent, service_fn};

use crate::auth::Authenticator;
use crate::call::{Call, Endpoint};
use crate::env::{Env, FromEnv, StartError};
use crate::event::{GatewayResponse, Request};
use crate::extract::TimeLeft;
use crate::journal::{Event, Journal};
use crate::limit::AdminNetworks;
use crate::log;
use crate::metrics::Namespace;
use crate::problem::Problem;
use crate::reply::Response;
use crate::store::limits::RateLimiter;
use crate::text::Word;

/// Runs a handler as a Lambda function behind API Gateway, until Lambda ends
/// the process.
///
/// The handler's signature is its specification: who may call, what is taken
/// from the request, what comes back and whether it may be cached. Its last
/// argument is its state, made here once from the environment.
///
/// # Errors
/// When the environment lacks something that the handler's arguments need.
pub fn serve<H, Args>(handler: H) -> Result<(), StartError>
where
    H: Endpoint<Args>,
{
    runtime()?.block_on(async {
        let env = Env::of_process()?;
        let function = Function {
            authenticator: Authenticator::from_env(&env, H::NEEDS)?,
            limiter: Some(RateLimiter::from_env(&env)?),
            admin_networks: AdminNetworks::from_env(&env),
            namespace: Namespace::from_env(&env)?,
            state: H::State::from_env(&env)?,
            handler,
            cold: AtomicBool::new(true),
        };
        function.warm().await;
        let function = &function;
        let answer = |event: LambdaEvent<Request>| async move {
            let response = function.answer(&event.payload, &event.context).await;
            Ok::<_, lambda_runtime::Error>(GatewayResponse::from(response))
        };
        lambda_runtime::run(service_fn(answer))
            .await
            .map_err(|error| StartError::new(error.to_string()))
    })
}

/// Runs a handler of events that no browser sends, until Lambda ends the
/// process. A problem fails the event, so that its sender tries again.
///
/// # Errors
/// When the environment lacks something that the handler's state needs.
pub fn serve_events<E, S, Fut>(handler: impl Fn(E, S) -> Fut) -> Result<(), StartError>
where
    E: for<'de> serde::Deserialize<'de>,
    S: FromEnv,
    Fut: Future<Output = Result<(), Problem>>,
{
    runtime()?.block_on(async {
        let env = Env::of_process()?;
        let state = S::from_env(&env)?;
        let (handler, state) = (&handler, &state);
        let handle = |event: LambdaEvent<E>| async move {
            let done = handler(event.payload, state.clone()).await;
            done.map_err(|problem| {
                let text = match problem.cause() {
                    Some(cause) => log::causes(cause),
                    None => format!("{problem:?}"),
                };
                log::failure("event-failed", &text);
                // Otherwise the runtime reports the name of a Rust type as the error.
                Diagnostic {
                    error_type: "event-failed".to_owned(),
                    error_message: text,
                }
            })
        };
        lambda_runtime::run(service_fn(handle))
            .await
            .map_err(|error| StartError::new(error.to_string()))
    })
}

/// One thread: a Lambda instance handles one request at a time, and a second
/// thread costs two thirds more CPU.
fn runtime() -> Result<tokio::runtime::Runtime, StartError> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| StartError::new(error.to_string()))
}

/// A handler with all that outlives a request.
struct Function<H, S> {
    handler: H,
    state: S,
    authenticator: Option<Authenticator>,
    limiter: Option<RateLimiter>,
    admin_networks: AdminNetworks,
    namespace: Namespace,
    cold: AtomicBool,
}

impl<H, S: FromEnv> Function<H, S> {
    async fn warm(&self) {
        let authenticator = async {
            if let Some(authenticator) = &self.authenticator {
                authenticator.warm().await;
            }
        };
        tokio::join!(authenticator, self.state.warm());
    }

    async fn answer<Args>(&self, request: &Request, context: &Context) -> Response
    where
        H: Endpoint<Args, State = S>,
    {
        let started = Instant::now();
        let id = request_id(request, context);
        let time_left = TimeLeft::of(until(context.deadline));
        let journal = Journal::new(id, &request.request_context, &self.namespace);
        let authenticator = self.authenticator.as_ref();
        let limiter = self.limiter.as_ref();
        let call = Call::new(request, authenticator, limiter, time_left, journal);
        let handled = AssertUnwindSafe(self.handle(&call)).catch_unwind();
        // Better our 503, which says when to come back, than the gateway's after
        // Lambda has ended the process.
        let handled = match tokio::time::timeout(time_left.to_work(), handled).await {
            Ok(Ok(handled)) => handled,
            Ok(Err(_)) => Err(Problem::internal("the handler panicked")),
            Err(elapsed) => Err(Problem::unavailable(elapsed)),
        };
        let mut error = None;
        let response = handled.unwrap_or_else(|problem| {
            error = problem.cause().map(log::causes);
            note_refusal(&call, &problem);
            Response::problem(problem, id)
        });
        let principal = call.principal();
        log::write(&log::Access {
            request_id: id,
            route: &request.request_context.route_key,
            method: &request.request_context.http.method,
            status: response.status(),
            code: response.code(),
            duration: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
            source_ip: call.journal().source_ip(),
            user_agent: call.journal().user_agent(),
            user_id: principal.map(|p| p.user_id.as_str()),
            role: principal.map(|p| p.role.as_str()),
            cold_start: self.cold.swap(false, Ordering::Relaxed),
            error,
            namespace: &self.namespace,
        });
        response.metered(call.quota()).identified(id)
    }

    /// The handler's answer, if the general limit and the networks admit the
    /// request. Both are asked at once: see [`Call::admitted`].
    async fn handle<Args>(&self, call: &Call<'_>) -> Result<Response, Problem>
    where
        H: Endpoint<Args, State = S>,
    {
        let handled = async {
            let context = &call.request().request_context;
            let from = &context.http.source_ip;
            if !self.admin_networks.admit(&context.route_key, from) {
                return Err(Problem::AddressRefused);
            }
            self.handler.call(call, self.state.clone()).await
        };
        let handled = async { Ok(handled.await) };
        // A refusal ends the handler where it waits.
        let ((), handled) = tokio::try_join!(call.admit(), handled)?;
        handled
    }
}

/// Writes down what a refusal says about its caller.
fn note_refusal(call: &Call<'_>, problem: &Problem) {
    let user = call.principal().map(|principal| &principal.user_id);
    let event = match problem {
        Problem::Forbidden => Event::PermissionDenied(user),
        Problem::AddressRefused => Event::AddressRefused,
        Problem::BadToken => Event::TokenRefused(user),
        Problem::RateLimited { scope, quota } => {
            call.metered(*quota);
            Event::LimitReached(scope)
        }
        _ => return,
    };
    call.journal().note(&event);
}

/// The gateway's id of the request, which its own log has too; Lambda's where
/// there is none.
fn request_id<'a>(request: &'a Request, context: &'a Context) -> &'a str {
    if request.request_context.request_id.is_empty() {
        &context.request_id
    } else {
        &request.request_context.request_id
    }
}

/// From now to a deadline in milliseconds since 1970.
fn until(deadline: u64) -> Duration {
    let now = SystemTime::UNIX_EPOCH
        .elapsed()
        .unwrap_or_default()
        .as_millis();
    let now = u64::try_from(now).unwrap_or(u64::MAX);
    Duration::from_millis(deadline.saturating_sub(now))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reply::NoContent;

    fn function<H>(handler: H) -> Function<H, ()> {
        Function {
            handler,
            state: (),
            authenticator: None,
            limiter: None,
            admin_networks: AdminNetworks::default(),
            namespace: Namespace::for_tests(),
            cold: AtomicBool::new(true),
        }
    }

    async fn buggy((): ()) -> Result<NoContent, Problem> {
        panic!("a bug")
    }

    async fn fine((): ()) -> Result<NoContent, Problem> {
        Ok(NoContent)
    }

    async fn stuck((): ()) -> Result<NoContent, Problem> {
        std::future::pending().await
    }

    /// A call that may take so long.
    fn context(milliseconds: u64) -> Context {
        let mut context = Context::default();
        let now = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_millis();
        context.deadline = u64::try_from(now).unwrap() + milliseconds;
        context
    }

    #[tokio::test]
    async fn a_handler_that_takes_too_long_is_a_503_while_there_is_time_to_say_so() {
        let answer = function(stuck)
            .answer(&Request::default(), &context(600))
            .await;
        assert_eq!(answer.status(), 503);
        assert_eq!(answer.header("retry-after"), Some("1"));
    }

    #[tokio::test]
    async fn a_panic_is_a_500_that_tells_nothing_and_the_process_lives_on() {
        let (request, context) = (Request::default(), context(10_000));
        let buggy = function(buggy);
        for _ in 0..2 {
            let answer = buggy.answer(&request, &context).await;
            assert_eq!(answer.status(), 500);
            assert_eq!(answer.header("cache-control"), Some("no-store"));
            assert!(!answer.body().contains("bug"), "{}", answer.body());
        }
    }

    #[tokio::test]
    async fn an_answer_carries_the_gateways_id_of_its_request() {
        let mut request = Request::default();
        request.request_context.request_id = "from-the-gateway".into();
        let answer = function(fine).answer(&request, &context(10_000)).await;
        assert_eq!(answer.header("x-request-id"), Some("from-the-gateway"));
    }

    /// What a handler came to do.
    #[derive(Clone, Default)]
    struct Done(std::sync::Arc<AtomicBool>);

    impl FromEnv for Done {
        fn from_env(_: &Env) -> Result<Self, StartError> {
            Ok(Self::default())
        }
    }

    async fn acts(done: Done) -> Result<NoContent, Problem> {
        done.0.store(true, Ordering::Relaxed);
        Ok(NoContent)
    }

    #[tokio::test]
    async fn nothing_is_done_before_the_limit_has_admitted_the_request() {
        let tables = crate::testing::tables().await;
        let most = RateLimiter::from_env(&tables.env).unwrap();
        let address = crate::limit::Address::of("192.0.2.1");
        while most.admit(&address).await.is_ok() {}
        for (method, source_ip, status, acted) in [
            ("POST", "192.0.2.2", 204, true),
            ("POST", "192.0.2.1", 429, false),
            ("PUT", "192.0.2.1", 429, false),
            // Reading does no harm, and saves the wait; it answers nothing.
            ("GET", "192.0.2.1", 429, true),
        ] {
            let done = Done::default();
            // A process of its own: it must ask the table before it knows.
            let function = Function {
                handler: acts,
                state: done.clone(),
                authenticator: None,
                limiter: Some(RateLimiter::from_env(&tables.env).unwrap()),
                admin_networks: AdminNetworks::default(),
                namespace: Namespace::for_tests(),
                cold: AtomicBool::new(true),
            };
            let mut request = Request::default();
            request.request_context.http.method = method.to_owned();
            request.request_context.http.source_ip = source_ip.to_owned();
            let answer = function.answer(&request, &context(10_000)).await;
            assert_eq!(answer.status(), status, "{method}");
            assert_eq!(done.0.load(Ordering::Relaxed), acted, "{method}");
        }
    }

    #[test]
    fn a_deadline_that_has_passed_leaves_no_time() {
        assert_eq!(until(0), Duration::ZERO);
        let far = until(4_000_000_000_000);
        assert!(far > Duration::from_secs(3600));
    }

    #[test]
    fn an_event_is_read_whatever_is_missing_from_it_or_odd_in_it() {
        for event in [
            "{}",
            r#"{"rawPath":"/%zz/\u0000","headers":{"x":"\u0001","host":"not a host"}}"#,
            r#"{"unknown":[1,2],"body":"%%%","isBase64Encoded":true}"#,
            r#"{"headers":null,"pathParameters":null,"rawQueryString":null,"body":null}"#,
            r#"{"requestContext":{"http":{"userAgent":null},"requestId":null}}"#,
        ] {
            let request: Request = serde_json::from_str(event).unwrap();
            assert!(request.header("authorization").is_none());
        }
    }
}
