//! Keeps generated parts of pages equal to what the code says.

/// Compares the part between `<!-- generated -->` and `<!-- end -->` of a page in `docs/` with `part`.
/// With `UPDATE=1` in the environment, rewrites it.
pub(crate) fn keep(page: &str, part: &str) {
    let path = format!("{}/../docs/{page}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap();
    let (begin, end) = ("<!-- generated -->\n", "<!-- end -->");
    let from = text.find(begin).expect("the page has a generated part") + begin.len();
    let to = from
        + text[from..]
            .find(end)
            .expect("the generated part has an end");
    let wanted = format!("{}{part}{}", &text[..from], &text[to..]);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, wanted).unwrap();
        return;
    }
    assert_eq!(
        text, wanted,
        "{page} is not up to date; run the test with UPDATE=1"
    );
}
