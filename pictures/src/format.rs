//! What kind of picture a file is, by its first bytes. What it is called, or said to be, counts
//! for nothing.

/// The kinds of pictures that are taken.
#[derive(Clone, Copy)]
pub(crate) enum Format {
    Jpeg,
    Png,
    WebP,
}

impl Format {
    /// Returns what the file begins as.
    pub(crate) fn of(file: &[u8]) -> Option<Self> {
        if file.starts_with(b"\xff\xd8\xff") {
            Some(Self::Jpeg)
        } else if file.starts_with(b"\x89PNG\r\n\x1a\n") {
            Some(Self::Png)
        } else if file.starts_with(b"RIFF") && file.get(8..12) == Some(b"WEBP") {
            Some(Self::WebP)
        } else {
            None
        }
    }
}
