//! What a sign-in costs, in processor time and memory, and so how much memory the functions that
//! hash passwords should have: Lambda gives processor time in proportion to it.
//!
//! `cargo bench -p tests --bench sign-in` runs the real `login`, its release build, in the local
//! cloud, and reads what it used from `/proc`; with `--profile dev` what surrounds it is built
//! faster. Nothing is asserted about times: they belong to the machine. What is asserted is that
//! each sign-in was what it is counted as.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a measurement that can't go on should stop, and say where"
)]

use std::time::{Duration, Instant};

use local::{Profile, function_binary};
use serde_json::json;
use tests::measure::{MIB_OF_A_PROCESSOR, memory, percentile, processor_time};
use tests::{NEWCOMERS_PASSWORD, Shop, TestRequest, send_signal, spawn_shop_with};

/// Each round runs every case in a new process, so that what changes on the machine meanwhile
/// changes all of them.
const ROUNDS: usize = 5;
/// Sign-ins of a warm process, by case and round.
const SIGN_INS: usize = 12;
/// Enough that none of them fails ten times, which would close it.
const ACCOUNTS: usize = 10;

/// The list prices of 2026 in dollars for a GiB-second, arm64 and x86_64.
/// <https://aws.amazon.com/lambda/pricing/>
const PRICES: [f64; 2] = [0.000_013_333_4, 0.000_016_666_7];

/// What bcrypt with 12 rounds makes of [`IMPORTED_PASSWORD`].
const IMPORTED: &str = "$2b$12$/iIAeoGfH485lw4Yo3JqOuneorrA2UuRzPUki92UTA3fUCPNJByXK";
const IMPORTED_PASSWORD: &str = "imported-from-elsewhere";

/// A way for a sign-in to go.
struct Case {
    name: &'static str,
    /// Whose account is tried, by the name that accounts of the same kind share.
    accounts: &'static str,
    password: &'static str,
    status: u16,
}

const CASES: [Case; 4] = [
    Case {
        name: "right password",
        accounts: "customer",
        password: NEWCOMERS_PASSWORD,
        status: 200,
    },
    Case {
        name: "wrong password",
        accounts: "customer",
        password: "not the password",
        status: 401,
    },
    Case {
        name: "unknown address",
        accounts: "nobody",
        password: "not the password",
        status: 401,
    },
    Case {
        name: "bcrypt, rehashed",
        accounts: "imported",
        password: IMPORTED_PASSWORD,
        status: 200,
    },
];

/// What the sign-ins of a case took, in milliseconds.
#[derive(Default)]
struct Taken {
    /// From the start of a process to its first answer.
    cold: Vec<f64>,
    processor: Vec<f64>,
    wall: Vec<f64>,
    peak_kib: u64,
}

#[tokio::main]
async fn main() {
    // `cargo test --all-targets` runs benchmarks too, to see that they start.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    local::build_released(&["login"]).expect("login builds");
    let mut options = local::options(Profile::Dev);
    options.instances = 1;
    let released = function_binary(Profile::Release, "login");
    options.programs.insert("login".to_owned(), released);
    let shop = spawn_shop_with(options).await;
    for number in 0..ACCOUNTS {
        shop.newcomer(&format!("customer{number}")).await;
        shop.newcomer(&format!("imported{number}")).await;
    }

    let mut taken: [Taken; CASES.len()] = Default::default();
    for round in 0..ROUNDS {
        for (case, taken) in CASES.iter().zip(&mut taken) {
            measure(&shop, case, round, taken).await;
        }
    }
    let failures = shop.events("sign-in-failed");
    let closed = failures.iter().filter(|it| it["reason"] == "locked");
    assert_eq!(closed.count(), 0, "a closed account is another case");
    report(&taken);
}

/// One process: its first sign-in, and then those that are counted.
async fn measure(shop: &Shop, case: &Case, round: usize, taken: &mut Taken) {
    end_process(shop).await;
    for number in 0..=SIGN_INS {
        let account = (round + number) % ACCOUNTS;
        let account = format!("{}{account}@example.com", case.accounts);
        if case.accounts == "imported" {
            let key = json!({ "login": { "S": format!("email#{account}") } });
            let hash = json!({ ":hash": { "S": IMPORTED } });
            let set = "passwordHash = :hash";
            shop.update_item("CredentialsTable", key, set, hash).await;
        }
        let body = json!({ "email": account, "password": case.password });
        let address = shop.fresh_ip();
        let before = shop
            .cloud
            .pids("login")
            .first()
            .map(|pid| processor_time(*pid));
        let start = Instant::now();
        let answer = shop
            .call_from(&address, "login", TestRequest::with_body(body))
            .await;
        let wall = milliseconds(start.elapsed());
        answer.expect(case.status);
        let pid = shop.cloud.pids("login")[0];
        if let Some(before) = before {
            taken.wall.push(wall);
            let processor = processor_time(pid) - before;
            taken.processor.push(milliseconds(processor));
        } else {
            taken.cold.push(wall);
        }
        taken.peak_kib = taken.peak_kib.max(memory(pid).peak_kib);
    }
}

/// Ends the process of `login`, so that the next sign-in starts another.
async fn end_process(shop: &Shop) {
    for pid in shop.cloud.pids("login") {
        send_signal(pid, "KILL");
    }
    let gone = async {
        while !shop.cloud.pids("login").is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let gone = tokio::time::timeout(Duration::from_secs(20), gone).await;
    gone.expect("a killed process is gone");
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

fn report(taken: &[Taken; CASES.len()]) {
    println!(
        "\n{} sign-ins of each, {ROUNDS} cold; times in ms\n",
        ROUNDS * SIGN_INS
    );
    println!("| sign-in | CPU p50 | wall p50 | wall p95 | cold p50 | peak MiB |");
    println!("|---|---|---|---|---|---|");
    let mut processors = Vec::new();
    for (case, taken) in CASES.iter().zip(taken) {
        let processor = percentile(&taken.processor, 50);
        println!(
            "| {} | {processor:.1} | {:.1} | {:.1} | {:.1} | {:.1} |",
            case.name,
            percentile(&taken.wall, 50),
            percentile(&taken.wall, 95),
            percentile(&taken.cold, 50),
            taken.peak_kib as f64 / 1024.0,
        );
        processors.push(processor);
    }
    println!(
        "\nThe same processor time on Lambda, and the price of 1,000 (arm64, x86_64), without"
    );
    println!("what is waited for: at every size that is as long, and paid by its memory.\n");
    println!("| MiB | {} | {} |", CASES[0].name, CASES[3].name);
    println!("|---|---|---|");
    let whole = f64::from(MIB_OF_A_PROCESSOR);
    for mib in [128.0, 256.0, 512.0, 1024.0, whole] {
        let cells = [processors[0], processors[3]].map(|processor| {
            // Lambda rounds up to whole milliseconds.
            let ms = (processor * whole / mib).ceil();
            // 1,000 sign-ins of so many milliseconds are as many seconds.
            let [arm, x86] = PRICES.map(|price| ms * mib / 1024.0 * price);
            format!("{ms:.0} ms, ${arm:.5}, ${x86:.5}")
        });
        println!("| {mib:.0} | {} |", cells.join(" | "));
    }
}
