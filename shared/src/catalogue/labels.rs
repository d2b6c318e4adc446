//! The labels by which lists say how much there is of a product, after its stock was changed.
//! What counts is the stock: a label that can't be set in time is left as it is, and the next
//! change of the same product tries again.

use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::timeout;

use super::offer::{Offer, Offers};
use crate::http::Deadline;
use crate::telemetry::warn;
use crate::values::ProductId;

/// How long a request waits at most for what labels go by, and how long until they are set.
const LABELS_TIMEOUT: Duration = Duration::from_millis(300);
/// How often labels are set for one change at most: again if the stock changed meanwhile.
const MAX_SETS: u32 = 3;
/// The log's code for a label that is out of date for now.
const LABEL_NOT_SET: &str = "label-not-set";

impl Offers {
    /// Reads some products with their stock and sets the labels that say something else, for a
    /// short while. Returns what was read; `None` if that failed or took too long, which is no
    /// reason to say that the change of the stock failed.
    pub(crate) async fn refresh_labels<'a>(
        &self,
        products: impl Iterator<Item = &'a ProductId> + Clone,
        deadline: Deadline,
    ) -> Option<Offer> {
        let read = timeout(deadline.spare(LABELS_TIMEOUT), self.get(products)).await;
        let read = read.inspect_err(label_not_set).ok()?;
        let offer = read.inspect_err(label_not_set).ok()?;
        self.set_labels(&offer, deadline).await;
        Some(offer)
    }

    /// Sets the labels of products that were read with their stock, for a short while.
    pub(crate) async fn set_labels(&self, offer: &Offer, deadline: Deadline) {
        let settled = timeout(deadline.spare(LABELS_TIMEOUT), self.settle(offer)).await;
        settled.inspect_err(label_not_set).ok();
    }

    /// Sets labels until they say what the stock says. Who changes the stock between the reading
    /// and the setting may have found the label as it ought to be, and left it: so what was set is
    /// compared anew.
    async fn settle(&self, offer: &Offer) {
        let mut set = self.set_outdated(offer).await;
        for _ in 1..MAX_SETS {
            if set.is_empty() {
                return;
            }
            match self.get(set.iter()).await {
                Ok(now) => set = self.set_outdated(&now).await,
                Err(error) => return label_not_set(&error),
            }
        }
    }

    /// Sets every label that is not what the stock says, all at once. Returns whose were set.
    async fn set_outdated(&self, offer: &Offer) -> Vec<ProductId> {
        let set = offer.outdated().map(|(id, label, version)| async move {
            let set = self.set_availability(id, label, version).await;
            set.inspect_err(label_not_set).ok().map(|()| id.clone())
        });
        join_all(set).await.into_iter().flatten().collect()
    }
}

fn label_not_set(error: &(impl std::error::Error + 'static)) {
    warn(LABEL_NOT_SET, error);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::product::Availability;
    use crate::catalogue::table::Products;
    use crate::dynamodb::{Outcome, Transaction, WriteAction};
    use crate::testing::{reaching_now, tables};

    #[test]
    fn an_order_that_is_made_is_answered_before_labels_take_the_last_of_the_time() {
        let left = |milliseconds: u64| Deadline::after(Duration::from_millis(500 + milliseconds));
        assert_eq!(left(9_000).spare(LABELS_TIMEOUT), LABELS_TIMEOUT);
        assert_eq!(left(90).spare(LABELS_TIMEOUT), Duration::ZERO);
        assert!(left(250).spare(LABELS_TIMEOUT) < Duration::from_millis(151));
    }

    #[tokio::test]
    async fn a_label_that_is_set_late_is_that_of_the_stock_there_is_by_then() {
        let tables = tables().await;
        let id = tables.product(10).await;
        let (offers, products): (Offers, Products) = (tables.open(), tables.open());
        let commit = async |action: WriteAction| {
            let parts = Transaction::new().with((), action);
            let outcome = parts.commit(products.client()).await.unwrap();
            assert_eq!(outcome, Outcome::Committed);
        };
        commit(offers.take_stock(&id, 10)).await;
        let sold_out = offers.get([&id].into_iter()).await.unwrap();
        // The label is still the one that this needs.
        commit(offers.return_to_stock(&id, 10)).await;
        let returned = offers.refresh_labels([&id].into_iter(), reaching_now());
        assert!(returned.await.unwrap().has(&id, 10));
        offers.set_labels(&sold_out, reaching_now()).await;
        let product = products.get(&id).await.unwrap().unwrap();
        assert_eq!(product.availability, Availability::InStock);
    }
}
