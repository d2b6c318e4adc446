//! Which spans and events are looked at at all.

use tracing::{Level, Metadata};
use tracing_subscriber::filter::{LevelFilter, Targets};

use crate::aws::Env;

/// The crates whose events may be written on demand. Others say nothing that
/// helps, or what must not be written: signatures, requests, bodies.
const FOREIGN: [&str; 4] = [
    "aws_smithy_runtime",
    "aws_smithy_http_client",
    "aws_runtime",
    LAMBDA_RUNTIME,
];
/// The runtime's errors are failures of the function, and always written.
const LAMBDA_RUNTIME: &str = "lambda_runtime";
/// The most that anyone gets to see: at TRACE the SDK writes whole requests
/// and the runtime whole events, tokens included.
const MAX_LEVEL: Level = Level::DEBUG;

/// What is written of what other crates say.
pub(super) struct Filter(Targets);

impl Filter {
    /// Reads `RUST_LOG`, else Lambda's own log level.
    pub(super) fn from_env(env: &Env) -> Self {
        let lambda = env.optional("AWS_LAMBDA_LOG_LEVEL");
        // INFO is what Lambda sets for who set nothing.
        let lambda = lambda.filter(|level| !level.eq_ignore_ascii_case("info"));
        let directives = env.optional("RUST_LOG").or(lambda);
        Self::of(directives.as_deref())
    }

    /// Reads directives such as `debug` or `aws_runtime=debug,warn`; what
    /// can't be read asks for nothing.
    pub(super) fn of(directives: Option<&str>) -> Self {
        let directives = directives.and_then(|it| it.parse().ok());
        Self(directives.unwrap_or_default())
    }

    /// Returns whether an event of another crate is written. Its spans never are.
    pub(super) fn admits(&self, metadata: &Metadata<'_>) -> bool {
        let (target, level) = (metadata.target(), metadata.level());
        let name = crate_of(target);
        metadata.is_event()
            && FOREIGN.contains(&name)
            && *level <= MAX_LEVEL
            && (self.0.would_enable(target, level)
                || name == LAMBDA_RUNTIME && *level == Level::ERROR)
    }

    /// Returns the level above which nothing is written. The shop's own lines
    /// are INFO and WARN.
    pub(super) fn max_level(&self) -> LevelFilter {
        let levels = self.0.iter().map(|(_, level)| level);
        let asked = levels.chain(self.0.default_level()).max();
        let asked = asked.unwrap_or(LevelFilter::OFF);
        asked.clamp(LevelFilter::INFO, LevelFilter::from_level(MAX_LEVEL))
    }
}

/// Returns the fields that are left out of what a crate says.
pub(super) fn withheld(target: &str) -> &'static [&'static str] {
    match crate_of(target) {
        // The error of an event that could not be read quotes the value that
        // was in the way.
        LAMBDA_RUNTIME => &["error", "body"],
        // The function's credentials, of which the SDK hides the secret half.
        _ => &["endpoint_params"],
    }
}

fn crate_of(target: &str) -> &str {
    target.split("::").next().unwrap_or(target)
}
