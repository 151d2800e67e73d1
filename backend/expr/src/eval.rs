//! Walks the tree with an environment and a budget.

mod access;
mod each;
mod operators;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::ast::{Binary, Expr, Node, Pointer};
use crate::budget::Budget;
use crate::builtins::Scene;
use crate::env::Env;
use crate::error::{Error, Fault, Kind};
use crate::pattern::Pattern;
use crate::time;
use crate::value::{Map, Value};

pub(crate) fn run(root: &Node, env: &Env) -> Result<Value, Error> {
    let mut machine = Machine {
        env,
        budget: Budget::new(),
        locals: Vec::new(),
        scopes: Vec::new(),
    };
    machine.node(root)
}

type Evaluated = Result<Value, Error>;

struct Machine<'a> {
    env: &'a Env,
    budget: Budget,
    /// What `let` declared around the current node.
    locals: Vec<(Arc<str>, Value)>,
    /// The predicates around the current node.
    scopes: Vec<Scope>,
}

/// The item that a predicate is looking at.
struct Scope {
    item: Value,
    index: usize,
    accumulator: Value,
}

impl Machine<'_> {
    fn node(&mut self, node: &Node) -> Evaluated {
        self.budget.steps(1).map_err(|fault| fault.at(node.span))?;
        match &node.expr {
            Expr::Nil => Ok(Value::Nil),
            Expr::Bool(value) => Ok(Value::Bool(*value)),
            Expr::Int(value) => Ok(Value::Int(*value)),
            Expr::Float(value) => Ok(Value::Float(*value)),
            Expr::String(text) => Ok(Value::String(Arc::clone(text).into())),
            Expr::Bytes(bytes) => Ok(Value::Bytes(Arc::clone(bytes))),
            Expr::Name(name) => Ok(self.name(name)),
            Expr::Env => Ok(self.env.whole()),
            Expr::Pointer(pointer) => Ok(self.pointer(*pointer)),
            Expr::Unary(unary, operand) => {
                let operand = self.node(operand)?;
                operators::unary(*unary, &operand).map_err(|fault| fault.at(node.span))
            }
            Expr::Binary(binary, left, right) => self.binary(node, *binary, left, right),
            Expr::Compare(first, rest) => self.compare(node, first, rest),
            Expr::Matches(text, pattern) => self.matches(node, text, pattern),
            Expr::Chain(_) | Expr::Member { .. } | Expr::Method { .. } => {
                Ok(self.link(node)?.unwrap_or(Value::Nil))
            }
            Expr::Slice { base, from, to } => {
                self.slice(node, base, from.as_deref(), to.as_deref())
            }
            Expr::Call { name, args } => self.call(node, name, args),
            Expr::Builtin(builtin, args) => {
                let args = self.all(args)?;
                let mut scene = Scene {
                    budget: &mut self.budget,
                    env: self.env,
                };
                let given = builtin.call(&mut scene, &args).and_then(Value::bounded);
                given.map_err(|fault| fault.at(node.span))
            }
            Expr::Each {
                each,
                over,
                predicate,
                extra,
            } => self.each(node, *each, over, predicate.as_deref(), extra.as_deref()),
            Expr::Let { name, value, body } => {
                self.declare(node, name, value)?;
                let body = self.node(body);
                self.locals.pop();
                body
            }
            Expr::Sequence(nodes) => {
                let mut last = Value::Nil;
                for node in nodes {
                    last = self.node(node)?;
                }
                Ok(last)
            }
            Expr::If {
                condition,
                then,
                otherwise,
            } => {
                if self.bool(condition, "a condition")? {
                    self.node(then)
                } else {
                    self.node(otherwise)
                }
            }
            Expr::Array(nodes) => {
                let items = self.all(nodes)?;
                self.budget
                    .items(items.len())
                    .and_then(|()| Value::array(items).bounded())
                    .map_err(|fault| fault.at(node.span))
            }
            Expr::Map(pairs) => self.map(node, pairs),
        }
    }

    fn declare(&mut self, node: &Node, name: &Arc<str>, value: &Node) -> Result<(), Error> {
        if self.env.function(name).is_some() {
            let message = format!("`{name}` exists already and cannot be declared again");
            return Err(Fault::name(message).at(node.span));
        }
        let value = self.node(value)?;
        self.locals.push((Arc::clone(name), value));
        Ok(())
    }

    fn name(&self, name: &str) -> Value {
        let local = self.locals.iter().rev().find(|(known, _)| **known == *name);
        let found = local
            .map(|(_, value)| value)
            .or_else(|| self.env.variable(name));
        found.cloned().unwrap_or(Value::Nil)
    }

    fn pointer(&self, pointer: Pointer) -> Value {
        match (pointer, self.scopes.last()) {
            (Pointer::Item, Some(scope)) => scope.item.clone(),
            (Pointer::Index, Some(scope)) => {
                Value::Int(i64::try_from(scope.index).unwrap_or(i64::MAX))
            }
            (Pointer::Accumulator, Some(scope)) => scope.accumulator.clone(),
            // The checker has refused these.
            (_, None) => Value::Nil,
        }
    }

    fn all(&mut self, nodes: &[Node]) -> Result<Vec<Value>, Error> {
        let mut values = Vec::with_capacity(nodes.len());
        for node in nodes {
            values.push(self.node(node)?);
        }
        Ok(values)
    }

    fn bool(&mut self, node: &Node, what: &str) -> Result<bool, Error> {
        match self.node(node)? {
            Value::Bool(value) => Ok(value),
            other => {
                let message = format!("{what} is a bool, not {}", other.type_name());
                Err(Fault::wrong_type(message).at(node.span))
            }
        }
    }

    fn binary(&mut self, node: &Node, binary: Binary, left: &Node, right: &Node) -> Evaluated {
        match binary {
            // The right side is the result whatever it is, as in the language.
            Binary::And => {
                let left = self.bool(left, "the left side of `and`")?;
                return if left {
                    self.node(right)
                } else {
                    Ok(Value::Bool(false))
                };
            }
            Binary::Or => {
                let left = self.bool(left, "the left side of `or`")?;
                return if left {
                    Ok(Value::Bool(true))
                } else {
                    self.node(right)
                };
            }
            Binary::Coalesce => {
                let left = self.node(left)?;
                return if left.is_nil() {
                    self.node(right)
                } else {
                    Ok(left)
                };
            }
            _ => {}
        }
        let (left, right) = (self.node(left)?, self.node(right)?);
        operators::binary(binary, &left, &right, &mut self.budget)
            .map_err(|fault| fault.at(node.span))
    }

    fn compare(&mut self, node: &Node, first: &Node, rest: &[(Binary, Node)]) -> Evaluated {
        let mut left = self.node(first)?;
        for (binary, right) in rest {
            let right = self.node(right)?;
            let holds = operators::binary(*binary, &left, &right, &mut self.budget)
                .map_err(|fault| fault.at(node.span))?;
            if holds != Value::Bool(true) {
                return Ok(Value::Bool(false));
            }
            left = right;
        }
        Ok(Value::Bool(true))
    }

    fn matches(&mut self, node: &Node, text: &Node, pattern: &Pattern) -> Evaluated {
        let text = self.node(text)?;
        operators::matches(&text, pattern, &mut self.budget).map_err(|fault| fault.at(node.span))
    }

    fn call(&mut self, node: &Node, name: &str, args: &[Node]) -> Evaluated {
        let Some(function) = self.env.function(name) else {
            return Err(Fault::name(format!("there is no function `{name}`")).at(node.span));
        };
        let args = self.all(args)?;
        let given = function.call(name, &args).and_then(Value::bounded);
        given.map_err(|fault| fault.at(node.span))
    }

    fn map(&mut self, node: &Node, pairs: &[(Node, Node)]) -> Evaluated {
        self.budget
            .items(pairs.len())
            .map_err(|fault| fault.at(node.span))?;
        let mut entries = BTreeMap::new();
        for (key, value) in pairs {
            let Value::String(name) = self.node(key)? else {
                return Err(Fault::wrong_type("a key is a string").at(key.span));
            };
            let value = self.node(value)?;
            // Of two with one name the first counts.
            entries.entry(name.shared()).or_insert(value);
        }
        let map = Value::Map(Arc::new(Map::text(entries)));
        map.bounded().map_err(|fault| fault.at(node.span))
    }

    /// Calls a method of what a node gave.
    fn invoke(&mut self, node: &Node, base: &Value, name: &str, args: &[Node]) -> Evaluated {
        let args = self.all(args)?;
        let called = match base {
            Value::Object(object) => object.call(name, &args),
            other => time::call(other, name, &args),
        };
        let called = called.unwrap_or_else(|| {
            Err(Fault::new(
                Kind::Name,
                format!("{} has no method `{name}`", base.type_name()),
            ))
        });
        called
            .and_then(Value::bounded)
            .map_err(|fault| fault.at(node.span))
    }
}
