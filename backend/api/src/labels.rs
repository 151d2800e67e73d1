//! Labels, annotations and finalizers, each with what it means and where it is found.

/// Label on Freight: a copy of its alias, for look-ups.
pub const ALIAS: &str = "kargo.akuity.io/alias";
/// Label on a Secret that holds credentials: `git`, `helm`, `image` or `generic`.
pub const CRED_TYPE: &str = "kargo.akuity.io/cred-type";
/// Label on Promotions and `AnalysisRuns`: the Stage, shortened to 63 characters.
/// As an annotation on the same objects: the Stage's full name.
pub const STAGE: &str = "kargo.akuity.io/stage";
/// Label on `AnalysisRuns`: the identifier of the Freight collection that is verified.
pub const FREIGHT_COLLECTION: &str = "kargo.akuity.io/freight-collection";
/// Label on a Namespace: `true` marks the namespace of a Project.
pub const PROJECT: &str = "kargo.akuity.io/project";
/// Label on Warehouses, Stages, Promotions and `PromotionRequests`: the shard that looks after it.
pub const SHARD: &str = "kargo.akuity.io/shard";
/// Label on a Lease: the controller, or shard, whose heartbeat it is.
pub const CONTROLLER: &str = "kargo.akuity.io/controller";
/// Label on a replica of a shared Secret or `ConfigMap`: the original's name.
pub const REPLICATED_FROM: &str = "kargo.akuity.io/replicated-from";
/// Label on a replica: hash of the content, 16 hexadecimal digits.
pub const REPLICATED_SHA: &str = "kargo.akuity.io/replicated-sha";
/// Label on Secrets of old installations.
pub const PROJECT_SECRET: &str = "kargo.akuity.io/project-secret";

/// Finalizer on Projects, their Namespaces, and Stages.
pub const FINALIZER: &str = "kargo.akuity.io/finalizer";

/// Annotation on Projects and Promotions: who made it.
pub const CREATE_ACTOR: &str = "kargo.akuity.io/create-actor";
/// Annotation on a Promotion that a person made of Freight other than the candidate:
/// success holds auto-promotion back.
pub const AUTO_PROMOTION_HOLD: &str = "kargo.akuity.io/auto-promotion-hold";
/// Annotation on a Promotion that a person made of the candidate: success lifts the hold.
pub const AUTO_PROMOTION_RESUME: &str = "kargo.akuity.io/auto-promotion-resume";
/// Annotation: any new value makes the controllers look again. RFC 3339 times are customary.
pub const REFRESH: &str = "kargo.akuity.io/refresh";
/// Annotation on a Stage: verification to run again, an identifier or JSON `{id, actor, controlPlane}`.
pub const REVERIFY: &str = "kargo.akuity.io/reverify";
/// Annotation on a Stage: verification to stop, as for [`REVERIFY`].
/// On a Promotion: `terminate`, or JSON `{action, actor, controlPlane}`.
pub const ABORT: &str = "kargo.akuity.io/abort";
/// The value of [`ABORT`] that ends a Promotion.
pub const ABORT_TERMINATE: &str = "terminate";
/// Annotation on anything: a sentence for people.
pub const DESCRIPTION: &str = "kargo.akuity.io/description";
/// Annotation on an Argo CD Application: the Stages that may change it, `project:stage`, by comma.
pub const AUTHORIZED_STAGE: &str = "kargo.akuity.io/authorized-stage";
/// Annotation on `AnalysisRuns`, and in the `info` of an Argo CD operation: the Promotion it belongs to.
pub const PROMOTION: &str = "kargo.akuity.io/promotion";
/// Annotation on a Stage: JSON list of `{name, namespace}` of its Applications.
pub const ARGOCD_CONTEXT: &str = "kargo.akuity.io/argocd-context";
/// Annotation: JSON object of migrations that are done.
pub const MIGRATED: &str = "kargo.akuity.io/migrated";
/// Annotation on a Project or its Namespace: `true` keeps the namespace when the Project goes.
pub const KEEP_NAMESPACE: &str = "kargo.akuity.io/keep-namespace";
/// Annotation on a Promotion: `true` marks a step back to earlier Freight.
pub const ROLLBACK: &str = "kargo.akuity.io/rollback";
/// Annotation on a Secret: JSON object from projects to repositories that a GitHub App token may reach.
pub const GITHUB_TOKEN_SCOPES: &str = "kargo.akuity.io/github-token-scopes";
/// Annotation on a shared Secret or `ConfigMap`: `*` copies it into all projects.
pub const REPLICATE_TO: &str = "kargo.akuity.io/replicate-to";
/// Annotation on a replica: when it was made, RFC 3339.
pub const REPLICATED_AT: &str = "kargo.akuity.io/replicated-at";
/// Annotation on a copied Secret of old installations: where it came from.
pub const ORIGIN_NAMESPACE: &str = "kargo.akuity.io/origin-namespace";
/// Annotation on a copied Secret of old installations: hash of the content.
pub const SYNCED_DATA_HASH: &str = "kargo.akuity.io/synced-data-hash";
/// Annotation on a Stage: its colour in user interfaces.
pub const COLOR: &str = "kargo.akuity.io/color";

/// Prefix of the annotations on events.
pub const EVENT_PREFIX: &str = "event.kargo.akuity.io/";

/// Annotation on `ServiceAccounts`, Roles and `RoleBindings`: `true` if they are looked after for the user.
pub const RBAC_MANAGED: &str = "rbac.kargo.akuity.io/managed";
/// Annotation on a `ServiceAccount`: JSON object from claims to lists of values.
pub const RBAC_CLAIMS: &str = "rbac.kargo.akuity.io/claims";
/// Prefix of annotations of old installations, one for each claim, values by comma.
pub const RBAC_CLAIM_PREFIX: &str = "rbac.kargo.akuity.io/claim.";
/// Label on a Secret: an API token.
pub const RBAC_API_TOKEN: &str = "rbac.kargo.akuity.io/api-token";
/// Label on a `ServiceAccount`: a role of the whole system.
pub const RBAC_SYSTEM_ROLE: &str = "rbac.kargo.akuity.io/system-role";

/// Label on Promotions: the name of the Freight.
pub const OWN_FREIGHT: &str = "argosy.dev/freight";
/// Label on Promotions and Freight: the Warehouse that the Freight comes from.
pub const OWN_WAREHOUSE: &str = "argosy.dev/warehouse";
/// Label on Promotions and Freight: the Project.
pub const OWN_PROJECT: &str = "argosy.dev/project";
/// Label on Promotions: who started it, reduced to what a label may hold.
pub const OWN_STARTED_BY: &str = "argosy.dev/started-by";
/// Annotation on `CustomResourceDefinitions`: the version of the schemas.
pub const OWN_CRD_VERSION: &str = "argosy.dev/crd-version";

/// Value of the labels and annotations that are switches.
pub const TRUE: &str = "true";

/// Actor of what Kubernetes users did themselves: this and their user name.
pub const ACTOR_KUBERNETES: &str = "kubernetes:";
/// Actor of what a controller did: this and its name.
pub const ACTOR_CONTROLLER: &str = "controller:";
