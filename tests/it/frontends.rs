//! Frontends on a server, which say for whom they call: only those that the
//! operator trusts, and for nothing but limits and logs.

use std::path::Path;
use std::process::Command;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use local::operator::{end_trust, list_trusted, trust};
use reqwest::Method;
use serde_json::{Value, json};

use crate::staff::operator;
use tests::{
    Shop, TestRequest, TestResponse, send_signal, spawn_shop, spawn_shop_with, with_parameter,
};

/// Whence all requests of a frontend come.
const FRONTEND: &str = "198.51.100.1";

/// A frontend, with the key that it signs with and what its tokens say.
struct Frontend {
    key: Ed25519KeyPair,
    kid: String,
    shop: String,
}

fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The value that a line of the command's output names.
fn said(output: &str, name: &str) -> String {
    let mut words = output.lines().map(str::split_whitespace);
    let found = words.find_map(|mut line| (line.next() == Some(name)).then(|| line.next()));
    found.flatten().unwrap().to_owned()
}

fn now() -> i64 {
    let now = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap();
    now.as_secs().try_into().unwrap()
}

impl Frontend {
    /// A frontend that the operator has just trusted.
    async fn trusted_by(shop: &Shop) -> Self {
        let output = trust(&operator(&shop.cloud), "storefront", None, None).await;
        Self::of(&output.unwrap())
    }

    /// A frontend by what the command said.
    fn of(output: &str) -> Self {
        let mut key = output
            .lines()
            .skip_while(|it| !it.starts_with("-----BEGIN PRIVATE KEY"));
        let key = STANDARD.decode(key.nth(1).unwrap()).unwrap();
        Self {
            key: Ed25519KeyPair::from_pkcs8(&key).unwrap(),
            kid: said(output, "kid"),
            shop: said(output, "aud"),
        }
    }

    fn header(&self) -> Value {
        json!({ "alg": "EdDSA", "typ": "caller+jwt", "kid": self.kid })
    }

    fn claims(&self, ip: &str) -> Value {
        let now = now();
        json!({ "iss": "storefront", "aud": self.shop, "ip": ip, "iat": now, "exp": now + 60 })
    }

    fn sign(&self, header: &str, claims: &str) -> String {
        let message = format!("{}.{}", encode(header), encode(claims));
        let signature = self.key.sign(message.as_bytes());
        format!("{message}.{}", encode(signature))
    }

    fn token(&self, ip: &str) -> String {
        self.sign(&self.header().to_string(), &self.claims(ip).to_string())
    }
}

/// Calls a function from the frontend's address with this header.
async fn call(shop: &Shop, function: &str, token: &str, body: Option<Value>) -> TestResponse {
    let mut request = TestRequest {
        body,
        ..TestRequest::default()
    };
    request
        .headers
        .insert("x-trusted-client".to_owned(), json!(token));
    shop.call_from(FRONTEND, function, request).await
}

/// Tries to sign in, and returns how many tries are left; `None` past the
/// limit.
async fn try_to_sign_in(shop: &Shop, token: &str) -> Option<u32> {
    let body = json!({ "email": "nobody@example.com", "password": "wrong password" });
    let answer = call(shop, "login", token, Some(body)).await;
    match answer.status {
        429 => None,
        _ => Some(
            answer
                .expect(401)
                .header("ratelimit-remaining")
                .parse()
                .unwrap(),
        ),
    }
}

#[tokio::test]
async fn each_customer_of_a_trusted_frontend_has_limits_of_their_own() {
    let shop = spawn_shop_with(with_parameter("RequestLimit", "100")).await;
    shop.wait_for_limit_window(60).await;
    let frontend = Frontend::trusted_by(&shop).await;
    for ip in ["192.0.2.1", "2001:db8:1:2::3"] {
        let token = frontend.token(ip);
        assert_eq!(try_to_sign_in(&shop, &token).await, Some(29), "{ip}");
    }
    // The same subscriber of IPv6, and the frontend itself.
    let token = frontend.token("2001:db8:1:2::4");
    assert_eq!(try_to_sign_in(&shop, &token).await, Some(28));
    assert_eq!(try_to_sign_in(&shop, "").await, Some(29));

    let busy = frontend.token("192.0.2.7");
    for _ in 0..100 {
        call(&shop, "not-found", &busy, None).await.expect(404);
    }
    call(&shop, "not-found", &busy, None).await.expect(429);
    let other = frontend.token("192.0.2.8");
    call(&shop, "not-found", &other, None).await.expect(404);
    call(&shop, "not-found", "", None).await.expect(404);
}

#[tokio::test]
async fn the_log_has_the_customers_address_beside_the_one_that_the_gateway_saw() {
    let shop = spawn_shop().await;
    let frontend = Frontend::trusted_by(&shop).await;
    try_to_sign_in(&shop, &frontend.token("::ffff:192.0.2.1")).await;
    let event = &shop.events("sign-in-failed")[0];
    assert_eq!(event["sourceIp"], FRONTEND);
    assert_eq!(event["clientIp"], "192.0.2.1");
    try_to_sign_in(&shop, "").await;
    assert!(shop.events("sign-in-failed")[1].get("clientIp").is_none());
    let access = shop.cloud.logs().into_iter();
    let access = access.filter(|line| line.contains("\"clientIp\":\"192.0.2.1\""));
    assert_eq!(access.count(), 2, "the event's line and the request's");
}

#[tokio::test]
async fn a_token_that_is_not_exactly_a_trusted_frontends_counts_for_nothing() {
    let shop = spawn_shop_with(with_parameter("SignInLimit", "1000")).await;
    shop.wait_for_limit_window(60).await;
    let frontend = Frontend::trusted_by(&shop).await;
    let good = frontend.token("192.0.2.1");
    assert_eq!(try_to_sign_in(&shop, &good).await, Some(999));
    let stranger = Frontend {
        key: Ed25519KeyPair::generate().unwrap(),
        ..Frontend::trusted_by(&shop).await
    };
    let mut bad = vec![
        "nonsense".to_owned(),
        "..".to_owned(),
        format!("{good},{good}"),
        format!("{good}, {}", frontend.token("192.0.2.2")),
        format!("Bearer {good}"),
        good[..good.len() - 2].to_owned(),
        stranger.token("192.0.2.1"),
    ];
    for (name, value) in [
        ("alg", json!("none")),
        ("alg", json!("HS256")),
        ("typ", json!("at+jwt")),
        ("typ", json!("JWT")),
        ("kid", json!("01arz3ndektsv4rrffq69g5fav")),
        ("kid", json!(stranger.kid)),
        ("jwk", json!({})),
    ] {
        let mut header = frontend.header();
        header[name] = value;
        let claims = frontend.claims("192.0.2.1");
        bad.push(frontend.sign(&header.to_string(), &claims.to_string()));
    }
    let (header, now) = (frontend.header().to_string(), now());
    for (name, value) in [
        ("iss", json!("another")),
        ("aud", json!("another-shop")),
        ("aud", json!([frontend.shop])),
        ("exp", json!(now + 90)),
        ("exp", json!(now)),
        ("iat", json!(now + 30)),
        ("iat", json!(null)),
        ("ip", json!("localhost")),
        ("ip", json!("192.0.2.1, 192.0.2.2")),
        ("ip", json!(null)),
        ("role", json!("admin")),
    ] {
        let mut claims = frontend.claims("192.0.2.1");
        claims[name] = value;
        bad.push(frontend.sign(&header, &claims.to_string()));
    }
    let expired = json!({ "iat": now - 70, "exp": now - 10 });
    let mut claims = frontend.claims("192.0.2.1");
    for (name, value) in expired.as_object().unwrap() {
        claims[name] = value.clone();
    }
    bad.push(frontend.sign(&header, &claims.to_string()));
    for name in ["iss", "aud", "ip", "iat", "exp"] {
        let mut claims = frontend.claims("192.0.2.1");
        claims.as_object_mut().unwrap().remove(name);
        bad.push(frontend.sign(&header, &claims.to_string()));
    }
    let twice = frontend.claims("192.0.2.1").to_string();
    let twice = twice.replacen('{', "{\"ip\":\"192.0.2.9\",", 1);
    bad.push(frontend.sign(&header, &twice));

    // Each of them is one more try of the frontend's own address.
    for (number, token) in (1..).zip(&bad) {
        let left = try_to_sign_in(&shop, token).await;
        assert_eq!(left, Some(1000 - number), "{token}");
        let refused = shop.events("frontend-refused").len();
        assert_eq!(u32::try_from(refused), Ok(number), "{token}");
    }
}

#[tokio::test]
async fn no_ring_verifies_the_tokens_of_another() {
    let shop = spawn_shop().await;
    let frontend = Frontend::trusted_by(&shop).await;
    // An access token by the frontend's key.
    let alice = shop.alice().await;
    let claims = alice.token().split('.').nth(1).unwrap();
    let claims = URL_SAFE_NO_PAD.decode(claims).unwrap();
    let claims = String::from_utf8(claims).unwrap();
    let mut header = frontend.header();
    header["typ"] = json!("at+jwt");
    let forged = frontend.sign(&header.to_string(), &claims);
    let refused = alice.with_token(&forged).get("/api/cart").await;
    refused.expect_problem(401, "unauthenticated");

    // A frontend's token by a key that signs access tokens.
    let signer = Frontend {
        key: Ed25519KeyPair::generate().unwrap(),
        kid: "not-a-frontend".to_owned(),
        shop: frontend.shop.clone(),
    };
    let row = json!({
        "ring": { "S": "tokens" }, "kid": { "S": signer.kid },
        "frontend": { "S": "storefront" },
        "publicKey": { "S": encode(signer.key.public_key()) },
        "createdAt": { "S": "2026-01-01T00:00:00Z" },
    });
    shop.put_item("TokenKeysTable", row).await;
    try_to_sign_in(&shop, &signer.token("192.0.2.1")).await;
    assert_eq!(shop.events("frontend-refused").len(), 1);
}

#[tokio::test]
async fn no_frontend_opens_the_staffs_routes_to_an_address() {
    let shop = spawn_shop_with(with_parameter("AdminNetworks", "192.0.2.0/24")).await;
    let frontend = Frontend::trusted_by(&shop).await;
    let body = json!({ "email": "nobody@example.com", "password": "wrong password" });
    let token = frontend.token("192.0.2.1");
    let refused = call(&shop, "admin-login", &token, Some(body)).await;
    refused.expect_problem(403, "forbidden");
    assert_eq!(shop.events("address-refused").len(), 1);
    assert!(shop.events("frontend-refused").is_empty());
}

#[tokio::test]
async fn no_page_in_a_browser_may_send_the_header() {
    let shop = spawn_shop().await;
    let preflight = shop
        .anonymous()
        .request(Method::OPTIONS, "/api/cart")
        .header("origin", "http://localhost:3000")
        .header("access-control-request-method", "GET")
        .header("access-control-request-headers", "x-trusted-client");
    let answer = tests::try_send(preflight).await.unwrap();
    let allowed = answer.header("access-control-allow-headers");
    assert!(allowed.contains("idempotency-key"), "{allowed}");
    assert!(!allowed.contains("x-trusted-client"), "{allowed}");
}

#[tokio::test]
async fn the_operator_trusts_a_frontend_by_its_own_key_and_ends_that() {
    let shop = spawn_shop().await;
    shop.wait_for_limit_window(60).await;
    let env = operator(&shop.cloud);
    assert_eq!(list_trusted(&env).await.unwrap(), "No frontend is trusted.");
    let key = Ed25519KeyPair::generate().unwrap();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let file = folder.join("storefront.pem");
    // The fixed beginning of an Ed25519 public key (RFC 8410), then the key.
    let der = [
        b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00",
        key.public_key().as_ref(),
    ];
    let pem = STANDARD.encode(der.concat());
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{pem}\n-----END PUBLIC KEY-----\n");
    std::fs::write(&file, pem).unwrap();
    let output = trust(&env, "storefront", Some(&file), Some(2))
        .await
        .unwrap();
    assert!(!output.contains("PRIVATE"), "{output}");
    let frontend = Frontend {
        key,
        kid: said(&output, "kid"),
        shop: said(&output, "aud"),
    };
    let token = frontend.token("192.0.2.1");
    assert_eq!(try_to_sign_in(&shop, &token).await, Some(29));
    let row = &shop.scan("TokenKeysTable").await;
    let row = row
        .iter()
        .find(|row| row["ring"]["S"] == "callers")
        .unwrap();
    let ends: i64 = row["expiresAt"]["N"].as_str().unwrap().parse().unwrap();
    assert!((ends - now() - 172_800).abs() < 60, "{ends}");

    let listed = list_trusted(&env).await.unwrap();
    assert!(listed.starts_with(&format!("{} storefront since ", frontend.kid)));
    end_trust(&env, &frontend.kid).await.unwrap();
    assert!(end_trust(&env, &frontend.kid).await.is_err());
    assert_eq!(list_trusted(&env).await.unwrap(), "No frontend is trusted.");
    // A process that has never seen it.
    for pid in shop.cloud.pids("login") {
        send_signal(pid, "KILL");
    }
    tests::wait_until(|| shop.cloud.pids("login").is_empty()).await;
    assert_eq!(try_to_sign_in(&shop, &token).await, Some(29));
    assert_eq!(shop.events("frontend-refused").len(), 1);

    let sue = shop.super_admin().await;
    let records = sue.get("/api/admin/audit?actor=operator").await.expect(200);
    let actions = records.body["items"].as_array().unwrap().iter();
    let actions: Vec<_> = actions.map(|it| it["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["frontend-removed", "frontend-trusted"]);

    for name in ["", "two words", &"n".repeat(65)] {
        assert!(trust(&env, name, None, None).await.is_err(), "{name}");
    }
    let wrong = Some(Path::new("Cargo.toml"));
    assert!(trust(&env, "storefront", wrong, None).await.is_err());
}

#[tokio::test]
async fn the_operators_environment_names_all_that_the_commands_need() {
    let shop = spawn_shop().await;
    let template = Path::new(env!("CARGO_MANIFEST_DIR")).join("../template.yaml");
    let template = std::fs::read_to_string(template).unwrap();
    let (_, output) = template.split_once("  OperatorEnvironment:").unwrap();
    let named = output
        .lines()
        .find(|line| line.contains("Value: !Sub"))
        .unwrap();
    let mut variables = shop.cloud.environment("admin-create-user");
    variables.extend(shop.cloud.environment("admin-get-order"));
    variables.extend(shop.cloud.environment("admin-create-product"));
    let known = |name: &str| {
        let named = named.contains(&format!("{name}="));
        named || name.starts_with("AWS_")
    };
    let names: Vec<String> = variables.keys().cloned().collect();
    let variables = move |name: &str| match name {
        "AWS_ACCESS_KEY_ID" => Some(cloud::ACCESS_KEY_ID.to_owned()),
        _ => variables.get(name).cloned(),
    };
    let given: Vec<String> = names.into_iter().filter(|name| known(name)).collect();
    let env = shared::aws::Env::of(move |name| {
        given.iter().any(|it| it == name).then(|| variables(name))?
    });
    let env = env.unwrap();
    list_trusted(&env).await.unwrap();
    local::operator::index_orders(&env).await.unwrap();
    let done = local::operator::complete_catalogue(&env).await.unwrap();
    assert_eq!(
        done,
        "0 products are counted and listed now, and 0 categories were made."
    );
    local::operator::sync_pictures(&env, None).await.unwrap();
    let email = "olga@example.com";
    let invited = local::operator::invite_first_super_admin(&env, email, "Olga").await;
    // It has one already, which only the tables tell.
    assert!(
        invited
            .unwrap_err()
            .to_string()
            .contains("has a super-admin")
    );
}

#[tokio::test]
async fn the_limits_of_signing_in_are_parameters() {
    let mut options = with_parameter("SignInLimit", "2");
    for name in ["StaffSignInLimit", "RegistrationLimit", "InvitationLimit"] {
        let parameters = &mut options.deployment.parameters;
        parameters.insert(name.to_owned(), "1".to_owned());
    }
    let shop = spawn_shop_with(options).await;
    shop.wait_for_limit_window(30).await;
    for (function, limit) in [
        ("login", 2),
        ("admin-login", 1),
        ("register", 1),
        ("accept-invite", 1),
    ] {
        let token = "usr_01arz3ndektsv4rrffq69g5fav.x";
        let body = match function {
            "register" => {
                json!({ "email": "n@example.com", "name": "N", "password": "tall grass 77" })
            }
            "accept-invite" => json!({ "token": token, "password": "tall grass 77 moths" }),
            _ => json!({ "email": "nobody@example.com", "password": "wrong password" }),
        };
        for number in 0..=limit {
            let request = TestRequest::with_body(body.clone());
            let answer = shop.call_from("192.0.2.1", function, request).await;
            assert_eq!(answer.status == 429, number == limit, "{function}");
        }
    }
}

/// The example of the documentation, as a server runs it.
#[tokio::test]
async fn the_example_for_node_works_as_it_stands_in_the_documentation() {
    if Command::new("node").arg("--version").output().is_err() {
        eprintln!("not run: there is no Node.js on this machine");
        return;
    }
    let shop = spawn_shop().await;
    let output = trust(&operator(&shop.cloud), "storefront", None, None).await;
    let output = output.unwrap();
    let (_, key) = output.split_once("\n-----BEGIN").unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let document = std::fs::read_to_string(root.join("docs/frontends.md")).unwrap();
    let (_, example) = document.split_once("```js\n").unwrap();
    let (example, _) = example.split_once("```").unwrap();
    let calls = "for (const ip of ['192.0.2.1', '2001:db8::1']) {\n\
        const answer = await callShop('/api/nothing', ip, { headers: { accept: '*/*' } });\n\
        console.log(answer.status);\n}\n";
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("frontend.mjs");
    std::fs::write(&file, format!("{example}\n{calls}")).unwrap();
    let mut node = Command::new("node");
    node.arg(&file)
        .env("SHOP_URL", shop.cloud.api_url())
        .env("SHOP_KEY", format!("-----BEGIN{key}"))
        .env("SHOP_KID", said(&output, "kid"))
        .env("SHOP_ISS", said(&output, "iss"))
        .env("SHOP_AUD", said(&output, "aud"));
    // The shop that it calls runs on this thread.
    let ran = tokio::task::spawn_blocking(move || node.output()).await;
    let ran = ran.unwrap().unwrap();
    let errors = String::from_utf8_lossy(&ran.stderr);
    assert_eq!(
        String::from_utf8_lossy(&ran.stdout),
        "404\n404\n",
        "{errors}"
    );
    let logs = shop.cloud.logs();
    for ip in ["192.0.2.1", "2001:db8::1"] {
        let member = format!("\"clientIp\":\"{ip}\"");
        assert!(logs.iter().any(|line| line.contains(&member)), "{ip}");
    }
}
