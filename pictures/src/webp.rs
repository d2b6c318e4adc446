//! WebP, lossy and lossless.

use std::io::Cursor;

use image_webp::WebPDecoder;

use crate::limits::MAX_METADATA;
use crate::orientation::Orientation;
use crate::pixels::Pixels;
use crate::rejection::Rejection;
use crate::size::Size;

/// Decodes a picture.
///
/// # Errors
/// A [`Rejection`].
pub(crate) fn decode(file: &[u8]) -> Result<(Pixels, Orientation), Rejection> {
    // The decoder takes files that end too early.
    let length = file.get(4..).and_then(<[u8]>::first_chunk);
    let length = u32::from_le_bytes(*length.ok_or(Rejection::Truncated)?);
    let length = usize::try_from(length).map_err(|_| Rejection::Truncated)?;
    let end = length.checked_add(8).ok_or(Rejection::Truncated)?;
    let file = file.get(..end).ok_or(Rejection::Truncated)?;
    let mut decoder = WebPDecoder::new(Cursor::new(file)).map_err(|_| Rejection::Damaged)?;
    decoder.set_memory_limit(MAX_METADATA);
    if decoder.is_animated() {
        return Err(Rejection::Animated);
    }
    let (width, height) = decoder.dimensions();
    let size = Size::checked(width, height)?;
    let length = decoder.output_buffer_size().ok_or(Rejection::Damaged)?;
    let mut bytes = vec![0; length];
    let read = decoder.read_image(&mut bytes);
    read.map_err(|_| Rejection::Damaged)?;
    let exif = decoder.exif_metadata().ok().flatten().unwrap_or_default();
    let orientation = Orientation::of_exif(&exif);
    let per_pixel = if decoder.has_alpha() { 4 } else { 3 };
    Ok((Pixels::new(size, &bytes, per_pixel)?, orientation))
}
