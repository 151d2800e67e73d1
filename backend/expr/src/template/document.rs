//! Templates anywhere in a JSON document. Keys are left alone.

use std::fmt;

use serde_json::{Map, Value as Json};

use super::Template;
use crate::coerce::Wanted;
use crate::env::Env;
use crate::error::{Error, Fault, Kind, Span};
use crate::references::Known;

/// Why a document could not be rendered.
#[derive(Clone, Debug, PartialEq)]
pub enum TemplateError {
    /// An expression is wrong.
    Wrong {
        /// The field, as in `checkout[0].branch`. Empty for the document itself.
        path: String,
        /// The text at that place.
        text: String,
        /// What is wrong with it.
        error: Error,
    },
    /// Functions need these facts first. Fetch them all and render again.
    Needs(Vec<Json>),
}

impl fmt::Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wrong { path, error, .. } if path.is_empty() => write!(f, "{error}"),
            Self::Wrong { path, error, .. } => write!(f, "{path}: {error}"),
            Self::Needs(facts) => write!(f, "{} values have to be fetched first", facts.len()),
        }
    }
}

impl std::error::Error for TemplateError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Wrong { error, .. } => Some(error),
            Self::Needs(_) => None,
        }
    }
}

/// The document with every template in it rendered.
///
/// `is_text` says of the field at a path whether it is text, so that nothing in it becomes a number.
/// Places in arrays are written as digits: `["images", "0", "tag"]`.
///
/// # Errors
/// At the first expression that is wrong; if none is, with all facts that are still needed. Also if a
/// variable has the name of a function of the host: one of the two is a mistake.
pub fn render(
    document: &Json,
    env: &Env,
    is_text: &dyn Fn(&[&str]) -> bool,
) -> Result<Json, TemplateError> {
    if let Some(name) = env.hidden() {
        let fault = Fault::name(format!("a variable hides the function `{name}`"));
        let error = fault.at(Span::default());
        let (path, text) = (String::new(), name.to_owned());
        return Err(TemplateError::Wrong { path, text, error });
    }
    let mut renderer = Renderer {
        env,
        is_text,
        needs: Vec::new(),
    };
    let rendered = renderer.value(document, &Path::Root)?;
    if renderer.needs.is_empty() {
        Ok(rendered)
    } else {
        Err(TemplateError::Needs(renderer.needs))
    }
}

/// What can be said about the templates of a document without evaluating them: those that do not
/// compile, and names that are not `known`.
#[must_use]
pub fn check(document: &Json, known: &Known) -> Vec<TemplateError> {
    let mut found = Vec::new();
    visit(document, &Path::Root, &mut |text, path| {
        let wrong = |error| TemplateError::Wrong {
            path: path.to_string(),
            text: text.to_owned(),
            error,
        };
        match Template::parse(text) {
            Err(error) => found.push(wrong(error)),
            Ok(template) => found.extend(template.unknown(known).into_iter().map(wrong)),
        }
    });
    found
}

impl Template {
    /// Names that are not known, placed in the whole text.
    #[must_use]
    pub fn unknown(&self, known: &Known) -> Vec<Error> {
        let mut errors = Vec::new();
        for part in &self.parts {
            if let super::Part::Expression(start, program) = part {
                let unknown = program.unknown(known).into_iter();
                errors.extend(unknown.map(|error| super::shifted(error, *start, &self.text)));
            }
        }
        errors
    }
}

/// The way to a place in a document, each step knowing the one before.
enum Path<'a> {
    Root,
    Field(&'a Self, &'a str),
    Item(&'a Self, usize),
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Path::Root => Ok(()),
            Path::Item(parent, at) => write!(f, "{parent}[{at}]"),
            Path::Field(parent, name)
                if !name.starts_with(|c: char| c.is_alphabetic()) || name.contains('.') =>
            {
                write!(f, "{parent}[{name:?}]")
            }
            Path::Field(Path::Root, name) => f.write_str(name),
            Path::Field(parent, name) => write!(f, "{parent}.{name}"),
        }
    }
}

fn visit(value: &Json, path: &Path<'_>, see: &mut dyn FnMut(&str, &Path<'_>)) {
    match value {
        Json::Null | Json::Bool(_) | Json::Number(_) => {}
        Json::String(text) => see(text, path),
        Json::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                visit(item, &Path::Item(path, at), see);
            }
        }
        Json::Object(fields) => {
            for (name, field) in fields {
                visit(field, &Path::Field(path, name), see);
            }
        }
    }
}

impl Path<'_> {
    /// The steps from the root, places in arrays as digits.
    fn steps(&self) -> Vec<String> {
        let (parent, step) = match self {
            Path::Root => return Vec::new(),
            Path::Field(parent, name) => (parent, (*name).to_owned()),
            Path::Item(parent, at) => (parent, at.to_string()),
        };
        let mut steps = parent.steps();
        steps.push(step);
        steps
    }
}

struct Renderer<'a> {
    env: &'a Env,
    is_text: &'a dyn Fn(&[&str]) -> bool,
    needs: Vec<Json>,
}

impl Renderer<'_> {
    fn value(&mut self, value: &Json, path: &Path<'_>) -> Result<Json, TemplateError> {
        match value {
            Json::Null | Json::Bool(_) | Json::Number(_) => Ok(value.clone()),
            Json::String(text) => self.text(text, path),
            Json::Array(items) => items
                .iter()
                .enumerate()
                .map(|(at, item)| self.value(item, &Path::Item(path, at)))
                .collect::<Result<Vec<_>, _>>()
                .map(Json::Array),
            Json::Object(fields) => fields
                .iter()
                .map(|(name, field)| {
                    let field = self.value(field, &Path::Field(path, name))?;
                    Ok((name.clone(), field))
                })
                .collect::<Result<Map<_, _>, _>>()
                .map(Json::Object),
        }
    }

    fn text(&mut self, text: &str, path: &Path<'_>) -> Result<Json, TemplateError> {
        match self.rendered(text, path) {
            Ok(value) => Ok(value),
            Err(Error {
                kind: Kind::Needs(fact),
                ..
            }) => {
                if !self.needs.contains(&fact) {
                    self.needs.push(*fact);
                }
                // Nobody sees this: the whole answer is what is needed.
                Ok(Json::Null)
            }
            Err(error) => {
                let (path, text) = (path.to_string(), text.to_owned());
                Err(TemplateError::Wrong { path, text, error })
            }
        }
    }

    fn rendered(&self, text: &str, path: &Path<'_>) -> Result<Json, Error> {
        let template = Template::parse(text)?;
        if template.is_plain() {
            return Ok(Json::from(text));
        }
        let steps = path.steps();
        let steps: Vec<&str> = steps.iter().map(String::as_str).collect();
        let wanted = if (self.is_text)(&steps) {
            Wanted::Text
        } else {
            Wanted::Anything
        };
        template.render(self.env, wanted)
    }
}
