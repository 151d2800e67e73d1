//! Functions of numbers.

use super::{Builtin, Param, Scene, arg, wrong};
use crate::check::Type;
use crate::error::Fault;
use crate::value::{Value, order};

use Param::{Number, Numbers};

const MANY: (usize, usize) = (1, usize::MAX);

pub(super) const TABLE: &[Builtin] = &[
    Builtin {
        name: "abs",
        arity: (1, 1),
        params: &[Number],
        gives: same,
        run: abs,
    },
    Builtin {
        name: "ceil",
        arity: (1, 1),
        params: &[Number],
        gives: float,
        run: |_, args| rounded("ceil", args, f64::ceil),
    },
    Builtin {
        name: "floor",
        arity: (1, 1),
        params: &[Number],
        gives: float,
        run: |_, args| rounded("floor", args, f64::floor),
    },
    Builtin {
        name: "round",
        arity: (1, 1),
        params: &[Number],
        gives: float,
        run: |_, args| rounded("round", args, f64::round),
    },
    Builtin {
        name: "max",
        arity: MANY,
        params: &[Numbers],
        gives: unless_arrays,
        run: |scene, args| extreme("max", scene, args),
    },
    Builtin {
        name: "min",
        arity: MANY,
        params: &[Numbers],
        gives: unless_arrays,
        run: |scene, args| extreme("min", scene, args),
    },
    Builtin {
        name: "mean",
        arity: MANY,
        params: &[Numbers],
        gives: unless_arrays,
        run: mean,
    },
    Builtin {
        name: "median",
        arity: MANY,
        params: &[Numbers],
        gives: unless_arrays,
        run: median,
    },
];

fn float(_: &[Type]) -> Type {
    Type::Float
}

fn same(args: &[Type]) -> Type {
    args.first().cloned().unwrap_or(Type::Unknown)
}

/// Of arrays nobody knows what they hold.
fn unless_arrays(args: &[Type]) -> Type {
    let numbers = args.iter().all(Type::is_number);
    if numbers { same(args) } else { Type::Unknown }
}

fn abs(_: &mut Scene<'_>, args: &[Value]) -> Result<Value, Fault> {
    match arg(args, 0) {
        Value::Int(number) => number
            .checked_abs()
            .map(Value::Int)
            .ok_or_else(|| Fault::arithmetic("the result is too large for an integer")),
        Value::Float(number) => Ok(Value::Float(number.abs())),
        other => Err(wrong("abs", "a number", other)),
    }
}

fn rounded(function: &str, args: &[Value], round: fn(f64) -> f64) -> Result<Value, Fault> {
    match arg(args, 0) {
        number @ (Value::Int(_) | Value::Float(_)) => {
            Ok(Value::Float(round(number.as_float().unwrap_or(0.0))))
        }
        other => Err(wrong(function, "a number", other)),
    }
}

/// All numbers in the arguments, arrays in arrays included.
fn collect(
    function: &str,
    scene: &mut Scene<'_>,
    values: &[Value],
    found: &mut Vec<Value>,
) -> Result<(), Fault> {
    scene.budget.steps(values.len())?;
    for value in values {
        match value {
            Value::Int(_) | Value::Float(_) => found.push(value.clone()),
            Value::Array(list) => collect(function, scene, list.items(), found)?,
            other => return Err(wrong(function, "numbers", other)),
        }
    }
    Ok(())
}

fn extreme(function: &str, scene: &mut Scene<'_>, args: &[Value]) -> Result<Value, Fault> {
    let mut numbers = Vec::new();
    collect(function, scene, args, &mut numbers)?;
    let wanted = if function == "max" {
        std::cmp::Ordering::Less
    } else {
        std::cmp::Ordering::Greater
    };
    let mut numbers = numbers.into_iter();
    let Some(mut best) = numbers.next() else {
        return Ok(Value::Nil);
    };
    for number in numbers {
        if order(&best, &number)? == Some(wanted) {
            best = number;
        }
    }
    Ok(best)
}

fn floats(function: &str, scene: &mut Scene<'_>, args: &[Value]) -> Result<Vec<f64>, Fault> {
    let mut numbers = Vec::new();
    collect(function, scene, args, &mut numbers)?;
    Ok(numbers.iter().filter_map(Value::as_float).collect())
}

fn mean(scene: &mut Scene<'_>, args: &[Value]) -> Result<Value, Fault> {
    let numbers = floats("mean", scene, args)?;
    if numbers.is_empty() {
        return Ok(Value::Float(0.0));
    }
    #[expect(clippy::cast_precision_loss, reason = "a million items at most")]
    let count = numbers.len() as f64;
    Ok(Value::Float(numbers.iter().sum::<f64>() / count))
}

fn median(scene: &mut Scene<'_>, args: &[Value]) -> Result<Value, Fault> {
    let mut numbers = floats("median", scene, args)?;
    numbers.sort_by(f64::total_cmp);
    let upper = numbers.get(numbers.len() / 2);
    let lower = numbers
        .len()
        .checked_sub(1)
        .and_then(|last| numbers.get(last / 2));
    Ok(Value::Float(match (lower, upper) {
        (Some(lower), Some(upper)) => (lower + upper) / 2.0,
        _ => 0.0,
    }))
}
