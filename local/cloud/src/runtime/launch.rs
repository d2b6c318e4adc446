//! How a function is started.

use std::collections::BTreeMap;
use std::path::PathBuf;

use template::FunctionTemplate;

/// What is different about some instances of a function, such as a clock that is wrong.
#[derive(Debug, Clone)]
pub struct Variation {
    /// The function's binary.
    pub function: String,
    /// Each instance has them whose number, counted from 1 as they start, this divides with
    /// [`Variation::remainder`] left.
    pub every: usize,
    /// See [`Variation::every`].
    pub remainder: usize,
    /// Names and values that their environments have besides.
    pub variables: BTreeMap<String, String>,
    /// By how many milliseconds their clocks are fast. Nothing here makes them so: the variables
    /// do, and deadlines are given to them by their own clocks, as Lambda's host has only one.
    pub clock_ahead: i64,
}

/// How one function is started.
#[derive(Debug, Clone)]
pub(crate) struct Launch {
    /// The function as the template has it.
    pub(crate) function: FunctionTemplate,
    /// Its binary.
    pub(crate) program: PathBuf,
    /// Whether the binary is built later than others.
    pub(crate) is_late: bool,
    /// Arguments of the binary: none, but in tests.
    pub(crate) arguments: Vec<String>,
    /// The process's whole environment, but for what differs between instances.
    pub(crate) environment: BTreeMap<String, String>,
    /// What some instances' environments have besides.
    pub(crate) variations: Vec<Variation>,
}

impl Launch {
    /// Returns what is different about the nth instance, counted from 1.
    pub(super) fn variations(&self, nth: usize) -> impl Iterator<Item = &Variation> {
        let variations = self.variations.iter();
        variations.filter(move |it| nth.checked_rem(it.every) == Some(it.remainder))
    }
}
