//! A customer's cart: lines of products and quantities, priced when looked
//! at.

use serde::Serialize;

use crate::catalogue::{Availability, Offer};
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

/// A product as it was when its line was set, for when it is gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KeptProduct {
    pub(crate) name: String,
    pub(crate) unit_price: Money,
}

/// A line as it is kept: what, and how many.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CartLine {
    /// The product.
    pub product_id: ProductId,
    /// How many pieces.
    pub quantity: Quantity,
    /// The product as it was then; rows from before this was kept lack it.
    pub(super) kept: Option<KeptProduct>,
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
    /// Whether it can be bought as it stands.
    purchasable: bool,
}

impl Cart {
    /// Prices the lines. A line whose product is gone is shown as it was when it was set, and
    /// one that asks for more than there is as it is: neither can be bought, and the total is
    /// that of the others, which is what checkout orders once no line is short.
    pub(crate) fn price(lines: &[CartLine], offer: &Offer, currency: Currency) -> Self {
        let mut total = Money::new(0, currency);
        let items = lines
            .iter()
            .filter_map(|line| {
                let priced = PricedLine::new(line, offer)?;
                if priced.purchasable {
                    total = total.plus(priced.line_total)?;
                }
                Some(priced)
            })
            .collect();
        Self { items, total }
    }
}

impl PricedLine {
    /// Prices a line; `None` if nothing is known of its product.
    fn new(line: &CartLine, offer: &Offer) -> Option<Self> {
        let (id, pieces) = (&line.product_id, line.quantity.get());
        let (name, unit_price, availability) = match (offer.on_sale(id), &line.kept) {
            (Some(product), _) => (&product.name, product.price, offer.availability(id)),
            (None, Some(kept)) => (&kept.name, kept.unit_price, Availability::OutOfStock),
            (None, None) => return None,
        };
        Some(Self {
            product_id: id.clone(),
            name: name.clone(),
            quantity: pieces,
            unit_price,
            line_total: unit_price.times(pieces)?,
            availability,
            purchasable: offer.on_sale(id).is_some() && offer.has(id, pieces),
        })
    }
}
