use serde_json::json;

use crate::ask::{accepts, accepts_change, rejects, rejects_change};

fn warehouse(spec: &str) -> String {
    format!(
        "{{apiVersion: kargo.akuity.io/v1alpha1, kind: Warehouse, metadata: {{name: w}}, spec: {spec}}}"
    )
}

fn subscriptions(subscriptions: &str) -> String {
    warehouse(&format!("{{subscriptions: {subscriptions}}}"))
}

fn image(rest: &str) -> String {
    subscriptions(&format!("[{{image: {{repoURL: ghcr.io/a/b{rest}}}}}]"))
}

fn git(rest: &str) -> String {
    subscriptions(&format!(
        "[{{git: {{repoURL: 'https://git.example.com/a'{rest}}}}}]"
    ))
}

#[tokio::test]
async fn what_is_left_out_is_filled_in() {
    let stored = accepts(&image("")).await;
    let expected = json!({
        "interval": "5m0s",
        "freightCreationPolicy": "Automatic",
        "subscriptions": [{ "image": {
            "repoURL": "ghcr.io/a/b",
            "imageSelectionStrategy": "SemVer",
            "strictSemvers": true,
            "discoveryLimit": 20,
        }}],
    });
    assert_eq!(stored["spec"], expected);
    let git = &accepts(&git("")).await["spec"]["subscriptions"][0]["git"];
    let expected = json!({
        "repoURL": "https://git.example.com/a",
        "commitSelectionStrategy": "NewestFromBranch",
        "strictSemvers": true,
        "discoveryLimit": 20,
    });
    assert_eq!(*git, expected);
}

#[tokio::test]
async fn nothing_means_left_out() {
    let nulls =
        "{shard: null, interval: null, subscriptions: [{image: {repoURL: a/b}, git: null}]}";
    let stored = accepts(&warehouse(nulls)).await;
    let spec = &stored["spec"];
    assert_eq!(spec["interval"], "5m0s");
    assert!(spec.get("shard").is_none() && spec["subscriptions"][0].get("git").is_none());
}

#[tokio::test]
async fn it_subscribes_to_something() {
    rejects(&warehouse("{}"), "spec.subscriptions: Required").await;
    rejects(&subscriptions("[]"), "should have at least 1 items").await;
}

#[tokio::test]
async fn a_subscription_is_to_one_thing() {
    rejects(
        &subscriptions("[{name: a}]"),
        "exactly one of git, image and chart",
    )
    .await;
    let both = "[{image: {repoURL: a/b}, git: {repoURL: 'https://h/r'}}]";
    rejects(&subscriptions(both), "exactly one of git, image and chart").await;
    rejects(&subscriptions("[{helm: {repoURL: a}}]"), "unknown field").await;
}

#[tokio::test]
async fn names_of_subscriptions_are_unique_labels() {
    let named = |a: &str, b: &str| {
        subscriptions(&format!(
            "[{{name: {a}, image: {{repoURL: a/b}}}}, {{name: {b}, image: {{repoURL: c/d}}}}]"
        ))
    };
    accepts(&named("a", "b")).await;
    rejects(&named("a", "a"), "two subscriptions have the same name").await;
    rejects(&named("a", "B_c"), "should match").await;
}

#[tokio::test]
async fn a_repository_is_subscribed_to_once_however_it_is_written() {
    let check = async |one: &str, other: &str| {
        rejects(
            &subscriptions(&format!("[{{{one}}}, {{{other}}}]")),
            "about the same repository",
        )
        .await;
    };
    let git = |url: &str| format!("git: {{repoURL: '{url}'}}");
    check(&git("https://h/a/b"), &git("https://H/a/B.git/")).await;
    check(&git("https://h/a/b"), &git("https://user:word@h/a/b.git")).await;
    check(&git("git@h:a/b.git"), &git("ssh://git@h/a/b")).await;
    check(
        "image: {repoURL: nginx}",
        "image: {repoURL: docker.io/library/nginx}",
    )
    .await;
    check(
        "image: {repoURL: h/a}",
        "image: {repoURL: h/A}, name: other",
    )
    .await;
    let chart = "chart: {repoURL: 'https://h/charts', name: a}";
    check(chart, "chart: {repoURL: 'https://h/charts/', name: a}").await;
}

#[tokio::test]
async fn different_things_of_one_place_are_subscribed_to() {
    let charts =
        "[{chart: {repoURL: 'https://h/c', name: a}}, {chart: {repoURL: 'https://h/c', name: b}}]";
    accepts(&subscriptions(charts)).await;
    accepts(&subscriptions(
        "[{git: {repoURL: 'https://h/a?x=1'}}, {git: {repoURL: 'https://h/a?x=2'}}]",
    ))
    .await;
    accepts(&subscriptions(
        "[{image: {repoURL: a.com/b}}, {image: {repoURL: b.com/b}}]",
    ))
    .await;
}

#[tokio::test]
async fn addresses_look_like_addresses() {
    for address in [
        "nginx",
        "ghcr.io/a/b-c.d",
        "127.0.0.1:15000/s1a/app",
        "ealen/echo-server",
    ] {
        accepts(&subscriptions(&format!(
            "[{{image: {{repoURL: '{address}'}}}}]"
        )))
        .await;
    }
    for address in ["https://ghcr.io/a/b", "ghcr.io/a/b:1.0", "a b", ""] {
        rejects(
            &subscriptions(&format!("[{{image: {{repoURL: '{address}'}}}}]")),
            "repoURL",
        )
        .await;
    }
    for address in [
        "https://h/a.git",
        "http://127.0.0.1:3000/a",
        "ssh://git@h:22/a",
        "git@h:a/b.git",
    ] {
        accepts(&subscriptions(&format!(
            "[{{git: {{repoURL: '{address}'}}}}]"
        )))
        .await;
    }
    for address in ["h/a", "ftp://h/a", "https://h/a b"] {
        rejects(
            &subscriptions(&format!("[{{git: {{repoURL: '{address}'}}}}]")),
            "should match",
        )
        .await;
    }
}

#[tokio::test]
async fn limits_are_one_to_a_hundred() {
    accepts(&image(", discoveryLimit: 100")).await;
    rejects(&image(", discoveryLimit: 0"), "greater than or equal to 1").await;
    rejects(&git(", discoveryLimit: 101"), "less than or equal to 100").await;
}

#[tokio::test]
async fn a_digest_needs_the_tag_to_follow() {
    accepts(&image(
        ", imageSelectionStrategy: Digest, constraint: latest",
    ))
    .await;
    accepts(&image(
        ", imageSelectionStrategy: Digest, semverConstraint: latest",
    ))
    .await;
    rejects(
        &image(", imageSelectionStrategy: Digest"),
        "needs the tag to follow",
    )
    .await;
    rejects(
        &image(", imageSelectionStrategy: Digest, constraint: ''"),
        "needs the tag to follow",
    )
    .await;
    rejects(
        &image(", imageSelectionStrategy: Newest"),
        "Unsupported value",
    )
    .await;
}

#[tokio::test]
async fn regular_expressions_can_be_read() {
    accepts(&image(
        r", allowTagsRegexes: ['^v\d+$'], ignoreTagsRegexes: ['-rc']",
    ))
    .await;
    rejects(&image(", allowTagsRegexes: ['(']"), "allowTagsRegexes").await;
    rejects(
        &git(", commitSelectionStrategy: SemVer, ignoreTagsRegexes: ['[']"),
        "ignoreTagsRegexes",
    )
    .await;
}

#[tokio::test]
async fn platforms_branches_and_times_have_their_form() {
    accepts(&image(", platform: linux/arm/v7")).await;
    rejects(&image(", platform: linux"), "platform").await;
    accepts(&git(", branch: release/1.x, since: '2026-01-01T00:00:00Z'")).await;
    rejects(&git(", branch: '-x'"), "branch").await;
    rejects(&git(", since: yesterday"), "since").await;
    accepts(&warehouse(
        "{interval: 1h30m, subscriptions: [{image: {repoURL: a/b}}]}",
    ))
    .await;
    rejects(
        &warehouse("{interval: soon, subscriptions: [{image: {repoURL: a/b}}]}"),
        "interval",
    )
    .await;
}

#[tokio::test]
async fn a_chart_is_named_where_its_address_does_not() {
    let chart =
        |url: &str, name: &str| subscriptions(&format!("[{{chart: {{repoURL: '{url}'{name}}}}}]"));
    accepts(&chart("https://h/charts", ", name: a")).await;
    accepts(&chart("oci://h/charts/a", "")).await;
    rejects(&chart("https://h/charts", ""), "needs its name").await;
    rejects(&chart("oci://h/charts/a", ", name: a"), "leave name out").await;
    rejects(&chart("h/charts", ", name: a"), "should match").await;
}

#[tokio::test]
async fn changes_are_checked_too() {
    let one = image("");
    accepts_change(&one, "{spec: {interval: 10m}}").await;
    rejects_change(
        &one,
        "{spec: {subscriptions: [{image: {repoURL: a/b}}, {image: {repoURL: a/b}}]}}",
        "about the same repository",
    )
    .await;
}

#[tokio::test]
async fn it_lives_in_the_namespace_of_a_project() {
    let manifest = "{apiVersion: kargo.akuity.io/v1alpha1, kind: Warehouse, metadata: {name: w, namespace: elsewhere}, spec: {subscriptions: [{image: {repoURL: a/b}}]}}";
    rejects(manifest, "does not belong to a Project").await;
}
