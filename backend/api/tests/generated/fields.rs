//! A kind's fields and rules, as the pages in `docs/kinds/` list them.

use std::collections::HashMap;
use std::fmt::Write as _;

use serde_json::Value;

/// Parts that are told on another page.
const ELSEWHERE: &[(&str, &str)] = &[
    (
        "status.currentPromotion.status",
        "the `status` of a [Promotion](promotion.md)",
    ),
    (
        "status.lastPromotion.status",
        "the `status` of a [Promotion](promotion.md)",
    ),
    ("conditions", "[conditions](README.md#conditions)"),
];

/// The fields of a schema as tables in Markdown, and its rules as a list.
pub(crate) fn render(schema: &Value) -> String {
    let mut page = Page::default();
    let mut whole = String::new();
    for (title, part) in [("Spec", "spec"), ("Status", "status")] {
        let Some(schema) = schema["properties"].get(part) else {
            continue;
        };
        page.section(&mut whole, title, |page| page.inside(schema, part));
    }
    // What Freight has it has at the root.
    page.section(&mut whole, "Fields", |page| {
        let rest = |name: &&String| !matches!(name.as_str(), "spec" | "status");
        for name in properties(schema).map(|(name, _)| name).filter(rest) {
            let required = is_required(schema, name);
            page.field(&schema["properties"][name.as_str()], name, required);
        }
    });
    page.rules(schema, "");
    if !page.rules.is_empty() {
        page.rules.dedup();
        let _ = write!(
            whole,
            "\n### Refused, with this message\n\n{}",
            page.rules.concat()
        );
    }
    whole
}

#[derive(Default)]
struct Page {
    rows: String,
    rules: Vec<String>,
    /// Shapes that the page has told already, and where.
    told: HashMap<String, String>,
}

impl Page {
    fn section(&mut self, whole: &mut String, title: &str, fill: impl FnOnce(&mut Self)) {
        fill(self);
        if !self.rows.is_empty() {
            let head = "| field | type | meaning |\n|---|---|---|";
            let _ = write!(whole, "\n### {title}\n\n{head}\n{}", self.rows);
            self.rows.clear();
        }
    }

    fn inside(&mut self, schema: &Value, path: &str) {
        let is_old = |schema: &Value| {
            schema["description"]
                .as_str()
                .is_some_and(|text| text.contains("Deprecated:"))
        };
        for old in [false, true] {
            for (name, inner) in properties(schema).filter(|(_, inner)| is_old(inner) == old) {
                self.field(inner, &format!("{path}.{name}"), is_required(schema, name));
            }
        }
    }

    fn field(&mut self, schema: &Value, path: &str, required: bool) {
        let (inner, suffix) = element(schema);
        let shown = path
            .trim_start_matches("spec.")
            .trim_start_matches("status.");
        let inside = format!("{path}{suffix}");
        let shape = shape(inner);
        let link = if properties(inner).next().is_none() {
            None
        } else if let Some((_, link)) = ELSEWHERE.iter().find(|(end, _)| path.ends_with(end)) {
            Some((*link).to_owned())
        } else if let Some(earlier) = self.told.get(&shape) {
            Some(format!("as `{earlier}`"))
        } else {
            self.told.insert(shape, format!("{shown}{suffix}"));
            None
        };
        let expand = link.is_none();
        let kind = link.unwrap_or_else(|| kind(schema));
        let mut notes = vec![kind];
        notes.extend(required.then(|| "**required**".to_owned()));
        notes.extend(limits(schema));
        let meaning = schema["description"].as_str().unwrap_or_default();
        let meaning = meaning
            .replace("\n\nPossible values:\n - ", " ")
            .replace("\n - ", " ");
        let row = format!(
            "| `{shown}` | {} | {} |",
            notes.join(", "),
            meaning.replace('|', "\\|")
        );
        let _ = writeln!(self.rows, "{row}");
        if expand {
            self.inside(inner, &inside);
        }
    }

    fn rules(&mut self, schema: &Value, path: &str) {
        for rule in schema["x-kubernetes-validations"]
            .as_array()
            .into_iter()
            .flatten()
        {
            let place = match path.trim_start_matches('.') {
                "" => String::new(),
                place => format!("`{place}`: "),
            };
            let message = rule["message"].as_str().unwrap_or_default();
            self.rules.push(format!("- {place}{message}\n"));
        }
        let (inner, suffix) = element(schema);
        if !suffix.is_empty() {
            self.rules(inner, &format!("{path}{suffix}"));
        }
        for (name, inner) in properties(schema) {
            self.rules(inner, &format!("{path}.{name}"));
        }
    }
}

fn properties(schema: &Value) -> impl Iterator<Item = (&String, &Value)> {
    schema["properties"].as_object().into_iter().flatten()
}

fn is_required(schema: &Value, name: &str) -> bool {
    schema["required"]
        .as_array()
        .is_some_and(|all| all.iter().any(|it| it == name))
}

/// What a list or map holds, and how its path goes on; another schema itself.
fn element(schema: &Value) -> (&Value, &'static str) {
    if let Some(items) = schema.get("items") {
        return (items, "[]");
    }
    match schema
        .get("additionalProperties")
        .filter(|inner| inner.is_object())
    {
        Some(values) => (values, ".*"),
        None => (schema, ""),
    }
}

/// The properties without what is said about them.
fn shape(schema: &Value) -> String {
    fn strip(value: &Value) -> Value {
        match value {
            Value::Object(object) => object
                .iter()
                .filter(|(key, value)| !(key.as_str() == "description" && value.is_string()))
                .map(|(key, value)| (key.clone(), strip(value)))
                .collect(),
            other => other.clone(),
        }
    }
    strip(&schema["properties"]).to_string()
}

fn kind(schema: &Value) -> String {
    let one = |schema: &Value| match schema["type"].as_str() {
        Some("string") if schema["format"] == "date-time" => "time",
        Some("string")
            if schema["pattern"]
                .as_str()
                .is_some_and(|it| it.ends_with("(s|m|h))+$")) =>
        {
            "duration"
        }
        Some("string") => "text",
        Some("boolean") => "true or false",
        Some("integer" | "number") => "number",
        Some("object") => "object",
        _ => "any",
    };
    match element(schema) {
        (inner, "[]") => format!("list of {}", one(inner)),
        (inner, ".*") => format!("map to {}", one(inner)),
        (inner, _) => one(inner).to_owned(),
    }
}

fn limits(schema: &Value) -> Vec<String> {
    let number = |key: &str| schema[key].as_f64();
    let mut all = Vec::new();
    if let Some(default) = schema.get("default") {
        all.push(format!(
            "default `{}`",
            default.to_string().trim_matches('"')
        ));
    }
    match (number("minimum"), number("maximum")) {
        (Some(least), Some(most)) => all.push(format!("{least} to {most}")),
        (Some(least), None) => all.push(format!("at least {least}")),
        (None, Some(most)) => all.push(format!("at most {most}")),
        (None, None) => {}
    }
    match (number("minItems"), number("maxItems")) {
        (Some(least), Some(most)) => all.push(format!("{least} to {most} entries")),
        (Some(least), None) => all.push(format!("at least {least}")),
        (None, Some(most)) => all.push(format!("at most {most} entries")),
        (None, None) => {}
    }
    all
}
