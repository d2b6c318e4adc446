//! The HTTP API of the template, and beside it Lambda's Invoke API.

mod answer;
mod cors;
mod error;
mod event;
mod invoke;
mod routes;
#[cfg(test)]
mod tests;
mod throttle;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use template::{ApiCors, Template};
use url::Url;

use crate::clock;
use crate::events::Deliveries;
use crate::logs::Logs;
use crate::runtime::{MAX_WAIT, Runtime, new_trace};
use error::GatewayError;
use event::GatewayContext;
use routes::{DecodedPath, Routes};
use throttle::Throttle;

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
    throttle: Option<Throttle>,
    /// Headers of the answers that no function made.
    own_headers: HeaderMap,
    logs: Logs,
}

impl Gateway {
    /// Makes the router of a template's HTTP API. It throttles its routes only where that is
    /// asked for: a laptop is slower than the template's limits.
    pub(crate) fn router(
        template: &Template,
        throttles: bool,
        events: &Arc<Deliveries>,
        own_headers: HeaderMap,
        logs: Logs,
    ) -> Router {
        let gateway = Arc::new(Self {
            runtime: Arc::clone(events.runtime()),
            routes: Routes::new(&template.functions),
            cors: template.cors.clone(),
            throttle: throttles.then(|| Throttle::new(template.throttling.clone())),
            own_headers,
            logs,
        });
        Router::new()
            .fallback(handle)
            .with_state(gateway)
            .merge(invoke::router(Arc::clone(events)))
    }

    /// Answers a request, all but CORS.
    async fn answer(
        &self,
        source: SocketAddr,
        request: Request,
        id: &str,
    ) -> Result<Response, GatewayError> {
        let (parts, body) = request.into_parts();
        if size(&parts.method, &parts.uri, &parts.headers) > MAX_HEADERS {
            return Err(GatewayError::HeadersTooLarge);
        }
        // API Gateway only takes requests for its own domain; a host that is none would
        // otherwise become a part of the URL that functions see.
        let path = DecodedPath::parse(parts.uri.path())
            .filter(|_| has_plain_host(&parts.headers))
            .ok_or(GatewayError::Malformed)?;
        let body = read(body).await?;
        let route = self
            .routes
            .find(parts.method.as_str(), &path)
            .ok_or(GatewayError::NotFound)?;
        if let Some(throttle) = &self.throttle
            && !throttle.admit(&route.key, Instant::now())
        {
            return Err(GatewayError::TooManyRequests);
        }
        let trace = new_trace();
        let event = event::build(
            &parts,
            &body,
            &GatewayContext {
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
            .invoke(route.function, event, Some(trace), MAX_WAIT);
        let answer = tokio::time::timeout(MAX_WAIT, invocation)
            .await
            .map_err(|_| GatewayError::Timeout)?
            .map_err(|error| {
                self.logs
                    .line("gateway", &format!("{}: {error}", route.key));
                GatewayError::from(&error)
            })?;
        answer::read(&answer).map_err(|reason| {
            self.logs
                .line("gateway", &format!("{}: {reason}", route.key));
            GatewayError::BadGateway
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
        error::add_own_headers(response.headers_mut(), &id, &gateway.own_headers);
        cors::answer_preflight(cors, &asked, response.headers_mut());
        return response;
    }
    let mut response = gateway
        .answer(source, request, &id)
        .await
        .unwrap_or_else(|error| error.into_response(&id, &gateway.own_headers));
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

/// Returns a request id of API Gateway's form: sixteen characters of Base64, the last one `=`.
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

/// Returns whether the `Host` header is a host and perhaps a port, and nothing else.
fn has_plain_host(headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(header::HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else {
        return false;
    };
    host.to_str().is_ok_and(|host| {
        !host.contains(['/', '?', '#', '@', '\\']) && Url::parse(&format!("http://{host}/")).is_ok()
    })
}

async fn read(body: Body) -> Result<Bytes, GatewayError> {
    let mut chunks = body.into_data_stream();
    let mut kept = BytesMut::new();
    let mut size = 0_usize;
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| GatewayError::Malformed)?;
        size = size.saturating_add(chunk.len());
        if size <= MAX_BODY {
            kept.extend_from_slice(&chunk);
        } else if size > MAX_DISCARDED {
            break;
        }
    }
    if size > MAX_BODY {
        return Err(GatewayError::TooLarge);
    }
    Ok(kept.freeze())
}
