//! The expression language. No domain words in it.
