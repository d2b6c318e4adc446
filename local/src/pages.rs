//! Serves the storefront and the console, files of one folder, on a port of their own: another
//! origin than the API's, as when they are deployed.

mod files;
mod policy;
mod site;

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::path::PathBuf;

use cloud::Deployment;
use tokio::task::AbortHandle;

use crate::answers::STRICT_HEADERS;
use crate::binaries::workspace;
pub use policy::{Addresses, content_security_policy};
pub use site::Settings;
use site::Site;

/// The template's parameter with the origins whose pages may call the API and upload.
const ALLOWED_ORIGINS: &str = "AllowedOrigins";

/// Why the pages can't be served.
#[derive(Debug)]
pub enum PagesError {
    /// Another program listens on the port.
    PortInUse(u16),
    /// A loopback port can't be listened on.
    Listen(io::Error),
}

impl fmt::Display for PagesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PortInUse(port) => write!(
                f,
                "port {port}, where the storefront would listen, is in use by another program: \
                 end that program, or choose another port with `--web-port N` (`--web-port 0` \
                 takes any free one)"
            ),
            Self::Listen(error) => write!(
                f,
                "the storefront cannot listen on a loopback port: {error}; choose another with \
                 `--web-port N`"
            ),
        }
    }
}

impl std::error::Error for PagesError {}

/// Returns the headers of every answer of the pages, by their names.
#[must_use]
pub fn security_headers(addresses: &Addresses) -> BTreeMap<&'static str, String> {
    let strict = STRICT_HEADERS.map(|(name, value)| (name, value.to_owned()));
    let policy = content_security_policy(addresses);
    let mut headers = BTreeMap::from(strict);
    headers.insert("content-security-policy", policy);
    headers
}

/// A port that is held for the pages, until they are served there.
#[derive(Debug)]
pub struct Pages {
    listener: TcpListener,
    port: u16,
    folder: PathBuf,
}

impl Pages {
    /// Takes a loopback port, 0 for any free one, for the pages that were built. Before anything
    /// else starts, since the API must know their origin.
    ///
    /// # Errors
    /// When the port can't be had.
    pub fn bind(port: u16) -> Result<Self, PagesError> {
        let listener =
            TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(|error| match error.kind() {
                io::ErrorKind::AddrInUse => PagesError::PortInUse(port),
                _ => PagesError::Listen(error),
            })?;
        let address = listener.local_addr().map_err(PagesError::Listen)?;
        Ok(Self {
            listener,
            port: address.port(),
            folder: workspace().join("web").join("dist"),
        })
    }

    /// Serves another folder.
    #[must_use]
    pub fn with_folder(self, folder: PathBuf) -> Self {
        Self { folder, ..self }
    }

    /// Returns the folder, if nobody has built pages into it.
    #[must_use]
    pub fn missing(&self) -> Option<&PathBuf> {
        (!self.folder.join("index.html").is_file()).then_some(&self.folder)
    }

    /// Returns the origin of the pages, which is the storefront's address too.
    #[must_use]
    pub fn origin(&self) -> String {
        format!("http://{}:{}", Ipv4Addr::LOCALHOST, self.port)
    }

    /// Adds the pages' origin to those that the deployment allows.
    pub fn allow(&self, deployment: &mut Deployment) {
        let origins = deployment
            .parameters
            .entry(ALLOWED_ORIGINS.to_owned())
            .or_default();
        let own = self.origin();
        if origins.split(',').any(|it| it.trim() == own) {
            return;
        }
        if !origins.is_empty() {
            origins.push(',');
        }
        origins.push_str(&own);
    }

    /// Serves the pages until what this returns is dropped.
    ///
    /// # Errors
    /// When the system takes the port back.
    pub fn serve(self, settings: &Settings) -> Result<Serving, PagesError> {
        let site = Site::new(self.folder, settings);
        self.listener
            .set_nonblocking(true)
            .map_err(PagesError::Listen)?;
        let mut listeners =
            vec![tokio::net::TcpListener::from_std(self.listener).map_err(PagesError::Listen)?];
        // `localhost` is ::1 first on many machines. One without IPv6 does without.
        let address = SocketAddr::from((Ipv6Addr::LOCALHOST, self.port));
        let ipv6 = TcpListener::bind(address).and_then(|listener| {
            listener.set_nonblocking(true)?;
            tokio::net::TcpListener::from_std(listener)
        });
        listeners.extend(ipv6);
        let tasks = listeners.into_iter().map(|listener| {
            let router = site.clone().router();
            let task = tokio::spawn(async move {
                // Serving has no end: accept errors are retried inside.
                let _ = axum::serve(listener, router).await;
            });
            task.abort_handle()
        });
        Ok(Serving {
            tasks: tasks.collect(),
        })
    }
}

/// Pages that are served until this is dropped.
#[derive(Debug)]
pub struct Serving {
    tasks: Vec<AbortHandle>,
}

impl Drop for Serving {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

#[cfg(test)]
mod tests;
