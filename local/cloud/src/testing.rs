//! Fixtures of this crate's tests: one HTTP request, and functions that are this very test binary
//! started again (see [`child`]).

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

pub(crate) mod child;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::http::HeaderMap;
use bytes::Bytes;
use reqwest::Client;
use serde_json::Value;
use template::{AsynchronousTemplate, FunctionTemplate, RouteTemplate};

use crate::environment::ACCESS_KEY_ID;
use crate::iam::Iam;
use crate::logs::{LogSink, Logs};
use crate::runtime::{Launch, Runtime};

/// An HTTP answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: HeaderMap,
    body: Bytes,
}

impl Answer {
    /// Returns all values of a header, joined with commas; empty if it isn't there.
    pub(crate) fn header(&self, name: &str) -> String {
        let values = self.headers.get_all(name).iter();
        let values: Vec<&str> = values.map(|it| it.to_str().unwrap()).collect();
        values.join(",")
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.to_vec()).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// Sends one request over a connection of its own.
pub(crate) async fn send(
    url: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Answer {
    let client = Client::builder().no_proxy().build().unwrap();
    let mut request = client
        .request(method.parse().unwrap(), format!("{url}{path}"))
        .body(body.to_vec());
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = request.send().await.unwrap();
    Answer {
        status: answer.status().as_u16(),
        headers: answer.headers().clone(),
        body: answer.bytes().await.unwrap(),
    }
}

/// Returns an `Authorization` as SDKs send it, with a signature that nobody checks.
pub(crate) fn authorization(access_key_id: &str) -> String {
    format!(
        "AWS4-HMAC-SHA256 Credential={access_key_id}/20261121/eu-central-1/any/aws4_request, \
         SignedHeaders=host, Signature=0"
    )
}

/// Returns the operator's `Authorization`.
pub(crate) fn operator() -> String {
    authorization(ACCESS_KEY_ID)
}

/// Roles of these functions, and the operator.
pub(crate) fn iam(functions: &[FunctionTemplate], logs: &Logs) -> Arc<Iam> {
    Iam::new(functions, logs).unwrap()
}

/// Makes a function whose process is [`child`].
pub(crate) fn function(name: &str) -> FunctionTemplate {
    FunctionTemplate {
        logical_id: format!("{name}-id"),
        name: format!("stack-{name}"),
        binary: name.to_owned(),
        environment: BTreeMap::new(),
        timeout: Duration::from_secs(20),
        memory_mib: 128,
        reserved_concurrency: None,
        log_group: String::new(),
        role: None,
        routes: vec![RouteTemplate::Default],
        sources: Vec::new(),
        asynchronous: AsynchronousTemplate::default(),
    }
}

/// Says how [`child`] is started, with additions to its environment.
pub(crate) fn launch(function: FunctionTemplate, environment: &[(&str, &str)]) -> Launch {
    let own = [(child::MARK, "1"), ("FROM_TEMPLATE", "yes")];
    Launch {
        function,
        program: std::env::current_exe().unwrap(),
        is_late: false,
        variations: Vec::new(),
        arguments: ["--exact", child::TEST, "--nocapture"]
            .map(str::to_owned)
            .into(),
        environment: own
            .into_iter()
            .chain(environment.iter().copied())
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
    }
}

/// Makes a runtime of such functions, and its log in memory.
pub(crate) fn runtime(launches: Vec<Launch>, instances: usize) -> (Arc<Runtime>, Logs) {
    let logs = Logs::new(&LogSink::Memory);
    (Arc::new(Runtime::new(launches, instances, &logs)), logs)
}
