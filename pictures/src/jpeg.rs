//! JPEG. The decoder is made for files that are broken by accident, and takes many that end too
//! early; so the file's segments are walked first, which also says how large the picture is
//! before anything is decoded, and where it ends.

use std::io::Cursor;

use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use crate::limits::{MAX_SCANS, MAX_SIDE};
use crate::orientation::Orientation;
use crate::pixels::Pixels;
use crate::rejection::Rejection;
use crate::size::Size;

/// The pixels of a block are this many a side.
const BLOCK: u32 = 8;

/// Decodes a picture.
///
/// # Errors
/// A [`Rejection`].
pub(crate) fn decode(file: &[u8]) -> Result<(Pixels, Orientation), Rejection> {
    let outline = Outline::of(file)?;
    let size = outline.size;
    // Without what follows the end, which is no part of the picture.
    let picture = file.get(..outline.end).ok_or(Rejection::Truncated)?;
    let side = MAX_SIDE as usize;
    let options = DecoderOptions::default()
        .set_strict_mode(true)
        .set_max_width(side)
        .set_max_height(side)
        .jpeg_set_max_scans(MAX_SCANS)
        .jpeg_set_out_colorspace(ColorSpace::RGB);
    let mut decoder = JpegDecoder::new_with_options(Cursor::new(picture), options);
    decoder.decode_headers().map_err(|_| Rejection::Damaged)?;
    let found = decoder.info().ok_or(Rejection::Damaged)?;
    if (u32::from(found.width), u32::from(found.height)) != (size.width, size.height) {
        return Err(Rejection::Damaged);
    }
    let exif = decoder.exif().map(Vec::as_slice).unwrap_or_default();
    let orientation = Orientation::of_exif(exif);
    let bytes = decoder.decode().map_err(|_| Rejection::Damaged)?;
    Ok((Pixels::new(size, &bytes, 3)?, orientation))
}

/// What the segments of a file say.
struct Outline {
    size: Size,
    /// The index of the first byte after the picture.
    end: usize,
}

impl Outline {
    /// Walks the segments from the first byte to the end of the picture.
    fn of(file: &[u8]) -> Result<Self, Rejection> {
        let (mut at, mut frame, mut scans, mut coded) = (2, None, 0, 0);
        loop {
            match marker(file, &mut at)? {
                // The end of the picture.
                0xd9 => {
                    let Frame { size, least } = frame.ok_or(Rejection::Damaged)?;
                    // The decoder shows grey where there is no data.
                    return if scans == 0 || coded < least {
                        Err(Rejection::Damaged)
                    } else {
                        Ok(Self { size, end: at })
                    };
                }
                // A frame: baseline, extended, progressive, and those that nobody decodes. It
                // stands once.
                kind @ (0xc0..=0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf) => {
                    let header = segment(file, &mut at)?;
                    if frame.is_some() {
                        return Err(Rejection::Damaged);
                    }
                    frame = Some(Frame::of(kind, header)?);
                }
                // A scan: its header, then entropy-coded bytes.
                0xda => {
                    segment(file, &mut at)?;
                    scans += 1;
                    if scans > MAX_SCANS {
                        return Err(Rejection::TooManyScans);
                    }
                    let end = end_of_scan(file, at)?;
                    coded += end - at;
                    at = end;
                }
                // Without a length: restarts between scans and a placeholder.
                0x01 | 0xd0..=0xd7 => {}
                // The start of another picture within this one.
                0xd8 => return Err(Rejection::Damaged),
                _ => {
                    segment(file, &mut at)?;
                }
            }
        }
    }
}

/// What the header of a frame says.
struct Frame {
    size: Size,
    /// The fewest bytes that can code its pixels.
    least: usize,
}

impl Frame {
    fn of(kind: u8, header: &[u8]) -> Result<Self, Rejection> {
        let &[_, h1, h2, w1, w2, count, ref components @ ..] = header else {
            return Err(Rejection::Damaged);
        };
        let side = |bytes| u32::from(u16::from_be_bytes(bytes));
        let size = Size::checked(side([w1, w2]), side([h1, h2]))?;
        let (components, rest) = components.as_chunks::<3>();
        if components.len() != usize::from(count) || !rest.is_empty() {
            return Err(Rejection::Damaged);
        }
        let factors = components.iter().map(|[_, factors, _]| {
            let (across, down) = (u32::from(factors >> 4), u32::from(factors & 0x0f));
            let is_known = (1..=4).contains(&across) && (1..=4).contains(&down);
            is_known.then_some((across, down)).ok_or(Rejection::Damaged)
        });
        let factors: Vec<(u32, u32)> = factors.collect::<Result<_, _>>()?;
        let most_across = factors.iter().map(|(across, _)| *across).max().unwrap_or(1);
        let most_down = factors.iter().map(|(_, down)| *down).max().unwrap_or(1);
        let blocks: u32 = factors
            .iter()
            .map(|(across, down)| {
                (size.width * across).div_ceil(BLOCK * most_across)
                    * (size.height * down).div_ceil(BLOCK * most_down)
            })
            .sum();
        // A block has a code for its mean and one that says that there is no more, of a bit at
        // least; in a progressive picture the second can stand for many blocks.
        let bits = if kind == 0xc2 { blocks } else { 2 * blocks };
        let least = usize::try_from(bits / 8).map_err(|_| Rejection::Damaged)?;
        Ok(Self { size, least })
    }
}

/// Reads a marker, before which any number of 0xff may stand.
fn marker(file: &[u8], at: &mut usize) -> Result<u8, Rejection> {
    if *file.get(*at).ok_or(Rejection::Truncated)? != 0xff {
        return Err(Rejection::Damaged);
    }
    loop {
        *at += 1;
        match *file.get(*at).ok_or(Rejection::Truncated)? {
            0xff => {}
            0 => return Err(Rejection::Damaged),
            marker => {
                *at += 1;
                return Ok(marker);
            }
        }
    }
}

/// Reads the content of a segment: two bytes with its length, themselves included.
fn segment<'a>(file: &'a [u8], at: &mut usize) -> Result<&'a [u8], Rejection> {
    let rest = file.get(*at..).ok_or(Rejection::Truncated)?;
    let length = rest.first_chunk().ok_or(Rejection::Truncated)?;
    let length = usize::from(u16::from_be_bytes(*length));
    if length < 2 {
        return Err(Rejection::Damaged);
    }
    *at += length;
    rest.get(2..length).ok_or(Rejection::Truncated)
}

/// Returns where the marker stands that ends a scan.
fn end_of_scan(file: &[u8], mut at: usize) -> Result<usize, Rejection> {
    loop {
        let rest = file.get(at..).ok_or(Rejection::Truncated)?;
        let next = rest.iter().position(|byte| *byte == 0xff);
        at += next.ok_or(Rejection::Truncated)?;
        match file.get(at + 1).ok_or(Rejection::Truncated)? {
            0 | 0xd0..=0xd7 => at += 2,
            // Any number of 0xff may stand before a marker.
            0xff => at += 1,
            _ => return Ok(at),
        }
    }
}
