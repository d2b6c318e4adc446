//! Answers requests for the pages.

use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::Response;
use serde_json::json;

use super::files::{self, File, Found};
use super::policy::{Addresses, security_headers};
use crate::demo::Account;

/// Where the pages ask for their settings.
const CONFIG: &str = "/config.json";
/// What is sent where there is nothing to send.
const NOTHING: &str = "There is nothing at this address. The storefront is at /, the console at \
                       /console/.\n";
/// What is sent instead of a page that nobody has built.
const NOT_BUILT: &str = "The pages are missing: nobody has built them into web/dist.\n";

/// What the pages must know of the shop that they belong to.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where the API, the pictures and the bucket for uploads are.
    pub addresses: Addresses,
    /// Who can sign in to the demo; empty if there is none.
    pub demo: &'static [Account],
}

/// The pages and what goes with them.
#[derive(Debug, Clone)]
pub(super) struct Site {
    folder: PathBuf,
    /// The text of `config.json`.
    config: String,
    /// What every answer carries.
    headers: HeaderMap,
}

impl Site {
    pub(super) fn new(folder: PathBuf, settings: &Settings) -> Self {
        let headers = security_headers(&settings.addresses).into_iter();
        let headers = headers.filter_map(|(name, value)| {
            let value = HeaderValue::from_str(&value).ok()?;
            Some((HeaderName::from_static(name), value))
        });
        Self {
            folder,
            config: config(&settings.addresses.api, settings.demo),
            headers: headers.collect(),
        }
    }

    /// Makes a router that answers every path.
    pub(super) fn router(self) -> Router {
        Router::new().fallback(answer).with_state(Arc::new(self))
    }
}

/// Returns the settings that the pages ask for.
fn config(api: &str, demo: &[Account]) -> String {
    let config = match demo {
        [] => json!({ "api": api }),
        demo => json!({ "api": api, "demo": demo }),
    };
    config.to_string()
}

async fn answer(
    State(site): State<Arc<Site>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let mut response = if method != Method::GET && method != Method::HEAD {
        let mut response = text(StatusCode::METHOD_NOT_ALLOWED, "Only GET and HEAD.\n");
        let allow = HeaderValue::from_static("GET, HEAD");
        response.headers_mut().insert(header::ALLOW, allow);
        response
    } else if uri.path() == CONFIG {
        with_type(site.config.clone().into(), "application/json", "no-store")
    } else {
        let asked = Arc::clone(&site);
        let path = uri.path().to_owned();
        // Reading files waits, and other requests need not.
        let found = tokio::task::spawn_blocking(move || files::find(&asked.folder, &path));
        match found.await {
            Ok(Ok(Found::File(file))) => page(file, &headers),
            Ok(Ok(Found::Folder)) => moved(&format!("{}/", uri.path())),
            Ok(Ok(Found::Nothing)) if site.folder.is_dir() => text(StatusCode::NOT_FOUND, NOTHING),
            Ok(Ok(Found::Nothing)) => text(StatusCode::NOT_FOUND, NOT_BUILT),
            Ok(Err(_)) | Err(_) => text(
                StatusCode::INTERNAL_SERVER_ERROR,
                "The file cannot be read.\n",
            ),
        }
    };
    response.headers_mut().extend(site.headers.clone());
    response
}

/// Sends a file, or says that the browser has it.
fn page(file: File, request: &HeaderMap) -> Response {
    let known = request.get(header::IF_NONE_MATCH);
    let known = known.and_then(|it| it.to_str().ok()).unwrap_or_default();
    let is_known = known
        .split(',')
        .map(|it| it.trim().trim_start_matches("W/"))
        .any(|it| it == "*" || it == file.etag);
    // Asked for anew each time: whoever builds the pages sees them with the next reload.
    let mut response = match is_known {
        true => {
            let mut response = with_type(Body::empty(), &file.content_type, "no-cache");
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            response
        }
        false => with_type(file.bytes.into(), &file.content_type, "no-cache"),
    };
    set(&mut response, header::ETAG, &file.etag);
    response
}

fn moved(to: &str) -> Response {
    let mut response = text(StatusCode::PERMANENT_REDIRECT, "");
    set(&mut response, header::LOCATION, to);
    response
}

fn text(status: StatusCode, text: &'static str) -> Response {
    let mut response = with_type(text.into(), "text/plain; charset=utf-8", "no-store");
    *response.status_mut() = status;
    response
}

fn with_type(body: Body, content_type: &str, cache_control: &str) -> Response {
    let mut response = Response::new(body);
    set(&mut response, header::CONTENT_TYPE, content_type);
    set(&mut response, header::CACHE_CONTROL, cache_control);
    response
}

fn set(response: &mut Response, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}
