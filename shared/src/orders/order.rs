//! Orders: what a customer asks for, and what the shop then owes.

use serde::Serialize;
use strum::{EnumIter, EnumString, IntoStaticStr, VariantNames};

use crate::input::{Fields, FromJson, FromQuery, Parameters, line, phone, word};
use crate::values::{Money, OrderId, ProductId, Timestamp};

/// Where an order stands.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Serialize, EnumIter, EnumString, IntoStaticStr, VariantNames,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum OrderStatus {
    /// Waiting for the payment provider.
    PendingPayment,
    /// Accepted.
    Placed,
    /// Being packed.
    Processing,
    /// On its way.
    Shipped,
    /// With the customer.
    Delivered,
    /// Called off before it shipped.
    Cancelled,
    /// Not paid in time.
    Expired,
    /// Paid back.
    Refunded,
}

/// How an order is paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, EnumString, IntoStaticStr, VariantNames)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum PaymentMethod {
    /// On invoice, after delivery: the order is placed at once.
    Invoice,
}

/// Whether an order is paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, EnumString, IntoStaticStr, VariantNames)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum PaymentStatus {
    /// Not yet paid.
    Pending,
    /// Paid.
    Paid,
    /// Paid back.
    Refunded,
}

/// How an order is paid, and whether it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Payment {
    /// The payment method.
    pub method: PaymentMethod,
    /// Whether it is paid.
    pub status: PaymentStatus,
}

/// Where an order goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ShippingAddress {
    /// Who receives it.
    pub name: String,
    /// Street and number.
    pub line1: String,
    /// Floor, door, company.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line2: Option<String>,
    /// Postal code.
    pub postal_code: String,
    /// Town.
    pub city: String,
    /// ISO 3166-1 alpha-2, such as `DE`.
    pub country: String,
    /// E.164, such as `+4930123456`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
}

impl FromJson for ShippingAddress {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let name = fields.required("name", |v| line(v, 1..=200));
        let line1 = fields.required("line1", |v| line(v, 1..=200));
        let line2 = fields.optional("line2", |v| line(v, 0..=200));
        let city = fields.required("city", |v| line(v, 1..=100));
        let postal_code = fields.required("postalCode", |v| line(v, 1..=20));
        let country = fields.required("country", |v| {
            let text = v.text()?;
            if text.len() == 2 && text.bytes().all(|b| b.is_ascii_uppercase()) {
                return Ok(text.to_owned());
            }
            Err("must be an ISO 3166-1 code of two capital letters".into())
        });
        let phone = fields.optional("phone", phone);
        Some(Self {
            name: name?,
            line1: line1?,
            line2: line2?.filter(|line| !line.is_empty()),
            postal_code: postal_code?,
            city: city?,
            country: country?,
            phone: phone?,
        })
    }
}

/// What a customer sends to check out. What is ordered stands in the cart.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderDraft {
    /// The total that the customer was shown.
    pub expected_total: Money,
    /// Where it goes.
    pub shipping_address: ShippingAddress,
    /// How it is paid.
    pub payment_method: PaymentMethod,
}

impl FromJson for OrderDraft {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let expected_total = fields.object("expectedTotal");
        let shipping_address = fields.object("shippingAddress");
        let payment_method = fields.required("paymentMethod", word);
        Some(Self {
            expected_total: expected_total?,
            shipping_address: shipping_address?,
            payment_method: payment_method?,
        })
    }
}

/// One line of an order, at the price of that moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderLine {
    /// The product.
    pub product_id: ProductId,
    /// Its name when it was ordered.
    pub name: String,
    /// How many pieces.
    pub quantity: u32,
    /// The price of one piece when it was ordered.
    pub unit_price: Money,
    /// Quantity times price.
    pub line_total: Money,
}

/// When an order came to a status.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StatusChange {
    /// Which status.
    pub status: OrderStatus,
    /// When.
    pub at: Timestamp,
}

/// An order. Whose it is stands in the table's key, not in here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Order {
    /// Its id.
    pub order_id: OrderId,
    /// Where it stands.
    pub status: OrderStatus,
    /// When it was placed.
    pub created_at: Timestamp,
    /// What was ordered.
    pub lines: Vec<OrderLine>,
    /// The sum of the lines.
    pub total: Money,
    /// Where it goes.
    pub shipping_address: ShippingAddress,
    /// How it is paid.
    pub payment: Payment,
    /// Every status so far, the first one first.
    pub history: Vec<StatusChange>,
    /// Counts the changes.
    pub version: u64,
}

/// Which of one's orders to list.
#[derive(Clone, Copy, Debug, Default)]
pub struct OrderFilter {
    /// One status, or all.
    pub status: Option<OrderStatus>,
}

impl FromQuery for OrderFilter {
    fn from_query(parameters: &mut Parameters<'_>) -> Option<Self> {
        let status = parameters.optional("status", |word| word.parse().ok(), "an order status");
        Some(Self { status: status? })
    }
}

/// One page of a customer's orders.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderPage {
    pub(crate) items: Vec<Order>,
    pub(crate) next_cursor: Option<String>,
}
