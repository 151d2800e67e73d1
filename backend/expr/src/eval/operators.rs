//! The operators on values.

use std::cmp::Ordering;
use std::sync::Arc;

use crate::ast::{Binary, Unary};
use crate::budget::Budget;
use crate::builtins::truncate;
use crate::error::Fault;
use crate::pattern::Pattern;
use crate::value::{Value, order};

type Computed = Result<Value, Fault>;

pub(super) fn unary(operator: Unary, operand: &Value) -> Computed {
    match (operator, operand) {
        (Unary::Not, Value::Bool(value)) => Ok(Value::Bool(!value)),
        (Unary::Minus, Value::Int(number)) => {
            number.checked_neg().map(Value::Int).ok_or_else(too_large)
        }
        (Unary::Minus, Value::Float(number)) => Ok(Value::Float(-number)),
        (Unary::Plus, operand) => Ok(operand.clone()),
        (operator, operand) => Err(Fault::wrong_type(format!(
            "`{}` does not apply to {}",
            operator.symbol(),
            operand.type_name()
        ))),
    }
}

fn too_large() -> Fault {
    Fault::arithmetic("the result is too large for an integer")
}

fn unfit(operator: Binary, left: &Value, right: &Value) -> Fault {
    Fault::wrong_type(format!(
        "`{}` does not apply to {} and {}",
        operator.symbol(),
        left.type_name(),
        right.type_name()
    ))
}

pub(super) fn binary(
    operator: Binary,
    left: &Value,
    right: &Value,
    budget: &mut Budget,
) -> Computed {
    match operator {
        Binary::Equal => equal(left, right, budget).map(Value::Bool),
        Binary::NotEqual => equal(left, right, budget).map(|equal| Value::Bool(!equal)),
        Binary::Less => compared(left, right, &[Ordering::Less]),
        Binary::LessOrEqual => compared(left, right, &[Ordering::Less, Ordering::Equal]),
        Binary::Greater => compared(left, right, &[Ordering::Greater]),
        Binary::GreaterOrEqual => compared(left, right, &[Ordering::Greater, Ordering::Equal]),
        Binary::In => within(left, right, budget),
        Binary::Matches => match right {
            Value::Nil => Ok(Value::Bool(false)),
            Value::String(pattern) => {
                budget.steps(pattern.len() * 100)?;
                matches(left, &Pattern::compile(pattern)?, budget)
            }
            other => Err(unfit(operator, left, other)),
        },
        Binary::Contains => texts(operator, left, right, budget, |left, right| {
            left.contains(right)
        }),
        Binary::StartsWith => texts(operator, left, right, budget, |left, right| {
            left.starts_with(right)
        }),
        Binary::EndsWith => texts(operator, left, right, budget, |left, right| {
            left.ends_with(right)
        }),
        Binary::Range => range(left, right, budget),
        Binary::Add => add(left, right, budget),
        Binary::Subtract => subtract(left, right),
        Binary::Multiply => multiply(left, right),
        Binary::Divide => divide(left, right),
        Binary::Remainder => remainder(left, right),
        Binary::Power => {
            floats(operator, left, right).map(|(left, right)| Value::Float(left.powf(right)))
        }
        // These decide whether their right side is evaluated at all, so the machine does them.
        Binary::Or | Binary::And | Binary::Coalesce => Err(unfit(operator, left, right)),
    }
}

fn equal(left: &Value, right: &Value, budget: &mut Budget) -> Result<bool, Fault> {
    budget.steps(left.steps().min(right.steps()))?;
    Ok(left == right)
}

fn compared(left: &Value, right: &Value, wanted: &[Ordering]) -> Computed {
    let found = order(left, right)?;
    Ok(Value::Bool(
        found.is_some_and(|found| wanted.contains(&found)),
    ))
}

fn within(left: &Value, right: &Value, budget: &mut Budget) -> Computed {
    let found = match right {
        Value::Nil => false,
        Value::Array(list) => {
            budget.steps(right.steps())?;
            list.items().contains(left)
        }
        Value::Bytes(bytes) => bytes
            .iter()
            .any(|byte| left.as_int() == Some(i64::from(*byte))),
        Value::Map(map) => map.find(left)?.is_some(),
        Value::Object(object) => match left {
            Value::String(name) => object.field(name).is_some(),
            other => return Err(unfit(Binary::In, other, right)),
        },
        other => {
            let message = format!(
                "`in` looks into arrays and maps, not into {}",
                other.type_name()
            );
            return Err(Fault::wrong_type(message));
        }
    };
    Ok(Value::Bool(found))
}

pub(super) fn matches(text: &Value, pattern: &Pattern, budget: &mut Budget) -> Computed {
    let text = match text {
        Value::Nil => return Ok(Value::Bool(false)),
        Value::String(text) => text.shared(),
        Value::Bytes(bytes) => Arc::from(String::from_utf8_lossy(bytes)),
        other => {
            let message = format!("`matches` takes a string, not {}", other.type_name());
            return Err(Fault::wrong_type(message));
        }
    };
    budget.steps(text.len())?;
    Ok(Value::Bool(pattern.matches(&text)))
}

/// An operator on two texts, false if one is nil.
fn texts(
    operator: Binary,
    left: &Value,
    right: &Value,
    budget: &mut Budget,
    holds: fn(&str, &str) -> bool,
) -> Computed {
    match (left, right) {
        (Value::Nil, _) | (_, Value::Nil) => Ok(Value::Bool(false)),
        (Value::String(left), Value::String(right)) => {
            budget.steps(left.len() / 16)?;
            Ok(Value::Bool(holds(left, right)))
        }
        _ => Err(unfit(operator, left, right)),
    }
}

fn range(left: &Value, right: &Value, budget: &mut Budget) -> Computed {
    let bound = |value: &Value| match value {
        Value::Int(number) => Ok(*number),
        Value::Float(number) => truncate(*number),
        _ => Err(unfit(Binary::Range, left, right)),
    };
    let (first, last) = (bound(left)?, bound(right)?);
    let count = last
        .checked_sub(first)
        .and_then(|span| span.checked_add(1))
        .unwrap_or(i64::MAX);
    budget.items(usize::try_from(count).unwrap_or(if first <= last { usize::MAX } else { 0 }))?;
    Ok(Value::array((first..=last).map(Value::Int).collect()))
}

fn add(left: &Value, right: &Value, budget: &mut Budget) -> Computed {
    match (left, right) {
        (Value::Int(left), Value::Int(right)) => left
            .checked_add(*right)
            .map(Value::Int)
            .ok_or_else(too_large),
        (Value::String(left), Value::String(right)) => {
            budget.text(left.len() + right.len())?;
            Ok(Value::from(format!("{left}{right}")))
        }
        (Value::Time(time), Value::Duration(by)) | (Value::Duration(by), Value::Time(time)) => {
            Ok(Value::Time(Arc::new(time.plus(*by)?)))
        }
        (Value::Duration(left), Value::Duration(right)) => left
            .checked_add(*right)
            .map(Value::Duration)
            .ok_or_else(too_large),
        _ => floats(Binary::Add, left, right).map(|(left, right)| Value::Float(left + right)),
    }
}

fn subtract(left: &Value, right: &Value) -> Computed {
    match (left, right) {
        (Value::Int(left), Value::Int(right)) => left
            .checked_sub(*right)
            .map(Value::Int)
            .ok_or_else(too_large),
        (Value::Time(left), Value::Time(right)) => Ok(Value::Duration(left.since(right))),
        (Value::Time(time), Value::Duration(by)) => {
            let by = by.checked_neg().ok_or_else(too_large)?;
            Ok(Value::Time(Arc::new(time.plus(by)?)))
        }
        (Value::Duration(left), Value::Duration(right)) => left
            .checked_sub(*right)
            .map(Value::Duration)
            .ok_or_else(too_large),
        _ => floats(Binary::Subtract, left, right).map(|(left, right)| Value::Float(left - right)),
    }
}

fn multiply(left: &Value, right: &Value) -> Computed {
    match (left, right) {
        (Value::Int(left), Value::Int(right)) => left
            .checked_mul(*right)
            .map(Value::Int)
            .ok_or_else(too_large),
        (Value::Duration(left), Value::Int(right) | Value::Duration(right))
        | (Value::Int(right), Value::Duration(left)) => left
            .checked_mul(*right)
            .map(Value::Duration)
            .ok_or_else(too_large),
        (Value::Duration(length), Value::Float(by))
        | (Value::Float(by), Value::Duration(length)) => {
            #[expect(clippy::cast_precision_loss, reason = "the result is a float")]
            let length = *length as f64;
            truncate(length * by).map(Value::Duration)
        }
        _ => floats(Binary::Multiply, left, right).map(|(left, right)| Value::Float(left * right)),
    }
}

fn divide(left: &Value, right: &Value) -> Computed {
    let (left, right) = floats(Binary::Divide, left, right)?;
    if right == 0.0 {
        return Err(Fault::arithmetic("division by zero"));
    }
    Ok(Value::Float(left / right))
}

/// Of whole numbers, however they are written.
fn remainder(left: &Value, right: &Value) -> Computed {
    let whole = |value: &Value| match value {
        Value::Int(_) | Value::Float(_) => value.as_int(),
        _ => None,
    };
    let (Some(left), Some(right)) = (whole(left), whole(right)) else {
        return Err(Fault::wrong_type(format!(
            "`%` takes whole numbers, not {} and {}",
            left.type_name(),
            right.type_name()
        )));
    };
    if right == 0 {
        return Err(Fault::arithmetic("division by zero"));
    }
    Ok(Value::Int(left.wrapping_rem(right)))
}

fn floats(operator: Binary, left: &Value, right: &Value) -> Result<(f64, f64), Fault> {
    let float = |value: &Value| match value {
        Value::Int(_) | Value::Float(_) => value.as_float(),
        _ => None,
    };
    match (float(left), float(right)) {
        (Some(left), Some(right)) => Ok((left, right)),
        _ => Err(unfit(operator, left, right)),
    }
}
