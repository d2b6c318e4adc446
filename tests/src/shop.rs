//! A running shop for each test, and how one is started.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use cloud::{Cloud, Options};
use local::Profile;
use local::demo::{self, Demo, accounts};

use crate::{CATEGORY, NEWCOMERS_PASSWORD, product_body};

/// A running shop of a test's own, and one client to call it with.
pub struct Shop {
    pub cloud: Cloud,
    pub(crate) http: reqwest::Client,
    products: Vec<String>,
    addresses: AtomicU32,
    /// Whether the test itself asks for what a role does not allow. A denial
    /// fails any other test.
    pub expects_denials: bool,
    _running: Running,
}

/// How many shops there are, those that are being started included.
static RUNNING: AtomicU32 = AtomicU32::new(0);

/// Counts a shop while it is there.
struct Running;

impl Running {
    fn begin() -> Self {
        RUNNING.fetch_add(1, Ordering::SeqCst);
        Self
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        RUNNING.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Waits until no other test of this process has a shop, nor starts one within five seconds.
/// Tests are begun in the order of their names, so what a test of the last name waits for is all
/// of them.
pub async fn other_tests_are_done() {
    let mut quiet = 0;
    while quiet < 50 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        quiet = match RUNNING.load(Ordering::SeqCst) {
            0 => quiet + 1,
            _ => 0,
        };
    }
}

/// Starts a shop with the demo's accounts and one product of each category.
pub async fn spawn_shop() -> Shop {
    spawn_shop_with(options()).await
}

/// Returns options for a shop that remembers no answers: tests look at once at what
/// they have changed.
pub fn options() -> Options {
    let mut options = local::options(Profile::Dev);
    let parameters = &mut options.deployment.parameters;
    parameters.insert("CatalogueCacheSeconds".to_owned(), "0".to_owned());
    options
}

/// Returns options for a shop of which one parameter of the template is another.
pub fn with_parameter(name: &str, value: &str) -> Options {
    let mut options = options();
    let parameters = &mut options.deployment.parameters;
    parameters.insert(name.to_owned(), value.to_owned());
    options
}

/// Starts a shop that is set up in some other way.
pub async fn spawn_shop_with(options: Options) -> Shop {
    let mut shop = spawn_empty_shop_with(options).await;
    demo::fill(&shop.cloud, Demo::Small)
        .await
        .expect("the demo is made");
    demo::make_category(&shop.cloud, CATEGORY, "Tests")
        .await
        .expect("the tests' category is made");
    let list = shop
        .anonymous()
        .get("/api/products?sort=name&limit=100")
        .await;
    let ids = list.expect(200).body["items"].as_array().unwrap().clone();
    let ids = ids
        .iter()
        .map(|item| item["productId"].as_str().unwrap().to_owned());
    shop.products = ids.collect();
    shop
}

/// Starts a shop as it is after a deployment: with nobody and nothing in it.
pub async fn spawn_empty_shop() -> Shop {
    spawn_empty_shop_with(options()).await
}

/// Starts a shop that is set up in some other way, with nobody and nothing in it.
pub async fn spawn_empty_shop_with(options: Options) -> Shop {
    let running = Running::begin();
    build_once();
    let cloud = Cloud::start(options).await.expect("the cloud starts");
    cloud.make_secrets().await.expect("the signing key is made");
    Shop {
        cloud,
        http: reqwest::Client::new(),
        products: Vec::new(),
        addresses: AtomicU32::new(0),
        expects_denials: false,
        _running: running,
    }
}

/// Builds the functions once for all tests of this process.
pub fn build_once() {
    static BUILT: OnceLock<()> = OnceLock::new();
    BUILT.get_or_init(|| local::build_functions(Profile::Dev).expect("the functions build"));
}

/// Whatever a test did with its shop: no line of the log may tell a secret.
impl Drop for Shop {
    fn drop(&mut self) {
        if std::thread::panicking() {
            // What the answer must not tell, whoever mends the test needs.
            let faults = self.cloud.logs().into_iter();
            for line in faults.filter(|line| line.contains("\"error\":")) {
                println!("{line}");
            }
            return;
        }
        for line in self.cloud.logs() {
            // And nothing of the shop's own may ask for more than its role allows.
            assert!(self.expects_denials || !line.starts_with("iam: "), "{line}");
            for account in accounts() {
                assert!(!line.contains(&account.password), "{line}");
            }
            // Addresses, newcomers' passwords, and what every token begins with.
            for secret in [
                "@example.com",
                NEWCOMERS_PASSWORD,
                "eyJ0eXAi",
                "eyJhbGci",
                "Bearer ",
            ] {
                assert!(!line.contains(secret), "{secret} in {line}");
            }
        }
    }
}

impl Shop {
    /// Returns an IP address that nobody has called from yet: a test's people don't use
    /// up each other's limits.
    pub fn fresh_ip(&self) -> String {
        let number = self.addresses.fetch_add(1, Ordering::Relaxed);
        std::net::Ipv4Addr::from_bits(0x0a00_0001 + number).to_string()
    }

    /// Returns the id of one of the products, by its place in the list by name.
    pub fn product(&self, place: usize) -> &str {
        &self.products[place]
    }

    /// Makes a new published product of that many pieces at that price.
    pub async fn new_product(&self, name: &str, price: u64, stock: u32) -> String {
        let admin = self.admin().await;
        let made = admin
            .post("/api/admin/products", &product_body(name, price, stock))
            .await;
        made.expect(201).body["productId"]
            .as_str()
            .unwrap()
            .to_owned()
    }
}
