//! Functions of maps.

use std::sync::Arc;

use super::{Builtin, Param, Scene, arg, wrong};
use crate::check::Type;
use crate::error::Fault;
use crate::value::{self, Key, Map, Value};

pub(super) const TABLE: &[Builtin] = &[
    Builtin {
        name: "keys",
        arity: (1, 1),
        params: &[Param::Map],
        gives: array,
        run: keys,
    },
    Builtin {
        name: "values",
        arity: (1, 1),
        params: &[Param::Map],
        gives: array,
        run: values,
    },
    Builtin {
        name: "toPairs",
        arity: (1, 1),
        params: &[Param::Map],
        gives: array,
        run: to_pairs,
    },
    Builtin {
        name: "fromPairs",
        arity: (1, 1),
        params: &[Param::Array],
        gives: |_| Type::any_map(Type::Unknown),
        run: from_pairs,
    },
    Builtin {
        name: "get",
        arity: (2, 2),
        params: &[Param::Any],
        gives: |args| args.first().map_or(Type::Unknown, Type::item),
        run: get,
    },
];

fn array(_: &[Type]) -> Type {
    Type::array(Type::Unknown)
}

fn map<'a>(function: &str, scene: &mut Scene<'_>, args: &'a [Value]) -> Result<&'a Map, Fault> {
    match arg(args, 0) {
        Value::Map(map) => {
            scene.budget.items(map.len())?;
            Ok(map)
        }
        other => Err(wrong(function, "a map", other)),
    }
}

fn keys(scene: &mut Scene<'_>, args: &[Value]) -> Result<Value, Fault> {
    let map = map("keys", scene, args)?;
    Ok(Value::array(
        map.iter().map(|(key, _)| key.value()).collect(),
    ))
}

fn values(scene: &mut Scene<'_>, args: &[Value]) -> Result<Value, Fault> {
    let map = map("values", scene, args)?;
    Ok(Value::array(
        map.iter().map(|(_, value)| value.clone()).collect(),
    ))
}

fn to_pairs(scene: &mut Scene<'_>, args: &[Value]) -> Result<Value, Fault> {
    let map = map("toPairs", scene, args)?;
    let pair = |(key, value): (Key, &Value)| Value::array(vec![key.value(), value.clone()]);
    Value::array(map.iter().map(pair).collect()).bounded()
}

fn from_pairs(scene: &mut Scene<'_>, args: &[Value]) -> Result<Value, Fault> {
    let mut entries = Vec::new();
    for pair in super::items("fromPairs", args, 0)? {
        let Value::Array(pair) = pair else {
            return Err(wrong("fromPairs", "an array of pairs", pair));
        };
        let [key, value] = pair.items() else {
            let length = pair.items().len();
            return Err(Fault::wrong_argument(format!(
                "a pair has two items, not {length}"
            )));
        };
        scene.budget.items(1)?;
        entries.push((Key::of(key)?, value.clone()));
    }
    Value::Map(Arc::new(Map::any(entries))).bounded()
}

/// An item or the value of a key, nil where there is none.
fn get(_: &mut Scene<'_>, args: &[Value]) -> Result<Value, Fault> {
    let (base, key) = (arg(args, 0), arg(args, 1));
    match base {
        Value::Nil => Ok(Value::Nil),
        Value::Map(map) => Ok(map.find(key)?.cloned().unwrap_or(Value::Nil)),
        Value::Object(object) => Ok(key
            .as_str()
            .and_then(|name| object.field(name))
            .unwrap_or(Value::Nil)),
        Value::Array(_) | Value::String(_) | Value::Bytes(_) => {
            let at = super::int("get", args, 1)?;
            Ok(value::at(base, at).unwrap_or(Value::Nil))
        }
        Value::Bool(_)
        | Value::Int(_)
        | Value::Float(_)
        | Value::Time(_)
        | Value::Duration(_)
        | Value::Zone(_)
        | Value::Month(_)
        | Value::Weekday(_) => Ok(Value::Nil),
    }
}
