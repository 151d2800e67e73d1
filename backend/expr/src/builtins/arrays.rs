//! Functions of arrays that take no predicate.

use super::{Builtin, Param, Scene, arg, int, items, text, wrong};
use crate::check::Type;
use crate::error::Fault;
use crate::value::{self, Value};

use Param::{Array, Int, Sized, Text};

pub(super) const TABLE: &[Builtin] = &[
    Builtin {
        name: "len",
        arity: (1, 1),
        params: &[Sized],
        gives: |_| Type::Int,
        run: len,
    },
    Builtin {
        name: "first",
        arity: (1, 1),
        params: &[Array],
        gives: item,
        run: |_, args| end(args, 0),
    },
    Builtin {
        name: "last",
        arity: (1, 1),
        params: &[Array],
        gives: item,
        run: |_, args| end(args, -1),
    },
    Builtin {
        name: "take",
        arity: (2, 2),
        params: &[Array, Int],
        gives: same,
        run: take,
    },
    Builtin {
        name: "reverse",
        arity: (1, 1),
        params: &[Array],
        gives: array,
        run: reverse,
    },
    Builtin {
        name: "uniq",
        arity: (1, 1),
        params: &[Array],
        gives: array,
        run: uniq,
    },
    Builtin {
        name: "concat",
        arity: (1, usize::MAX),
        params: &[Array],
        gives: array,
        run: concat,
    },
    Builtin {
        name: "flatten",
        arity: (1, 1),
        params: &[Array],
        gives: array,
        run: flatten,
    },
    Builtin {
        name: "sort",
        arity: (1, 2),
        params: &[Array, Text],
        gives: array,
        run: sort,
    },
];

fn array(_: &[Type]) -> Type {
    Type::array(Type::Unknown)
}

fn item(args: &[Type]) -> Type {
    args.first().map_or(Type::Unknown, Type::item)
}

fn same(args: &[Type]) -> Type {
    args.first().cloned().unwrap_or(Type::Unknown)
}

fn number(count: usize) -> Value {
    Value::Int(i64::try_from(count).unwrap_or(i64::MAX))
}

/// Items, keys, or characters.
fn len(_: &mut Scene<'_>, args: &[Value]) -> Result<Value, Fault> {
    match arg(args, 0) {
        Value::String(text) => Ok(number(text.chars().count())),
        Value::Bytes(bytes) => Ok(number(bytes.len())),
        Value::Array(list) => Ok(number(list.items().len())),
        Value::Map(map) => Ok(number(map.len())),
        other => Err(wrong("len", "a string, an array or a map", other)),
    }
}

/// The item at one end. What has no ends gives nil.
fn end(args: &[Value], at: i64) -> Result<Value, Fault> {
    match arg(args, 0) {
        base @ (Value::Array(_) | Value::Bytes(_) | Value::String(_)) => {
            Ok(value::at(base, at).unwrap_or(Value::Nil))
        }
        _ => Ok(Value::Nil),
    }
}

fn take(scene: &mut Scene<'_>, args: &[Value]) -> Result<Value, Fault> {
    let items = items("take", args, 0)?;
    let count = int("take", args, 1)?;
    let count = usize::try_from(count)
        .map_err(|_| Fault::wrong_argument(format!("`take` cannot take {count} items")))?;
    let taken = items.get(..count).unwrap_or(items);
    scene.budget.items(taken.len())?;
    Ok(Value::array(taken.to_vec()))
}

fn reverse(scene: &mut Scene<'_>, args: &[Value]) -> Result<Value, Fault> {
    let items = items("reverse", args, 0)?;
    scene.budget.items(items.len())?;
    Ok(Value::array(items.iter().rev().cloned().collect()))
}

fn uniq(scene: &mut Scene<'_>, args: &[Value]) -> Result<Value, Fault> {
    let mut found: Vec<Value> = Vec::new();
    for item in items("uniq", args, 0)? {
        scene
            .budget
            .steps(found.len().saturating_mul(item.steps()))?;
        if !found.contains(item) {
            scene.budget.items(1)?;
            found.push(item.clone());
        }
    }
    Ok(Value::array(found))
}

fn concat(scene: &mut Scene<'_>, args: &[Value]) -> Result<Value, Fault> {
    let mut all = Vec::new();
    for at in 0..args.len() {
        let items = items("concat", args, at)?;
        scene.budget.items(items.len())?;
        all.extend_from_slice(items);
    }
    Ok(Value::array(all))
}

fn flatten(scene: &mut Scene<'_>, args: &[Value]) -> Result<Value, Fault> {
    fn add(items: &[Value], flat: &mut Vec<Value>, scene: &mut Scene<'_>) -> Result<(), Fault> {
        for item in items {
            match item {
                Value::Array(inner) => add(inner.items(), flat, scene)?,
                other => {
                    scene.budget.items(1)?;
                    flat.push(other.clone());
                }
            }
        }
        scene.budget.steps(1)
    }
    let mut flat = Vec::new();
    add(items("flatten", args, 0)?, &mut flat, scene)?;
    Ok(Value::array(flat))
}

fn sort(scene: &mut Scene<'_>, args: &[Value]) -> Result<Value, Fault> {
    let items = items("sort", args, 0)?;
    let descending = args.len() == 2 && descending("sort", text("sort", args, 1)?)?;
    scene.budget.items(items.len())?;
    scene.budget.steps(items.len().saturating_mul(20))?;
    let mut pairs: Vec<_> = items
        .iter()
        .map(|item| (item.clone(), Value::Nil))
        .collect();
    value::sort(&mut pairs, descending)?;
    Ok(Value::array(
        pairs.into_iter().map(|(item, _)| item).collect(),
    ))
}

/// Whether an order is `desc`.
pub(crate) fn descending(function: &str, order: &str) -> Result<bool, Fault> {
    match order {
        "asc" => Ok(false),
        "desc" => Ok(true),
        other => Err(Fault::wrong_argument(format!(
            "the order of `{function}` is \"asc\" or \"desc\", not {other:?}"
        ))),
    }
}
