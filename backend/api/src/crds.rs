//! The `CustomResourceDefinitions` of all kinds.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceColumnDefinition, CustomResourceDefinition, CustomResourceDefinitionNames,
    CustomResourceDefinitionSpec, CustomResourceDefinitionVersion, CustomResourceSubresourceStatus,
    CustomResourceSubresources, CustomResourceValidation,
};
use kube::core::schema::{OptionalEnum, OptionalIntOrString, StructuralSchemaRewriter};
use kube::{CustomResourceExt, Resource};
use schemars::generate::SchemaSettings;
use schemars::transform::{AddNullable, transform_subschemas};
use schemars::{JsonSchema, Schema};
use serde_json::Value;

use crate::{
    ClusterConfig, ClusterPromotionTask, Freight, Project, ProjectConfig, Promotion,
    PromotionRequest, PromotionTask, Stage, Target, Warehouse, labels,
};

/// Version of the schemas. Grows with every change that an older controller would notice.
pub const CRD_VERSION: &str = "1";

/// The definitions of all kinds, in the order in which they are best applied.
pub fn all() -> Vec<CustomResourceDefinition> {
    let age = || column("Age", "date", ".metadata.creationTimestamp");
    let shard = || text("Shard", ".spec.shard");
    let freight = || text("Freight", ".spec.freight");
    let stage = || text("Stage", ".spec.stage");
    let phase = || text("Phase", ".status.phase");
    let ready = || text("Ready", r#".status.conditions[?(@.type=="Ready")].status"#);
    let status = || {
        text(
            "Status",
            r#".status.conditions[?(@.type=="Ready")].message"#,
        )
    };
    let promotion_shard = text("Shard", r".metadata.labels.kargo\.akuity\.io/shard");
    let freight_columns = vec![
        text("Alias", r".metadata.labels.kargo\.akuity\.io/alias"),
        text("Origin (Kind)", ".origin.kind"),
        text("Origin (Name)", ".origin.name"),
        age(),
    ];
    let stage_columns = vec![
        shard(),
        text("Current Freight", ".status.freightSummary"),
        text("Health", ".status.health.status"),
        phase(),
        ready(),
        status(),
        age(),
    ];
    let config_names = ["clusterconfig", "clusterconfigs"];
    vec![
        root::<Project>("Cluster", &[], vec![ready(), status(), age()]),
        root::<ProjectConfig>("Namespaced", &[], vec![ready(), status(), age()]),
        root::<ClusterConfig>("Cluster", &config_names, vec![ready(), status(), age()]),
        derived::<Warehouse>(vec![shard(), age()]),
        root::<Freight>("Namespaced", &[], freight_columns),
        derived::<Stage>(stage_columns),
        derived::<Promotion>(vec![promotion_shard, stage(), freight(), phase(), age()]),
        derived::<PromotionTask>(vec![age()]),
        derived::<ClusterPromotionTask>(vec![age()]),
        derived::<PromotionRequest>(vec![stage(), freight(), phase(), age()]),
        root::<Target>("Namespaced", &[], vec![age()]),
    ]
}

fn text(name: &str, path: &str) -> CustomResourceColumnDefinition {
    column(name, "string", path)
}

fn column(name: &str, kind: &str, path: &str) -> CustomResourceColumnDefinition {
    CustomResourceColumnDefinition {
        name: name.to_owned(),
        type_: kind.to_owned(),
        json_path: path.to_owned(),
        ..Default::default()
    }
}

/// The definition of a kind whose root object is derived, with our schema in place of its own.
fn derived<T: CustomResourceExt + JsonSchema>(
    columns: Vec<CustomResourceColumnDefinition>,
) -> CustomResourceDefinition {
    let mut definition = T::crd();
    if let Some(version) = definition.spec.versions.first_mut() {
        version.schema = Some(validation::<T>());
        version.additional_printer_columns = Some(columns);
    }
    versioned(definition)
}

/// The definition of a kind whose root object is written by hand.
fn root<T: Resource<DynamicType = ()> + JsonSchema>(
    scope: &str,
    short_names: &[&str],
    columns: Vec<CustomResourceColumnDefinition>,
) -> CustomResourceDefinition {
    let (kind, plural) = (T::kind(&()).into_owned(), T::plural(&()).into_owned());
    let mut definition = CustomResourceDefinition {
        spec: CustomResourceDefinitionSpec {
            group: crate::GROUP.to_owned(),
            names: CustomResourceDefinitionNames {
                singular: Some(kind.to_lowercase()),
                kind,
                short_names: (!short_names.is_empty())
                    .then(|| short_names.iter().map(|name| (*name).to_owned()).collect()),
                plural: plural.clone(),
                ..Default::default()
            },
            scope: scope.to_owned(),
            versions: vec![CustomResourceDefinitionVersion {
                additional_printer_columns: Some(columns),
                name: crate::VERSION.to_owned(),
                schema: Some(validation::<T>()),
                served: true,
                storage: true,
                subresources: Some(CustomResourceSubresources {
                    status: Some(CustomResourceSubresourceStatus(Value::Object(
                        serde_json::Map::new(),
                    ))),
                    scale: None,
                }),
                ..Default::default()
            }],
            ..Default::default()
        },
        ..Default::default()
    };
    definition.metadata.name = Some(format!("{plural}.{}", crate::GROUP));
    versioned(definition)
}

fn versioned(mut definition: CustomResourceDefinition) -> CustomResourceDefinition {
    let annotations = definition.metadata.annotations.get_or_insert_default();
    annotations.insert(labels::OWN_CRD_VERSION.to_owned(), CRD_VERSION.to_owned());
    definition
}

/// The schema of a type.
fn validation<T: JsonSchema>() -> CustomResourceValidation {
    let generator = SchemaSettings::openapi3()
        .with(|settings| {
            settings.inline_subschemas = true;
            settings.meta_schema = None;
        })
        .with_transform(AddNullable::default())
        .with_transform(describe)
        .with_transform(StructuralSchemaRewriter)
        .with_transform(OptionalEnum)
        .with_transform(OptionalIntOrString)
        .into_generator();
    let mut schema = generator.into_root_schema_for::<T>().to_value();
    tidy(&mut schema);
    let schema = serde_json::from_value(schema)
        .expect("the types are constant, and a test makes all their schemas");
    CustomResourceValidation {
        open_api_v3_schema: Some(schema),
    }
}

/// Keeps descriptions that `kube` would lose: that of a field before that of its type, and those
/// of the values of an enumeration.
fn describe(schema: &mut Schema) {
    if let Some(own) = schema.get("description").cloned()
        && let Some(Value::Array(forms)) = schema.get_mut("anyOf")
        && let Some(Value::Object(form)) = forms.first_mut()
    {
        form.insert("description".to_owned(), own);
    }
    if let Some(Value::Array(forms)) = schema.get("oneOf") {
        let value = |form: &Value| {
            let name = form
                .get("const")
                .or_else(|| form.get("enum")?.get(0))?
                .as_str()?
                .to_owned();
            Some(format!(
                "\n - `{name}`: {}",
                form.get("description")?.as_str()?
            ))
        };
        let values: String = forms.iter().filter_map(value).collect();
        let own = schema
            .get("description")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let whole = format!("{own}\n\nPossible values:{values}");
        schema.insert("description".to_owned(), whole.into());
    }
    transform_subschemas(&mut describe, schema);
}

/// Takes out what schemars says and Kubernetes does not know, in a schema and all within it.
fn tidy(schema: &mut Value) {
    let Value::Object(schema) = schema else {
        return;
    };
    schema.remove("title");
    // An absent field is absent: the API server drops `null`.
    if schema.remove("nullable").is_some()
        && let Some(Value::Array(values)) = schema.get_mut("enum")
    {
        values.retain(|value| !value.is_null());
    }
    if let Some(Value::String(format)) = schema.get_mut("format")
        && let Some(signed) = format.strip_prefix('u')
    {
        *format = signed.to_owned();
    }
    if let Some(Value::String(text)) = schema.get_mut("description") {
        *text = unwrapped(text);
    }
    for (key, value) in schema {
        match (key.as_str(), value) {
            ("properties", Value::Object(properties)) => properties.values_mut().for_each(tidy),
            ("items" | "additionalProperties", inner) => tidy(inner),
            _ => {}
        }
    }
}

/// A text whose lines end where paragraphs and entries of lists do.
fn unwrapped(text: &str) -> String {
    let mut whole = String::with_capacity(text.len());
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        whole.push_str(line);
        if let Some(next) = lines.peek() {
            let kept = line.is_empty() || next.is_empty() || next.starts_with(" - ");
            whole.push(if kept { '\n' } else { ' ' });
        }
    }
    whole
}
