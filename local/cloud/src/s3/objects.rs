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

use crate::clock;

/// What is known of an object besides its bytes.
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
}

/// One object.
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
}

type Keys = BTreeMap<String, Arc<Object>>;

/// The objects of all buckets.
#[derive(Debug)]
pub(super) struct Objects {
    buckets: BTreeMap<String, RwLock<Keys>>,
    folder: Option<PathBuf>,
    /// Held while files change, so that memory and files agree.
    writing: Mutex<()>,
}

impl Objects {
    /// Opens the buckets, with the objects that the folder holds.
    pub(super) fn open<'a>(
        buckets: impl Iterator<Item = &'a str>,
        folder: Option<PathBuf>,
    ) -> io::Result<Self> {
        let mut opened = BTreeMap::new();
        for bucket in buckets {
            let mut keys = Keys::new();
            if let Some(folder) = &folder {
                let folder = folder.join(bucket);
                fs::create_dir_all(&folder)?;
                for entry in folder.read_dir()? {
                    let path = entry?.path();
                    if path.extension().is_some_and(|it| it == "object") {
                        let object = read(&path)?;
                        keys.insert(object.metadata.key.clone(), Arc::new(object));
                    }
                }
            }
            opened.insert(bucket.to_owned(), RwLock::new(keys));
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

    pub(super) fn get(&self, bucket: &str, key: &str) -> Option<Arc<Object>> {
        let keys = self.buckets.get(bucket)?.read().ok()?;
        keys.get(key).map(Arc::clone)
    }

    /// Returns all objects whose keys begin with the prefix, in the order of their keys.
    pub(super) fn list(&self, bucket: &str, prefix: &str) -> Vec<Arc<Object>> {
        let Some(Ok(keys)) = self.buckets.get(bucket).map(RwLock::read) else {
            return Vec::new();
        };
        keys.range(prefix.to_owned()..)
            .take_while(|(key, _)| key.starts_with(prefix))
            .map(|(_, object)| Arc::clone(object))
            .collect()
    }

    /// Puts an object in place of any that has its key. `allowed` sees the one before and may
    /// refuse; nothing comes between its look and the change.
    pub(super) async fn put<E>(
        &self,
        bucket: &str,
        object: Object,
        allowed: impl FnOnce(Option<&Object>) -> Result<(), E>,
    ) -> io::Result<Result<(), E>> {
        let _writing = self.writing.lock().await;
        let before = self.get(bucket, &object.metadata.key);
        if let Err(refused) = allowed(before.as_deref()) {
            return Ok(Err(refused));
        }
        let object = Arc::new(object);
        if let Some(path) = self.path(bucket, &object.metadata.key) {
            let written = Arc::clone(&object);
            tokio::task::spawn_blocking(move || write(&path, &written)).await??;
        }
        if let Some(Ok(mut keys)) = self.buckets.get(bucket).map(RwLock::write) {
            keys.insert(object.metadata.key.clone(), object);
        }
        Ok(Ok(()))
    }

    /// Deletes an object, if it is there.
    pub(super) async fn delete(&self, bucket: &str, key: &str) -> io::Result<()> {
        let _writing = self.writing.lock().await;
        if let Some(path) = self.path(bucket, key) {
            match fs::remove_file(path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        if let Some(Ok(mut keys)) = self.buckets.get(bucket).map(RwLock::write) {
            keys.remove(key);
        }
        Ok(())
    }

    /// Returns the file of an object: a hash of its key, so that no key leads out of the folder, is
    /// too long for a file name, or makes a folder where another has its file.
    fn path(&self, bucket: &str, key: &str) -> Option<PathBuf> {
        let name = hex(&Sha256::digest(key));
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
        let open = || Objects::open(["images"].into_iter(), Some(folder.clone())).unwrap();
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
        let objects = Objects::open(["images"].into_iter(), None).unwrap();
        for key in ["b", "a/2", "a/1", "a"] {
            let put = objects.put("images", object(key, b""), |_| Ok::<_, Infallible>(()));
            put.await.unwrap().unwrap();
        }
        let listed = objects.list("images", "a/");
        let keys: Vec<&str> = listed.iter().map(|it| it.metadata.key.as_str()).collect();
        assert_eq!(keys, ["a/1", "a/2"]);
    }
}
