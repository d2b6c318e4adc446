//! Finds and reads the files of one folder.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::answers::File;

/// What a path of a URL stands for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// This file.
    File(File),
    /// A folder with an `index.html`, asked for without its last slash.
    Folder,
    /// Nothing.
    Nothing,
}

/// Finds what a path stands for; one that ends with a slash stands for the `index.html` there.
///
/// The path is compared with the names of the folder's files, and never made a path of the file
/// system: nothing outside of the folder can be reached, by whatever spelling. Links and hidden
/// files are no files of the folder.
///
/// # Errors
/// When a file that is there can't be read.
pub(super) fn find(folder: &Path, path: &str) -> io::Result<Found> {
    let Some(name) = path.strip_prefix('/') else {
        return Ok(Found::Nothing);
    };
    let index = match name {
        "" => "index.html".to_owned(),
        name => format!("{}/index.html", name.trim_end_matches('/')),
    };
    let is_folder = name.is_empty() || name.ends_with('/');
    let wanted = if is_folder { &index } else { name };
    for (file, path) in files(folder) {
        if file == wanted {
            return Ok(Found::File(File::new(&file, fs::read(path)?)));
        }
        if !is_folder && file == index {
            return Ok(Found::Folder);
        }
    }
    Ok(Found::Nothing)
}

/// Lists the files of a folder and of those in it, each by its path below the folder, with slashes.
/// Folders that can't be listed have none.
fn files(folder: &Path) -> Vec<(String, PathBuf)> {
    let mut found = Vec::new();
    let mut folders = vec![(String::new(), folder.to_owned())];
    while let Some((prefix, folder)) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let Ok(name) = entry.file_name().into_string() else {
                continue;
            };
            if name.starts_with('.') {
                continue;
            }
            let below = format!("{prefix}{name}");
            // Of a link, these say that it is neither.
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push((below + "/", entry.path())),
                Ok(kind) if kind.is_file() => found.push((below, entry.path())),
                _ => {}
            }
        }
    }
    found
}
