//! The table `carts`: one row a line, so that parallel edits of two lines never
//! collide.
//!
//! A request, or a call of DynamoDB, may have its effect after later ones had
//! theirs. So a row has when the request that last changed it reached the
//! gateway, by the gateway's clock alone, and nothing that arrived before
//! changes it any more. That holds for a line that was removed or ordered, too:
//! its row stays for a while, with the quantity 0.
//!
//! A request to set a line that was refused changes nothing, and is remembered in
//! the row as long: when it arrived, and why it was refused. Each delivery of it
//! is refused, and so is what arrived before it and has not set the line yet.

use std::time::Duration;

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{ReturnValue, ReturnValuesOnConditionCheckFailure};
use strum::{EnumString, IntoStaticStr};

use super::cart::{CartLine, KeptProduct, MAX_LINES, Quantity};
use crate::aws::{AwsError, Env, FromEnv, StartError};
use crate::dynamodb::{
    Attributes, Comparison, Corrupt, DynamoDbError, ItemBuilder, ItemReader, Outcome, SingleWrite,
    Table, Transaction, Update, WriteAction, is_condition_failed, money, number, read_all, text,
    word,
};
use crate::http::{Deadline, Problem};
use crate::identity::{Customer, Identity};
use crate::values::{ProductId, Timestamp, UserId, new_ulid};

/// How long a cart that nobody touches is kept.
const RETENTION: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// How long a row without a line stays, to remember when the line was removed or
/// ordered, or a request to set it refused: longer than a call of DynamoDB can be
/// on its way, which its signature bounds to minutes.
const REMOVAL_KEPT: Duration = Duration::from_secs(60 * 60);

/// When the request that last changed a row reached the gateway, in
/// milliseconds since 1970. Rows from before this was kept lack it, and those
/// whose last change was undone.
const AT: &str = "at";

/// When the latest request that was refused to set the line reached the gateway,
/// in milliseconds since 1970.
const REFUSED: &str = "refused";

/// Why it was refused.
const REFUSAL: &str = "refusal";

/// Sets what a row without a line has.
const SET_NO_LINE: &str = "SET quantity = :none, expiresAt = :end";

/// Removes what only a row with a line has.
const REMOVE_LINE: &str = "REMOVE madeBy, setBy, productName, unitPrice";

/// Sets that a request was refused.
const SET_REFUSED: &str = "#refused = :refused, #refusal = :refusal";

/// Holds unless a request that arrived later was refused.
const IS_LATEST_REFUSAL: &str = "(attribute_not_exists(#refused) OR #refused <= :refused)";

/// Holds unless a request that arrived later has changed the row.
const NOT_OVERTAKEN: &str = "(attribute_not_exists(#at) OR #at <= :at)";

/// Holds unless, besides, this request to set the line or a later one was refused.
const IS_OPEN: &str = "(attribute_not_exists(#at) OR #at <= :at) AND \
                       (attribute_not_exists(#refused) OR #refused < :at)";

/// Carts, each reached by its customer.
#[derive(Clone)]
pub struct Carts {
    table: Table,
}

impl FromEnv for Carts {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok(Self {
            table: Table::from_env(env, "CARTS_TABLE")?,
        })
    }
}

impl Carts {
    /// Returns the customer's own cart.
    #[must_use]
    pub fn of<'a>(&'a self, customer: &'a Customer) -> CustomerCart<'a> {
        CustomerCart {
            table: &self.table,
            user_id: customer.user_id(),
        }
    }
}

/// One customer's cart.
pub struct CustomerCart<'a> {
    table: &'a Table,
    user_id: &'a UserId,
}

impl CustomerCart<'_> {
    /// Reads the lines as they now are.
    pub(crate) async fn lines(&self) -> Result<Vec<CartLine>, DynamoDbError> {
        let rows = self
            .table
            .query()
            .key_condition_expression("userId = :user")
            .expression_attribute_values(":user", text(self.user_id.as_str()))
            .consistent_read(true);
        let now = Timestamp::now().unix();
        read_all(&rows, |row| {
            // DynamoDB deletes late.
            let is_over = row.number::<i64>("expiresAt")? <= now;
            if is_over { Ok(None) } else { read(row) }
        })
        .await
    }

    /// Removes a line, unless a later request has changed it: that is answered
    /// as if this one had come first. Removing one that is not there changes
    /// nothing.
    ///
    /// # Errors
    /// When the table can't be written.
    pub async fn remove(&self, product: &ProductId, deadline: Deadline) -> Result<(), Problem> {
        // Only a row that is there is kept for a while: nobody can fill the
        // table by removing what was never put in.
        let at = deadline.arrived();
        let removed = self
            .end_line(product, at)
            .update_expression(format!("{SET_NO_LINE}, #at = :at {REMOVE_LINE}"))
            .expression_attribute_names("#at", AT)
            .expression_attribute_values(":at", number(at))
            .condition_expression(format!("attribute_exists(userId) AND {NOT_OVERTAKEN}"))
            .commit()
            .await;
        match removed {
            Err(error) if !is_condition_failed(&error) => Err(AwsError::from(error).into()),
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// Remembers that a request to set a line was refused, since its product is not sold, so that
    /// it doesn't set the line when it is delivered once more. A line that is there stays as it
    /// is; one that is not leaves a row for a while. What a later request has overtaken is not
    /// remembered. Returns false, and remembers nothing, if another delivery of the request has
    /// set the line.
    ///
    /// # Errors
    /// When the table can't be written.
    pub(super) async fn refuse(
        &self,
        product: &ProductId,
        deadline: Deadline,
    ) -> Result<bool, Problem> {
        let now = number(Timestamp::now().unix());
        for _ in 0..2 {
            let without_line = self
                .end_line(product, deadline.arrived())
                .update_expression(format!("{SET_NO_LINE}, {SET_REFUSED} {REMOVE_LINE}"))
                .condition_expression(format!(
                    "(attribute_not_exists(madeBy) OR expiresAt <= :now) AND {IS_LATEST_REFUSAL} \
                     AND (attribute_not_exists(#at) OR #at <= :refused)"
                ))
                .expression_attribute_names("#at", AT)
                .expression_attribute_values(":now", now.clone());
            let beside_line = self
                .table
                .update(self.key(product))
                .update_expression(format!("SET {SET_REFUSED}"))
                .condition_expression(format!(
                    "attribute_exists(madeBy) AND expiresAt > :now AND {IS_LATEST_REFUSAL} AND \
                     (attribute_not_exists(#at) OR #at < :refused)"
                ))
                .expression_attribute_names("#at", AT)
                .expression_attribute_values(":now", now.clone());
            for refuse in [without_line, beside_line] {
                let refuse = with_refusal(refuse, LineRefusal::NotSold, deadline);
                let Written::Refused(row) = write(refuse).await? else {
                    return Ok(true);
                };
                match Standing::read((&row).into(), deadline)? {
                    // Nothing of an overtaken request can change the row.
                    Standing::Refused(_) | Standing::Overtaken => return Ok(true),
                    Standing::Done => return Ok(false),
                    Standing::Open => {}
                }
            }
        }
        Err(Problem::unavailable(
            "a line of a cart comes and goes while it is refused",
        ))
    }

    /// Removes a line that a request has made and that is one too many, and remembers that it was
    /// refused. Changes nothing if another request has changed the line since.
    pub(super) async fn withdraw(
        &self,
        product: &ProductId,
        made: &MadeLine,
        deadline: Deadline,
    ) -> Result<(), Problem> {
        // That the request has changed the row is forgotten: it and whatever
        // arrived before it is refused from now on.
        let end_line = || {
            self.end_line(product, deadline.arrived())
                .expression_attribute_names("#at", AT)
                .expression_attribute_values(":attempt", text(&made.attempt))
        };
        let withdraw = end_line()
            .update_expression(format!("{SET_NO_LINE}, {SET_REFUSED} {REMOVE_LINE}, #at"))
            .condition_expression(format!("setBy = :attempt AND {IS_LATEST_REFUSAL}"));
        let withdraw = with_refusal(withdraw, LineRefusal::Full, deadline);
        if let Written::Done(_) = write(withdraw).await? {
            return Ok(());
        }
        // Where a later one was refused, that is remembered already.
        let withdraw = end_line()
            .update_expression(format!("{SET_NO_LINE} {REMOVE_LINE}, #at"))
            .condition_expression("setBy = :attempt AND #refused > :refused")
            .expression_attribute_names("#refused", REFUSED)
            .expression_attribute_values(":refused", number(deadline.arrived()));
        write(withdraw).await.map(drop)
    }

    /// Returns why a request to set a line is refused, if it is.
    pub(super) async fn refusal(
        &self,
        product: &ProductId,
        deadline: Deadline,
    ) -> Result<Option<LineRefusal>, Problem> {
        let row = self
            .table
            .query()
            .key_condition_expression("userId = :user AND productId = :product")
            .expression_attribute_values(":user", text(self.user_id.as_str()))
            .expression_attribute_values(":product", text(product.as_str()))
            .consistent_read(true);
        let refusals = read_all(&row, |row| Ok(Standing::read(row, deadline)?.refusal())).await?;
        Ok(refusals.first().copied())
    }

    /// Removes a line of what is no longer sold, unless it is not as it was read, or `is_unsold`
    /// is refused. Returns whether it did. What arrived after the line was set may set it again.
    pub(super) async fn drop_unsold(
        &self,
        line: &CartLine,
        is_unsold: Option<WriteAction>,
        deadline: Deadline,
    ) -> Result<bool, DynamoDbError> {
        let remove = self.remove_read(line, line.at.saturating_add(1), deadline);
        let remove = match line.at {
            0 => remove.only_if_absent(AT),
            at => remove.only_if(AT, Comparison::Equal, number(at)),
        };
        let mut transaction = Transaction::new().with((), remove.into_update());
        if let Some(is_unsold) = is_unsold {
            transaction.push((), is_unsold);
        }
        let outcome = transaction.commit(self.table.client()).await?;
        Ok(outcome == Outcome::Committed)
    }

    /// Sets a line's quantity, unless a later request has changed the line:
    /// that is answered as if this one had come first. Returns the line if this
    /// made it: the row remembers which attempt made it, so that an attempt which
    /// the SDK sends again after a lost answer recognises its own line. A line
    /// that has expired and is still there is made anew.
    ///
    /// # Errors
    /// The refusal of another delivery of this request, or of a later one; when
    /// the table can't be written.
    pub(super) async fn set(
        &self,
        product: &ProductId,
        quantity: Quantity,
        kept: Option<&KeptProduct>,
        deadline: Deadline,
    ) -> Result<Option<MadeLine>, Problem> {
        let attempt = new_ulid()?;
        for _ in 0..2 {
            let row = match self
                .set_live(product, quantity, kept, &attempt, deadline)
                .await?
            {
                Written::Done(row) | Written::Refused(row) if is_made_by(&row, &attempt)? => {
                    return Ok(Some(MadeLine { attempt }));
                }
                Written::Done(_) => return Ok(None),
                Written::Refused(row) => row,
            };
            match Standing::read((&row).into(), deadline)? {
                Standing::Refused(refusal) => return Err(refusal.into()),
                Standing::Done | Standing::Overtaken => return Ok(None),
                Standing::Open => {}
            }
            let replaced = self.replace_expired(product, quantity, kept, &attempt, deadline);
            if let Written::Done(_) = replaced.await? {
                return Ok(Some(MadeLine { attempt }));
            }
        }
        // It can't expire again at once: its end was moved 90 days on.
        Err(Problem::unavailable(
            "a line of a cart expires again and again",
        ))
    }

    /// Sets the quantity of a line that is there and has not expired, or makes
    /// it if there is none.
    async fn set_live(
        &self,
        product: &ProductId,
        quantity: Quantity,
        kept: Option<&KeptProduct>,
        attempt: &str,
        deadline: Deadline,
    ) -> Result<Written, Problem> {
        let set = self
            .set_line(product, quantity, kept, attempt, deadline)
            .update_expression(set_expression(
                "madeBy = if_not_exists(madeBy, :attempt)",
                kept,
            ))
            // What was removed has no maker, and is made anew.
            .condition_expression(format!(
                "(attribute_not_exists(madeBy) OR expiresAt > :now) AND {IS_OPEN}"
            ));
        write(set).await
    }

    /// Makes a line anew in the place of one that has expired.
    async fn replace_expired(
        &self,
        product: &ProductId,
        quantity: Quantity,
        kept: Option<&KeptProduct>,
        attempt: &str,
        deadline: Deadline,
    ) -> Result<Written, Problem> {
        let replace = self
            .set_line(product, quantity, kept, attempt, deadline)
            .update_expression(set_expression("madeBy = :attempt", kept))
            .condition_expression(format!("expiresAt <= :now AND {IS_OPEN}"));
        // Refused: somebody else did, DynamoDB deleted it, or an answer was lost.
        write(replace).await
    }

    /// Begins the update that sets a line, with the values of its expressions.
    fn set_line(
        &self,
        product: &ProductId,
        quantity: Quantity,
        kept: Option<&KeptProduct>,
        attempt: &str,
        deadline: Deadline,
    ) -> UpdateItemFluentBuilder {
        let now = Timestamp::now();
        let set = self
            .edit(product, deadline.arrived())
            .expression_attribute_names("#refused", REFUSED)
            .expression_attribute_values(":quantity", number(quantity.get()))
            .expression_attribute_values(":end", number(now.plus(RETENTION).unix()))
            .expression_attribute_values(":attempt", text(attempt))
            .expression_attribute_values(":now", number(now.unix()));
        match kept {
            Some(kept) => set
                .expression_attribute_values(":name", text(&kept.name))
                .expression_attribute_values(":price", money(kept.unit_price)),
            None => set,
        }
    }

    /// Begins an update that leaves a row without a line, to remember what happened at a moment.
    fn end_line(&self, product: &ProductId, at: u64) -> UpdateItemFluentBuilder {
        self.table
            .update(self.key(product))
            .expression_attribute_values(":none", number(0))
            .expression_attribute_values(":end", number(removal_ends(at)))
    }

    /// Begins an update of a row, as of this moment.
    fn edit(&self, product: &ProductId, at: u64) -> UpdateItemFluentBuilder {
        self.table
            .update(self.key(product))
            .expression_attribute_names("#at", AT)
            .expression_attribute_values(":at", number(at))
    }

    /// Returns the action that removes a line for an order: refused if it is not
    /// as it was read. Whatever changed it before can't do so again.
    pub(crate) fn take(&self, line: &CartLine, deadline: Deadline) -> WriteAction {
        // Later than whatever changed the line as it was read.
        let at = deadline.arrived().max(line.at.saturating_add(1));
        self.remove_read(line, at, deadline)
            .only_if_absent_or_below(AT, at)
            .into_update()
    }

    /// Begins the removal of a line that was read, if it still has its quantity. What arrived
    /// before `at` can't set it any more.
    fn remove_read(&self, line: &CartLine, at: u64, deadline: Deadline) -> Update {
        let quantity = number(line.quantity.get());
        self.table
            .change(self.key(&line.product_id))
            .remove("productName")
            .remove("unitPrice")
            .set("quantity", number(0))
            .set(AT, number(at))
            .set(
                "expiresAt",
                number(removal_ends(at.max(deadline.arrived()))),
            )
            .remove("madeBy")
            .remove("setBy")
            .only_if("quantity", Comparison::Equal, quantity)
    }

    fn key(&self, product: &ProductId) -> Attributes {
        ItemBuilder::new()
            .text("userId", self.user_id.as_str())
            .text("productId", product.as_str())
            .into_attributes()
    }
}

/// Why a request to set a line is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumString, IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub(super) enum LineRefusal {
    /// Its product is absent or not published.
    NotSold,
    /// The cart has as many lines as it may.
    Full,
}

impl From<LineRefusal> for Problem {
    fn from(refusal: LineRefusal) -> Self {
        match refusal {
            LineRefusal::NotSold => Self::NotFound,
            LineRefusal::Full => {
                let detail = format!("a cart holds at most {MAX_LINES} different products");
                Self::invalid("/quantity", detail)
            }
        }
    }
}

/// A line that a request has just made.
pub(super) struct MadeLine {
    attempt: String,
}

/// How a request to set a line stands to what a row remembers.
#[derive(Debug, PartialEq)]
enum Standing {
    /// It was refused, or a later one was, and it has not set the line before.
    Refused(LineRefusal),
    /// Another delivery of it has set the line.
    Done,
    /// A later one has changed the row.
    Overtaken,
    /// Neither.
    Open,
}

impl Standing {
    fn read(row: ItemReader<'_>, deadline: Deadline) -> Result<Self, Corrupt> {
        let arrived = deadline.arrived();
        let at = read_at(row)?;
        let refused: u64 = row.optional_number(REFUSED)?.unwrap_or_default();
        let is_line = row.optional_text("setBy")?.is_some();
        Ok(if refused != arrived && at > arrived {
            Self::Overtaken
        } else if refused != arrived && at == arrived && is_line {
            Self::Done
        } else if refused >= arrived {
            Self::Refused(row.word(REFUSAL)?)
        } else {
            Self::Open
        })
    }

    fn refusal(self) -> Option<LineRefusal> {
        match self {
            Self::Refused(refusal) => Some(refusal),
            Self::Done | Self::Overtaken | Self::Open => None,
        }
    }
}

/// What came of a conditional write of a row.
enum Written {
    /// The row as it then is.
    Done(Attributes),
    /// Nothing was written: the row that was in the way, if any.
    Refused(Attributes),
}

async fn write(update: UpdateItemFluentBuilder) -> Result<Written, Problem> {
    let written = update
        .return_values(ReturnValue::AllNew)
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
        .commit()
        .await;
    match written {
        Ok(written) => Ok(Written::Done(written.attributes.unwrap_or_default())),
        Err(error) => match error.as_service_error() {
            Some(UpdateItemError::ConditionalCheckFailedException(refused)) => {
                let row = refused.item().cloned().unwrap_or_default();
                Ok(Written::Refused(row))
            }
            Some(_) | None => Err(AwsError::from(error).into()),
        },
    }
}

/// Reads a line; `None` if it was removed.
fn read(row: ItemReader<'_>) -> Result<Option<CartLine>, Corrupt> {
    let pieces = row.number("quantity")?;
    if pieces == 0 {
        return Ok(None);
    }
    Ok(Some(CartLine {
        product_id: row.id("productId")?,
        quantity: Quantity::new(pieces).ok_or(Corrupt::new("quantity"))?,
        kept: read_kept(row)?,
        at: read_at(row)?,
    }))
}

/// Reads what a line's product was when the line was set.
fn read_kept(row: ItemReader<'_>) -> Result<Option<KeptProduct>, Corrupt> {
    let Some(name) = row.optional_text("productName")? else {
        return Ok(None);
    };
    Ok(Some(KeptProduct {
        name: name.to_owned(),
        unit_price: row.money("unitPrice")?,
    }))
}

/// Returns the expression that sets a line: who made it as told, and what is kept of its product.
fn set_expression(made: &str, kept: Option<&KeptProduct>) -> String {
    let kept = kept.map_or("", |_| ", productName = :name, unitPrice = :price");
    format!("SET quantity = :quantity, #at = :at, expiresAt = :end, setBy = :attempt, {made}{kept}")
}

/// Returns until when it is remembered that a line was removed, in seconds since
/// 1970.
fn removal_ends(at: u64) -> u64 {
    (at / 1000).saturating_add(REMOVAL_KEPT.as_secs())
}

fn read_at(row: ItemReader<'_>) -> Result<u64, Corrupt> {
    Ok(row.optional_number(AT)?.unwrap_or_default())
}

/// Adds to an update that a request to set a line is refused.
fn with_refusal(
    update: UpdateItemFluentBuilder,
    refusal: LineRefusal,
    deadline: Deadline,
) -> UpdateItemFluentBuilder {
    update
        .expression_attribute_names("#refused", REFUSED)
        .expression_attribute_names("#refusal", REFUSAL)
        .expression_attribute_values(":refused", number(deadline.arrived()))
        .expression_attribute_values(":refusal", word(refusal))
}

fn is_made_by(item: &Attributes, attempt: &str) -> Result<bool, Corrupt> {
    Ok(ItemReader::from(item).optional_text("madeBy")? == Some(attempt))
}
