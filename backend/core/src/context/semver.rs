//! Versions: `semverParse("v1.2.3").Major()`, `semverDiff("1.2.3", "1.3.0")`.

use std::cmp::Ordering;

use argosy_expr::{Env, Fault, Function, Object, Value};
use semver::{BuildMetadata, Prerelease};
use serde_json::Value as Json;

use super::freight::string;
use crate::constraint::Version;

pub(super) fn with_functions(env: Env) -> Env {
    env.with_function("semverParse", Function::new(1..=1, parse))
        .with_function("semverDiff", Function::new(2..=2, difference))
}

fn parse(args: &[Value]) -> Result<Value, Fault> {
    let text = string("semverParse", args, 0)?;
    let version = Version::loose(text).map_err(|error| Fault::failed(error.to_string()))?;
    Ok(value(version.parts().clone(), text))
}

fn value(parts: semver::Version, original: &str) -> Value {
    Value::object(Parsed {
        parts,
        original: original.to_owned(),
    })
}

/// The most significant part in which two versions differ. Pre-releases do not count.
fn difference(args: &[Value]) -> Result<Value, Fault> {
    let (left, right) = (
        string("semverDiff", args, 0)?,
        string("semverDiff", args, 1)?,
    );
    let (Ok(left), Ok(right)) = (Version::loose(left), Version::loose(right)) else {
        return Ok(Value::from("Incomparable"));
    };
    let (left, right) = (left.parts(), right.parts());
    Ok(Value::from(match (left, right) {
        (left, right) if left.major != right.major => "Major",
        (left, right) if left.minor != right.minor => "Minor",
        (left, right) if left.patch != right.patch => "Patch",
        (left, right) if left.build != right.build => "Metadata",
        _ => "None",
    }))
}

/// A version, with the text that it was read from.
#[derive(Debug)]
struct Parsed {
    parts: semver::Version,
    original: String,
}

impl Object for Parsed {
    fn type_name(&self) -> &'static str {
        "semver.Version"
    }

    fn call(&self, method: &str, args: &[Value]) -> Option<Result<Value, Fault>> {
        let wanted = match method {
            "Major" | "Minor" | "Patch" | "Prerelease" | "Metadata" | "String" | "Original"
            | "IncMajor" | "IncMinor" | "IncPatch" => 0,
            "Compare" | "Equal" | "GreaterThan" | "GreaterThanEqual" | "LessThan"
            | "LessThanEqual" | "SetPrerelease" | "SetMetadata" => 1,
            _ => return None,
        };
        if args.len() != wanted {
            let given = args.len();
            let message = format!("`{method}` takes {wanted} arguments, not {given}");
            return Some(Err(Fault::wrong_argument(message)));
        }
        Some(self.answer(method, args))
    }

    fn json(&self) -> Json {
        Json::from(self.parts.to_string())
    }
}

impl Parsed {
    fn answer(&self, method: &str, args: &[Value]) -> Result<Value, Fault> {
        let number = |number: u64| Ok(Value::Int(i64::try_from(number).unwrap_or(i64::MAX)));
        let compared = |holds: fn(Ordering) -> bool| {
            self.compare(method, args)
                .map(|found| Value::Bool(holds(found)))
        };
        match method {
            "Major" => number(self.parts.major),
            "Minor" => number(self.parts.minor),
            "Patch" => number(self.parts.patch),
            "Prerelease" => Ok(Value::from(self.parts.pre.as_str())),
            "Metadata" => Ok(Value::from(self.parts.build.as_str())),
            "Original" => Ok(Value::from(self.original.as_str())),
            "IncMajor" => Ok(self.next(Part::Major)),
            "IncMinor" => Ok(self.next(Part::Minor)),
            "IncPatch" => Ok(self.next(Part::Patch)),
            "Compare" => self
                .compare(method, args)
                .map(|found| Value::Int(found as i64)),
            "Equal" => compared(Ordering::is_eq),
            "GreaterThan" => compared(Ordering::is_gt),
            "GreaterThanEqual" => compared(Ordering::is_ge),
            "LessThan" => compared(Ordering::is_lt),
            "LessThanEqual" => compared(Ordering::is_le),
            "SetPrerelease" => {
                let text = string(method, args, 0)?;
                let pre =
                    Prerelease::new(text).map_err(|error| Fault::failed(error.to_string()))?;
                Ok(self.with(semver::Version {
                    pre,
                    ..self.parts.clone()
                }))
            }
            "SetMetadata" => {
                let text = string(method, args, 0)?;
                let build =
                    BuildMetadata::new(text).map_err(|error| Fault::failed(error.to_string()))?;
                Ok(self.with(semver::Version {
                    build,
                    ..self.parts.clone()
                }))
            }
            _ => Ok(Value::from(self.parts.to_string())),
        }
    }

    fn compare(&self, method: &str, args: &[Value]) -> Result<Ordering, Fault> {
        match args.first().and_then(Value::downcast::<Self>) {
            Some(other) => Ok(self.parts.cmp_precedence(&other.parts)),
            None => Err(Fault::wrong_type(format!(
                "`{method}` takes a version: `semverParse(\"…\")`"
            ))),
        }
    }

    /// The next version. A pre-release is before its version, so the next patch of `1.2.3-rc.1` is `1.2.3`.
    fn next(&self, part: Part) -> Value {
        let old = &self.parts;
        let (major, minor, patch) = match part {
            Part::Major => (old.major.saturating_add(1), 0, 0),
            Part::Minor => (old.major, old.minor.saturating_add(1), 0),
            Part::Patch if !old.pre.is_empty() => (old.major, old.minor, old.patch),
            Part::Patch => (old.major, old.minor, old.patch.saturating_add(1)),
        };
        self.with(semver::Version::new(major, minor, patch))
    }

    /// Another version, written with a `v` if this one is.
    fn with(&self, parts: semver::Version) -> Value {
        let prefix = if self.original.starts_with('v') {
            "v"
        } else {
            ""
        };
        let original = format!("{prefix}{parts}");
        value(parts, &original)
    }
}

#[derive(Clone, Copy)]
enum Part {
    Major,
    Minor,
    Patch,
}
