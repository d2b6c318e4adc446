//! What is asked of a function, and the data that it finds: a filled demo shop whose customer has
//! orders and a cart.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::SystemTime;

use axum::body::Bytes;
use local::Profile;
use local::demo::{self, Demo};
use serde_json::{Value, json};
use tests::{Client, Shop, checkout_body, spawn_empty_shop_with};

use crate::growth::Clones;

/// How many requests come from one address before another has its turn: a customer's visit. The
/// limit of requests costs a call for the first two of them and one for the ten after, and where
/// requests change something one ahead.
pub(crate) const VISIT: usize = 12;
/// How many orders the customer has at least.
const ORDERS: usize = 12;
/// How many lines the customer's cart has.
const LINES: usize = 3;
/// The products of a page.
const PAGE: usize = 20;
/// How many pieces of a product are plenty.
const PLENTY: u64 = 12;
/// Enough that checkout never meets the end of it.
const STOCK: &str = "900000";

/// The address that the first visit comes from, 10.0.0.0.
const VISITORS: u32 = 0x0a00_0000;
/// The first address of those that each process is asked from before, 11.0.0.0.
const OTHERS: u32 = 0x0b00_0000;

/// Identifiers that stand in the files of `events/`.
const PRODUCT: &str = "prod_01arz3ndektsv4rrffq69g5fav";
const ORDER: &str = "ord_01arz3ndektsv4rrffq69g5fav";
const USER: &str = "usr_01arz3ndektsv4rrffq69g5fav";

/// The shop that all data is copied from.
pub(crate) struct Source {
    pub(crate) shop: Shop,
    /// The products that there are plenty of.
    pub(crate) products: Vec<String>,
}

impl Source {
    /// Fills a shop.
    ///
    /// # Panics
    /// When it can't be filled.
    pub(crate) async fn fill() -> Self {
        // With the template's own parameters.
        let shop = spawn_empty_shop_with(local::options(Profile::Dev)).await;
        let filled = demo::fill(&shop.cloud, Demo::Full).await;
        filled.expect("the demo is made");
        let mut products = Vec::new();
        for mut row in shop.scan("InventoryTable").await {
            let available = row["available"]["N"].as_str().unwrap_or_default();
            // A product that runs low is labelled so, and checkout would mend the label.
            if available.parse::<u64>().is_ok_and(|it| it >= PLENTY) {
                products.push(row["productId"]["S"].as_str().expect("an id").to_owned());
                row["available"]["N"] = json!(STOCK);
                shop.put_item("InventoryTable", row).await;
            }
        }
        products.sort();
        assert!(products.len() > PAGE, "a page leaves some out");
        let source = Self { shop, products };
        let alice = source.shop.alice().await;
        for number in 0..ORDERS {
            let cart = source.fill_cart(&alice, number).await;
            let total = cart["total"]["amount"].as_u64().expect("a total");
            let key = format!("before-{number}");
            alice
                .check_out(&key, &checkout_body(total))
                .await
                .expect(201);
        }
        source.fill_cart(&alice, ORDERS).await;
        source
    }

    /// Puts [`LINES`] products into a cart: what it then is.
    async fn fill_cart(&self, customer: &Client, from: usize) -> Value {
        let mut cart = Value::Null;
        for line in 0..LINES {
            let product = &self.products[(from + line) % self.products.len()];
            cart = customer.fill_cart(product, 1 + line as u32).await.body;
        }
        cart
    }

    /// All rows of all tables as they stand, each with its table's name.
    pub(crate) async fn rows(&self) -> Vec<(String, Value)> {
        let mut rows = Vec::new();
        for table in &self.shop.cloud.template().tables {
            let items = self.shop.scan(&table.logical_id).await;
            rows.extend(items.into_iter().map(|item| (table.name.clone(), item)));
        }
        rows
    }
}

/// What the name of a function ends with that shall read the catalogue for each request.
const FROM_TABLES: &str = "-from-tables";

/// Returns the function that a scenario is of.
pub(crate) fn function_of(scenario: &str) -> &str {
    scenario.strip_suffix(FROM_TABLES).unwrap_or(scenario)
}

/// One kind of request to one function, over and over.
pub(crate) struct Scenario {
    /// The function's name, perhaps with how it is set.
    pub(crate) name: String,
    /// The function's name.
    pub(crate) function: String,
    /// The request in a few words.
    pub(crate) about: String,
    event: Value,
    /// The answer's status.
    pub(crate) status: RangeInclusive<u64>,
    /// A list of the answer, and how long it is.
    pub(crate) list: Option<(&'static str, usize)>,
    /// The rows of the whole shop.
    pub(crate) rows: Vec<(String, Value)>,
    /// Rows beside those.
    pub(crate) clones: Option<Clones>,
    /// Rows that the request uses up, put back before each.
    pub(crate) refill: Vec<(String, Value)>,
    /// From how many addresses each process is asked before anything is measured.
    pub(crate) addresses: u32,
}

impl Scenario {
    /// The request of `events/<function>.json`, by someone who may make it and about things that
    /// there are.
    ///
    /// # Errors
    /// When there is no such event, or it isn't a request.
    pub(crate) async fn of(source: &Source, name: &str) -> Result<Self, String> {
        let function = function_of(name);
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
        let path = path.join(format!("../events/{function}.json"));
        let text = std::fs::read_to_string(path);
        let text = text.map_err(|_| format!("there is no function {function}"))?;
        let shop = &source.shop;
        let actor = match function {
            _ if function.starts_with("admin-") => shop.super_admin().await,
            _ => shop.alice().await,
        };
        let alice = shop.alice().await;
        let cart = alice.get("/api/cart").await.expect(200).body;
        let orders = alice.get("/api/orders?limit=1").await.expect(200).body;
        let text_of = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let text = text
            .replace("ACCESS_TOKEN", actor.token())
            .replace(PRODUCT, &text_of(&cart["items"][0]["productId"]))
            .replace(ORDER, &text_of(&orders["items"][0]["orderId"]))
            .replace(USER, alice.user_id());
        let event: Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
        if !event["requestContext"].is_object() {
            return Err(format!("{function} answers no requests"));
        }
        let mut scenario = Self {
            name: name.to_owned(),
            function: function.to_owned(),
            about: event["routeKey"].as_str().unwrap_or_default().to_owned(),
            event,
            status: 200..=299,
            list: None,
            rows: source.rows().await,
            clones: None,
            refill: Vec::new(),
            addresses: 0,
        };
        scenario.prepare(shop, &alice, &cart);
        Ok(scenario)
    }

    /// What is particular to a function.
    fn prepare(&mut self, shop: &Shop, alice: &Client, cart: &Value) {
        match self.function.as_str() {
            "list-products" => {
                self.query(&format!("limit={PAGE}"), PAGE);
                self.about += &format!(", {PAGE} products, {}", self.memory());
            }
            "get-product" => self.about += &format!(", {}", self.memory()),
            "get-orders" => {
                self.query("limit=10", 10);
                self.about += ", 10 orders of more";
            }
            "get-cart" | "set-cart-item" => {
                self.list = Some(("items", LINES));
                self.about += &format!(", a cart of {LINES} lines");
            }
            "remove-cart-item" => self.refill_cart(shop, alice),
            "checkout" => {
                self.refill_cart(shop, alice);
                let total = cart["total"]["amount"].as_u64().unwrap_or_default();
                self.event["body"] = json!(checkout_body(total).to_string());
                self.status = 201..=201;
                self.list = Some(("lines", LINES));
                self.about += &format!(", {LINES} lines");
            }
            "not-found" => self.status = 404..=404,
            _ => {}
        }
    }

    fn remembers(&self) -> bool {
        !self.name.ends_with(FROM_TABLES)
    }

    fn memory(&self) -> &'static str {
        if self.remembers() {
            "from memory when asked for again"
        } else {
            "read for each request"
        }
    }

    /// Sets what this scenario needs of a function's variables.
    pub(crate) fn set(&self, environment: &mut BTreeMap<String, String>) {
        if !self.remembers() {
            environment.insert("CATALOGUE_CACHE_SECONDS".to_owned(), "0".to_owned());
        }
    }

    fn query(&mut self, query: &str, items: usize) {
        let (name, value) = query.split_once('=').unwrap_or_default();
        self.event["rawQueryString"] = json!(query);
        self.event["queryStringParameters"] = json!({ name: value });
        self.list = Some(("items", items));
    }

    fn refill_cart(&mut self, shop: &Shop, alice: &Client) {
        let carts = shop.table("CartsTable");
        let mine = json!({ "S": alice.user_id() });
        let rows = self.rows.iter();
        let rows = rows.filter(|(table, row)| table == carts && row["userId"] == mine);
        // A line that was bought or removed leaves a row of no pieces for a while.
        let rows = rows.filter(|(_, row)| row["quantity"] != json!({ "N": "0" }));
        self.refill = rows.cloned().collect();
        assert_eq!(self.refill.len(), LINES, "the rows of the cart");
    }

    /// All rows that the function finds.
    pub(crate) fn all_rows(&self) -> impl Iterator<Item = (String, Value)> {
        let clones = self.clones.iter().flat_map(Clones::rows);
        self.rows.iter().cloned().chain(clones)
    }

    /// Changes the body of the request.
    pub(crate) fn set_body(&mut self, body: &Value) {
        self.event["body"] = json!(body.to_string());
    }

    /// The event of one request of a visit. Numbers are not used twice.
    pub(crate) fn event(&self, visit: u32, request: u32) -> Bytes {
        let event = self.event_from(VISITORS + visit, &format!("{visit}-{request}"));
        Bytes::from(event.to_string())
    }

    /// A request from an address that no visit is from, for a page of one. Each process is asked
    /// from the same addresses.
    pub(crate) fn event_of_address(&self, address: u32) -> Bytes {
        let mut event = self.event_from(OTHERS + address, &format!("address-{address}"));
        event["rawQueryString"] = json!("limit=1");
        event["queryStringParameters"] = json!({ "limit": "1" });
        Bytes::from(event.to_string())
    }

    fn event_from(&self, address: u32, number: &str) -> Value {
        let mut event = self.event.clone();
        let address = Ipv4Addr::from_bits(address).to_string();
        event["requestContext"]["http"]["sourceIp"] = json!(address);
        event["headers"]["x-forwarded-for"] = json!(address);
        event["requestContext"]["requestId"] = json!(format!("request-{number}"));
        // A line of a cart that was set later than this would stay as it is.
        let now = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
        event["requestContext"]["timeEpoch"] = json!(now.as_millis() as u64);
        if event["headers"]["idempotency-key"].is_string() {
            event["headers"]["idempotency-key"] = json!(format!("key-{number}"));
        }
        event
    }

    /// Checks an answer of a function of this shop.
    ///
    /// # Errors
    /// A sentence that says what is wrong with it.
    pub(crate) fn check(&self, status: u64, body: &Value) -> Result<(), String> {
        if !self.status.contains(&status) {
            return Err(format!("it answered {status}: {body}"));
        }
        if let Some((name, expected)) = self.list {
            let length = body[name].as_array().map(Vec::len);
            if length != Some(expected) {
                return Err(format!("it answered {length:?} {name}: {body}"));
            }
        }
        Ok(())
    }
}
