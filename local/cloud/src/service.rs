//! One HTTP service on loopback that can be stopped, so that connections are refused, and
//! started again on the same port with the same state: for tests of faults.

use std::future::Future;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::{Mutex, oneshot};
use tokio::task::JoinHandle;

/// How long requests under way may take to finish when a service stops.
const GRACE: Duration = Duration::from_secs(2);

type Serving = Pin<Box<dyn Future<Output = ()> + Send>>;
type Serve = Box<dyn Fn(TcpListener, oneshot::Receiver<()>) -> Serving + Send + Sync>;

/// Any free port of the loopback interface.
pub(crate) const ANY_PORT: SocketAddr = loopback(0);

/// Returns a port of the loopback interface; 0 for any free one.
pub(crate) const fn loopback(port: u16) -> SocketAddr {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port)
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

    /// Starts a service for an axum router, whose handlers may ask for the peer's address.
    pub(crate) async fn start_router(address: SocketAddr, router: Router) -> io::Result<Self> {
        Self::start(address, move |listener, stop| {
            serve_router(listener, router.clone(), stop)
        })
        .await
    }

    /// Returns the loopback port.
    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// Returns the base URL, without a trailing slash.
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
