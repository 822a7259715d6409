//! Text that makes records larger, and compresses as the text of applications does: words and shapes come again, numbers do not.

use std::fmt::Write as _;

const ITEMS: [&str; 8] = [
    "lamp",
    "chair",
    "carpet",
    "teapot",
    "mirror",
    "bookcase",
    "cushion",
    "candlestick",
];
const STATES: [&str; 4] = ["created", "paid", "shipped", "returned"];

/// A name, and behind it as much text as it takes to have so many bytes: another text for another number.
pub(super) fn filled(name: String, number: u32, bytes: usize) -> String {
    let least = name.len().max(bytes);
    let mut text = name;
    let mut noise = number;
    while text.len() < bytes {
        // Knuth's multiplicative hash; its upper bits are good enough for prose.
        noise = noise.wrapping_add(1).wrapping_mul(2_654_435_761);
        let (item, state) = (
            ITEMS[(noise >> 29) as usize],
            STATES[(noise >> 27) as usize % STATES.len()],
        );
        let (customer, cents, quantity) = (noise >> 12, noise >> 17 & 0x1fff, noise >> 24 & 7);
        let _ = write!(
            text,
            " {{\"customer\":{customer},\"item\":\"{item}\",\"quantity\":{quantity},\"cents\":{cents},\"state\":\"{state}\"}}"
        );
    }
    text.truncate(least);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_has_the_size_that_was_asked_for_and_starts_with_its_name() {
        for bytes in [0, 4, 5, 50, 200] {
            let text = filled("p1-7".to_owned(), 7, bytes);
            assert_eq!(text.len(), bytes.max(4));
            assert_eq!(text.split(' ').next(), Some("p1-7"));
        }
        assert_ne!(filled("p".to_owned(), 1, 80), filled("p".to_owned(), 2, 80));
    }
}
