//! What the staff do in a simulated shop: they make products and change them, count and restock,
//! move orders along, and take products away.

use serde_json::{Value, json};

use crate::client::{Client, Intent, popular};
use crate::gateway::Response;

impl Client {
    /// Does what one of the staff does who has this role.
    pub(crate) async fn work(mut self) -> Self {
        let world = self.world.clone();
        match self.person.role {
            "admin" => {
                for number in 0..8 {
                    world.pause(0, 900).await;
                    match world.draw(|rng| rng.u8(0..100)) {
                        0..30 => self.create(number).await,
                        30..85 => self.update_product().await,
                        _ => self.update_order().await,
                    }
                }
            }
            "staff" => {
                for _ in 0..8 {
                    world.pause(0, 900).await;
                    match world.chance(0.45) {
                        true => self.set_stock().await,
                        false => self.update_order().await,
                    }
                }
            }
            _ => {
                world.pause(0, 5000).await;
                if world.chance(0.3) {
                    self.delete().await;
                }
            }
        }
        self
    }

    async fn create(&mut self, number: u32) {
        let (price, stock) = self.world.draw(|rng| (rng.u32(1..900), rng.u32(0..20)));
        let body = json!({
            "name": format!("New {number}"), "description": "", "category": "things",
            "price": { "amount": price, "currency": "EUR" }, "status": "published",
            "stock": stock,
        });
        let key = self.new_key();
        let route = "/api/admin/products";
        let made = self.intent("admin-create-product", "POST", route, |it| {
            it.body = Some(body);
            it.key = Some(key);
        });
        self.perform_maybe_twice(made).await;
    }

    /// Changes a price, a description, or whether a product is sold.
    async fn update_product(&mut self) {
        let product = self.some_product();
        let (kind, number) = self.world.draw(|rng| (rng.u8(0..100), rng.u32(1..5000)));
        let mut body = match kind {
            0..60 => json!({ "price": { "amount": number, "currency": "EUR" } }),
            60..70 => json!({ "description": format!("Edit {number}") }),
            70..75 => json!({ "name": format!("Name {number}") }),
            75..87 => json!({ "status": "draft" }),
            _ => json!({ "status": "published" }),
        };
        // At times with the version that somebody has read, which is mostly an older one.
        if self.world.chance(0.15) {
            body["version"] = json!(self.world.draw(|rng| rng.u32(1..4)));
        }
        let route = "/api/admin/products/{productId}";
        let update = self.intent("admin-update-product", "PATCH", route, |it| {
            it.ids = vec![product];
            it.body = Some(body);
        });
        let answer = self.perform_maybe_twice(update).await;
        if answer.is_some_and(|it| it.status == 409) {
            self.world.count("stale edits of products");
        }
    }

    /// Says how many pieces of a product there are, or how many more or fewer; mostly under a key,
    /// which at times is sent again, or with something else.
    async fn set_stock(&mut self) {
        let product = self.some_product();
        let body = self.stock_change();
        let key = self.world.chance(0.7).then(|| self.new_key());
        let set = self.stock_intent(&product, key.clone(), body);
        let answer = match self.world.draw(|rng| rng.u8(0..100)) {
            0..10 if key.is_some() => {
                let body = self.stock_change();
                let other = self.stock_intent(&product, key, body);
                self.perform_both(set, other, 80).await
            }
            10..30 if key.is_some() => {
                self.perform(set.clone()).await;
                let (key, body) = (set.request.key, set.request.body);
                let again = self.stock_intent(&product, key, body.unwrap_or_default());
                self.perform(again).await
            }
            _ => self.perform_maybe_twice(set).await,
        };
        match answer.map(|it| (it.status, it.headers.contains_key("idempotent-replayed"))) {
            Some((200, true)) => self.world.count("changes of stock that were sent again"),
            Some((200, false)) => self.world.count("changes of stock"),
            Some((409, _)) => self.world.count("changes of stock below zero"),
            _ => {}
        }
    }

    fn stock_change(&self) -> Value {
        let (kind, number) = self.world.draw(|rng| (rng.u8(0..100), rng.i32(1..11)));
        match kind {
            0..35 => json!({ "available": number * 2 }),
            35..75 => json!({ "adjustBy": number }),
            _ => json!({ "adjustBy": -number }),
        }
    }

    fn stock_intent(&mut self, product: &str, key: Option<String>, body: Value) -> Intent {
        let route = "/api/admin/products/{productId}/stock";
        self.intent("admin-set-stock", "PUT", route, |it| {
            it.ids = vec![product.to_owned()];
            it.body = Some(body);
            it.key = key;
        })
    }

    /// Moves an order along, or writes something down about it; mostly it is not left at that.
    async fn update_order(&mut self) {
        let Some((user, id)) = self.some_order() else {
            return;
        };
        let body = self.order_update();
        let mut answer = self.send_update(&user, &id, body).await;
        while let Some(next) = answer.as_ref().and_then(next_step)
            && self.world.chance(0.6)
        {
            self.world.pause(0, 400).await;
            answer = self.send_update(&user, &id, next).await;
        }
    }

    fn order_update(&self) -> Value {
        let is_admin = self.person.role == "admin";
        let (kind, number) = self.world.draw(|rng| (rng.u8(0..100), rng.u32(1..100)));
        let mut body = match kind {
            0..55 if is_admin => json!({ "paid": true }),
            55..80 if is_admin => json!({ "status": "refunded" }),
            0..45 => json!({ "status": "processing" }),
            45..60 => json!({ "status": "shipped", "note": format!("Parcel {number}") }),
            60..70 => json!({ "status": "delivered" }),
            70..85 => json!({ "status": "cancelled" }),
            _ => json!({ "note": format!("Note {number}") }),
        };
        if self.world.chance(0.15) {
            body["version"] = json!(self.world.draw(|rng| rng.u32(1..3)));
        }
        body
    }

    async fn send_update(&mut self, user: &str, id: &str, body: Value) -> Option<Response> {
        let route = "/api/admin/orders/{userId}/{orderId}";
        let update = self.intent("admin-update-order", "PATCH", route, |it| {
            it.ids = vec![user.to_owned(), id.to_owned()];
            it.body = Some(body);
        });
        let answer = self.perform_maybe_twice(update).await?;
        let what = match answer.status {
            200 => answer.body["status"].as_str().unwrap_or_default(),
            _ => answer.body["code"].as_str().unwrap_or_default(),
        };
        self.world
            .count(&format!("orders moved by the staff: {what}"));
        Some(answer)
    }

    /// Takes a product away.
    async fn delete(&mut self) {
        let product = self.some_product();
        let route = "/api/admin/products/{productId}";
        let delete = self.intent("admin-delete-product", "DELETE", route, |it| {
            it.ids = vec![product];
        });
        self.perform_maybe_twice(delete).await;
    }

    fn some_product(&self) -> String {
        let place = popular(&self.world, self.shop.products.len());
        self.shop.products[place].clone()
    }

    /// Picks an order that some customer was told of: whose it is, and its id.
    fn some_order(&self) -> Option<(String, String)> {
        let state = &mut *self.world.state();
        let told = state
            .history
            .iter()
            .filter(|it| it["operation"] == "checkout");
        let told = told.filter_map(|it| {
            let (user, id) = (it["user"].as_str()?, it["body"]["orderId"].as_str()?);
            Some((user.to_owned(), id.to_owned()))
        });
        let told: Vec<(String, String)> = told.collect();
        (!told.is_empty()).then(|| told[state.rng.usize(0..told.len())].clone())
    }
}

/// Returns what comes next for an order that was just changed, if there is something.
fn next_step(answer: &Response) -> Option<Value> {
    let status = answer.body["status"].as_str()?;
    if answer.body["payment"]["status"] == "paid" {
        return Some(json!({ "status": "refunded" }));
    }
    match status {
        "processing" => Some(json!({ "status": "shipped" })),
        "shipped" => Some(json!({ "status": "delivered" })),
        _ => None,
    }
}
