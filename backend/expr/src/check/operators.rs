//! Which types the operators take, and what they give.

use super::Type;
use crate::ast::{Binary, Unary};

pub(super) fn unary(operator: Unary, operand: &Type) -> Result<Type, String> {
    match (operator, operand) {
        (Unary::Not, Type::Bool | Type::Unknown) => Ok(Type::Bool),
        (Unary::Minus | Unary::Plus, number) if number.is_number() => Ok(number.clone()),
        (Unary::Minus | Unary::Plus, Type::Unknown) => Ok(Type::Unknown),
        (operator, operand) => Err(format!(
            "`{}` does not apply to {operand}",
            operator.symbol()
        )),
    }
}

pub(super) fn binary(operator: Binary, left: &Type, right: &Type) -> Result<Type, String> {
    let given = match operator {
        Binary::Or | Binary::And => both(left, right, |of| *of == Type::Bool, Type::Bool),
        Binary::Equal | Binary::NotEqual => left.comparable_to(right).then_some(Type::Bool),
        Binary::Less | Binary::LessOrEqual | Binary::Greater | Binary::GreaterOrEqual => {
            ordered(left, right)
        }
        Binary::In => return within(left, right),
        Binary::Matches | Binary::Contains | Binary::StartsWith | Binary::EndsWith => {
            both(left, right, |of| *of == Type::String, Type::Bool)
        }
        Binary::Range => both(left, right, |of| *of == Type::Int, Type::array(Type::Int)),
        Binary::Add => added(left, right),
        Binary::Subtract => subtracted(left, right),
        Binary::Multiply => multiplied(left, right),
        Binary::Divide | Binary::Power => both(left, right, Type::is_number, Type::Float),
        Binary::Remainder => both(left, right, |of| *of == Type::Int, Type::Int),
        Binary::Coalesce => Some(match (left, right) {
            (Type::Nil, other) | (other, Type::Nil) => other.clone(),
            (left, right) if left == right => left.clone(),
            _ => Type::Unknown,
        }),
    };
    given.ok_or_else(|| match operator {
        Binary::Equal | Binary::NotEqual => format!("{left} and {right} are never equal"),
        operator => format!(
            "`{}` does not apply to {left} and {right}",
            operator.symbol()
        ),
    })
}

/// Both are what `fits` says, or might be.
fn both(left: &Type, right: &Type, fits: fn(&Type) -> bool, gives: Type) -> Option<Type> {
    let may = |of: &Type| *of == Type::Unknown || fits(of);
    (may(left) && may(right)).then_some(gives)
}

fn ordered(left: &Type, right: &Type) -> Option<Type> {
    let numeric = |of: &Type| of.is_number() || matches!(of, Type::Month | Type::Weekday);
    let ordered =
        |of: &Type| numeric(of) || matches!(of, Type::String | Type::Time | Type::Duration);
    let fits = match (left, right) {
        (Type::Unknown, Type::Unknown) => true,
        (Type::Unknown, known) | (known, Type::Unknown) => ordered(known),
        (left, right) => (numeric(left) && numeric(right)) || (left == right && ordered(left)),
    };
    fits.then_some(Type::Bool)
}

fn promoted(left: &Type, right: &Type) -> Type {
    if *left == Type::Float || *right == Type::Float {
        Type::Float
    } else {
        Type::Int
    }
}

fn added(left: &Type, right: &Type) -> Option<Type> {
    match (left, right) {
        (left, right) if left.is_number() && right.is_number() => Some(promoted(left, right)),
        (Type::String, Type::String) => Some(Type::String),
        (Type::Time, Type::Duration) | (Type::Duration, Type::Time) => Some(Type::Time),
        (Type::Duration, Type::Duration) => Some(Type::Duration),
        (left, right) => one_unknown(left, right, |of| {
            of.is_number() || matches!(of, Type::String | Type::Time | Type::Duration)
        }),
    }
}

fn subtracted(left: &Type, right: &Type) -> Option<Type> {
    match (left, right) {
        (left, right) if left.is_number() && right.is_number() => Some(promoted(left, right)),
        (Type::Time, Type::Time) | (Type::Duration, Type::Duration) => Some(Type::Duration),
        (Type::Time, Type::Duration) => Some(Type::Time),
        (left, right) => one_unknown(left, right, |of| {
            of.is_number() || matches!(of, Type::Time | Type::Duration)
        }),
    }
}

fn multiplied(left: &Type, right: &Type) -> Option<Type> {
    match (left, right) {
        (left, right) if left.is_number() && right.is_number() => Some(promoted(left, right)),
        (Type::Duration, other) | (other, Type::Duration)
            if other.is_number() || *other == Type::Duration =>
        {
            Some(Type::Unknown)
        }
        (left, right) => one_unknown(left, right, |of| of.is_number() || *of == Type::Duration),
    }
}

/// At least one is unknown and the other is unknown too or `fits`.
fn one_unknown(left: &Type, right: &Type, fits: impl Fn(&Type) -> bool) -> Option<Type> {
    let fine = match (left, right) {
        (Type::Unknown, Type::Unknown) => true,
        (Type::Unknown, known) | (known, Type::Unknown) => fits(known),
        _ => false,
    };
    fine.then_some(Type::Unknown)
}

fn within(left: &Type, right: &Type) -> Result<Type, String> {
    match right {
        Type::Unknown | Type::Map { any_keys: true, .. } => Ok(Type::Bool),
        Type::Map {
            any_keys: false, ..
        } => match left {
            Type::String | Type::Unknown => Ok(Type::Bool),
            other => Err(format!(
                "the keys of the map are strings, so {other} is never in it"
            )),
        },
        Type::Array(of) if left.comparable_to(of) => Ok(Type::Bool),
        Type::Bytes if left.comparable_to(&Type::Int) => Ok(Type::Bool),
        Type::Array(of) => Err(format!(
            "the items are of type {of}, so {left} is never in it"
        )),
        other => Err(format!("`in` looks into arrays and maps, not into {other}")),
    }
}
