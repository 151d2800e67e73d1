//! Which variables and functions an expression refers to, found without evaluating it.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
use std::sync::Arc;

use crate::ast::EACH;
use crate::ast::{Binary, Expr, Node};
use crate::builtins;
use crate::env::{Env, check_arity};
use crate::error::{Error, Fault, Span};

/// A variable and the members that are taken of it by name: `vars.image` is `["vars", "image"]`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reference {
    /// The variable first.
    pub path: Vec<String>,
    /// Whether nil is provided for: with `??`, with a `?.` in the path, or by comparing with nil.
    pub guarded: bool,
}

/// What an expression refers to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct References {
    /// Variables of the environment.
    pub variables: BTreeSet<Reference>,
    /// Functions of the host, the built-in ones left out.
    pub functions: BTreeSet<String>,
}

/// The names that an environment will have.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// Variables.
    pub variables: BTreeSet<String>,
    /// Functions, with how many arguments they take.
    pub functions: BTreeMap<String, RangeInclusive<usize>>,
}

impl From<&Env> for Known {
    fn from(env: &Env) -> Self {
        Self {
            variables: env.variables().map(|(name, _)| name.to_owned()).collect(),
            functions: env
                .functions()
                .map(|(name, function)| (name.to_owned(), function.arity()))
                .collect(),
        }
    }
}

pub(crate) fn of(root: &Node) -> References {
    let mut found = References::default();
    let mut walk = Walk {
        locals: Vec::new(),
        see: &mut |seen| match seen {
            Seen::Variable { path, guarded } => {
                let guarded = guarded || path.optional.is_some();
                found.variables.insert(Reference {
                    path: path.names,
                    guarded,
                });
            }
            Seen::Function { name, .. } => {
                found.functions.insert(name.to_owned());
            }
            Seen::Declared { .. } => {}
        },
    };
    walk.node(root, false);
    found
}

pub(crate) fn unknown(root: &Node, known: &Known) -> Vec<Error> {
    let mut errors = Vec::new();
    let mut walk = Walk {
        locals: Vec::new(),
        see: &mut |seen| match seen {
            Seen::Variable { path, guarded } => {
                let name = path.names.first().map_or("", String::as_str);
                // What is provided for is that the last member is nil, or the one before the `?.`.
                let provided = path
                    .optional
                    .unwrap_or(if guarded { path.names.len() } else { 0 });
                if !known.variables.contains(name) && provided != 1 {
                    let fault = Fault::name(format!("there is no variable `{name}`"));
                    errors.push(fault.at(path.span));
                }
            }
            Seen::Function { name, args, span } => match known.functions.get(name) {
                None => errors.push(Fault::name(format!("there is no function `{name}`")).at(span)),
                Some(arity) => {
                    errors.extend(
                        check_arity(name, arity, args)
                            .err()
                            .map(|fault| fault.at(span)),
                    );
                }
            },
            Seen::Declared { name, span } => {
                if known.variables.contains(name) || known.functions.contains_key(name) {
                    errors.push(Fault::name(format!("`{name}` exists already")).at(span));
                }
            }
        },
    };
    walk.node(root, false);
    errors
}

/// Whether a name is a built-in function.
pub(crate) fn is_builtin(name: &str) -> bool {
    builtins::find(name).is_some() || EACH.iter().any(|(known, ..)| *known == name)
}

enum Seen<'a> {
    Variable {
        path: Path,
        guarded: bool,
    },
    Function {
        name: &'a str,
        args: usize,
        span: Span,
    },
    Declared {
        name: &'a str,
        span: Span,
    },
}

struct Walk<'a, 'b> {
    /// Names that `let` declared around the current node.
    locals: Vec<Arc<str>>,
    see: &'b mut dyn FnMut(Seen<'a>),
}

impl<'a> Walk<'a, '_> {
    fn node(&mut self, node: &'a Node, guarded: bool) {
        if let Some(path) = Path::of(node) {
            let name = path.names.first().map_or("", String::as_str);
            if !self.locals.iter().any(|local| **local == *name) {
                (self.see)(Seen::Variable { path, guarded });
            }
            return;
        }
        match &node.expr {
            Expr::Let { name, value, body } => {
                self.node(value, false);
                (self.see)(Seen::Declared {
                    name,
                    span: node.span,
                });
                self.locals.push(Arc::clone(name));
                self.node(body, false);
                self.locals.pop();
            }
            Expr::Call { name, args } => {
                (self.see)(Seen::Function {
                    name,
                    args: args.len(),
                    span: node.span,
                });
                args.iter().for_each(|arg| self.node(arg, false));
            }
            Expr::Binary(Binary::Coalesce, left, right) => {
                self.node(left, true);
                self.node(right, guarded);
            }
            Expr::Binary(Binary::Equal | Binary::NotEqual, left, right) => {
                let is_nil = |node: &Node| matches!(node.expr, Expr::Nil);
                self.node(left, is_nil(right));
                self.node(right, is_nil(left));
            }
            Expr::Chain(inside) => self.node(inside, guarded),
            _ => node
                .children()
                .into_iter()
                .for_each(|child| self.node(child, false)),
        }
    }
}

/// A variable and the members that are taken of it by name.
struct Path {
    names: Vec<String>,
    /// How many names stand before the first `?.`.
    optional: Option<usize>,
    span: Span,
}

impl Path {
    /// The path that a node is if it is nothing but names and dots.
    fn of(node: &Node) -> Option<Self> {
        match &node.expr {
            Expr::Name(name) => {
                let names = vec![name.as_ref().to_owned()];
                Some(Self {
                    names,
                    optional: None,
                    span: node.span,
                })
            }
            Expr::Chain(inside) => Self::of(inside),
            Expr::Member {
                base,
                property,
                optional,
            } => {
                let Expr::String(name) = &property.expr else {
                    return None;
                };
                let name = name.as_ref().to_owned();
                if matches!(base.expr, Expr::Env) {
                    // A map gives nil for what it does not have.
                    return Some(Self {
                        names: vec![name],
                        optional: Some(1),
                        span: node.span,
                    });
                }
                let mut path = Self::of(base)?;
                if *optional && path.optional.is_none() {
                    path.optional = Some(path.names.len());
                }
                path.names.push(name);
                Some(path)
            }
            _ => None,
        }
    }
}
