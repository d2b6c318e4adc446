//! What the benchmarks in `tests/benches` share and what of them has unit tests: statistics, what
//! Linux tells of a process, its share of a processor, calls in rounds, costs, pictures.

mod calls;
pub mod cost;
mod picture;
mod process;
mod processor_share;
mod statistics;

pub use calls::{Call, Round, Rounds};
pub use picture::{Group, Picture};
pub use process::{Memory, ThreadTimes, memory, processor_time};
pub use processor_share::{MIB_OF_A_PROCESSOR, ProcessorShare};
pub use statistics::{Ratio, median, pair_ratios, percentile};
