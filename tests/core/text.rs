//! Searching short texts finds what the library finds.

use mcp_wicket::text::{around, find, has, plain};

use crate::random::Random;

#[test]
fn as_the_library_does() {
    const CHARACTERS: [char; 4] = ['a', 'b', ':', 'é'];
    let mut random = Random::new(9);
    let mut found = 0;
    for _ in 0..50_000 {
        let [text, what] = [8, 4].map(|most| {
            let length = random.below(most);
            (0..length).map(|_| random.of(&CHARACTERS)).collect::<String>()
        });
        assert_eq!(find(&text, &what), text.find(&what), "{what:?} in {text:?}");
        assert_eq!(around(&text, &what), text.split_once(&what), "{what:?} in {text:?}");
        assert_eq!(has(&text, b':'), text.contains(':'), "{text:?}");
        found += usize::from(text.contains(&what) && !what.is_empty());
    }
    assert!(found > 1000, "only {found} of them could be found");
}

#[test]
fn strangers_words_are_one_short_line() {
    assert_eq!(plain("a\nb\u{202e}c\u{2066}d\u{200f}e\u{9f}"), "a b c d e ");
    assert_eq!(plain(&"é".repeat(500)).chars().count(), 200);
}
