//! What a server's refusal means.

use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Response, StatusCode};

use super::GitError;
use super::address::{Endpoint, without_login};
use super::watch::Watch;

/// What a server means that does not do what it was asked.
pub(super) async fn refusal(to: &Endpoint, response: Response, watch: &Watch) -> GitError {
    let repository = to.repository.clone();
    let status = response.status();
    let headers = response.headers();
    let moved_to = headers
        .get("location")
        .and_then(|url| url.to_str().ok())
        .map(|url| {
            let url = without_login(url);
            url.split(['?', '#'])
                .next()
                .unwrap_or_default()
                .trim_end_matches("/info/refs")
                .to_owned()
        });
    let wait = headers
        .get(RETRY_AFTER)
        .and_then(|wait| wait.to_str().ok()?.parse().ok());
    let reason = reason(response, watch).await;
    match status {
        StatusCode::UNAUTHORIZED => GitError::Unauthorized {
            repository,
            hint: if to.withheld {
                "they are not sent over http://, use https://"
            } else if to.login.is_some() {
                "it does not accept those that were found"
            } else {
                "none were found for it"
            },
        },
        // GitHub says it this way too.
        StatusCode::FORBIDDEN if wait.is_none() => GitError::Forbidden { repository, reason },
        StatusCode::NOT_FOUND | StatusCode::GONE => GitError::NoRepository { repository },
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE if wait.is_some() => {
            // An hour is longer than anybody waits for a promotion.
            let seconds = wait.unwrap_or(0).min(3600);
            GitError::Throttled {
                repository,
                after: Duration::from_secs(seconds),
            }
        }
        StatusCode::TOO_MANY_REQUESTS => GitError::Throttled {
            repository,
            after: Duration::from_secs(10),
        },
        status if status.is_redirection() => GitError::Protocol {
            repository,
            reason: format!("it has moved to {}", moved_to.unwrap_or_default()),
        },
        status => GitError::Server {
            repository,
            status: status.as_u16(),
            reason,
        },
    }
}

// The first line of a plain text, which forges send for people.
async fn reason(mut response: Response, watch: &Watch) -> String {
    let status = response
        .status()
        .canonical_reason()
        .unwrap_or("no reason given");
    let kind = response.headers().get(CONTENT_TYPE);
    if kind.is_none_or(|kind| !kind.as_bytes().starts_with(b"text/plain")) {
        return status.to_lowercase();
    }
    let chunk = watch.guard(async { Ok(response.chunk().await) }).await;
    let Ok(Ok(Some(chunk))) = chunk else {
        return status.to_lowercase();
    };
    let text = String::from_utf8_lossy(&chunk);
    let line = text.lines().map(str::trim).find(|line| !line.is_empty());
    line.map_or_else(
        || status.to_lowercase(),
        |line| line.chars().take(200).collect(),
    )
}
