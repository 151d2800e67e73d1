//! The expression language: expr-lang's semantics, templates around it and the coercion of what they give.
//!
//! It knows nothing of promotions, Kubernetes or files: variables, functions and the time are handed in
//! with an [`Env`]. It does no I/O; a function that lacks a fact answers [`Fault::needs`], and the caller
//! fetches it and evaluates again. Nothing a person can write makes it panic, recurse without bound or
//! run for long.
//!
//! ```
//! use argosy_expr::{Env, Program, Value};
//!
//! let program = Program::compile("name | upper() | repeat(2)")?;
//! let env = Env::new().with("name", Value::from("ab"));
//! assert_eq!(program.run(&env)?, Value::from("ABAB"));
//! # Ok::<(), argosy_expr::Error>(())
//! ```

mod ast;
mod budget;
mod builtins;
mod check;
mod coerce;
mod env;
mod error;
mod eval;
mod lexer;
mod number;
mod parser;
mod pattern;
mod program;
mod references;
pub mod template;
mod time;
mod value;

pub use coerce::{Wanted, coerce};
pub use env::{Env, Function};
pub use error::{Error, Fault, Kind, Span};
pub use program::Program;
pub use references::{Known, Reference, References};
pub use template::{Template, TemplateError};
pub use time::{Time, Zone};
pub use value::{Key, List, Map, Numbers, Object, Text, Value};
