//! Files that have arrived in a bucket, as S3 tells of them
//! (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html>).
//! It tells at least once, and in no order.

use serde::Deserialize;

/// A version of an object that was stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StoredObject {
    pub(crate) key: String,
    pub(crate) version: String,
}

/// What one event tells of.
#[derive(Deserialize)]
#[serde(from = "Notification")]
pub struct StoredObjects(pub(crate) Vec<StoredObject>);

#[derive(Deserialize)]
struct Notification {
    #[serde(rename = "Records")]
    records: Vec<Record>,
}

#[derive(Deserialize)]
struct Record {
    s3: Subject,
}

#[derive(Deserialize)]
struct Subject {
    object: Object,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Object {
    key: String,
    version_id: String,
}

impl From<Notification> for StoredObjects {
    fn from(notification: Notification) -> Self {
        let objects = notification.records.into_iter().map(|record| {
            let Object {
                key,
                version_id: version,
            } = record.s3.object;
            // The key is written as a form is: a space is a plus.
            let mut decoded = form_urlencoded::parse(key.as_bytes());
            let key = decoded.next().map(|(name, _)| name.into_owned());
            StoredObject {
                key: key.unwrap_or_default(),
                version,
            }
        });
        Self(objects.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_as_s3_sends_it_is_read_and_its_key_decoded() {
        let event = r#"{"Records":[{"eventVersion":"2.1","eventSource":"aws:s3",
            "eventName":"ObjectCreated:Post","s3":{"s3SchemaVersion":"1.0",
            "bucket":{"name":"b"},"object":{"key":"pending/a+b%2Bc%C3%A4%3D","size":1024,
            "eTag":"d41d","versionId":"096fKKXTRTtl3on89fVO.nfljtsv6qko","sequencer":"0055"}}}]}"#;
        let StoredObjects(objects) = serde_json::from_str(event).unwrap();
        let object = StoredObject {
            key: "pending/a b+cä=".to_owned(),
            version: "096fKKXTRTtl3on89fVO.nfljtsv6qko".to_owned(),
        };
        assert_eq!(objects, [object]);
        assert!(serde_json::from_str::<StoredObjects>("{}").is_err());
    }
}
