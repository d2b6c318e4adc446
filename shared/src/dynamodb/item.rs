//! DynamoDB items, written and read attribute by attribute. Reading trusts
//! nothing: an attribute that this program can't have written is [`Corrupt`].

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use super::error::Corrupt;
use crate::values::{Currency, Money, PathId, Timestamp};

/// An item as the SDK has it.
pub(crate) type Attributes = HashMap<String, AttributeValue>;

/// Makes a string value.
pub(crate) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

/// Makes the value of one of the words of an enum.
pub(crate) fn word(value: impl Into<&'static str>) -> AttributeValue {
    text(value.into())
}

/// Makes a number value.
pub(crate) fn number(value: impl Into<i128>) -> AttributeValue {
    AttributeValue::N(value.into().to_string())
}

/// Returns an item's key: the attributes of these names.
pub(crate) fn key_of(item: &Attributes, names: &[&str]) -> Attributes {
    let parts = names.iter().filter_map(|name| item.get_key_value(*name));
    parts
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

/// An item that is being written.
#[derive(Default)]
pub(crate) struct ItemBuilder(Attributes);

impl ItemBuilder {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn text(self, name: &str, value: impl Into<String>) -> Self {
        self.value(name, text(value))
    }

    pub(crate) fn number(self, name: &str, value: impl Into<i128>) -> Self {
        self.value(name, number(value))
    }

    /// Writes one of the words of an enum.
    pub(crate) fn word(self, name: &str, value: impl Into<&'static str>) -> Self {
        self.text(name, value.into())
    }

    /// Writes a text, or nothing for `None`.
    pub(crate) fn optional_text(self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.text(name, value),
            None => self,
        }
    }

    pub(crate) fn time(self, name: &str, value: Timestamp) -> Self {
        self.text(name, value.to_string())
    }

    /// Writes when DynamoDB may delete the item, in seconds since 1970 as its
    /// TTL wants it.
    pub(crate) fn expires(self, at: Timestamp) -> Self {
        self.number("expiresAt", at.unix())
    }

    /// Writes an amount as a map of its two parts.
    pub(crate) fn money(self, name: &str, value: Money) -> Self {
        let money = Self::new()
            .number("amount", value.amount())
            .text("currency", value.currency());
        self.map(name, money)
    }

    pub(crate) fn map(self, name: &str, value: Self) -> Self {
        self.value(name, AttributeValue::M(value.0))
    }

    pub(crate) fn list(self, name: &str, values: impl Iterator<Item = Self>) -> Self {
        let values = values.map(|item| AttributeValue::M(item.0)).collect();
        self.value(name, AttributeValue::L(values))
    }

    fn value(mut self, name: &str, value: AttributeValue) -> Self {
        self.0.insert(name.to_owned(), value);
        self
    }

    pub(crate) fn into_attributes(self) -> Attributes {
        self.0
    }
}

/// An item that is being read.
#[derive(Clone, Copy)]
pub(crate) struct ItemReader<'a>(pub(crate) &'a Attributes);

impl<'a> ItemReader<'a> {
    pub(crate) fn optional_text(self, name: &'static str) -> Result<Option<&'a str>, Corrupt> {
        match self.0.get(name) {
            None => Ok(None),
            Some(AttributeValue::S(text)) => Ok(Some(text)),
            Some(_) => Err(Corrupt::new(name)),
        }
    }

    pub(crate) fn text(self, name: &'static str) -> Result<&'a str, Corrupt> {
        self.optional_text(name)?.ok_or(Corrupt::new(name))
    }

    /// Reads a text by the type that it stands for.
    pub(crate) fn parsed<T>(
        self,
        name: &'static str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, Corrupt> {
        parse(self.text(name)?).ok_or(Corrupt::new(name))
    }

    /// Reads one of the words of an enum.
    pub(crate) fn word<T: std::str::FromStr>(self, name: &'static str) -> Result<T, Corrupt> {
        self.parsed(name, |text| text.parse().ok())
    }

    pub(crate) fn id<T: PathId>(self, name: &'static str) -> Result<T, Corrupt> {
        self.parsed(name, T::parse)
    }

    pub(crate) fn time(self, name: &'static str) -> Result<Timestamp, Corrupt> {
        self.parsed(name, Timestamp::parse)
    }

    /// Reads a number of any type; `None` if it is absent.
    pub(crate) fn optional_number<T: std::str::FromStr>(
        self,
        name: &'static str,
    ) -> Result<Option<T>, Corrupt> {
        match self.0.get(name) {
            None => Ok(None),
            Some(AttributeValue::N(digits)) => {
                digits.parse().map(Some).map_err(|_| Corrupt::new(name))
            }
            Some(_) => Err(Corrupt::new(name)),
        }
    }

    pub(crate) fn number<T: std::str::FromStr>(self, name: &'static str) -> Result<T, Corrupt> {
        self.optional_number(name)?.ok_or(Corrupt::new(name))
    }

    pub(crate) fn money(self, name: &'static str) -> Result<Money, Corrupt> {
        let row = self.map(name)?;
        let currency = row.parsed("currency", Currency::parse)?;
        Ok(Money::new(row.number("amount")?, currency))
    }

    pub(crate) fn map(self, name: &'static str) -> Result<Self, Corrupt> {
        match self.0.get(name) {
            Some(AttributeValue::M(map)) => Ok(ItemReader(map)),
            _ => Err(Corrupt::new(name)),
        }
    }

    /// Reads a list of maps; empty if it is absent.
    pub(crate) fn list(self, name: &'static str) -> Result<Vec<Self>, Corrupt> {
        let values = match self.0.get(name) {
            None => return Ok(Vec::new()),
            Some(AttributeValue::L(values)) => values,
            Some(_) => return Err(Corrupt::new(name)),
        };
        let rows = values.iter().map(|value| match value {
            AttributeValue::M(map) => Ok(ItemReader(map)),
            _ => Err(Corrupt::new(name)),
        });
        rows.collect()
    }
}
