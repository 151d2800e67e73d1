//! Types that can be known without evaluating: mistakes in an expression show as soon as it is written.
//!
//! Values that come from outside have no type here, and everything fits them.

mod call;
mod operators;
mod types;

use std::sync::Arc;

pub(crate) use types::Type;

use crate::ast::{Expr, Node, Pointer};
use crate::error::{Error, Fault};
use crate::references;
use crate::time;

/// Finds the first place where types do not fit.
pub(crate) fn check(root: &Node) -> Result<(), Error> {
    Checker {
        locals: Vec::new(),
        scopes: Vec::new(),
    }
    .node(root)
    .map(|_| ())
}

type Checked = Result<Type, Error>;

struct Checker {
    /// What `let` declared around the current node.
    locals: Vec<(Arc<str>, Type)>,
    /// The predicates around the current node.
    scopes: Vec<Scope>,
}

struct Scope {
    item: Type,
    index: bool,
    accumulator: bool,
}

fn fault(node: &Node, message: String) -> Error {
    Fault::wrong_type(message).at(node.span)
}

impl Checker {
    fn node(&mut self, node: &Node) -> Checked {
        match &node.expr {
            Expr::Nil => Ok(Type::Nil),
            Expr::Bool(_) => Ok(Type::Bool),
            Expr::Int(_) => Ok(Type::Int),
            Expr::Float(_) => Ok(Type::Float),
            Expr::String(_) => Ok(Type::String),
            Expr::Bytes(_) => Ok(Type::Bytes),
            Expr::Name(name) => Ok(self.local(name)),
            Expr::Env => Ok(Type::Unknown),
            Expr::Pointer(pointer) => self.pointer(node, *pointer),
            Expr::Unary(unary, operand) => {
                let operand = self.node(operand)?;
                operators::unary(*unary, &operand).map_err(|message| fault(node, message))
            }
            Expr::Binary(binary, left, right) => {
                let (left, right) = (self.node(left)?, self.node(right)?);
                operators::binary(*binary, &left, &right).map_err(|message| fault(node, message))
            }
            Expr::Compare(first, rest) => self.compare(node, first, rest),
            Expr::Matches(text, _) => match self.node(text)? {
                Type::String | Type::Bytes | Type::Unknown => Ok(Type::Bool),
                other => Err(fault(
                    node,
                    format!("`matches` takes a string, not {other}"),
                )),
            },
            Expr::Chain(inside) => self.node(inside),
            Expr::Member { base, property, .. } => self.member(node, base, property),
            Expr::Slice { base, from, to } => {
                self.slice(node, base, from.as_deref(), to.as_deref())
            }
            Expr::Call { args, .. } => {
                for arg in args {
                    self.node(arg)?;
                }
                Ok(Type::Unknown)
            }
            Expr::Method {
                base, name, args, ..
            } => self.method(node, base, name, args),
            Expr::Builtin(builtin, args) => self.builtin(node, builtin, args),
            Expr::Each {
                each,
                over,
                predicate,
                extra,
            } => self.each(node, *each, over, predicate.as_deref(), extra.as_deref()),
            Expr::Let { name, value, body } => self.declaration(node, name, value, body),
            Expr::Sequence(nodes) => {
                let mut last = Type::Nil;
                for node in nodes {
                    last = self.node(node)?;
                }
                Ok(last)
            }
            Expr::If {
                condition,
                then,
                otherwise,
            } => self.conditional(condition, then, otherwise),
            Expr::Array(nodes) => self.array(nodes),
            Expr::Map(pairs) => {
                for (key, value) in pairs {
                    match self.node(key)? {
                        Type::String | Type::Unknown => {}
                        other => {
                            return Err(fault(key, format!("a key is a string, not {other}")));
                        }
                    }
                    self.node(value)?;
                }
                Ok(Type::text_map(Type::Unknown))
            }
        }
    }

    fn local(&self, name: &str) -> Type {
        let found = self.locals.iter().rev().find(|(known, _)| **known == *name);
        found.map_or(Type::Unknown, |(_, known)| known.clone())
    }

    fn pointer(&self, node: &Node, pointer: Pointer) -> Checked {
        let scope = self.scopes.last();
        let unknown = |name: &str| {
            Err(Fault::name(format!("`{name}` means nothing in this predicate")).at(node.span))
        };
        match (pointer, scope) {
            (Pointer::Item, Some(scope)) => Ok(scope.item.clone()),
            (Pointer::Index, Some(Scope { index: true, .. })) => Ok(Type::Int),
            (
                Pointer::Accumulator,
                Some(Scope {
                    accumulator: true, ..
                }),
            ) => Ok(Type::Unknown),
            (Pointer::Item, None) => unknown("#"),
            (Pointer::Index, _) => unknown("#index"),
            (Pointer::Accumulator, _) => unknown("#acc"),
        }
    }

    fn compare(
        &mut self,
        node: &Node,
        first: &Node,
        rest: &[(crate::ast::Binary, Node)],
    ) -> Checked {
        let mut left = self.node(first)?;
        for (binary, right) in rest {
            let right = self.node(right)?;
            operators::binary(*binary, &left, &right).map_err(|message| fault(node, message))?;
            left = right;
        }
        Ok(Type::Bool)
    }

    fn member(&mut self, node: &Node, base: &Node, property: &Node) -> Checked {
        let base = self.node(base)?;
        let key = self.node(property)?;
        let name = match &property.expr {
            Expr::String(name) => Some(name),
            _ => None,
        };
        match (&base, &key) {
            (Type::Unknown, _) => Ok(Type::Unknown),
            (Type::Map { any_keys: true, of }, _) => Ok(of.as_ref().clone()),
            (
                Type::Map {
                    any_keys: false,
                    of,
                },
                Type::String | Type::Unknown,
            ) => Ok(of.as_ref().clone()),
            (Type::Map { .. }, key) => Err(fault(
                property,
                format!("the keys of the map are strings, not {key}"),
            )),
            (Type::Array(of), Type::Int | Type::Unknown) => Ok(of.as_ref().clone()),
            (Type::Bytes, Type::Int | Type::Unknown) => Ok(Type::Int),
            (Type::Array(_) | Type::Bytes, _) if name.is_none() => Err(fault(
                property,
                format!("an index is a whole number, not {key}"),
            )),
            (base, key) => match name {
                Some(name) if time::method_type(base, name).is_some() => {
                    Err(fault(node, format!("the method `{name}` has to be called")))
                }
                Some(name) => {
                    Err(Fault::name(format!("{base} has no field `{name}`")).at(node.span))
                }
                None => Err(fault(
                    node,
                    format!("{base} has no items, so none at {key}"),
                )),
            },
        }
    }

    fn slice(
        &mut self,
        node: &Node,
        base: &Node,
        from: Option<&Node>,
        to: Option<&Node>,
    ) -> Checked {
        let base = self.node(base)?;
        if !matches!(
            base,
            Type::Unknown | Type::String | Type::Bytes | Type::Array(_)
        ) {
            return Err(fault(node, format!("{base} has no slices")));
        }
        for bound in [from, to].into_iter().flatten() {
            match self.node(bound)? {
                Type::Int | Type::Unknown => {}
                _ if base == Type::Unknown => {}
                other => {
                    return Err(fault(
                        bound,
                        format!("an index is a whole number, not {other}"),
                    ));
                }
            }
        }
        Ok(base)
    }

    fn declaration(&mut self, node: &Node, name: &Arc<str>, value: &Node, body: &Node) -> Checked {
        let taken = self.locals.iter().any(|(known, _)| known == name);
        if taken || references::is_builtin(name) {
            let message = format!("`{name}` exists already and cannot be declared again");
            return Err(Fault::name(message).at(node.span));
        }
        let value = self.node(value)?;
        self.locals.push((Arc::clone(name), value));
        let body = self.node(body);
        self.locals.pop();
        body
    }

    fn conditional(&mut self, condition: &Node, then: &Node, otherwise: &Node) -> Checked {
        match self.node(condition)? {
            Type::Bool | Type::Unknown => {}
            other => {
                return Err(fault(
                    condition,
                    format!("a condition is a bool, not {other}"),
                ));
            }
        }
        let (then, otherwise) = (self.node(then)?, self.node(otherwise)?);
        Ok(match (then, otherwise) {
            (Type::Nil, other) | (other, Type::Nil) => other,
            (then, otherwise) if then == otherwise => then,
            (Type::Array(_), Type::Array(_)) => Type::array(Type::Unknown),
            _ => Type::Unknown,
        })
    }

    /// An array whose items are all of one kind is an array of that, as far as can be told.
    fn array(&mut self, nodes: &[Node]) -> Checked {
        let mut items = Vec::new();
        for node in nodes {
            items.push(self.node(node)?);
        }
        let alike = items.windows(2).all(|pair| match pair {
            [left, right] => left == right,
            _ => true,
        });
        let item = items.pop().filter(|_| alike).unwrap_or(Type::Unknown);
        Ok(Type::array(item))
    }
}
