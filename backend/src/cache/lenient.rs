//! An object as it comes from the API server, readable or not.

use std::borrow::Cow;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::Resource;
use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, Error as _};
use serde_json::Value;

/// Never fails to deserialize, so that one object that a newer version wrote does not stop a list or a watch.
#[derive(Clone, Debug)]
pub(super) struct Lenient<K>(pub(super) Result<K, Box<Unreadable>>);

#[derive(Clone, Debug)]
pub(super) struct Unreadable {
    pub(super) metadata: ObjectMeta,
    /// What is wrong, with the path of the field.
    pub(super) reason: String,
}

const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Takes away what only weighs: who wrote which field, and kubectl's second copy of the object.
pub(super) fn strip(meta: &mut ObjectMeta) {
    meta.managed_fields = None;
    if let Some(annotations) = &mut meta.annotations {
        annotations.remove(LAST_APPLIED);
        if annotations.is_empty() {
            meta.annotations = None;
        }
    }
}

impl<'de, K: DeserializeOwned> Deserialize<'de> for Lenient<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let reason = match serde_path_to_error::deserialize(&value) {
            Ok(object) => return Ok(Self(Ok(object))),
            Err(error) => error.to_string(),
        };
        let metadata = value.get("metadata").unwrap_or(&Value::Null);
        let metadata = ObjectMeta::deserialize(metadata).map_err(D::Error::custom)?;
        Ok(Self(Err(Box::new(Unreadable { metadata, reason }))))
    }
}

impl<K: Resource> Resource for Lenient<K> {
    type DynamicType = K::DynamicType;
    type Scope = K::Scope;

    fn kind(dt: &Self::DynamicType) -> Cow<'_, str> {
        K::kind(dt)
    }

    fn group(dt: &Self::DynamicType) -> Cow<'_, str> {
        K::group(dt)
    }

    fn version(dt: &Self::DynamicType) -> Cow<'_, str> {
        K::version(dt)
    }

    fn plural(dt: &Self::DynamicType) -> Cow<'_, str> {
        K::plural(dt)
    }

    fn meta(&self) -> &ObjectMeta {
        match &self.0 {
            Ok(object) => object.meta(),
            Err(unreadable) => &unreadable.metadata,
        }
    }

    fn meta_mut(&mut self) -> &mut ObjectMeta {
        match &mut self.0 {
            Ok(object) => object.meta_mut(),
            Err(unreadable) => &mut unreadable.metadata,
        }
    }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::core::v1::Pod;
    use serde_json::json;

    use super::*;

    #[test]
    fn an_unreadable_object_keeps_its_name_and_says_where_it_is_wrong() {
        let pod: Lenient<Pod> = serde_json::from_value(json!({
            "metadata": { "namespace": "team", "name": "odd", "resourceVersion": "7" },
            "spec": { "containers": [{ "name": "web", "ports": "none" }] },
        }))
        .unwrap();
        assert_eq!(pod.meta().name.as_deref(), Some("odd"));
        let reason = pod.0.unwrap_err().reason;
        assert!(reason.starts_with("spec.containers[0].ports: "), "{reason}");
    }

    #[test]
    fn weight_is_taken_away_and_annotations_of_others_stay() {
        let mut meta: ObjectMeta = serde_json::from_value(json!({
            "managedFields": [{ "manager": "kubectl" }],
            "annotations": { LAST_APPLIED: "{}", "team": "blue" },
        }))
        .unwrap();
        strip(&mut meta);
        assert_eq!(
            serde_json::to_value(&meta).unwrap(),
            json!({ "annotations": { "team": "blue" } })
        );
    }
}
