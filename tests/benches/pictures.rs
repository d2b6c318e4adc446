//! What the worst files cost that `process-image` may meet: processor time and memory of the
//! codecs, for files of at most 5 MiB.
//!
//! `cargo bench -p tests --bench pictures` makes each file, has it judged by a process of its own
//! and reads what that used from `/proc`. It fails if one takes 2 seconds of a processor or
//! 256 MiB, beside what an idle process takes. Times belong to the machine.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a measurement that can't go on should stop, and say where"
)]

use std::path::Path;
use std::process::{Command, Stdio};

use fastrand::Rng;
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
use pictures::{MAX_BYTES, variants};

use files::{Png, chunk, claiming, deflated, hex, jpeg, nine_small, png, profile, riff, scans};

#[path = "../../pictures/src/testing.rs"]
mod files;

/// The longest side that is taken.
const SIDE: u16 = 4000;
const MAX_SECONDS: f64 = 2.0;
const MAX_MIB: f64 = 256.0;

/// A file and what it is.
type Case = (String, Vec<u8>);

fn main() {
    let mut arguments = std::env::args().skip(1);
    if arguments.next().as_deref() == Some("--judge") {
        let file = arguments.next().expect("a file");
        judge(Path::new(&file));
        return;
    }
    let folder = std::env::temp_dir().join(format!("pictures-{}", std::process::id()));
    std::fs::create_dir(&folder).expect("a folder");
    let mut over = Vec::new();
    println!("| file | bytes | CPU s | peak MiB | outcome |\n|---|--:|--:|--:|---|");
    for (name, file) in cases() {
        assert!(file.len() <= MAX_BYTES, "{name}: {} bytes", file.len());
        let path = folder.join("file");
        std::fs::write(&path, &file).expect("written");
        let measured = Command::new(std::env::current_exe().expect("this program"))
            .arg("--judge")
            .arg(&path)
            .stderr(Stdio::inherit())
            .output()
            .expect("a process");
        assert!(measured.status.success(), "{name}");
        let text = String::from_utf8(measured.stdout).expect("text");
        let mut words = text.trim().splitn(3, ' ');
        let mut number = || words.next().unwrap().parse::<f64>().unwrap();
        let (seconds, mib) = (number(), number());
        let outcome = words.next().unwrap();
        let bytes = file.len();
        println!("| {name} | {bytes} | {seconds:.2} | {mib:.0} | {outcome} |");
        if seconds >= MAX_SECONDS || mib >= MAX_MIB {
            over.push(name);
        }
    }
    std::fs::remove_dir_all(&folder).expect("removed");
    assert!(over.is_empty(), "over the limits: {over:?}");
}

/// Judges a file, and prints processor seconds, the peak of memory in MiB and the outcome.
fn judge(path: &Path) {
    let file = std::fs::read(path).expect("the file");
    let before = processor_seconds();
    let judged = variants(&file, || true);
    let seconds = processor_seconds() - before;
    let outcome = match judged {
        Ok(made) => {
            let sizes = made.iter().map(|it| format!("{}×{}", it.width, it.height));
            Vec::from_iter(sizes).join(", ")
        }
        Err(rejection) => rejection.to_string(),
    };
    println!("{seconds} {} {outcome}", peak_mib());
}

/// Processor time of this process, in seconds.
fn processor_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/schedstat").expect("Linux");
    let nanoseconds: f64 = stat.split(' ').next().unwrap().parse().unwrap();
    nanoseconds / 1e9
}

fn peak_mib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find(|it| it.starts_with("VmHWM:"));
    let kib = line.unwrap().split_whitespace().nth(1).unwrap();
    kib.parse::<f64>().unwrap() / 1024.0
}

fn cases() -> Vec<Case> {
    let mut cases = vec![];
    let mut add = |name: &str, file: Vec<u8>| cases.push((name.to_owned(), file));
    add("JPEG, 4:2:0", noisy_jpeg(false, SamplingFactor::F_2_2));
    add(
        "JPEG, progressive, 4:4:4",
        noisy_jpeg(true, SamplingFactor::F_1_1),
    );
    let progressive = noisy_jpeg(true, SamplingFactor::F_1_1);
    add("the same with 32 scans", with_scans(&progressive));
    add("JPEG, progressive, CMYK", cmyk());
    let flat = jpeg(SIDE, SIDE, true, 6);
    add("JPEG, progressive, flat, turned", flat.clone());
    add("the same with 32 scans", with_scans(&flat));
    add("the same with 100,000 empty scans", scans(&flat, 100_000));
    add(
        "JPEG that claims 64,000 a side",
        claiming(&jpeg(600, 600, false, 1), 64_000, 64_000),
    );
    let segments = [
        &flat[..2],
        &[0xff, 0xfe, 0, 2].repeat(1_000_000),
        &flat[2..],
    ]
    .concat();
    add("JPEG of a million comments", segments);

    let side = u32::from(SIDE);
    let mut random = Rng::with_seed(1);
    let grain: Vec<u8> = (0..1 << 16).map(|_| random.u8(..) & 1).collect();
    let noise = |x: u32, y: u32| grain[((x * 7919 + y * 104_729) % (1 << 16)) as usize];
    let plain = Png::rgb(side, side);
    add("PNG, noise", plain.file(&[], &plain.rows(noise)));
    add("PNG, flat", plain.plain(90));
    let deep = Png {
        depth: 16,
        colour: 6,
        is_interlaced: true,
        ..plain
    };
    add("PNG, RGBA of 16 bits, interlaced", deep.plain(90));
    let grey = Png {
        depth: 16,
        colour: 4,
        ..plain
    };
    add("PNG, grey and alpha of 16 bits", grey.plain(90));
    let bits = Png {
        depth: 1,
        colour: 0,
        ..Png::rgb(65_535, 65_535)
    };
    add(
        "PNG of 65,535 a side",
        bits.file(&[], &vec![0; 65_535 * 8193]),
    );
    add(
        "PNG with a profile of 200 MB",
        png(24, 16, &[profile(200 << 20)]),
    );
    let zeros = deflated(&vec![0; 1 << 30]);
    add(
        "PNG of one pixel and a gigabyte",
        Png::rgb(1, 1).file(&[(b"IDAT", zeros)], &[]),
    );
    let chunks = chunk(b"tEXt", b"a\0b").repeat(330_000);
    let small = png(24, 16, &[]);
    add(
        "PNG of 330,000 texts",
        [&small[..33], &chunks, &small[33..]].concat(),
    );

    add("WebP, lossless, flat", files::webp(side, side, 1));
    add("WebP, lossless, noise", noisy_webp());
    add("WebP, lossy, random bits", random_webp(side, 4_000_000));
    add("WebP, lossy, random bits, few", random_webp(side, 700_000));
    let canvas = [&[0; 4][..], &[0xff, 0x7f, 0, 0xff, 0x7f, 0]].concat();
    let still = hex(files::LOSSY_WEBP)[20..].to_vec();
    add(
        "WebP that claims 32,768 a side",
        riff(&[(b"VP8X", canvas), (b"VP8 ", still)]),
    );
    let nine = nine_small().map(|(_, file)| file);
    add(
        "a picture and an archive",
        [&nine[0][..], b"PK\x05\x06", &[0; 18]].concat(),
    );
    cases
}

/// A JPEG of 16 million noisy pixels, at the best quality that fits into 5 MiB.
fn noisy_jpeg(is_progressive: bool, sampling: SamplingFactor) -> Vec<u8> {
    let mut random = Rng::with_seed(2);
    let count = usize::from(SIDE) * usize::from(SIDE) * 3;
    let pixels: Vec<u8> = (0..count).map(|_| 96 + (random.u8(..) & 63)).collect();
    let encode = |quality: u8| {
        let mut file = Vec::new();
        let mut encoder = Encoder::new(&mut file, quality);
        encoder.set_progressive(is_progressive);
        encoder.set_sampling_factor(sampling);
        encoder.encode(&pixels, SIDE, SIDE, ColorType::Rgb).unwrap();
        file
    };
    let files = [60, 40, 30, 20, 10, 5, 2].into_iter().map(encode);
    let mut files = files.filter(|it| it.len() <= MAX_BYTES - 1024);
    files.next().expect("a quality that fits")
}

/// A JPEG of four colours, which has no smaller planes.
fn cmyk() -> Vec<u8> {
    let pixels = vec![90; usize::from(SIDE) * usize::from(SIDE) * 4];
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, 50);
    encoder.set_progressive(true);
    encoder
        .encode(&pixels, SIDE, SIDE, ColorType::Cmyk)
        .unwrap();
    file
}

/// A progressive JPEG with as many scans as are taken.
fn with_scans(jpeg: &[u8]) -> Vec<u8> {
    let own = jpeg.windows(2).filter(|it| *it == [0xff, 0xda]).count();
    scans(jpeg, 32 - own)
}

fn noisy_webp() -> Vec<u8> {
    let mut random = Rng::with_seed(3);
    let side = u32::from(SIDE);
    let pixels: Vec<u8> = (0..side * side)
        .flat_map(|_| [90 + (random.u8(..) & 1), 90, 90])
        .collect();
    files::webp_of(&pixels, side, side, 1)
}

/// A lossy WebP whose header says nothing special, and all the rest is whatever it is: its
/// decoder takes any bits.
fn random_webp(side: u32, bytes: usize) -> Vec<u8> {
    let mut random = Rng::with_seed(4);
    let first = 500_000_u32;
    let tag = (first << 5) | (1 << 4);
    let mut frame = tag.to_le_bytes()[..3].to_vec();
    frame.extend([0x9d, 0x01, 0x2a]);
    let side = u16::try_from(side).unwrap().to_le_bytes();
    frame.extend([side, side].concat());
    frame.extend([0; 4]);
    frame.extend((0..bytes).map(|_| random.u8(..)));
    riff(&[(b"VP8 ", frame)])
}
