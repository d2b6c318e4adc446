//! The chunks that a WebP file is made of, by its container's
//! [specification](https://developers.google.com/speed/webp/docs/riff_container).

use crate::rejection::Rejection;
use crate::size::Size;

/// What a lossless picture begins with.
const LOSSLESS_SIGNATURE: u8 = 0x2f;
/// How long the header of a lossless picture is, with the signature.
const LOSSLESS_HEADER: usize = 5;
/// What a lossy picture has after the three bytes of its tag.
const LOSSY_SIGNATURE: [u8; 3] = [0x9d, 0x01, 0x2a];
/// Flags of the header of an extended file.
const HAS_ALPHA: u8 = 1 << 4;
const IS_ANIMATED: u8 = 1 << 1;

/// The chunks of a still picture, the first of each kind.
pub(super) struct Chunks<'a> {
    image: Image<'a>,
    /// The transparency of a lossy picture.
    alpha: Option<&'a [u8]>,
    pub(super) exif: Option<&'a [u8]>,
}

enum Image<'a> {
    Lossy(Size, &'a [u8]),
    Lossless(Size, &'a [u8]),
}

impl<'a> Chunks<'a> {
    /// Reads the headers of a file and checks all sizes that it tells.
    ///
    /// # Errors
    /// A [`Rejection`]: among others if a picture has another size than its canvas.
    pub(super) fn of(file: &'a [u8]) -> Result<Self, Rejection> {
        let length = file.get(4..).and_then(<[u8]>::first_chunk);
        let length = length_of(*length.ok_or(Rejection::Truncated)?)?;
        let end = length.checked_add(8).ok_or(Rejection::Truncated)?;
        // Without what follows the end, which is no part of the picture.
        let mut rest = file.get(12..end).ok_or(Rejection::Truncated)?;
        let first = next(&mut rest)?.ok_or(Rejection::Truncated)?;
        let (kind, header) = first;
        if kind != *b"VP8X" {
            let image = Image::of(kind, header)?.ok_or(Rejection::Damaged)?;
            let (alpha, exif) = (None, None);
            return Ok(Self { image, alpha, exif });
        }
        let &[flags, _, _, _, w1, w2, w3, h1, h2, h3, ..] = header else {
            return Err(Rejection::Damaged);
        };
        let side = |[a, b, c]: [u8; 3]| u32::from_le_bytes([a, b, c, 0]) + 1;
        let canvas = Size::checked(side([w1, w2, w3]), side([h1, h2, h3]))?;
        if flags & IS_ANIMATED != 0 {
            return Err(Rejection::Animated);
        }
        let (mut image, mut alpha, mut exif) = (None, None, None);
        while let Some((kind, content)) = next(&mut rest)? {
            match &kind {
                b"ANIM" | b"ANMF" => return Err(Rejection::Animated),
                b"ALPH" if flags & HAS_ALPHA != 0 => alpha = alpha.or(Some(content)),
                b"EXIF" => exif = exif.or(Some(content)),
                _ if image.is_none() => image = Image::of(kind, content)?,
                _ => {}
            }
        }
        let image = image.ok_or(Rejection::Damaged)?;
        if image.size() != canvas {
            return Err(Rejection::Damaged);
        }
        Ok(Self { image, alpha, exif })
    }

    /// Returns the picture's size, and the lossless stream that it has, after the stream's
    /// header: the picture or its transparency.
    pub(super) fn lossless(&self) -> Result<(Size, Option<&'a [u8]>), Rejection> {
        let stream = match (&self.image, self.alpha) {
            (Image::Lossless(_, content), _) => content.get(LOSSLESS_HEADER..),
            (Image::Lossy(..), Some(alpha)) => {
                let (method, stream) = alpha.split_first().ok_or(Rejection::Damaged)?;
                // 0: one byte a pixel, as it is.
                (method & 3 != 0).then_some(stream)
            }
            (Image::Lossy(..), None) => None,
        };
        Ok((self.image.size(), stream))
    }

    /// Writes a file of these chunks and no others.
    pub(super) fn still(&self) -> Vec<u8> {
        match (&self.image, self.alpha) {
            (Image::Lossless(_, content), _) => riff(&[(b"VP8L", content)]),
            (Image::Lossy(_, content), None) => riff(&[(b"VP8 ", content)]),
            (Image::Lossy(Size { width, height }, content), Some(alpha)) => {
                let [w1, w2, w3, _] = (width - 1).to_le_bytes();
                let [h1, h2, h3, _] = (height - 1).to_le_bytes();
                let header = [HAS_ALPHA, 0, 0, 0, w1, w2, w3, h1, h2, h3];
                riff(&[(b"VP8X", &header), (b"ALPH", alpha), (b"VP8 ", content)])
            }
        }
    }
}

impl<'a> Image<'a> {
    /// Reads the header of a chunk; `None` if it is no picture.
    fn of(kind: [u8; 4], content: &'a [u8]) -> Result<Option<Self>, Rejection> {
        match &kind {
            b"VP8 " => {
                let &[_, _, _, s1, s2, s3, w1, w2, h1, h2, ..] = content else {
                    return Err(Rejection::Truncated);
                };
                if [s1, s2, s3] != LOSSY_SIGNATURE {
                    return Err(Rejection::Damaged);
                }
                // Two bits say how much larger it is to be shown.
                let side = |bytes| u32::from(u16::from_le_bytes(bytes) & 0x3fff);
                let size = Size::checked(side([w1, w2]), side([h1, h2]))?;
                Ok(Some(Self::Lossy(size, content)))
            }
            b"VP8L" => {
                let &[LOSSLESS_SIGNATURE, b1, b2, b3, b4, ..] = content else {
                    return Err(Rejection::Damaged);
                };
                let header = u32::from_le_bytes([b1, b2, b3, b4]);
                let side = |bits: u32| (bits & 0x3fff) + 1;
                let size = Size::checked(side(header), side(header >> 14))?;
                Ok(Some(Self::Lossless(size, content)))
            }
            _ => Ok(None),
        }
    }

    fn size(&self) -> Size {
        match self {
            Self::Lossy(size, _) | Self::Lossless(size, _) => *size,
        }
    }
}

/// A chunk's kind and content.
type Chunk<'a> = ([u8; 4], &'a [u8]);

/// Takes a chunk from the front; `None` at the end.
fn next<'a>(rest: &mut &'a [u8]) -> Result<Option<Chunk<'a>>, Rejection> {
    let Some((kind, after)) = rest.split_first_chunk() else {
        return Ok(None);
    };
    let (length, after) = after.split_first_chunk().ok_or(Rejection::Truncated)?;
    let length = length_of(*length)?;
    let content = after.get(..length).ok_or(Rejection::Truncated)?;
    // A byte of padding makes the length even; some programs leave it out at the end.
    *rest = after.get(length + length % 2..).unwrap_or_default();
    Ok(Some((*kind, content)))
}

fn length_of(bytes: [u8; 4]) -> Result<usize, Rejection> {
    usize::try_from(u32::from_le_bytes(bytes)).map_err(|_| Rejection::Truncated)
}

/// Writes a file. It is no longer than the one that was read, and that has a length of 32 bits.
fn riff(chunks: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
    let length = |bytes: usize| u32::try_from(bytes).unwrap_or(u32::MAX).to_le_bytes();
    let mut content = Vec::new();
    for (kind, bytes) in chunks {
        content.extend_from_slice(*kind);
        content.extend(length(bytes.len()));
        content.extend_from_slice(bytes);
        content.extend(std::iter::repeat_n(0, bytes.len() % 2));
    }
    let total = length(content.len() + 4);
    [b"RIFF", &total[..], b"WEBP", &content].concat()
}
