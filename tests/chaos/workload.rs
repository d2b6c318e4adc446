//! What the clients do: mostly they buy, and mostly the same few things.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tests::{TestResponse, checkout_body, product_body};

use crate::client::{Client, PATIENCE, Request};
use crate::population::{Person, Population, new_key, new_product};

/// Of a hundred checkouts, this many are not waited for at first.
const IMPATIENT: u32 = 3;

/// What a client does at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Operation {
    Checkout,
    ParallelCheckouts,
    KeyWithOtherBody,
    CheckoutWhileEditing,
    OwnOrders,
    Cancellation,
    OrderMoved,
    StockSet,
    ProductEdited,
    NewProduct,
    Browsing,
}

impl Operation {
    /// Draws one.
    fn draw(random: &mut fastrand::Rng) -> Self {
        match random.u32(..100) {
            0..49 => Self::Checkout,
            49..59 => Self::ParallelCheckouts,
            59..64 => Self::KeyWithOtherBody,
            64..73 => Self::CheckoutWhileEditing,
            73..81 => Self::OwnOrders,
            81..86 => Self::Cancellation,
            86..90 => Self::OrderMoved,
            90..93 => Self::StockSet,
            93..95 => Self::ProductEdited,
            95..97 => Self::NewProduct,
            _ => Self::Browsing,
        }
    }

    /// Returns what it is called in a report.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Checkout => "checkout",
            Self::ParallelCheckouts => "same checkout, in parallel",
            Self::KeyWithOtherBody => "same key, other body",
            Self::CheckoutWhileEditing => "checkout while the cart is edited",
            Self::OwnOrders => "own orders",
            Self::Cancellation => "order cancelled",
            Self::OrderMoved => "order moved by the staff",
            Self::StockSet => "stock set by the staff",
            Self::ProductEdited => "price or list, by the staff",
            Self::NewProduct => "new product",
            Self::Browsing => "browsing",
        }
    }
}

/// A checkout that was answered well.
struct Purchase {
    key: String,
    body: Value,
    order_id: String,
}

/// What the clients have to do, and what came of it.
pub(crate) struct Workload {
    population: Arc<Population>,
    operations: usize,
    begun: AtomicUsize,
    /// By whose they are.
    purchases: Mutex<BTreeMap<String, Vec<Purchase>>>,
    outcomes: Mutex<Outcomes>,
}

/// How often what came of which operation.
pub(crate) type Outcomes = BTreeMap<(Operation, String), usize>;

impl Workload {
    pub(crate) fn new(population: Arc<Population>, operations: usize) -> Arc<Self> {
        Arc::new(Self {
            population,
            operations,
            begun: AtomicUsize::new(0),
            purchases: Mutex::default(),
            outcomes: Mutex::default(),
        })
    }

    /// Returns how many operations were begun.
    pub(crate) fn begun(&self) -> usize {
        self.begun.load(Ordering::SeqCst).min(self.operations)
    }

    pub(crate) fn outcomes(&self) -> Outcomes {
        lock(&self.outcomes).clone()
    }

    /// Does one operation after the other, as one client, until there are none left.
    pub(crate) async fn work(self: Arc<Self>, number: usize, seed: u64) {
        let mut random = fastrand::Rng::with_seed(seed);
        let (population, network) = (&self.population, &self.population.network);
        let person = &population.customers[number % population.customers.len()];
        let mut shopper = Shopper {
            client: Client::new(number, Some(Arc::clone(person)), network),
            visitor: Client::new(number, None, network),
            admin: Client::new(number, Some(Arc::clone(&population.admin)), network),
            person: Arc::clone(person),
            workload: &self,
            random: random.fork(),
        };
        while self.begun.fetch_add(1, Ordering::SeqCst) < self.operations {
            let operation = Operation::draw(&mut random);
            let outcome = shopper.perform(operation).await;
            let mut outcomes = lock(&self.outcomes);
            *outcomes.entry((operation, outcome)).or_default() += 1;
        }
    }

    /// Asks for every order once more by its key, and for everybody's lists.
    pub(crate) async fn ask_again(self: Arc<Self>) {
        let mut asked = Vec::new();
        for person in self.population.customers.clone() {
            let it = Arc::clone(&self);
            asked.push(tokio::spawn(async move {
                let client = Client::new(0, Some(Arc::clone(&person)), &it.population.network);
                let purchases = lock(&it.purchases).remove(&person.user_id);
                for purchase in purchases.unwrap_or_default() {
                    client.settle(checkout(purchase.key, purchase.body)).await;
                }
                let mut path = Some("/api/orders?limit=100".to_owned());
                while let Some(next) = path {
                    let page = client.settle(get("get-orders", next)).await;
                    let cursor = page.map(|it| it.body["nextCursor"].clone());
                    let cursor = cursor.as_ref().and_then(Value::as_str);
                    path = cursor.map(|it| format!("/api/orders?limit=100&cursor={it}"));
                }
            }));
        }
        for asked in asked {
            asked.await.unwrap();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One client at work.
struct Shopper<'a> {
    client: Client,
    /// The same client, signed out.
    visitor: Client,
    admin: Client,
    person: Arc<Person>,
    workload: &'a Workload,
    random: fastrand::Rng,
}

impl Shopper<'_> {
    /// Does one operation and returns what came of it, in few words.
    async fn perform(&mut self, operation: Operation) -> String {
        match operation {
            Operation::Checkout => self.buy().await,
            Operation::ParallelCheckouts => self.buy_in_parallel().await,
            Operation::KeyWithOtherBody => self.change_body().await,
            Operation::CheckoutWhileEditing => self.buy_while_editing().await,
            Operation::OwnOrders => self.look_at_orders().await,
            Operation::Cancellation => self.cancel().await,
            Operation::OrderMoved => self.move_order().await,
            Operation::StockSet => self.set_stock().await,
            Operation::ProductEdited => self.edit_product().await,
            Operation::NewProduct => self.make_product().await,
            Operation::Browsing => self.browse().await,
        }
    }

    /// Buys what is in the cart. Told "no", the customer puts right what is wrong and buys again,
    /// under a new key or the same one.
    async fn buy(&mut self) -> String {
        let Some(body) = self.fill_cart().await else {
            return "no cart".to_owned();
        };
        let mut key = new_key(&mut self.random);
        let patience = if self.random.u32(..100) < IMPATIENT {
            Duration::from_millis(self.random.u64(2..150))
        } else {
            PATIENCE
        };
        let request = checkout(key.clone(), body.clone());
        let answer = self.client.settle_after(request, patience).await;
        self.note(&key, &body, answer.as_ref());
        let Some(body) = self.decide_anew(answer.as_ref(), &body).await else {
            return outcome(answer.as_ref());
        };
        if self.random.bool() {
            key = new_key(&mut self.random);
        }
        let second = self.client.settle(checkout(key.clone(), body.clone()));
        let second = second.await;
        self.note(&key, &body, second.as_ref());
        format!("{}, {}", outcome(answer.as_ref()), outcome(second.as_ref()))
    }

    async fn buy_in_parallel(&mut self) -> String {
        let Some(body) = self.fill_cart().await else {
            return "no cart".to_owned();
        };
        let key = new_key(&mut self.random);
        let send = || {
            let (client, request) = (self.client.clone(), checkout(key.clone(), body.clone()));
            async move { client.settle(request).await }
        };
        let answers = if self.random.bool() {
            let (one, two) = tokio::join!(send(), send());
            vec![one, two]
        } else {
            let (one, two, three) = tokio::join!(send(), send(), send());
            vec![one, two, three]
        };
        let best = answers.into_iter().flatten().min_by_key(|it| it.status);
        self.note(&key, &body, best.as_ref());
        self.drop_what_is_out_of_stock(best.as_ref()).await;
        outcome(best.as_ref())
    }

    /// Sends a key again with a body that it did not have.
    async fn change_body(&mut self) -> String {
        let used = {
            let purchases = lock(&self.workload.purchases);
            let own = purchases.get(&self.person.user_id);
            own.filter(|it| !it.is_empty()).map(|own| {
                let purchase = &own[self.random.usize(..own.len())];
                (purchase.key.clone(), purchase.body.clone())
            })
        };
        let Some((key, mut body)) = used else {
            return "no key yet".to_owned();
        };
        if self.random.bool() {
            body["shippingAddress"]["line1"] = json!("2 Other Street");
        } else {
            let amount = body["expectedTotal"]["amount"].as_u64().unwrap();
            body["expectedTotal"]["amount"] = json!(amount + 1);
        }
        outcome(self.client.settle(checkout(key, body)).await.as_ref())
    }

    async fn buy_while_editing(&mut self) -> String {
        let Some(body) = self.fill_cart().await else {
            return "no cart".to_owned();
        };
        let key = new_key(&mut self.random);
        let product = self.product();
        let edit = if self.random.bool() {
            set_cart_item(&product, self.random.u32(1..=3))
        } else {
            remove_cart_item(&product)
        };
        let later = Duration::from_millis(self.random.u64(..40));
        let edited = async {
            tokio::time::sleep(later).await;
            self.client.settle(edit).await
        };
        let bought = self.client.settle(checkout(key.clone(), body.clone()));
        let (answer, _) = tokio::join!(bought, edited);
        self.note(&key, &body, answer.as_ref());
        self.drop_what_is_out_of_stock(answer.as_ref()).await;
        outcome(answer.as_ref())
    }

    async fn look_at_orders(&mut self) -> String {
        let one = {
            let purchases = lock(&self.workload.purchases);
            // Now and then somebody else's.
            let whose = if self.random.u8(..5) == 0 {
                let all = &self.workload.population.customers;
                &all[self.random.usize(..all.len())].user_id
            } else {
                &self.person.user_id
            };
            let orders = purchases.get(whose).filter(|it| !it.is_empty());
            orders.map(|it| it[self.random.usize(..it.len())].order_id.clone())
        };
        let request = match one {
            Some(order) if self.random.bool() => get("get-order", format!("/api/orders/{order}")),
            _ => get("get-orders", "/api/orders?limit=20".to_owned()),
        };
        outcome(self.client.settle(request).await.as_ref())
    }

    /// Picks an order that this customer, or anybody, was told of: whose it is, and its id.
    fn known_order(&mut self, is_own: bool) -> Option<(String, String)> {
        let all = &self.workload.population.customers;
        let user = match is_own {
            true => &self.person.user_id,
            false => &all[self.random.usize(..all.len())].user_id,
        };
        let purchases = lock(&self.workload.purchases);
        let orders = purchases.get(user).filter(|it| !it.is_empty())?;
        let order = &orders[self.random.usize(..orders.len())];
        Some((user.clone(), order.order_id.clone()))
    }

    /// Cancels an order, mostly twice at once, and at times one that is cancelled already.
    async fn cancel(&mut self) -> String {
        let Some((_, order)) = self.known_order(true) else {
            return "no order yet".to_owned();
        };
        let request = Request {
            operation: "cancel-order",
            method: Method::POST,
            path: format!("/api/orders/{order}/cancel"),
            key: None,
            body: None,
        };
        let client = self.client.clone();
        self.settle_maybe_twice(&client, request).await
    }

    /// Moves somebody's order along, or calls it off, as one of the staff.
    async fn move_order(&mut self) -> String {
        let Some((user, order)) = self.known_order(false) else {
            return "no order yet".to_owned();
        };
        let body = match self.random.u32(..100) {
            0..40 => json!({ "status": "processing" }),
            40..55 => json!({ "status": "shipped", "note": "Parcel" }),
            55..65 => json!({ "paid": true }),
            65..75 => json!({ "status": "refunded" }),
            75..90 => json!({ "status": "cancelled" }),
            _ => json!({ "note": "Note", "version": self.random.u32(1..3) }),
        };
        let request = Request {
            operation: "admin-update-order",
            method: Method::PATCH,
            path: format!("/api/admin/orders/{user}/{order}"),
            key: None,
            body: Some(body),
        };
        let admin = self.admin.clone();
        self.settle_maybe_twice(&admin, request).await
    }

    /// Says how many pieces of a product there are, or how many more or fewer.
    async fn set_stock(&mut self) -> String {
        let product = self.product();
        let body = match self.random.u32(..100) {
            0..20 => json!({ "available": self.random.u32(10..=40) }),
            20..80 => json!({ "adjustBy": self.random.u32(10..=40) }),
            _ => json!({ "adjustBy": -self.random.i32(1..=5) }),
        };
        let is_keyed = self.random.u8(..4) > 0;
        let request = Request {
            operation: "admin-set-stock",
            method: Method::PUT,
            path: format!("/api/admin/products/{product}/stock"),
            key: is_keyed.then(|| new_key(&mut self.random)),
            body: Some(body),
        };
        let admin = self.admin.clone();
        self.settle_maybe_twice(&admin, request).await
    }

    /// Changes a price, or takes a product off the list for a while.
    async fn edit_product(&mut self) -> String {
        let product = self.product();
        if self.random.u8(..3) > 0 {
            let price = json!({ "amount": self.random.u64(1..5000), "currency": "EUR" });
            let request = edit_product(&product, json!({ "price": price }));
            let admin = self.admin.clone();
            return self.settle_maybe_twice(&admin, request).await;
        }
        let off = edit_product(&product, json!({ "status": "draft" }));
        let off = self.admin.settle(off).await;
        tokio::time::sleep(Duration::from_millis(self.random.u64(50..1000))).await;
        let on = edit_product(&product, json!({ "status": "published" }));
        let on = self.admin.settle(on).await;
        format!("{}, {}", outcome(off.as_ref()), outcome(on.as_ref()))
    }

    /// Sends something, and every other time the very same at once. Returns the better answer.
    async fn settle_maybe_twice(&mut self, client: &Client, request: Request) -> String {
        if self.random.bool() {
            return outcome(client.settle(request).await.as_ref());
        }
        let again = client.settle(request.clone());
        let (one, two) = tokio::join!(client.settle(request), again);
        let answers = [one, two].into_iter().flatten();
        outcome(answers.min_by_key(|it| it.status).as_ref())
    }

    async fn make_product(&mut self) -> String {
        let name = format!("Novelty {}", self.random.u32(..));
        let body = product_body(&name, self.random.u64(1..5000), self.random.u32(..50));
        let request = new_product(&mut self.random, body);
        let admin = self.admin.clone();
        self.settle_maybe_twice(&admin, request).await
    }

    async fn browse(&mut self) -> String {
        let request = if self.random.bool() {
            get("list-products", "/api/products?limit=5".to_owned())
        } else {
            get("get-product", format!("/api/products/{}", self.product()))
        };
        outcome(self.visitor.settle(request).await.as_ref())
    }

    /// Puts one to four products into the cart, and returns the body that buys them; `None` if no
    /// cart came of it.
    async fn fill_cart(&mut self) -> Option<Value> {
        let mut cart = None;
        for _ in 0..self.random.u32(1..=4) {
            let request = set_cart_item(&self.product(), self.random.u32(1..=2));
            let answer = self.client.settle(request).await;
            cart = answer.filter(|it| it.status == 200);
        }
        let mut cart = cart?.body;
        let lines = cart["items"].as_array()?.iter();
        let gone = lines.filter(|it| it["availability"] == "out-of-stock");
        let gone: Vec<_> = gone.map(|it| it["productId"].clone()).collect();
        // Who sees it in the cart mostly doesn't try.
        if !gone.is_empty() && self.random.u8(..4) > 0 {
            for product in gone {
                let request = remove_cart_item(product.as_str()?);
                self.client.settle(request).await;
            }
            cart = self.client.settle(get_cart()).await?.body;
        }
        let mut body = checkout_body(cart["total"]["amount"].as_u64()?);
        body["shippingAddress"]["name"] = json!(self.person.canary);
        Some(body)
    }

    /// Remembers an order for later.
    fn note(&self, key: &str, body: &Value, answer: Option<&TestResponse>) {
        let Some(answer) = answer.filter(|it| it.status < 300) else {
            return;
        };
        let purchase = Purchase {
            key: key.to_owned(),
            body: body.clone(),
            order_id: answer.body["orderId"].as_str().unwrap().to_owned(),
        };
        let mut purchases = lock(&self.workload.purchases);
        let own = purchases.entry(self.person.user_id.clone()).or_default();
        own.push(purchase);
    }

    /// Returns the body that buys what can be had after a refusal; `None` if there was none, or
    /// nothing is left to buy.
    async fn decide_anew(&self, answer: Option<&TestResponse>, body: &Value) -> Option<Value> {
        let problem = &answer?.body;
        let total = match problem["code"].as_str()? {
            "price-changed" => problem["total"]["amount"].as_u64(),
            "out-of-stock" => {
                self.drop_what_is_out_of_stock(answer).await;
                self.client.settle(get_cart()).await?.body["total"]["amount"].as_u64()
            }
            _ => None,
        };
        let mut body = body.clone();
        body["expectedTotal"]["amount"] = json!(total.filter(|it| *it > 0)?);
        Some(body)
    }

    /// Takes out of the cart what can't be had, as somebody does who wants the rest.
    async fn drop_what_is_out_of_stock(&self, answer: Option<&TestResponse>) {
        let products = answer.and_then(|it| it.body["products"].as_array());
        for product in products.into_iter().flatten() {
            let product = product.as_str().unwrap();
            self.client.settle(remove_cart_item(product)).await;
        }
    }

    /// Draws a product: the first ones much oftener than the last (Zipf).
    fn product(&mut self) -> String {
        let products = &self.workload.population.products;
        let weight = |place: usize| 1.0 / (place as f64 + 1.0);
        let all: f64 = (0..products.len()).map(weight).sum();
        let mut left = self.random.f64() * all;
        for (place, product) in products.iter().enumerate() {
            left -= weight(place);
            if left < 0.0 {
                return product.clone();
            }
        }
        products[0].clone()
    }
}

fn outcome(answer: Option<&TestResponse>) -> String {
    answer.map_or("not known yet".to_owned(), |answer| {
        let code = answer.body["code"].as_str().unwrap_or_default();
        format!("{} {code}", answer.status).trim().to_owned()
    })
}

/// Makes the request that buys what is in the cart.
fn checkout(key: String, body: Value) -> Request {
    Request {
        operation: "checkout",
        method: Method::POST,
        path: "/api/checkout".to_owned(),
        key: Some(key),
        body: Some(body),
    }
}

fn get(operation: &'static str, path: String) -> Request {
    Request {
        operation,
        method: Method::GET,
        path,
        key: None,
        body: None,
    }
}

fn get_cart() -> Request {
    get("get-cart", "/api/cart".to_owned())
}

fn set_cart_item(product: &str, quantity: u32) -> Request {
    Request {
        operation: "set-cart-item",
        method: Method::PUT,
        path: format!("/api/cart/items/{product}"),
        key: None,
        body: Some(json!({ "quantity": quantity })),
    }
}

fn edit_product(product: &str, body: Value) -> Request {
    Request {
        operation: "admin-update-product",
        method: Method::PATCH,
        path: format!("/api/admin/products/{product}"),
        key: None,
        body: Some(body),
    }
}

fn remove_cart_item(product: &str) -> Request {
    Request {
        operation: "remove-cart-item",
        method: Method::DELETE,
        path: format!("/api/cart/items/{product}"),
        key: None,
        body: None,
    }
}
