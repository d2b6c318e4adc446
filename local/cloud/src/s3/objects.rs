//! Objects in memory and, with a data folder, each also in a file of its own.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, RwLock};

use bytes::Bytes;
use md5::{Digest, Md5};
use s3s::dto::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use time::OffsetDateTime;
use tokio::sync::Mutex;
use uuid::Uuid;

use crate::clock;

/// What is known of an object besides its bytes: one version of it, in a bucket that keeps
/// versions.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Metadata {
    pub(super) key: String,
    pub(super) content_type: Option<String>,
    pub(super) cache_control: Option<String>,
    pub(super) content_disposition: Option<String>,
    pub(super) content_encoding: Option<String>,
    pub(super) content_language: Option<String>,
    /// `x-amz-meta-*`.
    pub(super) user: BTreeMap<String, String>,
    /// Whole seconds since 1970, as in `Last-Modified`.
    pub(super) modified: i64,
    /// MD5 of the bytes in hexadecimal, which is S3's ETag.
    pub(super) etag: String,
    /// Tags by their keys.
    #[serde(default)]
    pub(super) tags: BTreeMap<String, String>,
    /// The version's id; `None` where versions aren't kept, or weren't yet.
    #[serde(default)]
    pub(super) version: Option<String>,
    /// Whether this is no object but says that it was deleted.
    #[serde(default)]
    pub(super) is_delete_marker: bool,
    /// Greater than that of any version put before: the current version has the greatest.
    #[serde(default)]
    pub(super) number: u64,
}

/// One object, or one version of it.
#[derive(Debug)]
pub(super) struct Object {
    pub(super) metadata: Metadata,
    pub(super) bytes: Bytes,
}

impl Object {
    /// Makes an object of now, without metadata of its own.
    pub(super) fn new(key: &str, content_type: &str, bytes: Vec<u8>) -> Self {
        Self {
            metadata: Metadata {
                key: key.to_owned(),
                content_type: Some(content_type.to_owned()),
                modified: clock::now().unix_timestamp(),
                etag: etag(&bytes),
                ..Metadata::default()
            },
            bytes: bytes.into(),
        }
    }

    /// Returns the id that names this version in a request.
    fn id(&self) -> &str {
        self.metadata.version.as_deref().unwrap_or(NULL_VERSION)
    }
}

/// The id of what was put where versions aren't kept.
pub(super) const NULL_VERSION: &str = "null";

/// Versions of the objects by their keys, each in the order in which they were put. No list is
/// empty.
type Keys = BTreeMap<String, Vec<Arc<Object>>>;

#[derive(Debug)]
struct Bucket {
    versioned: bool,
    keys: RwLock<Keys>,
}

/// The objects of all buckets.
#[derive(Debug)]
pub(super) struct Objects {
    buckets: BTreeMap<String, Bucket>,
    folder: Option<PathBuf>,
    /// Held while files change, so that memory and files agree. The number of the last change.
    writing: Mutex<u64>,
}

impl Objects {
    /// Opens the buckets, with the objects that the folder holds. Each bucket has a name and says
    /// whether it keeps versions.
    pub(super) fn open<'a>(
        buckets: impl Iterator<Item = (&'a str, bool)>,
        folder: Option<PathBuf>,
    ) -> io::Result<Self> {
        let mut opened = BTreeMap::new();
        for (name, versioned) in buckets {
            let mut keys = Keys::new();
            if let Some(folder) = &folder {
                let folder = folder.join(name);
                fs::create_dir_all(&folder)?;
                for entry in folder.read_dir()? {
                    let path = entry?.path();
                    if path.extension().is_some_and(|it| it == "object") {
                        let object = read(&path)?;
                        let versions = keys.entry(object.metadata.key.clone()).or_default();
                        versions.push(Arc::new(object));
                    }
                }
            }
            for versions in keys.values_mut() {
                versions.sort_by_key(|it| it.metadata.number);
            }
            let keys = RwLock::new(keys);
            opened.insert(name.to_owned(), Bucket { versioned, keys });
        }
        Ok(Self {
            buckets: opened,
            folder,
            writing: Mutex::default(),
        })
    }

    pub(super) fn buckets(&self) -> impl Iterator<Item = &str> {
        self.buckets.keys().map(String::as_str)
    }

    pub(super) fn has(&self, bucket: &str) -> bool {
        self.buckets.contains_key(bucket)
    }

    /// Returns the object as it is now.
    pub(super) fn get(&self, bucket: &str, key: &str) -> Option<Arc<Object>> {
        let current = self.find(bucket, key, None)?;
        (!current.metadata.is_delete_marker).then_some(current)
    }

    /// Returns the version of that id, or without one the current version: which may be a delete
    /// marker.
    pub(super) fn find(
        &self,
        bucket: &str,
        key: &str,
        version: Option<&str>,
    ) -> Option<Arc<Object>> {
        let keys = self.buckets.get(bucket)?.keys.read().ok()?;
        let versions = keys.get(key)?;
        let found = match version {
            None => versions.last(),
            Some(id) => versions.iter().find(|it| it.id() == id),
        };
        found.map(Arc::clone)
    }

    /// Returns all objects whose keys begin with the prefix, in the order of their keys.
    pub(super) fn list(&self, bucket: &str, prefix: &str) -> Vec<Arc<Object>> {
        let bucket = self.buckets.get(bucket);
        let Some(Ok(keys)) = bucket.map(|it| it.keys.read()) else {
            return Vec::new();
        };
        keys.range(prefix.to_owned()..)
            .take_while(|(key, _)| key.starts_with(prefix))
            .filter_map(|(_, versions)| versions.last())
            .filter(|it| !it.metadata.is_delete_marker)
            .map(Arc::clone)
            .collect()
    }

    /// Puts an object, as a new version or in place of the one that has its key. `allowed` sees
    /// the one before and may refuse; nothing comes between its look and the change.
    pub(super) async fn put<E>(
        &self,
        bucket: &str,
        object: Object,
        allowed: impl FnOnce(Option<&Object>) -> Result<(), E>,
    ) -> io::Result<Result<Arc<Object>, E>> {
        let mut last = self.writing.lock().await;
        let before = self.get(bucket, &object.metadata.key);
        if let Err(refused) = allowed(before.as_deref()) {
            return Ok(Err(refused));
        }
        self.add(&mut last, bucket, object).await.map(Ok)
    }

    /// Deletes an object, and returns it if it was there. Where versions are kept, all that it does
    /// is to add a delete marker, which it returns.
    pub(super) async fn delete(&self, bucket: &str, key: &str) -> io::Result<Option<Arc<Object>>> {
        let mut last = self.writing.lock().await;
        if self.buckets.get(bucket).is_some_and(|it| it.versioned) {
            let mut marker = Object::new(key, "", Vec::new());
            marker.metadata.is_delete_marker = true;
            return self.add(&mut last, bucket, marker).await.map(Some);
        }
        self.remove(bucket, key, NULL_VERSION).await
    }

    /// Deletes one version for good, and returns it if it was there.
    pub(super) async fn delete_version(
        &self,
        bucket: &str,
        key: &str,
        version: &str,
    ) -> io::Result<Option<Arc<Object>>> {
        let _writing = self.writing.lock().await;
        self.remove(bucket, key, version).await
    }

    /// Replaces all tags of a version, which keeps its place among the others.
    pub(super) async fn set_tags(
        &self,
        bucket: &str,
        version: &Object,
        tags: BTreeMap<String, String>,
    ) -> io::Result<()> {
        let _writing = self.writing.lock().await;
        let key = &version.metadata.key;
        let Some(now) = self.find(bucket, key, Some(version.id())) else {
            return Ok(());
        };
        let mut metadata = now.metadata.clone();
        metadata.tags = tags;
        let bytes = now.bytes.clone();
        self.insert(bucket, Arc::new(Object { metadata, bytes }))
            .await
    }

    async fn add(
        &self,
        last: &mut u64,
        bucket: &str,
        mut object: Object,
    ) -> io::Result<Arc<Object>> {
        // By the clock, so that numbers grow over restarts too.
        let now = u64::try_from(clock::now().unix_timestamp_nanos()).unwrap_or_default();
        *last = now.max(*last + 1);
        object.metadata.number = *last;
        let versioned = self.buckets.get(bucket).is_some_and(|it| it.versioned);
        object.metadata.version = versioned.then(|| Uuid::new_v4().simple().to_string());
        let object = Arc::new(object);
        self.insert(bucket, Arc::clone(&object)).await?;
        Ok(object)
    }

    /// Puts a version in place of the one of its id, or after all others.
    async fn insert(&self, bucket: &str, object: Arc<Object>) -> io::Result<()> {
        if let Some(path) = self.path(bucket, &object.metadata.key, object.id()) {
            let written = Arc::clone(&object);
            tokio::task::spawn_blocking(move || write(&path, &written)).await??;
        }
        let bucket = self.buckets.get(bucket);
        if let Some(Ok(mut keys)) = bucket.map(|it| it.keys.write()) {
            let versions = keys.entry(object.metadata.key.clone()).or_default();
            versions.retain(|it| it.id() != object.id());
            versions.push(object);
            versions.sort_by_key(|it| it.metadata.number);
        }
        Ok(())
    }

    async fn remove(&self, bucket: &str, key: &str, id: &str) -> io::Result<Option<Arc<Object>>> {
        let Some(found) = self.find(bucket, key, Some(id)) else {
            return Ok(None);
        };
        if let Some(path) = self.path(bucket, key, id) {
            match fs::remove_file(path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        let bucket = self.buckets.get(bucket);
        if let Some(Ok(mut keys)) = bucket.map(|it| it.keys.write())
            && let Some(versions) = keys.get_mut(key)
        {
            versions.retain(|it| it.id() != id);
            if versions.is_empty() {
                keys.remove(key);
            }
        }
        Ok(Some(found))
    }

    /// Returns the file of a version: a hash of its key, so that no key leads out of the folder, is
    /// too long for a file name, or makes a folder where another has its file. The id may come from
    /// a request only where a version has it.
    fn path(&self, bucket: &str, key: &str, id: &str) -> Option<PathBuf> {
        let mut name = hex(&Sha256::digest(key));
        if id != NULL_VERSION {
            name = format!("{name}-{id}");
        }
        Some(
            self.folder
                .as_ref()?
                .join(bucket)
                .join(name)
                .with_extension("object"),
        )
    }
}

/// Returns the ETag of an object that was put in one piece.
pub(super) fn etag(bytes: &[u8]) -> String {
    hex(&Md5::digest(bytes))
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Converts seconds since 1970 to the time of s3s.
pub(super) fn timestamp(seconds: i64) -> Option<Timestamp> {
    let time = OffsetDateTime::from_unix_timestamp(seconds).ok()?;
    Some(Timestamp::from(time))
}

/// Writes a line of JSON, then the bytes: one file, so that both change at once.
fn write(path: &Path, object: &Object) -> io::Result<()> {
    let new = path.with_extension("new");
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .open(&new)?;
    serde_json::to_writer(&mut file, &object.metadata)?;
    file.write_all(b"\n")?;
    file.write_all(&object.bytes)?;
    file.sync_all()?;
    fs::rename(new, path)
}

fn read(path: &Path) -> io::Result<Object> {
    let bytes = Bytes::from(fs::read(path)?);
    let damaged = || {
        let message = format!("{} is not an object of the local cloud", path.display());
        io::Error::new(io::ErrorKind::InvalidData, message)
    };
    let end = bytes
        .iter()
        .position(|&byte| byte == b'\n')
        .ok_or_else(damaged)?;
    let metadata = serde_json::from_slice(&bytes.slice(..end)).map_err(|_| damaged())?;
    Ok(Object {
        metadata,
        bytes: bytes.slice(end + 1..),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::convert::Infallible;

    use super::*;

    fn object(key: &str, bytes: &'static [u8]) -> Object {
        Object {
            metadata: Metadata {
                key: key.into(),
                etag: etag(bytes),
                ..Metadata::default()
            },
            bytes: Bytes::from_static(bytes),
        }
    }

    #[tokio::test]
    async fn objects_are_there_again_after_a_restart_and_no_key_leaves_the_folder() {
        let outer = std::env::temp_dir().join(format!("local-s3-{}", uuid::Uuid::new_v4()));
        let folder = outer.join("inner");
        let keys = ["k", "k/child", "../escaped", "/etc/passwd", "a\nb", "é"];
        let buckets = || [("images", false)].into_iter();
        let open = || Objects::open(buckets(), Some(folder.clone())).unwrap();
        let objects = open();
        for key in keys {
            let put = objects.put("images", object(key, b"line\nline"), |_| {
                Ok::<_, Infallible>(())
            });
            put.await.unwrap().unwrap();
        }
        objects.delete("images", "é").await.unwrap();
        objects.delete("images", "absent").await.unwrap();

        let again = open();
        for key in keys.into_iter().filter(|key| *key != "é") {
            let object = again.get("images", key).unwrap();
            assert_eq!(object.bytes, "line\nline");
            assert_eq!(object.metadata.key, key);
        }
        assert!(again.get("images", "é").is_none());
        let outside: Vec<_> = outer.read_dir().unwrap().collect();
        assert_eq!(outside.len(), 1);
        fs::remove_dir_all(outer).unwrap();
    }

    #[tokio::test]
    async fn a_list_has_the_keys_with_the_prefix_in_order() {
        let objects = Objects::open([("images", false)].into_iter(), None).unwrap();
        for key in ["b", "a/2", "a/1", "a"] {
            let put = objects.put("images", object(key, b""), |_| Ok::<_, Infallible>(()));
            put.await.unwrap().unwrap();
        }
        let listed = objects.list("images", "a/");
        let keys: Vec<&str> = listed.iter().map(|it| it.metadata.key.as_str()).collect();
        assert_eq!(keys, ["a/1", "a/2"]);
    }

    #[tokio::test]
    async fn versions_tags_and_delete_markers_are_there_again_after_a_restart() {
        let folder = std::env::temp_dir().join(format!("local-s3-{}", Uuid::new_v4()));
        let buckets = || [("images", true)].into_iter();
        let open = || Objects::open(buckets(), Some(folder.clone())).unwrap();
        let objects = open();
        let put = async |key: &str, bytes: &'static [u8]| {
            let put = objects.put("images", object(key, bytes), |_| Ok::<_, Infallible>(()));
            put.await
                .unwrap()
                .unwrap()
                .metadata
                .version
                .clone()
                .unwrap()
        };
        let (one, two) = (put("k", b"one").await, put("k", b"two").await);
        let gone = put("k", b"gone").await;
        put("deleted", b"x").await;
        objects.delete("images", "deleted").await.unwrap().unwrap();
        let deleted = objects.delete_version("images", "k", &gone).await.unwrap();
        assert_eq!(deleted.unwrap().bytes, "gone");
        let tags = BTreeMap::from([("public".to_owned(), "true".to_owned())]);
        let first = objects.find("images", "k", Some(&one)).unwrap();
        objects
            .set_tags("images", &first, tags.clone())
            .await
            .unwrap();

        let again = open();
        assert_eq!(again.get("images", "k").unwrap().bytes, "two");
        assert_eq!(again.find("images", "k", Some(&two)).unwrap().bytes, "two");
        let first = again.find("images", "k", Some(&one)).unwrap();
        assert_eq!((&*first.bytes, &first.metadata.tags), (&b"one"[..], &tags));
        assert!(again.find("images", "k", Some(&gone)).is_none());
        assert!(again.get("images", "deleted").is_none());
        assert!(
            again
                .find("images", "deleted", None)
                .unwrap()
                .metadata
                .is_delete_marker
        );
        assert_eq!(again.list("images", "").len(), 1);
        fs::remove_dir_all(folder).unwrap();
    }
}
