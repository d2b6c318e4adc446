//! The one layer that writes lines.

use std::io::Write;

use serde::Serialize;
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::Interest;
use tracing::{Event, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::registry::{LookupSpan, Registry};

use super::filter::{Filter, withheld};
use super::line::{ForeignLine, Layout, Line, LineFields, REQUEST};
use super::metrics::Namespace;
use super::{access, failure, security};
use crate::aws::{Env, FromEnv, StartError};
use crate::values::Timestamp;

/// Every kind of line of the shop's own.
static LAYOUTS: [&Layout; 3] = [&access::LAYOUT, &security::LAYOUT, &failure::LAYOUT];

/// Writes the lines of this process to standard output from here on.
///
/// # Errors
/// When the environment does not name the metrics' namespace.
pub(crate) fn install(env: &Env) -> Result<(), StartError> {
    let layer = Lines {
        namespace: Namespace::from_env(env)?,
        filter: Filter::from_env(env),
        // A log that can't be written is no reason to fail a request.
        write: |line: &[u8]| drop(std::io::stdout().lock().write_all(line)),
    };
    tracing::subscriber::set_global_default(Registry::default().with(layer))
        .map_err(|error| StartError::new(error.to_string()))
}

/// Writes events as lines, and keeps what they need of the request's span.
struct Lines<W> {
    namespace: Namespace,
    filter: Filter,
    /// Takes a line with its line break.
    write: W,
}

impl<W: Fn(&[u8])> Lines<W> {
    fn is_written(&self, metadata: &Metadata<'_>) -> bool {
        match metadata.is_span() {
            true => metadata.target() == REQUEST,
            false => layout_of(metadata).is_some() || self.filter.admits(metadata),
        }
    }

    /// Writes one line. JSON escapes line breaks, so that one line is one event.
    fn line(&self, line: &impl Serialize) {
        if let Ok(mut text) = serde_json::to_vec(line) {
            text.push(b'\n');
            (self.write)(&text);
        }
    }
}

fn layout_of(metadata: &Metadata<'_>) -> Option<&'static Layout> {
    let mut layouts = LAYOUTS.into_iter();
    layouts.find(|it| it.target == metadata.target())
}

impl<S, W> Layer<S> for Lines<W>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: Fn(&[u8]) + 'static,
{
    /// Decides once per callsite: a disabled one costs a comparison.
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        match self.is_written(metadata) {
            true => Interest::always(),
            false => Interest::never(),
        }
    }

    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        self.is_written(metadata)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.filter.max_level())
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if let Some(span) = context.span(id) {
            let mut fields = LineFields::of_request();
            attributes.record(&mut fields);
            span.extensions_mut().insert(fields);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(fields) = span.extensions_mut().get_mut::<LineFields>()
        {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let metadata = event.metadata();
        let span = context.event_span(event);
        let extensions = span.as_ref().map(|span| span.extensions());
        let request = extensions.as_ref().and_then(|it| it.get::<LineFields>());
        let Some(layout) = layout_of(metadata) else {
            let mut fields = LineFields::all_but(withheld(metadata.target()));
            event.record(&mut fields);
            self.line(&ForeignLine {
                time: Timestamp::now(),
                level: metadata.level().as_str(),
                target: metadata.target(),
                request_id: request.and_then(|it| it.get("requestId")),
                message: fields.take("message"),
                fields,
            });
            return;
        };
        if layout.needs_request && request.is_none() {
            return;
        }
        let mut fields = LineFields::of_line(layout);
        event.record(&mut fields);
        self.line(&Line {
            layout,
            event: &fields,
            request,
            namespace: &self.namespace,
        });
    }
}

/// Returns the lines that `work` writes, with this as the variable that asks
/// for what other crates say.
#[cfg(test)]
pub(super) fn written(directives: Option<&str>, work: impl FnOnce()) -> Vec<String> {
    let (subscriber, lines) = recorder(directives);
    tracing::subscriber::with_default(subscriber, work);
    lines()
}

/// Returns a subscriber, and what reads the lines that it has written.
#[cfg(test)]
pub(crate) fn recorder(
    directives: Option<&str>,
) -> (
    impl Subscriber + for<'a> LookupSpan<'a> + Send + Sync,
    impl Fn() -> Vec<String>,
) {
    recorder_of(Filter::of(directives))
}

#[cfg(test)]
fn recorder_of(
    filter: Filter,
) -> (
    impl Subscriber + for<'a> LookupSpan<'a> + Send + Sync,
    impl Fn() -> Vec<String>,
) {
    let written = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let kept = std::sync::Arc::clone(&written);
    let lines = Lines {
        namespace: Namespace::for_tests(),
        filter,
        write: move |line: &[u8]| kept.lock().unwrap().extend_from_slice(line),
    };
    let read = move || {
        let text = String::from_utf8(written.lock().unwrap().clone()).unwrap();
        text.lines().map(str::to_owned).collect()
    };
    (Registry::default().with(lines), read)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tracing::instrument::WithSubscriber;

    use super::*;
    use crate::telemetry::{RequestScope, failure, request_id};

    /// What an SDK, the runtime and a careless line of the shop's own might say.
    fn everything_is_said() {
        let request = RequestScope::new("r1", "GET /", "192.0.2.1", "test");
        let _in_request = request.span().enter();
        let password = "hunter2";
        tracing::error!(target: "lambda_runtime::layers", error = ?password, "unreadable");
        tracing::warn!(target: "aws_smithy_http_client", attempt = 2, poisoned = true, "closed");
        tracing::debug!(target: "aws_smithy_runtime::client", error = "timeout", endpoint_params = password, "retrying");
        tracing::trace!(target: "aws_smithy_runtime::client", password, "transmitting request");
        tracing::error!(target: "aws_smithy_runtime_api", password, "a crate that is not listed");
        tracing::error!(target: "hyper", password, "another");
        tracing::error!(password, "of no kind of line");
        tracing::warn!(target: "shop::failure", event = "it-failed", error = "e", password, "{password}");
        tracing::info!(target: "shop::access", method = "GET", email = password);
        let span = tracing::error_span!(target: "aws_smithy_runtime", "try_attempt", password);
        let _in_attempt = span.enter();
        let again = tracing::info_span!(target: "shop::request", "request", password);
        let _in_again = again.enter();
        failure("nested", "e");
    }

    /// The members of each line, but for the time.
    fn said(directives: Option<&str>) -> Vec<String> {
        let lines = written(directives, everything_is_said);
        let lines = lines.iter().map(|line| {
            assert!(
                !line.contains("hunter2") && !line.contains("password"),
                "{line}"
            );
            let (_, rest) = line.split_once(r#"Z","#).unwrap();
            rest.split(r#","_aws""#).next().unwrap().to_owned()
        });
        lines.collect()
    }

    const RUNTIME: &str = concat!(
        r#""level":"ERROR","target":"lambda_runtime::layers","requestId":"r1","#,
        r#""message":"unreadable","fields":{}}"#,
    );
    const WARNING: &str = concat!(
        r#""level":"WARN","target":"aws_smithy_http_client","requestId":"r1","#,
        r#""message":"closed","fields":{"attempt":2,"poisoned":true}}"#,
    );
    const RETRY: &str = concat!(
        r#""level":"DEBUG","target":"aws_smithy_runtime::client","requestId":"r1","#,
        r#""message":"retrying","fields":{"error":"timeout"}}"#,
    );
    const OWN: [&str; 3] = [
        r#""event":"it-failed","requestId":"r1","error":"e"}"#,
        concat!(
            r#""requestId":"r1","route":"GET /","method":"GET","#,
            r#""sourceIp":"192.0.2.1","userAgent":"test","Latency":0"#,
        ),
        r#""event":"nested","error":"e"}"#,
    ];

    #[test]
    fn what_is_not_listed_is_not_written() {
        assert_eq!(said(None), [&[RUNTIME], OWN.as_slice()].concat());
    }

    #[test]
    fn what_the_sdk_says_is_written_on_demand_and_never_what_it_traces() {
        let both = [&[RUNTIME, WARNING], OWN.as_slice()].concat();
        let all = [&[RUNTIME, WARNING, RETRY], OWN.as_slice()].concat();
        for (directives, expected) in [
            ("warn", &both),
            ("INFO", &both),
            ("aws_smithy_http_client=debug", &both),
            ("debug", &all),
            ("TRACE", &all),
            ("aws_smithy_runtime=trace,warn", &all),
        ] {
            assert_eq!(&said(Some(directives)), expected, "{directives}");
        }
        for nothing in ["", "off", "=,=", "FATAL"] {
            assert_eq!(said(Some(nothing)).len(), 4, "{nothing}");
        }
    }

    #[test]
    fn the_variable_of_lambda_counts_where_rust_log_is_not_set() {
        for (rust_log, lambda, lines) in [
            ("", "", 4),
            // Set by Lambda itself where nobody asked for anything.
            ("", "INFO", 4),
            ("", "DEBUG", 6),
            ("warn", "DEBUG", 5),
        ] {
            let env = Env::of(move |name| match name {
                "RUST_LOG" => Some(rust_log.to_owned()),
                "AWS_LAMBDA_LOG_LEVEL" => Some(lambda.to_owned()),
                _ => Some("any".to_owned()),
            });
            let (subscriber, read) = recorder_of(Filter::from_env(&env.unwrap()));
            tracing::subscriber::with_default(subscriber, everything_is_said);
            assert_eq!(read().len(), lines, "{rust_log} {lambda}");
        }
    }

    #[test]
    fn what_nobody_reads_is_switched_off_where_it_is_said() {
        fn max_level(directives: Option<&str>) -> LevelFilter {
            let (subscriber, _) = recorder(directives);
            subscriber.max_level_hint().unwrap()
        }
        assert_eq!(max_level(None), LevelFilter::INFO);
        assert_eq!(max_level(Some("error")), LevelFilter::INFO);
        assert_eq!(max_level(Some("aws_runtime=debug")), LevelFilter::DEBUG);
        assert_eq!(max_level(Some("trace")), LevelFilter::DEBUG);
        written(None, || {
            assert!(!tracing::enabled!(target: "aws_smithy_runtime", tracing::Level::ERROR));
            let span = tracing::info_span!(target: "lambda_runtime", "Lambda runtime invoke");
            assert!(span.is_disabled());
        });
    }

    /// Tells when a span ends.
    struct Ends(Arc<std::sync::Mutex<u32>>);

    impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Ends {
        fn on_close(&self, _: Id, _: Context<'_, S>) {
            *self.0.lock().unwrap() += 1;
        }
    }

    #[tokio::test]
    async fn nothing_of_a_request_outlives_it() {
        let (subscriber, lines) = recorder(None);
        let ended = Arc::default();
        let subscriber = subscriber.with(Ends(Arc::clone(&ended)));
        let requests = async {
            for id in ["r1", "r2"] {
                let scope = Arc::new(RequestScope::of_event(id));
                scope.enter(async { failure(id_of(), "e") }).await;
                failure("between", "e");
            }
        };
        requests.with_subscriber(subscriber).await;
        assert_eq!(*ended.lock().unwrap(), 2);
        let lines = lines();
        let ids = lines.iter().map(|line| {
            let line: serde_json::Value = serde_json::from_str(line).unwrap();
            line["requestId"].as_str().map(str::to_owned)
        });
        let expected = [Some("r1"), None, Some("r2"), None];
        assert_eq!(
            Vec::from_iter(ids),
            expected.map(|it| it.map(str::to_owned))
        );
    }

    fn id_of() -> &'static str {
        assert_ne!(request_id(), "operator");
        "within"
    }
}
