//! What somebody may have meant.

use crate::steps;

/// What to say of a step whose kind nothing runs.
#[must_use]
pub fn unknown_kind(uses: &str) -> String {
    if uses.is_empty() {
        return "uses is missing: it says what kind of step this is".to_owned();
    }
    match guess(uses, steps::STEPS.iter().map(|kind| kind.name)) {
        Some(name) => format!("there is no kind of step {uses:?}; did you mean {name:?}?"),
        None => format!("there is no kind of step {uses:?}"),
    }
}

/// The one of `known` that is most like `written`, if it is like it at all.
pub(super) fn guess<'a>(written: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let near = known.map(|name| (distance(written, name), name)).min();
    near.filter(|(distance, name)| distance * 3 <= name.len())
        .map(|(_, name)| name)
}

/// How many letters have to be changed, added or removed.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (at, letter) in a.chars().take(100).enumerate() {
        let mut diagonal = at;
        let mut left = at + 1;
        for (other, above) in b.iter().zip(row.iter_mut().skip(1)) {
            let best = (diagonal + usize::from(letter != *other))
                .min(left + 1)
                .min(*above + 1);
            diagonal = std::mem::replace(above, best);
            left = best;
        }
        if let Some(first) = row.first_mut() {
            *first = at + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_that_is_almost_right_is_guessed() {
        let check = |uses: &str, want: Option<&str>| {
            let said = unknown_kind(uses);
            let guess = said
                .split_once("did you mean ")
                .map(|(_, guess)| guess.trim_matches(['"', '?']).to_owned());
            assert_eq!(guess.as_deref(), want, "{uses}: {said}");
        };
        check("yaml-updat", Some("yaml-update"));
        check("kustomize-set-images", Some("kustomize-set-image"));
        check("gitclone", Some("git-clone"));
        check("copi", Some("copy"));
        check("terraform-apply", None);
        check("", None);
    }

    #[test]
    fn distances_count_letters() {
        for (a, b, want) in [
            ("", "abc", 3),
            ("abc", "", 3),
            ("abc", "abc", 0),
            ("kitten", "sitting", 3),
            ("ab", "ba", 2),
        ] {
            assert_eq!(distance(a, b), want, "{a} {b}");
        }
    }
}
