//! The functions that evaluate a predicate for each item.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::operators;
use super::{Evaluated, Machine, Scope};
use crate::ast::{Binary, Each, Node};
use crate::builtins::descending;
use crate::error::{Error, Fault};
use crate::value::{self, Key, Map, Value};

impl Machine<'_> {
    pub(super) fn each(
        &mut self,
        node: &Node,
        each: Each,
        over: &Node,
        predicate: Option<&Node>,
        extra: Option<&Node>,
    ) -> Evaluated {
        let collection = self.node(over)?;
        let items = items(each, &collection).map_err(|fault| fault.at(over.span))?;
        self.budget
            .steps(items.len())
            .map_err(|fault| fault.at(over.span))?;
        let extra = extra.map(|extra| self.node(extra)).transpose()?;
        let depth = self.scopes.len();
        let result = self.over(node, each, &items, predicate, extra);
        // An error leaves the scopes as they were when it happened.
        self.scopes.truncate(depth);
        result
    }

    fn over(
        &mut self,
        node: &Node,
        each: Each,
        items: &[Value],
        predicate: Option<&Node>,
        extra: Option<Value>,
    ) -> Evaluated {
        match each {
            Each::All => self
                .position(each, items, predicate, false)
                .map(|at| Value::Bool(at.is_none())),
            Each::Any => self
                .position(each, items, predicate, true)
                .map(|at| Value::Bool(at.is_some())),
            Each::None => self
                .position(each, items, predicate, true)
                .map(|at| Value::Bool(at.is_none())),
            Each::Find => {
                let at = self.position(each, items, predicate, true)?;
                Ok(at
                    .and_then(|at| items.get(at))
                    .cloned()
                    .unwrap_or(Value::Nil))
            }
            Each::FindIndex => self.position(each, items, predicate, true).map(place),
            Each::FindLast => {
                let at = self.last_position(each, items, predicate)?;
                Ok(at
                    .and_then(|at| items.get(at))
                    .cloned()
                    .unwrap_or(Value::Nil))
            }
            Each::FindLastIndex => self.last_position(each, items, predicate).map(place),
            Each::One | Each::Count => {
                let count = self.filter(each, items, predicate)?.len();
                Ok(if each == Each::One {
                    Value::Bool(count == 1)
                } else {
                    place(Some(count))
                })
            }
            Each::Filter => {
                let kept = self.filter(each, items, predicate)?;
                self.array(node, kept)
            }
            Each::Map => {
                let mapped = self.values(items, predicate)?;
                self.array(node, mapped)
            }
            Each::Sum => self.sum(node, items, predicate),
            Each::GroupBy => self.group_by(node, items, predicate),
            Each::SortBy => self.sort_by(node, items, predicate, extra),
            Each::Reduce => self.reduce(node, items, predicate, extra),
        }
    }

    fn array(&mut self, node: &Node, items: Vec<Value>) -> Evaluated {
        self.budget
            .items(items.len())
            .and_then(|()| Value::array(items).bounded())
            .map_err(|fault| fault.at(node.span))
    }

    /// What the predicate gives for an item; without a predicate the item itself.
    fn apply(
        &mut self,
        predicate: Option<&Node>,
        item: &Value,
        index: usize,
        accumulator: Value,
    ) -> Evaluated {
        let Some(predicate) = predicate else {
            return Ok(item.clone());
        };
        self.scopes.push(Scope {
            item: item.clone(),
            index,
            accumulator,
        });
        let result = self.node(predicate);
        self.scopes.pop();
        result
    }

    fn holds(
        &mut self,
        each: Each,
        predicate: Option<&Node>,
        item: &Value,
        index: usize,
    ) -> Result<bool, Error> {
        match self.apply(predicate, item, index, Value::Nil)? {
            Value::Bool(value) => Ok(value),
            other => {
                let message = format!(
                    "the predicate of `{}` gives a bool, not {}",
                    each.name(),
                    other.type_name()
                );
                Err(Fault::wrong_type(message)
                    .at(predicate.map(|node| node.span).unwrap_or_default()))
            }
        }
    }

    /// The first item for which the predicate gives `wanted`.
    fn position(
        &mut self,
        each: Each,
        items: &[Value],
        predicate: Option<&Node>,
        wanted: bool,
    ) -> Result<Option<usize>, Error> {
        for (index, item) in items.iter().enumerate() {
            if self.holds(each, predicate, item, index)? == wanted {
                return Ok(Some(index));
            }
        }
        Ok(None)
    }

    fn last_position(
        &mut self,
        each: Each,
        items: &[Value],
        predicate: Option<&Node>,
    ) -> Result<Option<usize>, Error> {
        for (index, item) in items.iter().enumerate().rev() {
            if self.holds(each, predicate, item, index)? {
                return Ok(Some(index));
            }
        }
        Ok(None)
    }

    fn filter(
        &mut self,
        each: Each,
        items: &[Value],
        predicate: Option<&Node>,
    ) -> Result<Vec<Value>, Error> {
        let mut kept = Vec::new();
        for (index, item) in items.iter().enumerate() {
            if self.holds(each, predicate, item, index)? {
                kept.push(item.clone());
            }
        }
        Ok(kept)
    }

    fn values(&mut self, items: &[Value], predicate: Option<&Node>) -> Result<Vec<Value>, Error> {
        let mut values = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            values.push(self.apply(predicate, item, index, Value::Nil)?);
        }
        Ok(values)
    }

    /// Numbers and durations. Of nothing it is 0.
    fn sum(&mut self, node: &Node, items: &[Value], predicate: Option<&Node>) -> Evaluated {
        let mut total: Option<Value> = None;
        for value in self.values(items, predicate)? {
            if !matches!(value, Value::Int(_) | Value::Float(_) | Value::Duration(_)) {
                let message = format!("`sum` adds numbers, not {}", value.type_name());
                return Err(Fault::wrong_type(message).at(node.span));
            }
            total = Some(match total {
                None => value,
                Some(total) => operators::binary(Binary::Add, &total, &value, &mut self.budget)
                    .map_err(|fault| fault.at(node.span))?,
            });
        }
        Ok(total.unwrap_or(Value::Int(0)))
    }

    fn group_by(&mut self, node: &Node, items: &[Value], predicate: Option<&Node>) -> Evaluated {
        let mut groups: BTreeMap<Key, Vec<Value>> = BTreeMap::new();
        for (value, item) in self.values(items, predicate)?.iter().zip(items) {
            let key = Key::of(value).map_err(|fault| fault.at(node.span))?;
            groups.entry(key).or_default().push(item.clone());
        }
        self.budget
            .items(items.len())
            .map_err(|fault| fault.at(node.span))?;
        let groups = groups
            .into_iter()
            .map(|(key, items)| (key, Value::array(items)));
        Value::Map(Arc::new(Map::any(groups)))
            .bounded()
            .map_err(|fault| fault.at(node.span))
    }

    fn sort_by(
        &mut self,
        node: &Node,
        items: &[Value],
        predicate: Option<&Node>,
        order: Option<Value>,
    ) -> Evaluated {
        let descending = match order {
            None => Ok(false),
            Some(Value::String(order)) => descending("sortBy", &order),
            Some(other) => Err(Fault::wrong_type(format!(
                "the order of `sortBy` is a string, not {}",
                other.type_name()
            ))),
        }
        .map_err(|fault| fault.at(node.span))?;
        let values = self.values(items, predicate)?;
        let mut pairs: Vec<_> = values.into_iter().zip(items.iter().cloned()).collect();
        value::sort(&mut pairs, descending).map_err(|fault| fault.at(node.span))?;
        self.array(node, pairs.into_iter().map(|(_, item)| item).collect())
    }

    fn reduce(
        &mut self,
        node: &Node,
        items: &[Value],
        predicate: Option<&Node>,
        start: Option<Value>,
    ) -> Evaluated {
        let mut rest = items.iter().enumerate();
        let mut accumulator = match start {
            Some(start) => start,
            None => match rest.next() {
                Some((_, first)) => first.clone(),
                None => {
                    let message = "`reduce` of an empty array needs a start as third argument";
                    return Err(Fault::wrong_argument(message).at(node.span));
                }
            },
        };
        for (index, item) in rest {
            accumulator = self.apply(predicate, item, index, accumulator)?;
        }
        Ok(accumulator)
    }
}

/// What is gone through: the items of an array, the bytes of a text.
fn items(each: Each, collection: &Value) -> Result<Vec<Value>, Fault> {
    let bytes = match collection {
        Value::Array(list) => return Ok(list.items().to_vec()),
        Value::String(text) => text.as_bytes(),
        Value::Bytes(bytes) => bytes,
        other => {
            let message = format!(
                "`{}` takes an array, not {}",
                each.name(),
                other.type_name()
            );
            return Err(Fault::wrong_type(message));
        }
    };
    Ok(bytes
        .iter()
        .map(|byte| Value::Int(i64::from(*byte)))
        .collect())
}

fn place(at: Option<usize>) -> Value {
    at.and_then(|at| i64::try_from(at).ok())
        .map_or(Value::Nil, Value::Int)
}
