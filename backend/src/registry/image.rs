//! From a tag to an image: its digest, its time, its annotations, and whether a platform has it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::{StreamExt as _, TryStreamExt as _, stream};
use jiff::Timestamp;
use reqwest::header::CONTENT_TYPE;
use reqwest::{Method, StatusCode};
use sha2::{Digest as _, Sha256};

use super::Repository;
use super::error::RegistryError;
use super::http::{Answer, Request};
use super::manifest::{ACCEPTED, Child, Config, Manifest, Platform, Unusable};
use super::memory::Content;

const MANIFEST_LIMIT: usize = 4 << 20;
const CONFIG_LIMIT: usize = 8 << 20;
/// Images of one index that are looked into. Real ones have a dozen.
const MOST_CHILDREN: usize = 128;
const CHILDREN_AT_ONCE: usize = 8;
const DIGEST_HEADER: &str = "docker-content-digest";

/// What discovery wants to know of an image.
#[derive(Clone, Debug, PartialEq)]
pub struct Image {
    /// Of the index if the tag names one, else of the manifest.
    pub digest: String,
    /// When it was built, if it says so.
    pub created: Option<Timestamp>,
    /// The annotations of the index or manifest that the tag names.
    pub annotations: BTreeMap<String, String>,
}

/// How long what a tag pointed to is believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// Not at all: it is asked for each time, with a `HEAD` if it was seen before.
    Never,
    /// This long after it was last seen, then it is asked for with a `HEAD`.
    For(Duration),
    /// As long as the tag is in the list.
    Always,
}

impl Repository {
    /// The image that `tag` names. None if there is no such tag (any more), or if it has no image
    /// for `platform`.
    ///
    /// An image that was never seen costs two requests, an index without a time of its own two
    /// more for each of its images; an image that is known costs none or, when its tag is doubted,
    /// one without a body.
    pub async fn image(
        &self,
        tag: &str,
        trust: Trust,
        platform: Option<&Platform>,
    ) -> Result<Option<Image>, RegistryError> {
        let Some(digest) = self.digest(tag, trust).await? else {
            return Ok(None);
        };
        let what = format!("{}:{tag}", self.name);
        let manifest = self.manifest(&digest, &what).await?;
        let (fits, created) = match &*manifest {
            Manifest::Image { config, .. } => {
                self.single(&what, manifest.created(), config.as_deref(), platform)
                    .await?
            }
            Manifest::Index { children, .. } => {
                self.index(&what, manifest.created(), children, platform)
                    .await?
            }
        };
        let annotations = manifest.annotations().clone();
        Ok(fits.then_some(Image {
            digest,
            created,
            annotations,
        }))
    }

    /// Forgets what the tags of this repository pointed to: somebody says that one has moved.
    pub fn doubt(&self) {
        self.shared.memory.doubt(self.site.endpoint.key());
    }

    async fn single(
        &self,
        what: &str,
        created: Option<Timestamp>,
        config: Option<&str>,
        platform: Option<&Platform>,
    ) -> Result<(bool, Option<Timestamp>), RegistryError> {
        // The configuration is worth a request only if it can tell something.
        let config = match config {
            Some(digest) if created.is_none() || platform.is_some() => {
                self.config(digest, what).await?
            }
            _ => Arc::default(),
        };
        let fits = platform.is_none_or(|wanted| {
            config
                .platform
                .as_ref()
                .is_some_and(|own| own.satisfies(wanted))
        });
        Ok((fits, created.or(config.created)))
    }

    async fn index(
        &self,
        what: &str,
        created: Option<Timestamp>,
        children: &[Child],
        platform: Option<&Platform>,
    ) -> Result<(bool, Option<Timestamp>), RegistryError> {
        if children.is_empty() {
            return Err(RegistryError::EmptyIndex {
                what: what.to_owned(),
            });
        }
        if MOST_CHILDREN < children.len() {
            let what = what.to_owned();
            return Err(RegistryError::TooMany {
                what,
                limit: MOST_CHILDREN,
                noun: "images",
            });
        }
        let listed = |child: &&Child| match (platform, &child.platform) {
            (Some(wanted), Some(own)) => own.satisfies(wanted),
            (Some(_), None) | (None, _) => true,
        };
        // The index says all that is needed if it has a time, and a platform for each image.
        let told =
            |child: &&Child| created.is_some() && (platform.is_none() || child.platform.is_some());
        let candidates: Vec<&Child> = children.iter().filter(listed).collect();
        if candidates.iter().any(told) {
            return Ok((true, created));
        }
        let looks: Vec<_> = candidates
            .into_iter()
            .map(|child| self.child(what, child, platform))
            .collect();
        let seen: Vec<_> = stream::iter(looks)
            .buffered(CHILDREN_AT_ONCE)
            .try_collect()
            .await?;
        let newest = seen
            .iter()
            .filter(|(fits, _)| *fits)
            .filter_map(|(_, created)| *created)
            .max();
        Ok((seen.iter().any(|(fits, _)| *fits), created.or(newest)))
    }

    async fn child(
        &self,
        what: &str,
        child: &Child,
        platform: Option<&Platform>,
    ) -> Result<(bool, Option<Timestamp>), RegistryError> {
        let manifest = self.manifest(&child.digest, what).await?;
        let Manifest::Image { config, .. } = &*manifest else {
            let (what, media_type) = (
                format!("{what}@{}", child.digest),
                "index in an index".to_owned(),
            );
            return Err(RegistryError::MediaType { what, media_type });
        };
        // The list has said already whether it fits, where it says anything.
        let open = platform.filter(|_| child.platform.is_none());
        self.single(what, manifest.created(), config.as_deref(), open)
            .await
    }

    /// What `tag` points to. A first look brings the manifest with it.
    async fn digest(&self, tag: &str, trust: Trust) -> Result<Option<String>, RegistryError> {
        let known = self.memory.sighting(tag);
        if let Some(sighting) = &known {
            let believed = match trust {
                Trust::Never => false,
                Trust::For(time) => sighting.at.elapsed() < time,
                Trust::Always => true,
            };
            if believed {
                return Ok(Some(sighting.digest.to_string()));
            }
        }
        let what = format!("{}:{tag}", self.name);
        let url = self.site.endpoint.url(&format!("manifests/{tag}"));
        let mut request = Request::get(url, what.clone(), ACCEPTED, MANIFEST_LIMIT);
        if known.is_some() {
            request.method = Method::HEAD;
            let answer = self.ask(&request).await?;
            if answer.status == StatusCode::NOT_FOUND {
                self.memory.gone(tag);
                return Ok(None);
            }
            if !answer.status.is_success() {
                return Err(answer.refusal(&self.site.endpoint.host, what));
            }
            if let Some(digest) = answer.header(DIGEST_HEADER).filter(|text| is_digest(text)) {
                self.memory.saw(tag, digest);
                return Ok(Some(digest.to_owned()));
            }
            request.method = Method::GET;
        }
        let answer = self.ask(&request).await?;
        if answer.status == StatusCode::NOT_FOUND {
            self.memory.gone(tag);
            return Ok(None);
        }
        let digest = self.keep_manifest(&answer, None, &what)?;
        self.memory.saw(tag, &digest);
        Ok(Some(digest))
    }

    async fn manifest(&self, digest: &str, what: &str) -> Result<Arc<Manifest>, RegistryError> {
        if let Some(Content::Manifest(manifest)) = self.recall(digest) {
            return Ok(manifest);
        }
        let what = format!("{what}@{digest}");
        let url = self.site.endpoint.url(&format!("manifests/{digest}"));
        let answer = self
            .ask(&Request::get(url, what.clone(), ACCEPTED, MANIFEST_LIMIT))
            .await?;
        self.keep_manifest(&answer, Some(digest), &what)?;
        match self.recall(digest) {
            Some(Content::Manifest(manifest)) => Ok(manifest),
            // The cache is full and let go of it at once; reading again is cheap.
            _ => self.read_manifest(&answer, &what).map(Arc::new),
        }
    }

    async fn config(&self, digest: &str, what: &str) -> Result<Arc<Config>, RegistryError> {
        if let Some(Content::Config(config)) = self.recall(digest) {
            return Ok(config);
        }
        let what = format!("the configuration of {what}");
        let url = self.site.endpoint.url(&format!("blobs/{digest}"));
        let answer = self
            .ask(&Request::get(url, what.clone(), "*/*", CONFIG_LIMIT))
            .await?;
        let host = &self.site.endpoint.host;
        if !answer.status.is_success() {
            return Err(answer.refusal(host, what));
        }
        self.check(&answer, digest, &what)?;
        let config = Config::read(&answer.body);
        let config = Arc::new(config.map_err(|source| answer.malformed(host, &what, source))?);
        self.shared
            .memory
            .keep(&self.memory, digest, Content::Config(Arc::clone(&config)));
        Ok(config)
    }

    /// Returns the digest of the manifest in `answer`, which must be `expected` if that is known.
    fn keep_manifest(
        &self,
        answer: &Answer,
        expected: Option<&str>,
        what: &str,
    ) -> Result<String, RegistryError> {
        if !answer.status.is_success() {
            return Err(answer.refusal(&self.site.endpoint.host, what.to_owned()));
        }
        let manifest = Arc::new(self.read_manifest(answer, what)?);
        let said = expected
            .or_else(|| answer.header(DIGEST_HEADER))
            .filter(|text| is_digest(text));
        if let Some(digest) = said {
            self.check(answer, digest, what)?;
        }
        let digest = said.map_or_else(|| sha256(&answer.body), str::to_owned);
        self.shared
            .memory
            .keep(&self.memory, &digest, Content::Manifest(manifest));
        Ok(digest)
    }

    fn read_manifest(&self, answer: &Answer, what: &str) -> Result<Manifest, RegistryError> {
        let content_type = answer.header(CONTENT_TYPE).unwrap_or_default();
        Manifest::read(content_type, &answer.body).map_err(|unusable| match unusable {
            Unusable::MediaType(media_type) => RegistryError::MediaType {
                what: what.to_owned(),
                media_type,
            },
            Unusable::Json(source) => answer.malformed(&self.site.endpoint.host, what, source),
        })
    }

    /// Content that is kept for ever by its digest must have that digest.
    fn check(&self, answer: &Answer, digest: &str, what: &str) -> Result<(), RegistryError> {
        let found = sha256(&answer.body);
        if digest.starts_with("sha256:") && digest != found {
            let (host, what) = (self.site.endpoint.host.clone(), what.to_owned());
            return Err(RegistryError::Digest { host, what, found });
        }
        Ok(())
    }

    fn recall(&self, digest: &str) -> Option<Content> {
        self.shared.memory.get(&self.memory, digest)
    }
}

/// As the API server will accept it in a status.
fn is_digest(text: &str) -> bool {
    text.split_once(':').is_some_and(|(algorithm, hash)| {
        let lower = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
        !algorithm.is_empty()
            && algorithm.bytes().all(lower)
            && !hash.is_empty()
            && hash.bytes().all(|b| lower(b) && b.is_ascii_hexdigit())
    })
}

fn sha256(body: &[u8]) -> String {
    let hash = Sha256::digest(body);
    let mut text = String::with_capacity(71);
    text.push_str("sha256:");
    for byte in hash {
        use std::fmt::Write as _;
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}
