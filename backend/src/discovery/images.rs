//! Images of one repository.

use std::sync::Arc;
use std::time::Duration;

use argosy_api::subscription::{ImageSelectionStrategy, ImageSubscription};
use argosy_api::warehouse::ImageDiscoveryResult;
use argosy_core::image_selection::{ImageFacts, Known, Listing, Pick, Selection};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use tokio::time::{Instant, timeout_at};

use super::DiscoveryError;
use crate::credentials::Credentials;
use crate::registry::{Access, Platform, Registry, RegistryError, Repository, Trust};

/// Images that one look reads at a time. Few, so that looks at one registry take turns.
const AT_ONCE: usize = 16;
/// A look that takes longer gives way to the others; what it read is kept for the next.
const WITHIN: Duration = Duration::from_secs(15 * 60);

/// The images that a subscription wants, best first. An empty list is an answer, not an error.
///
/// Requests: the tag list, one for each thousand tags, and two for each image that was never seen.
/// Where nothing is new, the tag list alone.
pub async fn discover_images(
    registry: &Registry,
    subscription: &ImageSubscription,
    credentials: Option<Arc<Credentials>>,
) -> Result<ImageDiscoveryResult, DiscoveryError> {
    let repo_url = || subscription.repo_url.clone();
    let unanswered = |source| DiscoveryError::Registry {
        repo_url: repo_url(),
        source,
    };
    let selection =
        Selection::new(subscription).map_err(|source| DiscoveryError::Subscription {
            repo_url: repo_url(),
            source,
        })?;
    let insecure_skip_tls_verify = subscription.insecure_skip_tls_verify;
    let access = Access {
        credentials,
        insecure_skip_tls_verify,
    };
    let repository = registry
        .repository(&subscription.repo_url, access)
        .map_err(unanswered)?;
    let look = Look {
        trust: trust(subscription, &repository),
        platform: platform(subscription)?,
        repository,
    };

    let until = Instant::now() + WITHIN;
    let listed = match selection.listing() {
        Listing::OneTag(tag) => vec![tag.into()],
        Listing::AllTags => look.repository.tags().await.map_err(unanswered)?,
    };
    let candidates = selection.candidates(&listed);
    let mut known = Known::new();
    loop {
        let tags = match selection.pick(&candidates, &known) {
            Pick::Read(tags) => tags,
            Pick::Done(references) => {
                return Ok(ImageDiscoveryResult {
                    repo_url: repo_url(),
                    platform: subscription.platform.clone(),
                    subscription_name: None,
                    references,
                });
            }
        };
        let late = |read| {
            let minutes = WITHIN.as_secs() / 60;
            DiscoveryError::TooMany {
                repo_url: repo_url(),
                read,
                minutes,
            }
        };
        let looks: Vec<_> = tags.into_iter().map(|tag| look.at(tag)).collect();
        let mut looks = stream::iter(looks).buffer_unordered(AT_ONCE);
        while let Some((tag, image)) = timeout_at(until, looks.try_next())
            .await
            .map_err(|_| late(known.len()))?
            .map_err(unanswered)?
        {
            known.insert(tag, image);
        }
    }
}

struct Look {
    repository: Repository,
    trust: Trust,
    platform: Option<Platform>,
}

impl Look {
    async fn at(&self, tag: &str) -> Result<(String, Option<ImageFacts>), RegistryError> {
        let image = self
            .repository
            .image(tag, self.trust, self.platform.as_ref())
            .await?;
        let facts = image.map(|image| ImageFacts {
            digest: image.digest,
            created: image.created,
            annotations: image.annotations,
        });
        Ok((tag.to_owned(), facts))
    }
}

fn trust(subscription: &ImageSubscription, repository: &Repository) -> Trust {
    match subscription.image_selection_strategy {
        // The tag is followed because it moves.
        ImageSelectionStrategy::Digest => Trust::Never,
        ImageSelectionStrategy::SemVer
        | ImageSelectionStrategy::Lexical
        | ImageSelectionStrategy::NewestBuild => {
            if subscription.cache_by_tag {
                Trust::Always
            } else {
                repository.usual_trust()
            }
        }
    }
}

fn platform(subscription: &ImageSubscription) -> Result<Option<Platform>, DiscoveryError> {
    let text = subscription
        .platform
        .as_deref()
        .filter(|text| !text.is_empty());
    text.map(|text| {
        Platform::parse(text).ok_or_else(|| DiscoveryError::Platform {
            repo_url: subscription.repo_url.clone(),
            platform: text.to_owned(),
        })
    })
    .transpose()
}
