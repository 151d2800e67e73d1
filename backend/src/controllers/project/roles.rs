//! Who may do what in a Project: the service accounts and roles that people refer to by name.
//!
//! They are made once. What somebody changes afterwards stays as it was changed.

use argosy_api::{Project, labels};
use k8s_openapi::api::core::v1::ServiceAccount;
use k8s_openapi::api::rbac::v1::{ClusterRole, ClusterRoleBinding, Role, RoleBinding};
use kube::api::{Api, DeleteParams, PostParams};
use kube::core::{ClusterResourceScope, NamespaceResourceScope};
use kube::{Client, Resource};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::context::Context;
use crate::write::WriteError;

const READ: [&str; 3] = ["get", "list", "watch"];
const RBAC: &str = "rbac.authorization.k8s.io";

/// Makes what is missing. A Project that was ready once has it all.
pub(super) async fn ensure(context: &Context, project: &Project) -> Result<(), WriteError> {
    let ready = |status: &argosy_api::project::ProjectStatus| {
        argosy_api::condition::is_true(&status.conditions, argosy_api::condition::READY)
    };
    if project.status.as_ref().is_some_and(ready) {
        return Ok(());
    }
    let name = project.metadata.name.as_deref().unwrap_or_default();
    let client = &context.client;
    for (role, rules) in [
        ("kargo-admin", admin()),
        ("kargo-viewer", viewer()),
        ("kargo-promoter", promoter()),
    ] {
        let metadata = json!({
            "name": role, "namespace": name,
            "annotations": { labels::RBAC_MANAGED: labels::TRUE },
        });
        create_in::<ServiceAccount>(client, name, json!({ "metadata": metadata })).await?;
        create_in::<Role>(
            client,
            name,
            json!({ "metadata": metadata, "rules": rules }),
        )
        .await?;
        let subject = json!({ "kind": "ServiceAccount", "name": role, "namespace": name });
        let binding = json!({
            "metadata": metadata,
            "roleRef": { "apiGroup": RBAC, "kind": "Role", "name": role },
            "subjects": [subject],
        });
        create_in::<RoleBinding>(client, name, binding).await?;
    }
    own_project(client, name).await
}

/// Removes what lies outside the Project's namespace.
pub(super) async fn remove(context: &Context, project: &str) -> Result<(), WriteError> {
    let name = cluster_role(project);
    let roles: Api<ClusterRole> = Api::all(context.client.clone());
    let bindings: Api<ClusterRoleBinding> = Api::all(context.client.clone());
    let gone = |outcome: Result<(), kube::Error>| match outcome {
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
        other => other,
    };
    let outcome = bindings
        .delete(&name, &DeleteParams::default())
        .await
        .map(drop);
    gone(outcome).map_err(|source| WriteError::new::<ClusterRoleBinding>(&name, source))?;
    let outcome = roles
        .delete(&name, &DeleteParams::default())
        .await
        .map(drop);
    gone(outcome).map_err(|source| WriteError::new::<ClusterRole>(&name, source))
}

/// Lets the project's admins change and delete the Project itself, which lies outside its
/// namespace.
async fn own_project(client: &Client, project: &str) -> Result<(), WriteError> {
    let name = cluster_role(project);
    let rules = json!([{
        "apiGroups": [argosy_api::GROUP], "resources": ["projects"],
        "resourceNames": [project], "verbs": ["delete", "update"],
    }]);
    let role = json!({ "metadata": { "name": name }, "rules": rules });
    create::<ClusterRole>(client, role).await?;
    let binding = json!({
        "metadata": { "name": name },
        "roleRef": { "apiGroup": RBAC, "kind": "ClusterRole", "name": name },
        "subjects": [{ "kind": "ServiceAccount", "name": "kargo-admin", "namespace": project }],
    });
    create::<ClusterRoleBinding>(client, binding).await
}

fn cluster_role(project: &str) -> String {
    argosy_core::completion::label_value(&format!("kargo-project-admin-{project}"))
}

fn rule(group: &str, resources: &[&str], verbs: &[&str]) -> Value {
    json!({ "apiGroups": [group], "resources": resources, "verbs": verbs })
}

fn admin() -> Vec<Value> {
    vec![
        rule("", &["events"], &READ),
        rule("", &["configmaps", "secrets", "serviceaccounts"], &["*"]),
        rule(RBAC, &["rolebindings", "roles"], &["*"]),
        rule(
            argosy_api::GROUP,
            &[
                "freights",
                "projectconfigs",
                "promotiontasks",
                "stages",
                "targets",
                "warehouses",
            ],
            &["*"],
        ),
        rule(argosy_api::GROUP, &["stages"], &["promote"]),
        rule(
            argosy_api::GROUP,
            &["promotions"],
            &["create", "delete", "get", "list", "watch", "patch"],
        ),
        rule(argosy_api::GROUP, &["freights/status"], &["patch"]),
        rule(
            "argoproj.io",
            &["analysisruns"],
            &["delete", "get", "list", "watch"],
        ),
        rule("argoproj.io", &["analysistemplates"], &["*"]),
    ]
}

fn viewer() -> Vec<Value> {
    vec![
        rule("", &["configmaps", "events", "serviceaccounts"], &READ),
        rule(RBAC, &["rolebindings", "roles"], &READ),
        rule(
            argosy_api::GROUP,
            &[
                "freights",
                "projectconfigs",
                "promotions",
                "promotiontasks",
                "stages",
                "targets",
                "warehouses",
            ],
            &READ,
        ),
        rule("argoproj.io", &["analysisruns", "analysistemplates"], &READ),
    ]
}

fn promoter() -> Vec<Value> {
    let mut rules = viewer();
    rules.extend([
        rule(argosy_api::GROUP, &["stages"], &["promote"]),
        rule(argosy_api::GROUP, &["promotions"], &["create"]),
        rule(argosy_api::GROUP, &["freights/status"], &["patch"]),
    ]);
    rules
}

async fn create_in<K>(client: &Client, namespace: &str, object: Value) -> Result<(), WriteError>
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope>
        + Clone
        + std::fmt::Debug
        + Serialize
        + DeserializeOwned,
{
    create_with(&Api::<K>::namespaced(client.clone(), namespace), object).await
}

async fn create<K>(client: &Client, object: Value) -> Result<(), WriteError>
where
    K: Resource<DynamicType = (), Scope = ClusterResourceScope>
        + Clone
        + std::fmt::Debug
        + Serialize
        + DeserializeOwned,
{
    create_with(&Api::<K>::all(client.clone()), object).await
}

/// Creates an object unless it is there.
async fn create_with<K>(api: &Api<K>, object: Value) -> Result<(), WriteError>
where
    K: Resource<DynamicType = ()> + Clone + std::fmt::Debug + Serialize + DeserializeOwned,
{
    let name = object["metadata"]["name"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let wrong = |source| WriteError::new::<K>(&name, source);
    let object: K =
        serde_json::from_value(object).map_err(|error| wrong(kube::Error::SerdeError(error)))?;
    match api
        .create(&PostParams::default(), &object)
        .await
        .map_err(wrong)
    {
        Err(error) if !error.is_already_exists() => Err(error),
        Ok(_) | Err(_) => Ok(()),
    }
}
