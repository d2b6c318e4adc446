//! Events of buckets, in S3's form, to the functions that want them.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html>

use std::sync::Arc;

use serde_json::{Value, json};
use template::{BucketSource, REGION};
use uuid::Uuid;

use super::deliveries::Deliveries;
use super::records::iso;
use crate::clock;
use crate::s3::ObjectChange;

/// Who wants which events of buckets.
pub(super) struct BucketEvents {
    deliveries: Arc<Deliveries>,
    /// Functions' binaries and what they want.
    wanted: Vec<(String, BucketSource)>,
}

impl BucketEvents {
    pub(super) fn new(deliveries: &Arc<Deliveries>, wanted: Vec<(String, BucketSource)>) -> Self {
        Self {
            deliveries: Arc::clone(deliveries),
            wanted,
        }
    }

    /// Delivers a change to every function that wants it.
    pub(super) fn tell(&self, change: &ObjectChange) {
        for (function, source) in self.wanted.iter().filter(|(_, it)| wants(it, change)) {
            let event = json!({ "Records": [record(source, change)] });
            self.deliveries.submit(function, &event.to_string().into());
        }
    }
}

fn wants(source: &BucketSource, change: &ObjectChange) -> bool {
    let name = format!("s3:{}", change.event);
    source.bucket == change.bucket
        && change.key.starts_with(&source.prefix)
        && change.key.ends_with(&source.suffix)
        && source.kinds.iter().any(|kind| {
            let family = kind.strip_suffix('*');
            *kind == name || family.is_some_and(|family| name.starts_with(family))
        })
}

fn record(source: &BucketSource, change: &ObjectChange) -> Value {
    let mut object = json!({
        "key": url_encoded(&change.key),
        "sequencer": format!("{:018X}", change.number),
    });
    if let Some(object) = object.as_object_mut() {
        // Of a deletion S3 tells neither.
        if let Some((size, etag)) = &change.content {
            object.insert("size".to_owned(), json!(size));
            object.insert("eTag".to_owned(), json!(etag));
        }
        if let Some(version) = &change.version {
            object.insert("versionId".to_owned(), json!(version));
        }
    }
    json!({
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": REGION,
        "eventTime": iso(clock::now()),
        "eventName": change.event,
        "userIdentity": { "principalId": "LOCALPRINCIPAL" },
        "requestParameters": { "sourceIPAddress": "127.0.0.1" },
        "responseElements": {
            "x-amz-request-id": Uuid::new_v4().simple().to_string(),
            "x-amz-id-2": Uuid::new_v4().simple().to_string(),
        },
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": source.id,
            "bucket": {
                "name": change.bucket,
                "ownerIdentity": { "principalId": "LOCALOWNER" },
                "arn": format!("arn:aws:s3:::{}", change.bucket),
            },
            "object": object,
        },
    })
}

/// Encodes a key as S3 does: a space is `+`, and a slash stays.
fn url_encoded(key: &str) -> String {
    let parts = key.split('/');
    let parts = parts.map(|it| form_urlencoded::byte_serialize(it.as_bytes()).collect());
    parts.collect::<Vec<String>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_written_as_a_form_would_write_it_but_for_its_slashes() {
        for (key, written) in [
            ("pending/usr_1/a.png", "pending/usr_1/a.png"),
            ("a b/c+d", "a+b/c%2Bd"),
            ("é", "%C3%A9"),
        ] {
            assert_eq!(url_encoded(key), written);
        }
    }
}
