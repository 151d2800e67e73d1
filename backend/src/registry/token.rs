//! Tokens: asked for with what the caller presents, used for as long as they live.

use std::time::{Duration, Instant};

use reqwest::header::HeaderValue;
use reqwest::{Method, StatusCode, Url};
use serde::Deserialize;

use super::auth::{Presents, Site, sensitive};
use super::error::RegistryError;
use super::http::{Http, Request, host_of};

/// A user name that says: the password is an identity token (what `docker login` keeps).
const IDENTITY_TOKEN_USER: &str = "<token>";
const TOKEN_LIMIT: usize = 1 << 20;
/// What the token protocol says if a service does not.
const DEFAULT_LIFE: Duration = Duration::from_secs(60);
const LONGEST_LIFE: Duration = Duration::from_secs(12 * 60 * 60);

#[derive(Clone)]
pub(super) struct Token {
    pub(super) header: HeaderValue,
    life: Duration,
}

/// Keeps each token in a cache for its own time.
pub(super) struct AsLongAsItLives;

#[derive(Deserialize)]
struct TokenBody {
    token: Option<String>,
    access_token: Option<String>,
    expires_in: Option<u64>,
}

impl<K> moka::Expiry<K, Token> for AsLongAsItLives {
    fn expire_after_create(&self, _: &K, token: &Token, _: Instant) -> Option<Duration> {
        Some(token.life)
    }
}

pub(super) async fn ask_for_token(
    http: &Http,
    site: &Site,
    realm: &Url,
    service: Option<&str>,
    scope: Option<&str>,
) -> Result<Token, RegistryError> {
    let host = host_of(realm);
    let what = format!("a token for {}", site.endpoint.path);
    if realm.scheme() != "https" && !site.endpoint.is_plain_http() {
        return Err(site.denied(&format!("its token service {host} is not reached by https")));
    }
    let pull = format!("repository:{}:pull", site.endpoint.path);
    let mut url = realm.clone();
    {
        let mut query = url.query_pairs_mut();
        query.extend_pairs(service.map(|service| ("service", service)));
        query.append_pair("scope", &pull);
        // Some ask for another right to list tags than to pull; one token shall do for both.
        query.extend_pairs(
            scope
                .filter(|scope| *scope != pull)
                .map(|scope| ("scope", scope)),
        );
    }
    let mut request = Request::get(url, what, "application/json", TOKEN_LIMIT);
    let mut authorization = None;
    if let Presents::Credentials(credentials) = &site.presents {
        if credentials.username == IDENTITY_TOKEN_USER {
            request.exchange_identity_token(credentials.password.expose());
        } else {
            request
                .url
                .query_pairs_mut()
                .append_pair("account", &credentials.username);
            authorization = site.presents.basic();
        }
    }
    let answer = http
        .send(&request, site.certificates, authorization.as_ref())
        .await?;
    match answer.status {
        status if status.is_success() => {}
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            return Err(site.denied(&format!("its token service {host} refuses")));
        }
        _ => return Err(answer.refusal(&host, request.what)),
    }
    let body: TokenBody = serde_json::from_slice(&answer.body)
        .map_err(|source| answer.malformed(&host, &request.what, source))?;
    let text = body
        .token
        .filter(|text| !text.is_empty())
        .or(body.access_token)
        .unwrap_or_default();
    let header = sensitive(&format!("Bearer {text}"))
        .filter(|_| !text.is_empty())
        .ok_or_else(|| site.denied(&format!("its token service {host} sent no usable token")))?;
    let life = body
        .expires_in
        .map_or(DEFAULT_LIFE, Duration::from_secs)
        .min(LONGEST_LIFE);
    // Renewed a little early, so that none expires on its way.
    Ok(Token {
        header,
        life: life.mul_f64(0.9),
    })
}

impl Request {
    /// Turns the query into the form of `OAuth2`, with the identity token as the refresh token.
    fn exchange_identity_token(&mut self, token: &str) {
        self.url
            .query_pairs_mut()
            .append_pair("grant_type", "refresh_token")
            .append_pair("client_id", "argosy")
            .append_pair("refresh_token", token);
        self.form = self.url.query().map(str::to_owned);
        self.url.set_query(None);
        self.method = Method::POST;
    }
}
