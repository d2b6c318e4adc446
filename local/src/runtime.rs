//! Runs the function binaries as Lambda does: separate processes that fetch their requests over
//! the Lambda Runtime API, started on demand, kept warm, and killed when they take too long.
//! <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>

mod api;
mod instance;
mod pool;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde_json::json;
use tokio::sync::watch;

use crate::logs::Logs;
use crate::template::FunctionTemplate;
use pool::Pool;
pub(crate) use pool::new_trace;

/// The largest payload of a synchronous invocation and of its answer, in bytes.
/// <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>
pub const MAX_PAYLOAD: usize = 6 * 1024 * 1024;

/// Why an invocation gave no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InvokeError {
    /// There is no such function.
    UnknownFunction(String),
    /// The request is larger than [`MAX_PAYLOAD`].
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
    /// The answer is larger than [`MAX_PAYLOAD`].
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
    /// The payload that Lambda's Invoke API gives for an error of the function, or `None` if
    /// Lambda itself refused the call.
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

/// How one function is started.
#[derive(Debug, Clone)]
pub(crate) struct Launch {
    /// The function as the template has it.
    pub(crate) function: FunctionTemplate,
    /// Its binary.
    pub(crate) program: PathBuf,
    /// Arguments of the binary: none, but in tests.
    pub(crate) arguments: Vec<String>,
    /// The process's whole environment, but for what differs between instances.
    pub(crate) environment: BTreeMap<String, String>,
}

/// All functions and their instances.
#[derive(Debug)]
pub(crate) struct Runtime {
    pools: Vec<Arc<Pool>>,
    stop: watch::Sender<bool>,
}

impl Runtime {
    /// Takes the functions without starting any: instances are made on demand. At most
    /// `instances` processes run for one function.
    pub(crate) fn new(launches: Vec<Launch>, instances: usize, logs: &Logs) -> Self {
        let (stop, stopping) = watch::channel(false);
        let pools = launches
            .into_iter()
            .map(|launch| Arc::new(Pool::new(launch, instances, logs.clone(), stopping.clone())))
            .collect();
        Self { pools, stop }
    }

    /// The function of that binary name, function name, logical id or ARN (with or without a
    /// version).
    pub(crate) fn function(&self, name: &str) -> Result<&FunctionTemplate, InvokeError> {
        Ok(&self.pool(name)?.launch().function)
    }

    /// The environment that the function's processes get.
    pub(crate) fn environment(&self, name: &str) -> Result<&BTreeMap<String, String>, InvokeError> {
        Ok(&self.pool(name)?.launch().environment)
    }

    /// The processes of a function that live now.
    pub(crate) fn pids(&self, name: &str) -> Vec<u32> {
        self.pool(name).map(|pool| pool.pids()).unwrap_or_default()
    }

    /// Has the function handle one payload. Waits at most `patience` for a free instance. The
    /// invocation goes on if the caller gives up, as on Lambda.
    pub(crate) async fn invoke(
        &self,
        name: &str,
        payload: Bytes,
        trace: Option<String>,
        patience: Duration,
    ) -> Result<Bytes, InvokeError> {
        if payload.len() > MAX_PAYLOAD {
            return Err(InvokeError::TooLarge);
        }
        Pool::invoke(self.pool(name)?, payload, trace, patience).await
    }

    /// Starts one instance of every function that has none, so that one which cannot start is
    /// known before its first request.
    pub(crate) async fn warm(&self) -> Result<(), InvokeError> {
        for pool in &self.pools {
            pool.warm().await?;
        }
        Ok(())
    }

    /// Ends every process and waits until they are gone.
    pub(crate) async fn stop(&self) {
        let _ = self.stop.send(true);
        for pool in &self.pools {
            pool.stop().await;
        }
    }

    fn pool(&self, name: &str) -> Result<&Arc<Pool>, InvokeError> {
        // arn:aws:lambda:<region>:<account>:function:<name>[:<version>]
        let plain = match name.split(':').collect::<Vec<_>>().as_slice() {
            ["arn", _, "lambda", _, _, "function", plain, ..] => (*plain).to_owned(),
            [plain, _version] => (*plain).to_owned(),
            _ => name.to_owned(),
        };
        self.pools
            .iter()
            .find(|pool| {
                let function = &pool.launch().function;
                [&function.binary, &function.name, &function.logical_id].contains(&&plain)
            })
            .ok_or_else(|| InvokeError::UnknownFunction(name.to_owned()))
    }
}
