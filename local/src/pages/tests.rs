use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::{Value, json};

use super::*;
use crate::demo::{Account, accounts};

/// Pages that are served, of a folder that goes with them.
struct Site {
    folder: PathBuf,
    origin: String,
    _serving: Serving,
}

impl Site {
    /// Serves a storefront and a console, beside what must not be served.
    fn start(demo: &'static [Account]) -> Self {
        let folder = std::env::temp_dir().join(format!("local-pages-{}", uuid::Uuid::new_v4()));
        let dist = folder.join("dist");
        for (file, text) in [
            ("outside.html", "outside"),
            (
                "dist/index.html",
                "<!doctype html><title>Storefront</title>",
            ),
            ("dist/assets/main-1.js", "export {};"),
            ("dist/assets/main-1.css", "body {}"),
            ("dist/assets/mark.svg", "<svg/>"),
            (
                "dist/console/index.html",
                "<!doctype html><title>Console</title>",
            ),
            ("dist/config.json", "{\"api\":\"of the folder\"}"),
            ("dist/.hidden", "hidden"),
            ("dist/.git/config", "hidden"),
        ] {
            let file = folder.join(file);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        }
        symlink(folder.join("outside.html"), dist.join("link.html")).unwrap();
        symlink(&folder, dist.join("up")).unwrap();
        Self::of(folder, &dist, demo)
    }

    fn of(folder: PathBuf, dist: &Path, demo: &'static [Account]) -> Self {
        let pages = Pages::bind(0).unwrap().with_folder(dist.to_owned());
        let origin = pages.origin();
        let settings = Settings {
            addresses: Addresses {
                api: "http://127.0.0.1:9000".into(),
                pictures: "http://127.0.0.1:9002".into(),
                bucket: "http://127.0.0.1:9002".into(),
            },
            demo,
        };
        Self {
            folder,
            origin,
            _serving: pages.serve(&settings).unwrap(),
        }
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let client = Client::builder().redirect(reqwest::redirect::Policy::none());
        let client = client.no_proxy().build().unwrap();
        client.request(method, format!("{}{path}", self.origin))
    }

    async fn get(&self, path: &str) -> Answer {
        Answer::read(self.request(Method::GET, path)).await
    }

    /// Sends a path as it is, which clients would tidy up first. Returns the whole answer.
    async fn get_raw(&self, path: &str) -> String {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let address = self.origin.trim_start_matches("http://");
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        let request =
            format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

struct Answer {
    status: u16,
    headers: BTreeMap<String, String>,
    text: String,
}

impl Answer {
    async fn read(request: RequestBuilder) -> Self {
        let answer: Response = request.send().await.unwrap();
        let headers = answer.headers().iter();
        let headers =
            headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().into()));
        Self {
            status: answer.status().as_u16(),
            headers: headers.collect(),
            text: answer.text().await.unwrap(),
        }
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }
}

#[tokio::test]
async fn files_are_sent_with_their_types_and_asked_for_anew() {
    let site = Site::start(&[]);
    for (path, content_type, text) in [
        ("/", "text/html; charset=utf-8", "Storefront"),
        ("/?a=b", "text/html; charset=utf-8", "Storefront"),
        ("/index.html", "text/html; charset=utf-8", "Storefront"),
        ("/console/", "text/html; charset=utf-8", "Console"),
        (
            "/assets/main-1.js",
            "text/javascript; charset=utf-8",
            "export",
        ),
        ("/assets/main-1.css", "text/css; charset=utf-8", "body"),
        ("/assets/mark.svg", "image/svg+xml", "<svg"),
    ] {
        let answer = site.get(path).await;
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.header("content-type"), content_type);
        assert_eq!(answer.header("cache-control"), "no-cache");
        assert!(answer.text.contains(text), "{path}: {}", answer.text);

        let head = Answer::read(site.request(Method::HEAD, path)).await;
        assert_eq!((head.status, head.text.as_str()), (200, ""));
        assert_eq!(head.header("content-length"), answer.text.len().to_string());

        let etag = answer.header("etag");
        for known in [etag, "\"other\", W/", "*"] {
            let known = known.replace("W/", &format!("W/{etag}"));
            let again = site.request(Method::GET, path);
            let again = Answer::read(again.header("if-none-match", known)).await;
            assert_eq!((again.status, again.text.as_str()), (304, ""));
            assert_eq!(again.header("etag"), etag);
        }
        let changed = site.request(Method::GET, path);
        let changed = Answer::read(changed.header("if-none-match", "\"other\"")).await;
        assert_eq!(changed.status, 200);
    }
    let moved = site.get("/console").await;
    assert_eq!((moved.status, moved.header("location")), (308, "/console/"));

    // Whoever builds the pages sees them with the next reload.
    let before = site.get("/").await;
    fs::write(site.folder.join("dist/index.html"), "built anew").unwrap();
    let after = site.get("/").await;
    assert_eq!(after.text, "built anew");
    assert_ne!(after.header("etag"), before.header("etag"));
}

#[tokio::test]
async fn nothing_but_the_folders_files_is_reached() {
    let site = Site::start(&[]);
    for path in [
        "/nothing.html",
        "/assets",
        "/assets/",
        "//",
        "//index.html",
        "/index.html/",
        "/./index.html",
        "/assets/../index.html",
        "/../outside.html",
        "/..%2foutside.html",
        "/%2e%2e/outside.html",
        "/%2e%2e%2foutside.html",
        "/..\\outside.html",
        "/assets/..%5c..%5coutside.html",
        "/assets/%2e%2e/%2e%2e/outside.html",
        "/console/../../outside.html",
        "/....//outside.html",
        "/index.html%00",
        "/%00",
        "/link.html",
        "/up/outside.html",
        "/up/dist/index.html",
        "/.hidden",
        "/.git/config",
        "/etc/passwd",
        "//etc/passwd",
        "/INDEX.HTML",
        "http://127.0.0.1/../outside.html",
    ] {
        let answer = site.get_raw(path).await;
        let status = answer.get(9..12).unwrap_or_default();
        assert!(["404", "400"].contains(&status), "{path}: {answer}");
        for told in ["outside", "hidden", "Storefront<", "root:", "main-1"] {
            assert!(!answer.contains(told), "{path}: {answer}");
        }
    }
    // The same, by the one way that is open.
    assert!(site.get_raw("/index.html").await.contains("Storefront<"));
}

#[tokio::test]
async fn every_answer_keeps_the_browser_strict() {
    let site = Site::start(&[]);
    let post = site.request(Method::POST, "/").body("x");
    let delete = site.request(Method::DELETE, "/index.html");
    let options = site.request(Method::OPTIONS, "/config.json");
    for (status, request) in [
        (200, site.request(Method::GET, "/")),
        (200, site.request(Method::GET, "/config.json")),
        (200, site.request(Method::HEAD, "/console/")),
        (
            304,
            site.request(Method::GET, "/").header("if-none-match", "*"),
        ),
        (308, site.request(Method::GET, "/console")),
        (404, site.request(Method::GET, "/nothing")),
        (405, post),
        (405, delete),
        (405, options),
    ] {
        let answer = Answer::read(request.header("origin", "http://evil.example")).await;
        assert_eq!(answer.status, status);
        for (name, value) in [
            (
                "content-security-policy",
                "default-src 'none'; script-src 'self'; style-src 'self'; \
                 img-src 'self' http://127.0.0.1:9002; \
                 connect-src 'self' http://127.0.0.1:9000 http://127.0.0.1:9002; \
                 base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
            ),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
            ("referrer-policy", "no-referrer"),
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("strict-transport-security", ""),
            ("access-control-allow-origin", ""),
        ] {
            assert_eq!(answer.header(name), value, "{name} of {status}");
        }
        let features = answer.header("permissions-policy");
        assert!(features.contains("camera=()"), "{features}");
        let cached = match status {
            200 | 304 => ["no-cache", "no-store"].contains(&answer.header("cache-control")),
            _ => answer.header("cache-control") == "no-store",
        };
        assert!(cached, "{status}: {}", answer.header("cache-control"));
        let allow = answer.header("allow");
        assert_eq!(allow, if status == 405 { "GET, HEAD" } else { "" });
    }
}

#[tokio::test]
async fn the_pages_are_told_where_the_api_is_and_who_can_sign_in() {
    let config = async |site: &Site| {
        let answer = site.get("/config.json").await;
        assert_eq!(answer.header("content-type"), "application/json");
        assert_eq!(answer.header("cache-control"), "no-store");
        serde_json::from_str::<Value>(&answer.text).unwrap()
    };
    // Never that of the folder, which is of another shop.
    let empty = config(&Site::start(&[])).await;
    assert_eq!(empty, json!({ "api": "http://127.0.0.1:9000" }));
    let filled = config(&Site::start(accounts())).await;
    let demo = filled["demo"].as_array().unwrap();
    assert_eq!(demo.len(), accounts().len());
    assert_eq!(
        demo[0],
        json!({
            "email": "alice@example.com", "password": "alice-loves-teapots", "role": "customer",
        })
    );
}

#[tokio::test]
async fn a_shop_without_pages_says_so() {
    let folder = std::env::temp_dir().join(format!("local-pages-{}", uuid::Uuid::new_v4()));
    let pages = Pages::bind(0).unwrap().with_folder(folder.clone());
    assert_eq!(pages.missing(), Some(&folder));
    let site = Site::of(folder.clone(), &folder, &[]);
    let answer = site.get("/").await;
    assert_eq!(answer.status, 404);
    assert!(answer.text.contains("web/dist"), "{}", answer.text);
    assert_eq!(site.get("/config.json").await.status, 200);
}

#[test]
fn the_pages_origin_joins_those_that_are_allowed() {
    let pages = Pages::bind(0).unwrap();
    let own = pages.origin();
    let joined = |given: Option<&str>| {
        let given = given.map(|it| ("AllowedOrigins".to_owned(), it.to_owned()));
        let mut deployment = Deployment {
            stack: "stack".to_owned(),
            parameters: given.into_iter().collect(),
        };
        pages.allow(&mut deployment);
        deployment.parameters.remove("AllowedOrigins").unwrap()
    };
    assert_eq!(joined(None), own);
    assert_eq!(joined(Some("")), own);
    let both = joined(Some("http://localhost:3000"));
    assert_eq!(both, format!("http://localhost:3000,{own}"));
    assert_eq!(joined(Some(&both)), both);
}

#[test]
fn a_port_that_is_taken_is_told_with_the_option_that_moves_it() {
    let first = Pages::bind(0).unwrap();
    assert_ne!(first.port, 0);
    let refused = Pages::bind(first.port).unwrap_err().to_string();
    assert!(refused.starts_with(&format!("port {}, ", first.port)));
    assert!(refused.contains("--web-port"), "{refused}");
    assert_eq!(first.origin(), format!("http://127.0.0.1:{}", first.port));
}
