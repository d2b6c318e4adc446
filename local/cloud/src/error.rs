//! Why the local cloud could not start, in sentences that say what to do.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use template::TemplateError;

use crate::runtime::InvokeError;

/// Why the local cloud could not start.
#[derive(Debug)]
pub enum CloudError {
    /// template.yaml can't be read or run here.
    Template(TemplateError),
    /// Another program listens on a port that was asked for.
    PortInUse {
        /// What would have listened there.
        service: &'static str,
        /// The port.
        port: u16,
    },
    /// A loopback port can't be listened on.
    Listen {
        /// What would have listened there.
        service: &'static str,
        /// The system's reason.
        error: io::Error,
    },
    /// The data folder can't be used.
    Data {
        /// The folder, or the file in it.
        path: PathBuf,
        /// Why, and what to do.
        reason: String,
    },
    /// A table of the template can't be made.
    Table {
        /// The table's name.
        table: String,
        /// The database's reason, and what to do.
        reason: String,
    },
    /// A function's role lacks what AWS asks of it when it is deployed.
    Role {
        /// The function's binary name.
        function: String,
        /// What the function could not do, as the end of "could not …".
        purpose: &'static str,
        /// What was refused.
        reason: String,
    },
    /// A function's binary isn't there.
    NotBuilt {
        /// The function's binary name.
        function: String,
        /// Where it should be.
        path: PathBuf,
    },
    /// A function didn't start, or a secret's rotation failed.
    Function(InvokeError),
}

impl CloudError {
    /// Makes the error of an address that can't be listened on.
    pub(crate) fn listen(service: &'static str, address: SocketAddr, error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::AddrInUse {
            Self::PortInUse {
                service,
                port: address.port(),
            }
        } else {
            Self::Listen { service, error }
        }
    }
}

impl fmt::Display for CloudError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Template(error) => error.fmt(f),
            Self::PortInUse { service, port } => write!(
                f,
                "port {port}, where {service} would listen, is in use by another program: end \
                 that program, or choose other ports with `--port N` (`--port 0` takes any free \
                 ones)"
            ),
            Self::Listen { service, error } => {
                write!(f, "{service} cannot listen on a loopback port: {error}")
            }
            Self::Data { path, reason } => write!(f, "{}: {reason}", path.display()),
            Self::Table { table, reason } => write!(f, "table {table}: {reason}"),
            Self::Role {
                function,
                purpose,
                reason,
            } => write!(
                f,
                "{function} could not {purpose}: {reason}; add the statement to its role in the \
                 template"
            ),
            Self::NotBuilt { function, path } => write!(
                f,
                "{function} is not built: {} does not exist; build the program of that name first",
                path.display()
            ),
            Self::Function(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for CloudError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Template(error) => Some(error),
            Self::Listen { error, .. } => Some(error),
            Self::Function(error) => Some(error),
            Self::PortInUse { .. }
            | Self::Data { .. }
            | Self::Table { .. }
            | Self::Role { .. }
            | Self::NotBuilt { .. } => None,
        }
    }
}

impl From<TemplateError> for CloudError {
    fn from(error: TemplateError) -> Self {
        Self::Template(error)
    }
}

impl From<InvokeError> for CloudError {
    fn from(error: InvokeError) -> Self {
        Self::Function(error)
    }
}
