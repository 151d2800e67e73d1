//! Which values are equal, and which comes first.

use std::cmp::Ordering;

use super::Value;
use crate::error::Fault;

/// Numbers are equal by value whatever their type, arrays and maps by what they hold, times by instant.
pub(crate) fn equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Nil, Value::Nil) => true,
        (Value::Bool(left), Value::Bool(right)) => left == right,
        (Value::Int(left), Value::Int(right)) => left == right,
        (Value::String(left), Value::String(right)) => left == right,
        (Value::Bytes(left), Value::Bytes(right)) => left == right,
        (Value::Array(left), Value::Array(right)) => left.items() == right.items(),
        (Value::Bytes(bytes), Value::Array(list)) | (Value::Array(list), Value::Bytes(bytes)) => {
            bytes.len() == list.items().len()
                && bytes
                    .iter()
                    .zip(list.items())
                    .all(|(byte, item)| item.as_int() == Some(i64::from(*byte)))
        }
        (Value::Map(left), Value::Map(right)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .zip(right.iter())
                    .all(|(left, right)| left == right)
        }
        (Value::Time(left), Value::Time(right)) => left.instant() == right.instant(),
        (Value::Duration(left), Value::Duration(right)) => left == right,
        (Value::Zone(left), Value::Zone(right)) => left.name() == right.name(),
        (Value::Object(left), Value::Object(right)) => {
            left.type_name() == right.type_name() && left.json() == right.json()
        }
        (left, right) => match (left.as_float(), right.as_float()) {
            (Some(left), Some(right)) => left == right,
            _ => false,
        },
    }
}

/// Numbers, strings, times and durations have an order, each among themselves. `None` is for NaN.
pub(crate) fn order(left: &Value, right: &Value) -> Result<Option<Ordering>, Fault> {
    match (left, right) {
        (Value::Int(left), Value::Int(right)) => Ok(Some(left.cmp(right))),
        (Value::String(left), Value::String(right)) => Ok(Some((**left).cmp(&**right))),
        (Value::Time(left), Value::Time(right)) => Ok(Some(left.instant().cmp(&right.instant()))),
        (Value::Duration(left), Value::Duration(right)) => Ok(Some(left.cmp(right))),
        (left, right) => match (left.as_float(), right.as_float()) {
            (Some(left), Some(right)) => Ok(left.partial_cmp(&right)),
            _ => Err(Fault::wrong_type(format!(
                "cannot compare {} with {}",
                left.type_name(),
                right.type_name()
            ))),
        },
    }
}

/// Sorts by a key that is computed already. Equal ones keep their order.
pub(crate) fn sort(items: &mut [(Value, Value)], descending: bool) -> Result<(), Fault> {
    let mut refused = None;
    items.sort_by(|(left, _), (right, _)| {
        let (left, right) = if descending {
            (right, left)
        } else {
            (left, right)
        };
        match order(left, right) {
            Ok(found) => found.unwrap_or(Ordering::Equal),
            Err(fault) => {
                refused.get_or_insert(fault);
                Ordering::Equal
            }
        }
    });
    refused.map_or(Ok(()), Err)
}
