//! The wish to abort a promotion, as people and programs write it into an annotation.

use argosy_api::{Promotion, labels};
use serde::Deserialize;

/// A wish to abort.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct AbortRequest {
    /// Who wishes it, where that is known.
    pub actor: Option<String>,
}

impl AbortRequest {
    /// What the promotion says of it.
    pub fn message(&self) -> String {
        match &self.actor {
            Some(actor) => format!("Promotion was aborted by {actor}"),
            None => "Promotion was aborted".to_owned(),
        }
    }
}

/// The wish written on a Promotion, if there is one: the word `terminate`, or JSON with that
/// action. Anything else is none.
pub fn request(promotion: &Promotion) -> Option<AbortRequest> {
    let text = promotion
        .metadata
        .annotations
        .as_ref()?
        .get(labels::ABORT)?
        .trim();
    if text == labels::ABORT_TERMINATE {
        return Some(AbortRequest::default());
    }
    let written: Written = serde_json::from_str(text).ok()?;
    let actor = written.actor.filter(|actor| !actor.is_empty());
    (written.action == labels::ABORT_TERMINATE).then_some(AbortRequest { actor })
}

#[derive(Deserialize)]
struct Written {
    action: String,
    actor: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<Option<&str>>) {
        let mut promotion = Promotion::default();
        let annotations = promotion.metadata.annotations.get_or_insert_default();
        annotations.insert(labels::ABORT.to_owned(), text.to_owned());
        let expected = expected.map(|actor| AbortRequest {
            actor: actor.map(ToOwned::to_owned),
        });
        assert_eq!(request(&promotion), expected, "{text}");
    }

    #[test]
    fn a_wish_is_a_word_or_an_object() {
        check("terminate", Some(None));
        check(
            r#"{"action":"terminate","actor":"admin"}"#,
            Some(Some("admin")),
        );
        check(r#"{"action":"terminate"}"#, Some(None));
    }

    #[test]
    fn anything_else_is_no_wish() {
        check("", None);
        check("true", None);
        check(r#"{"action":"pause"}"#, None);
        check("{", None);
    }
}
