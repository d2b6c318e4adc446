//! What becomes of whole files, good and hostile.

use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};

use image_webp::WebPDecoder;
use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;

use crate::testing::lossless::Kind;

use crate::testing::{
    LIBWEBP_BLOCKS, LIBWEBP_PALETTE, LIBWEBP_TRANSFORMS, LOSSY_WEBP, LOSSY_WEBP_WITH_ALPHA, Png,
    SECRET, animated_webp, animation, claiming, deflated, exif, hex, insert_segment, jpeg,
    lossless, nine_small, png, profile, riff, scans, webp,
};
use crate::{MAX_BYTES, Picture, Rejection, variants};

fn judge(file: &[u8]) -> Result<Vec<Picture>, Rejection> {
    variants(file, || true)
}

fn refusal(file: &[u8]) -> Rejection {
    sizes_of(judge(file)).unwrap_err()
}

fn sizes(file: &[u8]) -> Vec<(u32, u32)> {
    sizes_of(judge(file)).unwrap()
}

fn sizes_of(judged: Result<Vec<Picture>, Rejection>) -> Result<Vec<(u32, u32)>, Rejection> {
    judged.map(|made| made.iter().map(|p| (p.width, p.height)).collect())
}

/// Decodes a picture that was made, and checks that it has the size that is told.
fn decoded(picture: &Picture) -> Vec<u8> {
    let mut decoder = JpegDecoder::new(ZCursor::new(&picture.jpeg));
    let pixels = decoder.decode().unwrap();
    let info = decoder.info().unwrap();
    let size = (u32::from(info.width), u32::from(info.height));
    assert_eq!(size, (picture.width, picture.height));
    pixels
}

/// The colours in the middle of the quarters: top left, top right, bottom left, bottom right.
fn corners(picture: &Picture) -> [[u8; 3]; 4] {
    let pixels = decoded(picture);
    let at = |x: u32, y: u32| {
        let index = (y * picture.width + x) as usize * 3;
        [pixels[index], pixels[index + 1], pixels[index + 2]]
    };
    let (x, y) = (picture.width / 4, picture.height / 4);
    [at(x, y), at(3 * x, y), at(x, 3 * y), at(3 * x, 3 * y)]
}

/// Whether two colours are the same but for what JPEG loses.
fn is_near(left: [u8; 3], right: [u8; 3]) -> bool {
    left.iter().zip(right).all(|(a, b)| a.abs_diff(b) < 12)
}

const RED: [u8; 3] = [200, 30, 30];
const GREEN: [u8; 3] = [30, 200, 30];
const BLUE: [u8; 3] = [30, 30, 200];
const GREY: [u8; 3] = [120, 120, 120];

fn assert_colours(file: &[u8], expected: [[u8; 3]; 4]) {
    for picture in judge(file).unwrap() {
        let found = corners(&picture);
        let same = found.iter().zip(expected).all(|(a, b)| is_near(*a, b));
        assert!(same, "{found:?} in {}x{}", picture.width, picture.height);
    }
}

#[test]
fn each_kind_becomes_jpegs_of_three_sizes_in_its_colours() {
    let three = [(1600, 1067), (800, 533), (320, 213)];
    for file in [
        jpeg(1800, 1200, false, 1),
        jpeg(1800, 1200, true, 1),
        png(1800, 1200, &[]),
        webp(1800, 1200, 1),
    ] {
        assert_eq!(sizes(&file), three);
        assert_colours(&file, [RED, GREEN, BLUE, GREY]);
    }
}

#[test]
fn a_picture_is_never_enlarged_and_equal_sizes_are_left_out() {
    assert_eq!(
        sizes(&png(1000, 400, &[])),
        [(1000, 400), (800, 320), (320, 128)]
    );
    assert_eq!(sizes(&png(700, 500, &[])), [(700, 500), (320, 229)]);
    assert_eq!(sizes(&png(24, 16, &[])), [(24, 16)]);
    assert_eq!(sizes(&png(4000, 1, &[])), [(1600, 1), (800, 1), (320, 1)]);
}

#[test]
fn a_turned_picture_is_made_upright_before_it_is_fitted() {
    // Held upright, the camera's top is on the right: 6.
    let upright = [(600, 1200), (300, 600), (120, 240)];
    let turned = [BLUE, RED, GREY, GREEN];
    for file in [
        jpeg(2400, 1200, false, 6),
        webp(2400, 1200, 6),
        png(2400, 1200, &[(b"eXIf", exif(6, false))]),
    ] {
        assert_eq!(sizes(&file), upright);
        assert_colours(&file, turned);
    }
}

#[test]
fn lossy_webp_is_taken_and_what_is_transparent_is_white() {
    assert_eq!(sizes(&hex(LOSSY_WEBP)), [(20, 12)]);
    let with_alpha = judge(&hex(LOSSY_WEBP_WITH_ALPHA)).unwrap();
    assert_eq!(with_alpha.len(), 1);
    let pixels = decoded(&with_alpha[0]);
    assert!(pixels[..3].iter().all(|value| *value > 243), "{pixels:?}");
    assert!(pixels[57..60] != [255, 255, 255]);
}

#[test]
fn sixteen_bits_interlaced_are_taken() {
    let deep = Png {
        depth: 16,
        is_interlaced: true,
        ..Png::rgb(400, 300)
    };
    let file = deep.file(&[], &deep.rows(|x, _| if x < 200 { 250 } else { 3 }));
    let (light, dark) = ([250; 3], [3; 3]);
    assert_eq!(sizes(&file), [(400, 300), (320, 240)]);
    assert_colours(&file, [light, dark, light, dark]);
}

#[test]
fn nothing_but_pixels_is_kept() {
    let text = (b"tEXt", [b"Comment\0", SECRET].concat());
    let mut trailing = jpeg(400, 300, false, 1);
    trailing.extend(SECRET);
    let comment = insert_segment(&jpeg(400, 300, false, 1), 0xfe, SECRET);
    for file in [trailing, comment, png(400, 300, &[text]), webp(400, 300, 1)] {
        assert!(contains(&file, SECRET));
        for picture in judge(&file).unwrap() {
            let jpeg = &picture.jpeg;
            assert!(!contains(jpeg, SECRET));
            assert!(!contains(jpeg, b"Exif") && !contains(jpeg, b"ICC_PROFILE"));
            assert!(jpeg.ends_with(&[0xff, 0xd9]));
        }
    }
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[test]
fn a_file_that_is_two_things_at_once_becomes_one_picture() {
    // An archive is read from its end, a page from its first tag: both may be pictures, too.
    let archive = b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
    let scan = b"\xff\xda\0\x08\x01\x01\0\x01\x01\x10";
    let page = b"<html><script>alert(1)</script>";
    let picture = jpeg(400, 300, false, 1);
    for file in [
        [&picture[..], archive].concat(),
        [&picture[..], scan, archive].concat(),
        [&picture[..], &picture].concat(),
        insert_segment(&picture, 0xfe, page),
        png(400, 300, &[(b"tEXt", page.to_vec())]),
        [&png(400, 300, &[])[..], archive].concat(),
        [&webp(400, 300, 1)[..], archive].concat(),
    ] {
        let made = judge(&file).unwrap();
        assert_eq!(made.len(), 2);
        assert!(made.iter().all(|p| !contains(&p.jpeg, b"PK\x05\x06")));
        assert!(made.iter().all(|p| !contains(&p.jpeg, b"<html>")));
    }
}

#[test]
fn what_is_no_picture_by_its_content_is_refused_whatever_it_is_called() {
    for file in [
        &b""[..],
        b"\xff\xd8",
        b"GIF89a\x01\0\x01\0\0\0\0;",
        b"BM\x46\0\0\0",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"%PDF-1.7",
        b"MZ\x90\0",
        b"RIFF\x04\0\0\0WAVE",
        b"\0\0\0\x20ftypavif",
    ] {
        assert_eq!(refusal(file), Rejection::NoPicture, "{file:?}");
    }
}

#[test]
fn a_file_of_more_than_5_mib_is_refused() {
    let mut file = png(24, 16, &[]);
    file.resize(MAX_BYTES, 0);
    assert!(judge(&file).is_ok());
    file.push(0);
    assert_eq!(refusal(&file), Rejection::TooManyBytes);
}

#[test]
fn a_small_file_that_claims_a_large_picture_is_refused_by_its_header() {
    let large = |width, height| Rejection::TooLarge { width, height };
    let small = jpeg(24, 16, false, 1);
    assert_eq!(
        refusal(&claiming(&small, 64_000, 64_000)),
        large(64_000, 64_000)
    );
    assert_eq!(refusal(&claiming(&small, 4001, 1)), large(4001, 1));
    let header = Png::rgb(64_000, 64_000).file(&[], &[0; 100]);
    assert_eq!(refusal(&header), large(64_000, 64_000));
    let header = Png::rgb(u32::MAX >> 1, 1).file(&[], &[0; 100]);
    assert_eq!(refusal(&header), large(u32::MAX >> 1, 1));
    // Half a megabyte that really holds that many pixels.
    let bits = Png {
        depth: 1,
        colour: 0,
        ..Png::rgb(65_535, 65_535)
    };
    let whole = bits.file(&[], &vec![0; 65_535 * 8193]);
    assert!(whole.len() < 600_000, "{}", whole.len());
    assert_eq!(refusal(&whole), large(65_535, 65_535));
    // A canvas of 2^24 pixels a side, and one of 2^15.
    let canvas = |sides: [u8; 6]| {
        let still = hex(LOSSY_WEBP)[20..].to_vec();
        riff(&[(b"VP8X", [&[0; 4][..], &sides].concat()), (b"VP8 ", still)])
    };
    assert!(judge(&canvas([0xff; 6])).is_err());
    let sides = [0xff, 0x7f, 0, 0xff, 0x7f, 0];
    assert_eq!(refusal(&canvas(sides)), large(1 << 15, 1 << 15));
    // Lossless, 14 bits a side.
    let lossless = riff(&[(b"VP8L", vec![0x2f, 0xfe, 0xbf, 0xff, 0x0f, 0, 0, 0])]);
    assert_eq!(refusal(&lossless), large(16_383, 16_383));
}

#[test]
fn a_picture_that_is_larger_than_its_canvas_is_refused_by_its_own_header() {
    let large = |side| Rejection::TooLarge {
        width: side,
        height: side,
    };
    let canvas = |width: u8, height: u8| [0, 0, 0, 0, width - 1, 0, 0, height - 1, 0, 0].to_vec();
    let mut lossy = hex(LOSSY_WEBP)[20..].to_vec();
    lossy.truncate(112);
    assert_eq!(
        sizes(&riff(&[
            (b"VP8X", canvas(20, 12)),
            (b"VP8 ", lossy.clone())
        ])),
        [(20, 12)]
    );
    let smaller = riff(&[(b"VP8X", canvas(1, 1)), (b"VP8 ", lossy.clone())]);
    assert_eq!(refusal(&smaller), Rejection::Damaged);
    // 16,383 pixels a side are 400 MB before the decoder compares them.
    lossy[6..10].copy_from_slice(&[0xff, 0x3f, 0xff, 0x3f]);
    let hidden = riff(&[(b"VP8X", canvas(1, 1)), (b"VP8 ", lossy)]);
    assert_eq!(refusal(&hidden), large(16_383));
    let stream = lossless::stream(8, 8, 1, Kind::Single);
    let lossless = lossless::chunk(16_383, 16_383, &stream);
    let hidden = riff(&[(b"VP8X", canvas(1, 1)), (b"VP8L", lossless)]);
    assert_eq!(refusal(&hidden), large(16_383));
    // The first picture of a file counts, as for the decoder, and must not hide a second.
    let small = lossless::chunk(8, 8, &stream);
    let two = [
        (b"VP8X", canvas(8, 8)),
        (b"VP8L", small),
        (b"VP8 ", vec![0; 10]),
    ];
    assert_eq!(sizes(&riff(&two)), [(8, 8)]);
}

#[test]
fn codes_that_take_more_memory_than_a_picture_needs_are_refused() {
    let mut many = lossless::stream(1024, 1024, 1 << 16, Kind::Trees);
    // All codes and no pixel.
    many.truncate(1_700_000);
    let lossless = riff(&[(b"VP8L", lossless::chunk(1024, 1024, &many))]);
    assert!(lossless.len() < MAX_BYTES, "{}", lossless.len());
    assert_eq!(refusal(&lossless), Rejection::TooComplex);
    // The same for what is transparent of a lossy picture.
    let with_alpha = hex(LOSSY_WEBP_WITH_ALPHA);
    let (canvas, lossy) = (with_alpha[20..30].to_vec(), with_alpha[64..].to_vec());
    assert_eq!(&with_alpha[56..60], b"VP8 ");
    let alpha = |stream: Vec<u8>| {
        let alpha = [vec![1], stream].concat();
        riff(&[
            (b"VP8X", canvas.clone()),
            (b"ALPH", alpha),
            (b"VP8 ", lossy.clone()),
        ])
    };
    let few = lossless::stream(20, 12, 15, Kind::Trees);
    assert_eq!(sizes(&alpha(few)), [(20, 12)]);
    let cut = alpha(lossless::stream(20, 12, 15, Kind::Trees)[..300].to_vec());
    assert_eq!(refusal(&cut), Rejection::Damaged);
}

#[test]
fn what_a_widespread_encoder_writes_is_taken() {
    for file in [LIBWEBP_TRANSFORMS, LIBWEBP_PALETTE] {
        assert_eq!(sizes(&hex(file)), [(24, 16)]);
    }
    assert_eq!(sizes(&hex(LIBWEBP_BLOCKS)), [(32, 32)]);
    let groups = lossless::stream(128, 64, 500, Kind::Tables);
    let groups = riff(&[(b"VP8L", lossless::chunk(128, 64, &groups))]);
    assert_eq!(sizes(&groups), [(128, 64)]);
}

/// What is looked at before it is decoded must not refuse what the decoder takes.
#[test]
fn no_lossless_picture_is_refused_that_its_decoder_takes() {
    let mut random = fastrand::Rng::with_seed(2);
    let groups = lossless::stream(16, 16, 16, Kind::Tables);
    let files = [
        hex(LIBWEBP_TRANSFORMS),
        hex(LIBWEBP_PALETTE),
        hex(LIBWEBP_BLOCKS),
        riff(&[(b"VP8L", lossless::chunk(16, 16, &groups))]),
    ];
    let mut taken = 0;
    for file in files {
        for _ in 0..3000 {
            let mut mutant = file.clone();
            // The stream, so that sizes and chunks stay as they are.
            let at = random.usize(25..mutant.len());
            mutant[at] ^= 1 << random.u8(..8);
            let mut decoder = WebPDecoder::new(Cursor::new(&mutant)).unwrap();
            let mut pixels = vec![0; decoder.output_buffer_size().unwrap()];
            // Its arithmetic may overflow where it is checked.
            let decoded = catch_unwind(AssertUnwindSafe(|| decoder.read_image(&mut pixels)));
            if decoded.is_ok_and(|it| it.is_ok()) {
                taken += 1;
                assert!(judge(&mutant).is_ok(), "{:02x?}", mutant);
            }
        }
    }
    assert!(taken > 1000, "{taken}");
}

#[test]
fn a_file_with_fewer_pixels_than_its_header_claims_is_refused() {
    for is_progressive in [false, true] {
        let claims = claiming(&jpeg(24, 16, is_progressive, 1), 4000, 4000);
        assert_eq!(refusal(&claims), Rejection::Damaged);
    }
    let few = Png::rgb(4000, 4000).file(&[], &[0; 12_001]);
    assert!(judge(&few).is_err());
}

#[test]
fn animations_are_refused() {
    assert_eq!(refusal(&png(24, 16, &animation())), Rejection::Animated);
    assert_eq!(refusal(&animated_webp()), Rejection::Animated);
}

#[test]
fn thousands_of_empty_scans_are_refused_unread() {
    let many = scans(&jpeg(24, 16, true, 1), 5000);
    assert_eq!(refusal(&many), Rejection::TooManyScans);
}

#[test]
fn a_profile_of_200_megabytes_is_never_unpacked() {
    let file = png(24, 16, &[profile(200 << 20)]);
    assert!(file.len() < 300_000, "{}", file.len());
    assert_eq!(sizes(&file), [(24, 16)]);
}

#[test]
fn pixels_beyond_the_last_are_never_unpacked() {
    // Two gigabytes where one pixel was told.
    let mut stream = deflated(&[0, 1, 2, 3]);
    let more = deflated(&vec![0; 100 << 20]);
    stream.extend(more);
    let file = Png::rgb(1, 1).file(&[(b"IDAT", stream)], &vec![0; 100 << 20]);
    // Whatever is made of it, it is made of one pixel.
    if let Ok(made) = judge(&file) {
        assert_eq!((made[0].width, made[0].height), (1, 1));
    }
}

#[test]
fn no_beginning_of_a_picture_passes_for_one() {
    for (name, file) in nine_small() {
        assert!(judge(&file).is_ok(), "{name}");
        for length in 0..file.len() {
            let refused = judge(&file[..length]);
            assert!(refused.is_err(), "{name}: {length} of {} bytes", file.len());
        }
    }
}

#[test]
fn of_damaged_pictures_none_makes_the_process_fail() {
    let mut random = fastrand::Rng::with_seed(1);
    for (name, file) in nine_small() {
        for _ in 0..300 {
            let mut mutant = file.clone();
            for _ in 0..random.usize(1..6) {
                let at = random.usize(..mutant.len());
                mutant[at] = random.u8(..);
            }
            for picture in judge(&mutant).unwrap_or_default() {
                assert!(picture.width <= 1600 && picture.height <= 1200, "{name}");
                decoded(&picture);
            }
        }
    }
}

#[test]
fn time_is_asked_for_before_anything_is_decoded_and_between_steps() {
    let file = png(2000, 2000, &[]);
    assert_eq!(sizes_of(variants(&file, || false)), Err(Rejection::TooSlow));
    let asked = std::cell::Cell::new(0);
    let until_third = || {
        asked.set(asked.get() + 1);
        asked.get() < 3
    };
    assert_eq!(
        sizes_of(variants(&file, until_third)),
        Err(Rejection::TooSlow)
    );
    assert_eq!(asked.get(), 3);
}

#[test]
fn a_panic_of_a_decoder_is_a_refusal() {
    let panics = || panic!("as a decoder might");
    let refused = variants(&png(24, 16, &[]), panics);
    assert_eq!(sizes_of(refused), Err(Rejection::Damaged));
}

#[test]
fn a_refusal_says_what_is_wrong_in_a_sentence() {
    let large = Rejection::TooLarge {
        width: 5000,
        height: 10,
    };
    assert_eq!(
        large.to_string(),
        "The picture has 5000 × 10 pixels; at most 4000 a side and 16 million in all can be taken."
    );
}
