//! The API's reference, beside the API: the contract at `/openapi.yaml`, and Swagger UI at
//! `/docs/`, which calls this very shop. Nothing of it comes from elsewhere.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io::{self, Cursor, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::Response;
use axum::routing::any;
use utoipa_swagger_ui_vendored::SWAGGER_UI_VENDORED;
use zip::ZipArchive;

use crate::answers::{self, File, STRICT_HEADERS};
use crate::binaries::workspace;
use crate::demo::Account;

/// Where the contract is, and its file in the repository.
const CONTRACT: &str = "openapi.yaml";
/// What Swagger UI needs: styles in its elements and pictures in its style sheet. Calls go to the
/// shop, and nowhere else.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
                      img-src 'self' data:; connect-src 'self'; base-uri 'none'; \
                      form-action 'none'; frame-ancestors 'none'";
/// The files of Swagger UI that the page names.
const SWAGGER_UI: [&str; 3] = [
    "swagger-ui-bundle.js",
    "swagger-ui.css",
    "favicon-32x32.png",
];
/// The page itself.
const OWN: [(&str, &str); 3] = [
    ("index.html", include_str!("../reference/index.html")),
    ("reference.css", include_str!("../reference/reference.css")),
    ("reference.js", include_str!("../reference/reference.js")),
];

/// Why there is no reference.
#[derive(Debug)]
pub enum ReferenceError {
    /// The contract can't be read.
    Contract {
        /// Its file.
        path: PathBuf,
        /// The system's reason.
        error: io::Error,
    },
    /// Swagger UI isn't in its package.
    SwaggerUi(String),
}

impl fmt::Display for ReferenceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Contract { path, error } => {
                write!(
                    f,
                    "{}: the contract cannot be read: {error}",
                    path.display()
                )
            }
            Self::SwaggerUi(reason) => write!(f, "Swagger UI cannot be unpacked: {reason}"),
        }
    }
}

impl std::error::Error for ReferenceError {}

/// What is answered beside the API.
#[derive(Debug)]
struct Reference {
    /// Files by their paths.
    files: BTreeMap<String, File>,
    /// Who can sign in by one click, as JSON.
    accounts: String,
    /// What every answer carries.
    headers: HeaderMap,
}

/// Makes the router of the reference, as [`cloud::Options::beside_api`] takes it. It reads the
/// contract now, so that one run serves one contract.
///
/// # Errors
/// When the contract can't be read.
pub fn router(demo: &[Account]) -> Result<Router, ReferenceError> {
    router_of(&workspace().join(CONTRACT), demo)
}

fn router_of(contract: &Path, demo: &[Account]) -> Result<Router, ReferenceError> {
    let text = fs::read(contract).map_err(|error| ReferenceError::Contract {
        path: contract.to_owned(),
        error,
    })?;
    let mut files = BTreeMap::from([(
        format!("/{CONTRACT}"),
        File::of_type("application/yaml".to_owned(), text),
    )]);
    let own = OWN.map(|(name, text)| (name, text.as_bytes().to_vec()));
    for (name, bytes) in own.into_iter().chain(swagger_ui()?) {
        files.insert(format!("/docs/{name}"), File::new(name, bytes));
    }
    let policy = [("content-security-policy", POLICY)];
    let reference = Reference {
        files,
        accounts: serde_json::json!(demo).to_string(),
        headers: answers::headers(policy.into_iter().chain(STRICT_HEADERS)),
    };
    // Each path by itself: all others are the API's.
    Ok(Router::new()
        .route("/openapi.yaml", any(answer))
        .route("/docs", any(answer))
        .route("/docs/", any(answer))
        .route("/docs/{file}", any(answer))
        .with_state(Arc::new(reference)))
}

async fn answer(
    State(reference): State<Arc<Reference>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let path = match uri.path() {
        "/docs/" => "/docs/index.html",
        path => path,
    };
    let mut response = match (answers::refusal(&method), reference.files.get(path)) {
        (Some(refusal), _) => refusal,
        (None, Some(file)) => answers::file(file.clone(), &headers),
        (None, None) if path == "/docs" => answers::moved("/docs/"),
        (None, None) if path == "/docs/accounts.json" => answers::json(reference.accounts.clone()),
        (None, None) => answers::sentence(StatusCode::NOT_FOUND, "The reference is at /docs/.\n"),
    };
    response.headers_mut().extend(reference.headers.clone());
    response
}

/// Unpacks what the page needs of Swagger UI.
fn swagger_ui() -> Result<Vec<(&'static str, Vec<u8>)>, ReferenceError> {
    let fail = |error: &dyn fmt::Display| ReferenceError::SwaggerUi(error.to_string());
    let mut archive =
        ZipArchive::new(Cursor::new(SWAGGER_UI_VENDORED)).map_err(|error| fail(&error))?;
    let mut files = Vec::new();
    for name in SWAGGER_UI {
        // Below a folder that is named for the version.
        let end = format!("/dist/{name}");
        let path = archive.file_names().find(|it| it.ends_with(&end));
        let path = path.ok_or_else(|| fail(&format_args!("there is no {name}")))?;
        let path = path.to_owned();
        let mut bytes = Vec::new();
        let mut file = archive.by_name(&path).map_err(|error| fail(&error))?;
        file.read_to_end(&mut bytes).map_err(|error| fail(&error))?;
        files.push((name, bytes));
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_names_nothing_that_is_not_served_here() {
        let files = swagger_ui().unwrap();
        let served =
            |name: &str| OWN.iter().any(|it| it.0 == name) || files.iter().any(|it| it.0 == name);
        let page = OWN[0].1;
        let named = page.split(['"']).filter(|it| it.contains('.'));
        let named: Vec<_> = named.filter(|it| !it.contains(['<', ' '])).collect();
        assert!(named.len() >= 5, "{named:?}");
        for name in named {
            assert!(served(name) || name == "/openapi.yaml", "{name}");
        }
        // The policy lets nothing run that stands in the page itself.
        assert_eq!(
            page.matches("<script").count(),
            page.matches("<script src=").count()
        );
        assert!(!page.contains("style=") && !page.contains(" on"), "{page}");
    }

    #[test]
    fn signing_in_opens_the_schemes_of_the_contract() {
        let text = fs::read_to_string(workspace().join(CONTRACT)).unwrap();
        let contract = template::document(&text).unwrap();
        let schemes = contract["components"]["securitySchemes"].as_object();
        let schemes: Vec<_> = schemes.unwrap().keys().map(String::as_str).collect();
        let script = OWN[2].1;
        let named = script.split("scheme: '").skip(1);
        let named: Vec<_> = named.filter_map(|it| it.split('\'').next()).collect();
        assert_eq!(named, schemes);
        for path in script.split("path: '").skip(1) {
            let path = path.split('\'').next().unwrap();
            assert!(contract["paths"][path]["post"].is_object(), "{path}");
        }
    }

    #[test]
    fn a_contract_that_cannot_be_read_is_told_by_its_path() {
        let refused = router_of(Path::new("/nowhere/openapi.yaml"), &[]).unwrap_err();
        let refused = refused.to_string();
        assert!(refused.starts_with("/nowhere/openapi.yaml: "), "{refused}");
    }
}
