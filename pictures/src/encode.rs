//! Writing the JPEGs that the shop shows.

use jpeg_encoder::{ColorType, Encoder};

use crate::pixels::Pixels;
use crate::rejection::Rejection;
use crate::size::Size;

/// Good enough that nobody sees a difference, and half as many bytes as at 95.
const QUALITY: u8 = 82;

/// A JPEG with its size.
pub struct Picture {
    /// Pixels from left to right.
    pub width: u32,
    /// Pixels from top to bottom.
    pub height: u32,
    /// The file.
    pub jpeg: Vec<u8>,
}

impl Picture {
    pub(crate) fn size(&self) -> Size {
        Size {
            width: self.width,
            height: self.height,
        }
    }
}

/// Writes a JPEG of nothing but the pixels.
///
/// # Errors
/// Never in practice: no picture is larger than JPEG can hold.
pub(crate) fn encode(pixels: &Pixels) -> Result<Picture, Rejection> {
    let Size { width, height } = pixels.size();
    let side = |side: u32| u16::try_from(side).map_err(|_| Rejection::Damaged);
    let mut jpeg = Vec::new();
    Encoder::new(&mut jpeg, QUALITY)
        .encode(&pixels.bytes(), side(width)?, side(height)?, ColorType::Rgb)
        .map_err(|_| Rejection::Damaged)?;
    Ok(Picture {
        width,
        height,
        jpeg,
    })
}
