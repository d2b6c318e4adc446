//! How a camera was held, as EXIF says it. Read here and not by a library: those that there are
//! make a list of everything that the metadata names, which can be made to name itself thousands
//! of times; this looks at one number.

use crate::size::Size;

/// The tag `Orientation` (0x0112) in the first directory.
const ORIENTATION: u16 = 0x0112;
/// The type of a 16-bit number.
const SHORT: u16 = 3;

/// What has to be done for a picture to be upright: first mirrored, then turned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Orientation {
    /// Left and right are exchanged.
    pub(crate) is_mirrored: bool,
    /// Quarters of a turn, clockwise.
    pub(crate) quarters: u8,
}

impl Orientation {
    /// Reads EXIF metadata, with or without the name that JPEG puts before it. What can't be
    /// read, or isn't there, is upright.
    pub(crate) fn of_exif(exif: &[u8]) -> Self {
        let value = Tiff::of(exif).and_then(|tiff| tiff.orientation());
        let (is_mirrored, quarters) = match value {
            Some(2) => (true, 0),
            Some(3) => (false, 2),
            Some(4) => (true, 2),
            Some(5) => (true, 3),
            Some(6) => (false, 1),
            Some(7) => (true, 1),
            Some(8) => (false, 3),
            _ => (false, 0),
        };
        Self {
            is_mirrored,
            quarters,
        }
    }

    /// Returns the size that a picture has once it is upright, or had before.
    pub(crate) fn upright(self, size: Size) -> Size {
        if self.quarters % 2 == 1 {
            size.turned()
        } else {
            size
        }
    }
}

/// Metadata in the order of bytes that it says.
struct Tiff<'a> {
    bytes: &'a [u8],
    is_little_endian: bool,
}

impl<'a> Tiff<'a> {
    fn of(exif: &'a [u8]) -> Option<Self> {
        let bytes = exif.strip_prefix(b"Exif\0\0").unwrap_or(exif);
        let is_little_endian = match bytes.get(..4)? {
            b"II*\0" => true,
            b"MM\0*" => false,
            _ => return None,
        };
        Some(Self {
            bytes,
            is_little_endian,
        })
    }

    fn orientation(&self) -> Option<u16> {
        let directory = usize::try_from(self.long(4)?).ok()?;
        let entries = self.short(directory)?;
        let first = directory.checked_add(2)?;
        (0..usize::from(entries))
            .map(|index| first.checked_add(index * 12))
            .map_while(|at| at.filter(|at| self.short(*at).is_some()))
            .find(|at| self.short(*at) == Some(ORIENTATION))
            .filter(|at| self.short(at + 2) == Some(SHORT))
            .and_then(|at| self.short(at + 8))
    }

    fn short(&self, at: usize) -> Option<u16> {
        let bytes = self.bytes.get(at..)?.first_chunk()?;
        Some(if self.is_little_endian {
            u16::from_le_bytes(*bytes)
        } else {
            u16::from_be_bytes(*bytes)
        })
    }

    fn long(&self, at: usize) -> Option<u32> {
        let bytes = self.bytes.get(at..)?.first_chunk()?;
        Some(if self.is_little_endian {
            u32::from_le_bytes(*bytes)
        } else {
            u32::from_be_bytes(*bytes)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::exif;

    #[test]
    fn both_orders_of_bytes_are_read_with_and_without_jpegs_name() {
        let turned = Orientation {
            is_mirrored: false,
            quarters: 1,
        };
        for is_little_endian in [true, false] {
            let plain = exif(6, is_little_endian);
            assert_eq!(Orientation::of_exif(&plain), turned);
            let named = [b"Exif\0\0", &plain[..]].concat();
            assert_eq!(Orientation::of_exif(&named), turned);
        }
    }

    #[test]
    fn what_says_nothing_that_can_be_read_is_upright() {
        let whole = exif(6, true);
        // The number stands right before the offset of the next directory.
        for length in 0..whole.len() - 6 {
            let found = Orientation::of_exif(&whole[..length]);
            assert_eq!(found, Orientation::default(), "{length}");
        }
        for value in [0, 9, u16::MAX] {
            assert_eq!(
                Orientation::of_exif(&exif(value, true)),
                Orientation::default()
            );
        }
    }
}
