//! WebP, lossy and lossless. The decoder believes what a file says in more than one place; so the
//! file's chunks are read first, and the decoder is given those alone that were looked at.

mod chunks;
mod code;
mod lossless;

use std::io::Cursor;

use image_webp::WebPDecoder;

use crate::orientation::Orientation;
use crate::pixels::Pixels;
use crate::rejection::Rejection;
use chunks::Chunks;

/// Decodes a picture.
///
/// # Errors
/// A [`Rejection`].
pub(crate) fn decode(file: &[u8]) -> Result<(Pixels, Orientation), Rejection> {
    let chunks = Chunks::of(file)?;
    let (size, stream) = chunks.lossless()?;
    if let Some(stream) = stream {
        lossless::check(stream, size)?;
    }
    let file = chunks.still();
    let decoder = WebPDecoder::new(Cursor::new(&file));
    let mut decoder = decoder.map_err(|_| Rejection::Damaged)?;
    if decoder.dimensions() != (size.width, size.height) {
        return Err(Rejection::Damaged);
    }
    let length = decoder.output_buffer_size().ok_or(Rejection::Damaged)?;
    let mut bytes = vec![0; length];
    let read = decoder.read_image(&mut bytes);
    read.map_err(|_| Rejection::Damaged)?;
    let per_pixel = if decoder.has_alpha() { 4 } else { 3 };
    let orientation = Orientation::of_exif(chunks.exif.unwrap_or_default());
    Ok((Pixels::new(size, &bytes, per_pixel)?, orientation))
}
