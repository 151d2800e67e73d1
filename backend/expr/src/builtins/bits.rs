//! Functions of the bits of integers.

use super::{Builtin, Param, arg};
use crate::check::Type;
use crate::error::Fault;
use crate::value::Value;

macro_rules! of_two {
    ($name:literal, $run:expr) => {
        Builtin {
            name: $name,
            arity: (2, 2),
            params: &[Param::Int],
            gives: |_| Type::Int,
            run: |_, args| {
                let run: fn(i64, i64) -> Result<i64, Fault> = $run;
                run(whole($name, arg(args, 0))?, whole($name, arg(args, 1))?).map(Value::Int)
            },
        }
    };
}

pub(super) const TABLE: &[Builtin] = &[
    of_two!("bitand", |left, right| Ok(left & right)),
    of_two!("bitor", |left, right| Ok(left | right)),
    of_two!("bitxor", |left, right| Ok(left ^ right)),
    of_two!("bitnand", |left, right| Ok(left & !right)),
    of_two!("bitshl", |left, by| Ok(left
        .checked_shl(places(by)?)
        .unwrap_or(0))),
    of_two!("bitshr", |left, by| Ok(left >> places(by)?.min(63))),
    of_two!("bitushr", |left, by| {
        let shifted = left.cast_unsigned().checked_shr(places(by)?).unwrap_or(0);
        Ok(shifted.cast_signed())
    }),
    Builtin {
        name: "bitnot",
        arity: (1, 1),
        params: &[Param::Int],
        gives: |_| Type::Int,
        run: |_, args| Ok(Value::Int(!whole("bitnot", arg(args, 0))?)),
    },
];

fn whole(function: &str, value: &Value) -> Result<i64, Fault> {
    match value {
        Value::Int(_) | Value::Float(_) => value.as_int(),
        _ => None,
    }
    .ok_or_else(|| super::wrong(function, "whole numbers", value))
}

/// How far to shift. Beyond 64 places nothing changes any more.
fn places(by: i64) -> Result<u32, Fault> {
    match u32::try_from(by.min(1 << 16)) {
        Ok(places) => Ok(places),
        Err(_) => Err(Fault::wrong_argument(format!(
            "cannot shift by {by} places"
        ))),
    }
}
