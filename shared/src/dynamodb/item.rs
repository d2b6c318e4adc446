//! DynamoDB items, written and read attribute by attribute. Reading trusts
//! nothing: an attribute that this program can't have written is [`Corrupt`].

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use super::error::Corrupt;
use super::query_response::{ResponseItem, ResponseValue};
use crate::values::{Currency, Money, PathId, Timestamp};

/// The value of an attribute as the SDK has it.
pub(crate) type Attribute = AttributeValue;
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

/// Makes the value of a map.
pub(crate) fn map(values: ItemBuilder) -> AttributeValue {
    AttributeValue::M(values.0)
}

/// Makes the value of a list of maps.
pub(crate) fn list(values: impl Iterator<Item = ItemBuilder>) -> AttributeValue {
    AttributeValue::L(values.map(map).collect())
}

/// Makes a number value.
pub(crate) fn number(value: impl Into<i128>) -> AttributeValue {
    AttributeValue::N(value.into().to_string())
}

/// Makes the value of an amount: a map of its two parts.
pub(crate) fn money(value: Money) -> AttributeValue {
    let money = ItemBuilder::new()
        .number("amount", value.amount())
        .text("currency", value.currency());
    AttributeValue::M(money.0)
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
        self.value(name, money(value))
    }

    pub(crate) fn map(self, name: &str, value: Self) -> Self {
        self.value(name, map(value))
    }

    /// Writes a map, or nothing for `None`.
    pub(crate) fn optional_map(self, name: &str, value: Option<Self>) -> Self {
        match value {
            Some(value) => self.map(name, value),
            None => self,
        }
    }

    pub(crate) fn list(self, name: &str, values: impl Iterator<Item = Self>) -> Self {
        self.value(name, list(values))
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
pub(crate) struct ItemReader<'a>(Source<'a>);

/// Where an item comes from.
#[derive(Clone, Copy)]
enum Source<'a> {
    Sdk(&'a Attributes),
    Response(&'a ResponseItem<'a>),
}

/// The value of an attribute.
enum Value<'a> {
    Text(&'a str),
    Number(&'a str),
    Map(ItemReader<'a>),
    SdkList(&'a [AttributeValue]),
    ResponseList(&'a [ResponseValue<'a>]),
    Other,
}

impl<'a> From<&'a Attributes> for ItemReader<'a> {
    fn from(item: &'a Attributes) -> Self {
        Self(Source::Sdk(item))
    }
}

impl<'a> From<&'a ResponseItem<'a>> for ItemReader<'a> {
    fn from(item: &'a ResponseItem<'a>) -> Self {
        Self(Source::Response(item))
    }
}

impl<'a> From<&'a AttributeValue> for Value<'a> {
    fn from(value: &'a AttributeValue) -> Self {
        match value {
            AttributeValue::S(text) => Self::Text(text),
            AttributeValue::N(digits) => Self::Number(digits),
            AttributeValue::M(map) => Self::Map(map.into()),
            AttributeValue::L(list) => Self::SdkList(list),
            _ => Self::Other,
        }
    }
}

impl<'a> From<&'a ResponseValue<'a>> for Value<'a> {
    fn from(value: &'a ResponseValue<'a>) -> Self {
        match value {
            ResponseValue::S(text) => Self::Text(text),
            ResponseValue::N(digits) => Self::Number(digits),
            ResponseValue::M(map) => Self::Map(map.into()),
            ResponseValue::L(list) => Self::ResponseList(list),
            ResponseValue::Other => Self::Other,
        }
    }
}

impl<'a> ItemReader<'a> {
    fn get(self, name: &str) -> Option<Value<'a>> {
        match self.0 {
            Source::Sdk(item) => item.get(name).map(Value::from),
            Source::Response(item) => item.get(name).map(Value::from),
        }
    }

    pub(crate) fn optional_text(self, name: &'static str) -> Result<Option<&'a str>, Corrupt> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Text(text)) => Ok(Some(text)),
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
        match self.get(name) {
            None => Ok(None),
            Some(Value::Number(digits)) => digits.parse().map(Some).map_err(|_| Corrupt::new(name)),
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
        match self.get(name) {
            Some(Value::Map(map)) => Ok(map),
            _ => Err(Corrupt::new(name)),
        }
    }

    /// Reads a list of maps; empty if it is absent.
    pub(crate) fn list(self, name: &'static str) -> Result<Vec<Self>, Corrupt> {
        let map = |value: Value<'a>| match value {
            Value::Map(map) => Ok(map),
            _ => Err(Corrupt::new(name)),
        };
        match self.get(name) {
            None => Ok(Vec::new()),
            Some(Value::SdkList(values)) => values.iter().map(|it| map(it.into())).collect(),
            Some(Value::ResponseList(values)) => values.iter().map(|it| map(it.into())).collect(),
            Some(_) => Err(Corrupt::new(name)),
        }
    }
}
