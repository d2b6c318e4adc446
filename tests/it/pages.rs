//! The pages and the API's reference, of shops that are started as a newcomer starts them.

use std::collections::BTreeSet;

use reqwest::header::HeaderMap;
use reqwest::{Client, Method, Response};
use serde_json::{Value, json};

use tests::Program;

/// The parameter that the second of two shops is started with.
const GIVEN: &str = "http://localhost:5173";

async fn get(url: &str) -> (u16, HeaderMap, String) {
    let answer = Client::new().get(url).send().await.unwrap();
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    (status, headers, answer.text().await.unwrap())
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    let value = headers.get(name);
    value.map_or("", |it| it.to_str().unwrap())
}

/// Returns the origin that may read the answer to a request of a page, or to its preflight.
async fn readable_by(method: Method, url: &str, origin: &str) -> String {
    let request = Client::new().request(method.clone(), url);
    let mut request = request.header("origin", origin);
    if method == Method::OPTIONS {
        request = request
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "content-type");
    }
    let answer: Response = request.send().await.unwrap();
    text(answer.headers(), "access-control-allow-origin").to_owned()
}

/// Returns where an admin's picture is to be sent.
async fn upload_url(shop: &Program) -> String {
    let api = shop.url("api");
    let http = Client::new();
    let login = json!({ "email": "admin@example.com", "password": "admin-runs-the-catalogue" });
    let login = http.post(format!("{api}/api/admin/login")).json(&login);
    let session: Value = login.send().await.unwrap().json().await.unwrap();
    let list = http.get(format!("{api}/api/products?limit=1"));
    let list: Value = list.send().await.unwrap().json().await.unwrap();
    let upload = json!({
        "productId": list["items"][0]["productId"], "contentType": "image/png",
        "contentLength": 10,
    });
    let form = http
        .post(format!("{api}/api/admin/uploads"))
        .bearer_auth(session["accessToken"].as_str().unwrap())
        .json(&upload);
    let form: Value = form.send().await.unwrap().json().await.unwrap();
    form["url"].as_str().unwrap().to_owned()
}

/// The pages may talk to their own shop, and to nothing else.
async fn serves_pages_of_its_own(shop: &Program) {
    let [web, console, api, s3] = ["web", "console", "api", "s3"].map(|it| shop.url(it));
    assert_eq!(console, format!("{web}/console/"));
    for page in [web, console] {
        let (status, headers, page) = get(page).await;
        assert_eq!(status, 200, "{page}");
        assert_eq!(text(&headers, "content-type"), "text/html; charset=utf-8");
        assert_eq!(
            text(&headers, "content-security-policy"),
            format!(
                "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' {s3}; \
                 connect-src 'self' {api} {s3}; base-uri 'none'; form-action 'none'; \
                 frame-ancestors 'none'"
            )
        );
    }
    let (status, headers, config) = get(&format!("{web}/config.json")).await;
    let config: Value = serde_json::from_str(&config).unwrap();
    assert_eq!((status, config["api"].as_str()), (200, Some(api)));
    assert_eq!(text(&headers, "cache-control"), "no-store");
    // Whoever can sign in, in both places.
    let accounts = shop.ready["accounts"].as_array().unwrap();
    match accounts.is_empty() {
        true => assert_eq!(config.get("demo"), None),
        false => assert_eq!(config["demo"], shop.ready["accounts"]),
    }
    for outside in [
        "/../Cargo.toml",
        "/%2e%2e/%2e%2e/Cargo.toml",
        "/package.json",
    ] {
        assert_eq!(get(&format!("{web}{outside}")).await.0, 404, "{outside}");
    }
    let post = Client::new().post(web).send().await.unwrap();
    assert_eq!(post.status().as_u16(), 405);
}

/// The reference names nothing that isn't there, is as strict as Swagger UI allows, and covers no
/// route of the API.
async fn serves_its_reference(shop: &Program) {
    let (docs, api) = (shop.url("docs"), shop.url("api"));
    assert_eq!(docs, format!("{api}/docs/"));
    let (status, headers, page) = get(docs).await;
    assert_eq!(status, 200);
    assert_eq!(
        text(&headers, "content-security-policy"),
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
         img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'"
    );
    let links = page
        .split(['"'])
        .filter(|it| it.contains('.') && !it.contains(' '));
    let links: Vec<_> = links.filter(|it| !it.contains('<')).collect();
    assert!(links.contains(&"swagger-ui-bundle.js") && links.contains(&"reference.js"));
    for link in links {
        let url = match link.starts_with('/') {
            true => format!("{api}{link}"),
            false => format!("{docs}{link}"),
        };
        assert_eq!(get(&url).await.0, 200, "{url}");
    }
    let (_, headers, contract) = get(&format!("{api}/openapi.yaml")).await;
    assert_eq!(text(&headers, "content-type"), "application/yaml");
    let own = concat!(env!("CARGO_MANIFEST_DIR"), "/../openapi.yaml");
    assert_eq!(contract, std::fs::read_to_string(own).unwrap());
    let (_, headers, accounts) = get(&format!("{docs}accounts.json")).await;
    let accounts: Value = serde_json::from_str(&accounts).unwrap();
    assert_eq!(accounts, shop.ready["accounts"]);
    assert_eq!(text(&headers, "cache-control"), "no-store");

    for (method, path, status, content_type) in [
        // Followed to the page.
        ("GET", "/docs", 200, "text/html; charset=utf-8"),
        ("HEAD", "/docs/", 200, "text/html; charset=utf-8"),
        ("POST", "/docs/", 405, "text/plain; charset=utf-8"),
        ("DELETE", "/openapi.yaml", 405, "text/plain; charset=utf-8"),
        ("GET", "/docs/nothing", 404, "text/plain; charset=utf-8"),
        (
            "GET",
            "/docs/..%2fCargo.toml",
            404,
            "text/plain; charset=utf-8",
        ),
        // What the reference has not is the API's.
        ("GET", "/docs/a/b", 404, "application/problem+json"),
        ("GET", "/api/docs", 404, "application/problem+json"),
        ("GET", "/api/openapi.yaml", 404, "application/problem+json"),
        ("GET", "/openapi.yaml/", 404, "application/problem+json"),
        ("GET", "/", 404, "application/problem+json"),
        ("GET", "/api/products", 200, "application/json"),
    ] {
        let request = Client::new().request(method.parse().unwrap(), format!("{api}{path}"));
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status().as_u16(), status, "{method} {path}");
        let found = text(answer.headers(), "content-type");
        assert_eq!(found, content_type, "{method} {path}");
        assert_eq!(text(answer.headers(), "x-content-type-options"), "nosniff");
    }
}

/// Only these origins may call the shop, whose bucket takes uploads at that address.
async fn lets_only(shop: &Program, upload: &str, allowed: &[&str], others: &[&str]) {
    let products = format!("{}/api/products", shop.url("api"));
    let upload = upload.replace("BUCKET", shop.url("s3"));
    for (url, method) in [
        (&products, Method::GET),
        (&products, Method::OPTIONS),
        (&upload, Method::OPTIONS),
    ] {
        for origin in allowed {
            let readable = readable_by(method.clone(), url, origin).await;
            assert_eq!(readable, *origin, "{method} {url}");
        }
        for origin in others {
            let readable = readable_by(method.clone(), url, origin).await;
            assert_eq!(readable, "", "{method} {url} of {origin}");
        }
    }
}

#[tokio::test]
async fn two_shops_at_once_each_serve_pages_that_only_their_own_api_lets_in() {
    let given = format!("AllowedOrigins={GIVEN}");
    let empty = ["--no-seed", "--parameter", &given];
    let (filled, empty) = tokio::join!(Program::start(&[]), Program::start(&empty));
    let names = ["web", "api", "dynamodb", "s3", "secretsManager"];
    let urls = names.map(|it| [filled.url(it), empty.url(it)]);
    assert_eq!(BTreeSet::from_iter(urls.iter().flatten()).len(), 10);
    assert_eq!(filled.ready["accounts"].as_array().unwrap().len(), 5);
    assert_eq!(empty.ready["accounts"], json!([]));

    for shop in [&filled, &empty] {
        serves_pages_of_its_own(shop).await;
        serves_its_reference(shop).await;
        let output = shop.output();
        let first = output.lines().find(|it| it.contains("http://")).unwrap();
        assert!(first.contains("Storefront"), "{output}");
        for name in ["web", "console", "api", "docs"] {
            assert!(output.contains(shop.url(name)), "{name}: {output}");
        }
    }

    let upload = upload_url(&filled).await;
    let upload = upload.replace(filled.url("s3"), "BUCKET");
    let (mine, others) = (filled.url("web"), empty.url("web"));
    let by_name = mine.replace("127.0.0.1", "localhost");
    let known = "http://localhost:3000";
    let strangers = [others, &by_name, GIVEN, "http://127.0.0.1:3000", "null"];
    lets_only(&filled, &upload, &[mine, known], &strangers).await;
    // What was given replaces the default, and the pages' own origin stays.
    let strangers = [mine, known, "http://evil.example"];
    lets_only(&empty, &upload, &[others, GIVEN], &strangers).await;

    let stopped = tokio::join!(filled.stop(), empty.stop());
    assert_eq!(stopped, (true, true), "a ready file is still there");
}

#[tokio::test]
async fn a_port_of_the_pages_that_is_taken_is_refused_before_anything_is_built() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let refused = Program::refused(&["--port", "0", "--web-port", &port]).await;
    let told = format!("error: port {port}, where the storefront would listen, is in use");
    assert!(refused.starts_with(&told), "{refused}");
    assert!(refused.contains("--web-port"), "{refused}");
}
