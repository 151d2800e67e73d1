//! Kinds whose root object `kube`'s derive cannot shape: no `spec`, or one that may be absent.

/// The API group of all kinds.
pub const GROUP: &str = "kargo.akuity.io";
/// The only version of all kinds.
pub const VERSION: &str = "v1alpha1";
/// Group and version, as `apiVersion` says them.
pub const API_VERSION: &str = "kargo.akuity.io/v1alpha1";

/// Implements what `kube` asks of a custom resource for a struct that has `metadata` and derives
/// serde with `#[serde(remote = "Self")]`.
macro_rules! root {
    ($kind:ident, $plural:literal, $scope:ident) => {
        impl kube::core::Resource for $kind {
            type DynamicType = ();
            type Scope = kube::core::$scope;

            fn group((): &()) -> std::borrow::Cow<'_, str> {
                crate::GROUP.into()
            }

            fn kind((): &()) -> std::borrow::Cow<'_, str> {
                stringify!($kind).into()
            }

            fn version((): &()) -> std::borrow::Cow<'_, str> {
                crate::VERSION.into()
            }

            fn api_version((): &()) -> std::borrow::Cow<'_, str> {
                crate::API_VERSION.into()
            }

            fn plural((): &()) -> std::borrow::Cow<'_, str> {
                $plural.into()
            }

            fn meta(&self) -> &kube::core::ObjectMeta {
                &self.metadata
            }

            fn meta_mut(&mut self) -> &mut kube::core::ObjectMeta {
                &mut self.metadata
            }
        }

        impl serde::Serialize for $kind {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                type Body = $kind;
                #[derive(serde::Serialize)]
                #[serde(rename_all = "camelCase")]
                struct Whole<'a> {
                    api_version: &'static str,
                    kind: &'static str,
                    #[serde(flatten, with = "Body")]
                    body: &'a Body,
                }
                let whole = Whole {
                    api_version: crate::API_VERSION,
                    kind: stringify!($kind),
                    body: self,
                };
                serde::Serialize::serialize(&whole, serializer)
            }
        }

        impl<'de> serde::Deserialize<'de> for $kind {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Self::deserialize(deserializer)
            }
        }
    };
}

pub(crate) use root;
