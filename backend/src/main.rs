//! The binary `argosy`.

fn main() {}
