//! Calls: the number and types of arguments, and what comes back.

use super::{Checked, Checker, Scope, Type, fault};
use crate::ast::{Each, Expr, Node};
use crate::builtins::{Builtin, Param};
use crate::error::Fault;
use crate::{env, time};

impl Checker {
    pub(super) fn method(
        &mut self,
        node: &Node,
        base: &Node,
        name: &str,
        args: &[Node],
    ) -> Checked {
        let base = self.node(base)?;
        for arg in args {
            self.node(arg)?;
        }
        match &base {
            // A map may hold nothing that can be called, but only evaluating it tells.
            Type::Unknown | Type::Map { .. } => Ok(Type::Unknown),
            base => match time::method_type(base, name) {
                Some((arguments, gives)) => {
                    env::check_arity(name, &(arguments..=arguments), args.len())
                        .map_err(|fault| fault.at(node.span))?;
                    Ok(gives)
                }
                None => Err(Fault::name(format!("{base} has no method `{name}`")).at(node.span)),
            },
        }
    }

    pub(super) fn builtin(&mut self, node: &Node, builtin: &Builtin, args: &[Node]) -> Checked {
        builtin
            .check_arity(args.len())
            .map_err(|fault| fault.at(node.span))?;
        let mut types = Vec::new();
        for arg in args {
            types.push(self.node(arg)?);
        }
        if builtin.name == "get" {
            return get(args, &types);
        }
        for (at, (given, arg)) in types.iter().zip(args).enumerate() {
            let param = builtin.params.get(at).or(builtin.params.last());
            let Some(wanted) = param.and_then(|param| refused(*param, given)) else {
                continue;
            };
            let message = format!("`{}` takes {wanted}, not {given}", builtin.name);
            return Err(fault(arg, message));
        }
        Ok((builtin.gives)(&types))
    }

    pub(super) fn each(
        &mut self,
        node: &Node,
        each: Each,
        over: &Node,
        predicate: Option<&Node>,
        extra: Option<&Node>,
    ) -> Checked {
        let collection = self.node(over)?;
        if !collection.is_array() && collection != Type::Unknown {
            let message = format!("`{}` takes an array, not {collection}", each.name());
            return Err(fault(over, message));
        }
        let result = match predicate {
            None => Type::Unknown,
            Some(predicate) => {
                self.scopes.push(Scope {
                    item: collection.item(),
                    index: matches!(each, Each::Map | Each::Reduce),
                    accumulator: each == Each::Reduce,
                });
                let result = self.node(predicate);
                self.scopes.pop();
                let result = result?;
                check_predicate(each, predicate, &result)?;
                result
            }
        };
        if let Some(extra) = extra {
            let given = self.node(extra)?;
            if each == Each::SortBy && !matches!(given, Type::String | Type::Unknown) {
                return Err(fault(
                    extra,
                    format!("the order of `sortBy` is a string, not {given}"),
                ));
            }
        }
        _ = node;
        Ok(match each {
            Each::All | Each::None | Each::Any | Each::One => Type::Bool,
            Each::Filter => Type::array(collection.item()),
            Each::Map => Type::array(result),
            Each::Count => Type::Int,
            Each::Sum if predicate.is_some() => result,
            Each::Sum | Each::Find | Each::FindLast => collection.item(),
            Each::FindIndex | Each::FindLastIndex => Type::Int,
            Each::GroupBy => Type::any_map(Type::array(Type::Unknown)),
            Each::SortBy => collection,
            Each::Reduce => result,
        })
    }
}

/// Most predicates decide; the others give anything but nil.
fn check_predicate(each: Each, predicate: &Node, result: &Type) -> Result<(), crate::error::Error> {
    let decides = match each {
        Each::All
        | Each::None
        | Each::Any
        | Each::One
        | Each::Filter
        | Each::Count
        | Each::Find
        | Each::FindIndex
        | Each::FindLast
        | Each::FindLastIndex => true,
        Each::Map | Each::Sum | Each::GroupBy | Each::SortBy | Each::Reduce => false,
    };
    let message = match result {
        Type::Nil if decides => "the predicate gives nil, not a bool".to_owned(),
        Type::Unknown | Type::Bool => return Ok(()),
        other if decides => format!("the predicate gives {other}, not a bool"),
        _ => return Ok(()),
    };
    Err(fault(predicate, message))
}

fn get(args: &[Node], types: &[Type]) -> Checked {
    let ([base, key], [base_node, key_node]) = (types, args) else {
        return Ok(Type::Unknown);
    };
    if matches!(base_node.expr, Expr::Env) {
        return Ok(Type::Unknown);
    }
    match (base, key) {
        (Type::Unknown, _) => Ok(Type::Unknown),
        (Type::Array(_) | Type::Bytes, Type::Int | Type::Unknown)
        | (Type::Map { any_keys: true, .. }, _)
        | (
            Type::Map {
                any_keys: false, ..
            },
            Type::String | Type::Unknown,
        ) => Ok(base.item()),
        (Type::Array(_) | Type::Bytes, key) => Err(fault(
            key_node,
            format!("an index is a whole number, not {key}"),
        )),
        (Type::Map { .. }, key) => Err(fault(
            key_node,
            format!("the keys of the map are strings, not {key}"),
        )),
        (base, _) => Err(fault(
            base_node,
            format!("`get` takes an array or a map, not {base}"),
        )),
    }
}

/// What is wanted instead of a type that does not fit.
fn refused(param: Param, given: &Type) -> Option<&'static str> {
    if *given == Type::Unknown {
        return None;
    }
    let (fits, wanted) = match param {
        Param::Any => (true, ""),
        Param::Text => (*given == Type::String, "a string"),
        Param::Int => (*given == Type::Int, "a whole number"),
        Param::Number => (given.is_number(), "a number"),
        Param::Numeric => {
            let holds = matches!(
                given,
                Type::String | Type::Duration | Type::Month | Type::Weekday
            );
            (given.is_number() || holds, "a number or a string")
        }
        Param::Numbers => (given.is_number() || given.is_array(), "numbers"),
        Param::Array => (given.is_array(), "an array"),
        Param::Map => (matches!(given, Type::Map { .. }), "a map"),
        Param::Sized => {
            let sized = given.is_array() || matches!(given, Type::String | Type::Map { .. });
            (sized, "a string, an array or a map")
        }
        Param::Zone => (*given == Type::Zone, "a time zone"),
    };
    (!fits).then_some(wanted)
}
