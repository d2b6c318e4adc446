//! Bounds what the decoder allocates for a lossless picture, by the
//! [specification](https://developers.google.com/speed/webp/docs/webp_lossless_bitstream_specification)
//! of its stream.
//!
//! Each block of a picture may choose one of up to 65,536 groups of five prefix codes, and the
//! decoder makes tables for all of them: a hundred kilobytes for a group that takes 20 bytes in
//! the file. So the stream is read as far as the codes stand in it, nothing of that is kept, and
//! the sizes of those tables are added up.

use super::code::{Bits, Code};
use crate::limits::MAX_CODES;
use crate::rejection::Rejection;
use crate::size::Size;

/// How many literals, lengths of copies, and distances of copies have codes of their own.
const LITERALS: usize = 256;
const LENGTHS: usize = 24;
const DISTANCES: usize = 40;
/// What the decoder needs for a group beside its tables, in bytes: 280, and three times that
/// while their list grows.
const GROUP: usize = 840;

/// The codes for green with all that isn't a colour, red, blue, alpha, and distances.
type Group = [Code; 5];

/// What the codes of a picture's pixels are.
#[derive(Debug, PartialEq, Eq)]
struct Codes {
    groups: usize,
    /// What the decoder allocates for them, in bytes.
    footprint: usize,
}

/// Refuses a stream whose codes need too much memory.
///
/// # Errors
/// [`Rejection::TooComplex`]; [`Rejection::Damaged`] if it can't be read so far.
pub(super) fn check(stream: &[u8], size: Size) -> Result<(), Rejection> {
    Codes::of(stream, size).map(drop)
}

impl Codes {
    fn of(stream: &[u8], size: Size) -> Result<Self, Rejection> {
        let mut bits = Bits::of(stream);
        let width = skip_transforms(&mut bits, size)?;
        let cache = read_cache(&mut bits)?;
        let mut groups = 1;
        if bits.flag()? {
            let pixels = read_blocks(&mut bits, width, size.height)?;
            groups = 1 + skip_image(&mut bits, pixels)?;
        }
        let mut footprint = 0;
        for _ in 0..groups {
            let group = read_group(&mut bits, cache)?;
            footprint += GROUP + group.iter().map(Code::footprint).sum::<usize>();
            if footprint > MAX_CODES {
                return Err(Rejection::TooComplex);
            }
        }
        Ok(Self { groups, footprint })
    }
}

/// Reads over the transforms, and returns the width of the picture that is coded after them.
fn skip_transforms(bits: &mut Bits<'_>, size: Size) -> Result<u32, Rejection> {
    let mut width = size.width;
    let mut seen = [false; 4];
    while bits.flag()? {
        let kind = bits.read(2)?;
        let seen = seen.get_mut(kind).ok_or(Rejection::Damaged)?;
        if std::mem::replace(seen, true) {
            return Err(Rejection::Damaged);
        }
        match kind {
            // Predictors and colours, chosen by blocks.
            0 | 1 => {
                let pixels = read_blocks(bits, width, size.height)?;
                skip_image(bits, pixels)?;
            }
            // Green that is subtracted from the others.
            2 => {}
            // A palette; indices of few colours share a pixel.
            _ => {
                let colours = bits.read(8)? + 1;
                skip_image(bits, colours)?;
                let shared = match colours {
                    0..=2 => 8,
                    3..=4 => 4,
                    5..=16 => 2,
                    _ => 1,
                };
                width = width.div_ceil(shared);
            }
        }
    }
    Ok(width)
}

/// Reads how large blocks are, and returns how many cover a picture.
fn read_blocks(bits: &mut Bits<'_>, width: u32, height: u32) -> Result<usize, Rejection> {
    let side = 1 << (bits.read(3)? + 2);
    let size = Size::checked(width.div_ceil(side), height.div_ceil(side))?;
    Ok(size.area())
}

/// Reads how many colours the cache of those that were used has: none, or a power of two.
fn read_cache(bits: &mut Bits<'_>) -> Result<usize, Rejection> {
    if !bits.flag()? {
        return Ok(0);
    }
    match bits.read(4)? {
        width @ 1..=11 => Ok(1 << width),
        _ => Err(Rejection::Damaged),
    }
}

fn read_group(bits: &mut Bits<'_>, cache: usize) -> Result<Group, Rejection> {
    Ok([
        Code::read(bits, LITERALS + LENGTHS + cache)?,
        Code::read(bits, LITERALS)?,
        Code::read(bits, LITERALS)?,
        Code::read(bits, LITERALS)?,
        Code::read(bits, DISTANCES)?,
    ])
}

/// Reads over an image of blocks or of a palette, which has one group of codes. Returns the
/// largest number that red and green make of a pixel, the number of a group: a pixel that is
/// copied, or comes from the cache, was a literal before.
fn skip_image(bits: &mut Bits<'_>, pixels: usize) -> Result<usize, Rejection> {
    let cache = read_cache(bits)?;
    let [green_code, red_code, blue_code, alpha_code, distance_code] = read_group(bits, cache)?;
    let (mut left, mut largest) = (pixels, 0);
    while left > 0 {
        let green = green_code.symbol(bits)?;
        let covered = if green < LITERALS {
            let red = red_code.symbol(bits)?;
            blue_code.symbol(bits)?;
            alpha_code.symbol(bits)?;
            largest = largest.max(red << 8 | green);
            1
        } else if green < LITERALS + LENGTHS {
            let length = read_extended(bits, green - LITERALS)?;
            let distance = distance_code.symbol(bits)?;
            read_extended(bits, distance)?;
            length
        } else {
            1
        };
        left = left.checked_sub(covered).ok_or(Rejection::Damaged)?;
    }
    Ok(largest)
}

/// Reads the rest of a length or a distance, of which the symbol tells the magnitude.
fn read_extended(bits: &mut Bits<'_>, symbol: usize) -> Result<usize, Rejection> {
    if symbol < 4 {
        return Ok(symbol + 1);
    }
    let width = (symbol - 2) / 2;
    Ok(((2 + symbol % 2) << width) + bits.read(width)? + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::hex;
    use crate::testing::lossless::{Kind, stream};
    use crate::testing::{LIBWEBP_BLOCKS, LIBWEBP_PALETTE, LIBWEBP_TRANSFORMS};

    fn codes(width: u32, height: u32, groups: usize, kind: Kind) -> Result<Codes, Rejection> {
        let stream = stream(width, height, groups, kind);
        Codes::of(&stream, Size::checked(width, height).unwrap())
    }

    #[test]
    fn groups_and_what_their_tables_take_are_counted() {
        for groups in [1, 2, 255, 256, 257, 1000, 4096] {
            let counted = codes(256, 256, groups, Kind::Single).unwrap();
            // 64 bytes around each of five codes that have no table.
            let footprint = groups * (840 + 5 * 64);
            assert_eq!(counted, Codes { groups, footprint });
        }
        // Three tables of 256 entries, in all groups but the last.
        let tables = codes(256, 256, 80, Kind::Tables).unwrap().footprint;
        assert_eq!(tables, 80 * (840 + 5 * 64) + 79 * 3 * 1024);
        // A table of 1024 entries and a tree of 4096 nodes in addition.
        let trees = codes(256, 256, 80, Kind::Trees).unwrap().footprint;
        assert_eq!(trees, tables + 79 * (4096 + 4096 * 16));
    }

    #[test]
    fn the_most_groups_that_there_can_be_are_too_many() {
        for kind in [Kind::Single, Kind::Tables, Kind::Trees] {
            let refused = codes(1024, 1024, 1 << 16, kind);
            assert_eq!(refused, Err(Rejection::TooComplex), "{kind:?}");
        }
        assert!(codes(1024, 1024, 80, Kind::Trees).is_ok());
        assert!(codes(1024, 1024, 90, Kind::Trees).is_err());
    }

    #[test]
    fn what_a_widespread_encoder_writes_is_read_to_the_same_bit() {
        // Made by libwebp 1.6.0: predictors, colours and green; a palette; groups by blocks.
        for (file, size, groups) in [
            (LIBWEBP_TRANSFORMS, (24, 16), 1),
            (LIBWEBP_PALETTE, (24, 16), 1),
            (LIBWEBP_BLOCKS, (32, 32), 2),
        ] {
            let (file, size) = (hex(file), Size::checked(size.0, size.1).unwrap());
            let counted = Codes::of(&file[25..], size).unwrap();
            assert_eq!(counted.groups, groups);
        }
    }

    #[test]
    fn a_stream_that_ends_before_its_codes_do_is_refused() {
        let whole = stream(64, 64, 16, Kind::Trees);
        let size = Size::checked(64, 64).unwrap();
        // What follows the codes are the pixels, which aren't looked at.
        let ends = (0..whole.len()).map(|end| Codes::of(&whole[..end], size).is_ok());
        let first = ends.clone().position(|is_read| is_read).unwrap();
        assert!(first > 500 && first < whole.len() - 16 * 16 * 5);
        assert!(ends.skip(first).all(|is_read| is_read));
    }
}
