//! Objects with fields, named as Kargo's expressions name them: `commit.ID`, `image.Tag`.

use std::collections::BTreeMap;

use argosy_expr::{Map, Object, Value};
use serde_json::Value as Json;

/// An object with fields and without methods.
#[derive(Debug)]
pub(super) struct Record {
    type_name: &'static str,
    fields: Vec<(&'static str, Value)>,
    json: Json,
}

impl Record {
    /// A record that is `json` in a document.
    pub(super) fn value(
        type_name: &'static str,
        fields: Vec<(&'static str, Value)>,
        json: Json,
    ) -> Value {
        Value::object(Self {
            type_name,
            fields,
            json,
        })
    }
}

impl Object for Record {
    fn type_name(&self) -> &str {
        self.type_name
    }

    fn field(&self, name: &str) -> Option<Value> {
        let found = self.fields.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| value.clone())
    }

    fn json(&self) -> Json {
        self.json.clone()
    }
}

/// A text that is empty if it is missing.
pub(super) fn text(value: Option<&str>) -> Value {
    Value::from(value.unwrap_or_default())
}

/// Texts by name. A name that is not there gives an empty text.
pub(super) fn texts(entries: &BTreeMap<String, String>) -> Value {
    let entries = entries
        .iter()
        .map(|(key, value)| (key.as_str(), Value::from(value.as_str())));
    Value::from(Map::text(entries).with_absent(Value::from("")))
}
