//! Calls the API over HTTP, as one person or as nobody.

use std::sync::atomic::{AtomicU32, Ordering};

use reqwest::Method;
use serde_json::{Value, json};

use crate::{TestResponse, checkout_body, send};

/// How many orders clients have made by [`Client::order`], for their keys.
static ORDERS: AtomicU32 = AtomicU32::new(0);

/// Someone who calls the shop over HTTP.
#[derive(Clone)]
pub struct Client {
    pub(crate) http: reqwest::Client,
    pub(crate) base: String,
    pub(crate) token: Option<String>,
    /// What signing in answered; null for the anonymous.
    pub session: Value,
}

impl Client {
    /// Returns the same client, signed in with what signing in answered.
    pub fn with_session(&self, session: Value) -> Self {
        Self {
            token: Some(session["accessToken"].as_str().unwrap().to_owned()),
            session,
            ..self.clone()
        }
    }

    /// Returns the same person with another token.
    pub fn with_token(&self, token: &str) -> Self {
        Self {
            token: Some(token.to_owned()),
            ..self.clone()
        }
    }

    /// Returns the same person, who calls over other connections.
    pub fn with_http(&self, http: reqwest::Client) -> Self {
        Self {
            http,
            ..self.clone()
        }
    }

    /// Returns whose account it is.
    pub fn user_id(&self) -> &str {
        self.session["user"]["userId"].as_str().expect("signed in")
    }

    /// Returns the access token.
    pub fn token(&self) -> &str {
        self.token.as_deref().expect("signed in")
    }

    /// Begins a request to be completed by the test, without a body.
    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    pub async fn get(&self, path: &str) -> TestResponse {
        send(self.request(Method::GET, path)).await
    }

    pub async fn delete(&self, path: &str) -> TestResponse {
        send(self.request(Method::DELETE, path)).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> TestResponse {
        send(self.request(Method::POST, path).json(body)).await
    }

    pub async fn patch(&self, path: &str, body: &Value) -> TestResponse {
        send(self.request(Method::PATCH, path).json(body)).await
    }

    pub async fn put(&self, path: &str, body: &Value) -> TestResponse {
        send(self.request(Method::PUT, path).json(body)).await
    }

    /// Puts so many pieces of a product into the cart.
    pub async fn fill_cart(&self, product: &str, quantity: u32) -> TestResponse {
        let path = format!("/api/cart/items/{product}");
        self.put(&path, &json!({ "quantity": quantity }))
            .await
            .expect(200)
    }

    /// Checks out under a key.
    pub async fn check_out(&self, key: &str, body: &Value) -> TestResponse {
        let request = self.request(Method::POST, "/api/checkout");
        send(request.header("idempotency-key", key).json(body)).await
    }

    /// Orders pieces of a product at this price, with nothing else in the cart, and
    /// returns the order.
    pub async fn order(&self, product: &str, price: u64, pieces: u32) -> Value {
        self.fill_cart(product, pieces).await;
        let key = format!("order-{}", ORDERS.fetch_add(1, Ordering::Relaxed));
        let body = checkout_body(price * u64::from(pieces));
        self.check_out(&key, &body).await.expect(201).body
    }

    /// Cancels one of the customer's orders.
    pub async fn cancel(&self, order: &Value) -> TestResponse {
        let id = order["orderId"].as_str().unwrap_or_default();
        send(self.request(Method::POST, &format!("/api/orders/{id}/cancel"))).await
    }
}
