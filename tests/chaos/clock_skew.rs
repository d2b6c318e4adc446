//! Processes whose clock is wrong, by libfaketime.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use cloud::{Cloud, Variation};
use tests::{try_signal, wait_until};

/// How wrong some clocks are, in minutes.
pub(crate) const MINUTES: i64 = 5;

/// How wrong some others are, in seconds: less than the five that a token's times may be off.
pub(crate) const SECONDS: i64 = 4;

/// Of how many processes of a function four have a wrong clock.
pub(crate) const EVERY: usize = 15;

/// How much older than it is a token looks, in minutes. A process whose clock is slow refuses a
/// token of its future; one whose clock is fast takes this one until it is ten minutes old.
const TOKENS_BACK: i64 = 6;

/// Functions of which some processes have a wrong clock.
pub(crate) const FUNCTIONS: [&str; 5] = [
    "checkout",
    "get-cart",
    "get-order",
    "get-orders",
    "set-cart-item",
];

/// Returns libfaketime, where it is installed.
pub(crate) fn library() -> Option<PathBuf> {
    let folders = ["/usr/lib", "/usr/lib64", "/usr/local/lib"].map(Path::new);
    let below = folders.iter().filter_map(|it| std::fs::read_dir(it).ok());
    let below = below.flatten().filter_map(|it| Some(it.ok()?.path()));
    let folders = folders.map(Path::to_owned).into_iter().chain(below);
    let mut files = folders.map(|it| it.join("faketime/libfaketime.so.1"));
    files.find(|it| it.is_file())
}

/// Functions that sign tokens.
const SIGNERS: [&str; 3] = ["admin-login", "login", "register"];

/// Gives four of every so many processes of these functions a wrong clock, two fast and two slow,
/// and those that sign tokens one that is slow.
pub(crate) fn variations(library: &Path) -> Vec<Variation> {
    let variation = |function: &str, every, remainder, seconds: i64| Variation {
        function: function.to_owned(),
        every,
        remainder,
        variables: BTreeMap::from([
            ("LD_PRELOAD".to_owned(), library.display().to_string()),
            ("FAKETIME".to_owned(), format!("{seconds:+}s")),
            // Time still passes as it does.
            ("FAKETIME_DONT_FAKE_MONOTONIC".to_owned(), "1".to_owned()),
        ]),
        clock_ahead: seconds * 1000,
    };
    let wrong = [
        (2, SECONDS),
        (4, MINUTES * 60),
        (9, -MINUTES * 60),
        (12, -SECONDS),
    ];
    let some = FUNCTIONS.iter().flat_map(|function| {
        wrong.map(|(remainder, seconds)| variation(function, EVERY, remainder, seconds))
    });
    let signers = SIGNERS.map(|function| variation(function, 1, 0, -TOKENS_BACK * 60));
    some.chain(signers).collect()
}

/// Puts all clocks right: processes that may have a wrong one are killed, and others start.
pub(crate) async fn end(cloud: &Cloud) {
    cloud.end_variations();
    let pids = || FUNCTIONS.iter().flat_map(|function| cloud.pids(function));
    let killed: BTreeSet<u32> = pids().collect();
    for pid in &killed {
        // It may just have ended.
        try_signal(*pid, "KILL");
    }
    wait_until(|| !pids().any(|pid| killed.contains(&pid))).await;
}

/// How many orders have a time that is wrong.
#[derive(Default)]
pub(crate) struct WrongTimes {
    pub(crate) minutes_ahead: usize,
    pub(crate) minutes_behind: usize,
    /// Those that are seconds behind may as well have taken long.
    pub(crate) seconds_ahead: usize,
}

impl WrongTimes {
    /// Counts an order that was committed at that time, counted from 1970.
    pub(crate) fn count(&mut self, order_id: &str, committed: Duration) {
        let made = made_at(order_id);
        let ahead = made.saturating_sub(committed);
        if ahead > Duration::from_secs(60) {
            self.minutes_ahead += 1;
        } else if ahead > Duration::from_secs(1) {
            self.seconds_ahead += 1;
        } else if committed.saturating_sub(made) > Duration::from_secs(60) {
            self.minutes_behind += 1;
        }
    }
}

/// Returns when an order was made by the clock by which its id was made, counted from 1970.
fn made_at(order_id: &str) -> Duration {
    const DIGITS: &str = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    // The first ten digits of a ULID are milliseconds since 1970.
    let (_, ulid) = order_id.rsplit_once('_').unwrap();
    let millis = ulid.chars().take(10).fold(0, |millis, digit| {
        let digit = DIGITS.find(digit.to_ascii_uppercase()).unwrap();
        millis * 32 + u64::try_from(digit).unwrap()
    });
    Duration::from_millis(millis)
}
