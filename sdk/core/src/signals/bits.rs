//! Reading of bits out of base64url text, as the strings of the IAB frameworks are written: six bits a character, most significant first,
//! no padding characters.

/// Bits of one character.
const BITS: usize = 6;

/// Reads fields one after another. Every method returns `None` when the text ends first.
#[derive(Debug, Clone)]
pub(super) struct BitReader<'a> {
    text: &'a [u8],
    /// The next bit.
    at: usize,
}

impl<'a> BitReader<'a> {
    /// Returns a reader, or `None` when a character is outside the base64url alphabet.
    pub(super) fn new(text: &'a str) -> Option<Self> {
        let text = text.as_bytes();
        let is_alphabet = text.iter().all(|c| sextet(*c).is_some());
        is_alphabet.then_some(Self { text, at: 0 })
    }

    /// How many bits are left, the filling at the end among them.
    pub(super) const fn left(&self) -> usize {
        self.text.len() * BITS - self.at
    }

    /// Reads an unsigned number of at most 64 bits.
    pub(super) fn number(&mut self, bits: usize) -> Option<u64> {
        debug_assert!(bits <= 64, "wider than a number");
        let mut value = 0;
        let mut wanted = bits;
        while wanted > 0 {
            let character = sextet(*self.text.get(self.at / BITS)?)?;
            let unread = BITS - self.at % BITS;
            let taken = wanted.min(unread);
            let part = (character >> (unread - taken)) & ((1 << taken) - 1);
            value = (value << taken) | u64::from(part);
            self.at += taken;
            wanted -= taken;
        }
        Some(value)
    }

    /// Reads a flag.
    pub(super) fn flag(&mut self) -> Option<bool> {
        Some(self.number(1)? == 1)
    }

    /// Reads a number of at most 8 bits.
    pub(super) fn byte(&mut self, bits: usize) -> Option<u8> {
        u8::try_from(self.number(bits)?).ok()
    }

    /// Reads a number of at most 16 bits.
    pub(super) fn short(&mut self, bits: usize) -> Option<u16> {
        u16::try_from(self.number(bits)?).ok()
    }

    /// Reads two letters of six bits each, `A` being 0; what is no letter becomes `?`.
    pub(super) fn letters(&mut self) -> Option<[u8; 2]> {
        let mut letters = [b'?'; 2];
        for slot in &mut letters {
            let place = self.byte(BITS)?;
            if place < 26 {
                *slot = b'A' + place;
            }
        }
        Some(letters)
    }

    /// Reads a number in Fibonacci coding: the sum of those Fibonacci numbers (1, 2, 3, 5, …) whose bit is set, ended by a second set bit
    /// in a row. `None` also when it does not fit.
    pub(super) fn fibonacci(&mut self) -> Option<u32> {
        let mut value: u32 = 0;
        let (mut term, mut next): (u32, u32) = (1, 2);
        let mut was_set = false;
        loop {
            let is_set = self.flag()?;
            if is_set && was_set {
                return Some(value);
            }
            if is_set {
                value = value.checked_add(term)?;
            }
            (term, next) = (next, term.checked_add(next)?);
            was_set = is_set;
        }
    }
}

/// Returns the six bits of a character.
const fn sextet(character: u8) -> Option<u8> {
    match character {
        b'A'..=b'Z' => Some(character - b'A'),
        b'a'..=b'z' => Some(character - b'a' + 26),
        b'0'..=b'9' => Some(character - b'0' + 52),
        b'-' => Some(62),
        b'_' => Some(63),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_across_characters() {
        // 000011 000001 111111 111110
        let mut bits = BitReader::new("DB_-").unwrap();
        assert_eq!(bits.number(6), Some(3));
        assert_eq!(bits.number(5), Some(0));
        assert_eq!(bits.short(12), Some(0b1111_1111_1111));
        assert_eq!(bits.left(), 1);
        assert_eq!(bits.number(2), None);
    }

    #[test]
    fn only_the_url_alphabet_without_filling_is_read() {
        for text in ["+A", "A/", "QQ==", "A A", "ä", "A.B"] {
            assert!(BitReader::new(text).is_none(), "{text}");
        }
        assert!(BitReader::new("").is_some_and(|bits| bits.left() == 0));
    }

    #[test]
    fn fibonacci_numbers_are_read() {
        // 1 is 11, 2 is 011, 3 is 0011, 4 is 1011: 110110 011101 1, filled up with zeros.
        let mut bits = BitReader::new("2dg").unwrap();
        let read: Vec<_> = (0..4).map(|_| bits.fibonacci()).collect();
        assert_eq!(read, [Some(1), Some(2), Some(3), Some(4)]);
        // Without an end, and too long to fit.
        assert_eq!(BitReader::new("qqq").unwrap().fibonacci(), None);
        let long = format!("{}w", "A".repeat(20));
        assert_eq!(BitReader::new(&long).unwrap().fibonacci(), None);
    }
}
