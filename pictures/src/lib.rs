//! Judges a file that claims to be a picture, and makes the pictures of it that the shop shows.
//!
//! It knows neither the shop nor AWS: bytes go in, and JPEGs with their sizes or a [`Rejection`]
//! come out. The file may be hostile. What the decoders see of it is bounded before they begin,
//! by its length and by the size that its header claims; the decoders themselves have no unsafe
//! code, and a panic of theirs is a rejection. Nothing of the file but its pixels reaches what
//! is made: no metadata, no colour profile, no bytes after its end.

mod encode;
mod format;
#[cfg(test)]
mod hostile_files;
mod jpeg;
mod limits;
mod orientation;
mod pixels;
mod png;
mod rejection;
mod size;
#[cfg(test)]
mod testing;
mod webp;

use std::panic::{AssertUnwindSafe, catch_unwind};

pub use encode::Picture;
use encode::encode;
use format::Format;
pub use limits::MAX_BYTES;
pub use rejection::Rejection;

/// Boxes that a picture is fitted into, largest first.
const BOXES: [(u32, u32); 3] = [(1600, 1200), (800, 600), (320, 240)];

/// Makes the JPEGs of a picture that the shop shows: one that fits 1600×1200, 800×600 and 320×240
/// each, largest first, upright, on white where the file is transparent. A picture is never
/// enlarged, so that small ones have fewer.
///
/// `has_time` is asked between any two steps; the longest step is decoding the whole file.
///
/// # Errors
/// A [`Rejection`] if the file is no picture that the shop takes.
pub fn variants(file: &[u8], has_time: impl Fn() -> bool) -> Result<Vec<Picture>, Rejection> {
    // Nothing that a panic leaves half done is looked at again.
    let judged = catch_unwind(AssertUnwindSafe(|| judge(file, has_time)));
    judged.unwrap_or(Err(Rejection::Damaged))
}

fn judge(file: &[u8], has_time: impl Fn() -> bool) -> Result<Vec<Picture>, Rejection> {
    let in_time = || has_time().then_some(()).ok_or(Rejection::TooSlow);
    if file.len() > MAX_BYTES {
        return Err(Rejection::TooManyBytes);
    }
    let format = Format::of(file).ok_or(Rejection::NoPicture)?;
    in_time()?;
    let (mut pixels, orientation) = match format {
        Format::Jpeg => jpeg::decode(file)?,
        Format::Png => png::decode(file)?,
        Format::WebP => webp::decode(file)?,
    };
    let upright = orientation.upright(pixels.size());
    let mut made: Vec<Picture> = Vec::with_capacity(BOXES.len());
    for bounds in BOXES {
        in_time()?;
        let size = upright.fit(bounds);
        if made.iter().any(|one| one.size() == size) {
            continue;
        }
        // Each of the one before: from the whole picture it would take three times as long.
        pixels = pixels.resize(orientation.upright(size))?;
        in_time()?;
        // What is small is turned, not what is large.
        made.push(encode(&pixels.turn(orientation))?);
    }
    Ok(made)
}
