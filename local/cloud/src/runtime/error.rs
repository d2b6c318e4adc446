//! Why an invocation gave no answer.

use std::fmt;
use std::time::Duration;

use serde_json::json;

/// The largest payload of a synchronous invocation and of its answer, in bytes.
/// <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>
pub(crate) const MAX_PAYLOAD: usize = 6 * 1024 * 1024;

/// Why an invocation gave no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InvokeError {
    /// There is no such function.
    UnknownFunction(String),
    /// The request is larger than the 6 MB that Lambda takes.
    TooLarge,
    /// The function's reserved concurrency is used up; with 0, the function is switched off.
    Throttled {
        /// The function's name.
        function: String,
    },
    /// Every instance that the local cloud allows was busy for as long as the caller would wait.
    Busy {
        /// The function's name.
        function: String,
    },
    /// The function's process could not start, or ended before it asked for its first request.
    Init {
        /// The function's name.
        function: String,
        /// What happened, and the last line that the process wrote.
        reason: String,
    },
    /// The process ended, or broke the Runtime API, in the middle of a request.
    Crashed {
        /// The function's name.
        function: String,
        /// What happened, and the last line that the process wrote.
        reason: String,
    },
    /// The function took longer than its `Timeout`; its process was killed.
    TimedOut {
        /// The function's name.
        function: String,
        /// The function's `Timeout`.
        timeout: Duration,
    },
    /// The function reported an error instead of an answer.
    Failed {
        /// The function's name.
        function: String,
        /// The error as the function reported it, normally `{"errorType", "errorMessage"}`.
        payload: Vec<u8>,
    },
    /// The answer is larger than the 6 MB that Lambda takes.
    ResponseTooLarge {
        /// The function's name.
        function: String,
    },
    /// The local cloud is stopping.
    Stopping,
}

impl fmt::Display for InvokeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownFunction(name) => write!(f, "there is no function {name}"),
            Self::TooLarge => write!(f, "the payload is larger than {MAX_PAYLOAD} bytes"),
            Self::Throttled { function } => {
                write!(f, "{function} has no reserved concurrency left")
            }
            Self::Busy { function } => write!(f, "all instances of {function} are busy"),
            Self::Init { function, reason } => write!(f, "{function} did not start: {reason}"),
            Self::Crashed { function, reason } => {
                write!(f, "{function} died during a request: {reason}")
            }
            Self::TimedOut { function, timeout } => write!(
                f,
                "{function} timed out after {:.2} seconds",
                timeout.as_secs_f64()
            ),
            Self::Failed { function, payload } => write!(
                f,
                "{function} reported an error: {}",
                String::from_utf8_lossy(payload)
            ),
            Self::ResponseTooLarge { function } => {
                write!(f, "{function} answered more than {MAX_PAYLOAD} bytes")
            }
            Self::Stopping => f.write_str("the local cloud is stopping"),
        }
    }
}

impl std::error::Error for InvokeError {}

impl InvokeError {
    /// Returns the payload that Lambda's Invoke API gives for an error of the function, or `None`
    /// if Lambda itself refused the call.
    pub(crate) fn function_error(&self) -> Option<Vec<u8>> {
        let kind = match self {
            Self::UnknownFunction(_)
            | Self::TooLarge
            | Self::Throttled { .. }
            | Self::Busy { .. }
            | Self::Stopping => return None,
            Self::Failed { payload, .. } => return Some(payload.clone()),
            Self::Init { .. } => "Runtime.InitError",
            Self::Crashed { .. } => "Runtime.ExitError",
            Self::TimedOut { .. } => "Sandbox.Timedout",
            Self::ResponseTooLarge { .. } => "Function.ResponseSizeTooLarge",
        };
        let payload = json!({ "errorType": kind, "errorMessage": self.to_string() });
        Some(payload.to_string().into_bytes())
    }
}
