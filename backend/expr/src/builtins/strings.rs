//! Functions of text.

use super::{Builtin, Param, Scene, int, items, text, wrong};
use crate::check::Type;
use crate::error::Fault;
use crate::value::Value;

use Param::{Array, Int, Text};

/// The most times that `repeat` repeats.
const MOST_REPEATS: i64 = 1_000_000;

const fn of_text(
    name: &'static str,
    arity: (usize, usize),
    params: &'static [Param],
    gives: fn(&[Type]) -> Type,
    run: super::Run,
) -> Builtin {
    Builtin {
        name,
        arity,
        params,
        gives,
        run,
    }
}

pub(super) const TABLE: &[Builtin] = &[
    of_text("trim", (1, 2), &[Text], string, trim),
    of_text("trimPrefix", (1, 2), &[Text], string, trim_prefix),
    of_text("trimSuffix", (1, 2), &[Text], string, trim_suffix),
    of_text("upper", (1, 1), &[Text], string, upper),
    of_text("lower", (1, 1), &[Text], string, lower),
    of_text(
        "split",
        (2, 3),
        &[Text, Text, Int],
        strings,
        |scene, args| split(scene, args, false),
    ),
    of_text(
        "splitAfter",
        (2, 3),
        &[Text, Text, Int],
        strings,
        |scene, args| split(scene, args, true),
    ),
    of_text("replace", (3, 4), &[Text, Text, Text, Int], string, replace),
    of_text("repeat", (2, 2), &[Text, Int], string, repeat),
    of_text("join", (1, 2), &[Array, Text], string, join),
    of_text(
        "indexOf",
        (2, 2),
        &[Text],
        |_| Type::Int,
        |_, args| {
            Ok(position(
                text("indexOf", args, 0)?.find(text("indexOf", args, 1)?),
            ))
        },
    ),
    of_text(
        "lastIndexOf",
        (2, 2),
        &[Text],
        |_| Type::Int,
        |_, args| {
            Ok(position(text("lastIndexOf", args, 0)?.rfind(text(
                "lastIndexOf",
                args,
                1,
            )?)))
        },
    ),
    of_text(
        "hasPrefix",
        (2, 2),
        &[Text],
        |_| Type::Bool,
        |_, args| {
            Ok(Value::Bool(text("hasPrefix", args, 0)?.starts_with(text(
                "hasPrefix",
                args,
                1,
            )?)))
        },
    ),
    of_text(
        "hasSuffix",
        (2, 2),
        &[Text],
        |_| Type::Bool,
        |_, args| {
            Ok(Value::Bool(text("hasSuffix", args, 0)?.ends_with(text(
                "hasSuffix",
                args,
                1,
            )?)))
        },
    ),
];

fn string(_: &[Type]) -> Type {
    Type::String
}

fn strings(_: &[Type]) -> Type {
    Type::array(Type::String)
}

fn made(scene: &mut Scene<'_>, made: String) -> Result<Value, Fault> {
    scene.budget.text(made.len())?;
    Ok(Value::from(made))
}

fn trim(scene: &mut Scene<'_>, args: &[Value]) -> Result<Value, Fault> {
    let whole = text("trim", args, 0)?;
    let trimmed = match args.len() {
        1 => whole.trim(),
        _ => {
            let set = text("trim", args, 1)?;
            whole.trim_matches(|c| set.contains(c))
        }
    };
    made(scene, trimmed.to_owned())
}

/// The affix to cut off, which is a space if it is not given.
fn affix<'a>(function: &str, args: &'a [Value]) -> Result<&'a str, Fault> {
    if args.len() == 1 {
        Ok(" ")
    } else {
        text(function, args, 1)
    }
}

fn trim_prefix(scene: &mut Scene<'_>, args: &[Value]) -> Result<Value, Fault> {
    let whole = text("trimPrefix", args, 0)?;
    let rest = whole
        .strip_prefix(affix("trimPrefix", args)?)
        .unwrap_or(whole);
    made(scene, rest.to_owned())
}

fn trim_suffix(scene: &mut Scene<'_>, args: &[Value]) -> Result<Value, Fault> {
    let whole = text("trimSuffix", args, 0)?;
    let rest = whole
        .strip_suffix(affix("trimSuffix", args)?)
        .unwrap_or(whole);
    made(scene, rest.to_owned())
}

/// Each letter becomes one letter, so `ß` stays: as in Go.
fn upper(scene: &mut Scene<'_>, args: &[Value]) -> Result<Value, Fault> {
    let upper = text("upper", args, 0)?
        .chars()
        .map(|c| single(c.to_uppercase(), c));
    let upper = upper.collect();
    made(scene, upper)
}

fn lower(scene: &mut Scene<'_>, args: &[Value]) -> Result<Value, Fault> {
    let lower = text("lower", args, 0)?.chars().map(|c| match c {
        'İ' => 'i',
        c => single(c.to_lowercase(), c),
    });
    let lower = lower.collect();
    made(scene, lower)
}

fn single(mut mapped: impl Iterator<Item = char>, original: char) -> char {
    match (mapped.next(), mapped.next()) {
        (Some(mapped), None) => mapped,
        _ => original,
    }
}

/// At most so many parts, the last of which is the rest. Nothing separates each character.
fn split(scene: &mut Scene<'_>, args: &[Value], keep: bool) -> Result<Value, Fault> {
    let function = if keep { "splitAfter" } else { "split" };
    let (whole, separator) = (text(function, args, 0)?, text(function, args, 1)?);
    let limit = match args.len() {
        2 => usize::MAX,
        // A negative limit is none.
        _ => usize::try_from(int(function, args, 2)?).unwrap_or(usize::MAX),
    };
    let mut parts = Vec::new();
    let mut rest = whole;
    while parts.len() < limit && !(separator.is_empty() && rest.is_empty()) {
        let last = parts.len() + 1 == limit;
        let (part, after) = match cut(rest, separator, keep).filter(|_| !last) {
            Some(found) => found,
            None => (rest, None),
        };
        scene.budget.items(1)?;
        scene.budget.text(part.len())?;
        parts.push(Value::from(part));
        match after {
            Some(after) => rest = after,
            None => break,
        }
    }
    Ok(Value::array(parts))
}

/// The part before the first separator and what follows it.
fn cut<'a>(rest: &'a str, separator: &str, keep: bool) -> Option<(&'a str, Option<&'a str>)> {
    if separator.is_empty() {
        let length = rest.chars().next()?.len_utf8();
        return Some((rest.get(..length)?, rest.get(length..)));
    }
    let at = rest.find(separator)?;
    let after = at + separator.len();
    Some((
        rest.get(..if keep { after } else { at })?,
        rest.get(after..),
    ))
}

fn replace(scene: &mut Scene<'_>, args: &[Value]) -> Result<Value, Fault> {
    let (whole, old) = (text("replace", args, 0)?, text("replace", args, 1)?);
    let new = text("replace", args, 2)?;
    let limit = match args.len() {
        3 => usize::MAX,
        _ => usize::try_from(int("replace", args, 3)?).unwrap_or(usize::MAX),
    };
    scene.budget.steps(whole.len() / 16)?;
    let count = whole.matches(old).count().min(limit);
    scene
        .budget
        .text(count.saturating_mul(new.len()).saturating_add(whole.len()))?;
    Ok(Value::from(whole.replacen(old, new, limit)))
}

fn repeat(scene: &mut Scene<'_>, args: &[Value]) -> Result<Value, Fault> {
    let whole = text("repeat", args, 0)?;
    let times = int("repeat", args, 1)?;
    let times = match usize::try_from(times) {
        Err(_) => {
            return Err(Fault::wrong_argument(format!(
                "`repeat` cannot repeat {times} times"
            )));
        }
        Ok(_) if MOST_REPEATS < times => {
            return Err(Fault::limit(format!(
                "`repeat` repeats at most {MOST_REPEATS} times"
            )));
        }
        Ok(times) => times,
    };
    let length = whole.len().saturating_mul(times);
    // Counted like the items of arrays, so that the limit is the language's.
    scene.budget.items(length)?;
    scene.budget.text(length)?;
    Ok(Value::from(whole.repeat(times)))
}

fn join(scene: &mut Scene<'_>, args: &[Value]) -> Result<Value, Fault> {
    let glue = if args.len() == 1 {
        ""
    } else {
        text("join", args, 1)?
    };
    let mut joined = String::new();
    for (at, item) in items("join", args, 0)?.iter().enumerate() {
        let Value::String(part) = item else {
            return Err(wrong("join", "an array of strings", item));
        };
        scene.budget.text(part.len() + glue.len())?;
        if 0 < at {
            joined.push_str(glue);
        }
        joined.push_str(part);
    }
    Ok(Value::from(joined))
}

/// A place in bytes, -1 for none.
fn position(found: Option<usize>) -> Value {
    Value::Int(found.and_then(|at| i64::try_from(at).ok()).unwrap_or(-1))
}
