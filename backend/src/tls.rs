//! Which crypto library HTTPS uses: kube's, so that the binary holds one.

/// Makes `ring` the provider of the process. Call before building an HTTP client.
pub fn use_ring() {
    // An error says that one is installed already, which is what we want.
    let _ = rustls::crypto::ring::default_provider().install_default();
}
