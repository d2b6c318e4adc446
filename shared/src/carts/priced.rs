//! Showing and filling a cart, priced by today's products.

use super::cart::{Cart, CartLine, KeptProduct, MAX_LINES, Quantity};
use super::table::{Carts, CustomerCart, LineRefusal};
use crate::aws::{Env, FromEnv, StartError};
use crate::catalogue::{Offers, ProductStatus, Products, Stored, currency};
use crate::http::{Deadline, Problem};
use crate::identity::Customer;
use crate::values::{Currency, ProductId};

/// Carts with the products they are priced by.
#[derive(Clone)]
pub struct PricedCarts {
    carts: Carts,
    products: Products,
    offers: Offers,
    currency: Currency,
}

impl FromEnv for PricedCarts {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok(Self {
            carts: Carts::from_env(env)?,
            products: Products::from_env(env)?,
            offers: Offers::from_env(env)?,
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
    /// had come first. One that is delivered again once it was refused is refused
    /// again.
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
        // As it now is: a product that was deleted is not put into a cart.
        let stored = self.products.stored(id).await?;
        let cart = self.carts.of(customer);
        let product = match stored {
            Stored::Live(product) if product.status == ProductStatus::Published => product,
            Stored::Absent => return Err(Problem::NotFound),
            Stored::Live(_) | Stored::Deleted => {
                // It may be published later, or another delivery of this request have read it
                // before, and the refusal stays.
                if cart.refuse(id, deadline).await? {
                    return Err(LineRefusal::NotSold.into());
                }
                // Another delivery of this request was here while it was published.
                return self.get(customer).await;
            }
        };
        let kept = KeptProduct {
            name: product.name,
            unit_price: product.price,
        };
        let made = cart.set(id, quantity, Some(&kept), deadline).await?;
        let mut lines = cart.lines().await?;
        // Checked after writing: of many parallel requests at least the last
        // one sees all lines. One that fails in between, or whose line another
        // one sets meanwhile, may leave a line too many, which is shown, and
        // which checkout refuses until one is removed.
        if let Some(made) = made
            && lines.len() > MAX_LINES
        {
            lines = self.drop_unsold(&cart, id, lines, deadline).await?;
            if lines.len() > MAX_LINES {
                cart.withdraw(id, &made, deadline).await?;
                if let Some(refusal) = cart.refusal(id, deadline).await? {
                    return Err(refusal.into());
                }
                // Another request has changed it since, and was told what it is.
                lines = cart.lines().await?;
            }
        }
        self.price(&lines).await
    }

    /// Removes the lines of other products that are no longer sold, unless somebody has changed
    /// them meanwhile, and returns those that are there: what can't be bought makes room for what
    /// can, and of older lines a cart may not even show it.
    async fn drop_unsold(
        &self,
        cart: &CustomerCart<'_>,
        id: &ProductId,
        lines: Vec<CartLine>,
        deadline: Deadline,
    ) -> Result<Vec<CartLine>, Problem> {
        let ids = lines.iter().map(|line| &line.product_id).take(100);
        // One that is sold again just now must not go.
        let products = self.products.get_all_consistent(ids).await?;
        let mut left = Vec::with_capacity(lines.len());
        let mut is_changed = false;
        for line in lines {
            let product = products.iter().find(|it| it.id == line.product_id);
            let is_sold = product.is_some_and(|it| it.status == ProductStatus::Published);
            if is_sold || line.product_id == *id {
                left.push(line);
            } else {
                // What is deleted or absent stays so.
                let is_unsold = product.map(|it| self.products.check_unchanged(it));
                is_changed |= !cart.drop_unsold(&line, is_unsold, deadline).await?;
            }
        }
        Ok(if is_changed {
            cart.lines().await?
        } else {
            left
        })
    }

    async fn price(&self, lines: &[CartLine]) -> Result<Cart, Problem> {
        // A batch read takes a hundred keys, two for each line; a cart has at most 32.
        let ids = lines.iter().map(|line| &line.product_id).take(50);
        let offer = self.offers.get_to_show(ids).await?;
        Ok(Cart::price(lines, &offer, self.currency))
    }
}
