//! An Application's own account of its health, as a Stage looks at it.

use argosy_core::stage::ApplicationHealth;
use serde_json::{Map, Value, json};

use super::application::{Application, ApplicationStatus, OperationState};

/// Conditions with which nothing else that the Application says can be trusted.
const ERRORS: [&str; 2] = ["ComparisonError", "InvalidSpecError"];

impl Application {
    /// What a Stage's health check looks at.
    #[must_use]
    pub fn health(&self) -> ApplicationHealth {
        let ApplicationStatus {
            health,
            sync,
            operation_state,
            reconciled_at,
            conditions,
        } = &self.status;
        let finished = operation_state
            .as_ref()
            .and_then(|state| state.finished_at.as_ref());
        let runs = operation_state.is_some() && finished.is_none();
        ApplicationHealth {
            health: health.status.clone(),
            sync: sync.status.clone(),
            revisions: several(&sync.revisions, &sync.revision),
            operation_pending: self.operation.is_some() || runs,
            operation_finished_at: finished.map(|time| time.0),
            reconciled_at: reconciled_at.as_ref().map(|time| time.0),
            errors: conditions
                .iter()
                .filter(|condition| ERRORS.contains(&condition.kind.as_str()))
                .map(|condition| format!("{}: {}", condition.kind, condition.message))
                .collect(),
            account: self.account(),
        }
    }

    fn account(&self) -> Value {
        let ApplicationStatus {
            health,
            sync,
            operation_state,
            ..
        } = &self.status;
        let mut account = Map::new();
        account.insert("Name".to_owned(), json!(self.metadata.name));
        account.insert("Namespace".to_owned(), json!(self.metadata.namespace));
        account.insert("health".to_owned(), json!({ "status": health.status }));
        if let Some(state) = operation_state {
            account.insert("operationState".to_owned(), operation(state));
        }
        let mut synced = json!({ "status": sync.status });
        if sync.revisions.is_empty() {
            synced["revision"] = json!(sync.revision);
        } else {
            synced["revisions"] = json!(sync.revisions);
        }
        account.insert("sync".to_owned(), synced);
        Value::Object(account)
    }
}

fn operation(state: &OperationState) -> Value {
    let info: Vec<_> = state
        .operation
        .info
        .iter()
        .map(|info| json!({ "name": info.name, "value": info.value }))
        .collect();
    let mut account = json!({
        "phase": state.phase,
        "message": state.message,
        "finishedAt": state.finished_at,
        "operation": { "info": info },
    });
    if let Some(result) = &state.sync_result {
        account["syncResult"] = if result.revisions.is_empty() {
            json!({ "revision": result.revision })
        } else {
            json!({ "revisions": result.revisions })
        };
    }
    account
}

fn several(many: &[String], one: &str) -> Vec<String> {
    if !many.is_empty() {
        return many.to_vec();
    }
    if one.is_empty() {
        Vec::new()
    } else {
        vec![one.to_owned()]
    }
}
