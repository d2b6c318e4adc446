//! The same function at a small and a large size: what a shop grows by.

use std::time::SystemTime;

use serde_json::{Value, json};
use tests::checkout_body;
use ulid::Ulid;

use crate::scenario::{Scenario, Source};

/// Milliseconds between the ids of two clones.
const APART: u64 = 60_000;

/// A function at two sizes.
pub(crate) struct Growth {
    /// What grows.
    pub(crate) name: &'static str,
    /// The request in a few words.
    pub(crate) about: &'static str,
    /// The function, as [`Scenario::of`] names it.
    pub(crate) scenario: &'static str,
    /// The small one and the large one.
    pub(crate) sizes: [Size; 2],
}

/// How much there is of something.
#[derive(Clone, Copy)]
pub(crate) enum Size {
    /// So many orders of the customer.
    Orders(u64),
    /// So many published products.
    Products(u64),
    /// So many lines of the customer's cart.
    Lines(usize),
    /// So many addresses that the process has been asked from.
    Addresses(u32),
}

/// What is measured.
pub(crate) const GROWTH: [Growth; 4] = [
    Growth {
        name: "growth of orders",
        about: "GET /api/orders, a page of 10",
        scenario: "get-orders",
        sizes: [Size::Orders(10), Size::Orders(100_000)],
    },
    Growth {
        name: "growth of products",
        about: "GET /api/products, a page of 20, read for each request",
        scenario: "list-products-from-tables",
        sizes: [Size::Products(100), Size::Products(100_000)],
    },
    Growth {
        name: "growth of a cart",
        about: "POST /api/checkout",
        scenario: "checkout",
        sizes: [Size::Lines(1), Size::Lines(32)],
    },
    Growth {
        name: "growth of addresses",
        about: "GET /api/orders, a page of 10, by a process that has been asked from so many addresses",
        scenario: "get-orders",
        sizes: [Size::Addresses(1), Size::Addresses(1000)],
    },
];

impl Size {
    /// What the report calls it.
    pub(crate) fn name(self) -> String {
        match self {
            Self::Orders(count) => format!("{} orders", grouped(count)),
            Self::Products(count) => format!("{} products", grouped(count)),
            Self::Lines(1) => "1 line".to_owned(),
            Self::Lines(count) => format!("{count} lines"),
            Self::Addresses(1) => "1 address".to_owned(),
            Self::Addresses(count) => format!("{} addresses", grouped(count.into())),
        }
    }

    /// Makes the data of a scenario this large.
    pub(crate) async fn apply(self, source: &Source, scenario: &mut Scenario) {
        let alice = source.shop.alice().await;
        let mine = json!({ "S": alice.user_id() });
        match self {
            Self::Orders(count) => {
                let table = source.shop.table("OrdersTable");
                let is_order =
                    |row: &Value| row["userId"] == mine && has_prefix(row, "orderId", "ord_");
                let clones = Clones::of(scenario, table, "orderId", "ord_", count, is_order);
                scenario.clones = Some(clones);
            }
            Self::Products(count) => {
                let table = source.shop.table("ProductsTable");
                let is_listed = |row: &Value| row["listed"].is_object();
                let clones = Clones::of(scenario, table, "productId", "prod_", count, is_listed);
                scenario.clones = Some(clones);
            }
            Self::Lines(count) => {
                let line = scenario.refill.first().cloned();
                let (carts, line) = line.expect("the cart has a line");
                scenario
                    .rows
                    .retain(|(table, row)| *table != carts || row["userId"] != mine);
                assert!(source.products.len() >= count, "as many products as lines");
                let mut total = 0;
                scenario.refill.clear();
                for product in &source.products[..count] {
                    total += price(source, scenario, product);
                    let mut line = line.clone();
                    line["productId"] = json!({ "S": product });
                    line["quantity"] = json!({ "N": "1" });
                    scenario.refill.push((carts.clone(), line));
                }
                scenario.rows.extend(scenario.refill.clone());
                scenario.set_body(&checkout_body(total));
                scenario.list = Some(("lines", count));
            }
            Self::Addresses(count) => scenario.addresses = count,
        }
    }
}

/// The price of a product.
fn price(source: &Source, scenario: &Scenario, product: &str) -> u64 {
    let products = source.shop.table("ProductsTable");
    let id = json!({ "S": product });
    let mut rows = scenario.rows.iter();
    let found = rows.find(|(table, row)| table == products && row["productId"] == id);
    let (_, row) = found.expect("a product of the shop");
    let price = row["price"]["N"].as_str().and_then(|it| it.parse().ok());
    price.expect("a price")
}

fn has_prefix(row: &Value, attribute: &str, prefix: &str) -> bool {
    let text = row[attribute]["S"].as_str();
    text.is_some_and(|text| text.starts_with(prefix))
}

/// Many rows that are like some real ones but for their ids, made one at a time: all at once they
/// would take more memory than the database.
pub(crate) struct Clones {
    table: String,
    key: &'static str,
    prefix: &'static str,
    originals: Vec<Value>,
    count: u64,
    newest: u64,
}

impl Clones {
    /// Takes the originals out of a scenario's rows, the newest first.
    fn of(
        scenario: &mut Scenario,
        table: &str,
        key: &'static str,
        prefix: &'static str,
        count: u64,
        is_original: impl Fn(&Value) -> bool,
    ) -> Self {
        let mut originals = Vec::new();
        scenario.rows.retain(|(name, row)| {
            let is_original = name == table && is_original(row);
            if is_original {
                originals.push(row.clone());
            }
            !is_original
        });
        let id = |row: &Value| row[key]["S"].as_str().unwrap_or_default().to_owned();
        originals.sort_by_key(|row| std::cmp::Reverse(id(row)));
        assert!(!originals.is_empty(), "something to clone in {table}");
        let now = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
        Self {
            table: table.to_owned(),
            key,
            prefix,
            originals,
            count,
            newest: now.as_millis() as u64,
        }
    }

    /// The rows, each with its table's name. The newest are clones of the same originals however
    /// many there are, so that the first page is the same.
    pub(crate) fn rows(&self) -> impl Iterator<Item = (String, Value)> {
        let mut random = fastrand::Rng::with_seed(self.count);
        let numbers = 0..self.count;
        numbers
            .zip(self.originals.iter().cycle())
            .map(move |(number, original)| {
                let mut row = original.clone();
                let id = Ulid::from_parts(self.newest - number * APART, random.u128(..));
                let id = id.to_string().to_ascii_lowercase();
                row[self.key] = json!({ "S": format!("{}{id}", self.prefix) });
                (self.table.clone(), row)
            })
    }
}

/// A number with its thousands apart.
pub(crate) fn grouped(number: u64) -> String {
    match number {
        0..1000 => number.to_string(),
        _ => format!("{},{:03}", grouped(number / 1000), number % 1000),
    }
}
