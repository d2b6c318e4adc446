//! The table of all endpoints: who may call each, what a good request is and
//! whether the answer may be cached. One test holds it against template.yaml,
//! one walks it. There is no list of exceptions.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU32, Ordering};

use futures_util::future::join_all;
use futures_util::join;
use local::demo;
use serde_json::{Value, json};

use crate::uploads::{png, send_picture};
use tests::contract::contract;
use tests::{
    Client, Shop, TestResponse, checkout_body, password_of, product_body, send, spawn_shop,
    spawn_shop_with, try_send, with_parameter,
};

/// Who may call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Audience {
    /// Anyone, with or without a token.
    Anyone,
    Customer,
    /// Anyone of the staff.
    Staff,
    Admin,
    SuperAdmin,
}

/// One endpoint.
#[derive(Clone, Copy)]
pub(crate) struct Endpoint {
    pub(crate) function: &'static str,
    pub(crate) route: &'static str,
    audience: Audience,
    /// Whether a 200 is public; everything else is no-store.
    cacheable: bool,
    /// What a good request answers.
    status: u16,
    /// A good request, in a shop that is ready for it.
    request: fn(&Fixtures) -> Request,
    /// Whether what it names belongs to one customer.
    owned: bool,
}

/// A request but for its sender.
pub(crate) struct Request {
    path: String,
    body: Option<Value>,
    key: Option<&'static str>,
}

/// What good requests name.
pub(crate) struct Fixtures {
    /// Tells them from all others, for addresses that must be new.
    number: u32,
    product: String,
    product_to_delete: String,
    /// An upload of the admin's who calls, and the picture that came of it.
    upload: String,
    image: String,
    /// Whose order it is.
    customer: String,
    order: String,
    order_to_cancel: String,
    refresh_token: String,
    refresh_token_to_end: String,
    staff_refresh_token: String,
    staff_refresh_token_to_end: String,
    /// Of the one of the staff who calls.
    pub(crate) staff_password: &'static str,
    invite_token: String,
    /// One of the staff.
    somebody: String,
}

impl Fixtures {
    /// Makes all that good requests name, anew. The orders are this customer's, whose cart
    /// then has one line.
    pub(crate) async fn make(shop: &Shop, customer: &Client) -> Self {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let bought = async {
            let cart = customer.get("/api/cart").await.expect(200).body;
            for line in cart["items"].as_array().unwrap() {
                let path = format!("/api/cart/items/{}", text(&line["productId"]));
                customer.delete(&path).await.expect(204);
            }
            let product = shop.new_product("Walked product", 1900, 100).await;
            let order = customer.order(&product, 1900, 1).await;
            let order_to_cancel = customer.order(&product, 1900, 1).await;
            customer.fill_cart(&product, 1).await;
            (
                product,
                text(&order["orderId"]),
                text(&order_to_cancel["orderId"]),
            )
        };
        let invited = async {
            let email = format!("dora-{number}@example.com");
            let dora = json!({ "email": email, "name": "Dora", "role": "staff" });
            let super_admin = shop.super_admin().await;
            let invited = super_admin.post("/api/admin/users", &dora).await;
            text(&invited.expect(201).body["invitation"]["token"])
        };
        let category = format!("unwanted-{number}");
        let (bought, invite_token, product_to_delete, made, customers, staff) = join!(
            bought,
            invited,
            shop.new_product("Unwanted product", 1900, 1),
            demo::make_category(&shop.cloud, &category, "Unwanted"),
            join_all([shop.alice(), shop.alice()]),
            join_all([shop.staff(), shop.staff()]),
        );
        made.unwrap();
        let (product, order, order_to_cancel) = bought;
        Self {
            number,
            product,
            upload: String::new(),
            image: String::new(),
            product_to_delete,
            customer: customer.user_id().to_owned(),
            order,
            order_to_cancel,
            refresh_token: refresh_token(&customers[0]),
            refresh_token_to_end: refresh_token(&customers[1]),
            staff_refresh_token: refresh_token(&staff[0]),
            staff_refresh_token_to_end: refresh_token(&staff[1]),
            staff_password: password_of("staff@example.com"),
            invite_token,
            somebody: staff[0].user_id().to_owned(),
        }
    }

    /// Lets one of the admins send a picture of the product.
    pub(crate) async fn add_picture(&mut self, shop: &Shop, admin: &Client) {
        self.upload = send_picture(shop, admin, &self.product, "image/png", png(40, 30)).await;
        let path = format!("/api/admin/uploads/{}", self.upload);
        let state = admin.get(&path).await.expect(200).body;
        self.image = text(&state["image"]["imageId"]);
    }

    /// The path of the order as the staff see it.
    fn staffs_order(&self) -> String {
        format!("/api/admin/orders/{}/{}", self.customer, self.order)
    }
}

fn get(path: impl Into<String>) -> Request {
    Request {
        path: path.into(),
        body: None,
        key: None,
    }
}

fn with(path: impl Into<String>, body: Value) -> Request {
    Request {
        body: Some(body),
        ..get(path)
    }
}

const fn endpoint(
    function: &'static str,
    route: &'static str,
    audience: Audience,
    status: u16,
    request: fn(&Fixtures) -> Request,
) -> Endpoint {
    Endpoint {
        function,
        route,
        audience,
        cacheable: false,
        status,
        request,
        owned: false,
    }
}

const fn catalogue(
    function: &'static str,
    route: &'static str,
    request: fn(&Fixtures) -> Request,
) -> Endpoint {
    Endpoint {
        cacheable: true,
        ..endpoint(function, route, Audience::Anyone, 200, request)
    }
}

const fn owned(endpoint: Endpoint) -> Endpoint {
    Endpoint {
        owned: true,
        ..endpoint
    }
}

pub(crate) const ENDPOINTS: &[Endpoint] = &[
    catalogue("list-products", "GET /api/products", |_| {
        get("/api/products")
    }),
    catalogue("get-product", "GET /api/products/{productId}", |fixtures| {
        get(format!("/api/products/{}", fixtures.product))
    }),
    catalogue("list-categories", "GET /api/categories", |_| {
        get("/api/categories")
    }),
    endpoint(
        "register",
        "POST /api/auth/register",
        Audience::Anyone,
        201,
        |fixtures| {
            let email = format!("carol-{}@example.com", fixtures.number);
            let body = json!({
                "email": email, "password": "carol-reads-at-night", "name": "Carol",
            });
            with("/api/auth/register", body)
        },
    ),
    endpoint(
        "login",
        "POST /api/auth/login",
        Audience::Anyone,
        200,
        |_| {
            let password = password_of("alice@example.com");
            let body = json!({ "email": "alice@example.com", "password": password });
            with("/api/auth/login", body)
        },
    ),
    endpoint(
        "refresh",
        "POST /api/auth/refresh",
        Audience::Anyone,
        200,
        |fixtures| {
            with(
                "/api/auth/refresh",
                json!({ "refreshToken": fixtures.refresh_token }),
            )
        },
    ),
    endpoint(
        "logout",
        "POST /api/auth/logout",
        Audience::Anyone,
        204,
        |fixtures| {
            with(
                "/api/auth/logout",
                json!({ "refreshToken": fixtures.refresh_token_to_end }),
            )
        },
    ),
    endpoint(
        "admin-login",
        "POST /api/admin/login",
        Audience::Anyone,
        200,
        |_| {
            let password = password_of("admin@example.com");
            let body = json!({ "email": "admin@example.com", "password": password });
            with("/api/admin/login", body)
        },
    ),
    endpoint(
        "accept-invite",
        "POST /api/admin/accept-invite",
        Audience::Anyone,
        204,
        |fixtures| {
            let body =
                json!({ "token": fixtures.invite_token, "password": "dora sorts the shelves" });
            with("/api/admin/accept-invite", body)
        },
    ),
    endpoint(
        "admin-refresh",
        "POST /api/admin/refresh",
        Audience::Anyone,
        200,
        |fixtures| {
            with(
                "/api/admin/refresh",
                json!({ "refreshToken": fixtures.staff_refresh_token }),
            )
        },
    ),
    endpoint(
        "admin-logout",
        "POST /api/admin/logout",
        Audience::Anyone,
        204,
        |fixtures| {
            with(
                "/api/admin/logout",
                json!({ "refreshToken": fixtures.staff_refresh_token_to_end }),
            )
        },
    ),
    endpoint(
        "admin-change-password",
        "PUT /api/admin/password",
        Audience::Staff,
        204,
        |fixtures| {
            let password = fixtures.staff_password;
            // The same again, since nothing else needs another.
            let body = json!({ "currentPassword": password, "newPassword": password });
            with("/api/admin/password", body)
        },
    ),
    endpoint(
        "change-password",
        "PUT /api/account/password",
        Audience::Customer,
        204,
        |_| {
            let password = password_of("alice@example.com");
            // The same again: the walk signs in with it.
            let body = json!({ "currentPassword": password, "newPassword": password });
            with("/api/account/password", body)
        },
    ),
    endpoint("get-cart", "GET /api/cart", Audience::Customer, 200, |_| {
        get("/api/cart")
    }),
    endpoint(
        "set-cart-item",
        "PUT /api/cart/items/{productId}",
        Audience::Customer,
        200,
        |fixtures| {
            with(
                format!("/api/cart/items/{}", fixtures.product),
                json!({ "quantity": 1 }),
            )
        },
    ),
    endpoint(
        "remove-cart-item",
        "DELETE /api/cart/items/{productId}",
        Audience::Customer,
        204,
        |_| get("/api/cart/items/prod_01arz3ndektsv4rrffq69g5fav"),
    ),
    endpoint(
        "checkout",
        "POST /api/checkout",
        Audience::Customer,
        201,
        |_| Request {
            key: Some("walk"),
            ..with("/api/checkout", checkout_body(1900))
        },
    ),
    endpoint(
        "get-orders",
        "GET /api/orders",
        Audience::Customer,
        200,
        |_| get("/api/orders"),
    ),
    owned(endpoint(
        "get-order",
        "GET /api/orders/{orderId}",
        Audience::Customer,
        200,
        |fixtures| get(format!("/api/orders/{}", fixtures.order)),
    )),
    owned(endpoint(
        "cancel-order",
        "POST /api/orders/{orderId}/cancel",
        Audience::Customer,
        200,
        |fixtures| get(format!("/api/orders/{}/cancel", fixtures.order_to_cancel)),
    )),
    endpoint(
        "admin-list-orders",
        "GET /api/admin/orders",
        Audience::Staff,
        200,
        |_| get("/api/admin/orders"),
    ),
    endpoint(
        "admin-get-order",
        "GET /api/admin/orders/{userId}/{orderId}",
        Audience::Staff,
        200,
        |fixtures| get(fixtures.staffs_order()),
    ),
    endpoint(
        "admin-update-order",
        "PATCH /api/admin/orders/{userId}/{orderId}",
        Audience::Staff,
        200,
        |fixtures| with(fixtures.staffs_order(), json!({ "note": "Walked" })),
    ),
    endpoint(
        "admin-search-customers",
        "POST /api/admin/customers/search",
        Audience::Staff,
        200,
        |_| {
            let body = json!({ "email": "alice@example.com", "reason": "A walk" });
            with("/api/admin/customers/search", body)
        },
    ),
    endpoint(
        "admin-create-product",
        "POST /api/admin/products",
        Audience::Admin,
        201,
        |_| with("/api/admin/products", product_body("A new thing", 100, 1)),
    ),
    endpoint(
        "admin-list-products",
        "GET /api/admin/products",
        Audience::Staff,
        200,
        |_| get("/api/admin/products"),
    ),
    endpoint(
        "admin-get-product",
        "GET /api/admin/products/{productId}",
        Audience::Staff,
        200,
        |fixtures| get(format!("/api/admin/products/{}", fixtures.product)),
    ),
    endpoint(
        "admin-update-product",
        "PATCH /api/admin/products/{productId}",
        Audience::Admin,
        200,
        |fixtures| {
            let path = format!("/api/admin/products/{}", fixtures.product);
            with(path, json!({ "description": "Walked upon." }))
        },
    ),
    endpoint(
        "admin-set-stock",
        "PUT /api/admin/products/{productId}/stock",
        Audience::Staff,
        200,
        |fixtures| {
            let path = format!("/api/admin/products/{}/stock", fixtures.product);
            with(path, json!({ "adjustBy": 1 }))
        },
    ),
    endpoint(
        "admin-delete-product",
        "DELETE /api/admin/products/{productId}",
        Audience::SuperAdmin,
        204,
        |fixtures| {
            get(format!(
                "/api/admin/products/{}",
                fixtures.product_to_delete
            ))
        },
    ),
    endpoint(
        "admin-save-category",
        "PUT /api/admin/categories/{slug}",
        Audience::Admin,
        201,
        |fixtures| {
            let path = format!("/api/admin/categories/walked-{}", fixtures.number);
            with(path, json!({ "name": "Walked" }))
        },
    ),
    endpoint(
        "admin-delete-category",
        "DELETE /api/admin/categories/{slug}",
        Audience::Admin,
        204,
        |fixtures| {
            let path = format!("/api/admin/categories/unwanted-{}", fixtures.number);
            get(path)
        },
    ),
    endpoint(
        "admin-upload",
        "POST /api/admin/uploads",
        Audience::Admin,
        201,
        |fixtures| {
            let body = json!({
                "productId": fixtures.product, "contentType": "image/png", "contentLength": 1000,
            });
            with("/api/admin/uploads", body)
        },
    ),
    endpoint(
        "admin-get-upload",
        "GET /api/admin/uploads/{uploadId}",
        Audience::Admin,
        200,
        |fixtures| get(format!("/api/admin/uploads/{}", fixtures.upload)),
    ),
    endpoint(
        "admin-delete-image",
        "DELETE /api/admin/products/{productId}/images/{imageId}",
        Audience::Admin,
        204,
        |fixtures| {
            let (product, image) = (&fixtures.product, &fixtures.image);
            get(format!("/api/admin/products/{product}/images/{image}"))
        },
    ),
    endpoint(
        "admin-list-users",
        "GET /api/admin/users",
        Audience::SuperAdmin,
        200,
        |_| get("/api/admin/users"),
    ),
    endpoint(
        "admin-create-user",
        "POST /api/admin/users",
        Audience::SuperAdmin,
        201,
        |fixtures| {
            let email = format!("eve-{}@example.com", fixtures.number);
            let body = json!({ "email": email, "name": "Eve", "role": "admin" });
            with("/api/admin/users", body)
        },
    ),
    endpoint(
        "admin-update-user",
        "PATCH /api/admin/users/{userId}",
        Audience::SuperAdmin,
        200,
        |fixtures| {
            let path = format!("/api/admin/users/{}", fixtures.somebody);
            with(path, json!({ "status": "active" }))
        },
    ),
    endpoint(
        "admin-list-audit",
        "GET /api/admin/audit",
        Audience::SuperAdmin,
        200,
        |_| get("/api/admin/audit"),
    ),
];

impl Endpoint {
    fn method(&self) -> reqwest::Method {
        self.route.split(' ').next().unwrap().parse().unwrap()
    }

    fn build(&self, client: &Client, request: &Request) -> reqwest::RequestBuilder {
        let mut built = client.request(self.method(), &request.path);
        if let Some(key) = request.key {
            built = built.header("idempotency-key", key);
        }
        match &request.body {
            Some(body) => built.json(body),
            None => built,
        }
    }

    pub(crate) async fn call(&self, client: &Client, fixtures: &Fixtures) -> TestResponse {
        send(self.build(client, &(self.request)(fixtures))).await
    }
}

#[tokio::test]
async fn the_table_the_template_and_the_contract_name_the_same_routes() {
    let shop = spawn_shop().await;
    let mut routes = BTreeSet::new();
    for function in &shop.cloud.template().functions {
        for route in &function.routes {
            routes.insert((function.binary.clone(), route.key()));
        }
    }
    // What no route names is answered by a function too, and walked in a test
    // of its own below.
    assert!(routes.remove(&("not-found".to_owned(), "$default".to_owned())));
    let table = ENDPOINTS.iter();
    let table = table
        .map(|e| (e.function.to_owned(), e.route.to_owned()))
        .collect();
    assert_eq!(routes, table);
    for endpoint in ENDPOINTS {
        let operation = contract().operation(endpoint.function);
        let operation = contract().resolve(&operation.pointer).value;
        let word = match endpoint.audience {
            Audience::Anyone => "anyone",
            Audience::Customer => "customer",
            Audience::Staff => "staff",
            Audience::Admin => "admin",
            Audience::SuperAdmin => "super-admin",
        };
        assert_eq!(operation["x-audience"], word, "{}", endpoint.function);
    }
}

#[tokio::test]
async fn every_endpoint_answers_those_it_is_for_and_nobody_else() {
    let shop = spawn_shop().await;
    let (alice, bob) = (shop.alice().await, shop.bob().await);
    let (staff, admin) = (shop.staff().await, shop.admin().await);
    let sue = shop.super_admin().await;
    let mut fixtures = Fixtures::make(&shop, &alice).await;
    fixtures.add_picture(&shop, &admin).await;

    for endpoint in ENDPOINTS {
        println!("{}", endpoint.route);
        let permitted = match endpoint.audience {
            Audience::Anyone => shop.anonymous(),
            Audience::Customer => alice.clone(),
            Audience::Staff => staff.clone(),
            Audience::Admin => admin.clone(),
            Audience::SuperAdmin => sue.clone(),
        };
        let answer = endpoint
            .call(&permitted, &fixtures)
            .await
            .expect(endpoint.status);
        for name in ["ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"] {
            let value = answer.header(name).parse::<u32>();
            assert_eq!(value.is_ok(), !endpoint.cacheable, "{}", endpoint.route);
        }
        let cache = answer.header("cache-control");
        assert_eq!(
            cache.starts_with("public"),
            endpoint.cacheable,
            "{}",
            endpoint.route
        );

        let refused: &[&Client] = match endpoint.audience {
            Audience::Anyone => &[],
            Audience::SuperAdmin => &[&alice, &staff, &admin],
            Audience::Customer => &[&staff, &admin, &sue],
            Audience::Staff => &[&alice],
            Audience::Admin => &[&alice, &staff],
        };
        for client in refused {
            let answer = endpoint.call(client, &fixtures).await;
            let answer = answer.expect_problem(403, "forbidden");
            assert_eq!(answer.body["detail"], "Insufficient permissions");
        }
        if endpoint.audience != Audience::Anyone {
            let answer = endpoint.call(&shop.anonymous(), &fixtures).await;
            let answer = answer.expect_problem(401, "unauthenticated");
            assert_eq!(answer.body["detail"], "Access denied. No token provided.");
            let liar = permitted.with_token("not.a.token");
            let answer = endpoint.call(&liar, &fixtures).await;
            let answer = answer.expect_problem(401, "unauthenticated");
            assert_eq!(answer.body["detail"], "Invalid token.");
        }
        if endpoint.owned {
            endpoint
                .call(&bob, &fixtures)
                .await
                .expect_problem(404, "not-found");
        }
        let request = (endpoint.request)(&fixtures);
        if request.body.is_some() {
            refuses_bad_bodies(endpoint, &permitted, &request).await;
        }
    }
}

fn refresh_token(of: &Client) -> String {
    text(&of.session["refreshToken"])
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

async fn refuses_bad_bodies(endpoint: &Endpoint, client: &Client, good: &Request) {
    let without_body = Request {
        path: good.path.clone(),
        body: None,
        key: good.key,
    };
    let bare = || endpoint.build(client, &without_body);
    let json = || bare().header("content-type", "application/json");
    send(bare()).await.expect_problem(400, "malformed");
    send(json().body("{"))
        .await
        .expect_problem(400, "malformed");
    send(json().body(r#"{"a":1,"a":2}"#))
        .await
        .expect_problem(400, "malformed");
    send(json().body("[".repeat(10_000)))
        .await
        .expect_problem(400, "malformed");
    send(json().body("[]")).await.expect_problem(422, "invalid");
    send(json().body("null"))
        .await
        .expect_problem(422, "invalid");
    let unknown = send(json().body(r#"{"surprise":true}"#)).await;
    let unknown = unknown.expect_problem(422, "invalid");
    assert!(unknown.pointers().contains(&"/surprise"), "{unknown:#?}");
    let text = bare().header("content-type", "text/plain").body("{}");
    send(text)
        .await
        .expect_problem(415, "unsupported-media-type");
    let large = format!(r#"{{"a":"{}"}}"#, "x".repeat(1024 * 1024));
    send(json().body(large))
        .await
        .expect_problem(413, "payload-too-large");
}

/// What requests name where nothing of it is looked at.
fn unknown_fixtures() -> Fixtures {
    let ulid = "01arz3ndektsv4rrffq69g5fav";
    let secret = "A".repeat(64);
    let refresh_token = format!("usr_{ulid}.ses_{ulid}.{secret}");
    Fixtures {
        number: 0,
        product: format!("prod_{ulid}"),
        product_to_delete: format!("prod_{ulid}"),
        upload: format!("upl_{ulid}"),
        image: format!("img_{ulid}"),
        customer: format!("usr_{ulid}"),
        order: format!("ord_{ulid}"),
        order_to_cancel: format!("ord_{ulid}"),
        refresh_token: refresh_token.clone(),
        refresh_token_to_end: refresh_token.clone(),
        staff_refresh_token: refresh_token.clone(),
        staff_refresh_token_to_end: refresh_token,
        staff_password: password_of("super@example.com"),
        invite_token: format!("usr_{ulid}.{}", "A".repeat(43)),
        somebody: format!("usr_{ulid}"),
    }
}

/// One who may call each endpoint.
struct Permitted {
    anonymous: Client,
    customer: Client,
    super_admin: Client,
}

impl Permitted {
    async fn of(shop: &Shop) -> Self {
        Self {
            anonymous: shop.anonymous(),
            customer: shop.alice().await,
            super_admin: shop.super_admin().await,
        }
    }

    fn to_call(&self, endpoint: &Endpoint) -> &Client {
        match endpoint.audience {
            Audience::Anyone => &self.anonymous,
            Audience::Customer => &self.customer,
            Audience::Staff | Audience::Admin | Audience::SuperAdmin => &self.super_admin,
        }
    }

    /// Calls every endpoint, all at once.
    async fn call_each(&self) -> Vec<(&'static Endpoint, TestResponse)> {
        let fixtures = unknown_fixtures();
        let calls = ENDPOINTS.iter().map(|endpoint| {
            let request = (endpoint.request)(&fixtures);
            let built = endpoint.build(self.to_call(endpoint), &request);
            async move { (endpoint, try_send(built).await.unwrap()) }
        });
        join_all(calls).await
    }
}

#[tokio::test]
async fn without_its_tables_every_endpoint_is_a_503_and_without_them_for_good_a_500() {
    let shop = spawn_shop().await;
    let permitted = Permitted::of(&shop).await;
    shop.cloud.stop_dynamodb().await;
    for (_, answer) in permitted.call_each().await {
        answer.expect_problem(503, "unavailable");
    }
    shop.cloud.start_dynamodb().await.unwrap();
    let tables = &shop.cloud.template().tables;
    for table in tables {
        let body = json!({ "TableName": table.name });
        shop.dynamodb("DeleteTable", &body).await;
    }
    for (_, answer) in permitted.call_each().await {
        answer.expect_problem(500, "internal");
    }
}

#[tokio::test]
async fn past_the_general_limit_every_endpoint_is_a_429() {
    let shop = spawn_shop_with(with_parameter("RequestLimit", "100")).await;
    shop.wait_for_limit_window(30).await;
    let permitted = Permitted::of(&shop).await;
    let anonymous = shop.anonymous();
    // Whoever has answered already has some requests left to give.
    for path in ["/api/nothing", "/api/products"] {
        while anonymous.get(path).await.status != 429 {}
    }
    for (_, answer) in permitted.call_each().await {
        answer.expect_problem(429, "rate-limited");
    }
}

#[tokio::test]
async fn from_an_address_that_is_not_listed_every_endpoint_of_the_staff_is_a_403() {
    let shop = spawn_shop_with(with_parameter("AdminNetworks", "192.0.2.0/24")).await;
    let permitted = Permitted {
        anonymous: shop.anonymous(),
        customer: shop.alice().await,
        super_admin: shop.anonymous(),
    };
    for (endpoint, answer) in permitted.call_each().await {
        if endpoint.route.contains(" /api/admin/") {
            let answer = answer.expect_problem(403, "forbidden");
            assert_eq!(answer.body["detail"], "This address may not call here.");
        } else {
            assert_ne!(answer.status, 403, "{answer:#?}");
        }
    }
}

#[tokio::test]
async fn a_route_that_does_not_exist_is_a_404_like_any_other() {
    let shop = spawn_shop().await;
    let alice = shop.alice().await;
    for client in [shop.anonymous(), alice] {
        for path in [
            "/",
            "/api",
            "/api/nothing",
            "/api/products/",
            "/api/cart/items",
        ] {
            client.get(path).await.expect_problem(404, "not-found");
        }
        client
            .delete("/api/products")
            .await
            .expect_problem(404, "not-found");
        client
            .put("/api/orders", &json!({}))
            .await
            .expect_problem(404, "not-found");
        let trace = client.request(reqwest::Method::TRACE, "/api/products");
        send(trace).await.expect_problem(404, "not-found");
    }
}
