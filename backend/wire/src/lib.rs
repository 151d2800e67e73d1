//! What crosses HTTP between the backend, the panel and the CLI. Serde only.
