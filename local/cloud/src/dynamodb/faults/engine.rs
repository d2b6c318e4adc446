//! The database behind the faults: its own service, or the database itself.

use std::io;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::http::{StatusCode, header, request};
use axum::response::Response;
use dynoxide::Database;
use reqwest::redirect::Policy;

use super::answer;
use super::embedded::answer_call;
use crate::dynamodb::stream::Writes;

/// A request that was read to its end.
pub(in crate::dynamodb) struct EngineRequest {
    pub(in crate::dynamodb) parts: request::Parts,
    pub(in crate::dynamodb) body: Bytes,
}

/// Where the database answers, and what it is called with.
#[derive(Clone)]
pub(in crate::dynamodb) enum Engine {
    Service {
        /// The base URL.
        url: String,
        client: reqwest::Client,
        writes: Arc<Writes>,
    },
    /// The database in the caller's own thread.
    Embedded(Database),
}

impl Engine {
    pub(in crate::dynamodb) fn at(url: String, writes: Arc<Writes>) -> io::Result<Self> {
        // Loopback only, whatever proxy the machine's environment names; and an answer that
        // redirects is the caller's to follow.
        let client = reqwest::Client::builder()
            .no_proxy()
            .redirect(Policy::none())
            .build()
            .map_err(io::Error::other)?;
        Ok(Self::Service {
            url,
            client,
            writes,
        })
    }

    /// Forwards a request. The answer stays as it is.
    pub(in crate::dynamodb) async fn send(&self, request: EngineRequest) -> Response {
        let (url, client, writes) = match self {
            Self::Service {
                url,
                client,
                writes,
            } => (url, client, writes),
            Self::Embedded(database) => {
                let target = request.parts.headers.get("x-amz-target");
                let target = target.and_then(|it| it.to_str().ok()).unwrap_or_default();
                return answer_call(database, target, &request.body);
            }
        };
        let EngineRequest { parts, body } = request;
        let path = parts.uri.path_and_query().map_or("/", |it| it.as_str());
        let mut headers = parts.headers;
        let written = writes.of_call(&headers, &body);
        // These are about the caller's own connection.
        for name in [header::CONNECTION, header::TRANSFER_ENCODING] {
            headers.remove(name);
        }
        let request = client
            .request(parts.method, format!("{url}{path}"))
            .headers(headers)
            .body(body);
        let answer = request.send().await;
        for stream in written {
            stream.send_replace(());
        }
        match answer {
            Ok(response) => axum::http::Response::from(response).map(Body::new),
            Err(error) => {
                let message = format!("The embedded database does not answer: {error}");
                let kind = "com.amazon.coral.service#InternalServerError";
                answer::error(StatusCode::INTERNAL_SERVER_ERROR, kind, &message)
            }
        }
    }
}
