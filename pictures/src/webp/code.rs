//! Prefix codes of lossless WebP, and the bits in which they stand.

use crate::rejection::Rejection;

/// The longest code of a symbol.
const MAX_LENGTH: usize = 15;
/// The order in which the lengths of the codes for lengths stand.
const LENGTHS_ORDER: [usize; 19] = [
    17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
];
/// Symbols up to this length stand in a table of the decoder, and longer ones in a tree.
const TABLE_BITS: usize = 10;
/// What an entry of the decoder's table takes, in bytes.
const TABLE_ENTRY: usize = 4;
/// What a node of the decoder's tree takes, in bytes; it has two for each symbol.
const TREE_NODE: usize = 16;
/// What surrounds a table and a tree in memory, in bytes, no less than it is.
const OVERHEAD: usize = 64;

/// Bits, the lowest of a byte first.
pub(super) struct Bits<'a> {
    bytes: &'a [u8],
    /// The index of the next bit.
    at: usize,
}

impl<'a> Bits<'a> {
    pub(super) fn of(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// Reads so many bits, 18 at most.
    pub(super) fn read(&mut self, count: usize) -> Result<usize, Rejection> {
        let bits = self.peek() & ((1 << count) - 1);
        self.skip(count)?;
        Ok(bits)
    }

    pub(super) fn flag(&mut self) -> Result<bool, Rejection> {
        Ok(self.read(1)? == 1)
    }

    /// Returns the next 25 bits or more; after the end come zeros.
    fn peek(&self) -> usize {
        let rest = self.bytes.get(self.at / 8..).unwrap_or_default();
        let four = rest.first_chunk().copied().unwrap_or_else(|| {
            let mut last = [0; 4];
            for (to, from) in last.iter_mut().zip(rest) {
                *to = *from;
            }
            last
        });
        u32::from_le_bytes(four) as usize >> (self.at % 8)
    }

    fn skip(&mut self, count: usize) -> Result<(), Rejection> {
        self.at += count;
        if self.at > self.bytes.len() * 8 {
            return Err(Rejection::Damaged);
        }
        Ok(())
    }
}

/// A prefix code.
pub(super) struct Code {
    /// How many symbols have a code of each length.
    counts: [usize; MAX_LENGTH + 1],
    /// The symbols in the order of their codes. A single one has a code of no bits.
    symbols: Vec<usize>,
}

impl Code {
    /// Reads a code for symbols below `alphabet`.
    pub(super) fn read(bits: &mut Bits<'_>, alphabet: usize) -> Result<Self, Rejection> {
        if bits.flag()? {
            return Self::read_simple(bits, alphabet);
        }
        let mut lengths = [0; LENGTHS_ORDER.len()];
        let count = 4 + bits.read(4)?;
        for symbol in LENGTHS_ORDER.iter().take(count) {
            *lengths.get_mut(*symbol).ok_or(Rejection::Damaged)? = bits.read(3)?;
        }
        let code = Self::of_lengths(&lengths)?;
        Self::of_lengths(&read_lengths(bits, &code, alphabet)?)
    }

    /// Reads a code of one or two symbols.
    fn read_simple(bits: &mut Bits<'_>, alphabet: usize) -> Result<Self, Rejection> {
        let is_pair = bits.flag()?;
        let first_bits = if bits.flag()? { 8 } else { 1 };
        let mut symbols = vec![bits.read(first_bits)?];
        let mut counts = [0; MAX_LENGTH + 1];
        if is_pair {
            symbols.push(bits.read(8)?);
            counts[1] = 2;
        }
        if symbols.iter().any(|it| *it >= alphabet) {
            return Err(Rejection::Damaged);
        }
        Ok(Self { counts, symbols })
    }

    /// Makes the code in which each symbol has the length that stands at its index, or none if
    /// that is 0.
    fn of_lengths(lengths: &[usize]) -> Result<Self, Rejection> {
        let mut counts = [0; MAX_LENGTH + 1];
        let mut symbols: Vec<(usize, usize)> = Vec::new();
        for (symbol, length) in lengths.iter().enumerate().filter(|(_, it)| **it > 0) {
            *counts.get_mut(*length).ok_or(Rejection::Damaged)? += 1;
            symbols.push((*length, symbol));
        }
        symbols.sort_unstable();
        let symbols: Vec<usize> = symbols.into_iter().map(|(_, symbol)| symbol).collect();
        if symbols.len() == 1 {
            counts = [0; MAX_LENGTH + 1];
        } else {
            // Each series of bits must be a symbol, and only one.
            let shares = counts.iter().enumerate();
            let shares = shares.map(|(length, count)| count << (MAX_LENGTH - length));
            if shares.sum::<usize>() != 1 << MAX_LENGTH {
                return Err(Rejection::Damaged);
            }
        }
        Ok(Self { counts, symbols })
    }

    /// Reads a symbol.
    pub(super) fn symbol(&self, bits: &mut Bits<'_>) -> Result<usize, Rejection> {
        if let [single] = self.symbols[..] {
            return Ok(single);
        }
        let mut next = bits.peek();
        // The first code of this length, the symbols that have shorter ones, and the code so far.
        let (mut first, mut shorter, mut code) = (0, 0, 0);
        for (length, count) in self.counts.iter().enumerate().skip(1) {
            code |= next & 1;
            next >>= 1;
            if code < first + count {
                bits.skip(length)?;
                let symbol = self.symbols.get(shorter + code - first);
                return symbol.copied().ok_or(Rejection::Damaged);
            }
            shorter += count;
            first = (first + count) << 1;
            code <<= 1;
        }
        Err(Rejection::Damaged)
    }

    /// Returns how many bytes the decoder allocates for this code (image-webp 0.2.4, `huffman.rs`).
    pub(super) fn footprint(&self) -> usize {
        let longest = self.counts.iter().rposition(|count| *count > 0);
        let table = longest.map_or(0, |longest| TABLE_ENTRY << longest.min(TABLE_BITS));
        let in_tree: usize = self.counts.iter().skip(TABLE_BITS + 1).sum();
        OVERHEAD + table + 2 * TREE_NODE * in_tree
    }
}

/// Reads the lengths of the codes of an alphabet, which are coded themselves.
fn read_lengths(
    bits: &mut Bits<'_>,
    code: &Code,
    alphabet: usize,
) -> Result<Vec<usize>, Rejection> {
    let most = if bits.flag()? {
        let width = 2 + 2 * bits.read(3)?;
        2 + bits.read(width)?
    } else {
        alphabet
    };
    if most > alphabet {
        return Err(Rejection::Damaged);
    }
    let mut lengths = Vec::with_capacity(alphabet);
    let mut before = 8;
    for _ in 0..most {
        if lengths.len() == alphabet {
            break;
        }
        let (length, times) = match code.symbol(bits)? {
            16 => (before, 3 + bits.read(2)?),
            17 => (0, 3 + bits.read(3)?),
            18 => (0, 11 + bits.read(7)?),
            length => (length, 1),
        };
        if length > 0 {
            before = length;
        }
        lengths.extend(std::iter::repeat_n(length, times));
        if lengths.len() > alphabet {
            return Err(Rejection::Damaged);
        }
    }
    Ok(lengths)
}
