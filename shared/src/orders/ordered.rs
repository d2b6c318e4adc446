//! An order for the tests of what becomes of it later.

use super::customer_orders::CustomerOrders;
use super::order::Order;
use super::table;
use crate::dynamodb::ItemBuilder;
use crate::identity::Customer;
use crate::testing::{Tables, tables};
use crate::values::ProductId;

/// A customer who has ordered four of the ten pieces that there were.
pub(super) struct Ordered {
    pub(super) tables: Tables,
    pub(super) customer: Customer,
    pub(super) product: ProductId,
    pub(super) order: Order,
}

/// Has a customer order four of ten pieces.
pub(super) async fn ordered() -> Ordered {
    let tables = tables().await;
    let customer = tables.customer().await;
    let product = tables.product(10).await;
    let order = tables.order(&customer, &product, 4).await;
    Ordered {
        tables,
        customer,
        product,
        order,
    }
}

impl Ordered {
    /// Returns how many pieces there are.
    pub(super) async fn stock(&self) -> u32 {
        self.tables.stock(&self.product).await
    }

    /// Reads the order as it is in the table.
    pub(super) async fn stored(&self) -> Order {
        let orders: CustomerOrders = self.tables.open();
        let order = orders.get(&self.customer, &self.order.order_id).await;
        order.unwrap()
    }

    /// Changes the order's row as somebody else would.
    pub(super) async fn change(&self, values: ItemBuilder) {
        let key = table::key(&self.customer, self.order.order_id.as_str());
        let values = values.into_attributes();
        self.tables.change("ORDERS_TABLE", key, values).await;
    }

    /// Returns the records of what was done to the order, the newest first.
    pub(super) async fn records(&self) -> Vec<serde_json::Value> {
        self.tables.records_of(self.order.order_id.as_str()).await
    }
}
