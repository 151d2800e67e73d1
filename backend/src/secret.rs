//! Text that must not be seen.

use std::sync::Arc;

/// A password, token or key. It has neither `Debug` nor `Display`, so that it cannot end up in a
/// log, an error or a status by accident. Cheap to clone.
///
/// ```compile_fail
/// format!("{:?}", argosy::secret::Secret::new("hunter2"));
/// ```
#[derive(Clone)]
pub struct Secret(Arc<str>);

impl Secret {
    /// Hides `text`.
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }

    /// The text itself, for the call that sends it and for nothing else.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether there is nothing to hide.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
