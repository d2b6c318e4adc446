//! One seed, from opening the shop to what the checker reads.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use cloud::Template;
use serde_json::{Value, json};
use tests::commit;

use crate::client::{Client, TRIES};
use crate::people::Shop;
use crate::story::{Told, What};
use crate::world::World;

/// How long after the end of all faults everything must be known, in milliseconds.
const SETTLE: u64 = 30_000;

/// The stack's name, with which all names of tables begin.
pub(crate) const STACK: &str = "simulated";

/// What came of a seed.
pub(crate) struct Run {
    /// What the checker reads: one JSON document.
    pub(crate) document: String,
    /// How often things happened.
    pub(crate) counts: BTreeMap<String, u64>,
    /// What happened in which order, if that was asked for.
    pub(crate) story: Vec<Told>,
}

/// Runs a seed. The same seed gives the same run.
pub(crate) fn run(template: &Arc<Template>, seed: u64, tells_story: bool) -> Run {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime");
    let world = runtime.block_on(async { World::new(template, seed, tells_story) });
    let run = runtime.block_on(simulate(&world, seed));
    drop(runtime);
    assert!(world.is_last(), "something keeps the world of seed {seed}");
    run
}

async fn simulate(world: &World, seed: u64) -> Run {
    let shop = Arc::new(Shop::open(world).await);
    let mut clients = Vec::new();
    for number in 0..6 {
        let person = &shop.customers[number as usize % shop.customers.len()];
        let client = Client::new(world, &shop, person, number + 1);
        clients.push(tokio::spawn(client.live()));
    }
    for (number, person) in (7..).zip(&shop.staff) {
        let client = Client::new(world, &shop, person, number);
        clients.push(tokio::spawn(client.work()));
    }
    let mut settled = Vec::new();
    for client in clients {
        settled.push(client.await.expect("a client does not panic"));
    }

    world.tell("the world", || What::Does("faults end".to_owned()));
    {
        let ended = world.now();
        let mut state = world.state();
        state.plan.end();
        state.faults_ended = ended;
        for processes in state.idle.values_mut() {
            processes.retain(|it| !it.is_skewed());
        }
    }
    let mut settling = Vec::new();
    for mut client in settled {
        settling.push(tokio::spawn(async move { client.settle().await }));
    }
    for client in settling {
        client.await.expect("a client does not panic");
    }
    // What was sent and given up may still arrive.
    tokio::time::sleep(Duration::from_secs(10)).await;
    let document = document(world, &shop, seed);
    let story = world.take_story();
    let counts = std::mem::take(&mut world.state().counts);
    // Processes hold their world, and so would outlive it with what it holds.
    let idle = std::mem::take(&mut world.state().idle);
    drop(idle);
    Run {
        document,
        counts,
        story,
    }
}

fn document(world: &World, shop: &Shop, seed: u64) -> String {
    let people = shop.customers.iter().chain(&shop.staff);
    let people =
        people.map(|it| json!({ "userId": it.user_id, "role": it.role, "canary": it.canary }));
    let short = |table: &str| {
        let name = table.strip_prefix(STACK).unwrap_or(table);
        name.trim_start_matches('-').to_owned()
    };
    let tables = world.template().tables.iter();
    let tables = tables.map(|it| {
        let items = world.database().faults().items(&it.name);
        let items = items.expect("the table is read");
        (short(&it.name), Value::from(items))
    });
    let tables: serde_json::Map<String, Value> = tables.collect();
    let journal = world.database().faults().journal();
    let journal = journal.iter();
    let journal = journal.map(|it| {
        let mut commit = commit(it, world.millis(it.at), &short(&it.item.table));
        if let Some((function, send)) = it.caller.as_deref().and_then(|it| it.split_once(' ')) {
            commit["by"] = json!(function);
            commit["send"] = json!(send.parse::<u64>().expect("a number"));
        }
        commit
    });
    let journal = Vec::from_iter(journal);
    let state = world.state();
    let document = json!({
        "name": format!("seed {seed}"), "layer": "simulator",
        "limits": { "functionTimeoutMillis": 10_000, "tries": TRIES, "settleMillis": SETTLE },
        "faultsEnded": state.faults_ended, "people": Vec::from_iter(people),
        "history": state.history, "journal": journal, "tables": tables,
    });
    document.to_string()
}
