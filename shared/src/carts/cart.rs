//! A customer's cart: lines of products and quantities, priced when looked
//! at.

use serde::Serialize;

use crate::catalogue::{Availability, Product};
use crate::input::{Fields, FromJson};
use crate::values::{Currency, Money, ProductId};

/// The most lines of one cart: checkout needs three actions a line, and a
/// DynamoDB transaction takes a hundred.
pub(crate) const MAX_LINES: usize = 32;

/// How many pieces of one product: 1 to 99.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quantity(u32);

impl Quantity {
    /// The most pieces on one line.
    pub const MAX: u32 = 99;

    /// Makes a quantity; `None` unless it is 1 to 99.
    #[must_use]
    pub fn new(pieces: u32) -> Option<Self> {
        (1..=Self::MAX).contains(&pieces).then_some(Self(pieces))
    }

    /// Returns the number of pieces.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }
}

/// What a customer sends to set a line.
#[derive(Debug)]
pub struct SetQuantity {
    /// How many pieces there are to be.
    pub quantity: Quantity,
}

impl FromJson for SetQuantity {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let pieces = fields.required("quantity", |v| v.integer(1..=Quantity::MAX.into()))?;
        let quantity = Quantity::new(u32::try_from(pieces).ok()?)?;
        Some(Self { quantity })
    }
}

/// A line as it is kept: what, and how many.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CartLine {
    /// The product.
    pub product_id: ProductId,
    /// How many pieces.
    pub quantity: Quantity,
    /// When the request that last changed it reached the gateway, in
    /// milliseconds since 1970; 0 where that is not known.
    pub(super) at: u64,
}

/// A cart at today's prices.
#[derive(Debug, Serialize)]
pub struct Cart {
    items: Vec<PricedLine>,
    total: Money,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct PricedLine {
    product_id: ProductId,
    name: String,
    quantity: u32,
    unit_price: Money,
    line_total: Money,
    availability: Availability,
}

impl Cart {
    /// Prices the lines. A line whose product is gone or no longer published
    /// is left out: the customer can't buy it, and checkout doesn't order it.
    #[must_use]
    pub fn price(lines: &[CartLine], products: &[Product], currency: Currency) -> Self {
        let mut total = Money::new(0, currency);
        let items = lines
            .iter()
            .filter_map(|line| {
                let product = Product::on_sale(products, &line.product_id)?;
                let line_total = product.price.times(line.quantity.get())?;
                total = total.plus(line_total)?;
                Some(PricedLine {
                    product_id: line.product_id.clone(),
                    name: product.name.clone(),
                    quantity: line.quantity.get(),
                    unit_price: product.price,
                    line_total,
                    availability: product.availability,
                })
            })
            .collect();
        Self { items, total }
    }
}
