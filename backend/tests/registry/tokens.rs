//! A registry that wants tokens, and the service that issues them.

use std::sync::{Arc, Mutex};

use argosy_tests::Folder;
use argosy_tests::faults::Faults;
use argosy_tests::image::Image;
use argosy_tests::registry::Registry as Server;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::Timestamp;
use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use serde_json::{Value, json};

/// Who may read all repositories; everybody may read `public`.
pub(crate) const USER: (&str, &str) = ("anna", "s3cret");

/// The real registry with one image `1` in each of `app`, `other` and `public`.
pub(crate) struct Tokens {
    proxy: Faults,
    service: Arc<Service>,
    port: u16,
    _registries: [Server; 2],
    _folder: Folder,
}

struct Service {
    expires_in: u64,
    key: KeyPair,
    certificate: Vec<u8>,
    issued: Mutex<Vec<String>>,
}

type Parameters = Vec<(String, String)>;

impl Tokens {
    /// `expires_in` is the life in seconds that tokens are said to have; they live longer.
    pub(crate) async fn start(expires_in: u64) -> Self {
        let open = Server::start().await.unwrap();
        for repository in ["app", "other", "public"] {
            open.push(repository, "1", &Image::new(repository))
                .await
                .unwrap();
        }
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
        let certificate = CertificateParams::new(Vec::new())
            .unwrap()
            .self_signed(&key)
            .unwrap();
        let folder = Folder::new().unwrap();
        let bundle = folder.path().join("bundle.pem");
        std::fs::write(&bundle, certificate.pem()).unwrap();
        let certificate = certificate.der().to_vec();
        let service = Arc::new(Service {
            expires_in,
            key,
            certificate,
            issued: Mutex::default(),
        });

        let routes = get(by_query).post(by_form);
        let router = Router::new()
            .route("/token", routes)
            .with_state(Arc::clone(&service));
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0))
            .await
            .unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move { axum::serve(listener, router).await });

        let closed = format!(
            "auth:\n  token:\n    realm: http://127.0.0.1:{port}/token\n    service: test\n    \
             issuer: test\n    rootcertbundle: {}\n",
            bundle.display()
        );
        let closed = open.beside(&closed).await.unwrap();
        let proxy = Faults::before(&closed.url()).await.unwrap();
        Self {
            proxy,
            service,
            port,
            _registries: [closed, open],
            _folder: folder,
        }
    }

    /// Host and port of the registry.
    pub(crate) fn host(&self) -> String {
        self.proxy.host()
    }

    /// Host and port of the token service.
    pub(crate) fn service(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// How the registry answered, in order.
    pub(crate) fn statuses(&self) -> Vec<u16> {
        self.proxy
            .seen()
            .iter()
            .filter_map(|seen| seen.status)
            .collect()
    }

    /// To whom tokens were issued, and for what.
    pub(crate) fn issued(&self) -> Vec<String> {
        self.service.issued.lock().unwrap().clone()
    }
}

async fn by_query(
    State(service): State<Arc<Service>>,
    headers: HeaderMap,
    Query(parameters): Query<Parameters>,
) -> Response {
    let basic = format!(
        "Basic {}",
        STANDARD.encode(format!("{}:{}", USER.0, USER.1))
    );
    match headers.get(header::AUTHORIZATION) {
        None => service.issue("nobody", &parameters),
        Some(shown) if *shown == *basic => service.issue(USER.0, &parameters),
        Some(_) => StatusCode::UNAUTHORIZED.into_response(),
    }
}

async fn by_form(State(service): State<Arc<Service>>, form: String) -> Response {
    let form = reqwest::Url::parse(&format!("http://form/?{form}")).unwrap();
    let parameters: Parameters = form.query_pairs().into_owned().collect();
    let given = |name: &str| {
        parameters
            .iter()
            .any(|(key, value)| key == name && value == USER.1)
    };
    if given("refresh_token") {
        service.issue("identity", &parameters)
    } else {
        StatusCode::UNAUTHORIZED.into_response()
    }
}

impl Service {
    fn issue(&self, to: &str, parameters: &Parameters) -> Response {
        let scopes = parameters
            .iter()
            .filter(|(key, _)| key == "scope")
            .map(|(_, scope)| scope.as_str());
        let scopes: Vec<&str> = scopes.collect();
        self.issued
            .lock()
            .unwrap()
            .push(format!("{to} {}", scopes.join(" ")));
        let access: Vec<Value> = scopes
            .iter()
            .filter_map(|scope| granted(to, scope))
            .collect();
        let now = Timestamp::now().as_second();
        let claims = json!({
            "iss": "test", "sub": to, "aud": "test", "jti": now.to_string(),
            "iat": now - 5, "nbf": now - 5, "exp": now + 300, "access": access,
        });
        let token = self.sign(&claims);
        Json(json!({ "token": token, "expires_in": self.expires_in })).into_response()
    }

    fn sign(&self, claims: &Value) -> String {
        let head =
            json!({ "typ": "JWT", "alg": "ES256", "x5c": [STANDARD.encode(&self.certificate)] });
        let [head, claims] = [&head, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
        let text = format!("{head}.{claims}");
        let random = SystemRandom::new();
        let key = self.key.serialized_der();
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, key, &random).unwrap();
        let signature = key.sign(&random, text.as_bytes()).unwrap();
        format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

/// The right to pull, if `to` has it.
fn granted(to: &str, scope: &str) -> Option<Value> {
    let (kind, rest) = scope.split_once(':')?;
    let (name, actions) = rest.rsplit_once(':')?;
    let may = actions == "pull" && (to != "nobody" || name == "public");
    may.then(|| json!({ "type": kind, "name": name, "actions": [actions] }))
}
