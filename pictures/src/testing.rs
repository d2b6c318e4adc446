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

#[path = "testing/lossless.rs"]
pub(crate) mod lossless;

/// What a picture must not keep: it stands in the metadata of those made here.
pub(crate) const SECRET: &[u8] = b"52 deg 31 min north";

/// A lossy WebP of 20×12 pixels.
pub(crate) const LOSSY_WEBP: &str = "524946466600000057454250565038205a0000001004009d012a14000c003ed138b053282225a39801001a096c009d328470002a9a93c8a2eb0ee0871c00fef11f69cedf1770806e08034b9bd5f9d8613d6354f637d9bb2a32bb5b815c735dd794b1e184f5ab9867ca191b8a3000";
/// The same with alpha: its left quarter can't be seen at all.
pub(crate) const LOSSY_WEBP_WITH_ALPHA: &str = "524946469c00000057454250565038580a000000100000001300000b0000414c504812000000012093b6a9f4398f84bd1111556ddb00f80656503820640000001004009d012a14000c003ed138b053282225a39801001a096c009d328470002a5dd088efb752821d8000feb923860f8eff7ac6643f6eb4c00dde840fff8ddfa6d12698ef99f8ed7c7ff8369c1e71884e72b993a8b80875fdd1c86146d127ae5170000000";

/// A lossless WebP of 24×16 pixels that libwebp wrote with predictors, colours and green.
pub(crate) const LIBWEBP_TRANSFORMS: &str = "52494646c2020000574542505650384cb60200002f17c0030001056ddb3052ef36fe8c4722a2ff3121802400bcf7fe815830d9993f731003afb86d1b87c8febbe6dbaef43ff10409804f010087e301e080645b9b2129b2ec88c8b66dbb7b666ba60df45edd435b65dbfed710d10ab8d6b6a76dfe70f2cb6166e62923b697d291afb2234fccdc9a258741362cdbb64d476ff0bcd8b675df575c4617eabf1a50ed35623b7976286ddb8001e9a039636e9751dee43e60172abbe9f5c6e2725e6df0993dfb9bc9113428c3a242eb224920422304810820a4c58f103fe24c6cbc53d9b09866a68b0cf75bc3f156aab4ec42f0893f1177c1b9d101050c3406f817ffa54f345043a97321a743b697ad82bdf36b6311a4f43e3e69474ebfc7ca86b5a73a0120407356fa38ab88885d7583b4f1078818033b4b382015d2a99def241ac37f01526655fa1284a9e41f47aca07ae23c1bce3f4bbb42919e80a0e8dfdbcefa75013cc5c78eaf31086fc8f9eb0cda8892257bc15c19dd30ebe18a8c5cafd7a7ec5a6d31a3677e0061698e0fdbcb6fe86b9d9f3e1135075050074f35ec097923f261b0b3093ee54158bf726910896886b6ca6bfcf9d28974f0deaf3c914d047c8101251797cb02e1de6431497755f3fd97f668c5f38311f1fc71e8768d9538fdf675186c559802611d6f4c6d38b0e545b3eef87c6c7ddc238e44cffe18eb87730b8f34e0c2c80720bc12dfdfc3d55a6abd68befa8de75a2402d3928ab8ee3c2b0ce98ce5eaff7a86bd59f0cd963d19db5c4a00b57fd0256291f371880bfaa762703374fb6f6a960dd8dbe73f979073d5e6c0ef5a860d9f54e1aa172e07954dc837d64b8e086a09e2b0b73db2582ec53a3fb1431f4b99ab8905c722e159df693ffa3a6bc1d23fd9f426c1dee2a4e059c864b1d6145dd5d19fecc742c3c2011b0a5b3eb58c7f66bd3ef4c2de743170790e01a0a4f9e0019a1df69097062a73d944235d697226f8ad3323201c";
/// One of 24×16 pixels that it wrote with a palette of five colours.
pub(crate) const LIBWEBP_PALETTE: &str = "52494646b0000000574542505650384ca40000002f17c0030016c66ddb06baef6d7c23de8e8201055a424840a87efa7f0199b46da8edaef53f9ef9daeb7fd8ee81b1bbdb49c17597dc34125c93360c92e1eec2abdbc999e575089a1b5bdbc16a4b6d19ddbc438075479b6ee52dae839dde46dc79e07579eb4e0eb68cbb3cb80e2aa66e47e346bba45d75d1c13ad2ad1b9633189d4805cdbb36dc31cfd8a67732846bea44d6eeba08ae3b95f46644780c990eb434adb93b43";
/// One of 32×32 pixels that it wrote with two groups of codes.
pub(crate) const LIBWEBP_BLOCKS: &str = "5249464602030000574542505650384cf50200002f1fc00700469980880845d0b66dcc9ff6db61e85dc9b66d462749dbb639ff1974c5b6f9dbce14a2ff0cdc3652b470d061fa04423692b426233726c3fe0ef7102449521be7538c0762ad05669b64c03499e7f97c5eff2b41637b39bb82c1d713f3c504a5bfd07bfb97a05919e4de7de84943f98eafa6766b092d595b4f5f8ed4c20703ea0ab9259320b777fc62f8dc382b421e8eee93d6eddc36adb271bdbfeadcab29335198214d1cecf51c90fa6425c5d0ef71b6ad4edd7d5bb955f437dbec56af637a31cc3363631c0de552a6bd88861d8680d8167ec31f751041e39ab86c393dbb5c8ab1dd6a5bdbe314770f0a4ba86d6ee48e9b265d6286d7be826dacef2ee5ab570d33d1b22ea966ebfc2ba10a868915d59ba0c1d53562ab6bfa0998bb14d37165450a351bd9e8ec7e9a50c5878eb37ded1c4cb4319a5cd0404b4c8c715a3cf32a8b6748e9bb94717e4afd6e23c633cbd7b77675cd3a316e4c3ec941e488d1656a60ddd0a37a2063cff2862cbcb7320ba1fdd6ed31b62d583a9e2702710f8785079ba6ea04414f6a892690291ee1e97b7ce9e084868a986ab3110997e8011207c11fc036351b71a004309523faf388943fc76f0a063517b33453b1004f5353cfc52570706150461d1ba0a66be3f337f0fa8ba944e28068733d9b7f30d11adef205623e0239ce73918639d07322349a199ccff47906be8268623a0713bdf3bd12d0508121428e682e039663774a877806c5cf8036bdcb3fae27a2341cc438ff289889016829868b11815807c39419f201763f221185718e43eea3302253a18a4ec779c867f320954ef86071742443e7710ad351fcb93224c1720912f39b670124e00fa872122259d6e363789ccee6d904ead91c49f474e8a2767ba0e36cd0230e9444157a8ac0e23dd22f62aa0391a7300c32958775cf76dea740cd93519b055c89992e5f9a4efbd253c641854812a11c843a03629b481c111149c1d723f2b3e4abb3bc8f25c5464444a9a1b321e47844815ae53a8a3f4bd21313354987293a2613bd67aafb2a9fc8c94ccf220e27e110990300";

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
