use std::collections::BTreeMap;

use argosy_api::labels::CRED_TYPE;
use k8s_openapi::ByteString;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::*;

const PROJECT: &str = "team-a";
const SHARED: &str = "kargo-shared-resources";
const APP: &str = "ghcr.io/acme/app";

fn rules() -> Rules {
    Rules {
        shared_namespaces: vec![SHARED.to_owned()],
        over_http: false,
    }
}

/// A Secret of `cluster`, with its own name as the user.
fn secret(place: &str, kind: &str, data: &[(&str, &str)]) -> Arc<KubeSecret> {
    let (namespace, name) = place.split_once('/').unwrap();
    let basic = [("username", name), ("password", "hunter2")];
    let data = data.iter().chain(&basic);
    Arc::new(KubeSecret {
        metadata: ObjectMeta {
            name: Some(name.to_owned()),
            namespace: Some(namespace.to_owned()),
            labels: Some(BTreeMap::from([(CRED_TYPE.to_owned(), kind.to_owned())])),
            ..ObjectMeta::default()
        },
        data: Some(
            data.map(|(key, value)| ((*key).to_owned(), ByteString(value.as_bytes().to_vec())))
                .collect(),
        ),
        ..KubeSecret::default()
    })
}

fn exact(place: &str, url: &str) -> Arc<KubeSecret> {
    secret(place, "image", &[("repoURL", url)])
}

fn pattern(place: &str, url: &str) -> Arc<KubeSecret> {
    secret(
        place,
        "image",
        &[("repoURL", url), ("repoURLIsRegex", "true")],
    )
}

fn find(
    cluster: &[Arc<KubeSecret>],
    kind: Kind,
    url: &str,
) -> Result<Option<String>, CredentialsError> {
    let of = |namespace: &str| {
        let mut found: Vec<_> = cluster.to_vec();
        found.retain(|secret| secret.metadata.namespace.as_deref() == Some(namespace));
        found
    };
    let found = rules().find(&of, kind, PROJECT, url)?;
    Ok(found.map(|credentials| credentials.secret.clone()))
}

fn check(cluster: &[Arc<KubeSecret>], url: &str, expected: Option<&str>) {
    let found = find(cluster, Kind::Image, url).unwrap();
    assert_eq!(found.as_deref(), expected);
}

#[test]
fn the_projects_own_secret_comes_before_a_shared_one() {
    let shared = exact("kargo-shared-resources/a", APP);
    let own = pattern("team-a/z", "^ghcr");
    check(&[shared.clone(), own], APP, Some("team-a/z"));
    check(&[shared], APP, Some("kargo-shared-resources/a"));
    check(&[exact("team-b/a", APP)], APP, None);
}

#[test]
fn a_name_comes_before_an_expression_and_then_the_first_by_name() {
    let secrets = [
        pattern("team-a/a", "ghcr"),
        exact("team-a/c", APP),
        exact("team-a/b", APP),
    ];
    check(&secrets, APP, Some("team-a/b"));
    let expressions = [pattern("team-a/b", "acme"), pattern("team-a/a", "ghcr")];
    check(&expressions, APP, Some("team-a/a"));
}

#[test]
fn an_address_is_recognised_in_every_spelling() {
    check(
        &[exact("team-a/hub", "docker.io/library/nginx")],
        "nginx",
        Some("team-a/hub"),
    );
    check(
        &[exact("team-a/app", "GHCR.io/Acme/App\n")],
        APP,
        Some("team-a/app"),
    );
    check(&[exact("team-a/other", "ghcr.io/acme")], APP, None);
    let git = secret(
        "team-a/git",
        "git",
        &[("repoURL", "https://github.com/acme/app.git")],
    );
    let found = find(&[git], Kind::Git, "https://github.com/acme/app/").unwrap();
    assert_eq!(found.as_deref(), Some("team-a/git"));
}

#[test]
fn an_expression_is_found_anywhere_in_the_address() {
    check(&[pattern("team-a/a", "/acme/")], APP, Some("team-a/a"));
    check(&[pattern("team-a/a", "^acme")], APP, None);
    check(&[exact("team-a/a", "ghcr.io/.*")], APP, None);
}

#[test]
fn another_kind_of_credentials_does_not_count() {
    let helm = secret("team-a/a", "helm", &[("repoURL", APP)]);
    assert_eq!(find(&[Arc::clone(&helm)], Kind::Image, APP).unwrap(), None);
    assert!(find(&[helm], Kind::Helm, APP).unwrap().is_some());
}

#[test]
fn plain_http_gets_none_unless_that_is_allowed() {
    let url = "HTTP://git.corp/app";
    let git = secret("team-a/git", "git", &[("repoURL", "http://git.corp/app")]);
    assert_eq!(find(&[Arc::clone(&git)], Kind::Git, url).unwrap(), None);
    let allowed = Rules {
        over_http: true,
        ..rules()
    };
    let of = |namespace: &str| {
        if namespace == PROJECT {
            vec![Arc::clone(&git)]
        } else {
            vec![]
        }
    };
    assert!(
        allowed
            .find(&of, Kind::Git, PROJECT, url)
            .unwrap()
            .is_some()
    );
}

#[test]
fn a_secret_without_credentials_is_an_error_that_names_it() {
    let secret = secret("team-a/app", "image", &[("repoURL", APP)]);
    let mut secret = Arc::unwrap_or_clone(secret);
    secret.data.as_mut().unwrap().remove("password");
    let error = find(&[Arc::new(secret)], Kind::Image, APP).unwrap_err();
    assert!(
        matches!(&error, CredentialsError::Incomplete { secret, .. } if secret == "team-a/app")
    );
}

#[test]
fn a_broken_expression_stops_only_those_it_may_be_meant_for() {
    let broken = pattern("team-a/a", "(");
    check(
        &[Arc::clone(&broken), exact("kargo-shared-resources/b", APP)],
        APP,
        Some("kargo-shared-resources/b"),
    );
    let error = find(&[broken], Kind::Image, APP).unwrap_err();
    assert!(matches!(&error, CredentialsError::Pattern { secret, .. } if secret == "team-a/a"));
}

#[test]
fn what_echo_adds_is_not_part_of_a_password() {
    let secret = secret("team-a/app", "image", &[("repoURL", APP)]);
    let mut secret = Arc::unwrap_or_clone(secret);
    secret
        .data
        .as_mut()
        .unwrap()
        .insert("password".to_owned(), ByteString(b"s3cret\n".to_vec()));
    let secret = Arc::new(secret);
    let found = rules()
        .find(&|_| vec![Arc::clone(&secret)], Kind::Image, PROJECT, APP)
        .unwrap()
        .unwrap();
    assert_eq!(found.password.expose(), "s3cret");
}
