//! Kills processes at a given point of what they do, as an instance of Lambda may be lost at any.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use tokio::sync::{mpsc, oneshot};

/// An order to end, and where to tell that it is done.
type Order = oneshot::Sender<()>;

/// The processes of one function that can be killed: those that start or have a request. Idle
/// ones make no calls.
#[derive(Debug, Default)]
pub(super) struct Crash {
    busy: Mutex<Vec<mpsc::Sender<Order>>>,
    /// Whether a process is killed at the next thing that it does.
    at_next: AtomicBool,
}

/// Where a busy process's instance is told to kill it. The process counts as busy until this is
/// dropped.
pub(super) struct Orders(mpsc::Receiver<Order>);

impl Crash {
    /// Takes an instance in whose process is busy from now on.
    pub(super) fn begin(&self) -> Orders {
        let (sender, orders) = mpsc::channel(1);
        let mut busy = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
        busy.retain(|it| !it.is_closed());
        busy.push(sender);
        Orders(orders)
    }

    /// Returns whether no process starts or has a request.
    pub(super) fn is_idle(&self) -> bool {
        let busy = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
        busy.iter().all(mpsc::Sender::is_closed)
    }

    /// Kills every busy process and waits until they are gone. Returns whether there was one.
    pub(super) async fn kill(&self) -> bool {
        self.at_next.store(false, Ordering::SeqCst);
        let busy = {
            let mut busy = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *busy)
        };
        let mut any = false;
        for process in busy {
            let (done, gone) = oneshot::channel();
            if process.send(done).await.is_ok() {
                any |= gone.await.is_ok();
            }
        }
        any
    }

    pub(super) fn kill_at_next(&self) {
        self.at_next.store(true, Ordering::SeqCst);
    }

    /// Returns whether what a process does now is to be its end.
    pub(super) fn is_due(&self) -> bool {
        self.at_next.load(Ordering::SeqCst)
    }

    /// Returns whether what a process does now is to be its end, and takes the order back.
    pub(super) fn take_due(&self) -> bool {
        self.at_next.swap(false, Ordering::SeqCst)
    }
}

impl Orders {
    /// Waits for the order to end; never returns if none comes.
    pub(super) async fn end(&mut self) -> Order {
        match self.0.recv().await {
            Some(order) => order,
            None => std::future::pending().await,
        }
    }
}
