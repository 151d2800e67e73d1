//! Reasons of conditions and events. People build alerts on them, so none is ever renamed.

// Conditions of Projects and their configuration.

/// Everything that belongs to it is there.
pub const SYNCED: &str = "Synced";
/// What belongs to it is being made.
pub const SYNCING: &str = "Syncing";
/// The webhook receivers are being set up.
pub const SYNCING_WEBHOOKS: &str = "SyncingWebhooks";
/// A webhook receiver could not be set up.
pub const SYNC_WEBHOOK_RECEIVERS_FAILED: &str = "SyncWebhookReceiversFailed";
/// The Project's namespace could not be made or adopted.
pub const ENSURING_NAMESPACE_FAILED: &str = "EnsuringNamespaceFailed";
/// The permissions of the system in the namespace could not be set.
pub const ENSURING_SYSTEM_PERMISSIONS_FAILED: &str = "EnsuringSystemPermissionsFailed";
/// The permissions of the controllers in the namespace could not be set.
pub const ENSURING_CONTROLLER_PERMISSIONS_FAILED: &str = "EnsuringControllerPermissionsFailed";
/// The default roles in the namespace could not be set.
pub const ENSURING_DEFAULT_USER_ROLES: &str = "EnsuringDefaultUserRoles";
/// The permissions on the Project itself could not be set.
pub const ENSURING_EXTENDED_PERMISSIONS_FAILED: &str = "EnsuringExtendedPermissionsFailed";
/// There is a namespace of this name, and it is not marked as a Project's.
pub const EXISTING_NAMESPACE_MISSING_LABEL: &str = "ExistingNamespaceMissingLabel";
/// The Warehouses could not be counted.
pub const COLLECTING_WAREHOUSE_STATS_FAILED: &str = "CollectingWarehouseStatsFailed";
/// The Stages could not be counted.
pub const COLLECTING_STAGE_STATS_FAILED: &str = "CollectingStageStatsFailed";

// Conditions of Warehouses.

/// Discovery is due.
pub const SCHEDULED_DISCOVERY: &str = "ScheduledDiscovery";
/// Freight is being made.
pub const FREIGHT_CREATION_IN_PROGRESS: &str = "FreightCreationInProgress";
/// Artifacts are being looked for.
pub const DISCOVERY_IN_PROGRESS: &str = "DiscoveryInProgress";
/// A repository could not be read.
pub const DISCOVERY_FAILURE: &str = "DiscoveryFailure";
/// Nothing was found at all.
pub const MISSING_ARTIFACTS: &str = "MissingArtifacts";
/// A Git subscription found no commit.
pub const MISSING_COMMITS: &str = "MissingCommits";
/// An image subscription found no image.
pub const MISSING_IMAGE_REFERENCES: &str = "MissingImageReferences";
/// A chart subscription found no version.
pub const MISSING_CHART_VERSIONS: &str = "MissingChartVersions";
/// The criteria expression could not be evaluated.
pub const CRITERIA_EVALUATION_FAILED: &str = "CriteriaEvaluationFailed";
/// Artifacts were found, Freight is still to be made.
pub const AWAITING_FREIGHT_CREATION: &str = "AwaitingFreightCreation";
/// Freight could not be put together of the artifacts.
pub const FREIGHT_BUILD_FAILURE: &str = "FreightBuildFailure";
/// The API server did not take the Freight.
pub const FREIGHT_CREATION_FAILURE: &str = "FreightCreationFailure";
/// Each subscription found something.
pub const ARTIFACTS_DISCOVERED: &str = "ArtifactsDiscovered";
/// Nothing has been looked for yet.
pub const PENDING: &str = "Pending";
/// A repository could not be read.
pub const DISCOVERY_FAILED: &str = "DiscoveryFailed";
/// A Git subscription found no commit.
pub const NO_COMMITS_DISCOVERED: &str = "NoCommitsDiscovered";
/// An image subscription found no image.
pub const NO_IMAGE_REFERENCES_DISCOVERED: &str = "NoImageReferencesDiscovered";
/// A chart subscription found no version.
pub const NO_CHART_VERSIONS_DISCOVERED: &str = "NoChartVersionsDiscovered";
/// The last look at the repositories succeeded.
pub const RECONCILIATION_SUCCEEDED: &str = "ReconciliationSucceeded";
/// The newest artifacts meet the criteria.
pub const CRITERIA_SATISFIED: &str = "CriteriaSatisfied";
/// The newest artifacts do not meet the criteria.
pub const CRITERIA_NOT_SATISFIED: &str = "CriteriaNotSatisfied";
/// The newest artifacts became Freight.
pub const NEW_FREIGHT: &str = "NewFreight";
/// The newest artifacts are Freight already.
pub const ALREADY_EXISTS: &str = "AlreadyExists";

// Conditions of Stages.

/// A Promotion is under way.
pub const ACTIVE_PROMOTION: &str = "ActivePromotion";
/// The Stage's Promotions could not be read.
pub const LIST_PROMOTIONS_FAILED: &str = "ListPromotionsFailed";
/// The Stage has no Freight yet.
pub const NO_FREIGHT: &str = "NoFreight";
/// The first look at the health is still to come.
pub const WAITING_FOR_HEALTH_CHECK: &str = "WaitingForHealthCheck";
/// Verification is still to start.
pub const WAITING_FOR_VERIFICATION: &str = "WaitingForVerification";
/// The current Freight is verified.
pub const VERIFIED: &str = "Verified";
/// Verification is about to run.
pub const VERIFICATION_PENDING: &str = "VerificationPending";
/// Verification runs.
pub const VERIFICATION_RUNNING: &str = "VerificationRunning";
/// Verification did not pass.
pub const VERIFICATION_FAILED: &str = "VerificationFailed";
/// Verification could not be carried out.
pub const VERIFICATION_ERROR: &str = "VerificationError";
/// A person stopped the verification.
pub const VERIFICATION_ABORTED: &str = "VerificationAborted";
/// Verification neither passed nor failed.
pub const VERIFICATION_INCONCLUSIVE: &str = "VerificationInconclusive";
/// The verification is in a phase that is not known here.
pub const UNKNOWN_VERIFICATION_PHASE: &str = "UnknownVerificationPhase";
/// The last pass over the object failed.
pub const RECONCILE_ERROR: &str = "ReconcileError";
/// A pass over the object is under way.
pub const RECONCILING: &str = "Reconciling";
/// The pass is tried again after a failure.
pub const RETRY_AFTER_ERROR: &str = "RetryAfterError";
/// The available Freight could not be read.
pub const FREIGHT_RETRIEVAL_FAILED: &str = "FreightRetrievalFailed";
/// Freight could not be marked as verified; as an event: it did not pass verification.
pub const FREIGHT_VERIFICATION_FAILED: &str = "FreightVerificationFailed";
/// Reading the available Freight is tried again.
pub const RETRY_AFTER_FREIGHT_RETRIEVAL_FAILED: &str = "RetryAfterFreightRetrievalFailed";
/// Marking Freight as verified is tried again.
pub const RETRY_AFTER_VERIFICATION_FAILED: &str = "RetryAfterVerificationFailed";

// Events.

/// A Promotion was made.
pub const PROMOTION_CREATED: &str = "PromotionCreated";
/// A Promotion succeeded.
pub const PROMOTION_SUCCEEDED: &str = "PromotionSucceeded";
/// A step said no.
pub const PROMOTION_FAILED: &str = "PromotionFailed";
/// A step could not be carried out.
pub const PROMOTION_ERRORED: &str = "PromotionErrored";
/// A person stopped a Promotion.
pub const PROMOTION_ABORTED: &str = "PromotionAborted";
/// A Promotion was dropped before it started.
pub const PROMOTION_DISCARDED: &str = "PromotionDiscarded";
/// Freight was made.
pub const FREIGHT_CREATED: &str = "FreightCreated";
/// A person approved Freight for a Stage.
pub const FREIGHT_APPROVED: &str = "FreightApproved";
/// Freight passed the verification of a Stage.
pub const FREIGHT_VERIFICATION_SUCCEEDED: &str = "FreightVerificationSucceeded";
/// The verification of Freight could not be carried out.
pub const FREIGHT_VERIFICATION_ERRORED: &str = "FreightVerificationErrored";
/// A person stopped the verification of Freight.
pub const FREIGHT_VERIFICATION_ABORTED: &str = "FreightVerificationAborted";
/// The verification of Freight neither passed nor failed.
pub const FREIGHT_VERIFICATION_INCONCLUSIVE: &str = "FreightVerificationInconclusive";
/// The verification of Freight ended in a phase that is not known here.
pub const FREIGHT_VERIFICATION_UNKNOWN: &str = "FreightVerificationUnknown";

// Argosy's own.

/// A field that newer versions spell differently is in use.
pub const DEPRECATED_FIELDS: &str = "DeprecatedFields";
/// The Promotion or Freight that a person made cannot be completed.
pub const INVALID: &str = "Invalid";
/// The promotion template has a mistake.
pub const INVALID_TEMPLATE: &str = "InvalidTemplate";
/// The Freight is not available to the Stage.
pub const FREIGHT_NOT_AVAILABLE: &str = "FreightNotAvailable";

/// The reason of a Stage whose last Promotion ended so: `LastPromotion` and the phase.
pub fn last_promotion(phase: crate::promotion::PromotionPhase) -> String {
    format!("LastPromotion{phase}")
}
