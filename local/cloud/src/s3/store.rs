//! S3 without the rest of a cloud, for the tests of what keeps objects.

use std::collections::BTreeMap;

use template::BucketTemplate;

use super::S3;
use crate::error::CloudError;
use crate::iam::Iam;
use crate::logs::{LogSink, Logs};
use crate::service::ANY_PORT;

/// Buckets in which the operator's key may do everything.
pub struct ObjectStore(S3);

impl ObjectStore {
    /// Starts the service with these buckets, empty, on a free port.
    ///
    /// # Errors
    /// When it can't listen.
    pub async fn start(buckets: &[BucketTemplate]) -> Result<Self, CloudError> {
        let iam = Iam::new(&[], &Logs::new(&LogSink::Memory))?;
        S3::start(ANY_PORT, buckets, None, &iam).await.map(Self)
    }

    /// Returns the service's address.
    #[must_use]
    pub fn url(&self) -> String {
        self.0.service.url()
    }

    /// Puts an object and returns its version.
    ///
    /// # Errors
    /// Never in memory.
    pub async fn put(&self, bucket: &str, key: &str, bytes: Vec<u8>) -> std::io::Result<String> {
        self.0.put(bucket, key, "image/png", bytes).await?;
        let object = self.0.objects.get(bucket, key);
        Ok(object.map_or_else(String::new, |it| {
            it.metadata.version.clone().unwrap_or_default()
        }))
    }

    /// Gives an object a tag, in place of those that it has.
    ///
    /// # Errors
    /// Never in memory.
    pub async fn tag(
        &self,
        bucket: &str,
        key: &str,
        name: &str,
        value: &str,
    ) -> std::io::Result<()> {
        let tags = BTreeMap::from([(name.to_owned(), value.to_owned())]);
        match self.0.objects.get(bucket, key) {
            Some(object) => self.0.objects.set_tags(bucket, &object, tags).await,
            None => Ok(()),
        }
    }

    /// Returns the keys of the objects that have a tag of this name.
    #[must_use]
    pub fn tagged(&self, bucket: &str, name: &str) -> Vec<String> {
        let objects = self.0.objects.list(bucket, "").into_iter();
        let tagged = objects.filter(|it| it.metadata.tags.contains_key(name));
        tagged.map(|it| it.metadata.key.clone()).collect()
    }

    /// Returns the keys of the objects that are there and how many bytes each has.
    #[must_use]
    pub fn objects(&self, bucket: &str) -> Vec<(String, usize)> {
        let objects = self.0.objects.list(bucket, "");
        let objects = objects.into_iter();
        objects
            .map(|it| (it.metadata.key.clone(), it.bytes.len()))
            .collect()
    }

    /// Returns the tags of an object and their values; `None` if it isn't there.
    #[must_use]
    pub fn tags(&self, bucket: &str, key: &str) -> Option<Vec<(String, String)>> {
        let object = self.0.objects.get(bucket, key)?;
        Some(object.metadata.tags.clone().into_iter().collect())
    }
}
