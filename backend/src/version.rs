//! What this build is.

/// The release.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
/// The commit it was built from, or `unknown` outside a checkout.
pub const COMMIT: &str = env!("ARGOSY_COMMIT");
