//! Forged access tokens, a family of attacks a test. Every forgery is held
//! against a customer's endpoint and against an admin's, and differs in one thing
//! from a token that works: the forger has the shop's own key and is first
//! shown to be exact with it.

use std::io::ErrorKind;
use std::net::TcpListener as StdListener;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use aws_lc_rs::hmac;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use reqwest::Method;
use reqwest::header::HeaderValue;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use tests::{Client, Shop, TestResponse, product_body, send, spawn_shop};

/// The fixed beginning of an Ed25519 public key as X.509 has it (RFC 8410).
const SPKI_PREFIX: [u8; 12] = [
    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
];
/// The order of Ed25519's group, least byte first (RFC 8032 section 5.1).
const GROUP_ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];
/// The characters of base64url in the order of their values.
const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
/// What a product is called that only a forged token could have made.
const FORGED: &str = "Made by a forger";

fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn decode(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).unwrap()
}

/// One person's token, and the key that signed it.
struct Genuine {
    key: Arc<Ed25519KeyPair>,
    kid: String,
    claims: Value,
    token: String,
}

impl Genuine {
    /// # Panics
    /// Unless the key signs the very same token: otherwise what is refused
    /// below might be refused for the forger's own mistakes.
    fn of(client: &Client, kid: &str, key: &Arc<Ed25519KeyPair>) -> Self {
        let token = client.token().to_owned();
        let (message, _) = token.rsplit_once('.').unwrap();
        let (header, claims) = message.split_once('.').unwrap();
        let genuine = Self {
            key: Arc::clone(key),
            kid: kid.to_owned(),
            claims: serde_json::from_slice(&decode(claims)).unwrap(),
            token: token.clone(),
        };
        let header: Value = serde_json::from_slice(&decode(header)).unwrap();
        assert_eq!(header, genuine.header());
        assert_eq!(genuine.sign(message), token);
        genuine
    }

    fn header(&self) -> Value {
        json!({ "alg": "EdDSA", "typ": "at+jwt", "kid": self.kid })
    }

    /// The token of an encoded header and encoded claims.
    fn sign(&self, message: &str) -> String {
        let signature = self.key.sign(message.as_bytes());
        format!("{message}.{}", encode(signature))
    }

    fn token(&self, header: impl AsRef<[u8]>, claims: impl AsRef<[u8]>) -> String {
        self.sign(&format!("{}.{}", encode(header), encode(claims)))
    }

    fn with_header(&self, header: &Value) -> String {
        self.token(header.to_string(), self.claims.to_string())
    }

    fn with_claims(&self, claims: &Value) -> String {
        self.token(self.header().to_string(), claims.to_string())
    }

    /// A token whose header has one more member, or another value of one.
    fn with_member(&self, name: &str, value: Value) -> String {
        let mut header = self.header();
        header[name] = value;
        self.with_header(&header)
    }

    fn with_claim(&self, name: &str, value: Value) -> String {
        let mut claims = self.claims.clone();
        claims[name] = value;
        self.with_claims(&claims)
    }

    /// The header, the claims and the signature as they stand in the token.
    fn parts(&self) -> [&str; 3] {
        let parts: Vec<_> = self.token.split('.').collect();
        parts.try_into().unwrap()
    }

    fn second(&self, claim: &str) -> i64 {
        self.claims[claim].as_i64().unwrap()
    }
}

/// Reads a signing key of the shop as a function that signs does.
async fn signing_key(shop: &Shop, name: &str) -> (String, Arc<Ed25519KeyPair>) {
    let mut secrets = shop.cloud.template().secrets.iter();
    let secret = secrets.find(|secret| secret.logical_id == name);
    let asked = json!({ "SecretId": secret.unwrap().name });
    let (url, target) = (
        shop.cloud.secrets_manager_url(),
        "secretsmanager.GetSecretValue",
    );
    let (_, answer) = shop
        .call_aws(&url, cloud::ACCESS_KEY_ID, target, &asked)
        .await;
    let secret: Value = serde_json::from_str(answer["SecretString"].as_str().unwrap()).unwrap();
    let seed = STANDARD.decode(secret["seed"].as_str().unwrap()).unwrap();
    let key = Ed25519KeyPair::from_seed_unchecked(&seed).unwrap();
    (secret["kid"].as_str().unwrap().to_owned(), Arc::new(key))
}

/// A customer's and a super-admin's.
async fn genuine_tokens(shop: &Shop) -> [Genuine; 2] {
    let (kid, key) = signing_key(shop, "SigningKey").await;
    let customer = Genuine::of(&shop.alice().await, &kid, &key);
    let (kid, key) = signing_key(shop, "StaffSigningKey").await;
    let super_admin = Genuine::of(&shop.super_admin().await, &kid, &key);
    [customer, super_admin]
}

/// A key pair that the shop has never seen.
fn strangers_key() -> Ed25519KeyPair {
    Ed25519KeyPair::generate().unwrap()
}

/// A shop, and whom the forgeries pretend to be.
struct Targets {
    shop: Shop,
    customer: Genuine,
    super_admin: Genuine,
}

impl Targets {
    async fn open() -> Self {
        let shop = spawn_shop().await;
        let [customer, super_admin] = genuine_tokens(&shop).await;
        let targets = Self {
            shop,
            customer,
            super_admin,
        };
        targets.assert_genuine_accepted().await;
        targets
    }

    /// Both tokens as the shop made them, and as the forger does.
    async fn assert_genuine_accepted(&self) {
        for genuine in [&self.customer, &self.super_admin] {
            let again = genuine.with_claims(&genuine.claims);
            for token in [&genuine.token, &again] {
                let status = if genuine.claims["role"] == "customer" {
                    200
                } else {
                    201
                };
                self.call_with(genuine, &format!("Bearer {token}"), "Genuine")
                    .await
                    .expect(status);
            }
        }
    }

    /// The request that only whom this token names may make, with another
    /// `Authorization`.
    async fn call_with(
        &self,
        genuine: &Genuine,
        authorization: &str,
        product: &str,
    ) -> TestResponse {
        let authorization = HeaderValue::from_bytes(authorization.as_bytes()).unwrap();
        let anonymous = self.shop.anonymous();
        let request = if genuine.claims["role"] == "customer" {
            anonymous.request(Method::GET, "/api/orders")
        } else {
            let request = anonymous.request(Method::POST, "/api/admin/products");
            request.json(&product_body(product, 100, 1))
        };
        send(request.header("authorization", authorization)).await
    }

    /// Every forgery gets the one answer that says nothing, at both endpoints; the
    /// genuine get theirs before and after.
    async fn assert_refused(&self, forge: impl Fn(&Genuine) -> Vec<(String, String)>) {
        for genuine in [&self.customer, &self.super_admin] {
            for (what, token) in forge(genuine) {
                assert_ne!(token, genuine.token, "{what} is no forgery");
                let bearer = format!("Bearer {token}");
                let answer = self.call_with(genuine, &bearer, FORGED).await;
                assert_eq!(answer.status, 401, "{what}: {answer:#?}");
                assert_eq!(answer.body["code"], "unauthenticated", "{what}");
                assert_eq!(answer.body["detail"], "Invalid token.", "{what}");
            }
        }
        self.assert_genuine_accepted().await;
        self.assert_nothing_created().await;
    }

    async fn assert_nothing_created(&self) {
        let products = self.shop.scan("ProductsTable").await;
        assert!(products.iter().any(|it| it["name"]["S"] == "Genuine"));
        assert!(products.iter().all(|it| it["name"]["S"] != FORGED));
    }
}

fn named(what: impl Into<String>, token: String) -> (String, String) {
    (what.into(), token)
}

#[tokio::test]
async fn a_token_that_says_it_needs_no_signature_needs_one() {
    let targets = Targets::open().await;
    targets
        .assert_refused(|genuine| {
            let [_, claims, signature] = genuine.parts();
            let mut forged = Vec::new();
            for alg in [
                json!("none"),
                json!("None"),
                json!("NONE"),
                json!("nOnE"),
                json!(" none"),
                json!("none\u{0}"),
                json!(""),
                json!(null),
                json!(0),
                json!(["EdDSA"]),
                json!("EdDSA\u{0}"),
                json!("missing"),
            ] {
                let mut header = genuine.header();
                if alg == "missing" {
                    header.as_object_mut().unwrap().remove("alg");
                } else {
                    header["alg"] = alg.clone();
                }
                let encoded = encode(header.to_string());
                forged.extend([
                    named(format!("{alg}, unsigned"), format!("{encoded}.{claims}.")),
                    named(format!("{alg}, no dot"), format!("{encoded}.{claims}")),
                    named(
                        format!("{alg}, another's signature"),
                        format!("{encoded}.{claims}.{signature}"),
                    ),
                    named(format!("{alg}, signed"), genuine.with_header(&header)),
                ]);
            }
            forged
        })
        .await;
}

#[tokio::test]
async fn the_public_key_is_no_secret_to_sign_with() {
    let targets = Targets::open().await;
    targets
        .assert_refused(|genuine| {
            let public = genuine.key.public_key().as_ref();
            let der = [&SPKI_PREFIX, public].concat();
            let pem = format!(
                "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----",
                STANDARD.encode(&der)
            );
            let hex: String = public.iter().map(|byte| format!("{byte:02x}")).collect();
            let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "x": encode(public) });
            let secrets: [(&str, Vec<u8>); 10] = [
                ("the raw key", public.to_vec()),
                ("base64url", encode(public).into_bytes()),
                ("base64", STANDARD.encode(public).into_bytes()),
                ("hex", hex.into_bytes()),
                ("DER", der.clone()),
                ("DER in base64", STANDARD.encode(&der).into_bytes()),
                ("PEM", pem.clone().into_bytes()),
                ("PEM and a line end", format!("{pem}\n").into_bytes()),
                ("JWK", jwk.to_string().into_bytes()),
                ("nothing", Vec::new()),
            ];
            let mut forged = Vec::new();
            for (alg, algorithm) in [
                ("HS256", hmac::HMAC_SHA256),
                ("HS384", hmac::HMAC_SHA384),
                ("HS512", hmac::HMAC_SHA512),
                // Says what it isn't: a verifier that goes by its key's type.
                ("EdDSA", hmac::HMAC_SHA256),
            ] {
                let mut header = genuine.header();
                header["alg"] = json!(alg);
                let message = format!(
                    "{}.{}",
                    encode(header.to_string()),
                    encode(genuine.claims.to_string())
                );
                for (form, secret) in &secrets {
                    let mac = hmac::sign(&hmac::Key::new(algorithm, secret), message.as_bytes());
                    let token = format!("{message}.{}", encode(mac));
                    forged.push(named(format!("{alg} with {form}"), token));
                }
            }
            forged
        })
        .await;
}

#[tokio::test]
async fn only_one_algorithm_goes_by_one_name() {
    let targets = Targets::open().await;
    targets
        .assert_refused(|genuine| {
            let algorithms = [
                "RS256",
                "RS384",
                "RS512",
                "PS256",
                "PS384",
                "PS512",
                "ES256",
                "ES384",
                "ES512",
                "ES256K",
                "EDDSA",
                "eddsa",
                "EdDsa",
                "Ed25519",
                "Ed448",
                "dir",
                "A256GCM",
                "HS256",
                "RSA-OAEP",
                "EdDSA ",
                "EdDSA,none",
            ];
            let signed = algorithms.map(|alg| {
                let token = genuine.with_member("alg", json!(alg));
                named(alg, token)
            });
            signed.to_vec()
        })
        .await;
}

#[tokio::test]
async fn a_key_that_the_token_brings_along_or_points_to_is_not_used() {
    let targets = Targets::open().await;
    let shop = &targets.shop;
    let rows = shop.scan("TokenKeysTable").await;
    let cursors = rows.iter().filter(|row| row["kid"]["S"] == "cursor");
    let cursors = cursors.map(|row| decode(row["key"]["S"].as_str().unwrap()));
    let [one_cursor_key, other_cursor_key] = cursors.collect::<Vec<_>>().try_into().unwrap();
    // Where the forger's keys would be; nobody may ask for them.
    let listener = StdListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("http://{}/keys.json", listener.local_addr().unwrap());

    targets
        .assert_refused(|genuine| {
            let own = strangers_key();
            let jwk = |kid: &str| {
                let x = encode(own.public_key());
                json!({ "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": kid,
                        "x": x })
            };
            let sign = |header: &Value| {
                let message = format!(
                    "{}.{}",
                    encode(header.to_string()),
                    encode(genuine.claims.to_string())
                );
                let signature = own.sign(message.as_bytes());
                format!("{message}.{}", encode(signature))
            };
            let mut forged = Vec::new();
            for kid in [genuine.kid.as_str(), "a-key-of-my-own"] {
                let plain = json!({ "alg": "EdDSA", "typ": "at+jwt", "kid": kid });
                forged.push(named(format!("signed by another as {kid}"), sign(&plain)));
                let chain =
                    json!([STANDARD.encode([&SPKI_PREFIX, own.public_key().as_ref()].concat())]);
                for (member, value) in [
                    ("jwk", jwk(kid)),
                    ("jwks", json!({ "keys": [jwk(kid)] })),
                    ("jku", json!(url)),
                    ("x5u", json!(url)),
                    ("x5c", chain),
                    ("x5t", json!(encode([0; 20]))),
                    ("x5t#S256", json!(encode([0; 32]))),
                ] {
                    let mut header = plain.clone();
                    header[member] = value.clone();
                    forged.push(named(format!("{member} and {kid}"), sign(&header)));
                    // The member alone makes it none of ours, whoever signs.
                    let token = genuine.with_member(member, value);
                    forged.push(named(format!("{member}, signed by the shop"), token));
                }
            }
            for kid in [
                json!("../../dev/null"),
                json!("/dev/null"),
                json!("file:///dev/null"),
                json!(url),
                json!("' OR 1=1 --"),
                json!("' UNION SELECT 'AAAA"),
                json!("|/usr/bin/id"),
                json!("cursor"),
                json!("tokens"),
                json!("kid"),
                json!(":ring"),
                json!("*"),
                json!(""),
                json!("k".repeat(1000)),
                json!("\u{0}"),
                json!(format!("{}\u{0}", genuine.kid)),
                json!(format!("{}\u{0}.x", genuine.kid)),
                json!(format!(" {}", genuine.kid)),
                json!(genuine.kid.to_uppercase() + "."),
                json!([genuine.kid]),
                json!({ "kid": genuine.kid }),
                json!({ "$ne": null }),
                json!(7),
                json!(true),
                json!(null),
            ] {
                let what = format!("kid {kid:.60}");
                let header = json!({ "alg": "EdDSA", "typ": "at+jwt", "kid": kid });
                forged.push(named(format!("{what} by another"), sign(&header)));
                forged.push(named(&what, genuine.with_header(&header)));
                let hmac_header = json!({ "alg": "HS256", "typ": "at+jwt", "kid": kid });
                let message = format!(
                    "{}.{}",
                    encode(hmac_header.to_string()),
                    encode(genuine.claims.to_string())
                );
                // `/dev/null` has no bytes; the rows of the cursors' keys have these.
                for secret in [&[][..], &one_cursor_key, &other_cursor_key] {
                    let mac = hmac::sign(
                        &hmac::Key::new(hmac::HMAC_SHA256, secret),
                        message.as_bytes(),
                    );
                    let token = format!("{message}.{}", encode(mac));
                    forged.push(named(format!("{what} as a MAC"), token));
                }
            }
            forged
        })
        .await;
    let asked = listener.accept().unwrap_err();
    assert_eq!(asked.kind(), ErrorKind::WouldBlock, "someone asked for it");
}

#[tokio::test]
async fn a_header_with_more_less_or_other_than_its_three_members_is_refused() {
    let targets = Targets::open().await;
    targets
        .assert_refused(|genuine| {
            let mut forged = Vec::new();
            for (name, value) in [
                ("crit", json!([])),
                ("crit", json!(["exp"])),
                ("crit", json!(["b64"])),
                ("b64", json!(false)),
                ("b64", json!(true)),
                ("cty", json!("JWT")),
                ("zip", json!("DEF")),
                ("enc", json!("A256GCM")),
                ("iss", genuine.claims["iss"].clone()),
                ("", json!("")),
                ("typ", json!("JWT")),
                ("typ", json!("at+JWT")),
                ("typ", json!("AT+JWT")),
                ("typ", json!("application/at+jwt")),
                ("typ", json!("rt+jwt")),
                ("typ", json!("")),
                ("typ", json!(null)),
                ("typ", json!(["at+jwt"])),
            ] {
                let what = format!("{name} {value}");
                forged.push(named(what, genuine.with_member(name, value)));
            }
            for name in ["alg", "typ", "kid"] {
                let mut header = genuine.header();
                header.as_object_mut().unwrap().remove(name);
                forged.push(named(format!("no {name}"), genuine.with_header(&header)));
            }
            let claims = genuine.claims.to_string();
            let kid = &genuine.kid;
            let deep = "[".repeat(600) + &"]".repeat(600);
            for header in [
                format!(r#"{{"alg":"none","alg":"EdDSA","typ":"at+jwt","kid":"{kid}"}}"#),
                format!(r#"{{"alg":"EdDSA","alg":"none","typ":"at+jwt","kid":"{kid}"}}"#),
                format!(r#"{{"alg":"EdDSA","alg":"EdDSA","typ":"at+jwt","kid":"{kid}"}}"#),
                format!(r#"{{"alg":"EdDSA","typ":"at+jwt","typ":"at+jwt","kid":"{kid}"}}"#),
                format!(r#"{{"alg":"EdDSA","typ":"at+jwt","kid":"x","kid":"{kid}"}}"#),
                format!(r#"{{"alg":"EdDSA","\u0061lg":"none","typ":"at+jwt","kid":"{kid}"}}"#),
                format!(r#"["EdDSA","at+jwt","{kid}"]"#),
                format!(r#"{{"alg":"EdDSA","typ":"at+jwt","kid":"{kid}"}}x"#),
                format!(r#"{{"alg":"EdDSA","typ":"at+jwt","kid":"{kid}",}}"#),
                format!(r#"{{"alg":"EdDSA","typ":"at+jwt","kid":"{kid}""#),
                format!("{{\"alg\":\"EdDSA\",\"typ\":\"at+jwt\",\"kid\":\"{kid}\"}}\0"),
                format!("\u{feff}{{\"alg\":\"EdDSA\",\"typ\":\"at+jwt\",\"kid\":\"{kid}\"}}"),
                format!(r#"{{"alg":"EdDSA","typ":"at+jwt","kid":{deep}}}"#),
                format!(r#"{{"alg":"EdDSA","typ":"at+jwt","kid":"{kid}\ud800"}}"#),
                r#""EdDSA""#.to_owned(),
                "null".to_owned(),
                "{}".to_owned(),
                String::new(),
            ] {
                forged.push(named(
                    format!("{header:.90}"),
                    genuine.token(&header, &claims),
                ));
            }
            let mut bytes = genuine.header().to_string().into_bytes();
            let last = bytes.len() - 2;
            bytes[last] = 0xff;
            forged.push(named(
                "a header that is no text",
                genuine.token(bytes, claims),
            ));
            forged
        })
        .await;
}

#[tokio::test]
async fn claims_that_the_shop_would_not_make_are_refused_even_if_it_signed_them() {
    let targets = Targets::open().await;
    targets
        .assert_refused(|genuine| {
            let mut forged = Vec::new();
            for name in ["userId", "role", "iat", "exp", "iss", "aud", "jti", "sid"] {
                let mut claims = genuine.claims.clone();
                let value = claims.as_object_mut().unwrap().remove(name).unwrap();
                forged.push(named(format!("no {name}"), genuine.with_claims(&claims)));
                let other_type = if value.is_number() {
                    json!(value.to_string())
                } else {
                    json!(7)
                };
                for wrong in [
                    json!(null),
                    json!(""),
                    json!([]),
                    json!({}),
                    json!(true),
                    json!([value]),
                    json!({ "$ne": null }),
                    other_type,
                ] {
                    let what = format!("{name} {wrong}");
                    forged.push(named(what, genuine.with_claim(name, wrong)));
                }
                if let Some(text) = value.as_str() {
                    for wrong in [
                        format!("{text} "),
                        format!(" {text}"),
                        format!("{text}\u{0}"),
                        format!("{text}x"),
                        text.to_uppercase(),
                        text[..text.len() - 1].to_owned(),
                    ] {
                        let what = format!("{name} {wrong:?}");
                        forged.push(named(what, genuine.with_claim(name, json!(wrong))));
                    }
                }
            }
            for (name, value) in [
                ("role", json!("root")),
                ("role", json!("Admin")),
                ("role", json!("super_admin")),
                ("role", json!("customer,super-admin")),
                ("iss", json!("somebody-else")),
                ("aud", json!("somebody-else")),
                ("aud", json!(["buy-from-me", "somebody-else"])),
                ("nbf", json!(0)),
                ("sub", genuine.claims["userId"].clone()),
                ("admin", json!(true)),
                ("user_id", genuine.claims["userId"].clone()),
                ("scope", json!("*")),
                ("__proto__", json!({ "role": "super-admin" })),
                ("", json!("")),
            ] {
                let what = format!("{name} {value}");
                forged.push(named(what, genuine.with_claim(name, value)));
            }
            forged
        })
        .await;
}

#[tokio::test]
async fn a_token_is_valid_for_its_quarter_of_an_hour_and_no_longer() {
    let targets = Targets::open().await;
    targets
        .assert_refused(|genuine| {
            let (iat, exp) = (genuine.second("iat"), genuine.second("exp"));
            let mut forged = Vec::new();
            // The genuine one was made before now, so that what lies 6 s before
            // its making has passed by more than the 5 s that clocks may differ.
            for (what, value) in [
                ("just ended", json!(iat - 6)),
                ("ended long ago", json!(1)),
                ("zero", json!(0)),
                ("negative", json!(-1)),
                ("the least", json!(i64::MIN)),
                ("a second too long", json!(exp + 1)),
                ("a day", json!(iat + 86_400)),
                ("the greatest", json!(i64::MAX)),
                ("beyond the greatest", json!(u64::MAX)),
                ("milliseconds", json!(exp * 1000)),
                ("a fraction", json!(exp as f64 + 0.5)),
                ("a float", json!(exp as f64)),
                ("text", json!(exp.to_string())),
                ("a date", json!("2099-01-01T00:00:00Z")),
            ] {
                let token = genuine.with_claim("exp", value);
                forged.push(named(format!("exp {what}"), token));
            }
            let claims = genuine.claims.to_string();
            for number in ["1e300", "1e400", "-0", "NaN", "Infinity", "0x7fffffff"] {
                let claims =
                    claims.replace(&format!("\"exp\":{exp}"), &format!("\"exp\":{number}"));
                let token = genuine.token(genuine.header().to_string(), claims);
                forged.push(named(format!("exp {number}"), token));
            }
            for (what, value) in [
                ("ten minutes ahead", json!(iat + 600)),
                ("after its end", json!(exp + 1)),
                ("a second too early", json!(iat - 1)),
                ("zero", json!(0)),
                ("the least", json!(i64::MIN)),
                ("the greatest", json!(i64::MAX)),
                ("a float", json!(iat as f64)),
                ("text", json!(iat.to_string())),
            ] {
                let token = genuine.with_claim("iat", value);
                forged.push(named(format!("iat {what}"), token));
            }
            forged
        })
        .await;
}

#[tokio::test]
async fn claims_that_can_be_read_in_two_ways_are_not_read() {
    let targets = Targets::open().await;
    targets
        .assert_refused(|genuine| {
            let good = genuine.claims.to_string();
            let open = &good[..good.len() - 1];
            let text = |name: &str| genuine.claims[name].as_str().unwrap().to_owned();
            let (iat, exp) = (genuine.second("iat"), genuine.second("exp"));
            let in_order = json!([
                text("userId"),
                text("role"),
                iat,
                exp,
                text("iss"),
                text("aud"),
                text("jti"),
                text("sid"),
            ]);
            let deep = "[".repeat(500) + &"]".repeat(500);
            let mut forged = Vec::new();
            for claims in [
                format!(r#"{open},"role":"super-admin"}}"#),
                format!(r#"{{"role":"super-admin",{}"#, &good[1..]),
                format!(r#"{open},"role":"{}"}}"#, text("role")),
                format!(r#"{open},"exp":{exp}}}"#),
                format!(r#"{open},"iss":"{}"}}"#, text("iss")),
                format!(r#"{open},"aud":"{}"}}"#, text("aud")),
                format!(r#"{open},"userId":"{}"}}"#, text("userId")),
                format!(r#"{open},"\u0072ole":"{}"}}"#, text("role")),
                format!(r#"{open},"x":{deep}}}"#),
                format!("{good}{good}"),
                format!("{good},"),
                format!("{good}\0"),
                format!("\u{feff}{good}"),
                format!("[{good}]"),
                format!("{open},}}"),
                open.to_owned(),
                in_order.to_string(),
                json!(good).to_string(),
                deep.clone(),
                "null".to_owned(),
                "{}".to_owned(),
                "7".to_owned(),
                String::new(),
            ] {
                let token = genuine.token(genuine.header().to_string(), &claims);
                forged.push(named(format!("{claims:.300}"), token));
            }
            // Bytes that are no text: a lone byte, `/` in too many, half a pair.
            for bytes in [
                &b"\xff"[..],
                b"\xc0\xaf",
                b"\xed\xa0\x80",
                b"\xf5\x80\x80\x80",
            ] {
                let id = text("jti");
                let at = good.find(&id).unwrap();
                let claims = [&good.as_bytes()[..at], bytes, &good.as_bytes()[at..]].concat();
                let token = genuine.token(genuine.header().to_string(), claims);
                forged.push(named(format!("{bytes:x?}"), token));
            }
            forged
        })
        .await;
}

#[tokio::test]
async fn a_signature_is_for_one_message_by_one_key_in_one_spelling() {
    let targets = Targets::open().await;
    let other_signatures =
        [&targets.customer, &targets.super_admin].map(|it| it.parts()[2].to_owned());
    targets
        .assert_refused(|genuine| {
            let [header, claims, signature] = genuine.parts();
            let bytes: [u8; 64] = decode(signature).try_into().unwrap();
            let spelled = |signature: &str| format!("{header}.{claims}.{signature}");
            let signed = |bytes: &[u8]| spelled(&encode(bytes));
            let mut forged = vec![
                named("zeroed", signed(&[0; 64])),
                named("all ones", signed(&[0xff; 64])),
                named("empty", spelled("")),
                named("one byte less", signed(&bytes[..63])),
                named("one byte more", signed(&[&bytes[..], &[0]].concat())),
                named("twice", signed(&[bytes, bytes].concat())),
                named("the first half", signed(&bytes[..32])),
                named(
                    "halves swapped",
                    signed(&[&bytes[32..], &bytes[..32]].concat()),
                ),
                named("no point", signed(&[&[0; 32], &bytes[32..]].concat())),
                // The neutral point and zero fit a message for a key of small order.
                named("the neutral point", {
                    let mut neutral = [0; 64];
                    neutral[0] = 1;
                    signed(&neutral)
                }),
                named("a character less", spelled(&signature[..85])),
                named("a character more", spelled(&format!("{signature}A"))),
                named("padded", spelled(&format!("{signature}=="))),
                named("half padded", spelled(&format!("{signature}="))),
                named("ends in a dot", format!("{}.", genuine.token)),
                named("a fourth part", format!("{}.x", genuine.token)),
                named("five parts", format!("{}.x.y", genuine.token)),
                named("two parts", format!("{header}.{claims}")),
                named("one part", header.to_owned()),
                named("no header", format!(".{claims}.{signature}")),
                named("no claims", format!("{header}..{signature}")),
                named("three dots", "...".to_owned()),
                named("dots", "..".to_owned()),
                named("reversed", genuine.token.chars().rev().collect()),
                named("twice over", format!("{0}.{0}", genuine.token)),
                named(
                    "a space after a dot",
                    format!("{header}. {claims}.{signature}"),
                ),
                named("a space in a part", {
                    let (left, right) = claims.split_at(10);
                    format!("{header}.{left} {right}.{signature}")
                }),
                named("a tab", format!("{header}.\t{claims}.{signature}")),
                named(
                    "a colon for a dot",
                    format!("{header}:{claims}:{signature}"),
                ),
                named("percent", format!("{header}%2e{claims}%2e{signature}")),
                named(
                    "as JSON",
                    json!({ "protected": header, "payload": claims, "signature": signature })
                        .to_string(),
                ),
            ];
            // s + L passes for s where nobody checks that s < L (RFC 8032 section 5.1.7).
            let mut malleated = bytes;
            let mut carry = 0;
            for (byte, order) in malleated[32..].iter_mut().zip(GROUP_ORDER) {
                let sum = u16::from(*byte) + u16::from(order) + carry;
                *byte = sum.to_le_bytes()[0];
                carry = sum >> 8;
            }
            assert_eq!(carry, 0);
            forged.push(named("s + L", signed(&malleated)));
            for at in (0..64).step_by(5) {
                let mut flipped = bytes;
                flipped[at] ^= 0x10;
                forged.push(named(format!("a bit of byte {at}"), signed(&flipped)));
            }
            for other in other_signatures.iter().filter(|it| *it != signature) {
                forged.push(named("another token's", spelled(other)));
            }
            // The last character's lower four bits stand for nothing.
            let value = ALPHABET.find(&signature[85..]).unwrap();
            assert_eq!(value % 16, 0);
            for spare in 1..16 {
                let last = &ALPHABET[value + spare..=value + spare];
                let token = spelled(&format!("{}{last}", &signature[..85]));
                forged.push(named(format!("spare bits {spare}"), token));
            }
            let ordinary = signature.replace('-', "+").replace('_', "/");
            if ordinary != signature {
                forged.push(named("the ordinary alphabet", spelled(&ordinary)));
            }
            // Spelled otherwise and signed so.
            for (what, message) in [
                ("a padded header", format!("{header}=.{claims}")),
                ("a header padded twice", format!("{header}==.{claims}")),
                ("padded claims", format!("{header}.{claims}=")),
                ("a trailing character", format!("{header}.{claims}A")),
                ("a swapped pair", format!("{claims}.{header}")),
            ] {
                forged.push(named(what, genuine.sign(&message)));
            }
            forged
        })
        .await;
}

#[tokio::test]
async fn a_token_is_whom_it_was_signed_for_and_nobody_else() {
    let targets = Targets::open().await;
    let (customer, super_admin) = (&targets.customer, &targets.super_admin);
    let bob = targets.shop.bob().await.session["user"]["userId"].clone();
    let stranger = strangers_key();
    targets
        .assert_refused(|genuine| {
            let [header, _, signature] = genuine.parts();
            let mut forged = Vec::new();
            for (name, value) in [
                ("userId", bob.clone()),
                ("userId", json!("usr_01arz3ndektsv4rrffq69g5fav")),
                ("role", json!("staff")),
                ("role", json!("admin")),
                ("exp", json!(genuine.second("exp") - 1)),
                ("jti", json!("01arz3ndektsv4rrffq69g5fav")),
            ] {
                let mut claims = genuine.claims.clone();
                claims[name] = value;
                let claims = encode(claims.to_string());
                let message = format!("{header}.{claims}");
                let by_a_stranger = encode(stranger.sign(message.as_bytes()));
                forged.extend([
                    named(format!("{name} changed"), format!("{message}.{signature}")),
                    named(
                        format!("{name} changed, signed by another"),
                        format!("{message}.{by_a_stranger}"),
                    ),
                ]);
            }
            forged
        })
        .await;
    // Each is let in at their own endpoint alone.
    let bearer = |genuine: &Genuine| format!("Bearer {}", genuine.token);
    for (target, caller) in [(super_admin, customer), (customer, super_admin)] {
        let answer = targets.call_with(target, &bearer(caller), FORGED).await;
        answer.expect_problem(403, "forbidden");
    }
    targets.assert_nothing_created().await;
}

#[tokio::test]
async fn a_key_signs_its_own_side_whatever_the_claims_say() {
    let targets = Targets::open().await;
    let (customer, super_admin) = (&targets.customer, &targets.super_admin);
    let call = async |target: &Genuine, token: String| {
        let bearer = format!("Bearer {token}");
        targets.call_with(target, &bearer, "Genuine").await.status
    };
    // What the holder of the customers' key makes is a customer, wherever it is shown.
    for role in ["customer", "staff", "admin", "super-admin"] {
        for claims in [&customer.claims, &super_admin.claims] {
            let mut claims = claims.clone();
            claims["role"] = json!(role);
            let token = customer.with_claims(&claims);
            assert_eq!(call(customer, token.clone()).await, 200, "{role}");
            assert_eq!(call(super_admin, token).await, 403, "{role}");
        }
    }
    // What the holder of the staff's key makes is no customer, and no more than the record says.
    for (role, status) in [
        ("customer", 403),
        ("staff", 403),
        ("admin", 201),
        ("super-admin", 201),
    ] {
        let token = super_admin.with_claim("role", json!(role));
        assert_eq!(call(customer, token.clone()).await, 403, "{role}");
        assert_eq!(call(super_admin, token).await, status, "{role}");
        let mut claims = customer.claims.clone();
        claims["role"] = json!(role);
        let token = super_admin.with_claims(&claims);
        assert_eq!(call(customer, token.clone()).await, 403, "{role}");
        let unknown = if status == 403 { 403 } else { 401 };
        assert_eq!(call(super_admin, token).await, unknown, "{role}");
    }
    // Neither key signs under the other's name.
    for (signer, other) in [(customer, super_admin), (super_admin, customer)] {
        for claims in [&customer.claims, &super_admin.claims] {
            let token = signer.token(other.header().to_string(), claims.to_string());
            for target in [customer, super_admin] {
                assert_eq!(call(target, token.clone()).await, 401);
            }
        }
    }
    // Nor does the log take a claim for a role: what counts as the staff's is the staff's.
    let mut lines = targets.shop.cloud.logs();
    lines.retain(|it| it.contains(r#""route":"GET /api/orders""#));
    lines.retain(|it| it.contains(r#""status":200"#));
    assert!(lines.len() >= 8, "{}", lines.len());
    for line in lines {
        assert!(line.contains(r#""role":"customer""#), "{line}");
    }
    let refused = targets.shop.events("permission-denied");
    assert!(
        refused
            .iter()
            .any(|it| it["userId"] == super_admin.claims["userId"])
    );
}

/// A valid token of exactly that length, by white space that JSON allows
/// around its two objects.
fn of_length(genuine: &Genuine, length: usize) -> String {
    let (header, claims) = (genuine.header().to_string(), genuine.claims.to_string());
    // Not every length of base64 occurs, so the header may have to take some.
    for before in 0..3 {
        let header = format!("{header}{}", " ".repeat(before));
        let rest = length - genuine.token(&header, "").len();
        let claims = format!("{claims:<0$}", rest * 3 / 4);
        let token = genuine.token(&header, claims);
        if token.len() == length {
            return token;
        }
    }
    panic!("no token of {length} characters");
}

#[tokio::test]
async fn a_token_longer_than_2_kib_is_not_looked_at() {
    let targets = Targets::open().await;
    for (genuine, status) in [(&targets.customer, 200), (&targets.super_admin, 201)] {
        let longest = format!("Bearer {}", of_length(genuine, 2048));
        targets
            .call_with(genuine, &longest, "Genuine")
            .await
            .expect(status);
    }
    targets
        .assert_refused(|genuine| {
            let lengths = [2049, 4096, 8 * 1024, 9 * 1024];
            let tokens = lengths
                .map(|length| named(format!("{length} characters"), of_length(genuine, length)));
            tokens.to_vec()
        })
        .await;
    // Larger than request line and headers may be together: the gateway's own answer.
    for genuine in [&targets.customer, &targets.super_admin] {
        for length in [10_241, 32 * 1024] {
            let token = format!("Bearer {}", of_length(genuine, length));
            let answer = targets.call_with(genuine, &token, FORGED).await;
            answer.expect_problem(431, "payload-too-large");
        }
    }
    targets.assert_genuine_accepted().await;
    targets.assert_nothing_created().await;
}

#[tokio::test]
async fn a_token_comes_in_one_authorization_header_and_from_nowhere_else() {
    let targets = Targets::open().await;
    for genuine in [&targets.customer, &targets.super_admin] {
        let token = &genuine.token;
        for scheme in ["Bearer", "bearer", "BEARER", "bEaReR", "Bearer  "] {
            let good = format!("{scheme} {token}");
            let answer = targets.call_with(genuine, &good, "Genuine").await;
            assert!([200, 201].contains(&answer.status), "{scheme}: {answer:#?}");
        }
        let basic = STANDARD.encode(format!("x:{token}"));
        for authorization in [
            token.to_owned(),
            format!("Bearer{token}"),
            format!("Bearer:{token}"),
            format!("Bearer: {token}"),
            format!("Bearer\t{token}"),
            format!("Bearer={token}"),
            format!("Bearer \"{token}\""),
            format!("Bearer <{token}>"),
            format!("Bearer token={token}"),
            format!("Bearer Bearer {token}"),
            format!("Bearer {token} x"),
            format!("Bearer x {token}"),
            format!("Bearer {token},"),
            format!("Bearer {token}, Bearer {token}"),
            format!("Bearer {token};"),
            format!("Bearer\u{a0}{token}"),
            format!("Bearer \u{200b}{token}"),
            format!("Basic {token}"),
            format!("Basic {basic}"),
            format!("Token {token}"),
            format!("JWT {token}"),
            format!("DPoP {token}"),
            format!("Digest {token}"),
            format!("Bearers {token}"),
            format!("earer {token}"),
            // Cyrillic, full-width and mathematical letters; a long s.
            format!("\u{412}\u{435}arer {token}"),
            format!("\u{ff22}\u{ff45}\u{ff41}\u{ff52}\u{ff45}\u{ff52} {token}"),
            format!("\u{1d401}earer {token}"),
            format!("Bearer {}", token.replacen('e', "\u{435}", 1)),
            "Bearer".to_owned(),
            "Bearer ".to_owned(),
            "Bearer null".to_owned(),
            "Bearer undefined".to_owned(),
            String::new(),
        ] {
            let answer = targets.call_with(genuine, &authorization, FORGED).await;
            assert_eq!(answer.status, 401, "{authorization:.40}: {answer:#?}");
            assert_eq!(answer.body["code"], "unauthenticated");
        }
    }

    let stranger = format!("{}x", targets.customer.token);
    for (genuine, method, path) in [
        (&targets.customer, Method::GET, "/api/orders"),
        (&targets.super_admin, Method::POST, "/api/admin/products"),
    ] {
        let token = &genuine.token;
        let ask = |path: &str| {
            let request = targets.shop.anonymous().request(method.clone(), path);
            if method == Method::POST {
                request.json(&product_body(FORGED, 100, 1))
            } else {
                request
            }
        };
        for (first, second) in [(token, token), (token, &stranger), (&stranger, token)] {
            let twice = ask(path).bearer_auth(first).bearer_auth(second);
            send(twice).await.expect_problem(401, "unauthenticated");
        }
        for name in ["access_token", "token", "authorization", "Authorization"] {
            let in_query = format!("{path}?{name}={token}");
            let in_query_as_header = format!("{path}?{name}=Bearer%20{token}");
            for request in [
                ask(&in_query),
                ask(&in_query_as_header),
                ask(path).header("cookie", format!("{name}={token}")),
                ask(path).header(format!("x-{name}"), token),
            ] {
                let answer = send(request).await;
                let answer = answer.expect_problem(401, "unauthenticated");
                assert_eq!(answer.body["detail"], "Access denied. No token provided.");
            }
        }
        for name in [
            "proxy-authorization",
            "x-amzn-authorization",
            "x-access-token",
        ] {
            let request = ask(path).header(name, format!("Bearer {token}"));
            send(request).await.expect_problem(401, "unauthenticated");
        }
        // In the body, as a field and as a form (RFC 6750 section 2.2).
        let field = targets.shop.anonymous().request(method.clone(), path);
        let mut body = product_body(FORGED, 100, 1);
        body["access_token"] = json!(token);
        let field = send(field.json(&body)).await;
        field.expect_problem(401, "unauthenticated");
        let form = targets.shop.anonymous().request(method.clone(), path);
        let form = form.header("content-type", "application/x-www-form-urlencoded");
        let form = send(form.body(format!("access_token={token}"))).await;
        form.expect_problem(401, "unauthenticated");
    }
    targets.assert_genuine_accepted().await;
    targets.assert_nothing_created().await;
}

#[tokio::test]
async fn a_token_of_one_kind_is_not_one_of_the_other() {
    let targets = Targets::open().await;
    let alice = targets.shop.alice().await;
    let refresh = alice.session["refreshToken"].as_str().unwrap();
    let [_, _, secret] = refresh.split('.').collect::<Vec<_>>().try_into().unwrap();
    targets
        .assert_refused(|genuine| {
            let [header, claims, _] = genuine.parts();
            vec![
                named("a refresh token", refresh.to_owned()),
                named("its secret", secret.to_owned()),
                named(
                    "its secret as a signature",
                    format!("{header}.{claims}.{secret}"),
                ),
            ]
        })
        .await;
    let anonymous = targets.shop.anonymous();
    for path in [
        "/api/auth/refresh",
        "/api/auth/logout",
        "/api/admin/refresh",
        "/api/admin/logout",
    ] {
        for genuine in [&targets.customer, &targets.super_admin] {
            let ids = format!(
                "{}.{}",
                genuine.claims["userId"].as_str().unwrap(),
                genuine.claims["sid"].as_str().unwrap()
            );
            for token in [
                genuine.token.clone(),
                format!("{ids}.{}", genuine.parts()[2]),
                format!("{ids}.{}", encode([0; 48])),
                format!("{ids}."),
                ids,
            ] {
                let body = json!({ "refreshToken": token });
                let answer = anonymous.post(path, &body).await;
                // Signing out with what is no token leaves one signed out of nothing.
                let status = if path.ends_with("/logout") { 204 } else { 401 };
                answer.expect(status);
            }
        }
    }
    // None of that ended a session.
    let body = json!({ "refreshToken": refresh });
    anonymous.post("/api/auth/refresh", &body).await.expect(200);
    targets.assert_genuine_accepted().await;
}

/// Passes everything on to a database, and keeps what is sent to it.
struct Listener {
    /// By connection, in order.
    sent: Arc<Mutex<Vec<Vec<u8>>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Listener {
    async fn between(address: &str, upstream: &str) -> Self {
        let authority = |url: &str| url.strip_prefix("http://").unwrap().to_owned();
        let listener = TcpListener::bind(authority(address)).await.unwrap();
        let upstream = authority(upstream);
        let sent = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&sent);
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let database = TcpStream::connect(&upstream).await.unwrap();
                let connection = kept.lock().unwrap().len();
                kept.lock().unwrap().push(Vec::new());
                let kept = Arc::clone(&kept);
                tokio::spawn(relay(client, database, move |bytes| {
                    kept.lock().unwrap()[connection].extend_from_slice(bytes);
                }));
            }
        });
        Self { sent, task }
    }

    /// How often a table was named to the database so far.
    fn calls(&self, table: &str) -> usize {
        let name = format!("\"TableName\":\"{table}\"");
        let sent = self.sent.lock().unwrap();
        let windows = sent.iter().flat_map(|sent| sent.windows(name.len()));
        windows.filter(|it| *it == name.as_bytes()).count()
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn relay(mut client: TcpStream, mut database: TcpStream, keep: impl Fn(&[u8])) {
    let (mut from_client, mut to_client) = client.split();
    let (mut from_database, mut to_database) = database.split();
    let there = async {
        let mut buffer = vec![0; 64 * 1024];
        while let Ok(read @ 1..) = from_client.read(&mut buffer).await {
            keep(&buffer[..read]);
            if to_database.write_all(&buffer[..read]).await.is_err() {
                break;
            }
        }
        let _ = to_database.shutdown().await;
    };
    let back = async {
        let _ = tokio::io::copy(&mut from_database, &mut to_client).await;
        let _ = to_client.shutdown().await;
    };
    tokio::join!(there, back);
}

#[tokio::test]
async fn a_flood_of_forged_tokens_is_not_a_flood_of_database_calls() {
    // The functions of one shop work on the tables of the other, so that what
    // they ask can be listened to: the port is free while a database is stopped.
    let (watched, tables) = (spawn_shop().await, spawn_shop().await);
    let [customer, super_admin] = genuine_tokens(&tables).await;
    for function in ["get-orders", "admin-create-product"] {
        assert!(
            watched.cloud.pids(function).is_empty(),
            "it must start anew"
        );
    }
    watched.cloud.stop_dynamodb().await;
    let listener =
        Listener::between(&watched.cloud.dynamodb_url(), &tables.cloud.dynamodb_url()).await;
    let targets = Targets {
        shop: watched,
        customer,
        super_admin,
    };
    let started = Instant::now();
    targets.assert_genuine_accepted().await;
    let calls = |table: &str| listener.calls(targets.shop.table(table));
    let looks = calls("TokenKeysTable");
    // That it listens: when each of two functions starts, a look at its own side's ring and one
    // at the frontends', and not at the other side's; a list and a record by each call.
    assert_eq!(looks, 4);
    let reached = || ["OrdersTable", "StaffTable", "ProductsTable"].map(calls);
    let before = reached();
    assert!(before.iter().all(|count| *count >= 2), "{before:?}");

    for number in 0..50 {
        for genuine in [&targets.customer, &targets.super_admin] {
            let [header, claims, signature] = genuine.parts();
            let unknown = json!({
                "alg": "EdDSA", "typ": "at+jwt", "kid": format!("nobody-{number}"),
            });
            let unknown = format!("{}.{claims}", encode(unknown.to_string()));
            let by_a_stranger = encode(strangers_key().sign(unknown.as_bytes()));
            let unsigned = encode(json!({ "alg": "none" }).to_string());
            let mut others = genuine.claims.clone();
            others["userId"] = json!("usr_01arz3ndektsv4rrffq69g5fav");
            let others = encode(others.to_string());
            for token in [
                format!("{unknown}.{by_a_stranger}"),
                format!("{header}.{others}.{signature}"),
                format!("{unsigned}.{claims}."),
            ] {
                targets
                    .call_with(genuine, &format!("Bearer {token}"), FORGED)
                    .await
                    .expect_problem(401, "unauthenticated");
            }
        }
    }
    // Each of the two processes looks at each of the two rings at most every ten
    // seconds, however long this took; and nothing else is read for a forger.
    let most = 2 * 2 * (1 + usize::try_from(started.elapsed().as_secs() / 10).unwrap());
    let more = calls("TokenKeysTable") - looks;
    assert!(more <= most, "{more} looks for 100 unknown keys");
    assert_eq!(reached(), before);
    targets.assert_genuine_accepted().await;
}
