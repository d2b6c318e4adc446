//! PNG.

use std::io::Cursor;

use png::{Decoder, DecodingError, Limits, Transformations};

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
    let limits = Limits {
        bytes: MAX_METADATA,
    };
    let mut decoder = Decoder::new_with_limits(Cursor::new(file), limits);
    // Texts and profiles may be compressed, a thousand to one.
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    decoder.set_transformations(Transformations::EXPAND | Transformations::STRIP_16);
    let header = decoder.read_header_info().map_err(rejection)?;
    let size = Size::checked(header.width, header.height)?;
    let mut reader = decoder.read_info().map_err(rejection)?;
    if reader.info().animation_control.is_some() {
        return Err(Rejection::Animated);
    }
    let length = reader.output_buffer_size().ok_or(Rejection::Damaged)?;
    let mut bytes = vec![0; length];
    reader.next_frame(&mut bytes).map_err(rejection)?;
    let per_pixel = reader.output_color_type().0.samples();
    // The end of the file, which a truncated one lacks. Metadata may stand before it.
    reader.finish().map_err(rejection)?;
    let exif = reader.info().exif_metadata.as_deref().unwrap_or_default();
    let orientation = Orientation::of_exif(exif);
    Ok((Pixels::new(size, &bytes, per_pixel)?, orientation))
}

fn rejection(error: DecodingError) -> Rejection {
    match error {
        DecodingError::IoError(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            Rejection::Truncated
        }
        _ => Rejection::Damaged,
    }
}
