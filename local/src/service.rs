//! One HTTP service on loopback that can be stopped, so that connections are refused, and
//! started again on the same port with the same state: for tests of faults.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener as BlockingListener};
use std::pin::Pin;
use std::str::FromStr;
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::{Mutex, oneshot};
use tokio::task::JoinHandle;

use crate::error::StartError;

/// How long requests under way may take to finish when a service stops.
const GRACE: Duration = Duration::from_secs(2);

type Serving = Pin<Box<dyn Future<Output = ()> + Send>>;
type Serve = Box<dyn Fn(TcpListener, oneshot::Receiver<()>) -> Serving + Send + Sync>;

/// Any free port of the loopback interface.
pub(crate) const ANY_PORT: SocketAddr = loopback(0);

/// A port of the loopback interface; 0 for any free one.
pub(crate) const fn loopback(port: u16) -> SocketAddr {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port)
}

/// The loopback ports of a local cloud: four that follow each other, so that what was written
/// down of one run (the address of a picture, a tool's endpoint) holds in the next; or any free
/// ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ports {
    /// The API's; 0 for any.
    first: u16,
}

impl Ports {
    /// Whatever is free.
    pub const ANY: Self = Self { first: 0 };

    /// The port of the HTTP API and of Lambda's Invoke API; 0 for any free one, as all of these.
    #[must_use]
    pub const fn api(self) -> u16 {
        self.first
    }

    /// The port of DynamoDB.
    #[must_use]
    pub const fn dynamodb(self) -> u16 {
        self.after(1)
    }

    /// The port of S3.
    #[must_use]
    pub const fn s3(self) -> u16 {
        self.after(2)
    }

    /// The port of Secrets Manager.
    #[must_use]
    pub const fn secrets_manager(self) -> u16 {
        self.after(3)
    }

    const fn after(self, count: u16) -> u16 {
        match self.first {
            0 => 0,
            first => first.saturating_add(count),
        }
    }

    /// Whether all of them are free, so that a long build doesn't come before a short refusal.
    ///
    /// # Errors
    /// [`StartError::PortInUse`], or why a port can't be had.
    pub fn check(self) -> Result<(), StartError> {
        for (service, port) in [
            (API, self.api()),
            (DYNAMODB, self.dynamodb()),
            (S3, self.s3()),
            (SECRETS_MANAGER, self.secrets_manager()),
        ] {
            BlockingListener::bind(loopback(port))
                .map_err(|error| StartError::listen(service, loopback(port), error))?;
        }
        Ok(())
    }
}

/// What a sentence calls the HTTP API.
pub(crate) const API: &str = "the HTTP API";
/// What a sentence calls DynamoDB.
pub(crate) const DYNAMODB: &str = "DynamoDB";
/// What a sentence calls S3.
pub(crate) const S3: &str = "S3";
/// What a sentence calls Secrets Manager.
pub(crate) const SECRETS_MANAGER: &str = "Secrets Manager";

/// No ports can be counted from that one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoPorts;

impl fmt::Display for NoPorts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "must be a port from 1 to 65532, since three services take the ports after it, or 0 for any \
             free ones",
        )
    }
}

impl std::error::Error for NoPorts {}

impl FromStr for Ports {
    type Err = NoPorts;

    /// Reads the API's port.
    fn from_str(text: &str) -> Result<Self, NoPorts> {
        let first: u16 = text.parse().map_err(|_| NoPorts)?;
        first.checked_add(3).ok_or(NoPorts)?;
        Ok(Self { first })
    }
}

/// A service and, while it runs, its task.
pub(crate) struct Service {
    address: SocketAddr,
    serve: Serve,
    running: Mutex<Option<Running>>,
}

struct Running {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Service {
    /// Binds a loopback address (port 0 for any) and serves on it. `serve` gets the listener and
    /// is told when to stop; it must then give up the listener and end.
    pub(crate) async fn start<F, S>(address: SocketAddr, serve: S) -> io::Result<Self>
    where
        S: Fn(TcpListener, oneshot::Receiver<()>) -> F + Send + Sync + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind(address).await?;
        let service = Self {
            address: listener.local_addr()?,
            serve: Box::new(move |listener, stop| Box::pin(serve(listener, stop))),
            running: Mutex::new(None),
        };
        *service.running.lock().await = Some(service.spawn(listener));
        Ok(service)
    }

    /// [`Service::start`] for an axum router. Handlers may ask for the peer's address.
    pub(crate) async fn start_router(address: SocketAddr, router: Router) -> io::Result<Self> {
        Self::start(address, move |listener, stop| {
            serve_router(listener, router.clone(), stop)
        })
        .await
    }

    /// The loopback port.
    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// The base URL, without a trailing slash.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Refuses connections from now on. Requests under way may finish.
    pub(crate) async fn stop(&self) {
        let Some(running) = self.running.lock().await.take() else {
            return;
        };
        let _ = running.stop.send(());
        let mut task = running.task;
        if tokio::time::timeout(GRACE, &mut task).await.is_err() {
            task.abort();
        }
    }

    /// Serves again on the same port; does nothing if it never stopped.
    pub(crate) async fn start_again(&self) -> io::Result<()> {
        let mut running = self.running.lock().await;
        if running.is_none() {
            *running = Some(self.spawn(TcpListener::bind(self.address).await?));
        }
        Ok(())
    }

    fn spawn(&self, listener: TcpListener) -> Running {
        let (stop, stopped) = oneshot::channel();
        Running {
            stop,
            task: tokio::spawn((self.serve)(listener, stopped)),
        }
    }
}

/// Serves a router until told to stop, or until whoever could tell is gone.
pub(crate) async fn serve_router(
    listener: TcpListener,
    router: Router,
    stop: oneshot::Receiver<()>,
) {
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    // Serving only ends by `stop`: accept errors are retried inside.
    let _ = axum::serve(listener, service)
        .with_graceful_shutdown(async {
            let _ = stop.await;
        })
        .await;
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn the_services_ports_follow_the_apis_and_any_port_is_any_for_all() {
        let ports: Ports = "9000".parse().unwrap();
        let all = [
            ports.api(),
            ports.dynamodb(),
            ports.s3(),
            ports.secrets_manager(),
        ];
        assert_eq!(all, [9000, 9001, 9002, 9003]);
        let any: Ports = "0".parse().unwrap();
        assert_eq!(any, Ports::ANY);
        assert_eq!([any.dynamodb(), any.s3(), any.secrets_manager()], [0, 0, 0]);
        let last: Ports = "65532".parse().unwrap();
        assert_eq!(last.secrets_manager(), 65_535);
        for wrong in ["65533", "65536", "-1", "", "http"] {
            assert_eq!(wrong.parse::<Ports>(), Err(NoPorts), "{wrong}");
        }
    }

    #[test]
    fn a_taken_port_is_told_with_the_service_that_would_have_it() {
        // Four ports of which one is taken: found, not assumed, since others run on a laptop too.
        let listener = BlockingListener::bind(ANY_PORT).unwrap();
        let taken = listener.local_addr().unwrap().port();
        let services = [API, DYNAMODB, S3, SECRETS_MANAGER];
        let mut named = 0;
        for (before, service) in services.iter().enumerate() {
            let Some(first) = taken.checked_sub(u16::try_from(before).unwrap()) else {
                continue;
            };
            let Ok(ports) = first.to_string().parse::<Ports>() else {
                continue;
            };
            let refused = ports.check().unwrap_err().to_string();
            // Another program may hold a port before it, which is then told first.
            if refused.starts_with(&format!("port {taken}, ")) {
                assert!(
                    refused.contains(&format!(", where {service} ")),
                    "{refused}"
                );
                named += 1;
            }
        }
        assert!(named > 0, "port {taken} was never named");
        Ports::ANY.check().unwrap();
    }
}
