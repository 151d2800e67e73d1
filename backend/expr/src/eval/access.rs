//! Members, indexes, slices, and the chains in which `?.` may stop.

use super::{Evaluated, Machine};
use crate::ast::{Expr, Node};
use crate::builtins::truncate;
use crate::error::{Error, Fault};
use crate::value::{self, Value};

impl Machine<'_> {
    /// A link of a chain: `None` if a `?.` before it found nil, so that the whole chain is nil.
    pub(super) fn link(&mut self, node: &Node) -> Result<Option<Value>, Error> {
        match &node.expr {
            Expr::Chain(inside) => Ok(Some(self.link(inside)?.unwrap_or(Value::Nil))),
            Expr::Member {
                base,
                property,
                optional,
            } => {
                let Some(base) = self.base(base, *optional)? else {
                    return Ok(None);
                };
                let key = self.node(property)?;
                fetch(&base, &key)
                    .map(Some)
                    .map_err(|fault| fault.at(property.span))
            }
            Expr::Method {
                base,
                name,
                optional,
                args,
            } => {
                let Some(base) = self.base(base, *optional)? else {
                    return Ok(None);
                };
                self.invoke(node, &base, name, args).map(Some)
            }
            _ => self.node(node).map(Some),
        }
    }

    fn base(&mut self, node: &Node, optional: bool) -> Result<Option<Value>, Error> {
        let base = match &node.expr {
            Expr::Member { .. } | Expr::Method { .. } => self.link(node)?,
            _ => Some(self.node(node)?),
        };
        Ok(base.filter(|base| !(optional && base.is_nil())))
    }

    pub(super) fn slice(
        &mut self,
        node: &Node,
        base: &Node,
        from: Option<&Node>,
        to: Option<&Node>,
    ) -> Evaluated {
        let base = self.node(base)?;
        let length = match &base {
            Value::Array(list) => list.items().len(),
            Value::String(text) => text.len(),
            Value::Bytes(bytes) => bytes.len(),
            other => {
                let message = format!("{} has no slices", other.type_name());
                return Err(Fault::wrong_type(message).at(node.span));
            }
        };
        let to = self.bound(to, length, length)?;
        let from = self.bound(from, length, 0)?.min(to);
        self.cut(&base, from, to)
            .map_err(|fault| fault.at(node.span))
    }

    /// A bound of a slice, counted from the start and no further than the end.
    fn bound(
        &mut self,
        node: Option<&Node>,
        length: usize,
        default: usize,
    ) -> Result<usize, Error> {
        let Some(node) = node else { return Ok(default) };
        let at = index(&self.node(node)?).map_err(|fault| fault.at(node.span))?;
        let distance = usize::try_from(at.unsigned_abs()).unwrap_or(usize::MAX);
        Ok(if at < 0 {
            length.saturating_sub(distance)
        } else {
            distance.min(length)
        })
    }

    fn cut(&mut self, base: &Value, from: usize, to: usize) -> Result<Value, Fault> {
        match base {
            Value::Array(list) => {
                let items = list.items().get(from..to).unwrap_or(&[]);
                self.budget.items(items.len())?;
                Ok(Value::array(items.to_vec()))
            }
            Value::Bytes(bytes) => {
                self.budget.text(to - from)?;
                Ok(Value::Bytes(bytes.get(from..to).unwrap_or(&[]).into()))
            }
            Value::String(text) => {
                // Places are bytes. One inside a character means the start of that character.
                let part = text.get(text.floor_char_boundary(from)..text.floor_char_boundary(to));
                self.budget.text(to - from)?;
                Ok(Value::from(part.unwrap_or("")))
            }
            _ => Ok(Value::Nil),
        }
    }
}

/// A number as a place. Its fraction is dropped.
fn index(value: &Value) -> Result<i64, Fault> {
    match value {
        Value::Int(at) => Ok(*at),
        Value::Float(at) => truncate(*at),
        other => Err(Fault::wrong_type(format!(
            "an index is a whole number, not {}",
            other.type_name()
        ))),
    }
}

/// `base.key` and `base[key]`.
fn fetch(base: &Value, key: &Value) -> Result<Value, Fault> {
    match base {
        Value::Map(map) => Ok(map.find(key)?.cloned().unwrap_or_else(|| map.absent())),
        Value::Array(_) | Value::String(_) | Value::Bytes(_) => {
            let at = index(key)?;
            value::at(base, at).ok_or_else(|| {
                Fault::wrong_argument(format!(
                    "the index {at} is outside, there are {} items",
                    length(base)
                ))
            })
        }
        Value::Object(object) => {
            let Some(name) = key.as_str() else {
                let message = format!("{} has fields, not items", object.type_name());
                return Err(Fault::wrong_type(message));
            };
            object
                .field(name)
                .ok_or_else(|| Fault::name(format!("{} has no field `{name}`", object.type_name())))
        }
        Value::Nil => Err(Fault::wrong_type(format!("nil has no {}", described(key)))),
        other => Err(Fault::wrong_type(format!(
            "{} has no {}",
            other.type_name(),
            described(key)
        ))),
    }
}

fn length(base: &Value) -> usize {
    match base {
        Value::Array(list) => list.items().len(),
        Value::String(text) => text.len(),
        Value::Bytes(bytes) => bytes.len(),
        _ => 0,
    }
}

fn described(key: &Value) -> String {
    match key {
        Value::String(name) => format!("field `{name}`"),
        other => format!("item {}", other.to_text()),
    }
}
