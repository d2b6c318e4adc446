//! Why a file is no picture of the shop.

use std::fmt;

use crate::limits::{MAX_PIXELS, MAX_SIDE};

/// Why a file was refused. Its text is for whoever sent the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rejection {
    /// It has more than [`MAX_BYTES`](crate::limits::MAX_BYTES).
    TooManyBytes,
    /// It begins as none of the three kinds.
    NoPicture,
    /// It says that it has more pixels than are taken.
    TooLarge {
        /// Pixels from left to right.
        width: u32,
        /// Pixels from top to bottom.
        height: u32,
    },
    /// It has several frames.
    Animated,
    /// It is made of more passes than a picture needs.
    TooManyScans,
    /// Its decoder would need more memory than a picture needs.
    TooComplex,
    /// It ends before the picture does.
    Truncated,
    /// It can't be decoded.
    Damaged,
    /// Time was up before its pictures were made.
    TooSlow,
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooManyBytes => f.write_str("The file is larger than 5 MiB."),
            Self::NoPicture => f.write_str("The file is no JPEG, PNG or WebP picture."),
            Self::TooLarge { width, height } => write!(
                f,
                "The picture has {width} × {height} pixels; at most {MAX_SIDE} a side and \
                 {} million in all can be taken.",
                MAX_PIXELS / 1_000_000
            ),
            Self::Animated => f.write_str("The picture is animated; only still ones are taken."),
            Self::TooManyScans => f.write_str(
                "The picture is stored in too many passes; please save it again, as a \
                 baseline JPEG.",
            ),
            Self::TooComplex => f.write_str(
                "Reading the picture would take too much memory; please save it again, as a \
                 JPEG or a PNG.",
            ),
            Self::Truncated => {
                f.write_str("The file ends before its picture does; please send it again.")
            }
            Self::Damaged => f.write_str("The picture is damaged and can't be read."),
            Self::TooSlow => f.write_str(
                "Reading the picture took too long; please send it in a simpler form or smaller.",
            ),
        }
    }
}

impl std::error::Error for Rejection {}
