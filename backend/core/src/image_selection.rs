//! Which images of a repository a Warehouse wants, newest first.
//!
//! In two phases, because reading an image costs requests: first the tags are filtered and
//! ordered, then images are picked as they become known, and no more are asked for than needed.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use argosy_api::Time;
use argosy_api::subscription::{ImageSelectionStrategy, ImageSubscription};
use argosy_api::warehouse::DiscoveredImageReference;
use jiff::Timestamp;
use regex::Regex;

use crate::constraint::{Constraint, ConstraintError, Version};
use crate::pattern::{self, PatternError};
use crate::urls::is_tag;

/// A subscription to images that has been checked.
#[derive(Debug, Clone)]
pub struct Selection {
    strategy: Strategy,
    filter: TagFilter,
    limit: usize,
}

/// Why a subscription cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SelectionError {
    /// A regular expression does not compile.
    #[error("{field}[{index}]")]
    Regex {
        /// The list that it is in.
        field: &'static str,
        /// Its place in the list, from zero.
        index: usize,
        /// What is wrong with it.
        source: PatternError,
    },
    /// The constraint is none.
    #[error("{field}")]
    Constraint {
        /// The field that it is in.
        field: &'static str,
        /// What is wrong with it.
        source: ConstraintError,
    },
    /// The strategy `Digest` needs to know the tag to follow.
    #[error("constraint: required for Digest, names the tag to follow")]
    NoTag,
    /// A field that no longer works.
    #[error("{field}: no longer supported, use {instead}")]
    Outdated {
        /// The field.
        field: &'static str,
        /// The field to use in its place.
        instead: &'static str,
    },
}

/// What to ask the registry for first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listing<'a> {
    /// The list of tags.
    AllTags,
    /// Nothing, the only candidate is this tag.
    OneTag(&'a str),
}

/// What is known of an image.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ImageFacts {
    /// Digest of the index, or of the manifest if there is no index.
    pub digest: String,
    /// When it was built, if it says so.
    pub created: Option<Timestamp>,
    /// Its annotations.
    pub annotations: BTreeMap<String, String>,
}

/// What has been read so far: by tag, the image, or none if the tag has no image for the platform.
pub type Known = BTreeMap<String, Option<ImageFacts>>;

/// The next thing to do.
#[derive(Debug, Clone, PartialEq)]
pub enum Pick<'a> {
    /// Read the images of these tags and ask again.
    Read(Vec<&'a str>),
    /// These are the images, newest first.
    Done(Vec<DiscoveredImageReference>),
}

#[derive(Debug, Clone)]
enum Strategy {
    Strict(Option<Constraint>),
    Loose(Option<Constraint>),
    Lexical,
    NewestBuild,
    Digest(String),
}

impl Selection {
    /// Checks a subscription.
    ///
    /// # Errors
    /// The first field that cannot be used.
    pub fn new(subscription: &ImageSubscription) -> Result<Self, SelectionError> {
        let outdated = |field, instead| Err(SelectionError::Outdated { field, instead });
        if subscription
            .allow_tags
            .as_ref()
            .is_some_and(|tags| !tags.is_empty())
        {
            return outdated("allowTags", "allowTagsRegexes");
        }
        if !subscription.ignore_tags.is_empty() {
            return outdated("ignoreTags", "ignoreTagsRegexes");
        }
        let filter = TagFilter::new(
            &subscription.allow_tags_regexes,
            &subscription.ignore_tags_regexes,
        )?;
        let strategy = match subscription.image_selection_strategy {
            ImageSelectionStrategy::SemVer if subscription.strict_semvers => {
                Strategy::Strict(constraint(subscription)?)
            }
            ImageSelectionStrategy::SemVer => Strategy::Loose(constraint(subscription)?),
            ImageSelectionStrategy::Lexical => Strategy::Lexical,
            ImageSelectionStrategy::NewestBuild => Strategy::NewestBuild,
            ImageSelectionStrategy::Digest => {
                let (_, tag) = written(subscription).ok_or(SelectionError::NoTag)?;
                Strategy::Digest(tag.to_owned())
            }
        };
        let limit = usize::try_from(subscription.discovery_limit)
            .unwrap_or(usize::MAX)
            .max(1);
        Ok(Self {
            strategy,
            filter,
            limit,
        })
    }

    /// What to ask the registry for first.
    pub fn listing(&self) -> Listing<'_> {
        match &self.strategy {
            Strategy::Digest(tag) => Listing::OneTag(tag),
            Strategy::Strict(_)
            | Strategy::Loose(_)
            | Strategy::Lexical
            | Strategy::NewestBuild => Listing::AllTags,
        }
    }

    /// The tags whose images may be wanted, best first where that can be told from the tag.
    pub fn candidates<'a>(&self, tags: &'a [impl AsRef<str>]) -> Vec<&'a str> {
        let tags = tags.iter().map(AsRef::as_ref);
        match &self.strategy {
            Strategy::Strict(constraint) => versions(
                self.allowed(tags),
                |tag| Version::strict(tag).ok(),
                constraint.as_ref(),
            ),
            Strategy::Loose(constraint) => versions(
                self.allowed(tags),
                |tag| Version::loose(tag).ok(),
                constraint.as_ref(),
            ),
            Strategy::Lexical => {
                let mut tags: Vec<&str> = self.allowed(tags).collect();
                tags.sort_unstable_by_key(|tag| Reverse(*tag));
                tags
            }
            Strategy::NewestBuild => self.allowed(tags).collect(),
            Strategy::Digest(wanted) => tags.filter(|tag| tag == wanted).take(1).collect(),
        }
    }

    /// Picks images from the candidates, or says which of them must be read first.
    pub fn pick<'a>(&self, candidates: &[&'a str], known: &Known) -> Pick<'a> {
        let by_time = matches!(self.strategy, Strategy::NewestBuild);
        // Which of the images is the newest is told by the images only, so all are needed.
        let wanted = if by_time {
            candidates.len()
        } else {
            self.limit
        };
        let mut found = Vec::new();
        let mut unread = Vec::new();
        for tag in candidates {
            if wanted <= found.len() + unread.len() {
                break;
            }
            match known.get(*tag) {
                Some(Some(image)) => found.push((*tag, image)),
                Some(None) => {}
                None => unread.push(*tag),
            }
        }
        if !unread.is_empty() {
            return Pick::Read(unread);
        }
        if by_time {
            found.sort_unstable_by_key(|(tag, image)| Reverse((image.created, *tag)));
        }
        found.truncate(self.limit);
        Pick::Done(
            found
                .into_iter()
                .map(|(tag, image)| reference(tag, image))
                .collect(),
        )
    }

    fn allowed<'a>(&self, tags: impl Iterator<Item = &'a str>) -> impl Iterator<Item = &'a str> {
        tags.filter(|tag| is_tag(tag) && self.filter.allows(tag))
    }
}

/// Which tags are looked at.
#[derive(Debug, Clone, Default)]
pub struct TagFilter {
    allow: Vec<Regex>,
    ignore: Vec<Regex>,
}

impl TagFilter {
    /// Compiles `allowTagsRegexes` and `ignoreTagsRegexes`. An empty `allow` allows everything.
    ///
    /// # Errors
    /// The first expression that does not compile.
    pub fn new(allow: &[String], ignore: &[String]) -> Result<Self, SelectionError> {
        let compile = |field, list: &[String]| {
            let compiled = list.iter().enumerate().map(|(index, text)| {
                let wrong = |source| SelectionError::Regex {
                    field,
                    index,
                    source,
                };
                pattern::regex(text).map_err(wrong)
            });
            compiled.collect::<Result<Vec<_>, _>>()
        };
        let allow = compile("allowTagsRegexes", allow)?;
        Ok(Self {
            allow,
            ignore: compile("ignoreTagsRegexes", ignore)?,
        })
    }

    /// Whether the tag is looked at.
    pub fn allows(&self, tag: &str) -> bool {
        let any = |list: &[Regex]| list.iter().any(|regex| regex.is_match(tag));
        !any(&self.ignore) && (self.allow.is_empty() || any(&self.allow))
    }
}

fn constraint(subscription: &ImageSubscription) -> Result<Option<Constraint>, SelectionError> {
    let Some((field, text)) = written(subscription) else {
        return Ok(None);
    };
    let wrong = |source| SelectionError::Constraint { field, source };
    text.parse().map(Some).map_err(wrong)
}

/// The constraint, whichever field it is in.
fn written(subscription: &ImageSubscription) -> Option<(&'static str, &str)> {
    let fields = [
        ("constraint", &subscription.constraint),
        ("semverConstraint", &subscription.semver_constraint),
    ];
    let mut given = fields
        .into_iter()
        .filter_map(|(field, text)| Some((field, text.as_deref()?)));
    given.find(|(_, text)| !text.is_empty())
}

/// The tags that are versions which satisfy the constraint, greatest first.
fn versions<'a>(
    tags: impl Iterator<Item = &'a str>,
    parse: impl Fn(&str) -> Option<Version>,
    constraint: Option<&Constraint>,
) -> Vec<&'a str> {
    let mut versions: Vec<(Version, &str)> = tags
        .filter_map(|tag| Some((parse(tag)?, tag)))
        .filter(|(version, _)| constraint.is_none_or(|constraint| constraint.allows(version)))
        .collect();
    versions
        .sort_unstable_by(|(a, a_tag), (b, b_tag)| b.precedence(a).then_with(|| b_tag.cmp(a_tag)));
    versions.into_iter().map(|(_, tag)| tag).collect()
}

fn reference(tag: &str, image: &ImageFacts) -> DiscoveredImageReference {
    DiscoveredImageReference {
        tag: tag.to_owned(),
        digest: image.digest.clone(),
        annotations: image.annotations.clone(),
        created_at: image.created.map(Time),
    }
}

#[cfg(test)]
mod tests;
