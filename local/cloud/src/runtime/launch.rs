//! How a function is started.

use std::collections::BTreeMap;
use std::path::PathBuf;

use template::FunctionTemplate;

/// How one function is started.
#[derive(Debug, Clone)]
pub(crate) struct Launch {
    /// The function as the template has it.
    pub(crate) function: FunctionTemplate,
    /// Its binary.
    pub(crate) program: PathBuf,
    /// Arguments of the binary: none, but in tests.
    pub(crate) arguments: Vec<String>,
    /// The process's whole environment, but for what differs between instances.
    pub(crate) environment: BTreeMap<String, String>,
}
