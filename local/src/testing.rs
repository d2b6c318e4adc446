//! What the tests of this crate share: a small HTTP client, and functions that are this very
//! test binary started again (see [`child`]).

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

pub(crate) mod child;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::environment::ACCESS_KEY_ID;
use crate::iam::Iam;
use crate::logs::{LogSink, Logs};
use crate::runtime::{Launch, Runtime};
use crate::template::{FunctionTemplate, RouteTemplate};

/// An HTTP answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// All values of a header, joined with commas; empty if it isn't there.
    pub(crate) fn header(&self, name: &str) -> String {
        let values: Vec<&str> = self
            .headers
            .iter()
            .filter(|(header, _)| header == name)
            .map(|(_, value)| value.as_str())
            .collect();
        values.join(",")
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
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
    let host = url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(host).await.unwrap();
    let mut head = format!("{method} {path} HTTP/1.1\r\nconnection: close\r\n");
    if !headers.iter().any(|(name, _)| *name == "host") {
        head.push_str(&format!("host: {host}\r\n"));
    }
    if !body.is_empty() || method == "POST" {
        head.push_str(&format!("content-length: {}\r\n", body.len()));
    }
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    stream
        .write_all(format!("{head}\r\n").as_bytes())
        .await
        .unwrap();
    stream.write_all(body).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();

    let end = answer.windows(4).position(|it| it == b"\r\n\r\n").unwrap();
    let head = String::from_utf8(answer[..end].to_vec()).unwrap();
    let mut lines = head.split("\r\n");
    let status = lines
        .next()
        .unwrap()
        .split(' ')
        .nth(1)
        .unwrap()
        .parse()
        .unwrap();
    let headers: Vec<(String, String)> = lines
        .map(|line| line.split_once(": ").unwrap())
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    let answer = Answer {
        status,
        headers,
        body: answer[end + 4..].to_vec(),
    };
    assert_eq!(
        answer.header("transfer-encoding"),
        "",
        "chunks are not understood here"
    );
    answer
}

/// An `Authorization` as SDKs send it, with a signature that nobody checks.
pub(crate) fn authorization(access_key_id: &str) -> String {
    format!(
        "AWS4-HMAC-SHA256 Credential={access_key_id}/20261121/eu-central-1/any/aws4_request, \
         SignedHeaders=host, Signature=0"
    )
}

/// The operator's `Authorization`.
pub(crate) fn operator() -> String {
    authorization(ACCESS_KEY_ID)
}

/// Roles of these functions, and the operator.
pub(crate) fn iam(functions: &[FunctionTemplate], logs: &Logs) -> Arc<Iam> {
    Iam::new(functions, logs).unwrap()
}

/// A function whose process is [`child`].
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
    }
}

/// How [`child`] is started, with additions to its environment.
pub(crate) fn launch(function: FunctionTemplate, environment: &[(&str, &str)]) -> Launch {
    let own = [(child::MARK, "1"), ("FROM_TEMPLATE", "yes")];
    Launch {
        function,
        program: std::env::current_exe().unwrap(),
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

/// A runtime of such functions, and its log in memory.
pub(crate) fn runtime(launches: Vec<Launch>, instances: usize) -> (Arc<Runtime>, Logs) {
    let logs = Logs::open(&LogSink::Memory).unwrap();
    (Arc::new(Runtime::new(launches, instances, &logs)), logs)
}
