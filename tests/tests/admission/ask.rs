//! Asking the API server, so that a test is one expression.

use argosy_tests::kubernetes::fresh;
use kube::Client;
use serde_json::Value;

use crate::ground::ground;

/// The server takes the object. The result is what it would store.
pub(crate) async fn accepts(manifest: &str) -> Value {
    match create(None, &parse(manifest), true).await {
        Ok(stored) => stored,
        Err(said) => panic!("refused: {said}\n{manifest}"),
    }
}

/// The server refuses the object, and says so with these words.
pub(crate) async fn rejects(manifest: &str, words: &str) {
    refused(create(None, &parse(manifest), true).await, words, manifest);
}

/// The server takes the object from this person. The result is what it would store.
pub(crate) async fn accepts_from(person: &str, manifest: &str) -> Value {
    match create(Some(person), &parse(manifest), true).await {
        Ok(stored) => stored,
        Err(said) => panic!("refused: {said}\n{manifest}"),
    }
}

/// The server refuses the object from this person, and says so with these words.
pub(crate) async fn rejects_from(person: &str, manifest: &str, words: &str) {
    refused(
        create(Some(person), &parse(manifest), true).await,
        words,
        manifest,
    );
}

/// An object that is there takes this merge patch.
pub(crate) async fn accepts_change(manifest: &str, patch: &str) {
    if let Err(said) = change(None, manifest, "", patch).await {
        panic!("refused: {said}\n{manifest}\n{patch}");
    }
}

/// An object that is there does not take this merge patch, and the server says so with these words.
pub(crate) async fn rejects_change(manifest: &str, patch: &str, words: &str) {
    refused(change(None, manifest, "", patch).await, words, patch);
}

/// The same by a person, of a sub-resource such as `/status`, or of the object with an empty one.
pub(crate) async fn accepts_change_from(person: &str, manifest: &str, part: &str, patch: &str) {
    if let Err(said) = change(Some(person), manifest, part, patch).await {
        panic!("refused: {said}\n{manifest}\n{patch}");
    }
}

/// The same by a person, of a sub-resource such as `/status`, or of the object with an empty one.
pub(crate) async fn rejects_change_from(
    person: &str,
    manifest: &str,
    part: &str,
    patch: &str,
    words: &str,
) {
    refused(
        change(Some(person), manifest, part, patch).await,
        words,
        patch,
    );
}

/// An object that is there, with its status, may be deleted by this person, or why not.
pub(crate) async fn deletion(person: Option<&str>, manifest: &str) -> Result<Value, String> {
    let stored = store(manifest).await;
    let client = ground().await.client(person).await.unwrap();
    let path = format!("{}/{}?dryRun=All", path(&stored).await, name(&stored));
    send(&client, "DELETE", &path, &Value::Null).await
}

/// Puts the object, under a name of its own, and its status into the cluster, and reads it back.
pub(crate) async fn store(manifest: &str) -> Value {
    let mut object = parse(manifest);
    object["metadata"]["name"] = match object["kind"].as_str() {
        Some("ProjectConfig") => ground().await.project.clone().into(),
        _ => fresh("it").into(),
    };
    let mut stored = match create(None, &object, false).await {
        Ok(stored) => stored,
        Err(said) => panic!("refused: {said}\n{manifest}"),
    };
    if let Some(status) = object.get("status") {
        let client = ground().await.client(None).await.unwrap();
        let path = format!(
            "{}/{}/status?fieldValidation=Strict",
            path(&stored).await,
            name(&stored)
        );
        stored["status"] = status.clone();
        stored = match send(&client, "PUT", &path, &stored).await {
            Ok(stored) => stored,
            Err(said) => panic!("refused: {said}\n{manifest}"),
        };
    }
    stored
}

fn refused(answer: Result<Value, String>, words: &str, manifest: &str) {
    match answer {
        Ok(_) => panic!("accepted, without `{words}`:\n{manifest}"),
        Err(said) => assert!(
            said.contains(words),
            "`{words}` is not in: {said}\n{manifest}"
        ),
    }
}

fn parse(manifest: &str) -> Value {
    yaml_serde::from_str(manifest).unwrap()
}

fn name(object: &Value) -> &str {
    object["metadata"]["name"].as_str().unwrap()
}

async fn change(
    person: Option<&str>,
    manifest: &str,
    part: &str,
    patch: &str,
) -> Result<Value, String> {
    let stored = store(manifest).await;
    let client = ground().await.client(person).await.unwrap();
    let query = "dryRun=All&fieldValidation=Strict";
    let path = format!("{}/{}{part}?{query}", path(&stored).await, name(&stored));
    send(&client, "PATCH", &path, &parse(patch)).await
}

async fn create(person: Option<&str>, object: &Value, dry_run: bool) -> Result<Value, String> {
    let client = ground().await.client(person).await.unwrap();
    let dry_run = if dry_run { "dryRun=All&" } else { "" };
    let path = format!("{}?{dry_run}fieldValidation=Strict", path(object).await);
    let mut object = object.clone();
    // Manifests of the documentation name other namespaces.
    object["metadata"]
        .as_object_mut()
        .unwrap()
        .remove("namespace");
    send(&client, "POST", &path, &object).await
}

/// The collection of an object. Its namespace is that of the Project, or one of none.
async fn path(object: &Value) -> String {
    let kind = object["kind"].as_str().unwrap();
    let collection = format!("{}s", kind.to_lowercase());
    let root = format!("/apis/{}", object["apiVersion"].as_str().unwrap());
    if matches!(kind, "Project" | "ClusterConfig" | "ClusterPromotionTask") {
        return format!("{root}/{collection}");
    }
    let ground = ground().await;
    let elsewhere = object["metadata"]["namespace"] == "elsewhere";
    let namespace = if elsewhere {
        &ground.elsewhere
    } else {
        &ground.project
    };
    format!("{root}/namespaces/{namespace}/{collection}")
}

async fn send(client: &Client, method: &str, path: &str, body: &Value) -> Result<Value, String> {
    let kind = if method == "PATCH" {
        "application/merge-patch+json"
    } else {
        "application/json"
    };
    let body = if body.is_null() {
        Vec::new()
    } else {
        serde_json::to_vec(body).unwrap()
    };
    let request = http::Request::builder()
        .method(method)
        .uri(path)
        .header("content-type", kind);
    let answer = client.request(request.body(body).unwrap()).await;
    answer.map_err(|error| match error {
        kube::Error::Api(status) => status.message,
        other => panic!("the API server does not answer: {other}"),
    })
}
