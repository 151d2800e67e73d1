//! Errors of the API server that pass.

/// Whether the same request may succeed a little later.
pub(crate) fn is_away(error: &kube::Error) -> bool {
    match error {
        kube::Error::Api(status) => status.code == 429 || 500 <= status.code,
        kube::Error::HyperError(_) | kube::Error::Service(_) => true,
        _ => false,
    }
}
