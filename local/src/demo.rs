//! The demo shop: accounts, products with pictures, stock, and orders that
//! were placed through the shop's own functions.

mod goods;
mod pictures;

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};
use shared::accounts::{NewPassword, Register};
use shared::aws::{Env, FromEnv};
use shared::catalogue::{CategorySlug, CreateProduct, Image, NewProduct, ProductStatus};
use shared::http::{Conflict, Problem};
use shared::identity::{Role, User};
use shared::values::{Currency, EmailAddress, ImageId, Money, ProductId};

use crate::{ACCESS_KEY_ID, Cloud, StartError};

/// Someone who can sign in to the demo shop.
#[derive(Clone, Debug, Serialize)]
pub struct Account {
    /// The address to sign in with.
    pub email: &'static str,
    /// The password.
    pub password: &'static str,
    /// `customer`, `staff`, `admin` or `super-admin`.
    pub role: &'static str,
    #[serde(skip)]
    name: &'static str,
}

/// Everyone there is at first. The passwords are known to the world: a
/// deployed shop has none of these accounts.
pub const ACCOUNTS: [Account; 5] = [
    Account {
        email: "alice@example.com",
        password: "alice-loves-teapots",
        role: "customer",
        name: "Alice Archer",
    },
    Account {
        email: "bob@example.com",
        password: "bob-collects-lamps",
        role: "customer",
        name: "Bob Baker",
    },
    Account {
        email: "staff@example.com",
        password: "staff-packs-the-parcels",
        role: "staff",
        name: "Sam Staff",
    },
    Account {
        email: "admin@example.com",
        password: "admin-runs-the-catalogue",
        role: "admin",
        name: "Ada Admin",
    },
    Account {
        email: "super@example.com",
        password: "super-keeps-the-keys",
        role: "super-admin",
        name: "Sue Super",
    },
];

/// How much of a shop to make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Demo {
    /// Accounts, all products with pictures, and some orders.
    Full,
    /// Accounts and one product of each category, without pictures: what a
    /// test needs, quickly.
    Small,
}

/// Says that the demo shop is there, all of it. Written last.
const FILLED: &str = "demo/filled";

/// Fills an empty shop; leaves one that was filled before as it is.
///
/// # Errors
/// A sentence that says what could not be made; also for a shop that has
/// these accounts without having been filled to the end.
pub async fn fill(cloud: &Cloud, demo: Demo) -> Result<(), StartError> {
    if cloud.object("ImagesBucket", FILLED).is_some() {
        return Ok(());
    }
    let variables = variables(cloud);
    let env = Env::of(move |name| variables.get(name).cloned()).map_err(failed)?;
    make_accounts(&env).await?;
    let products = make_products(cloud, &env, demo).await?;
    if demo == Demo::Full {
        place_orders(cloud, &products).await?;
    }
    cloud
        .put_object("ImagesBucket", FILLED, "text/plain", Vec::new())
        .await
        .map_err(failed)
}

/// The variables of the functions that make accounts and products: the demo
/// shop is written by the shop's own stores, and the operator's key, since it
/// is more than either function may do.
fn variables(cloud: &Cloud) -> BTreeMap<String, String> {
    let mut variables = cloud.environment("register");
    variables.extend(cloud.environment("admin-create-product"));
    variables.insert("AWS_ACCESS_KEY_ID".to_owned(), ACCESS_KEY_ID.to_owned());
    variables
}

/// Makes the accounts, if there are none of them yet.
async fn make_accounts(env: &Env) -> Result<(), StartError> {
    let accounts = Register::from_env(env).map_err(failed)?;
    for account in ACCOUNTS {
        let email = EmailAddress::parse(account.email).ok_or_else(|| impossible(account.email))?;
        let role = account.role.parse::<Role>().map_err(failed)?;
        let user = User::new(email, account.name, role);
        let user = user.map_err(failed)?;
        let password = NewPassword::trusted(account.password);
        match accounts.insert(user, &password).await {
            Ok(_) => {}
            Err(Problem::Conflict(Conflict::AddressTaken)) => {
                return Err(failed(
                    "the data folder holds a shop that has some of its accounts but was not \
                     filled to the end, so remove the folder",
                ));
            }
            Err(problem) => return Err(problem_to_error("an account", &problem)),
        }
    }
    Ok(())
}

/// Makes the products, and uploads the pictures that they name first.
async fn make_products(cloud: &Cloud, env: &Env, demo: Demo) -> Result<Vec<ProductId>, StartError> {
    let products = CreateProduct::from_env(env).map_err(failed)?;
    let currency = env.variable("CURRENCY").map_err(failed)?;
    let currency = Currency::parse(&currency).ok_or_else(|| impossible("CURRENCY"))?;
    let each = match demo {
        Demo::Full => usize::MAX,
        Demo::Small => 1,
    };
    let mut made = Vec::new();
    for category in &goods::CATEGORIES {
        let slug = CategorySlug::parse(category.slug).ok_or_else(|| impossible(category.slug))?;
        for (number, good) in category.goods.iter().take(each).enumerate() {
            let images = match demo {
                Demo::Full => vec![picture(cloud, category.shape, number).await?],
                Demo::Small => Vec::new(),
            };
            let product = NewProduct {
                name: good.name.to_owned(),
                description: good.description.to_owned(),
                price: Money::new(good.price, currency),
                category: slug.clone(),
                status: ProductStatus::Published,
                stock: good.stock,
            };
            let id = ProductId::generate().map_err(failed)?;
            products
                .insert(id.clone(), product, images)
                .await
                .map_err(|problem| problem_to_error(good.name, &problem))?;
            made.push(id);
        }
    }
    Ok(made)
}

/// Draws a picture and puts it where the public finds it.
async fn picture(
    cloud: &Cloud,
    shape: pictures::Shape,
    number: usize,
) -> Result<Image, StartError> {
    let bytes = pictures::draw(shape, number).map_err(failed)?;
    let id = ImageId::generate().map_err(failed)?;
    let key = format!("public/{id}.png");
    cloud
        .put_object("ImagesBucket", &key, "image/png", bytes)
        .await
        .map_err(failed)?;
    Ok(Image {
        id,
        key,
        width: pictures::WIDTH,
        height: pictures::HEIGHT,
    })
}

/// Who bought what: positions in the list of products, and how many.
const ORDERS: [(usize, &[(usize, u32)]); 5] = [
    (0, &[(0, 2), (11, 1)]),
    (0, &[(23, 1)]),
    (1, &[(35, 1), (40, 3), (52, 1)]),
    (0, &[(47, 2), (6, 4)]),
    (1, &[(18, 1)]),
];

/// Places orders as customers do: sign in, fill the cart, check out.
async fn place_orders(cloud: &Cloud, products: &[ProductId]) -> Result<(), StartError> {
    let mut tokens = Vec::new();
    for account in ACCOUNTS.iter().take(2) {
        let body = json!({ "email": account.email, "password": account.password });
        let session = call(cloud, "login", &json!({}), &json!({}), &body).await?;
        let token = session.get("accessToken").and_then(Value::as_str);
        tokens.push(token.ok_or_else(|| impossible("login"))?.to_owned());
    }
    for (number, (customer, lines)) in ORDERS.iter().enumerate() {
        let token = tokens.get(*customer).ok_or_else(|| impossible("ORDERS"))?;
        let bearer = format!("Bearer {token}");
        let mut cart = Value::Null;
        for (position, quantity) in *lines {
            let id = products
                .get(*position)
                .ok_or_else(|| impossible("ORDERS"))?;
            cart = call(
                cloud,
                "set-cart-item",
                &json!({ "authorization": bearer }),
                &json!({ "productId": id }),
                &json!({ "quantity": quantity }),
            )
            .await?;
        }
        let headers =
            json!({ "authorization": bearer, "idempotency-key": format!("demo-{number}") });
        let order = json!({
            "expectedTotal": cart.get("total"),
            "paymentMethod": "invoice",
            "shippingAddress": {
                "name": "The Demo Customer", "line1": "1 Example Street",
                "postalCode": "10115", "city": "Berlin", "country": "DE",
            },
        });
        call(cloud, "checkout", &headers, &json!({}), &order).await?;
    }
    Ok(())
}

/// Calls a function as the gateway does, and expects it to do as asked.
async fn call(
    cloud: &Cloud,
    function: &str,
    headers: &Value,
    path: &Value,
    body: &Value,
) -> Result<Value, StartError> {
    let mut headers = headers.clone();
    if let Some(headers) = headers.as_object_mut() {
        headers.insert("content-type".into(), "application/json".into());
    }
    let event = json!({
        "version": "2.0",
        "routeKey": function,
        "rawQueryString": "",
        "headers": headers,
        "pathParameters": path,
        "requestContext": { "http": { "sourceIp": "127.0.0.1" }, "requestId": function },
        "body": body.to_string(),
        "isBase64Encoded": false,
    });
    let answer = cloud
        .invoke(function, event.to_string().into_bytes())
        .await?;
    let answer: Value = serde_json::from_slice(&answer).map_err(failed)?;
    let body = answer.get("body").and_then(Value::as_str).unwrap_or("null");
    match answer.get("statusCode").and_then(Value::as_u64) {
        Some(200..=299) => serde_json::from_str(body).map_err(failed),
        status => Err(failed(format!("{function} answered {status:?} {body}"))),
    }
}

fn impossible(what: &str) -> StartError {
    failed(format!("{what} is not what the demo needs"))
}

fn failed(cause: impl std::fmt::Display) -> StartError {
    StartError::Demo(cause.to_string())
}

fn problem_to_error(what: &str, problem: &Problem) -> StartError {
    match problem.cause() {
        Some(cause) => failed(format!("{what}: {cause:?}")),
        None => failed(format!("{what}: {problem:?}")),
    }
}
