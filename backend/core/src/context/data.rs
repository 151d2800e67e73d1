//! Data of the cluster: `ConfigMaps`, Secrets, what was noted on Freight and Stages.

use std::sync::Arc;

use argosy_expr::{Env, Fault, Function, Map, Numbers, Value};
use serde_json::Value as Json;

use super::fact::{Fact, Facts};
use super::freight::string;

/// The name of a function, and what it needs for a name.
type Asks = (&'static str, fn(String) -> Fact);

/// Functions that give texts by name.
const OF_TEXTS: [Asks; 4] = [
    ("configMap", Fact::ConfigMap),
    ("sharedConfigMap", Fact::SharedConfigMap),
    ("secret", Fact::Secret),
    ("sharedSecret", Fact::SharedSecret),
];

/// Functions that give anything by name, or with a key as second argument one value.
const OF_ANYTHING: [Asks; 3] = [
    ("freightMetadata", Fact::FreightMetadata),
    ("freightStatus", Fact::FreightStatus),
    ("stageMetadata", Fact::StageMetadata),
];

pub(super) fn with_functions(mut env: Env, facts: &Facts) -> Env {
    let facts = Arc::new(facts.clone());
    for (name, fact) in OF_TEXTS {
        let facts = Arc::clone(&facts);
        let function = Function::new(1..=1, move |args| {
            let fact = fact(string(name, args, 0)?.to_owned());
            find(&facts, &fact).map(texts)
        });
        env = env.with_function(name, function);
    }
    for (name, fact) in OF_ANYTHING {
        let facts = Arc::clone(&facts);
        let function = Function::new(1..=2, move |args| {
            let fact = fact(string(name, args, 0)?.to_owned());
            let found = find(&facts, &fact)?;
            let wanted = match args.len() {
                1 => Some(found),
                _ => found.get(string(name, args, 1)?),
            };
            Ok(wanted.map_or(Value::Nil, |json| Value::from_json(json, Numbers::Floats)))
        });
        env = env.with_function(name, function);
    }
    env
}

fn find<'a>(facts: &'a Facts, fact: &Fact) -> Result<&'a Json, Fault> {
    facts.get(fact).ok_or_else(|| fact.needed())
}

/// Texts by name, none if the object is missing. A name that is not there gives an empty text.
fn texts(json: &Json) -> Value {
    let entries = json.as_object().into_iter().flatten();
    let entries =
        entries.map(|(key, value)| (key.as_str(), Value::from_json(value, Numbers::Floats)));
    Value::from(Map::text(entries).with_absent(Value::from("")))
}
