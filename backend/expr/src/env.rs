//! What an expression can refer to: variables, functions of the host, the time.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::RangeInclusive;
use std::sync::Arc;

use jiff::Timestamp;

use crate::error::{Fault, Kind};
use crate::value::Value;

type Body = dyn Fn(&[Value]) -> Result<Value, Fault> + Send + Sync;

/// A function of the host.
#[derive(Clone)]
pub struct Function {
    arity: RangeInclusive<usize>,
    body: Arc<Body>,
}

impl Function {
    /// A function that takes as many arguments as `arity` says. It may answer [`Fault::needs`].
    pub fn new(
        arity: RangeInclusive<usize>,
        body: impl Fn(&[Value]) -> Result<Value, Fault> + Send + Sync + 'static,
    ) -> Self {
        Self {
            arity,
            body: Arc::new(body),
        }
    }

    /// How many arguments it takes.
    #[must_use]
    pub fn arity(&self) -> RangeInclusive<usize> {
        self.arity.clone()
    }

    pub(crate) fn call(&self, name: &str, args: &[Value]) -> Result<Value, Fault> {
        check_arity(name, &self.arity, args.len())?;
        (self.body)(args)
    }
}

impl fmt::Debug for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Function")
            .field("arity", &self.arity)
            .finish_non_exhaustive()
    }
}

/// Refuses a wrong number of arguments.
pub(crate) fn check_arity(
    name: &str,
    arity: &RangeInclusive<usize>,
    given: usize,
) -> Result<(), Fault> {
    if arity.contains(&given) {
        return Ok(());
    }
    let (least, most) = (*arity.start(), *arity.end());
    let wanted = match (least, most) {
        (least, usize::MAX) => format!("at least {least}"),
        (least, most) if least == most => least.to_string(),
        (least, most) => format!("{least} to {most}"),
    };
    let noun = if wanted == "1" || wanted == "at least 1" {
        "argument"
    } else {
        "arguments"
    };
    Err(Fault::new(
        Kind::Argument,
        format!("`{name}` takes {wanted} {noun}, not {given}"),
    ))
}

/// Variables, functions and the time. A copy is a layer: what is added to it, the original does not see.
#[derive(Clone, Debug, Default)]
pub struct Env {
    variables: BTreeMap<Arc<str>, Value>,
    functions: BTreeMap<Arc<str>, Function>,
    now: Option<Timestamp>,
}

impl Env {
    /// Nothing but the built-in functions.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The same with one more variable, or another value for it.
    #[must_use]
    pub fn with(mut self, name: &str, value: Value) -> Self {
        self.set(name, value);
        self
    }

    /// The same with one more function. The built-in functions cannot be replaced.
    #[must_use]
    pub fn with_function(mut self, name: &str, function: Function) -> Self {
        self.functions.insert(Arc::from(name), function);
        self
    }

    /// The same at this time, without which `now()` refuses.
    #[must_use]
    pub fn at(mut self, now: Timestamp) -> Self {
        self.now = Some(now);
        self
    }

    /// Adds a variable or gives it another value.
    pub fn set(&mut self, name: &str, value: Value) {
        self.variables.insert(Arc::from(name), value);
    }

    /// The variable of that name.
    #[must_use]
    pub fn variable(&self, name: &str) -> Option<&Value> {
        self.variables.get(name)
    }

    /// The variables by name.
    pub fn variables(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.variables.iter().map(|(name, value)| (&**name, value))
    }

    /// The functions of the host by name.
    pub fn functions(&self) -> impl Iterator<Item = (&str, &Function)> {
        self.functions
            .iter()
            .map(|(name, function)| (&**name, function))
    }

    /// A function of the host that a variable has the name of.
    pub(crate) fn hidden(&self) -> Option<&str> {
        let hidden = self
            .functions
            .keys()
            .find(|name| self.variables.contains_key(*name));
        hidden.map(|name| &**name)
    }

    pub(crate) fn function(&self, name: &str) -> Option<&Function> {
        self.functions.get(name)
    }

    pub(crate) fn now(&self) -> Option<Timestamp> {
        self.now
    }

    /// `$env`
    pub(crate) fn whole(&self) -> Value {
        Value::map(
            self.variables
                .iter()
                .map(|(name, value)| (Arc::clone(name), value.clone())),
        )
    }
}
