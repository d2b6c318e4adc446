//! What goes wrong with deliveries: all that AWS doesn't promise.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fastrand::Rng;

/// The latest that an event comes, or comes again, when that is drawn.
const MAX_DELAY_MS: u64 = 150;

/// What goes wrong with the delivery of one event, or of one batch of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mishap {
    /// It comes this late. Others overtake it, but for those of a stream that are of its keys.
    Late(Duration),
    /// It comes twice: at the same time, or for a stream one after the other.
    Twice,
    /// It comes again, this long after it succeeded; of a stream together with the batch before
    /// it, as when a reader begins again where it last made a note.
    Again(Duration),
}

/// What becomes of one event, or of one batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Plan {
    pub(super) late: Duration,
    pub(super) twice: bool,
    pub(super) again: Option<Duration>,
}

/// What goes wrong in one local cloud.
#[derive(Debug, Default)]
pub(super) struct Mischief(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    scripts: BTreeMap<String, VecDeque<Plan>>,
    random: Option<Rng>,
}

impl Mischief {
    pub(super) fn inject(&self, function: &str, mishaps: &[Mishap], events: u32) {
        let mut plan = Plan::default();
        for mishap in mishaps {
            match mishap {
                Mishap::Late(late) => plan.late = *late,
                Mishap::Twice => plan.twice = true,
                Mishap::Again(after) => plan.again = Some(*after),
            }
        }
        let mut state = self.lock();
        let script = state.scripts.entry(function.to_owned()).or_default();
        script.extend((0..events).map(|_| plan));
    }

    pub(super) fn randomly(&self, seed: u64) {
        self.lock().random = Some(Rng::with_seed(seed));
    }

    pub(super) fn clear(&self) {
        *self.lock() = State::default();
    }

    /// Draws what becomes of the next event of a function.
    pub(super) fn draw(&self, function: &str) -> Plan {
        let mut state = self.lock();
        if let Some(plan) = state
            .scripts
            .get_mut(function)
            .and_then(VecDeque::pop_front)
        {
            return plan;
        }
        let Some(random) = &mut state.random else {
            return Plan::default();
        };
        let late = Duration::from_millis(random.u64(0..MAX_DELAY_MS));
        let again = Duration::from_millis(random.u64(0..MAX_DELAY_MS));
        // At least twice, one way or the other.
        let ways = random.u8(0..3);
        Plan {
            late,
            twice: ways != 0,
            again: (ways != 1).then_some(again),
        }
    }

    /// Brings groups into another order, where that is drawn at all.
    pub(super) fn shuffle<T>(&self, groups: &mut [T]) {
        if let Some(random) = &mut self.lock().random {
            random.shuffle(groups);
        }
    }

    /// Returns whether deliveries are drawn at random.
    pub(super) fn is_random(&self) -> bool {
        self.lock().random.is_some()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
