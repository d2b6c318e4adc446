//! What the unit tests of stores stand on: an embedded DynamoDB with the
//! template's tables, and an environment that names them.

use std::collections::BTreeMap;
use std::time::Duration;

use cloud::{Deployment, DynamoDb, Faults, ObjectStore, Template};

use crate::accounts::{NewPassword, Register};
use crate::audit::{AuditFilter, AuditReader};
use crate::aws::{Env, FromEnv};
use crate::carts::{PricedCarts, Quantity};
use crate::catalogue::{
    CategoryContent, CategorySlug, CreateProduct, Inventory, NewProduct, ProductStatus,
    SaveCategory,
};
use crate::dynamodb::{Attributes, ItemBuilder, Table};
use crate::http::{Deadline, IdempotencyKey, Idempotent, Query};
use crate::identity::{
    Customer, CustomerRealm, Role, StaffRealm, TokenKeys, User, customer_for_tests,
    super_admin_for_tests,
};
use crate::orders::{Order, OrderDraft, PaymentMethod, PlaceOrder, ShippingAddress};
use crate::values::{Currency, EmailAddress, Money, ProductId, UserId};

/// A database of one test's own.
pub(crate) struct Tables {
    pub(crate) env: Env,
    variables: BTreeMap<String, String>,
    dynamodb: DynamoDb,
}

/// Starts a database with every table of template.yaml.
pub(crate) async fn tables() -> Tables {
    let template = template();
    let dynamodb = DynamoDb::start_faulty(&template.tables).await.unwrap();
    let mut variables: BTreeMap<String, String> = BTreeMap::new();
    for function in &template.functions {
        variables.extend(function.environment.clone());
    }
    for (name, value) in [
        ("AWS_REGION", "eu-central-1"),
        ("AWS_ACCESS_KEY_ID", cloud::ACCESS_KEY_ID),
        ("AWS_SECRET_ACCESS_KEY", cloud::SECRET_ACCESS_KEY),
        ("AWS_ENDPOINT_URL_DYNAMODB", &dynamodb.url()),
    ] {
        variables.insert(name.to_owned(), value.to_owned());
    }
    let env = env_of(variables.clone());
    let ring = TokenKeys::<CustomerRealm>::from_env(&env).unwrap();
    ring.publish("k1", &[0; 32]).await.unwrap();
    let ring = TokenKeys::<StaffRealm>::from_env(&env).unwrap();
    ring.publish("s1", &[0; 32]).await.unwrap();
    let categories = SaveCategory::from_env(&env).unwrap();
    let things = CategoryContent {
        name: "Things".to_owned(),
        parent: None,
        version: None,
    };
    categories.insert(things_slug(), things).await.unwrap();
    Tables {
        env,
        variables,
        dynamodb,
    }
}

/// Returns the slug of the one category that there is.
pub(crate) fn things_slug() -> CategorySlug {
    CategorySlug::parse("things").unwrap()
}

fn env_of(variables: BTreeMap<String, String>) -> Env {
    Env::of(move |name| variables.get(name).cloned()).unwrap()
}

/// Starts a store of files with the template's buckets.
pub(crate) async fn files() -> ObjectStore {
    let buckets = template().buckets;
    ObjectStore::start(&buckets).await.unwrap()
}

fn template() -> Template {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../template.yaml");
    let deployment = Deployment {
        stack: "buy-from-me-test".to_owned(),
        parameters: BTreeMap::from([("AllowedOrigins".to_owned(), String::new())]),
    };
    Template::load(&path, &deployment).unwrap()
}

/// Returns what a request has that reaches the gateway now: ten seconds.
pub(crate) fn reaching_now() -> Deadline {
    Deadline::after(Duration::from_secs(10))
}

/// Returns what a request has that reached the gateway so many milliseconds after
/// 1970.
pub(crate) fn arrived(at: u64) -> Deadline {
    reaching_now().of_arrival(at)
}

impl Tables {
    /// Opens a table or a use case on these tables.
    pub(crate) fn open<T: FromEnv>(&self) -> T {
        T::from_env(&self.env).unwrap()
    }

    /// Returns what goes wrong in this database: nothing, unless a test says so.
    pub(crate) fn faults(&self) -> &Faults {
        self.dynamodb.faults()
    }

    /// Returns the name of the table that a variable names.
    pub(crate) fn table(&self, variable: &str) -> &str {
        &self.variables[variable]
    }

    /// Returns the same environment with a database that doesn't answer.
    pub(crate) fn env_without_dynamodb(&self) -> Env {
        self.env_with("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:1")
    }

    /// The same environment with another value of a variable.
    pub(crate) fn env_with(&self, name: &str, value: &str) -> Env {
        self.env_with_all(&[(name, value)])
    }

    /// The same environment with other values of variables.
    pub(crate) fn env_with_all(&self, values: &[(&str, &str)]) -> Env {
        let mut variables = self.variables.clone();
        let values = values.iter();
        variables.extend(values.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        env_of(variables)
    }

    /// Changes an item of a table as somebody else would: sets attributes.
    pub(crate) async fn change(&self, table: &str, key: Attributes, values: Attributes) {
        let mut update = Table::from_env(&self.env, table).unwrap().update(key);
        let mut set = Vec::new();
        for (name, value) in values {
            set.push(format!("#{name} = :{name}"));
            update = update
                .expression_attribute_names(format!("#{name}"), &name)
                .expression_attribute_values(format!(":{name}"), value);
        }
        let update = update.update_expression(format!("SET {}", set.join(", ")));
        update.send().await.unwrap();
    }

    /// Changes the record of one of the staff as somebody else would.
    pub(crate) async fn change_staff(&self, id: &UserId, values: Attributes) {
        let key = ItemBuilder::new().text("userId", id.as_str());
        self.change("STAFF_TABLE", key.into_attributes(), values)
            .await;
    }

    /// Makes a customer with an account, whose address begins with their id.
    pub(crate) async fn customer(&self) -> Customer {
        let address = |name: &str| EmailAddress::parse(&format!("{name}@example.com"));
        let mut user = User::new(address("test").unwrap(), "Test", Role::Customer).unwrap();
        user.email = address(user.id.as_str()).unwrap();
        let customer = customer_for_tests(&user);
        let accounts: Register<CustomerRealm> = self.open();
        let password = NewPassword::trusted("a test's password");
        accounts.insert(user, &password).await.unwrap();
        customer
    }

    /// Makes one of the staff.
    pub(crate) async fn staff(&self, name: &str, role: Role) -> User {
        let email = EmailAddress::parse(&format!("{name}@example.com")).unwrap();
        let user = User::new(email, name, role).unwrap();
        let accounts: Register<StaffRealm> = self.open();
        let password = NewPassword::trusted("a test's password");
        accounts.insert(user, &password).await.unwrap()
    }

    /// Makes a published product at 1.00 with that many pieces.
    pub(crate) async fn product(&self, stock: u32) -> ProductId {
        let products: CreateProduct = self.open();
        let id = ProductId::generate().unwrap();
        let new = NewProduct {
            name: "Thing".to_owned(),
            description: String::new(),
            price: euros(100),
            category: things_slug(),
            status: ProductStatus::Published,
            stock,
            sku: None,
        };
        products.insert(id.clone(), new, Vec::new()).await.unwrap();
        id
    }

    /// Returns how many pieces of a product there are.
    pub(crate) async fn stock(&self, id: &ProductId) -> u32 {
        let inventory: Inventory = self.open();
        inventory.available(id).await.unwrap()
    }

    /// Orders pieces of a product at 1.00 for a customer whose cart is empty.
    pub(crate) async fn order(&self, customer: &Customer, id: &ProductId, pieces: u32) -> Order {
        self.fill_cart(customer, id, pieces).await;
        let orders: PlaceOrder = self.open();
        let key = IdempotencyKey::parse(id.as_str()).unwrap();
        let draft = draft(u64::from(pieces) * 100);
        let placed = orders.place(customer, &key, &draft, reaching_now()).await;
        match placed {
            Ok(Idempotent::Created(order)) => order,
            Ok(Idempotent::Replayed(_)) => panic!("this product was ordered before"),
            Err(problem) => panic!("{problem:?}"),
        }
    }

    /// Returns the records of what was done to something, the newest first.
    pub(crate) async fn records_of(&self, target: &str) -> Vec<serde_json::Value> {
        let sue = User::new(
            EmailAddress::parse("sue@example.com").unwrap(),
            "Sue",
            Role::SuperAdmin,
        );
        let by = super_admin_for_tests(&sue.unwrap());
        let asked = [("target", target), ("limit", "100")];
        let Query(asked) = Query::<AuditFilter>::read(asked).unwrap();
        let records: AuditReader = self.open();
        let page = records.list(&by, &asked).await.unwrap();
        let page = serde_json::to_value(page).unwrap();
        page["items"].as_array().unwrap().clone()
    }

    /// Puts pieces into a customer's cart.
    pub(crate) async fn fill_cart(&self, customer: &Customer, id: &ProductId, pieces: u32) {
        let carts: PricedCarts = self.open();
        let quantity = Quantity::new(pieces).unwrap();
        let set = carts.set(customer, id, quantity, reaching_now()).await;
        set.unwrap();
    }
}

/// Makes an amount of cents.
pub(crate) fn euros(cents: u64) -> Money {
    Money::new(cents, Currency::parse("EUR").unwrap())
}

/// Makes a checkout that expects this total.
pub(crate) fn draft(total: u64) -> OrderDraft {
    OrderDraft {
        expected_total: euros(total),
        shipping_address: ShippingAddress {
            name: "Some One".to_owned(),
            line1: "1 Example Street".to_owned(),
            line2: None,
            postal_code: "10115".to_owned(),
            city: "Berlin".to_owned(),
            country: "DE".to_owned(),
            phone: None,
        },
        payment_method: PaymentMethod::Invoice,
    }
}
