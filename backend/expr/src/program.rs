//! An expression that has been parsed and checked, ready to be evaluated any number of times.

use std::sync::Arc;

use crate::ast::Node;
use crate::env::Env;
use crate::error::Error;
use crate::references::{self, Known, References};
use crate::value::Value;
use crate::{check, eval, parser};

/// An expression without delimiters.
#[derive(Clone, Debug)]
pub struct Program {
    text: Arc<str>,
    root: Arc<Node>,
}

impl Program {
    /// Parses, and checks what can be known without an environment.
    ///
    /// # Errors
    /// If the text is not an expression, is too large, or combines types that never fit.
    pub fn compile(text: &str) -> Result<Self, Error> {
        let root = parser::parse(text).map_err(|error| error.located(text))?;
        check::check(&root).map_err(|error| error.located(text))?;
        Ok(Self {
            text: Arc::from(text),
            root: Arc::new(root),
        })
    }

    /// Evaluates.
    ///
    /// # Errors
    /// At the first thing that cannot be computed, and where a function [needs](crate::Kind::Needs) a fact.
    pub fn run(&self, env: &Env) -> Result<Value, Error> {
        eval::run(&self.root, env).map_err(|error| error.located(&self.text))
    }

    /// The text that was compiled.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Which variables and functions of the host it refers to.
    #[must_use]
    pub fn references(&self) -> References {
        references::of(&self.root)
    }

    /// Names that are not known, functions with a wrong number of arguments, `let` over a known name.
    #[must_use]
    pub fn unknown(&self, known: &Known) -> Vec<Error> {
        let found = references::unknown(&self.root, known);
        found
            .into_iter()
            .map(|error| error.located(&self.text))
            .collect()
    }
}
