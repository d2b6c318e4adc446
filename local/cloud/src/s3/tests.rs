//! S3 over its protocol, with real signatures made by hand.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod versions;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use time::macros::format_description;
use time::{Duration, OffsetDateTime};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;
use crate::clock;
use crate::environment::{ACCESS_KEY_ID, SECRET_ACCESS_KEY, SESSION_TOKEN, access_key_id};
use crate::logs::{LogSink, Logs};
use crate::service::ANY_PORT;
use crate::testing::{Answer, function, iam, send};
use template::{CdnReadable, Effect, REGION, RoleTemplate, StatementTemplate};

const BUCKET: &str = "shop-images";

/// A service that knows the operator and a function which may put `pending/` and get `kept/`.
async fn start() -> S3 {
    start_with(bucket(), &[]).await
}

fn bucket() -> BucketTemplate {
    BucketTemplate {
        logical_id: "ImagesBucket".into(),
        name: BUCKET.into(),
        cors: vec![BucketCors {
            allowed_origins: vec!["http://localhost:3000".into()],
            allowed_methods: vec!["POST".into()],
            allowed_headers: vec!["content-*".into()],
            exposed_headers: vec!["etag".into()],
            max_age: Some(600),
        }],
        cdn_domains: Vec::new(),
        cdn_readable: vec![CdnReadable {
            objects: format!("arn:aws:s3:::{BUCKET}/public/*"),
            tags: BTreeMap::new(),
        }],
        versioned: false,
    }
}

/// Makes a statement that allows an action on the objects with these keys.
fn grant(action: &str, keys: &str) -> StatementTemplate {
    StatementTemplate {
        effect: Effect::Allow,
        actions: vec![action.into()],
        resources: vec![format!("arn:aws:s3:::{BUCKET}/{keys}")],
        conditions: Vec::new(),
    }
}

/// A service with that bucket, whose function may do these too: actions and keys.
async fn start_with(bucket: BucketTemplate, more: &[(&str, &str)]) -> S3 {
    let more = more.iter().map(|(action, keys)| grant(action, keys));
    start_as(bucket, more.collect()).await
}

/// The same with these statements.
async fn start_as(bucket: BucketTemplate, more: Vec<StatementTemplate>) -> S3 {
    let mut uploader = function("uploader");
    let statements = vec![
        grant("s3:PutObject", "pending/*"),
        grant("s3:GetObject", "kept/*"),
        StatementTemplate {
            resources: vec!["*".into()],
            ..grant("logs:*", "")
        },
    ];
    uploader.role = Some(RoleTemplate {
        name: "Uploader".into(),
        statements: statements.into_iter().chain(more).collect(),
    });
    let logs = Logs::new(&LogSink::Memory);
    S3::start(ANY_PORT, &[bucket], None, &iam(&[uploader], &logs))
        .await
        .unwrap()
}

fn hmac(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

/// Signature Version 4: the derived key of a day, applied to a text.
fn sign(day: &str, text: &str) -> String {
    sign_in(REGION, day, text)
}

fn sign_in(region: &str, day: &str, text: &str) -> String {
    let key = ["s3", "aws4_request"].iter().fold(
        hmac(
            &hmac(format!("AWS4{SECRET_ACCESS_KEY}").as_bytes(), day),
            region,
        ),
        |key, part| hmac(&key, part),
    );
    objects::hex(&hmac(&key, text))
}

fn amz_date(time: OffsetDateTime) -> String {
    time.format(format_description!(
        "[year][month][day]T[hour][minute][second]Z"
    ))
    .unwrap()
}

/// A request signed in its headers.
async fn signed(s3: &S3, method: &str, path: &str, more: &[(&str, &str)], body: &[u8]) -> Answer {
    signed_by(s3, ACCESS_KEY_ID, method, path, more, body).await
}

/// A request signed in its headers, with that access key.
async fn signed_by(
    s3: &S3,
    access_key_id: &str,
    method: &str,
    path: &str,
    more: &[(&str, &str)],
    body: &[u8],
) -> Answer {
    let url = s3.service.url();
    let host = url.strip_prefix("http://").unwrap();
    let date = amz_date(clock::now());
    let day = &date[..8];
    let hash = objects::hex(&Sha256::digest(body));
    let (plain, query) = path.split_once('?').unwrap_or((path, ""));
    let canonical = format!(
        "{method}\n{plain}\n{query}\nhost:{host}\nx-amz-content-sha256:{hash}\nx-amz-date:{date}\nx-amz-security-token:{SESSION_TOKEN}\n\nhost;x-amz-content-sha256;x-amz-date;x-amz-security-token\n{hash}"
    );
    let scope = format!("{day}/{REGION}/s3/aws4_request");
    let digest = objects::hex(&Sha256::digest(canonical));
    let signature = sign(day, &format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{digest}"));
    let authorization = format!(
        "AWS4-HMAC-SHA256 Credential={access_key_id}/{scope}, SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-security-token, Signature={signature}"
    );
    let mut headers = vec![
        ("authorization", authorization.as_str()),
        ("x-amz-content-sha256", &hash),
        ("x-amz-date", &date),
        ("x-amz-security-token", SESSION_TOKEN),
    ];
    headers.extend(more);
    send(&url, method, path, &headers, body).await
}

/// A URL's path and query that carry the operator's signature.
fn presigned(s3: &S3, method: &str, path: &str, at: OffsetDateTime, seconds: u32) -> String {
    presigned_by(s3, ACCESS_KEY_ID, method, path, at, seconds, REGION)
}

fn presigned_by(
    s3: &S3,
    access_key_id: &str,
    method: &str,
    path: &str,
    at: OffsetDateTime,
    seconds: u32,
    region: &str,
) -> String {
    let url = s3.service.url();
    let host = url.strip_prefix("http://").unwrap();
    let date = amz_date(at);
    let day = &date[..8];
    let scope = format!("{day}/{region}/s3/aws4_request");
    let credential = format!("{access_key_id}/{scope}").replace('/', "%2F");
    let query = format!(
        "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={credential}&X-Amz-Date={date}&X-Amz-Expires={seconds}&X-Amz-SignedHeaders=host"
    );
    let canonical = format!("{method}\n{path}\n{query}\nhost:{host}\n\nhost\nUNSIGNED-PAYLOAD");
    let digest = objects::hex(&Sha256::digest(canonical));
    let text = format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{digest}");
    let signature = sign_in(region, day, &text);
    format!("{path}?{query}&X-Amz-Signature={signature}")
}

fn path(key: &str) -> String {
    format!("/{BUCKET}/{key}")
}

/// An upload form as the shop's `admin-upload` makes it; a test changes what it is about.
struct Form {
    fields: Vec<(String, String)>,
    file: Vec<u8>,
}

impl Form {
    /// Pending picture `k`, of 1 to 100 bytes, as image/png, for the next five minutes.
    fn new() -> Self {
        Self::until(clock::now() + Duration::minutes(5))
    }

    fn until(expiration: OffsetDateTime) -> Self {
        Self::signed_by(ACCESS_KEY_ID, "pending/k", expiration)
    }

    fn signed_by(access_key_id: &str, key: &str, expiration: OffsetDateTime) -> Self {
        let date = amz_date(clock::now());
        let credential = format!("{access_key_id}/{}/{REGION}/s3/aws4_request", &date[..8]);
        let fields = [
            ("key", key),
            ("Content-Type", "image/png"),
            ("success_action_status", "201"),
            ("x-amz-algorithm", "AWS4-HMAC-SHA256"),
            ("x-amz-credential", &credential),
            ("x-amz-date", &date),
            ("x-amz-security-token", SESSION_TOKEN),
        ];
        let mut conditions: Vec<Value> = fields
            .iter()
            .map(|(name, value)| json!({*name: value}))
            .collect();
        conditions.push(json!({"bucket": BUCKET}));
        conditions.push(json!(["content-length-range", 1, 100]));
        let format = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].000Z");
        let policy = json!({
            "expiration": expiration.format(format).unwrap(),
            "conditions": conditions,
        });
        let policy = STANDARD.encode(policy.to_string());
        let signature = sign(&date[..8], &policy);
        let fields = fields.into_iter().chain([
            ("policy", policy.as_str()),
            ("x-amz-signature", signature.as_str()),
        ]);
        Self {
            fields: fields
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            file: b"picture".to_vec(),
        }
    }

    fn with(mut self, name: &str, value: &str) -> Self {
        self.fields.retain(|(field, _)| field != name);
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    fn without(mut self, name: &str) -> Self {
        self.fields.retain(|(field, _)| field != name);
        self
    }

    fn file(mut self, bytes: usize) -> Self {
        self.file = vec![b'x'; bytes];
        self
    }

    async fn send(&self, s3: &S3) -> Answer {
        let mut body = Vec::new();
        for (name, value) in &self.fields {
            body.extend_from_slice(
                format!(
                    "--limit\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
                )
                .as_bytes(),
            );
        }
        body.extend_from_slice(
            b"--limit\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.png\"\r\nContent-Type: image/png\r\n\r\n",
        );
        body.extend_from_slice(&self.file);
        body.extend_from_slice(b"\r\n--limit--\r\n");
        let headers = [
            ("content-type", "multipart/form-data; boundary=limit"),
            ("origin", "http://localhost:3000"),
        ];
        send(
            &s3.service.url(),
            "POST",
            &format!("/{BUCKET}"),
            &headers,
            &body,
        )
        .await
    }
}

#[tokio::test]
async fn objects_are_put_read_copied_listed_and_deleted() {
    let s3 = start().await;
    let headers = [("content-type", "image/png"), ("x-amz-meta-own", "1")];
    let put = signed(&s3, "PUT", &path("a/one.png"), &headers, b"picture").await;
    assert_eq!(put.status, 200, "{}", put.text());
    assert_eq!(
        put.header("etag"),
        format!("\"{}\"", objects::etag(b"picture"))
    );

    let get = signed(&s3, "GET", &path("a/one.png"), &[], b"").await;
    assert_eq!((get.status, get.text().as_str()), (200, "picture"));
    assert_eq!(get.header("content-type"), "image/png");
    assert_eq!(get.header("x-amz-meta-own"), "1");
    let etag = get.header("etag");
    let head = signed(&s3, "HEAD", &path("a/one.png"), &[], b"").await;
    assert_eq!(
        (head.status, head.header("content-length").as_str()),
        (200, "7")
    );

    let part = signed(
        &s3,
        "GET",
        &path("a/one.png"),
        &[("range", "bytes=1-3")],
        b"",
    )
    .await;
    assert_eq!((part.status, part.text().as_str()), (206, "ict"));
    assert_eq!(part.header("content-range"), "bytes 1-3/7");
    let part = signed(
        &s3,
        "GET",
        &path("a/one.png"),
        &[("range", "bytes=7-9")],
        b"",
    )
    .await;
    assert_eq!(part.status, 416);
    let same = signed(
        &s3,
        "GET",
        &path("a/one.png"),
        &[("if-none-match", &etag)],
        b"",
    )
    .await;
    assert_eq!((same.status, same.text().as_str()), (304, ""));
    assert_eq!(same.header("etag"), etag);
    let other = signed(
        &s3,
        "GET",
        &path("a/one.png"),
        &[("if-match", "\"x\"")],
        b"",
    )
    .await;
    assert_eq!(other.status, 412);
    let once = signed(
        &s3,
        "PUT",
        &path("a/one.png"),
        &[("if-none-match", "*")],
        b"x",
    )
    .await;
    assert_eq!(once.status, 412);

    let source = format!("{BUCKET}/a/one.png");
    let copy = [("x-amz-copy-source", source.as_str())];
    let copied = signed(&s3, "PUT", &path("b/two.png"), &copy, b"").await;
    assert_eq!(copied.status, 200, "{}", copied.text());
    let get = signed(&s3, "GET", &path("b/two.png"), &[], b"").await;
    assert_eq!(get.header("content-type"), "image/png");

    signed(&s3, "PUT", &path("a"), &[], b"x").await;
    let list = signed(
        &s3,
        "GET",
        &format!("/{BUCKET}?delimiter=%2F&list-type=2"),
        &[],
        b"",
    )
    .await;
    let text = list.text();
    assert!(
        text.contains("<Key>a</Key>") && !text.contains("one.png"),
        "{text}"
    );
    assert!(
        text.contains("<Prefix>a/</Prefix>") && text.contains("<Prefix>b/</Prefix>"),
        "{text}"
    );
    let page = signed(
        &s3,
        "GET",
        &format!("/{BUCKET}?list-type=2&max-keys=2"),
        &[],
        b"",
    )
    .await
    .text();
    assert!(page.contains("<IsTruncated>true</IsTruncated>"), "{page}");
    let token = page
        .split("<NextContinuationToken>")
        .nth(1)
        .unwrap()
        .split('<')
        .next()
        .unwrap();
    let token = token.replace('/', "%2F");
    let rest = format!("/{BUCKET}?continuation-token={token}&list-type=2&max-keys=2");
    let rest = signed(&s3, "GET", &rest, &[], b"").await.text();
    assert!(
        rest.contains("<Key>b/two.png</Key>") && !rest.contains("<Key>a/"),
        "{rest}"
    );

    assert_eq!(
        signed(&s3, "DELETE", &path("a/one.png"), &[], b"")
            .await
            .status,
        204
    );
    assert_eq!(
        signed(&s3, "DELETE", &path("a/one.png"), &[], b"")
            .await
            .status,
        204
    );
    let gone = signed(&s3, "GET", &path("a/one.png"), &[], b"").await;
    assert_eq!(gone.status, 404);
    assert!(gone.text().contains("<Code>NoSuchKey</Code>"));
    let nowhere = signed(&s3, "GET", "/other-bucket/a", &[], b"").await;
    assert!(nowhere.text().contains("<Code>NoSuchBucket</Code>"));
}

#[tokio::test]
async fn only_public_pictures_are_read_without_a_signature() {
    let s3 = start().await;
    for key in ["public/a.png", "pending/a.png"] {
        let headers = [("content-type", "image/png")];
        assert_eq!(
            signed(&s3, "PUT", &path(key), &headers, b"picture")
                .await
                .status,
            200
        );
    }
    let url = s3.service.url();
    let public = send(&url, "GET", &path("public/a.png"), &[], b"").await;
    assert_eq!((public.status, public.text().as_str()), (200, "picture"));
    assert_eq!(public.header("content-type"), "image/png");
    assert_eq!(
        send(&url, "HEAD", &path("public/a.png"), &[], b"")
            .await
            .status,
        200
    );
    for (method, at) in [
        ("GET", path("pending/a.png")),
        ("HEAD", path("pending/a.png")),
        ("PUT", path("public/b.png")),
        ("DELETE", path("public/a.png")),
        ("GET", path("public/a.png?acl")),
        ("GET", format!("/{BUCKET}?list-type=2")),
        ("GET", "/".to_owned()),
    ] {
        assert_eq!(
            send(&url, method, &at, &[], b"").await.status,
            403,
            "{method} {at}"
        );
    }
    // Dots are characters of a key like any other. Sent by hand, since a client resolves them.
    let host = url.strip_prefix("http://").unwrap();
    let mut stream = tokio::net::TcpStream::connect(host).await.unwrap();
    let dots = path("public/../pending/a.png");
    let request = format!("GET {dots} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 404 "), "{answer}");
    let overridden = path("public/a.png?response-content-type=text%2Fhtml");
    assert_eq!(send(&url, "GET", &overridden, &[], b"").await.status, 400);
}

#[tokio::test]
async fn a_presigned_url_works_for_what_it_names_until_it_expires() {
    let s3 = start().await;
    let url = s3.service.url();
    let now = clock::now();
    let put = presigned(&s3, "PUT", &path("pending/k"), now, 60);
    assert_eq!(send(&url, "PUT", &put, &[], b"picture").await.status, 200);
    let get = presigned(&s3, "GET", &path("pending/k"), now, 60);
    assert_eq!(send(&url, "GET", &get, &[], b"").await.text(), "picture");

    assert_eq!(send(&url, "DELETE", &get, &[], b"").await.status, 403);
    let other = get.replace("pending/k", "pending/other");
    assert_eq!(send(&url, "GET", &other, &[], b"").await.status, 403);
    let longer = get.replace("X-Amz-Expires=60", "X-Amz-Expires=600");
    assert_eq!(send(&url, "GET", &longer, &[], b"").await.status, 403);
    let expired = presigned(
        &s3,
        "GET",
        &path("pending/k"),
        now - Duration::minutes(5),
        60,
    );
    assert_eq!(send(&url, "GET", &expired, &[], b"").await.status, 403);
}

#[tokio::test]
async fn a_form_that_keeps_its_policy_is_taken() {
    let s3 = start().await;
    let answer = Form::new().send(&s3).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    assert!(answer.text().contains("<Key>pending/k</Key>"));
    assert_eq!(
        answer.header("access-control-allow-origin"),
        "http://localhost:3000"
    );
    let get = signed(&s3, "GET", &path("pending/k"), &[], b"").await;
    assert_eq!(get.text(), "picture");
    assert_eq!(get.header("content-type"), "image/png");
    for size in [1, 100] {
        assert_eq!(Form::new().file(size).send(&s3).await.status, 201);
    }
}

#[tokio::test]
async fn a_form_that_breaks_its_policy_is_refused() {
    let s3 = start().await;
    let expired = Form::until(clock::now() - Duration::seconds(1));
    let cases = [
        (
            "another key",
            Form::new().with("key", "public/k"),
            403,
            "AccessDenied",
        ),
        (
            "another type",
            Form::new().with("Content-Type", "text/html"),
            403,
            "AccessDenied",
        ),
        (
            "no type",
            Form::new().without("Content-Type"),
            403,
            "AccessDenied",
        ),
        (
            "a field too many",
            Form::new().with("x-amz-meta-a", "1"),
            403,
            "AccessDenied",
        ),
        (
            "no session token",
            Form::new().without("x-amz-security-token"),
            403,
            "AccessDenied",
        ),
        ("too late", expired, 403, "AccessDenied"),
        ("too large", Form::new().file(101), 400, "EntityTooLarge"),
        ("empty", Form::new().file(0), 400, "EntityTooSmall"),
        (
            "a forged signature",
            Form::new().with("x-amz-signature", &"0".repeat(64)),
            403,
            "SignatureDoesNotMatch",
        ),
        (
            "another policy",
            Form::new().with("policy", "e30="),
            400,
            "InvalidPolicyDocument",
        ),
    ];
    for (what, form, status, code) in cases {
        let answer = form.send(&s3).await;
        let text = answer.text();
        assert_eq!(answer.status, status, "{what}: {text}");
        assert!(
            text.contains(&format!("<Code>{code}</Code>")),
            "{what}: {text}"
        );
    }
    let bare = Form {
        fields: vec![("key".into(), "public/k".into())],
        file: b"x".to_vec(),
    };
    assert_eq!(bare.send(&s3).await.status, 403, "nothing signed at all");
    let list = signed(&s3, "GET", &format!("/{BUCKET}?list-type=2"), &[], b"")
        .await
        .text();
    assert!(
        list.contains("<KeyCount>0</KeyCount>"),
        "nothing was stored: {list}"
    );
}

#[tokio::test]
async fn a_form_field_that_no_condition_names_is_refused() {
    let s3 = start().await;
    for name in [
        "x-amz-meta-a",
        "Tagging",
        "acl",
        // What s3s alone would let pass.
        "submit",
        "x-amz-server-side-encryption",
        "AWSAccessKeyId",
        "signature",
        "a<b",
    ] {
        let answer = Form::new().with(name, "1").send(&s3).await;
        let text = answer.text();
        assert_eq!(answer.status, 403, "{name}: {text}");
        assert!(text.contains("<Code>AccessDenied</Code>"), "{text}");
        assert_eq!(
            answer.header("access-control-allow-origin"),
            "http://localhost:3000"
        );
    }
    // Whoever can't sign learns nothing of the policy.
    let forged = Form::new()
        .with("submit", "1")
        .with("x-amz-signature", &"0".repeat(64));
    let text = forged.send(&s3).await.text();
    assert!(
        text.contains("<Code>SignatureDoesNotMatch</Code>"),
        "{text}"
    );
    let key = path("pending/k");
    assert_eq!(
        signed(&s3, "HEAD", &key, &[], b"").await.status,
        404,
        "nothing was stored"
    );

    let ignored = Form::new().with("x-ignore-submit", "1").send(&s3).await;
    assert_eq!(ignored.status, 201, "{}", ignored.text());
}

#[tokio::test]
async fn bytes_that_do_not_have_their_checksum_are_not_stored() {
    let s3 = start().await;
    let right = STANDARD.encode(Sha256::digest(b"picture"));
    let wrong = STANDARD.encode(Sha256::digest(b"other"));
    let md5 = STANDARD.encode([0; 16]);
    for (name, value, status) in [
        ("x-amz-checksum-sha256", right.as_str(), 200),
        ("x-amz-checksum-sha256", wrong.as_str(), 400),
        ("content-md5", md5.as_str(), 400),
    ] {
        let key = path(&format!("{name}-{status}"));
        let put = signed(&s3, "PUT", &key, &[(name, value)], b"picture").await;
        assert_eq!(put.status, status, "{name}: {}", put.text());
        let there = signed(&s3, "HEAD", &key, &[], b"").await.status;
        assert_eq!(there, if status == 200 { 200 } else { 404 });
    }
}

#[tokio::test]
async fn a_preflight_is_answered_from_the_buckets_rules() {
    let s3 = start().await;
    let url = s3.service.url();
    let at = format!("/{BUCKET}");
    let ask = async |origin: &str, method: &str, headers: &str| {
        let headers = [
            ("origin", origin),
            ("access-control-request-method", method),
            ("access-control-request-headers", headers),
        ];
        send(&url, "OPTIONS", &at, &headers, b"").await
    };
    let allowed = ask("http://localhost:3000", "POST", "Content-Type").await;
    assert_eq!(allowed.status, 200);
    assert_eq!(
        allowed.header("access-control-allow-origin"),
        "http://localhost:3000"
    );
    assert_eq!(
        allowed.header("access-control-allow-headers"),
        "content-type"
    );
    assert_eq!(allowed.header("access-control-max-age"), "600");
    for (origin, method, headers) in [
        ("http://evil.example", "POST", "content-type"),
        ("http://localhost:3000", "PUT", "content-type"),
        ("http://localhost:3000", "POST", "x-other"),
    ] {
        let refused = ask(origin, method, headers).await;
        assert_eq!(refused.status, 403, "{origin} {method} {headers}");
        assert_eq!(refused.header("access-control-allow-origin"), "");
    }
}

#[tokio::test]
async fn a_function_does_with_objects_what_its_role_lets_it() {
    let s3 = start().await;
    let key = access_key_id("stack-uploader");
    for kept in ["kept/a", "public/a"] {
        assert_eq!(
            signed(&s3, "PUT", &path(kept), &[], b"own").await.status,
            200
        );
    }
    let asks = async |method: &str, object: &str, more: &[(&str, &str)]| {
        let answer = signed_by(&s3, &key, method, &path(object), more, b"").await;
        answer.status
    };
    assert_eq!(asks("PUT", "pending/a", &[]).await, 200);
    assert_eq!(asks("GET", "kept/a", &[]).await, 200);
    assert_eq!(asks("HEAD", "kept/a", &[]).await, 200);
    let other_action = [
        ("GET", "pending/a"),
        ("PUT", "kept/a"),
        ("DELETE", "pending/a"),
    ];
    for (method, object) in other_action {
        assert_eq!(asks(method, object, &[]).await, 403, "{method} {object}");
    }
    // Nobody but the CDN's anonymous readers has it for nothing.
    assert_eq!(asks("GET", "public/a", &[]).await, 403);
    // A copy reads and writes.
    let source = format!("{BUCKET}/kept/a");
    for (from, to, status) in [
        (source.clone(), "pending/b", 200),
        (source, "kept/b", 403),
        (format!("{BUCKET}/public/a"), "pending/c", 403),
    ] {
        let headers = [("x-amz-copy-source", from.as_str())];
        assert_eq!(asks("PUT", to, &headers).await, status, "{from} {to}");
    }
    // What needs another action besides, or isn't known.
    assert_eq!(
        asks("PUT", "pending/a", &[("x-amz-acl", "private")]).await,
        403
    );
    assert_eq!(
        asks("PUT", "pending/a", &[("x-amz-tagging", "a=b")]).await,
        403
    );
    assert_eq!(asks("GET", "kept/a?versionId=1", &[]).await, 403);
    assert_eq!(asks("GET", "kept/a?tagging=", &[]).await, 403);
    assert_eq!(asks("GET", "", &[]).await, 403);
    let refused = signed_by(&s3, &key, "DELETE", &path("kept/a"), &[], b"").await;
    let text = refused.text();
    for word in [
        "<Code>AccessDenied</Code>",
        "assumed-role/Uploader/stack-uploader is not authorized to perform: s3:DeleteObject on",
        &format!("arn:aws:s3:::{BUCKET}/kept/a because"),
    ] {
        assert!(text.contains(word), "{word}: {text}");
    }
    let unknown = signed_by(&s3, "NOBODYSACCESSKEY", "GET", &path("kept/a"), &[], b"").await;
    assert_eq!(unknown.status, 403);
}

#[tokio::test]
async fn a_form_can_do_what_its_signer_may_when_it_is_used() {
    let s3 = start().await;
    let key = access_key_id("stack-uploader");
    let until = clock::now() + Duration::minutes(5);
    let sent = async |form: Form| form.send(&s3).await.status;
    assert_eq!(sent(Form::signed_by(&key, "pending/k", until)).await, 201);
    assert!(s3.get(BUCKET, "pending/k").is_some());
    assert_eq!(sent(Form::signed_by(&key, "public/k", until)).await, 403);
    assert!(s3.get(BUCKET, "public/k").is_none());
    assert_eq!(
        sent(Form::signed_by(ACCESS_KEY_ID, "public/k", until)).await,
        201
    );
}
