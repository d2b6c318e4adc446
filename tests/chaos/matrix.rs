//! The full matrix: a checkout's process is killed at each of its calls, before the call is done,
//! before it is answered and once it is answered, in a new process and in one that is used again.
//! Every time the customer sends again under the same key and has exactly one order.

use std::time::{Duration, Instant};

use cloud::{Calls, CrashPoint, Fault, SeenCall};
use serde_json::json;
use tests::{
    Client, Shop, TestResponse, checkout_body, product_body, send_signal, spawn_shop, try_send,
};

use crate::client::TRIES;

/// How many pieces there are of each product, and how many are bought: what is left is so little
/// that checkout also sets the product's label.
const STOCK: u64 = 7;
const PIECES: u32 = 3;
const PRICE: u64 = 100;

/// What a process has behind it when the request comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Process {
    /// Nothing: it is started for the request.
    New,
    /// A request like this one.
    Used,
}

/// One process that was killed, and what the customer saw.
pub(crate) struct Kill {
    pub(crate) process: Process,
    /// The call's place, counted from 1.
    pub(crate) nth: usize,
    pub(crate) point: CrashPoint,
    /// Whether the order was made before the process died.
    pub(crate) was_ordered: bool,
}

/// What came of the matrix.
pub(crate) struct Matrix {
    /// A checkout's calls in a new process.
    pub(crate) new: Vec<SeenCall>,
    /// A checkout's calls in one that is used again.
    pub(crate) used: Vec<SeenCall>,
    pub(crate) kills: Vec<Kill>,
    pub(crate) took: Duration,
}

impl Process {
    pub(crate) const ALL: [Self; 2] = [Self::New, Self::Used];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::New => "new process",
            Self::Used => "used process",
        }
    }
}

/// Kills checkout's process at every point there is.
pub(crate) async fn run() -> Matrix {
    let shop = spawn_shop().await;
    // Requests are counted by windows: within one, a process that is used again asks for no more.
    shop.wait_for_limit_window(60).await;
    let began = Instant::now();
    let customers = Customers {
        admin: shop.admin().await,
        idler: shop.newcomer("matrix-idler").await,
        shop: &shop,
    };
    let new = customers.calls(Process::New).await;
    let used = customers.calls(Process::Used).await;
    expect_calls(&shop, &new, &used);
    let mut kills = Vec::new();
    for process in Process::ALL {
        let calls = match process {
            Process::New => &new,
            Process::Used => &used,
        };
        for nth in 1..=calls.len() {
            for point in CrashPoint::ALL {
                kills.push(customers.kill(process, nth, point).await);
            }
        }
    }
    Matrix {
        new,
        used,
        kills,
        took: began.elapsed(),
    }
}

/// Checks that the matrix is of what checkout does: DynamoDB is all that it calls, and these are
/// the calls, in this order but for those that are made at the same time.
fn expect_calls(shop: &Shop, new: &[SeenCall], used: &[SeenCall]) {
    let functions = &shop.cloud.template().functions;
    let checkout = functions.iter().find(|it| it.binary == "checkout").unwrap();
    let statements = &checkout.role.as_ref().unwrap().statements;
    for action in statements.iter().flat_map(|it| &it.actions) {
        let service = action.split(':').next().unwrap();
        let services = ["dynamodb", "logs", "xray"];
        assert!(services.contains(&service), "checkout may {action}");
    }
    // The first ones are made beside each other, in any order.
    let calls = |calls: &[SeenCall], unordered: usize| {
        let mut names: Vec<_> = calls.iter().map(name).collect();
        names[..unordered].sort();
        names
    };
    assert_eq!(
        calls(new, 5),
        [
            "Query Carts",
            "Query TokenKeys",
            "Query TokenKeys",
            "TransactGetItems Orders Users",
            "UpdateItem RateLimits",
            "BatchGetItem Inventory Products",
            "TransactWriteItems Carts Inventory Orders Products",
            "BatchGetItem Inventory Products",
            "UpdateItem Products",
            // Whether the stock has changed since it was read for the label.
            "BatchGetItem Inventory Products",
        ]
    );
    assert_eq!(
        calls(used, 2),
        [
            "Query Carts",
            "TransactGetItems Orders Users",
            "BatchGetItem Inventory Products",
            "TransactWriteItems Carts Inventory Orders Products",
            "BatchGetItem Inventory Products",
            "UpdateItem Products",
            // Whether the stock has changed since it was read for the label.
            "BatchGetItem Inventory Products",
        ]
    );
}

/// Returns what a call is called in a report.
pub(crate) fn name(call: &SeenCall) -> String {
    let tables = call.tables.iter();
    let tables = tables.map(|it| it.rsplit('-').next().unwrap().trim_end_matches("Table"));
    format!(
        "{} {}",
        call.operation,
        tables.collect::<Vec<_>>().join(" ")
    )
}

/// Customers of one shop, of whom each buys once.
struct Customers<'a> {
    shop: &'a Shop,
    admin: Client,
    /// One whose cart is always empty.
    idler: Client,
}

/// A customer with a cart.
struct Buyer {
    client: Client,
    product: String,
}

impl Customers<'_> {
    /// Makes a product and a customer in whose cart it is.
    async fn buyer(&self) -> Buyer {
        let body = product_body("Cup", PRICE, u32::try_from(STOCK).unwrap());
        let made = self.admin.post("/api/admin/products", &body).await;
        let product = made.expect(201).body["productId"]
            .as_str()
            .unwrap()
            .to_owned();
        let name = format!("matrix-{product}").to_lowercase();
        let client = self.shop.newcomer(&name).await;
        client.fill_cart(&product, PIECES).await;
        Buyer { client, product }
    }

    /// Makes sure that the next request finds such a process.
    async fn prepare(&self, process: Process) {
        for pid in self.shop.cloud.pids("checkout") {
            send_signal(pid, "KILL");
        }
        while !self.shop.cloud.pids("checkout").is_empty() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        if process == Process::Used {
            let empty = self.idler.check_out("k", &checkout_body(1)).await;
            empty.expect_problem(409, "empty-cart");
            assert_eq!(self.shop.cloud.pids("checkout").len(), 1);
        }
    }

    /// Returns a checkout's calls when nothing goes wrong.
    async fn calls(&self, process: Process) -> Vec<SeenCall> {
        let buyer = self.buyer().await;
        self.prepare(process).await;
        let seen = self.shop.cloud.faults().watch(Calls::any().by("checkout"));
        buyer.check_out().await.unwrap().expect(201);
        seen.calls()
    }

    /// Kills the process at a point of its nth call, and lets the customer find out what became
    /// of the order.
    async fn kill(&self, process: Process, nth: usize, point: CrashPoint) -> Kill {
        let case = format!("{process:?}, call {nth}, {point:?}");
        let buyer = self.buyer().await;
        self.prepare(process).await;
        let faults = self.shop.cloud.faults();
        let calls = Calls::any().by("checkout");
        let nth_call = calls.from_nth(u32::try_from(nth).unwrap());
        let met = faults.inject(nth_call, Fault::Crash(point));
        let first = buyer.check_out().await;
        assert_eq!(met.hits(), 1, "{case}");
        // What a client sees of a function that died.
        assert_eq!(first.unwrap().status, 502, "{case}");
        assert!(self.shop.cloud.pids("checkout").is_empty(), "{case}");
        let was_ordered = self.shop.stock(&buyer.product).await != STOCK;
        faults.clear();

        let mut answer = None;
        for _ in 0..TRIES {
            answer = buyer.check_out().await;
            if answer.as_ref().is_some_and(|it| it.status < 500) {
                break;
            }
        }
        let answer = answer.unwrap();
        let expected = if was_ordered { 200 } else { 201 };
        assert_eq!(answer.status, expected, "{case}: {answer:#?}");
        self.expect_one_order(&buyer, &answer, &case).await;
        Kill {
            process,
            nth,
            point,
            was_ordered,
        }
    }

    async fn expect_one_order(&self, buyer: &Buyer, answer: &TestResponse, case: &str) {
        let orders = buyer.client.get("/api/orders").await.expect(200);
        let orders = orders.body["items"].as_array().unwrap();
        assert_eq!(orders.len(), 1, "{case}");
        assert_eq!(orders[0]["orderId"], answer.body["orderId"], "{case}");
        assert_eq!(answer.body["lines"][0]["quantity"], PIECES, "{case}");
        let left = self.shop.stock(&buyer.product).await;
        assert_eq!(left, STOCK - u64::from(PIECES), "{case}");
        let cart = buyer.client.get("/api/cart").await.expect(200);
        assert_eq!(cart.body["items"], json!([]), "{case}");
        let again = buyer.check_out().await.unwrap().expect(200);
        assert_eq!(again.body, answer.body, "{case}");
    }
}

impl Buyer {
    async fn check_out(&self) -> Option<TestResponse> {
        let total = PRICE * u64::from(PIECES);
        let request = self.client.request(reqwest::Method::POST, "/api/checkout");
        let request = request.header("idempotency-key", "k");
        try_send(request.json(&checkout_body(total))).await.ok()
    }
}
