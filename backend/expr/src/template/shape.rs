//! What a document takes where, as far as templates care: which fields are text.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::coerce::Wanted;

/// What stands at a place of a document.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Shape {
    /// Not known, or of several types.
    #[default]
    Anything,
    /// Text.
    Text,
    /// An array of these.
    List(Box<Self>),
    /// An object with these fields. `rest` is for all others.
    Object {
        /// By name.
        fields: BTreeMap<String, Self>,
        /// Of the fields that are not named.
        rest: Box<Self>,
    },
}

/// How deep a schema is followed. Deeper places take anything.
const MAX_DEPTH: usize = 24;

impl Shape {
    /// The shape that a JSON schema describes. What it leaves open takes anything.
    #[must_use]
    pub fn of_schema(schema: &Json) -> Self {
        Reader { root: schema }.shape(schema, 0)
    }

    pub(crate) fn wanted(&self) -> Wanted {
        match self {
            Self::Text => Wanted::Text,
            Self::Anything | Self::List(_) | Self::Object { .. } => Wanted::Anything,
        }
    }

    pub(crate) fn field(&self, name: &str) -> &Self {
        match self {
            Self::Object { fields, rest } => fields.get(name).unwrap_or(rest),
            Self::Anything | Self::Text | Self::List(_) => &Self::Anything,
        }
    }

    pub(crate) fn item(&self) -> &Self {
        match self {
            Self::List(item) => item,
            Self::Anything | Self::Text | Self::Object { .. } => &Self::Anything,
        }
    }

    /// What holds whichever of the two it is.
    fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Text, Self::Text) => Self::Text,
            (Self::List(left), Self::List(right)) => Self::List(Box::new(left.or(*right))),
            (
                Self::Object { mut fields, rest },
                Self::Object {
                    fields: mut others,
                    rest: other_rest,
                },
            ) => {
                let names: Vec<String> = fields.keys().chain(others.keys()).cloned().collect();
                for name in names {
                    let left = fields.remove(&name);
                    let right = others.remove(&name);
                    let both = match (left, right) {
                        (Some(left), Some(right)) => left.or(right),
                        (Some(one), None) | (None, Some(one)) => one,
                        (None, None) => continue,
                    };
                    fields.insert(name, both);
                }
                Self::Object {
                    fields,
                    rest: Box::new(rest.or(*other_rest)),
                }
            }
            _ => Self::Anything,
        }
    }
}

struct Reader<'a> {
    root: &'a Json,
}

impl Reader<'_> {
    fn shape(&self, schema: &Json, depth: usize) -> Shape {
        if MAX_DEPTH < depth {
            return Shape::Anything;
        }
        if let Some(reference) = schema.get("$ref").and_then(Json::as_str) {
            let found = reference
                .strip_prefix('#')
                .and_then(|pointer| self.root.pointer(pointer));
            return found.map_or(Shape::Anything, |found| self.shape(found, depth + 1));
        }
        let mut shapes: Vec<Shape> = Vec::new();
        for choice in ["anyOf", "oneOf"] {
            for option in schema
                .get(choice)
                .and_then(Json::as_array)
                .into_iter()
                .flatten()
            {
                // An option without a type only adds conditions, and null is nothing to render.
                let typed = [
                    "type",
                    "$ref",
                    "properties",
                    "anyOf",
                    "oneOf",
                    "enum",
                    "const",
                ];
                let says = typed.iter().any(|key| option.get(key).is_some());
                let null = option.get("type").and_then(Json::as_str) == Some("null");
                if says && !null {
                    shapes.push(self.shape(option, depth + 1));
                }
            }
        }
        shapes.extend(self.typed(schema, depth));
        shapes.into_iter().reduce(Shape::or).unwrap_or_default()
    }

    /// What `type` and its companions say.
    fn typed(&self, schema: &Json, depth: usize) -> Option<Shape> {
        let types: Vec<&str> = match schema.get("type") {
            Some(Json::String(one)) => vec![one],
            Some(Json::Array(several)) => several.iter().filter_map(Json::as_str).collect(),
            _ => Vec::new(),
        };
        let types: Vec<&str> = types.into_iter().filter(|name| *name != "null").collect();
        let values = schema.get("enum").and_then(Json::as_array);
        match types.as_slice() {
            ["string"] => Some(Shape::Text),
            ["array"] => {
                let item = schema
                    .get("items")
                    .map_or(Shape::Anything, |item| self.shape(item, depth + 1));
                Some(Shape::List(Box::new(item)))
            }
            ["object"] => Some(self.object(schema, depth)),
            [] if schema.get("properties").is_some() => Some(self.object(schema, depth)),
            [] if values.is_some_and(|values| values.iter().all(Json::is_string)) => {
                Some(Shape::Text)
            }
            [] if schema.get("const").is_some_and(Json::is_string) => Some(Shape::Text),
            [] => None,
            _ => Some(Shape::Anything),
        }
    }

    fn object(&self, schema: &Json, depth: usize) -> Shape {
        let properties = schema.get("properties").and_then(Json::as_object);
        let fields = properties
            .into_iter()
            .flatten()
            .map(|(name, field)| (name.clone(), self.shape(field, depth + 1)))
            .collect();
        let rest = schema
            .get("additionalProperties")
            .map_or(Shape::Anything, |rest| self.shape(rest, depth + 1));
        Shape::Object {
            fields,
            rest: Box::new(rest),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn text_is_found_through_references_options_and_lists() {
        let shape = Shape::of_schema(&json!({
            "type": "object",
            "properties": {
                "checkout": {"type": "array", "items": {"$ref": "#/$defs/Checkout"}},
                "value": {"type": ["string", "number", "boolean"]},
                "labels": {"type": "object", "additionalProperties": {"type": "string"}},
            },
            "$defs": {"Checkout": {
                "type": "object",
                "properties": {"branch": {"type": ["string", "null"]}, "tag": {"anyOf": [{"type": "string"}, {"type": "null"}]}},
                "oneOf": [{"required": ["branch"]}, {"required": ["tag"]}],
            }},
        }));
        let checkout = shape.field("checkout").item();
        assert_eq!(checkout.field("branch").wanted(), Wanted::Text);
        assert_eq!(checkout.field("tag").wanted(), Wanted::Text);
        assert_eq!(shape.field("value").wanted(), Wanted::Anything);
        assert_eq!(shape.field("labels").field("any").wanted(), Wanted::Text);
        assert_eq!(shape.field("unknown").wanted(), Wanted::Anything);
    }

    #[test]
    fn a_schema_that_refers_to_itself_ends() {
        let schema = json!({"properties": {"a": {"$ref": "#"}}});
        assert_eq!(
            Shape::of_schema(&schema)
                .field("a")
                .field("a")
                .field("b")
                .wanted(),
            Wanted::Anything
        );
        assert_eq!(Shape::of_schema(&json!({"$ref": "#"})), Shape::Anything);
    }
}
