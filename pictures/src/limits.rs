//! What a file and its picture may be at most.

/// The largest file that is judged: 5 MiB.
pub const MAX_BYTES: usize = 5 * 1024 * 1024;
/// The longest side that is decoded.
pub(crate) const MAX_SIDE: u32 = 4000;
/// The most pixels that are decoded.
pub(crate) const MAX_PIXELS: u32 = 16_000_000;
/// The most scans of a JPEG. Those that programs write have ten or so; each costs a pass over
/// all of its pixels, even an empty one.
pub(crate) const MAX_SCANS: usize = 32;
/// What a decoder may allocate for metadata, in bytes.
pub(crate) const MAX_METADATA: usize = 1 << 20;
/// What the decoder of lossless WebP may allocate for prefix codes, in bytes: 6 MiB. Of files
/// that libwebp 1.6 wrote, one of patches of 32 pixels needed the most, 2 MB for 1,261 groups of
/// codes; it makes 2,600 at most. What fits no cache of a processor costs time, too: with 21 MB of
/// codes that are looked up at random, 16 megapixels take 2.6 s.
pub(crate) const MAX_CODES: usize = 6 << 20;
