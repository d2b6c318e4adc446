//! Showing and filling a cart, priced by today's products.

use super::cart::{Cart, CartLine, MAX_LINES, Quantity};
use super::table::{Carts, CustomerCart};
use crate::aws::{Env, FromEnv, StartError};
use crate::catalogue::{Product, ProductStatus, Products, currency};
use crate::http::{Deadline, Problem};
use crate::identity::Customer;
use crate::values::{Currency, ProductId};

/// Carts with the products they are priced by.
#[derive(Clone)]
pub struct PricedCarts {
    carts: Carts,
    products: Products,
    currency: Currency,
}

impl FromEnv for PricedCarts {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok(Self {
            carts: Carts::from_env(env)?,
            products: Products::from_env(env)?,
            currency: currency(env)?,
        })
    }
}

impl PricedCarts {
    /// Returns the customer's cart at today's prices.
    ///
    /// # Errors
    /// When a table can't be read.
    pub async fn get(&self, customer: &Customer) -> Result<Cart, Problem> {
        let lines = self.carts.of(customer).lines().await?;
        self.price(&lines).await
    }

    /// Sets how many pieces of a product the customer's cart holds. A request
    /// that a later one of this product has overtaken changes nothing, as if it
    /// had come first.
    ///
    /// # Errors
    /// [`Problem::NotFound`] for a product that is absent or not published,
    /// [`Problem::Invalid`] for one line too many.
    pub async fn set(
        &self,
        customer: &Customer,
        id: &ProductId,
        quantity: Quantity,
        deadline: Deadline,
    ) -> Result<Cart, Problem> {
        let product = self.products.get_eventually(id).await?;
        product
            .filter(|product| product.status == ProductStatus::Published)
            .ok_or(Problem::NotFound)?;
        let cart = self.carts.of(customer);
        let is_new = cart.set(id, quantity, deadline).await?;
        let mut lines = cart.lines().await?;
        // Checked after writing: of many parallel requests at least the last
        // one sees all lines, so that no cart stays too long.
        if is_new && lines.len() > MAX_LINES {
            lines = self.drop_unsold(&cart, lines, deadline).await?;
        }
        if is_new && lines.len() > MAX_LINES {
            cart.remove(id, deadline).await?;
            let detail = format!("a cart holds at most {MAX_LINES} different products");
            return Err(Problem::invalid("/quantity", detail));
        }
        self.price(&lines).await
    }

    /// Removes the lines whose product is no longer sold, and returns the
    /// others: no cart shows them, so nobody could make room by hand.
    async fn drop_unsold(
        &self,
        cart: &CustomerCart<'_>,
        mut lines: Vec<CartLine>,
        deadline: Deadline,
    ) -> Result<Vec<CartLine>, Problem> {
        let ids = lines.iter().map(|line| &line.product_id).take(100);
        let products = self.products.get_all(ids).await?;
        let is_sold = |line: &CartLine| Product::on_sale(&products, &line.product_id).is_some();
        for line in lines.iter().filter(|line| !is_sold(line)) {
            cart.remove(&line.product_id, deadline).await?;
        }
        lines.retain(is_sold);
        Ok(lines)
    }

    async fn price(&self, lines: &[CartLine]) -> Result<Cart, Problem> {
        // A batch read takes a hundred keys; a cart has at most 32.
        let ids = lines.iter().map(|line| &line.product_id).take(100);
        let products = self.products.get_all(ids).await?;
        Ok(Cart::price(lines, &products, self.currency))
    }
}
