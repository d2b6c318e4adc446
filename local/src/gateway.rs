//! The HTTP API of the template, and beside it Lambda's Invoke API.

mod answer;
mod cors;
mod event;
mod invoke;
mod problem;
mod routes;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::Response;
use axum::routing::post;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use url::Url;

use crate::clock;
use crate::logs::Logs;
use crate::runtime::{Runtime, new_trace};
use crate::template::{ApiCors, Template};
use event::Circumstances;
use problem::Problem;
use routes::{DecodedPath, Routes};

/// How long an HTTP API waits for a function. Lambda's own limit per function is shorter.
const PATIENCE: Duration = Duration::from_secs(29);
/// The largest body that an HTTP API takes, in bytes.
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html>
const MAX_BODY: usize = 10 * 1024 * 1024;
/// How much of a body that is too large is read and thrown away, in bytes, so that the client
/// hears the answer instead of a connection that breaks while it still sends.
const MAX_DISCARDED: usize = 64 * 1024 * 1024;
/// The largest request line and headers together, in bytes.
const MAX_HEADERS: usize = 10_240;

/// What the gateway needs to answer a request.
pub(crate) struct Gateway {
    runtime: Arc<Runtime>,
    routes: Routes,
    cors: Option<ApiCors>,
    logs: Logs,
}

impl Gateway {
    /// The gateway of a template. It does not throttle, as the template's limits would have it
    /// on AWS: a laptop is slower than they are.
    pub(crate) fn router(template: &Template, runtime: Arc<Runtime>, logs: Logs) -> Router {
        let gateway = Arc::new(Self {
            runtime,
            routes: Routes::new(&template.functions),
            cors: template.cors.clone(),
            logs,
        });
        Router::new()
            .route(
                "/2015-03-31/functions/{name}/invocations",
                post(invoke::invoke),
            )
            .fallback(handle)
            .with_state(gateway)
    }

    /// The whole life of a request, but for CORS.
    async fn answer(
        &self,
        source: SocketAddr,
        request: Request,
        id: &str,
    ) -> Result<Response, Problem> {
        let (parts, body) = request.into_parts();
        if size(&parts.method, &parts.uri, &parts.headers) > MAX_HEADERS {
            return Err(Problem::HeadersTooLarge);
        }
        // API Gateway only takes requests for its own domain; a host that is none would
        // otherwise become a part of the URL that functions see.
        let path = DecodedPath::parse(parts.uri.path())
            .filter(|_| has_plain_host(&parts.headers))
            .ok_or(Problem::Malformed)?;
        let body = read(body).await?;
        let route = self
            .routes
            .find(parts.method.as_str(), &path)
            .ok_or(Problem::NotFound)?;
        let trace = new_trace();
        let event = event::build(
            &parts,
            &body,
            &Circumstances {
                route: &route,
                path: &path,
                source: source.ip(),
                request_id: id,
                trace: &trace,
                now: clock::now(),
            },
        );
        let event = Bytes::from(event.to_string());
        let invocation = self
            .runtime
            .invoke(route.function, event, Some(trace), PATIENCE);
        let answer = tokio::time::timeout(PATIENCE, invocation)
            .await
            .map_err(|_| Problem::Timeout)?
            .map_err(|error| {
                self.logs
                    .line("gateway", &format!("{}: {error}", route.key));
                Problem::from(&error)
            })?;
        answer::read(&answer).map_err(|reason| {
            self.logs
                .line("gateway", &format!("{}: {reason}", route.key));
            Problem::BadGateway
        })
    }
}

async fn handle(
    State(gateway): State<Arc<Gateway>>,
    ConnectInfo(source): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    let id = request_id();
    let method = request.method().clone();
    // Only what CORS asks for; the request itself goes to the function.
    let mut asked = HeaderMap::new();
    for name in [header::ORIGIN, header::ACCESS_CONTROL_REQUEST_METHOD] {
        for value in request.headers().get_all(&name) {
            asked.append(name.clone(), value.clone());
        }
    }
    if let Some(cors) = &gateway.cors
        && cors::is_preflight(&method, &asked)
    {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NO_CONTENT;
        problem::secure(response.headers_mut(), &id);
        cors::answer_preflight(cors, &asked, response.headers_mut());
        return response;
    }
    let mut response = gateway
        .answer(source, request, &id)
        .await
        .unwrap_or_else(|problem| problem.into_response(&id));
    if let Some(cors) = &gateway.cors {
        cors::answer_actual(cors, &asked, response.headers_mut());
    }
    if let Ok(id) = HeaderValue::from_str(&id) {
        response
            .headers_mut()
            .insert(HeaderName::from_static("apigw-requestid"), id);
    }
    response
}

/// A request id of API Gateway's form: sixteen characters of Base64, the last one `=`.
fn request_id() -> String {
    let random = uuid::Uuid::new_v4().into_bytes();
    STANDARD.encode(random.get(..11).unwrap_or_default())
}

/// Bytes of the request line and the headers as sent.
fn size(method: &Method, uri: &Uri, headers: &HeaderMap) -> usize {
    let path = uri.path_and_query().map_or(0, |path| path.as_str().len());
    let line = method.as_str().len() + path + " HTTP/1.1\r\n".len() + 1;
    let headers: usize = headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len() + ": \r\n".len())
        .sum();
    line + headers
}

/// Whether the `Host` header is a host and perhaps a port, and nothing else.
fn has_plain_host(headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(header::HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else {
        return false;
    };
    host.to_str().is_ok_and(|host| {
        !host.contains(['/', '?', '#', '@', '\\']) && Url::parse(&format!("http://{host}/")).is_ok()
    })
}

async fn read(body: Body) -> Result<Bytes, Problem> {
    let mut chunks = body.into_data_stream();
    let mut kept = BytesMut::new();
    let mut size = 0_usize;
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| Problem::Malformed)?;
        size = size.saturating_add(chunk.len());
        if size <= MAX_BODY {
            kept.extend_from_slice(&chunk);
        } else if size > MAX_DISCARDED {
            break;
        }
    }
    if size > MAX_BODY {
        return Err(Problem::TooLarge);
    }
    Ok(kept.freeze())
}
