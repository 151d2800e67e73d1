//! The tag list: all its pages, each asked for with the `ETag` of the last time.

use std::sync::Arc;

use reqwest::header::{ETAG, LINK};
use reqwest::{StatusCode, Url};
use serde::Deserialize;

use super::Repository;
use super::error::RegistryError;
use super::http::{Answer, Request};

/// The most that Docker's registry grants in one page by default, and others cut it themselves.
const PAGE: &str = "1000";
const PAGE_LIMIT: usize = 16 << 20;
/// Bounds on what a registry can make us read and keep.
const MOST_PAGES: usize = 1000;
const MOST_TAGS: usize = 200_000;

/// A page that its registry gave a version to.
#[derive(Clone)]
pub(super) struct Page {
    url: Url,
    etag: String,
    tags: Arc<[Box<str>]>,
    next: Option<Url>,
}

#[derive(Deserialize)]
struct Body {
    tags: Option<Vec<Box<str>>>,
}

impl Repository {
    /// All tags, in the registry's order. One request for each page (up to 1,000 tags).
    pub async fn tags(&self) -> Result<Vec<Box<str>>, RegistryError> {
        let endpoint = &self.site.endpoint;
        let plain = endpoint.url("tags/list");
        let mut sized = plain.clone();
        sized.set_query(Some(&format!("n={PAGE}")));

        let remembered = self.memory.pages();
        let (mut tags, mut pages) = (Vec::new(), Vec::new());
        let mut next = Some(sized);
        for _ in 0..MOST_PAGES {
            let Some(url) = next.take() else {
                self.memory.keep(pages, &tags);
                return Ok(tags);
            };
            let known = remembered.iter().find(|page| page.url == url);
            let page = match self.page(&url, known).await {
                // A registry that grants fewer says 400 instead of cutting. It knows its own size.
                Err(RegistryError::Status { status: 400, .. })
                    if tags.is_empty() && url != plain =>
                {
                    next = Some(plain.clone());
                    continue;
                }
                page => page?,
            };
            tags.extend(page.tags.iter().cloned());
            if MOST_TAGS < tags.len() {
                return Err(self.too_many(MOST_TAGS, "tags"));
            }
            next = page.next.clone();
            if !page.etag.is_empty() {
                pages.push(page);
            }
        }
        Err(self.too_many(MOST_PAGES, "pages"))
    }

    async fn page(&self, url: &Url, known: Option<&Page>) -> Result<Page, RegistryError> {
        let what = format!("the tags of {}", self.name);
        let mut request = Request::get(url.clone(), what, "application/json", PAGE_LIMIT);
        request.if_none_match = known.map(|page| page.etag.clone());
        let answer = self.ask(&request).await?;
        if let (StatusCode::NOT_MODIFIED, Some(known)) = (answer.status, known) {
            return Ok(known.clone());
        }
        let host = &self.site.endpoint.host;
        match answer.status {
            status if status.is_success() => {}
            StatusCode::NOT_FOUND => {
                let (host, repository) = (host.clone(), self.site.endpoint.path.clone());
                return Err(RegistryError::NoRepository { host, repository });
            }
            _ => return Err(answer.refusal(host, request.what)),
        }
        let body: Body = serde_json::from_slice(&answer.body)
            .map_err(|source| answer.malformed(host, &request.what, source))?;
        let next = next_link(&answer).and_then(|link| self.site.endpoint.follow(link));
        Ok(Page {
            url: url.clone(),
            etag: answer.header(ETAG).unwrap_or_default().to_owned(),
            tags: body.tags.unwrap_or_default().into(),
            // A page that leads to itself would never end.
            next: next.filter(|next| next != url),
        })
    }

    fn too_many(&self, limit: usize, noun: &'static str) -> RegistryError {
        RegistryError::TooMany {
            what: self.name.to_string(),
            limit,
            noun,
        }
    }
}

/// The target of `Link: <…>; rel="next"`.
fn next_link(answer: &Answer) -> Option<&str> {
    let values = answer
        .headers
        .get_all(LINK)
        .into_iter()
        .filter_map(|value| value.to_str().ok());
    let mut links = values.flat_map(|value| value.split(','));
    links.find_map(|link| {
        let (target, parameters) = link.trim().strip_prefix('<')?.split_once('>')?;
        let mut rels = parameters
            .split(';')
            .filter_map(|p| p.trim().strip_prefix("rel="));
        rels.any(|rel| rel.trim_matches('"').eq_ignore_ascii_case("next"))
            .then_some(target)
    })
}

#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderMap, HeaderValue};

    use super::*;

    fn next(value: &'static str) -> Option<String> {
        let mut headers = HeaderMap::new();
        headers.append(LINK, HeaderValue::from_static(value));
        let answer = Answer {
            status: StatusCode::OK,
            headers,
            body: Vec::new(),
        };
        next_link(&answer).map(str::to_owned)
    }

    #[test]
    fn the_next_page_is_the_one_with_that_relation() {
        let url = Some("/v2/a/tags/list?last=b&n=2".to_owned());
        assert_eq!(next(r#"</v2/a/tags/list?last=b&n=2>; rel="next""#), url);
        assert_eq!(
            next(r#"</x>; rel="prev", </v2/a/tags/list?last=b&n=2>; title=y; rel=next"#),
            url
        );
        assert_eq!(next("</x>; rel=\"prev\""), None);
        assert_eq!(next("nonsense"), None);
    }
}
