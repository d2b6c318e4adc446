//! Changes of a table's items, as its stream tells of them
//! (<https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html>): at least once, those of one item
//! in order.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::error::Corrupt;
use super::item::ItemReader;
use super::query_response::ResponseItem;

/// A change that a handler works on.
pub trait FromStream: Sized {
    /// Reads a change; `None` for one that is none of the handler's business.
    ///
    /// # Errors
    /// For one that can't be read, which is told like one that can't be handled.
    fn of_record(record: &StreamRecord) -> Result<Option<Self>, Unreadable>;
}

/// A record that can't be read.
#[derive(Debug)]
pub struct Unreadable(pub(crate) Corrupt);

impl From<Corrupt> for Unreadable {
    fn from(corrupt: Corrupt) -> Self {
        Self(corrupt)
    }
}

/// Records of one shard, in order.
#[derive(Deserialize)]
pub(crate) struct StreamEvent {
    #[serde(rename = "Records")]
    pub(crate) records: Vec<StreamRecord>,
}

/// A change of one item.
#[derive(Deserialize)]
pub struct StreamRecord {
    dynamodb: Change,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Change {
    sequence_number: String,
    old_image: Option<Box<RawValue>>,
    new_image: Option<Box<RawValue>>,
}

/// Which records of a batch are to come again: from the first of these on.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BatchAnswer {
    batch_item_failures: Vec<FailedItem>,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct FailedItem {
    item_identifier: String,
}

/// An item before or after a change.
pub(crate) struct StreamImage<'a>(ResponseItem<'a>);

impl StreamRecord {
    /// Returns the item before the change; `None` if there was none.
    pub(crate) fn before(&self) -> Result<Option<StreamImage<'_>>, Corrupt> {
        image(self.dynamodb.old_image.as_deref(), "OldImage")
    }

    /// Returns the item after the change; `None` if there is none.
    pub(crate) fn after(&self) -> Result<Option<StreamImage<'_>>, Corrupt> {
        image(self.dynamodb.new_image.as_deref(), "NewImage")
    }
}

fn image<'a>(
    raw: Option<&'a RawValue>,
    name: &'static str,
) -> Result<Option<StreamImage<'a>>, Corrupt> {
    let item = raw.map(|raw| serde_json::from_str(raw.get()).map(StreamImage));
    item.transpose().map_err(|_| Corrupt::new(name))
}

impl StreamImage<'_> {
    pub(crate) fn reader(&self) -> ItemReader<'_> {
        ItemReader::from(&self.0)
    }
}

impl BatchAnswer {
    /// Asks for a record again, and for all after it.
    pub(crate) fn from_record(record: &StreamRecord) -> Self {
        Self {
            batch_item_failures: vec![FailedItem {
                item_identifier: record.dynamodb.sequence_number.clone(),
            }],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_read_as_the_stream_writes_it() {
        let event = r#"{"Records":[{"eventID":"1","eventName":"MODIFY","dynamodb":{
            "Keys":{"k":{"S":"a"}},"SequenceNumber":"4421584500000000017450439091",
            "NewImage":{"k":{"S":"a"},"n":{"N":"2"},"l":{"L":[{"M":{"x":{"S":"y"}}}]}},
            "StreamViewType":"NEW_AND_OLD_IMAGES"}}]}"#;
        let event: StreamEvent = serde_json::from_str(event).unwrap();
        let record = &event.records[0];
        assert!(record.before().unwrap().is_none());
        let new = record.after().unwrap().unwrap();
        let item = new.reader();
        assert_eq!(item.text("k").unwrap(), "a");
        assert_eq!(item.number::<u32>("n").unwrap(), 2);
        assert_eq!(item.list("l").unwrap()[0].text("x").unwrap(), "y");
        let answer = serde_json::to_value(BatchAnswer::from_record(record)).unwrap();
        let failure = serde_json::json!({ "itemIdentifier": "4421584500000000017450439091" });
        assert_eq!(
            answer,
            serde_json::json!({ "batchItemFailures": [failure] })
        );
        let none = serde_json::to_string(&BatchAnswer::default()).unwrap();
        assert_eq!(none, r#"{"batchItemFailures":[]}"#);
    }
}
