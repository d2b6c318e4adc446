//! Tells of changes to objects.

use std::sync::OnceLock;

use super::objects::Object;

/// A change to an object of a bucket.
pub(crate) struct ObjectChange {
    pub(crate) bucket: String,
    pub(crate) key: String,
    /// Such as `ObjectCreated:Put`.
    pub(crate) event: &'static str,
    /// Size in bytes and ETag of what was put.
    pub(crate) content: Option<(usize, String)>,
    pub(crate) version: Option<String>,
    /// Grows with every change.
    pub(crate) number: u64,
}

/// Who is told of a change.
pub(crate) type Listener = Box<dyn Fn(&ObjectChange) + Send + Sync>;

/// Who is told of changes, if anybody is.
#[derive(Default)]
pub(super) struct Changes(OnceLock<Listener>);

impl Changes {
    pub(super) fn listen(&self, listener: Listener) {
        // There is one who listens, who comes once.
        let _ = self.0.set(listener);
    }

    /// Tells of an object that was put.
    pub(super) fn put(&self, bucket: &str, object: &Object, event: &'static str) {
        let content = (object.bytes.len(), object.metadata.etag.clone());
        self.change(bucket, object, event, Some(content));
    }

    /// Tells of a deletion: of a version, or by a delete marker.
    pub(super) fn removed(&self, bucket: &str, object: &Object, event: &'static str) {
        self.change(bucket, object, event, None);
    }

    fn change(
        &self,
        bucket: &str,
        object: &Object,
        event: &'static str,
        content: Option<(usize, String)>,
    ) {
        if let Some(tell) = self.0.get() {
            tell(&ObjectChange {
                bucket: bucket.to_owned(),
                key: object.metadata.key.clone(),
                event,
                content,
                version: object.metadata.version.clone(),
                number: object.metadata.number,
            });
        }
    }
}
