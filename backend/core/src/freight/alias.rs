//! Names that people can say: `patient-otter`.

use sha1::{Digest as _, Sha1};

use super::words::{ADJECTIVES, ANIMALS};

/// How many pairs are tried before a number is added.
const PAIRS: u64 = 20;
/// The greatest number that is added.
const NUMBERS: u64 = 10_000;

/// An alias that is not taken yet. The same seed and the same taken aliases give the same alias.
///
/// ```
/// let seed = b"a78f898038ca86a417f132ab5f6c111b498e5eff";
/// let alias = argosy_core::freight::alias(seed, |_| false);
/// assert_eq!(alias.split('-').count(), 2);
/// ```
pub fn alias(seed: &[u8], taken: impl Fn(&str) -> bool) -> String {
    let pairs = (0..PAIRS).map(|attempt| pair(seed, attempt));
    let free = pairs.clone().find(|pair| !taken(pair));
    // So many words are taken that a number is the shorter way.
    free.unwrap_or_else(|| {
        let base = pair(seed, 0);
        let mut numbered = (2..=NUMBERS).map(|number| format!("{base}-{number}"));
        let free = numbered.find(|alias| !taken(alias));
        free.unwrap_or_else(|| format!("{base}-{}", word(&digest(seed, 0)[16..])))
    })
}

fn pair(seed: &[u8], attempt: u64) -> String {
    let digest = digest(seed, attempt);
    let adjective = pick(ADJECTIVES, &digest[..8]);
    let animal = pick(ANIMALS, &digest[8..16]);
    format!("{adjective}-{animal}")
}

fn digest(seed: &[u8], attempt: u64) -> [u8; 20] {
    Sha1::new()
        .chain_update(seed)
        .chain_update(attempt.to_be_bytes())
        .finalize()
        .into()
}

fn pick<'a>(words: &[&'a str], bytes: &[u8]) -> &'a str {
    let number = word(bytes) % words.len() as u64;
    usize::try_from(number)
        .ok()
        .and_then(|at| words.get(at))
        .copied()
        .unwrap_or_default()
}

fn word(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0, |number, byte| number << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn words_are_many_short_and_distinct() {
        for list in [ADJECTIVES, ANIMALS] {
            let distinct: BTreeSet<&str> = list.iter().copied().collect();
            assert_eq!(distinct.len(), list.len());
            assert!(200 <= list.len(), "{}", list.len());
            for word in list {
                assert!((3..=10).contains(&word.len()), "{word}");
                assert!(word.bytes().all(|b| b.is_ascii_lowercase()), "{word}");
            }
        }
    }

    #[test]
    fn the_seed_decides() {
        assert_eq!(alias(b"x", |_| false), alias(b"x", |_| false));
        let many: BTreeSet<String> = (0..1000_u32)
            .map(|n| alias(&n.to_be_bytes(), |_| false))
            .collect();
        assert!(970 < many.len(), "{}", many.len());
    }

    #[test]
    fn taken_aliases_are_not_given_again() {
        let first = alias(b"x", |_| false);
        let second = alias(b"x", |alias| alias == first);
        assert_ne!(first, second);
        assert_eq!(
            alias(b"x", |alias| alias.split('-').count() == 2),
            format!("{first}-2")
        );
        let busy = |alias: &str| !alias.ends_with("-40");
        assert_eq!(alias(b"x", busy), format!("{first}-40"));
        let hopeless = alias(b"x", |_| true);
        assert!(hopeless.starts_with(&format!("{first}-")), "{hopeless}");
    }
}
