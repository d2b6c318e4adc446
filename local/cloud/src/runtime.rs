//! Runs the function binaries as Lambda does: separate processes that fetch their requests over
//! the Lambda Runtime API, started on demand, kept warm, and killed when they take too long.
//! <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>

mod api;
mod crash;
mod error;
mod instance;
mod launch;
mod pool;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use template::FunctionTemplate;
use tokio::sync::watch;

use crate::logs::Logs;
pub use error::InvokeError;
pub(crate) use error::MAX_PAYLOAD;
pub(crate) use launch::Launch;
pub use launch::Variation;
use pool::Pool;
pub(crate) use pool::new_trace;

/// How long a caller waits for a free instance of a function, as long as API Gateway does.
pub(crate) const MAX_WAIT: Duration = Duration::from_secs(29);

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

    /// Finds the function of that binary name, function name, logical id or ARN (with or without a
    /// version).
    pub(crate) fn function(&self, name: &str) -> Result<&FunctionTemplate, InvokeError> {
        Ok(&self.pool(name)?.launch().function)
    }

    /// Returns the environment that the function's processes get.
    pub(crate) fn environment(&self, name: &str) -> Result<&BTreeMap<String, String>, InvokeError> {
        Ok(&self.pool(name)?.launch().environment)
    }

    /// Returns the processes of a function that live now.
    pub(crate) fn pids(&self, name: &str) -> Vec<u32> {
        self.pool(name).map(|pool| pool.pids()).unwrap_or_default()
    }

    /// Invokes a function with one payload. Waits at most `wait` for a free instance. The
    /// invocation goes on if the caller gives up, as on Lambda.
    pub(crate) async fn invoke(
        &self,
        name: &str,
        payload: Bytes,
        trace: Option<String>,
        wait: Duration,
    ) -> Result<Bytes, InvokeError> {
        if payload.len() > MAX_PAYLOAD {
            return Err(InvokeError::TooLarge);
        }
        Pool::invoke(self.pool(name)?, payload, trace, wait).await
    }

    /// Returns whether no process starts or has a request.
    pub(crate) fn is_idle(&self) -> bool {
        self.pools.iter().all(|pool| pool.crash().is_idle())
    }

    /// Starts processes without variations from now on.
    pub(crate) fn end_variations(&self) {
        self.pools.iter().for_each(|pool| pool.end_variations());
    }

    /// Kills the processes of a function that start or have a request, and waits until they are
    /// gone. Returns whether there was one. Which process made a call isn't known, so a test that
    /// kills a caller sends one request at a time.
    pub(crate) async fn kill_busy(&self, name: &str) -> bool {
        match self.pool(name) {
            Ok(pool) => pool.crash().kill().await,
            Err(_) => false,
        }
    }

    /// Kills a process of a function at the next thing that it does: when it answers, of which
    /// nobody is told, or at a call, whose service asks [`Runtime::is_kill_due`].
    pub(crate) fn kill_at_next(&self, name: &str) {
        if let Ok(pool) = self.pool(name) {
            pool.crash().kill_at_next();
        }
    }

    /// Returns whether a process of a function is to be killed at the call that it now makes.
    pub(crate) fn is_kill_due(&self, name: &str) -> bool {
        self.pool(name).is_ok_and(|pool| pool.crash().is_due())
    }

    /// Starts one instance of every function that is built and has none, so that one which cannot
    /// start is known before its first request.
    pub(crate) async fn warm(&self) -> Result<(), InvokeError> {
        for pool in &self.pools {
            if pool.is_built() {
                pool.warm().await?;
            }
        }
        Ok(())
    }

    /// Does so with those that are built late, and lets them have the requests that wait.
    pub(crate) async fn use_late(&self) -> Result<(), InvokeError> {
        for pool in &self.pools {
            if !pool.is_built() {
                pool.warm().await?;
                pool.set_built();
            }
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
