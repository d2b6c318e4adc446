//! Clients of AWS whose network and clock are a simulation's.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::SystemTime;

use aws_sdk_dynamodb::config::http::{HttpRequest, HttpResponse};
use aws_sdk_dynamodb::config::retry::{RetryPartition, TokenBucket};
use aws_sdk_dynamodb::config::{Builder, RuntimeComponents};
use aws_smithy_async::time::TimeSource;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::result::ConnectorError;

use crate::values::clock;

/// What DynamoDB answers: a status and a body, or nothing, if the connection
/// broke.
pub type Answer = Pin<Box<dyn Future<Output = Option<(u16, Vec<u8>)>> + Send>>;

/// What stands between one process and DynamoDB.
pub trait Network: Send + Sync {
    /// Carries a call, whose target is such as `DynamoDB_20120810.GetItem`.
    fn call(&self, target: String, body: Vec<u8>) -> Answer;
}

/// The network of the clients of one process.
#[derive(Clone)]
pub(crate) struct SimulatedClient(Arc<dyn Network>);

impl SimulatedClient {
    pub(super) fn new(network: impl Network + 'static) -> Self {
        Self(Arc::new(network))
    }

    /// Sets what would reach outside of the simulation, or beyond the process:
    /// all clients of a real process share one bucket of retries.
    pub(super) fn configure(&self, config: &mut Builder) {
        let retries = RetryPartition::custom("simulated");
        let retries = retries.token_bucket(TokenBucket::default()).build();
        config.set_retry_partition(Some(retries));
        config.set_http_client(Some(aws_sdk_dynamodb::config::SharedHttpClient::new(
            self.clone(),
        )));
        config.set_time_source(Some(aws_smithy_async::time::SharedTimeSource::new(
            SimulatedTime,
        )));
    }
}

impl fmt::Debug for SimulatedClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SimulatedClient")
    }
}

impl HttpClient for SimulatedClient {
    fn http_connector(
        &self,
        _: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for SimulatedClient {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        let body = request.body().bytes().unwrap_or_default();
        let answer = self.0.call(target.to_owned(), body.to_vec());
        HttpConnectorFuture::new(async move {
            let broken = || ConnectorError::io("the connection broke".into());
            let (status, body) = answer.await.ok_or_else(broken)?;
            let status = status.try_into().map_err(|_| broken())?;
            Ok(HttpResponse::new(status, body.into()))
        })
    }
}

/// The wall clock of the process that asks.
#[derive(Debug)]
struct SimulatedTime;

impl TimeSource for SimulatedTime {
    fn now(&self) -> SystemTime {
        clock::wall()
    }
}
