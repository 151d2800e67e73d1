//! The functions of the language itself. Each is a line in one of the tables below.

mod arrays;
mod bits;
mod convert;
mod maps;
mod numbers;
mod strings;
mod times;

pub(crate) use arrays::descending;

use crate::budget::Budget;
use crate::check::Type;
use crate::env::{Env, check_arity};
use crate::error::Fault;
use crate::value::Value;

/// What a built-in function may use besides its arguments.
pub(crate) struct Scene<'a> {
    pub budget: &'a mut Budget,
    pub env: &'a Env,
}

type Run = fn(&mut Scene<'_>, &[Value]) -> Result<Value, Fault>;

/// A function of the language.
pub(crate) struct Builtin {
    pub name: &'static str,
    /// The fewest and the most arguments.
    pub arity: (usize, usize),
    /// What each argument must be. The last holds for all that follow.
    pub params: &'static [Param],
    /// The type of the result, from the types of the arguments.
    pub gives: fn(&[Type]) -> Type,
    run: Run,
}

impl std::fmt::Debug for Builtin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// What an argument must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Param {
    Any,
    Text,
    Int,
    Number,
    /// A number, or something that holds one: text, a duration, a month.
    Numeric,
    /// A number or an array.
    Numbers,
    Array,
    Map,
    /// Something with a length.
    Sized,
    Zone,
}

const TABLES: &[&[Builtin]] = &[
    arrays::TABLE,
    bits::TABLE,
    convert::TABLE,
    maps::TABLE,
    numbers::TABLE,
    strings::TABLE,
    times::TABLE,
];

/// The built-in function of that name, those with a predicate left out.
pub(crate) fn find(name: &str) -> Option<&'static Builtin> {
    TABLES
        .iter()
        .flat_map(|table| table.iter())
        .find(|builtin| builtin.name == name)
}

impl Builtin {
    pub(crate) fn check_arity(&self, given: usize) -> Result<(), Fault> {
        check_arity(self.name, &(self.arity.0..=self.arity.1), given)
    }

    pub(crate) fn call(&self, scene: &mut Scene<'_>, args: &[Value]) -> Result<Value, Fault> {
        self.check_arity(args.len())?;
        (self.run)(scene, args)
    }
}

/// The argument at a place, nil if there is none.
fn arg(args: &[Value], at: usize) -> &Value {
    args.get(at).unwrap_or(&Value::Nil)
}

/// The text at a place.
fn text<'a>(function: &str, args: &'a [Value], at: usize) -> Result<&'a str, Fault> {
    match arg(args, at) {
        Value::String(text) => Ok(text),
        other => Err(wrong(function, "a string", other)),
    }
}

/// The number at a place without its fraction.
fn int(function: &str, args: &[Value], at: usize) -> Result<i64, Fault> {
    match arg(args, at) {
        Value::Int(number) => Ok(*number),
        Value::Float(number) => truncate(*number),
        other => Err(wrong(function, "a whole number", other)),
    }
}

/// The array at a place.
fn items<'a>(function: &str, args: &'a [Value], at: usize) -> Result<&'a [Value], Fault> {
    match arg(args, at) {
        Value::Array(list) => Ok(list.items()),
        other => Err(wrong(function, "an array", other)),
    }
}

fn wrong(function: &str, wanted: &str, given: &Value) -> Fault {
    Fault::wrong_type(format!(
        "`{function}` takes {wanted}, not {}",
        given.type_name()
    ))
}

/// A float without its fraction.
pub(crate) fn truncate(number: f64) -> Result<i64, Fault> {
    // Both bounds are powers of two, so floats hold them exactly.
    const BOUND: f64 = 9_223_372_036_854_775_808.0;
    if !(-BOUND..BOUND).contains(&number) {
        return Err(Fault::arithmetic("the number is too large for an integer"));
    }
    #[expect(clippy::cast_possible_truncation, reason = "checked to be in range")]
    Ok(number as i64)
}
