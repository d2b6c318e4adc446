//! Answers requests for the pages.

use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::Response;
use serde_json::json;

use super::files::{self, Found};
use super::policy::{Addresses, content_security_policy};
use crate::answers::{self, STRICT_HEADERS};
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
        let policy = content_security_policy(&settings.addresses);
        let policy = [("content-security-policy", policy.as_str())];
        Self {
            folder,
            config: config(&settings.addresses.api, settings.demo),
            headers: answers::headers(policy.into_iter().chain(STRICT_HEADERS)),
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
    let mut response = match answers::refusal(&method) {
        Some(refusal) => refusal,
        None if uri.path() == CONFIG => answers::json(site.config.clone()),
        None => page(&site, &uri, &headers).await,
    };
    response.headers_mut().extend(site.headers.clone());
    response
}

/// Sends the file that a path stands for.
async fn page(site: &Arc<Site>, uri: &Uri, headers: &HeaderMap) -> Response {
    let asked = Arc::clone(site);
    let path = uri.path().to_owned();
    // Reading files waits, and other requests need not.
    let found = tokio::task::spawn_blocking(move || files::find(&asked.folder, &path));
    match found.await {
        Ok(Ok(Found::File(file))) => answers::file(file, headers),
        Ok(Ok(Found::Folder)) => answers::moved(&format!("{}/", uri.path())),
        Ok(Ok(Found::Nothing)) if site.folder.is_dir() => {
            answers::sentence(StatusCode::NOT_FOUND, NOTHING)
        }
        Ok(Ok(Found::Nothing)) => answers::sentence(StatusCode::NOT_FOUND, NOT_BUILT),
        Ok(Err(_)) | Err(_) => answers::sentence(
            StatusCode::INTERNAL_SERVER_ERROR,
            "The file cannot be read.\n",
        ),
    }
}
