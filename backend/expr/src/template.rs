//! Text with expressions in it, `${{ … }}` and `${% … %}`, alone or anywhere in a JSON document.

mod document;
mod scan;

use serde_json::Value as Json;

pub use document::{TemplateError, check, render};

use crate::coerce::{Wanted, coerce};
use crate::env::Env;
use crate::error::{Error, Span};
use crate::program::Program;
use crate::value::{Value, compact};

/// A text that has been taken apart into what stands there and what is to be evaluated.
#[derive(Clone, Debug)]
pub struct Template {
    text: String,
    parts: Vec<Part>,
}

#[derive(Clone, Debug)]
enum Part {
    Literal(String),
    /// With the place where it starts in the text, in bytes.
    Expression(usize, Program),
}

impl Template {
    /// Takes a text apart and compiles its expressions. A text without delimiters is a template too.
    ///
    /// # Errors
    /// If an expression is not closed or does not compile. The place is one in the whole text.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let mut parts = Vec::new();
        for part in scan::parts(text).map_err(|error| error.located(text))? {
            parts.push(match part {
                scan::Part::Literal(literal) => Part::Literal(literal.to_owned()),
                scan::Part::Expression { start, inside } => {
                    let program =
                        Program::compile(inside).map_err(|error| shifted(error, start, text))?;
                    Part::Expression(start, program)
                }
            });
        }
        Ok(Self {
            text: text.to_owned(),
            parts,
        })
    }

    /// Whether there is no expression in it, so that it gives its own text.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        !self
            .parts
            .iter()
            .any(|part| matches!(part, Part::Expression(..)))
    }

    /// The expressions in it.
    pub fn programs(&self) -> impl Iterator<Item = &Program> {
        self.parts.iter().filter_map(|part| match part {
            Part::Expression(_, program) => Some(program),
            Part::Literal(_) => None,
        })
    }

    /// Evaluates the expressions and [coerces](coerce) the result. A text without expressions stays what
    /// it is. A single expression that does not give text stands for its value, also where text is wanted.
    ///
    /// # Errors
    /// Where an expression cannot be evaluated. The place is one in the whole text.
    pub fn render(&self, env: &Env, wanted: Wanted) -> Result<Json, Error> {
        if self.is_plain() {
            return Ok(Json::from(self.text.as_str()));
        }
        if let [Part::Expression(start, program)] = self.parts.as_slice() {
            let value = self.evaluate(*start, program, env)?;
            return match &value {
                Value::String(text) if text.is_verbatim() => Ok(Json::from(&**text)),
                Value::String(text) => Ok(coerce(text, wanted)),
                other => self.json(*start, program, other),
            };
        }
        let mut text = String::new();
        for part in &self.parts {
            match part {
                Part::Literal(literal) => text.push_str(literal),
                Part::Expression(start, program) => match self.evaluate(*start, program, env)? {
                    Value::String(part) => text.push_str(&part),
                    other => text.push_str(&compact(&self.json(*start, program, &other)?)),
                },
            }
        }
        Ok(coerce(&text, wanted))
    }

    fn evaluate(&self, start: usize, program: &Program, env: &Env) -> Result<Value, Error> {
        program
            .run(env)
            .map_err(|error| shifted(error, start, &self.text))
    }

    fn json(&self, start: usize, program: &Program, value: &Value) -> Result<Json, Error> {
        let span = Span::new(0, program.text().len());
        value
            .to_json()
            .map_err(|fault| shifted(fault.at(span), start, &self.text))
    }
}

/// An error in an expression, placed in the text around it.
fn shifted(error: Error, by: usize, text: &str) -> Error {
    let span = Span::new(error.span.start + by, error.span.end + by);
    Error { span, ..error }.located(text)
}
