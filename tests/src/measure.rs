//! What the benchmarks in `tests/benches` share: statistics, and what Linux tells of a process.

mod process;
mod statistics;

pub use process::{Memory, ThreadTimes, memory, processor_time};
pub use statistics::{Ratio, median, pair_ratios, percentile};
