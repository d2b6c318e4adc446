//! The harness of the end-to-end tests: a whole shop for each test, real
//! binaries behind a real HTTP API, and the people who use it.
//!
//! The tests themselves are the modules below; each is named for what it is
//! about, and each test is a sentence.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a test that can't go on should stop, and say where"
)]

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use cloud::{ACCESS_KEY_ID, Cloud, Options};
use local::Profile;
use local::demo::{self, Demo, accounts};
use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};

#[cfg(test)]
mod architecture;
#[cfg(test)]
mod bad_input;
#[cfg(test)]
mod cart;
#[cfg(test)]
mod catalogue;
#[cfg(test)]
mod checkout;
#[cfg(test)]
mod cors;
#[cfg(test)]
mod endpoints;
#[cfg(test)]
mod events;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod hostile_text;
#[cfg(test)]
mod isolation;
#[cfg(test)]
mod least_privilege;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod orders;
#[cfg(test)]
mod passwords;
#[cfg(test)]
mod records;
#[cfg(test)]
mod security_md;
#[cfg(test)]
mod sign_in;
#[cfg(test)]
mod staff;
#[cfg(test)]
mod template;
#[cfg(test)]
mod token_attacks;
#[cfg(test)]
mod uploads;

/// A running shop of a test's own, and one client to call it with.
pub struct Shop {
    pub cloud: Cloud,
    http: reqwest::Client,
    products: Vec<String>,
    addresses: AtomicU32,
    /// Whether the test itself asks for what a role does not allow.
    attacked: bool,
}

/// What newcomers sign in with.
pub const NEWCOMERS_PASSWORD: &str = "a long enough password";

/// A request to a function, past the gateway.
#[derive(Default)]
pub struct Call {
    pub headers: serde_json::Map<String, Value>,
    pub path: Value,
    pub query: String,
    pub body: Option<Value>,
}

impl Call {
    /// One that carries a body.
    pub fn body(body: Value) -> Self {
        Self {
            body: Some(body),
            ..Self::default()
        }
    }

    /// One by someone who is signed in.
    pub fn by(actor: &Actor) -> Self {
        let mut call = Self::default();
        let bearer = json!(format!("Bearer {}", actor.token()));
        call.headers.insert("authorization".to_owned(), bearer);
        call
    }
}

/// Starts a shop with the demo's accounts and one product of each category.
pub async fn spawn_shop() -> Shop {
    spawn_shop_with(local::options(Profile::Dev)).await
}

/// A shop of which one parameter of the template is another.
pub fn with_parameter(name: &str, value: &str) -> Options {
    let mut options = local::options(Profile::Dev);
    let parameters = &mut options.deployment.parameters;
    parameters.insert(name.to_owned(), value.to_owned());
    options
}

/// Starts a shop that is set up in some other way.
pub async fn spawn_shop_with(options: Options) -> Shop {
    let mut shop = spawn_empty_shop_with(options).await;
    demo::fill(&shop.cloud, Demo::Small)
        .await
        .expect("the demo is made");
    let list = shop
        .anonymous()
        .get("/api/products?sort=name&limit=100")
        .await;
    let ids = list.expect(200).body["items"].as_array().unwrap().clone();
    let ids = ids
        .iter()
        .map(|item| item["productId"].as_str().unwrap().to_owned());
    shop.products = ids.collect();
    shop
}

/// Starts a shop as it is after a deployment: with nobody and nothing in it.
pub async fn spawn_empty_shop() -> Shop {
    spawn_empty_shop_with(local::options(Profile::Dev)).await
}

async fn spawn_empty_shop_with(options: Options) -> Shop {
    build_once();
    let cloud = Cloud::start(options).await.expect("the cloud starts");
    cloud.make_secrets().await.expect("the signing key is made");
    Shop {
        cloud,
        http: reqwest::Client::new(),
        products: Vec::new(),
        addresses: AtomicU32::new(0),
        attacked: false,
    }
}

/// Builds the functions once for all tests of this process.
fn build_once() {
    static BUILT: OnceLock<()> = OnceLock::new();
    BUILT.get_or_init(|| local::build_functions(Profile::Dev).expect("the functions build"));
}

/// Whatever a test did with its shop: no line of the log may tell a secret.
impl Drop for Shop {
    fn drop(&mut self) {
        if std::thread::panicking() {
            // What the answer must not tell, whoever mends the test needs.
            let faults = self.cloud.logs().into_iter();
            for line in faults.filter(|line| line.contains("\"error\":")) {
                println!("{line}");
            }
            return;
        }
        for line in self.cloud.logs() {
            // And nothing of the shop's own may ask for more than its role allows.
            assert!(self.attacked || !line.starts_with("iam: "), "{line}");
            for account in accounts() {
                assert!(!line.contains(&account.password), "{line}");
            }
            // Addresses, newcomers' passwords, and what every token begins with.
            for secret in [
                "@example.com",
                NEWCOMERS_PASSWORD,
                "eyJ0eXAi",
                "eyJhbGci",
                "Bearer ",
            ] {
                assert!(!line.contains(secret), "{secret} in {line}");
            }
        }
    }
}

impl Shop {
    /// Someone without an account.
    pub fn anonymous(&self) -> Actor {
        Actor {
            http: self.http.clone(),
            base: self.cloud.api_url(),
            token: None,
            session: Value::Null,
        }
    }

    /// A customer.
    pub async fn alice(&self) -> Actor {
        self.signed_in("login", "alice@example.com").await
    }

    /// Another customer.
    pub async fn bob(&self) -> Actor {
        self.signed_in("login", "bob@example.com").await
    }

    /// One of the staff.
    pub async fn staff(&self) -> Actor {
        self.signed_in("admin-login", "staff@example.com").await
    }

    /// An admin.
    pub async fn admin(&self) -> Actor {
        self.signed_in("admin-login", "admin@example.com").await
    }

    /// A super-admin.
    pub async fn super_admin(&self) -> Actor {
        self.signed_in("admin-login", "super@example.com").await
    }

    /// A customer who has just registered.
    pub async fn newcomer(&self, name: &str) -> Actor {
        let body = json!({
            "email": format!("{name}@example.com"), "password": NEWCOMERS_PASSWORD, "name": name,
        });
        let address = self.somewhere();
        let session = self.from(&address, "register", Call::body(body)).await;
        self.anonymous().with_session(session.expect(201).body)
    }

    async fn signed_in(&self, function: &str, email: &str) -> Actor {
        let body = json!({ "email": email, "password": password_of(email) });
        let address = self.somewhere();
        let session = self.from(&address, function, Call::body(body)).await;
        self.anonymous().with_session(session.expect(200).body)
    }

    /// An address that nobody has called from yet: a test's people don't use
    /// up each other's limits.
    pub fn somewhere(&self) -> String {
        let number = self.addresses.fetch_add(1, Ordering::Relaxed);
        std::net::Ipv4Addr::from_bits(0x0a00_0001 + number).to_string()
    }

    /// Calls a function with the event that the gateway would make of a
    /// request from this address.
    pub async fn from(&self, address: &str, function: &str, call: Call) -> Answer {
        let functions = &self.cloud.template().functions;
        let template = functions.iter().find(|it| it.binary == function);
        let route = &template.expect("a function of the template").routes[0];
        let key = route.key();
        let method = key.split(' ').next().unwrap();
        let method = if method == "$default" { "GET" } else { method };
        let mut headers = call.headers;
        if call.body.is_some() {
            headers.insert("content-type".to_owned(), json!("application/json"));
        }
        let event = json!({
            "version": "2.0", "routeKey": key, "rawQueryString": call.query,
            "headers": headers,
            "pathParameters": call.path,
            "requestContext": {
                "http": { "method": method, "sourceIp": address, "userAgent": "test" },
                "requestId": format!("from-{address}"), "routeKey": key,
            },
            "body": call.body.map(|body| body.to_string()), "isBase64Encoded": false,
        });
        let answer = self.cloud.invoke(function, event.to_string().into_bytes());
        let answer = answer.await.expect("the function answers");
        let answer: Value = serde_json::from_slice(&answer).expect("the function answers JSON");
        let mut headers = HeaderMap::new();
        for (name, value) in answer["headers"].as_object().expect("headers") {
            let name = reqwest::header::HeaderName::from_bytes(name.as_bytes()).unwrap();
            headers.insert(name, value.as_str().unwrap().parse().unwrap());
        }
        let text = answer["body"].as_str().unwrap_or("").to_owned();
        let answer = Answer {
            status: answer["statusCode"].as_u64().unwrap().try_into().unwrap(),
            headers,
            body: serde_json::from_str(&text).unwrap_or(Value::Null),
            text,
        };
        answer.keeps_the_contract();
        answer
    }

    /// The id of one of the products, by its place in the list by name.
    pub fn product(&self, place: usize) -> &str {
        &self.products[place]
    }

    /// A new published product of that many pieces at that price.
    pub async fn new_product(&self, name: &str, price: u64, stock: u32) -> String {
        let admin = self.admin().await;
        let made = admin
            .post("/api/admin/products", &new_product(name, price, stock))
            .await;
        made.expect(201).body["productId"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    /// How many pieces of a product are left, straight from the table.
    pub async fn stock(&self, product: &str) -> u64 {
        let rows = self.items("InventoryTable").await;
        let row = rows.iter().find(|row| row["productId"]["S"] == product);
        let available = &row.expect("there is a stock row")["available"]["N"];
        available.as_str().unwrap().parse().unwrap()
    }

    /// Calls the database itself, past the shop, as the operator.
    async fn dynamodb(&self, operation: &str, body: &Value) -> Value {
        let target = format!("DynamoDB_20120810.{operation}");
        let url = self.cloud.dynamodb_url();
        self.call_aws(&url, ACCESS_KEY_ID, &target, body).await.1
    }

    /// Calls a service of the local cloud with someone's access key.
    async fn call_aws(&self, url: &str, key: &str, target: &str, body: &Value) -> (u16, Value) {
        let answer = self
            .http
            .post(url)
            .header("x-amz-target", target)
            .header("content-type", "application/x-amz-json-1.0")
            // The services want to see a signature, and do not check it.
            .header("x-amz-date", "20261121T100000Z")
            .header(
                "authorization",
                format!(
                    "AWS4-HMAC-SHA256 Credential={key}/20261121/eu-central-1/any/aws4_request, \
                     SignedHeaders=host, Signature=0"
                ),
            )
            .body(body.to_string())
            .send()
            .await
            .expect("the service answers");
        let status = answer.status().as_u16();
        (status, answer.json().await.expect("it answers JSON"))
    }

    fn table(&self, logical_id: &str) -> &str {
        let mut tables = self.cloud.template().tables.iter();
        let table = tables.find(|table| table.logical_id == logical_id);
        &table.expect("a table of the template").name
    }

    /// Changes one row past the shop, as a tool of its operator would.
    pub async fn update(&self, table: &str, key: Value, set: &str, values: Value) {
        let body = json!({
            "TableName": self.table(table), "Key": key,
            "UpdateExpression": format!("SET {set}"), "ExpressionAttributeValues": values,
        });
        assert_eq!(self.dynamodb("UpdateItem", &body).await, json!({}));
    }

    /// Puts one row back, past the shop.
    pub async fn put(&self, table: &str, item: Value) {
        let body = json!({ "TableName": self.table(table), "Item": item });
        assert_eq!(self.dynamodb("PutItem", &body).await, json!({}));
    }

    /// Every line of the log so far that is an event of that code.
    pub fn events(&self, code: &str) -> Vec<Value> {
        let lines = self.log_lines();
        lines.filter(|line| line["event"] == code).collect()
    }

    /// Every line of the log so far that is JSON of a function's.
    pub fn log_lines(&self) -> impl Iterator<Item = Value> {
        self.cloud.logs().into_iter().filter_map(|line| {
            let (_, line) = line.split_once(": ")?;
            serde_json::from_str(line).ok()
        })
    }

    /// Waits until the present quarter of an hour has this long to go, so that
    /// what a test counts is counted in one.
    pub async fn same_window(&self, seconds: u64) {
        let now = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap();
        let left = 900 - now.as_secs() % 900;
        if left < seconds {
            tokio::time::sleep(std::time::Duration::from_secs(left + 1)).await;
        }
    }

    /// Sets a text of a user's record, as a tool of the shop's operator would.
    pub async fn set_user(&self, user: &Actor, name: &str, value: &str) {
        let body = json!({
            "TableName": self.table("UsersTable"),
            "Key": { "userId": { "S": user.session["user"]["userId"] } },
            "UpdateExpression": "SET #name = :value",
            "ExpressionAttributeNames": { "#name": name },
            "ExpressionAttributeValues": { ":value": { "S": value } },
        });
        assert_eq!(self.dynamodb("UpdateItem", &body).await, json!({}));
    }

    /// Every item of a table, straight from the database, in its own JSON.
    pub async fn items(&self, table_logical_id: &str) -> Vec<Value> {
        let table = self.table(table_logical_id);
        let answer = self.dynamodb("Scan", &json!({ "TableName": table })).await;
        assert!(
            answer["LastEvaluatedKey"].is_null(),
            "too many rows for one look"
        );
        let items = answer["Items"].as_array();
        items.unwrap_or_else(|| panic!("no rows: {answer}")).clone()
    }
}

/// The password of one of the demo's accounts.
pub fn password_of(email: &str) -> &'static str {
    let account = accounts().iter().find(|account| account.email == email);
    &account.expect("one of the demo's accounts").password
}

/// The body that makes a published product.
pub fn new_product(name: &str, price: u64, stock: u32) -> Value {
    json!({
        "name": name, "price": { "amount": price, "currency": "EUR" },
        "category": "tests", "status": "published", "stock": stock,
    })
}

/// The body of a checkout at that total.
pub fn draft(total: u64) -> Value {
    json!({
        "expectedTotal": { "amount": total, "currency": "EUR" },
        "paymentMethod": "invoice",
        "shippingAddress": {
            "name": "Some One", "line1": "1 Example Street", "postalCode": "10115",
            "city": "Berlin", "country": "DE",
        },
    })
}

/// Someone who calls the shop.
#[derive(Clone)]
pub struct Actor {
    http: reqwest::Client,
    base: String,
    token: Option<String>,
    /// What signing in answered; null for the anonymous.
    pub session: Value,
}

impl Actor {
    fn with_session(&self, session: Value) -> Self {
        Self {
            token: Some(session["accessToken"].as_str().unwrap().to_owned()),
            session,
            ..self.clone()
        }
    }

    /// The same person with another token.
    pub fn with_token(&self, token: &str) -> Self {
        Self {
            token: Some(token.to_owned()),
            ..self.clone()
        }
    }

    /// Whose account it is.
    pub fn user_id(&self) -> &str {
        self.session["user"]["userId"].as_str().expect("signed in")
    }

    /// The access token.
    pub fn token(&self) -> &str {
        self.token.as_deref().expect("signed in")
    }

    /// A request to be completed by the test, without a body.
    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    pub async fn get(&self, path: &str) -> Answer {
        send(self.request(Method::GET, path)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        send(self.request(Method::DELETE, path)).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        send(self.request(Method::POST, path).json(body)).await
    }

    pub async fn patch(&self, path: &str, body: &Value) -> Answer {
        send(self.request(Method::PATCH, path).json(body)).await
    }

    pub async fn put(&self, path: &str, body: &Value) -> Answer {
        send(self.request(Method::PUT, path).json(body)).await
    }

    /// Puts so many pieces of a product into the cart.
    pub async fn fill_cart(&self, product: &str, quantity: u32) -> Answer {
        let path = format!("/api/cart/items/{product}");
        self.put(&path, &json!({ "quantity": quantity }))
            .await
            .expect(200)
    }

    /// Checks out under a key.
    pub async fn check_out(&self, key: &str, body: &Value) -> Answer {
        let request = self.request(Method::POST, "/api/checkout");
        send(request.header("idempotency-key", key).json(body)).await
    }
}

/// What the shop answered. Every answer is held to the contract as it comes
/// in, whatever the test is about.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    /// The body as text.
    pub text: String,
    /// The body as JSON; null if it is none.
    pub body: Value,
}

/// Sends a request and reads the answer.
pub async fn send(request: reqwest::RequestBuilder) -> Answer {
    let answer = try_send(request).await.expect("the shop answers");
    answer.keeps_the_contract();
    answer
}

/// Sends a request that may get no answer, or one that is not the shop's.
pub async fn try_send(request: reqwest::RequestBuilder) -> Result<Answer, reqwest::Error> {
    let response = request.send().await?;
    let status = response.status().as_u16();
    let headers = response.headers().clone();
    let text = response.text().await?;
    let body = serde_json::from_str(&text).unwrap_or(Value::Null);
    Ok(Answer {
        status,
        headers,
        text,
        body,
    })
}

impl Answer {
    /// This answer, if it has that status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self:#?}");
        self
    }

    /// This answer, if it is a problem of that status and code.
    #[track_caller]
    pub fn expect_problem(self, status: u16, code: &str) -> Self {
        assert_eq!(self.body["code"], code, "{self:#?}");
        self.expect(status)
    }

    /// A header's value; empty if it is not there.
    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.map_or("", |value| value.to_str().unwrap_or(""))
    }

    /// Where each bad field stands, in order.
    pub fn pointers(&self) -> Vec<&str> {
        let errors = self.body["errors"].as_array();
        let errors = errors.map_or(&[][..], Vec::as_slice);
        errors
            .iter()
            .map(|e| e["pointer"].as_str().unwrap())
            .collect()
    }

    /// What api.md and security.md promise of every answer, errors included.
    #[track_caller]
    fn keeps_the_contract(&self) {
        for (name, value) in [
            (
                "strict-transport-security",
                "max-age=31536000; includeSubDomains; preload",
            ),
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "strict-origin-when-cross-origin"),
            (
                "content-security-policy",
                "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
            ),
            ("cross-origin-resource-policy", "same-site"),
            ("x-xss-protection", "0"),
        ] {
            assert_eq!(self.header(name), value, "{name} of {self:#?}");
        }
        assert!(!self.header("x-request-id").is_empty(), "{self:#?}");
        let cache = self.header("cache-control");
        let catalogue = "public, max-age=60, stale-while-revalidate=300";
        assert!(
            cache == "no-store" || (cache == catalogue && matches!(self.status, 200 | 304)),
            "{self:#?}"
        );
        if self.status >= 400 {
            assert_eq!(
                self.header("content-type"),
                "application/problem+json",
                "{self:#?}"
            );
            assert_eq!(self.body["status"], self.status, "{self:#?}");
            for member in ["type", "title", "detail", "code", "requestId"] {
                assert!(self.body[member].is_string(), "{member} of {self:#?}");
            }
            for word in [
                "dynamodb",
                "DynamoDB",
                "arn:aws",
                "panicked",
                "src/",
                "Exception",
            ] {
                assert!(!self.text.contains(word), "{word} in {self:#?}");
            }
        }
        if self.status == 401 {
            assert_eq!(self.header("www-authenticate"), "Bearer", "{self:#?}");
        }
        if self.status >= 500 {
            assert!(!self.header("retry-after").is_empty(), "{self:#?}");
        }
    }
}
