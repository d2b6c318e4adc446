//! Processes of functions: how they are started, what they may die of, and what stands between
//! them and DynamoDB.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::ready;
use std::time::Duration;

use serde_json::Value;
use shared::simulation::{Answer, Instance, Network, ahead, start};
use tokio::sync::Notify;
use tokio::time::Sleep;

use crate::plan::Happening;
use crate::story::What;
use crate::world::World;

/// The functions that a simulated shop has.
pub(crate) const FUNCTIONS: [&str; 14] = [
    "admin-create-product",
    "admin-delete-product",
    "admin-set-stock",
    "admin-update-order",
    "admin-update-product",
    "cancel-order",
    "checkout",
    "get-cart",
    "get-order",
    "get-orders",
    "get-product",
    "list-products",
    "remove-cart-item",
    "set-cart-item",
];

/// By how much clocks may differ before tokens are taken for invalid, in milliseconds.
const TOLERATED: i64 = 4000;
/// By how much a clock is off at most, in milliseconds: everybody's token is valid by it, since a
/// process that takes no token has no more to do wrong.
const FAR: i64 = 390_000;

/// One process of a function.
pub(crate) struct Process {
    instance: Box<dyn Instance>,
    life: Arc<Life>,
}

/// What identifies a process, and what becomes of it.
struct Life {
    function: &'static str,
    name: String,
    /// How many milliseconds its wall clock is ahead.
    ahead: i64,
    crashed: Notify,
    /// Which send it serves, or has served last.
    serves: Mutex<Option<u64>>,
    /// Until when it stands still.
    still: Mutex<Option<Pin<Box<Sleep>>>>,
}

/// How a request ended for the process that had it.
pub(crate) enum Ended {
    Answered(String),
    Crashed,
}

impl Process {
    /// Starts a process; `None` if it died before it was ready.
    pub(crate) async fn start(world: &World, function: &'static str) -> Option<Self> {
        let life = {
            let mut state = world.state();
            state.processes += 1;
            let number = state.processes;
            // Mostly right, sometimes off by what is tolerated, seldom far off.
            let ahead = match state.rng.u8(0..40) {
                0..=3 if !state.plan.has_ended() => state.rng.i64(-TOLERATED..TOLERATED),
                4 if !state.plan.has_ended() => {
                    let far = state.rng.i64(60_000..FAR);
                    if state.rng.bool() { far } else { -far }
                }
                _ => 0,
            };
            Arc::new(Life {
                function,
                name: format!("{function} {number}"),
                ahead,
                crashed: Notify::new(),
                serves: Mutex::default(),
                still: Mutex::new(None),
            })
        };
        match life.ahead {
            0 => {}
            far if far.abs() > TOLERATED => world.count("fault: clock minutes off"),
            _ => world.count("fault: clock seconds off"),
        }
        world.tell(&life.name, || What::Starts { ahead: life.ahead });
        world.pause(50, 200).await;
        let variables = world.variables(function);
        let variables = move |name: &str| variables.get(name).cloned();
        let network = Wire {
            world: world.clone(),
            life: Arc::clone(&life),
        };
        // Boxed, since the compiler's limit on nested futures is reached otherwise.
        let started = Box::pin(async {
            match function {
                "admin-create-product" => {
                    start(
                        admin_create_product::admin_create_product,
                        variables,
                        network,
                    )
                    .await
                }
                "admin-delete-product" => {
                    start(
                        admin_delete_product::admin_delete_product,
                        variables,
                        network,
                    )
                    .await
                }
                "admin-set-stock" => {
                    start(admin_set_stock::admin_set_stock, variables, network).await
                }
                "admin-update-order" => {
                    start(admin_update_order::admin_update_order, variables, network).await
                }
                "admin-update-product" => {
                    start(
                        admin_update_product::admin_update_product,
                        variables,
                        network,
                    )
                    .await
                }
                "cancel-order" => start(cancel_order::cancel_order, variables, network).await,
                "checkout" => start(checkout::checkout, variables, network).await,
                "get-cart" => start(get_cart::get_cart, variables, network).await,
                "get-order" => start(get_order::get_order, variables, network).await,
                "get-orders" => start(get_orders::get_orders, variables, network).await,
                "get-product" => start(get_product::get_product, variables, network).await,
                "list-products" => start(list_products::list_products, variables, network).await,
                "remove-cart-item" => {
                    start(remove_cart_item::remove_cart_item, variables, network).await
                }
                "set-cart-item" => start(set_cart_item::set_cart_item, variables, network).await,
                other => panic!("{other} is not simulated"),
            }
        });
        tokio::select! {
            biased;
            () = life.crashed.notified() => None,
            started = life.run(started) => Some(Self {
                instance: started.expect("the template sets what it needs"),
                life: Arc::clone(&life),
            }),
        }
    }

    /// Gives it the request of a send, and the time at which that must be answered.
    pub(crate) async fn answer(&self, send: u64, event: &str, deadline: u64) -> Ended {
        // Lambda tells the time by the clock that the process has.
        let deadline = deadline.saturating_add_signed(self.life.ahead);
        *self.life.serves() = Some(send);
        let answer = self.life.run(self.instance.answer(event, deadline));
        tokio::select! {
            biased;
            () = self.life.crashed.notified() => Ended::Crashed,
            answer = answer => Ended::Answered(answer.expect("an event is always answered")),
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.life.name
    }

    /// Returns whether its clock is off.
    pub(crate) fn is_skewed(&self) -> bool {
        self.life.ahead != 0
    }

    /// Returns whether its clock is off by more than is tolerated.
    pub(crate) fn is_far_off(&self) -> bool {
        self.life.ahead.abs() > TOLERATED
    }
}

impl Life {
    /// Does work of the process, by its clock, and while it doesn't stand still.
    async fn run<F: Future>(&self, work: F) -> F::Output {
        let mut work = pin!(ahead(self.ahead, work));
        poll_fn(|context| {
            loop {
                let mut still = self.still();
                if let Some(sleep) = still.as_mut() {
                    ready!(sleep.as_mut().poll(context));
                    *still = None;
                }
                drop(still);
                let polled = work.as_mut().poll(context);
                if polled.is_ready() || self.still().is_none() {
                    return polled;
                }
            }
        })
        .await
    }

    fn still(&self) -> MutexGuard<'_, Option<Pin<Box<Sleep>>>> {
        self.still.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn serves(&self) -> MutexGuard<'_, Option<u64>> {
        self.serves.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns what it is called in the journal: with the send, if it serves one.
    fn caller(&self) -> String {
        match *self.serves() {
            Some(send) => format!("{} {send}", self.function),
            None => self.function.to_owned(),
        }
    }

    fn stand_still(&self, time: Duration) {
        *self.still() = Some(Box::pin(tokio::time::sleep(time)));
    }
}

/// What stands between one process and DynamoDB.
struct Wire {
    world: World,
    life: Arc<Life>,
}

impl Network for Wire {
    fn call(&self, target: String, body: Vec<u8>) -> Answer {
        let (world, life) = (self.world.clone(), Arc::clone(&self.life));
        Box::pin(async move { carry(&world, &life, &target, body).await })
    }
}

async fn carry(world: &World, life: &Life, target: &str, body: Vec<u8>) -> Option<(u16, Vec<u8>)> {
    let operation = target.rsplit('.').next().unwrap_or(target);
    world.count("calls of DynamoDB");
    world.travel().await;
    let items = items(&body);
    let happening = {
        let state = &mut *world.state();
        // Lambda ends a process that takes too long to start.
        let may_stand_still = life.serves().is_some();
        state
            .plan
            .next_call(&mut state.rng, operation, items, may_stand_still)
    };
    let (fault, dies) = match happening {
        None => (None, false),
        Some(Happening::Fault(class, fault)) => {
            world.count(&format!("fault: {class}"));
            world.tell(&life.name, || What::Meets {
                operation: operation.to_owned(),
                fault: class,
            });
            (Some(fault), false)
        }
        Some(Happening::CrashBefore) => {
            world.count("fault: crash before a call");
            let how = format!("dies before its {operation}");
            world.tell(&life.name, || What::Dies { how });
            life.crashed.notify_one();
            return std::future::pending().await;
        }
        Some(Happening::StandStill { before, time }) => {
            world.count("fault: process stands still");
            world.tell(&life.name, || What::StandsStill {
                time,
                call: operation.to_owned(),
            });
            life.stand_still(time);
            if before {
                tokio::task::yield_now().await;
            }
            (None, false)
        }
        Some(Happening::CrashAfter) => {
            world.count("fault: crash after a call");
            (None, true)
        }
    };
    let caller = life.caller();
    let answer = world.database().call(Some(&caller), target, body, fault);
    let answer = answer.await;
    if dies {
        let how = format!("dies when its {operation} was done");
        world.tell(&life.name, || What::Dies { how });
        life.crashed.notify_one();
        return std::future::pending().await;
    }
    if let Some((400, body)) = &answer {
        world.count(&format!("refused: {operation}, {}", kinds(body)));
    }
    world.tell(&life.name, || What::Called {
        operation: operation.to_owned(),
        answer: match &answer {
            None => "connection broke".to_owned(),
            Some((200, _)) => "done".to_owned(),
            Some((status, body)) => format!("{status} {}", refusal(body)),
        },
    });
    world.travel().await;
    answer
}

/// Counts the items of a transaction; 1 for what is none.
fn items(body: &[u8]) -> usize {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    body["TransactItems"].as_array().map_or(1, Vec::len)
}

/// Says for which kinds of reasons DynamoDB refused.
fn kinds(body: &[u8]) -> String {
    let refusal = refusal(body);
    let mut words: Vec<&str> = refusal.split(' ').filter(|it| *it != "None").collect();
    words.sort_unstable();
    words.dedup();
    words.join(" ").trim().to_owned()
}

/// Says in a few words what DynamoDB refused.
fn refusal(body: &[u8]) -> String {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let kind = body["__type"].as_str().unwrap_or_default();
    let kind = kind.rsplit('#').next().unwrap_or_default();
    let reasons = body["CancellationReasons"].as_array();
    let reasons = reasons.into_iter().flatten();
    let reasons = reasons.filter_map(|it| it["Code"].as_str());
    format!("{kind} {}", Vec::from_iter(reasons).join(" "))
}
