//! The custom resources of `kargo.akuity.io/v1alpha1`.
