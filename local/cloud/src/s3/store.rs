//! S3 without the rest of a cloud, for the tests of what keeps objects.

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
