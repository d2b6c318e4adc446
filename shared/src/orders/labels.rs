//! The labels of lists after an order has taken or returned pieces. What counts
//! is the stock: a label that can't be refreshed in time is left as it is.

use std::time::Duration;

use crate::catalogue::{Offer, Offers};
use crate::http::Deadline;
use crate::telemetry::warn;
use crate::values::ProductId;

/// How long a request waits for the labels of lists at most.
const LABELS_TIMEOUT: Duration = Duration::from_millis(300);
/// The log's code for a label that is out of date for now.
const LABEL_NOT_SET: &str = "label-not-set";

/// Reads the stock of some products and refreshes their labels, for a short
/// while.
pub(super) async fn refresh_of<'a>(
    offers: &Offers,
    products: impl Iterator<Item = &'a ProductId> + Clone,
    deadline: Deadline,
) {
    let timeout = deadline.spare(LABELS_TIMEOUT);
    match tokio::time::timeout(timeout, offers.get(products)).await {
        Ok(Ok(offer)) => refresh(offers, &offer, deadline).await,
        Ok(Err(error)) => warn(LABEL_NOT_SET, &error),
        Err(elapsed) => warn(LABEL_NOT_SET, &elapsed),
    }
}

/// Refreshes labels by the stock that was read, for a short while. A failure is
/// no reason to keep anybody waiting or to say that something failed: the next
/// order of the same product tries again.
pub(super) async fn refresh(offers: &Offers, offer: &Offer, deadline: Deadline) {
    let timeout = deadline.spare(LABELS_TIMEOUT);
    let refreshed = offers.refresh_availability(offer);
    match tokio::time::timeout(timeout, refreshed).await {
        Ok(errors) => errors.iter().for_each(|error| warn(LABEL_NOT_SET, error)),
        Err(elapsed) => warn(LABEL_NOT_SET, &elapsed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_that_is_made_is_answered_before_labels_take_the_last_of_the_time() {
        let left = |milliseconds: u64| Deadline::after(Duration::from_millis(500 + milliseconds));
        assert_eq!(left(9_000).spare(LABELS_TIMEOUT), LABELS_TIMEOUT);
        assert_eq!(left(90).spare(LABELS_TIMEOUT), Duration::ZERO);
        assert!(left(250).spare(LABELS_TIMEOUT) < Duration::from_millis(151));
    }
}
