//! Requests to a function from an address of the test's choice, and bodies.

use reqwest::header::HeaderMap;
use serde_json::{Value, json};

use crate::contract::contract;
use crate::{Client, Shop, TestResponse};

/// A request to a function, past the gateway.
#[derive(Default)]
pub struct TestRequest {
    pub headers: serde_json::Map<String, Value>,
    pub path_parameters: Value,
    pub query: String,
    pub body: Option<Value>,
}

impl TestRequest {
    /// Makes a request that carries a body.
    pub fn with_body(body: Value) -> Self {
        Self {
            body: Some(body),
            ..Self::default()
        }
    }

    /// Makes a request by someone who is signed in.
    pub fn signed_in_as(client: &Client) -> Self {
        let mut request = Self::default();
        let bearer = json!(format!("Bearer {}", client.token()));
        request.headers.insert("authorization".to_owned(), bearer);
        request
    }
}

/// The category of the products that tests make.
pub const CATEGORY: &str = "tests";

/// Returns the body that makes a published product.
pub fn product_body(name: &str, price: u64, stock: u32) -> Value {
    json!({
        "name": name, "price": { "amount": price, "currency": "EUR" },
        "category": CATEGORY, "status": "published", "stock": stock,
    })
}

/// Returns the body of a checkout at that total.
pub fn checkout_body(total: u64) -> Value {
    json!({
        "expectedTotal": { "amount": total, "currency": "EUR" },
        "paymentMethod": "invoice",
        "shippingAddress": {
            "name": "Some One", "line1": "1 Example Street", "postalCode": "10115",
            "city": "Berlin", "country": "DE",
        },
    })
}

impl Shop {
    /// Calls a function with the event that the gateway would make of a
    /// request from this address.
    pub async fn call_from(
        &self,
        address: &str,
        function: &str,
        request: TestRequest,
    ) -> TestResponse {
        let functions = &self.cloud.template().functions;
        let template = functions.iter().find(|it| it.binary == function);
        let route = &template.expect("a function of the template").routes[0];
        let key = route.key();
        let method = key.split(' ').next().unwrap();
        let method = if method == "$default" { "GET" } else { method };
        let mut headers = request.headers;
        if request.body.is_some() {
            headers.insert("content-type".to_owned(), json!("application/json"));
        }
        let event = json!({
            "version": "2.0", "routeKey": key, "rawQueryString": request.query,
            "headers": headers,
            "pathParameters": request.path_parameters,
            "requestContext": {
                "http": { "method": method, "sourceIp": address, "userAgent": "test" },
                "requestId": format!("from-{address}"), "routeKey": key,
            },
            "body": request.body.map(|body| body.to_string()), "isBase64Encoded": false,
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
        let answer = TestResponse {
            status: answer["statusCode"].as_u64().unwrap().try_into().unwrap(),
            headers,
            body: serde_json::from_str(&text).unwrap_or(Value::Null),
            text,
        };
        contract().judge(contract().operation(function), true, &answer);
        answer.assert_contract();
        answer
    }
}
