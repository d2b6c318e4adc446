//! Clients: what they want, what they send, and how often. A client keeps the key and the body of
//! what it wants before it sends that, and sends the same again until it knows what became of it.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::gateway::{self, Request, Response};
use crate::people::{Person, Shop};
use crate::story::What;
use crate::world::World;

/// How often the same is sent while faults go on, and again when they have ended.
pub(crate) const TRIES: u32 = 6;
/// What counts keys that two people have used.
const SHARED_KEYS: &str = "keys that another person had used, too";
/// How many things each customer's client wants at least: with six clients, thirty.
const WANTS: u32 = 5;

/// One client of one person, on an address of its own.
pub(crate) struct Client {
    pub(crate) world: World,
    pub(crate) shop: Arc<Shop>,
    pub(crate) person: Arc<Person>,
    pub(crate) number: u32,
    /// How many things it has wanted.
    wants: u32,
    /// Keys that this client has used, with what it sent.
    used: Vec<Intent>,
    /// What it doesn't know the outcome of.
    pub(crate) open: VecDeque<Intent>,
}

/// What a client wants, however often it has to send that.
#[derive(Clone)]
pub(crate) struct Intent {
    number: u64,
    pub(crate) request: Request,
}

/// Returns whether an answer says what became of a request.
fn is_definite(response: &Response) -> bool {
    // A process whose clock is far off takes no token for valid; a client then signs in anew and
    // sends the same again.
    !matches!(response.status, 401 | 429 | 500..)
}

impl Client {
    pub(crate) fn new(world: &World, shop: &Arc<Shop>, person: &Arc<Person>, number: u32) -> Self {
        Self {
            world: world.clone(),
            shop: Arc::clone(shop),
            person: Arc::clone(person),
            number,
            wants: 0,
            used: Vec::new(),
            open: VecDeque::new(),
        }
    }

    pub(crate) fn intent(
        &mut self,
        function: &'static str,
        method: &'static str,
        route: &'static str,
        change: impl FnOnce(&mut Request),
    ) -> Intent {
        let mut request = Request {
            function,
            method,
            route,
            ids: Vec::new(),
            query: String::new(),
            body: None,
            key: None,
            person: Some(Arc::clone(&self.person)),
            source_ip: format!("192.0.2.{}", self.number),
        };
        change(&mut request);
        self.wants += 1;
        let mut state = self.world.state();
        let number = state.counts.entry("operations".to_owned()).or_default();
        *number += 1;
        let number = *number;
        drop(state);
        self.world.count(&format!("operation: {function}"));
        Intent { number, request }
    }

    /// Sends something until it is known what became of it, or patience ends.
    pub(crate) async fn perform(&mut self, intent: Intent) -> Option<Response> {
        let answer = persist(&self.world, self.number, &intent).await;
        if answer.is_none() {
            self.open.push_back(intent);
        }
        answer
    }

    /// Does what a person does in a shop.
    pub(crate) async fn live(mut self) -> Self {
        let world = self.world.clone();
        while self.wants < WANTS {
            world.pause(0, 400).await;
            match world.draw(|rng| rng.u8(0..100)) {
                0..57 => self.buy().await,
                57..67 => self.look_at_orders().await,
                67..77 => self.cancel_some().await,
                77..85 => self.edit_cart().await,
                85..92 => self.send_again().await,
                _ => self.browse().await,
            }
        }
        self
    }

    async fn buy(&mut self) {
        let world = self.world.clone();
        // Who buys has mostly put something into the cart.
        for _ in 0..world.draw(|rng| rng.u8(0..5)) {
            self.edit_cart().await;
        }
        let looked = world.chance(0.9);
        let mut total = world.draw(|rng| rng.u64(1..20_000));
        if looked {
            let cart = self.intent("get-cart", "GET", "/api/cart", |_| {});
            if let Some(cart) = self.perform(cart).await
                && let Some(amount) = cart.body["total"]["amount"].as_u64()
            {
                total = amount;
            }
        }
        let key = self.new_key();
        let checkout = self.checkout(&key, total);
        self.used.push(checkout.clone());
        let answer = match world.draw(|rng| rng.u8(0..100)) {
            0..60 => self.perform(checkout).await,
            60..70 => {
                let again = checkout.clone();
                self.perform_both(checkout, again, 80).await
            }
            // Three at once: a refusal of one may meet the refusal and the order of others.
            70..75 => self.perform_three(checkout, 400).await,
            75..87 => {
                // While the cart is edited by another window.
                let edit = self.cart_edit();
                self.perform_both(checkout, edit, 60).await
            }
            _ => {
                // The same key with another body, by mistake, at about the same time.
                // Of two addresses only the one that came first may get the order.
                let wrong = if world.chance(0.5) {
                    self.checkout(&key, total + 1)
                } else {
                    self.checkout_elsewhere(&key, total)
                };
                self.perform_both(checkout, wrong, 60).await
            }
        };
        // Some rue it at once.
        if let Some(id) = answer.as_ref().and_then(|it| it.body["orderId"].as_str())
            && world.chance(0.2)
        {
            self.cancel(id.to_owned()).await;
        }
        // The price has changed: a client that shows it buys on, under the same key.
        if let Some(answer) = answer
            && answer.body["code"] == "price-changed"
            && let Some(total) = answer.body["total"]["amount"].as_u64()
            && world.chance(0.8)
        {
            let again = self.checkout(&key, total);
            self.used.push(again.clone());
            if world.chance(0.5) {
                self.perform(again).await;
            } else {
                self.perform_three(again, 400).await;
            }
        }
    }

    /// Makes a checkout whose address differs in one of its parts.
    fn checkout_elsewhere(&mut self, key: &str, total: u64) -> Intent {
        let parts = [
            ("line1", "2 Other Street"),
            ("line2", "3rd floor"),
            ("postalCode", "10117"),
            ("city", "Bonn"),
            ("country", "AT"),
            ("phone", "+49 30 123456"),
        ];
        let (part, text) = parts[self.world.draw(|rng| rng.usize(0..parts.len()))];
        let mut checkout = self.checkout(key, total);
        if let Some(body) = &mut checkout.request.body {
            body["shippingAddress"][part] = json!(text);
        }
        checkout
    }

    fn checkout(&mut self, key: &str, total: u64) -> Intent {
        let body = json!({
            "expectedTotal": { "amount": total, "currency": "EUR" },
            "paymentMethod": "invoice",
            "shippingAddress": {
                "name": self.person.canary, "line1": "1 Example Street", "postalCode": "10115",
                "city": "Berlin", "country": "DE",
            },
        });
        self.intent("checkout", "POST", "/api/checkout", |it| {
            it.body = Some(body);
            it.key = Some(key.to_owned());
        })
    }

    /// Sends a key again that was used before.
    async fn send_again(&mut self) {
        if self.used.is_empty() {
            return self.browse().await;
        }
        let place = self.world.draw(|rng| rng.usize(0..self.used.len()));
        let old = self.used[place].request.clone();
        let again = self.intent("checkout", "POST", "/api/checkout", |it| *it = old);
        self.perform(again).await;
    }

    async fn edit_cart(&mut self) {
        let edit = self.cart_edit();
        self.perform(edit).await;
    }

    fn cart_edit(&mut self) -> Intent {
        let place = popular(&self.world, self.shop.products.len());
        let product = self.shop.products[place].clone();
        let (removes, pieces) = self.world.draw(|rng| (rng.u8(0..6) == 0, rng.u32(1..5)));
        let route = "/api/cart/items/{productId}";
        if removes {
            self.intent("remove-cart-item", "DELETE", route, |it| {
                it.ids = vec![product];
            })
        } else {
            self.intent("set-cart-item", "PUT", route, |it| {
                it.ids = vec![product];
                it.body = Some(json!({ "quantity": pieces }));
            })
        }
    }

    /// Lists the person's orders, and picks one.
    async fn own_order(&mut self) -> Option<String> {
        let orders = self.intent("get-orders", "GET", "/api/orders", |it| {
            it.query = "limit=50".to_owned();
        });
        let orders = self.perform(orders).await?;
        let ids = orders.body["items"].as_array().cloned().unwrap_or_default();
        if ids.is_empty() {
            return None;
        }
        let place = self.world.draw(|rng| rng.usize(0..ids.len()));
        ids[place]["orderId"].as_str().map(str::to_owned)
    }

    /// Cancels one of the person's orders, which at times is cancelled already.
    async fn cancel_some(&mut self) {
        if let Some(id) = self.own_order().await {
            self.cancel(id).await;
        }
    }

    /// Cancels an order, at times several times at once.
    async fn cancel(&mut self, id: String) {
        let route = "/api/orders/{orderId}/cancel";
        let cancel = self.intent("cancel-order", "POST", route, |it| it.ids = vec![id]);
        let answer = match self.world.draw(|rng| rng.u8(0..100)) {
            0..40 => self.perform(cancel).await,
            40..75 => {
                let again = cancel.clone();
                self.perform_both(cancel, again, 80).await
            }
            _ => self.perform_three(cancel, 400).await,
        };
        match answer.map(|it| it.status) {
            Some(200) => self.world.count("orders that their customer cancelled"),
            Some(409) => self.world.count("cancellations that were refused"),
            _ => {}
        }
    }

    async fn look_at_orders(&mut self) {
        let Some(id) = self.own_order().await else {
            return;
        };
        // As its owner, or as somebody who has got hold of the id.
        let person = if self.world.chance(0.3) {
            let place = self
                .world
                .draw(|rng| rng.usize(0..self.shop.customers.len()));
            Arc::clone(&self.shop.customers[place])
        } else {
            Arc::clone(&self.person)
        };
        let order = self.intent("get-order", "GET", "/api/orders/{orderId}", |it| {
            it.ids = vec![id];
            it.person = Some(person);
        });
        self.perform(order).await;
    }

    async fn browse(&mut self) {
        let place = popular(&self.world, self.shop.products.len());
        let product = self.shop.products[place].clone();
        let lists = self.world.chance(0.5);
        let look = if lists {
            self.intent("list-products", "GET", "/api/products", |it| {
                it.person = None
            })
        } else {
            self.intent("get-product", "GET", "/api/products/{productId}", |it| {
                it.ids = vec![product];
                it.person = None;
            })
        };
        self.perform(look).await;
    }

    /// Sends something, and at times the very same again, as an impatient finger does.
    pub(crate) async fn perform_maybe_twice(&mut self, intent: Intent) -> Option<Response> {
        if self.world.chance(0.3) {
            let again = intent.clone();
            self.perform_both(intent, again, 80).await
        } else {
            self.perform(intent).await
        }
    }

    /// Sends two things at about the same time. Returns the answer to the first one.
    pub(crate) async fn perform_both(
        &mut self,
        one: Intent,
        other: Intent,
        apart: u64,
    ) -> Option<Response> {
        let world = self.world.clone();
        let first = persist(&world, self.number, &one);
        let second = async {
            world.pause(0, apart).await;
            persist(&world, self.number, &other).await
        };
        let (first, second) = tokio::join!(first, second);
        if second.is_none() {
            self.open.push_back(other);
        }
        if first.is_none() {
            self.open.push_back(one);
        }
        first
    }

    /// Sends the very same three times, some time apart. Returns the answer to the first one.
    async fn perform_three(&mut self, intent: Intent, apart: u64) -> Option<Response> {
        let world = self.world.clone();
        let number = self.number;
        let later = async || {
            world.pause(0, apart).await;
            persist(&world, number, &intent).await
        };
        let (first, second, third) =
            tokio::join!(persist(&world, number, &intent), later(), later());
        if first.is_none() || second.is_none() || third.is_none() {
            self.open.push_back(intent);
        }
        first
    }

    /// Finds out what became of all that is open, now that nothing fails any more, and asks a
    /// customer's orders at last.
    pub(crate) async fn settle(&mut self) {
        while let Some(intent) = self.open.pop_front() {
            persist(&self.world, self.number, &intent).await;
        }
        if self.person.role != "customer" {
            return;
        }
        let orders = self.intent("get-orders", "GET", "/api/orders", |it| {
            it.query = "limit=50".to_owned();
        });
        persist(&self.world, self.number, &orders).await;
    }

    /// Returns a key that this person hasn't used: at times, one of another person's.
    pub(crate) fn new_key(&self) -> String {
        let own = &self.person.user_id;
        let state = &mut *self.world.state();
        let is_used = |key: &String| state.keys.iter().any(|it| it.0 == *own && it.1 == *key);
        let others = state.keys.iter().map(|(_, key)| key);
        let others: Vec<&String> = others.filter(|it| !is_used(it)).collect();
        let key = if !others.is_empty() && state.rng.u8(0..4) == 0 {
            *state.counts.entry(SHARED_KEYS.to_owned()).or_default() += 1;
            others[state.rng.usize(0..others.len())].clone()
        } else {
            format!("key-{}", state.keys.len())
        };
        state.keys.push((own.clone(), key.clone()));
        key
    }
}

/// Draws a place: the first ones are popular.
pub(crate) fn popular(world: &World, count: usize) -> usize {
    world.draw(|rng| rng.usize(0..count).min(rng.usize(0..count)))
}

/// Sends something until it is known what became of it, six times at most.
async fn persist(world: &World, client: u32, intent: &Intent) -> Option<Response> {
    for tried in 0..TRIES {
        if tried > 0 {
            world.count("sends that were repeated");
            let most = 100 << tried;
            world.pause(20, most).await;
        }
        let answer = send(world, client, intent).await;
        if let Some(answer) = answer {
            if is_definite(&answer) {
                return Some(answer);
            }
            let wait = answer.headers.get("retry-after").and_then(Value::as_str);
            let wait = wait.and_then(|it| it.parse().ok()).unwrap_or(0_u64);
            tokio::time::sleep(Duration::from_secs(wait.min(2))).await;
        }
    }
    None
}

/// Sends something once, and keeps what was sent and answered.
async fn send(world: &World, client: u32, intent: &Intent) -> Option<Response> {
    let Intent { number, request } = intent;
    let user = request.person.as_ref().map(|it| it.user_id.as_str());
    let (place, began) = {
        let began = world.now();
        let mut state = world.state();
        let place = state.history.len();
        state.history.push(json!({
            "send": place, "intent": number, "client": client, "user": user,
            "operation": request.function, "key": request.key, "method": request.method,
            "path": request.path_and_query(), "request": request.body, "began": began, "ended": null,
            "status": null, "headers": {}, "body": null,
        }));
        (place, began)
    };
    world.count("sends");
    let who = format!("client {client}");
    let send = place as u64;
    world.tell(&who, || What::Sends {
        send,
        request: format!("{} {}", request.method, request.path()),
        key: request.key.clone(),
    });
    let answer = gateway::send(world, request, send).await;
    let ended = world.now();
    world.tell(&who, || What::Learns {
        send,
        answer: answer.as_ref().map(|it| {
            let code = it.body["code"].as_str().unwrap_or_default();
            format!("{} {code}", it.status)
        }),
    });
    let outcome = answer
        .as_ref()
        .map_or("no answer".to_owned(), |it| it.status.to_string());
    world.count(&format!("answer: {outcome}"));
    match answer.as_ref().map(|it| it.status) {
        Some(404) if request.function == "set-cart-item" => {
            world.count("lines of carts that were refused: not sold");
        }
        Some(422) if request.function == "set-cart-item" => {
            world.count("lines of carts that were refused: one too many");
        }
        _ => {}
    }
    let mut state = world.state();
    let kept = &mut state.history[place];
    debug_assert_eq!(kept["began"], began);
    // Without an answer, when the client gave up.
    kept["ended"] = json!(ended);
    if let Some(answer) = &answer {
        kept["status"] = json!(answer.status);
        let headers = answer.headers.iter();
        let headers = headers.map(|(name, value)| (name.to_lowercase(), value.clone()));
        kept["headers"] = Value::Object(Map::from_iter(headers));
        kept["body"] = answer.body.clone();
    }
    answer
}
