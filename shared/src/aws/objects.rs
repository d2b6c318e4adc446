//! What pictures need of a bucket, so that only the functions that handle files are built with
//! AWS's crate for S3.

use std::future::Future;

use super::error::AwsError;
use super::settings::FromEnv;

/// What became of reading an object.
pub enum StoredFile {
    /// Its bytes.
    Whole(Vec<u8>),
    /// It isn't there.
    Missing,
    /// It has more bytes than were asked for.
    TooLarge,
}

/// Objects of one bucket.
pub trait Objects: FromEnv {
    /// Reads one version of an object, if it has no more bytes than these.
    fn read(
        &self,
        key: &str,
        version: &str,
        max: u64,
    ) -> impl Future<Output = Result<StoredFile, AwsError>> + Send;

    /// Puts an object, as a browser and the CDN are to read it, under a key that has none; does
    /// nothing if it has one. So an object that is there keeps its tags, which a second put
    /// would take from it.
    fn put_new(
        &self,
        key: &str,
        body: &[u8],
        content_type: &str,
        cache_control: &str,
    ) -> impl Future<Output = Result<(), AwsError>> + Send;

    /// Deletes an object: nobody can read it any more, and the bucket keeps what it was for as
    /// long as its rules say. One that isn't there is deleted already.
    fn delete(&self, key: &str) -> impl Future<Output = Result<(), AwsError>> + Send;

    /// Deletes one version of an object for good.
    fn delete_version(
        &self,
        key: &str,
        version: &str,
    ) -> impl Future<Output = Result<(), AwsError>> + Send;

    /// Gives an object one tag, in place of those that it has. Returns false if there is no such
    /// object, which needs the right to list it.
    fn set_tag(
        &self,
        key: &str,
        name: &str,
        value: &str,
    ) -> impl Future<Output = Result<bool, AwsError>> + Send;

    /// Takes all tags from an object. Returns false if there is no such object, which needs the
    /// right to list it.
    fn remove_tags(&self, key: &str) -> impl Future<Output = Result<bool, AwsError>> + Send;
}
