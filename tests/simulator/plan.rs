//! Which calls of DynamoDB and which deliveries of the gateway go wrong, and how.

use std::collections::BTreeSet;
use std::time::Duration;

use cloud::{Fault, Reason};
use fastrand::Rng;

/// Every seed makes more calls than this before its clients are done.
const SURE_CALLS: u64 = 40;
/// Most make more than this.
const CALLS: u64 = 160;

/// Which calls go wrong.
pub(crate) struct Plan {
    /// The numbers of calls that do.
    calls: BTreeSet<u64>,
    /// How many of the next transactions that write do: checkouts, mostly.
    transactions: u32,
    /// The part of all others that does.
    rate: f64,
    /// The part of requests whose delivery goes wrong.
    deliveries: f64,
    made: u64,
    ended: bool,
}

/// What happens to one call of DynamoDB.
pub(crate) enum Happening {
    Fault(&'static str, Fault),
    /// The process dies before its call is sent.
    CrashBefore,
    /// The process dies when the call was done, before it learns of that.
    CrashAfter,
    /// The process stands still for that long, and can't even look at its clock: before the call
    /// is sent, or when it was.
    StandStill {
        before: bool,
        time: Duration,
    },
}

/// What happens to one request between client and function.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Delivery {
    Well,
    /// Two processes get it.
    Twice,
    /// The second of them.
    Again,
    /// It has reached the gateway, and a process begins with it much later.
    Late,
    /// The answer doesn't reach the client.
    AnswerLost,
    /// The process dies before its answer is sent.
    CrashBeforeAnswer,
}

impl Plan {
    /// Draws a plan of at least two faults.
    pub(crate) fn draw(rng: &mut Rng) -> Self {
        let mut calls = BTreeSet::new();
        while calls.len() < 2 {
            calls.insert(rng.u64(0..SURE_CALLS));
        }
        for _ in 0..rng.u64(0..6) {
            calls.insert(rng.u64(0..CALLS));
        }
        // Beside single faults: none, some, and a service that is hardly there.
        let rates = [0.0, 0.0, 0.01, 0.05, 0.2];
        Self {
            calls,
            transactions: rng.u32(0..6),
            rate: rates[rng.usize(0..rates.len())],
            deliveries: [0.0, 0.03, 0.1][rng.usize(0..3)],
            made: 0,
            ended: false,
        }
    }

    /// Lets nothing go wrong any more.
    pub(crate) fn end(&mut self) {
        self.ended = true;
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.ended
    }

    /// Returns what happens to the next call, of so many items.
    pub(crate) fn next_call(
        &mut self,
        rng: &mut Rng,
        operation: &str,
        items: usize,
        may_stand_still: bool,
    ) -> Option<Happening> {
        let number = self.made;
        self.made += 1;
        let mut goes_wrong = self.calls.contains(&number) || rng.f64() < self.rate;
        if operation == "TransactWriteItems" && self.transactions > 0 && rng.bool() {
            self.transactions -= 1;
            goes_wrong = true;
        }
        if self.ended || !goes_wrong {
            return None;
        }
        let writes = !matches!(
            operation,
            "GetItem" | "Query" | "BatchGetItem" | "TransactGetItems"
        );
        let is_transaction = operation.starts_with("Transact");
        let millis = |rng: &mut Rng, from, to| Duration::from_millis(rng.u64(from..to));
        Some(loop {
            break match rng.u8(0..19) {
                0 => Happening::CrashBefore,
                1 => Happening::CrashAfter,
                2 => Happening::Fault("throttled", Fault::Throttle),
                3 => Happening::Fault("500 before the effect", Fault::FailBefore),
                4 => Happening::Fault("500 after the effect", Fault::FailAfter),
                5 => Happening::Fault("connection reset before the effect", Fault::DropBefore),
                6 => Happening::Fault("connection reset after the effect", Fault::DropAfter),
                // The SDK gives an attempt two seconds.
                7 => {
                    let late = Fault::AnswerLate(millis(rng, 2100, 6000));
                    Happening::Fault("time-out after the effect", late)
                }
                8 => {
                    let late = Fault::Delay(millis(rng, 2100, 6000));
                    Happening::Fault("effect after the time-out", late)
                }
                9 if is_transaction || writes => Happening::Fault("conflict", Fault::Conflict),
                10 if operation == "TransactWriteItems" => {
                    let mut met: BTreeSet<usize> = (0..items).filter(|_| rng.bool()).collect();
                    met.insert(rng.usize(0..items.max(1)));
                    let some = Fault::ConflictOn(met.into_iter().collect());
                    Happening::Fault("conflict on some of the items", some)
                }
                11 if operation == "TransactWriteItems" => {
                    let mut reasons = vec![Reason::None; rng.usize(0..items.max(1))];
                    reasons.push(Reason::Throttled);
                    Happening::Fault("transaction throttled", Fault::Cancel(reasons))
                }
                12..=13 if operation == "TransactWriteItems" => {
                    // At times longer than the SDK waits, which then sends the same again.
                    let longest = if rng.u8(0..4) == 0 { 4000 } else { 1500 };
                    let torn = Fault::Tear {
                        seed: rng.u64(..),
                        prepared: millis(rng, 0, 400),
                        torn: millis(rng, 1, longest),
                    };
                    Happening::Fault("torn reads", torn)
                }
                14 => {
                    let slow = Fault::Delay(millis(rng, 100, 1900));
                    Happening::Fault("slow", slow)
                }
                // Mostly less than a second, as DynamoDB's documentation has it.
                16 if !writes && !is_transaction => {
                    let stale = Fault::Stale(millis(rng, 50, 900));
                    Happening::Fault("older state read", stale)
                }
                17 if operation == "BatchGetItem" => {
                    Happening::Fault("batch done by half", Fault::Unprocessed)
                }
                15 if may_stand_still => Happening::StandStill {
                    before: rng.bool(),
                    time: millis(rng, 500, 12_000),
                },
                _ => continue,
            };
        })
    }

    /// Returns what happens to the next request.
    pub(crate) fn next_delivery(&mut self, rng: &mut Rng) -> Delivery {
        if self.ended || rng.f64() >= self.deliveries {
            return Delivery::Well;
        }
        match rng.u8(0..5) {
            0..=1 => Delivery::Twice,
            2 => Delivery::Late,
            3 => Delivery::AnswerLost,
            _ => Delivery::CrashBeforeAnswer,
        }
    }
}
