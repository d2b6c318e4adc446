//! How checkouts of one and the same product get on beside each other.

use std::collections::BTreeMap;
use std::time::Duration;

use cloud::{Calls, Fault};
use reqwest::Method;
use tests::{Shop, checkout_body, spawn_shop, try_send};
use tokio::time::Instant;

/// How many clients there are at once.
const CLIENTS: [usize; 3] = [1, 8, 32];
/// How long each of these numbers is measured.
const TIME: Duration = Duration::from_secs(20);
/// How long a transaction is prepared before it is committed. The embedded database commits in no
/// time: without this nothing would ever meet.
const PREPARED: Duration = Duration::from_millis(5);
/// More pieces than can be sold in that time.
const STOCK: u32 = 1_000_000;

/// Measures, and prints a table.
pub(crate) async fn measure() {
    println!(
        "Checkouts of one product, {} s each; a transaction is prepared for {} ms.\n",
        TIME.as_secs(),
        PREPARED.as_millis()
    );
    println!("| clients | orders/s | 409/s | 503/s | transactions sent per order |");
    println!("|---:|---:|---:|---:|---:|");
    for clients in CLIENTS {
        let shop = spawn_shop().await;
        let product = shop.new_product("Cup", 100, STOCK).await;
        let statuses = sell(&shop, &product, clients).await;
        let per_second = |status: u16| {
            let count = statuses.by_status.get(&status).copied().unwrap_or_default();
            count as f64 / TIME.as_secs_f64()
        };
        let orders = statuses.by_status.get(&201).copied().unwrap_or_default();
        println!(
            "| {clients} | {:.1} | {:.1} | {:.1} | {:.2} |",
            per_second(201),
            per_second(409),
            per_second(503),
            statuses.transactions as f64 / orders as f64,
        );
    }
}

/// What came of the checkouts.
struct Sold {
    by_status: BTreeMap<u16, usize>,
    transactions: usize,
}

/// Lets so many customers buy one piece each, again and again.
async fn sell(shop: &Shop, product: &str, clients: usize) -> Sold {
    let mut buyers = Vec::new();
    for number in 0..clients {
        buyers.push(shop.newcomer(&format!("buyer-{number}")).await);
    }
    let calls = Calls::of("TransactWriteItems").by("checkout");
    let seen = shop.cloud.faults().watch(calls.clone());
    let prepared = Fault::Tear {
        seed: 0,
        prepared: PREPARED,
        torn: Duration::ZERO,
    };
    shop.cloud.faults().inject(calls.always(), prepared);
    let end = Instant::now() + TIME;
    let mut sold = Vec::new();
    for (number, buyer) in buyers.into_iter().enumerate() {
        let product = product.to_owned();
        sold.push(tokio::spawn(async move {
            let mut by_status = BTreeMap::new();
            // An address of its own every now and then, for the limits' sake.
            let address = |nth: u32| {
                let number = u32::try_from(number).unwrap();
                std::net::Ipv4Addr::from_bits(0x7f02_0001 + number * 0x100 + nth)
            };
            let mut nth = 0;
            while Instant::now() < end {
                let http = reqwest::Client::builder()
                    .no_proxy()
                    .local_address(std::net::IpAddr::V4(address(nth % 250)));
                let buyer = buyer.with_http(http.build().unwrap());
                nth += 1;
                for _ in 0..100 {
                    if Instant::now() >= end {
                        break;
                    }
                    buyer.fill_cart(&product, 1).await;
                    let key = format!("k-{:x}", fastrand::u64(..));
                    let request = buyer.request(Method::POST, "/api/checkout");
                    let request = request.header("idempotency-key", key);
                    let answer = try_send(request.json(&checkout_body(100))).await.unwrap();
                    *by_status.entry(answer.status).or_insert(0) += 1;
                }
            }
            by_status
        }));
    }
    let mut by_status = BTreeMap::new();
    for sold in sold {
        for (status, count) in sold.await.unwrap() {
            *by_status.entry(status).or_insert(0) += count;
        }
    }
    shop.cloud.faults().clear();
    Sold {
        by_status,
        transactions: seen.calls().len(),
    }
}
