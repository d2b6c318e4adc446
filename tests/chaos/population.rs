//! Who takes part in a run, and what there is to buy.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use cloud::Options;
use local::Profile;
use local::demo::{self, Demo};
use reqwest::Method;
use serde_json::{Value, json};
use tests::{
    CATEGORY, NEWCOMERS_PASSWORD, Shop, password_of, product_body, spawn_empty_shop_with, try_send,
};

use crate::client::{Client, Network, Request};
use crate::clock_skew;

/// How many customers there are.
const CUSTOMERS: usize = 8;
/// How many products there are.
const PRODUCTS: usize = 12;
/// How many of them everybody wants, and of which there are few.
const HOT: usize = 3;
const ADMIN: &str = "admin@example.com";

/// Somebody who is signed in.
pub(crate) struct Person {
    pub(crate) user_id: String,
    pub(crate) role: &'static str,
    /// A text that only this person's addresses hold.
    pub(crate) canary: String,
    email: String,
    token: Mutex<String>,
}

impl Person {
    fn new(client: &tests::Client, role: &'static str, email: String) -> Arc<Self> {
        let user_id = client.user_id().to_owned();
        Arc::new(Self {
            canary: format!("canary-{user_id}"),
            user_id,
            role,
            email,
            token: Mutex::new(client.token().to_owned()),
        })
    }

    /// Returns the access token.
    pub(crate) fn token(&self) -> String {
        let token = self.token.lock().unwrap_or_else(PoisonError::into_inner);
        token.clone()
    }

    /// Signs in once more, however often it takes.
    async fn sign_in(&self, network: &Network) {
        let (path, password) = match self.role {
            "admin" => ("/api/admin/login", password_of(&self.email)),
            _ => ("/api/auth/login", NEWCOMERS_PASSWORD),
        };
        let body = json!({ "email": self.email, "password": password });
        let http = network.http();
        let url = format!("{}{path}", network.base());
        loop {
            let answer = try_send(http.post(&url).json(&body)).await;
            if let Ok(answer) = answer
                && answer.status == 200
            {
                let token = answer.body["accessToken"].as_str().unwrap();
                token.clone_into(&mut self.token.lock().unwrap_or_else(PoisonError::into_inner));
                return;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
}

/// A shop with its people and products.
pub(crate) struct Population {
    pub(crate) shop: Shop,
    pub(crate) network: Arc<Network>,
    pub(crate) customers: Vec<Arc<Person>>,
    pub(crate) admin: Arc<Person>,
    /// The most wanted first.
    pub(crate) products: Vec<String>,
}

impl Population {
    /// Starts a shop and fills it; everything that is written from the start is in the journal of
    /// its database.
    pub(crate) async fn start(random: &mut fastrand::Rng, operations: usize) -> Self {
        let library = clock_skew::library();
        let options = Options {
            journal: true,
            variations: library.map_or_else(Vec::new, |it| clock_skew::variations(&it)),
            ..local::options(Profile::Dev)
        };
        let shop = spawn_empty_shop_with(options).await;
        let network = Arc::new(Network::new(shop.cloud.api_url()));
        demo::fill(&shop.cloud, Demo::Small).await.unwrap();
        let made = demo::make_category(&shop.cloud, CATEGORY, "Tests").await;
        made.unwrap();
        let mut customers = Vec::new();
        for number in 0..CUSTOMERS {
            let name = format!("chaos-{number}");
            let client = shop.newcomer(&name).await;
            let email = format!("{name}@example.com");
            customers.push(Person::new(&client, "customer", email));
        }
        let admin = Person::new(&shop.admin().await, "admin", ADMIN.to_owned());
        let mut population = Self {
            shop,
            network,
            customers,
            admin,
            products: Vec::new(),
        };
        let admin = Client::new(0, Some(Arc::clone(&population.admin)), &population.network);
        for number in 0..PRODUCTS {
            let stock = if number < HOT {
                random.u32(5..=20)
            } else {
                u32::try_from(operations).unwrap()
            };
            let body = product_body(&format!("Thing {number}"), random.u64(1..5000), stock);
            let made = admin.settle(new_product(random, body)).await.unwrap();
            let id = made.expect(201).body["productId"]
                .as_str()
                .unwrap()
                .to_owned();
            population.products.push(id);
        }
        population
    }

    /// Everybody who takes part.
    pub(crate) fn people(&self) -> impl Iterator<Item = &Arc<Person>> {
        self.customers.iter().chain([&self.admin])
    }

    /// Signs everybody in again before their tokens expire, as long as it is polled.
    pub(crate) async fn keep_signed_in(people: Vec<Arc<Person>>, network: Arc<Network>) {
        loop {
            // A token lives 15 minutes, ten by a clock that is fast, and looks older than it is.
            tokio::time::sleep(Duration::from_secs(180)).await;
            for person in &people {
                person.sign_in(&network).await;
            }
        }
    }

    /// Reads all items of the tables that are judged, by their short names.
    pub(crate) fn dump(&self) -> BTreeMap<String, Vec<Value>> {
        let mut tables = BTreeMap::new();
        for table in &self.shop.cloud.template().tables {
            let Some(short) = short_name(&table.name) else {
                continue;
            };
            let items = self.shop.cloud.faults().items(&table.name).unwrap();
            tables.insert(short, items);
        }
        tables
    }
}

/// Returns what the checker calls a table; `None` for one that it does not judge: counters, and
/// what signs people in.
pub(crate) fn short_name(table: &str) -> Option<String> {
    let name = table.rsplit('-').next()?.strip_suffix("Table")?;
    match name {
        "Inventory" => Some("stock".to_owned()),
        "IdempotencyKeys" => Some("idempotency".to_owned()),
        "StockMovements" => Some("movements".to_owned()),
        "Products" | "Users" | "Staff" | "Carts" | "Orders" | "Audit" => Some(name.to_lowercase()),
        _ => None,
    }
}

/// Makes the request that makes a product.
pub(crate) fn new_product(random: &mut fastrand::Rng, body: Value) -> Request {
    Request {
        operation: "admin-create-product",
        method: Method::POST,
        path: "/api/admin/products".to_owned(),
        key: Some(new_key(random)),
        body: Some(body),
    }
}

/// Makes an idempotency key.
pub(crate) fn new_key(random: &mut fastrand::Rng) -> String {
    format!("k-{:016x}", random.u64(..))
}
