//! The demo shop: accounts, categories, products with pictures, stock, and orders that are placed through the
//! shop's own functions. What is in it stands in `local/demo/`.

mod pictures;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::LazyLock;

use cloud::{ACCESS_KEY_ID, Cloud};
use pictures::{Drawing, Shape};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use shared::accounts::{NewPassword, Register};
use shared::aws::{Env, FromEnv};
use shared::catalogue::{
    CategoryContent, CategorySlug, CreateProduct, Image, NewProduct, ProductStatus, SaveCategory,
};
use shared::http::{Conflict, Problem};
use shared::identity::{CustomerRealm, Role, StaffRealm, User};
use shared::values::{Currency, EmailAddress, ImageId, Money, ProductId};

/// Someone who can sign in to the demo shop.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Account {
    /// The address to sign in with.
    pub email: String,
    /// The password.
    pub password: String,
    /// `customer`, `staff`, `admin` or `super-admin`.
    pub role: String,
    #[serde(skip_serializing)]
    name: String,
}

/// A category, after the one under which it stands.
#[derive(Deserialize)]
struct DemoCategory {
    slug: String,
    name: String,
    parent: Option<String>,
}

/// Products of one category, and what their pictures show.
#[derive(Deserialize)]
struct Shelf {
    category: String,
    picture: Shape,
    products: Vec<DemoProduct>,
}

/// One product; the price is in minor units of the shop's currency.
#[derive(Deserialize)]
struct DemoProduct {
    name: String,
    description: String,
    price: u64,
    stock: u32,
}

/// An order that is placed: by a customer's address, of products by their names.
#[derive(Deserialize)]
struct DemoOrder {
    customer: String,
    lines: Vec<DemoLine>,
}

#[derive(Deserialize)]
struct DemoLine {
    product: String,
    quantity: u32,
}

/// Returns everyone who has an account at first. The passwords are known to the world: a deployed
/// shop has none of these accounts.
#[must_use]
pub fn accounts() -> &'static [Account] {
    static ACCOUNTS: LazyLock<Vec<Account>> = LazyLock::new(|| {
        #[expect(clippy::expect_used, reason = "a part of this program")]
        serde_json::from_str(include_str!("../demo/accounts.json")).expect("accounts.json")
    });
    &ACCOUNTS
}

/// Why the demo shop can't be filled.
#[derive(Debug)]
pub struct DemoError(String);

impl fmt::Display for DemoError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the demo shop cannot be filled: {}, or start with `--no-seed`",
            self.0
        )
    }
}

impl std::error::Error for DemoError {}

/// How much of a shop to make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Demo {
    /// Accounts, categories, all products with pictures, and some orders.
    Full,
    /// Accounts, categories and one product of each category, without pictures: what a
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
pub async fn fill(cloud: &Cloud, demo: Demo) -> Result<(), DemoError> {
    if cloud.object("ImagesBucket", FILLED).is_some() {
        return Ok(());
    }
    let env = environment(cloud)?;
    make_accounts(&env).await?;
    make_categories(&env).await?;
    let products = make_products(cloud, &env, demo).await?;
    if demo == Demo::Full {
        place_orders(cloud, &products).await?;
    }
    cloud
        .put_object("ImagesBucket", FILLED, "text/plain", Vec::new())
        .await
        .map_err(failed)
}

/// Returns the environment of the functions that know accounts and make products: the demo shop is
/// written by the shop's own stores, and the operator's key, since it is more than any of these
/// functions may do.
fn environment(cloud: &Cloud) -> Result<Env, DemoError> {
    let mut variables = cloud.environment("register");
    variables.extend(cloud.environment("admin-login"));
    variables.extend(cloud.environment("admin-create-product"));
    variables.extend(cloud.environment("admin-save-category"));
    variables.insert("AWS_ACCESS_KEY_ID".to_owned(), ACCESS_KEY_ID.to_owned());
    Env::of(move |name| variables.get(name).cloned()).map_err(failed)
}

/// Makes the accounts, if there are none of them yet.
async fn make_accounts(env: &Env) -> Result<(), DemoError> {
    let customers = Register::<CustomerRealm>::from_env(env).map_err(failed)?;
    let staff = Register::<StaffRealm>::from_env(env).map_err(failed)?;
    for account in accounts() {
        let email = &account.email;
        let email = EmailAddress::parse(email).ok_or_else(|| impossible(email))?;
        let role = account.role.parse::<Role>().map_err(failed)?;
        let user = User::new(email, &account.name, role);
        let user = user.map_err(failed)?;
        let password = NewPassword::trusted(&account.password);
        let made = match role.is_staff() {
            true => staff.insert(user, &password).await,
            false => customers.insert(user, &password).await,
        };
        match made {
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

/// Makes the categories.
async fn make_categories(env: &Env) -> Result<(), DemoError> {
    let all: Vec<DemoCategory> =
        serde_json::from_str(include_str!("../demo/categories.json")).map_err(failed)?;
    for category in all {
        let DemoCategory { slug, name, parent } = category;
        save_category(env, &slug, name, parent.as_deref()).await?;
    }
    Ok(())
}

/// Makes one category more, for a test's products.
///
/// # Errors
/// A sentence that says what could not be made.
pub async fn make_category(cloud: &Cloud, slug: &str, name: &str) -> Result<(), DemoError> {
    save_category(&environment(cloud)?, slug, name.to_owned(), None).await
}

async fn save_category(
    env: &Env,
    slug: &str,
    name: String,
    parent: Option<&str>,
) -> Result<(), DemoError> {
    let categories = SaveCategory::from_env(env).map_err(failed)?;
    let parse = |slug: &str| CategorySlug::parse(slug).ok_or_else(|| impossible(slug));
    let content = CategoryContent {
        name,
        parent: parent.map(parse).transpose()?,
        version: None,
    };
    let saved = categories.insert(parse(slug)?, content).await;
    saved.map_err(|problem| problem_to_error(slug, &problem))
}

/// Makes the products, and uploads the pictures that they name first. Returns their ids by their
/// names.
async fn make_products(
    cloud: &Cloud,
    env: &Env,
    demo: Demo,
) -> Result<BTreeMap<String, ProductId>, DemoError> {
    let shelves: Vec<Shelf> =
        serde_json::from_str(include_str!("../demo/products.json")).map_err(failed)?;
    let catalogue = CreateProduct::from_env(env).map_err(failed)?;
    let currency = env.variable("CURRENCY").map_err(failed)?;
    let currency = Currency::parse(&currency).ok_or_else(|| impossible("CURRENCY"))?;
    let each = match demo {
        Demo::Full => usize::MAX,
        Demo::Small => 1,
    };
    // One of each shelf in turn, so that the newest are of all kinds.
    let mut goods = Vec::new();
    for (place, shelf) in shelves.into_iter().enumerate() {
        let category = &shelf.category;
        let category = CategorySlug::parse(category).ok_or_else(|| impossible(category))?;
        let of_shelf = shelf.products.into_iter().take(each).enumerate();
        goods.extend(
            of_shelf.map(|(number, good)| ((number, place), category.clone(), shelf.picture, good)),
        );
    }
    goods.sort_by_key(|(turn, ..)| *turn);
    let mut drawings = BTreeMap::new();
    let mut made = BTreeMap::new();
    for (number, (_, category, shape, good)) in goods.into_iter().enumerate() {
        let images = match demo {
            Demo::Full => {
                let drawing = drawings.entry(shape).or_insert_with(|| Drawing::new(shape));
                vec![picture(cloud, drawing, number).await?]
            }
            Demo::Small => Vec::new(),
        };
        let product = NewProduct {
            name: good.name.clone(),
            description: good.description,
            price: Money::new(good.price, currency),
            category,
            status: ProductStatus::Published,
            stock: good.stock,
            sku: None,
        };
        let id = ProductId::generate().map_err(failed)?;
        catalogue
            .insert(id.clone(), product, images)
            .await
            .map_err(|problem| problem_to_error(&good.name, &problem))?;
        made.insert(good.name, id);
    }
    Ok(made)
}

/// Puts a picture in colours of its own where the public finds it.
async fn picture(cloud: &Cloud, drawing: &Drawing, number: usize) -> Result<Image, DemoError> {
    let bytes = drawing.coloured(number).map_err(failed)?;
    let id = ImageId::generate().map_err(failed)?;
    let key = format!("ecommerce-products/{id}.png");
    cloud
        .put_object("ImagesBucket", &key, "image/png", bytes)
        .await
        .map_err(failed)?;
    Ok(Image {
        id,
        key,
        width: pictures::WIDTH,
        height: pictures::HEIGHT,
        variants: Vec::new(),
    })
}

/// Places orders as customers do: sign in, fill the cart, check out.
async fn place_orders(
    cloud: &Cloud,
    products: &BTreeMap<String, ProductId>,
) -> Result<(), DemoError> {
    let orders: Vec<DemoOrder> =
        serde_json::from_str(include_str!("../demo/orders.json")).map_err(failed)?;
    let mut tokens = BTreeMap::new();
    for account in accounts().iter().filter(|it| it.role == "customer") {
        let body = json!({ "email": account.email, "password": account.password });
        let session = call(cloud, "login", &json!({}), &json!({}), &body).await?;
        let token = session.get("accessToken").and_then(Value::as_str);
        let token = token.ok_or_else(|| impossible("login"))?.to_owned();
        tokens.insert(&account.email, token);
    }
    for (number, order) in orders.iter().enumerate() {
        let token = tokens.get(&order.customer);
        let token = token.ok_or_else(|| impossible(&order.customer))?;
        let bearer = format!("Bearer {token}");
        let mut cart = Value::Null;
        for line in &order.lines {
            let id = products.get(&line.product);
            let id = id.ok_or_else(|| impossible(&line.product))?;
            cart = call(
                cloud,
                "set-cart-item",
                &json!({ "authorization": bearer }),
                &json!({ "productId": id }),
                &json!({ "quantity": line.quantity }),
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
) -> Result<Value, DemoError> {
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
        .await
        .map_err(failed)?;
    let answer: Value = serde_json::from_slice(&answer).map_err(failed)?;
    let body = answer.get("body").and_then(Value::as_str).unwrap_or("null");
    match answer.get("statusCode").and_then(Value::as_u64) {
        Some(200..=299) => serde_json::from_str(body).map_err(failed),
        status => Err(failed(format!("{function} answered {status:?} {body}"))),
    }
}

fn impossible(what: &str) -> DemoError {
    failed(format!("{what} is not what the demo needs"))
}

fn failed(cause: impl std::fmt::Display) -> DemoError {
    DemoError(cause.to_string())
}

fn problem_to_error(what: &str, problem: &Problem) -> DemoError {
    match problem.cause() {
        Some(cause) => failed(format!("{what}: {cause:?}")),
        None => failed(format!("{what}: {problem:?}")),
    }
}
