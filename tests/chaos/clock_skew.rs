//! Processes whose clock is wrong, by libfaketime.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use cloud::{Cloud, Variation};
use tests::{try_signal, wait_until};

/// How wrong the clocks are, in minutes.
pub(crate) const MINUTES: i32 = 10;

/// Of how many processes of a function two have a wrong clock.
pub(crate) const EVERY: usize = 15;

/// Functions of which some processes have a wrong clock.
const FUNCTIONS: [&str; 5] = [
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

/// Gives two of every so many processes of these functions a wrong clock: one fast, one slow.
pub(crate) fn variations(library: &Path) -> Vec<Variation> {
    let mut variations = Vec::new();
    for function in FUNCTIONS {
        for (remainder, minutes) in [(4, MINUTES), (9, -MINUTES)] {
            let variables = BTreeMap::from([
                ("LD_PRELOAD".to_owned(), library.display().to_string()),
                ("FAKETIME".to_owned(), format!("{minutes:+}m")),
                // Time still passes as it does.
                ("FAKETIME_DONT_FAKE_MONOTONIC".to_owned(), "1".to_owned()),
            ]);
            variations.push(Variation {
                function: function.to_owned(),
                every: EVERY,
                remainder,
                variables,
            });
        }
    }
    variations
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

/// Returns whether the clock by which an order's id was made was wrong at that time, counted from
/// 1970.
pub(crate) fn is_wrong_in(order_id: &str, time: Duration) -> bool {
    const DIGITS: &str = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    // The first ten digits of a ULID are milliseconds since 1970.
    let (_, ulid) = order_id.rsplit_once('_').unwrap();
    let millis = ulid.chars().take(10).fold(0, |millis, digit| {
        let digit = DIGITS.find(digit.to_ascii_uppercase()).unwrap();
        millis * 32 + u64::try_from(digit).unwrap()
    });
    Duration::from_millis(millis).abs_diff(time) > Duration::from_secs(60)
}
