//! Lossless WebP with any number of groups of prefix codes, as no encoder writes it.

/// Bits, the lowest of a byte first.
#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    count: usize,
}

impl Bits {
    fn put(&mut self, value: usize, count: usize) {
        for index in 0..count {
            if self.count.is_multiple_of(8) {
                self.bytes.push(0);
            }
            let bit = u8::try_from((value >> index) & 1).unwrap();
            *self.bytes.last_mut().unwrap() |= bit << (self.count % 8);
            self.count += 1;
        }
    }

    /// Writes a code of one symbol, 0, which takes no bits.
    fn single(&mut self) {
        self.put(0b0001, 4);
    }

    /// Writes a code in which so many bits stand for each of the first symbols, and the others
    /// have none.
    fn even(&mut self, width: usize, alphabet: usize) {
        let order = [17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8, 9, 10, 11];
        let count = 1 + order.iter().position(|it| *it == width).unwrap();
        self.put(0, 1);
        self.put(count - 4, 4);
        for symbol in order.iter().take(count) {
            self.put(usize::from(*symbol == width), 3);
        }
        let symbols = 1 << width;
        self.put(usize::from(symbols < alphabet), 1);
        if symbols < alphabet {
            self.put(5, 3);
            self.put(symbols - 2, 12);
        }
    }

    /// Writes a code of one bit: for the first colour, and for a copy of one pixel, 256.
    fn copying(&mut self) {
        const ZEROS: usize = 11;
        self.put(0, 1);
        // The codes of lengths: 0 is for a length of 1, and 1 for 11 zeros and more.
        self.put(0, 4);
        for width in [0, 1, 0, 1] {
            self.put(width, 3);
        }
        self.put(0, 1);
        self.put(0, 1);
        for zeros in [138, 117] {
            self.put(1, 1);
            self.put(zeros - ZEROS, 7);
        }
        self.put(0, 1);
        self.put(1, 1);
        self.put(280 - 257 - ZEROS, 7);
    }

    /// Writes which group of codes each block of 4×4 pixels has: an image of their numbers, without
    /// a cache, with 8 bits and so many higher ones for each.
    fn groups(&mut self, high_bits: usize, groups: impl Iterator<Item = usize>) {
        self.put(1, 1);
        self.put(0, 3);
        self.put(0, 1);
        self.even(8, 280);
        self.even(high_bits, 256);
        for _ in 0..3 {
            self.single();
        }
        for group in groups {
            self.symbol(group % 256, 8);
            self.symbol(group / 256, high_bits);
        }
    }

    /// Writes a symbol of such a code, whose highest bit comes first.
    fn symbol(&mut self, symbol: usize, width: usize) {
        for bit in (0..width).rev() {
            self.put(symbol >> bit, 1);
        }
    }
}

/// Returns how many blocks of 4×4 pixels a picture has.
fn blocks_of(width: u32, height: u32) -> usize {
    width.div_ceil(4) as usize * height.div_ceil(4) as usize
}

/// How much of the decoder's memory the codes of a group take.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    /// None beside that for the group.
    Single,
    /// Three tables of a kilobyte.
    Tables,
    /// These, and a tree for 2,048 symbols of 11 bits.
    Trees,
}

/// Writes the stream of a lossless picture after its header. Each of the first blocks of 4×4
/// pixels has a group of codes of its own, and all others share the last.
pub(crate) fn stream(width: u32, height: u32, groups: usize, kind: Kind) -> Vec<u8> {
    let mut bits = Bits::default();
    // No transforms; a cache of 2,048 colours, or none.
    bits.put(0, 1);
    let cache = if kind == Kind::Trees { 2048 } else { 0 };
    if cache > 0 {
        bits.put(1, 1);
        bits.put(11, 4);
    } else {
        bits.put(0, 1);
    }
    let blocks = blocks_of(width, height);
    bits.groups(8, (0..blocks).map(|block| block.min(groups - 1)));
    for group in 0..groups {
        // The last one is that of most pixels, which should take no bits.
        match kind {
            Kind::Tables | Kind::Trees if group + 1 < groups => {
                if kind == Kind::Trees {
                    bits.even(11, 280 + cache);
                } else {
                    bits.single();
                }
                for _ in 0..3 {
                    bits.even(8, 256);
                }
                bits.single();
            }
            _ => (0..5).for_each(|_| bits.single()),
        }
    }
    // The pixels: zeros, 5 bytes each.
    bits.bytes.extend(vec![0; groups.min(blocks) * 16 * 5 + 8]);
    bits.bytes
}

/// Writes the stream of a lossless picture after its header, with three transforms. Each block of
/// 4×4 pixels has one of 1,024 groups of codes at random, and each pixel is a colour or a copy of
/// the one above, by a random bit.
pub(crate) fn scattered(
    width: u32,
    height: u32,
    mut random: impl FnMut(usize) -> usize,
) -> Vec<u8> {
    const HIGH_BITS: usize = 2;
    let mut bits = Bits::default();
    // The slowest predictor; colours by others; less green. All blocks, of 512 pixels a side, have
    // the same, which takes no bits.
    for (transform, symbol) in [(0, 13), (1, 0)] {
        bits.put(1, 1);
        bits.put(transform, 2);
        bits.put(7, 3);
        bits.put(0, 1);
        bits.put(0b101, 3);
        bits.put(symbol, 8);
        for _ in 0..4 {
            bits.single();
        }
    }
    bits.put(1, 1);
    bits.put(2, 2);
    bits.put(0, 1);
    // No cache.
    bits.put(0, 1);
    let groups = (0..blocks_of(width, height)).map(|_| random(256) + 256 * random(1 << HIGH_BITS));
    bits.groups(HIGH_BITS, groups);
    for _ in 0..256 << HIGH_BITS {
        bits.copying();
        for _ in 0..4 {
            bits.single();
        }
    }
    // Nothing is above the first line.
    for pixel in 0..width * height {
        bits.put(if pixel < width { 0 } else { random(2) }, 1);
    }
    bits.bytes
}

/// Writes the chunk of a lossless picture.
pub(crate) fn chunk(width: u32, height: u32, stream: &[u8]) -> Vec<u8> {
    let header = (width - 1) | (height - 1) << 14;
    [&[0x2f], &header.to_le_bytes()[..], stream].concat()
}
