//! Who uses a simulated shop, who works there, and what it sells at first.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, UNIX_EPOCH};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fastrand::Rng;
use serde_json::{Value, json};

use crate::world::World;

/// The key that signs everybody's tokens.
const KID: &str = "k1";
/// How many lines a cart has that is nearly full: a cart takes 32.
const NEARLY_FULL: usize = 31;
/// When everything was made.
const CREATED: &str = "2026-11-20T10:00:00Z";
/// The characters of a ULID.
const ALPHABET: &[u8] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Who may sign in.
pub(crate) struct Person {
    pub(crate) user_id: String,
    pub(crate) role: &'static str,
    /// What only this person sends, and nobody else may ever see.
    pub(crate) canary: String,
    pub(crate) token: String,
}

/// Who uses the shop, and what it sells.
pub(crate) struct Shop {
    pub(crate) customers: Vec<Arc<Person>>,
    /// Who works there, each of another role.
    pub(crate) staff: Vec<Arc<Person>>,
    pub(crate) products: Vec<String>,
}

fn key() -> &'static Ed25519KeyPair {
    static KEY: OnceLock<Ed25519KeyPair> = OnceLock::new();
    KEY.get_or_init(|| Ed25519KeyPair::from_seed_unchecked(&[7; 32]).expect("a key"))
}

/// Makes an id that is drawn.
fn id(rng: &mut Rng, prefix: &str) -> String {
    let random = (0..24).map(|_| char::from(ALPHABET[rng.usize(0..ALPHABET.len())]));
    format!("{prefix}_01{}", random.collect::<String>())
}

impl Shop {
    /// Opens the shop: the operator makes people and products.
    pub(crate) async fn open(world: &World) -> Self {
        world.database().faults().start_journal();
        for ring in ["tokens", "staff-tokens"] {
            let public = URL_SAFE_NO_PAD.encode(key().public_key());
            for row in [
                json!({ "kid": { "S": KID }, "publicKey": { "S": public } }),
                json!({ "kid": { "S": "cursor" }, "key": { "S": URL_SAFE_NO_PAD.encode([9; 32]) } }),
            ] {
                let mut row = row;
                row["ring"] = json!({ "S": ring });
                row["createdAt"] = json!({ "S": CREATED });
                put(world, "TOKEN_KEYS_TABLE", &row).await;
            }
        }
        let mut customers = Vec::new();
        for number in 1..=4 {
            customers.push(person(world, number, "customer").await);
        }
        let mut staff = Vec::new();
        for (number, role) in (5..).zip(["admin", "staff", "super-admin"]) {
            staff.push(person(world, number, role).await);
        }
        let category = json!({
            "catalogue": { "S": "main" }, "slug": { "S": "things" }, "name": { "S": "Things" },
            "products": { "N": "0" },
        });
        put(world, "CATEGORIES_TABLE", &category).await;
        let mut products = Vec::new();
        // In some shops somebody's cart is nearly full.
        let is_large = world.chance(0.04);
        for number in 0..if is_large { 40 } else { 6 } {
            // Two are sought after, and soon sold out.
            let most = if number < 2 { 12 } else { 60 };
            let (price, stock) = world.draw(|rng| (rng.u32(1..5000), rng.u32(3..most)));
            products.push(product(world, number, price, stock).await);
        }
        if is_large {
            world.count("carts that are nearly full");
            for product in products.iter().rev().take(NEARLY_FULL) {
                put_line(world, &customers[0], product).await;
            }
        }
        Self {
            customers,
            staff,
            products,
        }
    }
}

/// Puts a piece of a product into a customer's cart.
async fn put_line(world: &World, customer: &Person, product: &str) {
    let end = shared::simulation::wall() + Duration::from_secs(90 * 24 * 60 * 60);
    let end = end.duration_since(UNIX_EPOCH).expect("after 1970");
    let line = json!({
        "userId": { "S": customer.user_id }, "productId": { "S": product },
        "quantity": { "N": "1" }, "expiresAt": { "N": end.as_secs().to_string() },
        "madeBy": { "S": "operator" },
    });
    put(world, "CARTS_TABLE", &line).await;
}

async fn put(world: &World, table: &str, item: &Value) {
    let put = json!({ "TableName": world.table(table), "Item": item });
    operate(world, "PutItem", put).await;
}

/// Makes a call of the operator's, which meets no fault, until it is done.
async fn operate(world: &World, operation: &str, body: Value) {
    let target = format!("DynamoDB_20120810.{operation}");
    loop {
        let body = body.to_string().into_bytes();
        let answer = world.database().call(None, &target, body, None).await;
        let (status, body) = answer.expect("the operator's connection does not break");
        let body = String::from_utf8_lossy(&body);
        // It met a transaction, or the condition of an update doesn't hold.
        if status == 200 || body.contains("ConditionalCheckFailed") {
            return;
        }
        assert!(
            body.contains("TransactionConflictException"),
            "{operation}: {body}"
        );
        world.pause(5, 50).await;
    }
}

async fn person(world: &World, number: u32, role: &'static str) -> Arc<Person> {
    let (user_id, session, jti, canary) = world.draw(|rng| {
        let canary = format!("canary-{number}-{:08x}", rng.u32(..));
        (id(rng, "usr"), id(rng, "ses"), id(rng, "jti"), canary)
    });
    let is_staff = role != "customer";
    let table = if is_staff {
        "STAFF_TABLE"
    } else {
        "USERS_TABLE"
    };
    let user = json!({
        "userId": { "S": user_id }, "email": { "S": format!("{number}@example.com") },
        "name": { "S": format!("Person {number}") }, "role": { "S": role },
        "status": { "S": "active" }, "tokensValidAfter": { "N": "0" }, "version": { "N": "1" },
        "createdAt": { "S": CREATED },
    });
    put(world, table, &user).await;
    let now = shared::simulation::wall().duration_since(UNIX_EPOCH);
    let now = now.expect("after 1970").as_secs();
    if is_staff {
        let row = json!({
            "userId": { "S": user_id }, "sessionId": { "S": session }, "role": { "S": role },
            "createdAt": { "S": CREATED }, "expiresAt": { "N": (now + 36_000).to_string() },
        });
        put(world, "STAFF_SESSIONS_TABLE", &row).await;
    }
    let issuer = &world.variables("checkout")["TOKEN_ISSUER"];
    let header = json!({ "alg": "EdDSA", "typ": "at+jwt", "kid": KID });
    let claims = json!({
        // Valid by a clock that is minutes off, too.
        "userId": user_id, "role": role, "iat": now - 420, "exp": now + 480, "iss": issuer,
        "aud": "buy-from-me", "jti": jti.trim_start_matches("jti_"), "sid": session,
    });
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", encode(&header), encode(&claims));
    let signature = URL_SAFE_NO_PAD.encode(key().sign(message.as_bytes()));
    Arc::new(Person {
        user_id,
        role,
        canary,
        token: format!("{message}.{signature}"),
    })
}

async fn product(world: &World, number: u32, price: u32, stock: u32) -> String {
    let id = world.draw(|rng| id(rng, "prod"));
    let name = format!("Product {number}");
    let item = json!({
        "productId": { "S": id }, "name": { "S": name }, "description": { "S": "" },
        "price": { "N": price.to_string() }, "currency": { "S": "EUR" },
        "category": { "S": "things" }, "status": { "S": "published" },
        "availability": { "S": "in-stock" }, "images": { "L": [] }, "version": { "N": "1" },
        "createdAt": { "S": CREATED }, "listed": { "S": "main" },
        "listedCategory": { "S": "things" }, "nameKey": { "S": name.to_lowercase() },
    });
    put(world, "PRODUCTS_TABLE", &item).await;
    let row = json!({
        "productId": { "S": id }, "bucket": { "S": "0" },
        "available": { "N": stock.to_string() }, "version": { "N": "1" },
    });
    put(world, "INVENTORY_TABLE", &row).await;
    id
}
