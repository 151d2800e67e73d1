//! The shell: controllers, HTTP, Git, registries.
