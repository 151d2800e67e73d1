//! Functions from one type to another.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Builtin, Param, Scene, arg, text, truncate, wrong};
use crate::check::Type;
use crate::error::Fault;
use crate::number;
use crate::value::{Numbers, Value, indented};

use Param::{Any, Numeric, Text};

pub(super) const TABLE: &[Builtin] = &[
    Builtin {
        name: "type",
        arity: (1, 1),
        params: &[Any],
        gives: string,
        run: type_of,
    },
    Builtin {
        name: "int",
        arity: (1, 1),
        params: &[Numeric],
        gives: |_| Type::Int,
        run: int,
    },
    Builtin {
        name: "float",
        arity: (1, 1),
        params: &[Numeric],
        gives: |_| Type::Float,
        run: float,
    },
    Builtin {
        name: "string",
        arity: (1, 1),
        params: &[Any],
        gives: string,
        run: to_string,
    },
    Builtin {
        name: "toJSON",
        arity: (1, 1),
        params: &[Any],
        gives: string,
        run: to_json,
    },
    Builtin {
        name: "fromJSON",
        arity: (1, 1),
        params: &[Text],
        gives: |_| Type::Unknown,
        run: from_json,
    },
    Builtin {
        name: "toBase64",
        arity: (1, 1),
        params: &[Text],
        gives: string,
        run: to_base64,
    },
    Builtin {
        name: "fromBase64",
        arity: (1, 1),
        params: &[Text],
        gives: string,
        run: from_base64,
    },
];

fn string(_: &[Type]) -> Type {
    Type::String
}

fn type_of(_: &mut Scene<'_>, args: &[Value]) -> Result<Value, Fault> {
    Ok(Value::from(arg(args, 0).type_name()))
}

fn int(_: &mut Scene<'_>, args: &[Value]) -> Result<Value, Fault> {
    match arg(args, 0) {
        Value::Int(number) | Value::Duration(number) => Ok(Value::Int(*number)),
        Value::Month(number) | Value::Weekday(number) => Ok(Value::Int(i64::from(*number))),
        Value::Float(number) => truncate(*number).map(Value::Int),
        Value::String(text) => text
            .parse()
            .map(Value::Int)
            .map_err(|_| Fault::wrong_argument(format!("{text:?} is not a whole number"))),
        other => Err(wrong("int", "a number or a string", other)),
    }
}

fn float(_: &mut Scene<'_>, args: &[Value]) -> Result<Value, Fault> {
    match arg(args, 0) {
        number @ (Value::Int(_) | Value::Float(_)) => {
            Ok(Value::Float(number.as_float().unwrap_or(0.0)))
        }
        Value::String(text) => number::parse_float(text)
            .map(Value::Float)
            .ok_or_else(|| Fault::wrong_argument(format!("{text:?} is not a number"))),
        other => Err(wrong("float", "a number or a string", other)),
    }
}

fn to_string(scene: &mut Scene<'_>, args: &[Value]) -> Result<Value, Fault> {
    scene.budget.steps(arg(args, 0).steps())?;
    let text = arg(args, 0).to_text();
    scene.budget.text(text.len())?;
    Ok(Value::from(text))
}

fn to_json(scene: &mut Scene<'_>, args: &[Value]) -> Result<Value, Fault> {
    scene.budget.steps(arg(args, 0).steps())?;
    let text = indented(&arg(args, 0).to_json()?);
    scene.budget.text(text.len())?;
    Ok(Value::from(text))
}

fn from_json(scene: &mut Scene<'_>, args: &[Value]) -> Result<Value, Fault> {
    let text = text("fromJSON", args, 0)?;
    scene.budget.text(text.len())?;
    let json: serde_json::Value = serde_json::from_str(text)
        .map_err(|error| Fault::wrong_argument(format!("the text is not JSON: {error}")))?;
    Ok(Value::from_json(&json, Numbers::Floats))
}

fn to_base64(scene: &mut Scene<'_>, args: &[Value]) -> Result<Value, Fault> {
    let encoded = STANDARD.encode(text("toBase64", args, 0)?);
    scene.budget.text(encoded.len())?;
    Ok(Value::from(encoded))
}

fn from_base64(scene: &mut Scene<'_>, args: &[Value]) -> Result<Value, Fault> {
    // Line breaks are skipped, as Go does it.
    let encoded = text("fromBase64", args, 0)?.replace(['\r', '\n'], "");
    let bytes = STANDARD
        .decode(encoded)
        .map_err(|error| Fault::wrong_argument(format!("the text is not Base64: {error}")))?;
    scene.budget.text(bytes.len())?;
    Ok(Value::from(String::from_utf8_lossy(&bytes).into_owned()))
}
