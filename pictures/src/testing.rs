//! Files for tests and for the benchmark: good pictures of each kind, and what only somebody
//! hostile would make.

#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "the benchmark and the tests use a part each"
)]

use std::io::Write;

use flate2::write::ZlibEncoder;
use flate2::{Compression, Crc};
use image_webp::WebPEncoder;
use jpeg_encoder::{ColorType, Encoder};

/// What a picture must not keep: it stands in the metadata of those made here.
pub(crate) const SECRET: &[u8] = b"52 deg 31 min north";

/// A lossy WebP of 20×12 pixels.
pub(crate) const LOSSY_WEBP: &str = "524946466600000057454250565038205a0000001004009d012a14000c003ed138b053282225a39801001a096c009d328470002a9a93c8a2eb0ee0871c00fef11f69cedf1770806e08034b9bd5f9d8613d6354f637d9bb2a32bb5b815c735dd794b1e184f5ab9867ca191b8a3000";
/// The same with alpha: its left quarter can't be seen at all.
pub(crate) const LOSSY_WEBP_WITH_ALPHA: &str = "524946469c00000057454250565038580a000000100000001300000b0000414c504812000000012093b6a9f4398f84bd1111556ddb00f80656503820640000001004009d012a14000c003ed138b053282225a39801001a096c009d328470002a5dd088efb752821d8000feb923860f8eff7ac6643f6eb4c00dde840fff8ddfa6d12698ef99f8ed7c7ff8369c1e71884e72b993a8b80875fdd1c86146d127ae5170000000";

/// Reads hexadecimal digits.
pub(crate) fn hex(digits: &str) -> Vec<u8> {
    let pairs = digits.as_bytes().chunks(2);
    let byte = |pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    pairs.map(byte).collect()
}

/// Four quarters: red, green, blue and grey, as red, green and blue of each pixel.
pub(crate) fn quarters(width: u32, height: u32) -> Vec<u8> {
    let pixel = |x, y| match (x < width / 2, y < height / 2) {
        (true, true) => [200, 30, 30],
        (false, true) => [30, 200, 30],
        (true, false) => [30, 30, 200],
        (false, false) => [120, 120, 120],
    };
    (0..height)
        .flat_map(|y| (0..width).flat_map(move |x| pixel(x, y)))
        .collect()
}

/// Metadata of one entry, how the camera was held, as a TIFF file.
pub(crate) fn exif(orientation: u16, is_little_endian: bool) -> Vec<u8> {
    let short = |value: u16| match is_little_endian {
        true => value.to_le_bytes(),
        false => value.to_be_bytes(),
    };
    let long = |value: u32| match is_little_endian {
        true => value.to_le_bytes(),
        false => value.to_be_bytes(),
    };
    let name = if is_little_endian { b"II" } else { b"MM" };
    let mut exif = [&name[..], &short(42), &long(8), &short(1)].concat();
    exif.extend([short(0x0112), short(3)].concat());
    exif.extend(long(1));
    exif.extend([short(orientation), short(0)].concat());
    exif.extend(long(0));
    exif
}

/// A JPEG of [`quarters`], with metadata that says how the camera was held.
pub(crate) fn jpeg(width: u16, height: u16, is_progressive: bool, orientation: u16) -> Vec<u8> {
    let pixels = quarters(u32::from(width), u32::from(height));
    jpeg_of(&pixels, width, height, is_progressive, orientation)
}

/// A JPEG of these pixels.
pub(crate) fn jpeg_of(
    pixels: &[u8],
    width: u16,
    height: u16,
    is_progressive: bool,
    orientation: u16,
) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, 90);
    encoder.set_progressive(is_progressive);
    let metadata = [b"Exif\0\0", &exif(orientation, true)[..], SECRET].concat();
    encoder.add_app_segment(1, metadata).unwrap();
    encoder.add_icc_profile(SECRET).unwrap();
    encoder
        .encode(pixels, width, height, ColorType::Rgb)
        .unwrap();
    file
}

/// A JPEG whose metadata holds another one, as those of cameras do.
pub(crate) fn jpeg_with_thumbnail() -> Vec<u8> {
    let thumbnail = jpeg(8, 8, false, 1);
    let metadata = [b"Exif\0\0", &exif(1, false)[..], &thumbnail].concat();
    insert_segment(&jpeg(24, 16, false, 1), 0xe1, &metadata)
}

/// A JPEG with one more segment at its start.
pub(crate) fn insert_segment(jpeg: &[u8], marker: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len() + 2).unwrap();
    let segment = [&[0xff, marker], &length.to_be_bytes()[..], content].concat();
    [&jpeg[..2], &segment, &jpeg[2..]].concat()
}

/// A JPEG that says it has another size.
pub(crate) fn claiming(jpeg: &[u8], width: u16, height: u16) -> Vec<u8> {
    let mut file = jpeg.to_vec();
    let is_frame = |pair: &[u8]| pair == [0xff, 0xc0] || pair == [0xff, 0xc2];
    let frame = file.windows(2).position(is_frame).unwrap();
    file[frame + 5..frame + 7].copy_from_slice(&height.to_be_bytes());
    file[frame + 7..frame + 9].copy_from_slice(&width.to_be_bytes());
    file
}

/// A progressive JPEG with its first scan so many times, the later ones empty.
pub(crate) fn scans(jpeg: &[u8], empty: usize) -> Vec<u8> {
    let (body, end) = jpeg.split_at(jpeg.len() - 2);
    // Refines the lowest coefficient of the first component, and has no data.
    let scan = [0xff, 0xda, 0, 8, 1, 1, 0, 1, 1, 0x10];
    [body, &scan.repeat(empty), end].concat()
}

/// What the header of a PNG says.
#[derive(Clone, Copy)]
pub(crate) struct Png {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) depth: u8,
    /// 0 grey, 2 RGB, 3 palette, 4 grey and alpha, 6 RGB and alpha.
    pub(crate) colour: u8,
    pub(crate) is_interlaced: bool,
}

impl Png {
    pub(crate) fn rgb(width: u32, height: u32) -> Self {
        Self {
            width,
            height,
            depth: 8,
            colour: 2,
            is_interlaced: false,
        }
    }

    fn header(self) -> Vec<u8> {
        let size = [self.width.to_be_bytes(), self.height.to_be_bytes()].concat();
        let kind = [self.depth, self.colour, 0, 0, u8::from(self.is_interlaced)];
        [&size[..], &kind].concat()
    }

    /// Writes the file, with more chunks before the pixels. `rows` are the rows, each after the
    /// number of its filter.
    pub(crate) fn file(self, extra: &[(&[u8; 4], Vec<u8>)], rows: &[u8]) -> Vec<u8> {
        let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
        file.extend(chunk(b"IHDR", &self.header()));
        for (kind, content) in extra {
            file.extend(chunk(kind, content));
        }
        file.extend(chunk(b"IDAT", &deflated(rows)));
        file.extend(chunk(b"IEND", &[]));
        file
    }

    /// Writes pixels that are all made of one byte.
    pub(crate) fn plain(self, byte: u8) -> Vec<u8> {
        self.file(&[], &self.rows(|_, _| byte))
    }

    /// Makes the rows of pixels whose bytes all depend on their place.
    pub(crate) fn rows(self, byte: impl Fn(u32, u32) -> u8) -> Vec<u8> {
        let samples = match self.colour {
            2 => 3,
            4 => 2,
            6 => 4,
            _ => 1,
        };
        let bytes = samples * usize::from(self.depth) / 8;
        let passes: &[[u32; 4]] = if self.is_interlaced {
            &[
                [0, 0, 8, 8],
                [4, 0, 8, 8],
                [0, 4, 4, 8],
                [2, 0, 4, 4],
                [0, 2, 2, 4],
                [1, 0, 2, 2],
                [0, 1, 1, 2],
            ]
        } else {
            &[[0, 0, 1, 1]]
        };
        let mut rows = Vec::new();
        for [left, top, right, down] in passes.iter().copied() {
            if left >= self.width {
                continue;
            }
            for y in (top..self.height).step_by(down as usize) {
                rows.push(0);
                for x in (left..self.width).step_by(right as usize) {
                    rows.extend(std::iter::repeat_n(byte(x, y), bytes));
                }
            }
        }
        rows
    }
}

/// A PNG of [`quarters`].
pub(crate) fn png(width: u32, height: u32, extra: &[(&[u8; 4], Vec<u8>)]) -> Vec<u8> {
    let pixels = quarters(width, height);
    let rows = pixels.chunks(width as usize * 3);
    let rows = rows.flat_map(|row| std::iter::once(0).chain(row.iter().copied()));
    Png::rgb(width, height).file(extra, &rows.collect::<Vec<_>>())
}

/// A chunk of a PNG.
pub(crate) fn chunk(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let mut crc = Crc::new();
    crc.update(kind);
    crc.update(content);
    let length = u32::try_from(content.len()).unwrap();
    let ends = (length.to_be_bytes(), crc.sum().to_be_bytes());
    [&ends.0[..], kind, content, &ends.1].concat()
}

/// Compresses bytes as PNG does.
pub(crate) fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// The chunks that make a PNG an animation of two frames.
pub(crate) fn animation() -> [(&'static [u8; 4], Vec<u8>); 1] {
    [(b"acTL", [0, 0, 0, 2, 0, 0, 0, 0].to_vec())]
}

/// A profile of so many bytes, as a PNG has it.
pub(crate) fn profile(length: usize) -> (&'static [u8; 4], Vec<u8>) {
    let profile = deflated(&vec![0; length]);
    (b"iCCP", [b"large\0\0", &profile[..]].concat())
}

/// A lossless WebP of [`quarters`], with metadata.
pub(crate) fn webp(width: u32, height: u32, orientation: u16) -> Vec<u8> {
    webp_of(&quarters(width, height), width, height, orientation)
}

/// A lossless WebP of these pixels.
pub(crate) fn webp_of(pixels: &[u8], width: u32, height: u32, orientation: u16) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = WebPEncoder::new(&mut file);
    encoder.set_exif_metadata([&exif(orientation, true)[..], SECRET].concat());
    encoder
        .encode(pixels, width, height, image_webp::ColorType::Rgb8)
        .unwrap();
    file
}

/// A WebP of chunks.
pub(crate) fn riff(chunks: &[(&[u8; 4], Vec<u8>)]) -> Vec<u8> {
    let mut content = b"WEBP".to_vec();
    for (kind, bytes) in chunks {
        content.extend_from_slice(*kind);
        content.extend(u32::try_from(bytes.len()).unwrap().to_le_bytes());
        content.extend(bytes);
        content.extend(std::iter::repeat_n(0, bytes.len() % 2));
    }
    let length = u32::try_from(content.len()).unwrap().to_le_bytes();
    [b"RIFF", &length[..], &content].concat()
}

/// An animated WebP of one frame.
pub(crate) fn animated_webp() -> Vec<u8> {
    let still = hex(LOSSY_WEBP);
    let mut frame = vec![0; 16];
    frame[6] = 19;
    frame[9] = 11;
    frame.extend(&still[12..]);
    let canvas = [2, 0, 0, 0, 19, 0, 0, 11, 0, 0].to_vec();
    riff(&[(b"VP8X", canvas), (b"ANIM", vec![0; 6]), (b"ANMF", frame)])
}

/// Nine small pictures, each of another kind, with their names.
pub(crate) fn nine_small() -> [(&'static str, Vec<u8>); 9] {
    let deep = Png {
        depth: 16,
        is_interlaced: true,
        ..Png::rgb(11, 9)
    };
    let shade = |x, y| u8::try_from((x * 20 + y) % 256).unwrap();
    let clear = Png {
        colour: 6,
        ..Png::rgb(12, 8)
    };
    let grey = Png {
        colour: 4,
        ..Png::rgb(9, 9)
    };
    [
        ("baseline JPEG", jpeg(24, 16, false, 1)),
        ("progressive JPEG", jpeg(24, 16, true, 6)),
        ("JPEG with a thumbnail", jpeg_with_thumbnail()),
        ("PNG", png(24, 16, &[])),
        ("PNG with alpha", clear.file(&[], &clear.rows(shade))),
        ("grey PNG with alpha", grey.file(&[], &grey.rows(shade))),
        (
            "interlaced PNG of 16 bits",
            deep.file(&[], &deep.rows(shade)),
        ),
        ("lossless WebP", webp(24, 16, 1)),
        ("lossy WebP with alpha", hex(LOSSY_WEBP_WITH_ALPHA)),
    ]
}
