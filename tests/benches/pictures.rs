//! What the worst files cost that `process-image` may meet: processor time and memory of the
//! codecs, for files of at most 5 MiB, and of the function from the upload to the verdict.
//!
//! `cargo bench -p tests --bench pictures --profile dev` makes each file, has it judged by a
//! process of its own and reads what that used from `/proc`: it fails if one takes 2 seconds of a
//! processor or 256 MiB, all of the process included. Then it sends them to a shop of
//! debug builds, and fails if one is judged after 5 seconds or its function has taken 256 MiB.
//! Times belong to the machine.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a measurement that can't go on should stop, and say where"
)]

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use fastrand::Rng;
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
use pictures::{MAX_BYTES, variants};
use reqwest::multipart::{Form, Part};
use serde_json::json;
use tests::{Client, Shop, spawn_shop};

use files::lossless::{self, Kind};
use files::{
    Png, chunk, claiming, deflated, hex, insert_segment, jpeg, nine_small, png, profile, riff,
    scans, webp,
};

#[path = "../../pictures/src/testing.rs"]
mod files;

/// The longest side that is taken.
const SIDE: u16 = 4000;
const MAX_SECONDS: f64 = 2.0;
const MAX_MIB: f64 = 256.0;
/// How long it may take from the upload to the verdict, in seconds.
const MAX_WAIT: f64 = 5.0;

/// A file and what it is.
type Case = (String, Vec<u8>);

fn main() {
    let mut arguments = std::env::args().skip(1);
    let (mode, file) = (arguments.next(), arguments.next());
    match mode.as_deref() {
        Some("--judge") => return judge(Path::new(&file.expect("a file"))),
        Some("--beginnings") => return judge_beginnings(),
        _ => {}
    }
    let cases = cases();
    let over = [judged_alone(&cases), judged_by_the_function(&cases)].concat();
    assert!(over.is_empty(), "over the limits: {over:#?}");
}

/// Has each file judged by a process of its own. Returns what was over a limit.
fn judged_alone(cases: &[Case]) -> Vec<String> {
    let folder = std::env::temp_dir().join(format!("pictures-{}", std::process::id()));
    std::fs::create_dir(&folder).expect("a folder");
    let path = folder.join("file");
    let mut over = Vec::new();
    println!("| file | bytes | CPU s | peak MiB | outcome |\n|---|--:|--:|--:|---|");
    for (name, file) in cases {
        assert!(file.len() <= MAX_BYTES, "{name}: {} bytes", file.len());
        std::fs::write(&path, file).expect("written");
        let path = path.to_str().expect("a path of text");
        over.extend(measured(name, file.len(), &["--judge", path]));
    }
    std::fs::remove_dir_all(&folder).expect("removed");
    let name = "every beginning of nine small pictures";
    let bytes = nine_small().iter().map(|(_, file)| file.len()).sum();
    over.extend(measured(name, bytes, &["--beginnings"]));
    over
}

/// Starts this program again, prints what it measured, and returns it if that is over a limit.
fn measured(name: &str, bytes: usize, arguments: &[&str]) -> Option<String> {
    let measured = Command::new(std::env::current_exe().expect("this program"))
        .args(arguments)
        .stderr(Stdio::inherit())
        .output()
        .expect("a process");
    if !measured.status.success() {
        return Some(format!("{name}: {}", measured.status));
    }
    let text = String::from_utf8(measured.stdout).expect("text");
    let mut words = text.trim().splitn(3, ' ');
    let mut number = || words.next().unwrap().parse::<f64>().unwrap();
    let (seconds, mib) = (number(), number());
    let outcome = words.next().unwrap();
    println!("| {name} | {bytes} | {seconds:.2} | {mib:.0} | {outcome} |");
    let is_over = seconds >= MAX_SECONDS || mib >= MAX_MIB;
    is_over.then(|| format!("{name}: {seconds:.2} s of a processor, {mib:.0} MiB"))
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
    println!("{seconds} {} {outcome}", peak_mib("self"));
}

/// Judges each small picture as if it had ended after each of its bytes.
fn judge_beginnings() {
    let before = processor_seconds();
    let (mut refused, mut all) = (0, 0);
    for (name, file) in nine_small() {
        for length in 0..file.len() {
            all += 1;
            match variants(&file[..length], || true) {
                Ok(_) => eprintln!("{name} of {length} bytes was taken"),
                Err(_) => refused += 1,
            }
        }
    }
    assert_eq!(refused, all, "all are refused");
    let seconds = processor_seconds() - before;
    println!("{seconds} {} all {all} refused", peak_mib("self"));
}

/// Sends files to a shop and waits for its verdicts. Returns what was over a limit.
fn judged_by_the_function(cases: &[Case]) -> Vec<String> {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let shop = spawn_shop().await;
        let admin = shop.admin().await;
        let product = shop.new_product("Pictured", 1900, 3).await;
        // The first call waits for the start of the process.
        sent(&shop, &admin, &product, &png(24, 16, &[])).await;
        let mut over = Vec::new();
        println!("\n| sent to the shop | s | peak MiB | outcome |\n|---|--:|--:|---|");
        for (name, file) in cases {
            let (seconds, outcome) = sent(&shop, &admin, &product, file).await;
            let pids = shop.cloud.pids("process-image").into_iter();
            let mib = pids
                .map(|pid| peak_mib(&pid.to_string()))
                .fold(0.0, f64::max);
            println!("| {name} | {seconds:.2} | {mib:.0} | {outcome} |");
            if seconds >= MAX_WAIT || mib >= MAX_MIB || outcome == "pending" {
                over.push(format!(
                    "{name}, sent to the shop: {seconds:.2} s, {mib:.0} MiB, {outcome}"
                ));
            }
        }
        over
    })
}

/// Sends a file. Returns after how many seconds it was judged and what its status is then.
async fn sent(shop: &Shop, admin: &Client, product: &str, file: &[u8]) -> (f64, String) {
    let ask = json!({
        "productId": product, "contentType": "image/png", "contentLength": file.len(),
    });
    let form = admin.post("/api/admin/uploads", &ask).await;
    let form = form.expect(201).body;
    let mut multipart = Form::new();
    for (name, value) in form["fields"].as_object().unwrap() {
        multipart = multipart.text(name.clone(), value.as_str().unwrap().to_owned());
    }
    let multipart = multipart.part("file", Part::bytes(file.to_vec()));
    let url = form["url"].as_str().unwrap();
    let before = Instant::now();
    let posted = reqwest::Client::new().post(url).multipart(multipart).send();
    assert_eq!(posted.await.unwrap().status().as_u16(), 201);
    let limit = Duration::from_secs(60);
    assert!(shop.cloud.events().settle(limit).await, "it settles");
    let seconds = before.elapsed().as_secs_f64();
    let upload = form["uploadId"].as_str().unwrap();
    let state = admin.get(&format!("/api/admin/uploads/{upload}")).await;
    let state = state.expect(200).body;
    (seconds, state["status"].as_str().unwrap().to_owned())
}

/// Processor time of this process, in seconds.
fn processor_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/schedstat").expect("Linux");
    let nanoseconds: f64 = stat.split(' ').next().unwrap().parse().unwrap();
    nanoseconds / 1e9
}

/// The most memory that a process had so far, in MiB.
fn peak_mib(process: &str) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).expect("Linux");
    let line = status.lines().find(|it| it.starts_with("VmHWM:"));
    let kib = line.unwrap().split_whitespace().nth(1).unwrap();
    kib.parse::<f64>().unwrap() / 1024.0
}

fn cases() -> Vec<Case> {
    let cases = [jpegs(), pngs(), webps(), polyglots()].concat();
    let named = cases.into_iter();
    named.map(|(name, file)| (name.to_owned(), file)).collect()
}

fn jpegs() -> Vec<(&'static str, Vec<u8>)> {
    let small = jpeg(600, 600, false, 1);
    let baseline = noisy_jpeg(false, SamplingFactor::F_2_2);
    let progressive = noisy_jpeg(true, SamplingFactor::F_1_1);
    let flat = jpeg(SIDE, SIDE, true, 6);
    let segments =
        |segment: &[u8], times| [&flat[..2], &segment.repeat(times), &flat[2..]].concat();
    // A table with one code.
    let table = [&[0xff, 0xc4, 0, 20, 0, 1][..], &[0; 16]].concat();
    let frame = small.windows(2).position(|it| *it == [0xff, 0xc0]).unwrap();
    let frame = &small[frame + 4..frame + 19];
    let mut arithmetic = small.clone();
    let at = arithmetic.windows(2).position(|it| *it == [0xff, 0xc0]);
    arithmetic[at.unwrap() + 1] = 0xc9;
    vec![
        ("JPEG, 4:2:0, noise", baseline),
        ("JPEG, progressive, 4:4:4, noise", progressive.clone()),
        ("the same with 32 scans", with_scans(&progressive)),
        ("JPEG, progressive, CMYK", cmyk()),
        ("the same with 32 scans", with_scans(&cmyk())),
        ("JPEG, progressive, flat, turned", flat.clone()),
        ("the same with 32 scans", with_scans(&flat)),
        ("the same with 5,000 empty scans", scans(&flat, 5000)),
        ("the same with 100,000 empty scans", scans(&flat, 100_000)),
        (
            "the same with a million comments",
            segments(&[0xff, 0xfe, 0, 2], 1_000_000),
        ),
        ("the same with 190,000 tables", segments(&table, 190_000)),
        (
            "JPEG that claims 64,000 a side",
            claiming(&small, 64_000, 64_000),
        ),
        (
            "JPEG that claims 4,000 a side",
            claiming(&small, SIDE, SIDE),
        ),
        ("JPEG whose height is to follow", claiming(&small, SIDE, 0)),
        ("JPEG with two frames", insert_segment(&small, 0xc0, frame)),
        ("JPEG that says it is arithmetic", arithmetic),
    ]
}

fn pngs() -> Vec<(&'static str, Vec<u8>)> {
    let side = u32::from(SIDE);
    let mut random = Rng::with_seed(1);
    let grain: Vec<u8> = (0..1 << 16).map(|_| random.u8(..) & 1).collect();
    let noise = |x: u32, y: u32| grain[((x * 7919 + y * 104_729) % (1 << 16)) as usize];
    let plain = Png::rgb(side, side);
    let deep = Png {
        depth: 16,
        colour: 6,
        is_interlaced: true,
        ..plain
    };
    let grey = Png {
        depth: 16,
        colour: 4,
        ..plain
    };
    let bits = Png {
        depth: 1,
        colour: 0,
        ..Png::rgb(65_535, 65_535)
    };
    let small = png(24, 16, &[]);
    let chunks = |kind: &[u8; 4], content: &[u8], times| {
        let chunks = chunk(kind, content).repeat(times);
        [&small[..33], &chunks, &small[33..]].concat()
    };
    let zeros = deflated(&vec![0; 200 << 20]);
    let text = [b"large\0\0", &zeros[..]].concat();
    let international = [b"large\0\x01\0\0\0", &zeros[..]].concat();
    let gigabyte = deflated(&vec![0; 1 << 30]);
    vec![
        ("PNG, noise", plain.file(&[], &plain.rows(noise))),
        ("PNG, flat", plain.plain(90)),
        ("PNG, RGBA of 16 bits, interlaced", deep.plain(90)),
        ("PNG, grey and alpha of 16 bits", grey.plain(90)),
        (
            "PNG of 65,535 a side",
            bits.file(&[], &vec![0; 65_535 * 8193]),
        ),
        (
            "PNG with a profile of 200 MB",
            png(24, 16, &[profile(200 << 20)]),
        ),
        ("PNG with a text of 200 MB", chunks(b"zTXt", &text, 20)),
        (
            "PNG with another text of 200 MB",
            chunks(b"iTXt", &international, 20),
        ),
        (
            "PNG with metadata of 5 MB",
            chunks(b"eXIf", &vec![7; 5_000_000], 1),
        ),
        (
            "PNG of one pixel and a gigabyte",
            Png::rgb(1, 1).file(&[(b"IDAT", gigabyte)], &[]),
        ),
        ("PNG of 330,000 texts", chunks(b"tEXt", b"a\0b", 330_000)),
        ("PNG of 400,000 empty parts", chunks(b"IDAT", b"", 400_000)),
    ]
}

fn webps() -> Vec<(&'static str, Vec<u8>)> {
    let side = u32::from(SIDE);
    let lossless =
        |width, height, stream: &[u8]| riff(&[(b"VP8L", lossless::chunk(width, height, stream))]);
    let groups = |groups, kind| lossless::stream(side, side, groups, kind);
    let mut most = lossless::stream(1024, 1024, 1 << 16, Kind::Trees);
    most.truncate(3_800_000);
    let mut most_of_alpha = groups(1 << 16, Kind::Trees);
    most_of_alpha.truncate(3_800_000);
    // As many as are taken.
    let (tables, trees) = (groups(1400, Kind::Tables), groups(80, Kind::Trees));
    let mut random = Rng::with_seed(5);
    let scattered = lossless::scattered(side, side, |below| random.usize(..below));
    // By gradients, the slowest filter. With what chunks begin with, the largest file that is taken.
    let filtered = [&[1 | 3 << 2], &scattered[..]].concat();
    let rest = MAX_BYTES - filtered.len() - 64;
    let canvas = |side: u32, flags: u8| {
        let [a, b, c, _] = (side - 1).to_le_bytes();
        vec![flags, 0, 0, 0, a, b, c, a, b, c]
    };
    let extended = |alpha: Vec<u8>, bytes: usize| {
        riff(&[
            (b"VP8X", canvas(side, 1 << 4)),
            (b"ALPH", alpha),
            (b"VP8 ", random_frame(SIDE, bytes)),
        ])
    };
    let alpha = |stream: &[u8]| [&[1], stream].concat();
    let hidden = |side: u16| {
        riff(&[
            (b"VP8X", canvas(1, 0)),
            (b"VP8 ", random_frame(side, 600_000)),
        ])
    };
    let still = hex(files::LOSSY_WEBP)[20..].to_vec();
    vec![
        ("WebP, lossless, flat", webp(side, side, 1)),
        ("WebP, lossless, noise", noisy_webp()),
        (
            "WebP with 65,536 groups of codes",
            lossless(1024, 1024, &most),
        ),
        (
            "WebP with 1,400 groups of tables",
            lossless(side, side, &tables),
        ),
        ("WebP with 80 groups of trees", lossless(side, side, &trees)),
        (
            "WebP, lossy, random bits",
            riff(&[(b"VP8 ", random_frame(SIDE, 4_000_000))]),
        ),
        (
            "WebP, lossy, random bits, few",
            riff(&[(b"VP8 ", random_frame(SIDE, 700_000))]),
        ),
        (
            "the same with alpha of 80 groups",
            extended(alpha(&trees), 2_500_000),
        ),
        (
            "the same with alpha of 1,400 groups",
            extended(alpha(&tables), 2_000_000),
        ),
        (
            "the same with alpha of 65,536 groups",
            extended(alpha(&most_of_alpha), 700_000),
        ),
        (
            "the same with alpha of 1,024 groups at random",
            extended(filtered, rest),
        ),
        (
            "WebP that claims 32,768 a side",
            riff(&[(b"VP8X", canvas(1 << 15, 0)), (b"VP8 ", still)]),
        ),
        ("WebP of 16,383 a side on one pixel", hidden(16_383)),
        ("WebP of 4,000 a side on one pixel", hidden(SIDE)),
    ]
}

/// Pictures that are something else, too.
fn polyglots() -> Vec<(&'static str, Vec<u8>)> {
    let archive = [b"PK\x05\x06", &[0; 18][..]].concat();
    let page = b"<html><script>alert(1)</script>";
    let picture = jpeg(600, 600, false, 1);
    vec![
        ("JPEG and an archive", [&picture[..], &archive].concat()),
        ("JPEG and a page", insert_segment(&picture, 0xfe, page)),
        ("JPEG and a JPEG", [&picture[..], &picture].concat()),
        ("PNG and a page", png(24, 16, &[(b"tEXt", page.to_vec())])),
        (
            "WebP and an archive",
            [&webp(24, 16, 1)[..], &archive].concat(),
        ),
        ("a page", page.to_vec()),
    ]
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
        .encode(&pixels, SIDE, SIDE, ColorType::CmykAsYcck)
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

/// A lossy picture of WebP whose header says nothing special, and all the rest is whatever it
/// is: its decoder takes any bits.
fn random_frame(side: u16, bytes: usize) -> Vec<u8> {
    let mut random = Rng::with_seed(4);
    let first = 500_000_u32;
    let tag = (first << 5) | (1 << 4);
    let mut frame = tag.to_le_bytes()[..3].to_vec();
    frame.extend([0x9d, 0x01, 0x2a]);
    let side = side.to_le_bytes();
    frame.extend([side, side].concat());
    frame.extend([0; 4]);
    frame.extend((0..bytes).map(|_| random.u8(..)));
    frame
}
