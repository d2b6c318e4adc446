//! Faults drawn from a seed.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use super::call::Call;
use super::reason::Reason;
use super::script::{Action, Fault};

/// Which part of the functions' calls meets a fault, and which.
pub(super) struct Random {
    rate: f64,
    seed: u64,
    /// How many calls there were, by function and operation.
    calls: BTreeMap<(String, String), u64>,
}

impl Random {
    pub(super) fn new(rate: f64, seed: u64) -> Self {
        Self {
            rate,
            seed,
            calls: BTreeMap::new(),
        }
    }

    /// Counts a function's call and returns what it meets, if anything.
    pub(super) fn choose(&mut self, call: &Call) -> Option<Action> {
        let place = (call.caller.clone()?, call.operation.clone());
        let calls = self.calls.entry(place.clone()).or_default();
        *calls += 1;
        let mut hasher = DefaultHasher::new();
        (self.seed, place, *calls).hash(&mut hasher);
        let mut random = fastrand::Rng::with_seed(hasher.finish());
        if random.f64() >= self.rate {
            return None;
        }
        // Sometimes longer than the SDK waits before it sends again.
        let time = Duration::from_millis(match random.u8(..4) {
            0 => random.u64(2000..4000),
            _ => random.u64(20..300),
        });
        let kinds = if call.operation == "TransactWriteItems" {
            0..10
        } else if call.is_transaction() {
            0..8
        } else if call.is_single_write() {
            0..7
        } else {
            0..6
        };
        Some(Action::Fault(match random.u8(kinds) {
            0 => Fault::Throttle,
            1 => Fault::FailBefore,
            2 => Fault::FailAfter,
            3 => Fault::DropBefore,
            4 => Fault::DropAfter,
            5 => Fault::AnswerLate(time),
            6 => Fault::Conflict,
            7 => {
                let items = call.items.len();
                let mut met: Vec<usize> = (0..items).filter(|_| random.bool()).collect();
                // It meets one at least.
                met.push(random.usize(..items.max(1)));
                Fault::ConflictOn(met)
            }
            8 => {
                let mut reasons = vec![Reason::None; random.usize(0..call.items.len().max(1))];
                reasons.push(if random.bool() {
                    Reason::Conflict
                } else {
                    Reason::Throttled
                });
                Fault::Cancel(reasons)
            }
            _ => Fault::Tear {
                seed: random.u64(..),
                prepared: Duration::from_millis(random.u64(..300)),
                torn: time,
            },
        }))
    }
}
