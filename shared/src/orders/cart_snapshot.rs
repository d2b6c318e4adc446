//! A cart as checkout read it: its lines, and the products and stock behind
//! them.

use super::order::{
    Order, OrderDraft, OrderLine, OrderStatus, Payment, PaymentMethod, PaymentStatus, StatusChange,
};
use crate::carts::CartLine;
use crate::catalogue::{Offer, Product};
use crate::http::Problem;
use crate::values::{Currency, Money, OrderId, ProductId, Timestamp};

/// A cart with what it is made of.
pub(super) struct CartSnapshot<'a> {
    pub(super) lines: &'a [CartLine],
    pub(super) offer: Offer,
}

impl CartSnapshot<'_> {
    /// Returns the lines of products that are on sale, with these. A cart's total
    /// counts no others.
    pub(super) fn on_sale(&self) -> impl Iterator<Item = (&CartLine, &Product)> {
        self.lines
            .iter()
            .filter_map(|line| Some((line, self.offer.on_sale(&line.product_id)?)))
    }

    /// Returns the products on sale of which there is less than the lines ask
    /// for.
    pub(super) fn short(&self) -> Vec<ProductId> {
        self.on_sale()
            .filter(|(line, _)| !self.offer.has(&line.product_id, line.quantity.get()))
            .map(|(line, _)| line.product_id.clone())
            .collect()
    }

    /// Returns the products that are low in stock once the lines are sold.
    pub(super) fn low_after(&self) -> Vec<ProductId> {
        self.lines
            .iter()
            .filter(|line| {
                let pieces = line.quantity.get();
                self.offer.is_low_without(&line.product_id, pieces)
            })
            .map(|line| line.product_id.clone())
            .collect()
    }

    /// Makes the order of these lines at the prices that were read.
    pub(super) fn price(&self, draft: &OrderDraft, currency: Currency) -> Result<Order, Problem> {
        let overflow = || Problem::internal("a total does not fit");
        let mut total = Money::new(0, currency);
        let mut lines = Vec::with_capacity(self.lines.len());
        for (line, product) in self.on_sale() {
            let line_total = product
                .price
                .times(line.quantity.get())
                .ok_or_else(overflow)?;
            total = total.plus(line_total).ok_or_else(overflow)?;
            lines.push(OrderLine {
                product_id: line.product_id.clone(),
                name: product.name.clone(),
                quantity: line.quantity.get(),
                unit_price: product.price,
                line_total,
            });
        }
        let now = Timestamp::now();
        let (status, payment) = match draft.payment_method {
            PaymentMethod::Invoice => (OrderStatus::Placed, PaymentStatus::Pending),
        };
        Ok(Order {
            order_id: OrderId::generate()?,
            status,
            created_at: now,
            lines,
            total,
            shipping_address: draft.shipping_address.clone(),
            payment: Payment {
                method: draft.payment_method,
                status: payment,
            },
            history: vec![StatusChange { status, at: now }],
            version: 1,
        })
    }
}
