//! `argocd-update`: points Applications at a commit or version, syncs them and waits for the sync.
//!
//! The step is keyed by the promotion: an operation that carries its name is waited for, never started again. It is
//! woken by the watch on Applications, and reads an Application anew before it changes it or calls it synced.

mod applications;

use std::collections::BTreeMap;
use std::time::Duration;

use argosy_api::step::HealthCheckStep;
use argosy_core::argocd::{AppKey, Initiator, Judgement, Standing, change, judge, operation_patch};
use argosy_core::steps::argocd_update::{self, Config, Source};
use async_trait::async_trait;
use kube::ResourceExt as _;
use serde_json::{Value, json};

use self::applications::{Applications, Found, Patched};
use super::{Fault, Ran, Runner, StepRun};
use crate::events::Event;

/// Runs `argocd-update`.
pub(super) struct ArgocdUpdate;

/// Why an update is refused: so many reasons are told.
const TOLD: usize = 3;
/// The longest rest between two syncs that bring something else than what is wanted.
const LONGEST_REST: Duration = Duration::from_secs(30);

#[async_trait]
impl Runner for ArgocdUpdate {
    fn kind(&self) -> &'static str {
        "argocd-update"
    }

    async fn run(&self, run: &StepRun) -> Result<Ran, Fault> {
        let mut config = run.config(argocd_update::parse)?;
        resolve_older_form(run, &mut config)?;
        let applications = Applications::new(run);
        let (mut misses, mut looks): (u32, u32) = (0, 0);
        loop {
            let (targets, unauthorized) = applications.find(&config).await?;
            let plans = plan(run, &targets)?;
            tell_failure(run, &plans).await?;
            if plans.iter().all(|plan| plan.judgement == Judgement::Synced) {
                return Ok(finished(&plans, &unauthorized));
            }
            if let Some(missed) = plans
                .iter()
                .find(|plan| matches!(plan.judgement, Judgement::Missed(_)))
            {
                rest(run, missed, misses).await;
                misses += 1;
            }
            let mut conflict = false;
            for plan in plans.iter().filter(|plan| plan.is_due()) {
                conflict |= !update(run, &applications, plan).await?;
            }
            // Whatever goes wrong between the cache and the API server, it must not become a busy loop.
            looks += 1;
            tokio::time::sleep(Duration::from_millis(10) * looks.saturating_sub(3).min(100)).await;
            if !conflict {
                wait(run, &applications, &plans).await;
            }
        }
    }
}

/// What is known and wanted of one Application.
struct Plan<'a> {
    found: &'a Found,
    change: argosy_core::argocd::Change,
    judgement: Judgement,
}

impl Plan<'_> {
    fn is_due(&self) -> bool {
        match self.judgement {
            Judgement::Update | Judgement::Missed(_) => true,
            Judgement::Wait | Judgement::Synced | Judgement::Failed(_) => false,
        }
    }
}

/// Puts the commit of a step in the place of `desiredCommitFromStep`.
fn resolve_older_form(run: &StepRun, config: &mut Config) -> Result<(), Fault> {
    for source in config.apps.iter_mut().flat_map(|app| &mut app.sources) {
        let Some(alias) = source.desired_commit_from_step.take() else {
            continue;
        };
        let commit = run
            .outputs
            .get(&alias)
            .and_then(|output| output["commit"].as_str());
        let commit = commit
            .ok_or_else(|| Fault::failed(format!("step {alias:?} has no output \"commit\"")))?;
        source.desired_revision = Some(commit.to_owned());
    }
    Ok(())
}

/// Nothing is changed unless everything can be.
fn plan<'a>(
    run: &StepRun,
    targets: &'a BTreeMap<AppKey, (Found, Vec<Source>)>,
) -> Result<Vec<Plan<'a>>, Fault> {
    let mut plans = Vec::new();
    let mut refused = Vec::new();
    for (key, (found, updates)) in targets {
        match change(&found.whole, &updates.iter().collect::<Vec<_>>()) {
            Ok(change) => {
                let told = run.journal.noted(&told_key(key));
                let told = told.as_ref().and_then(Value::as_str);
                let judgement = judge(&found.standing, &run.promotion.name, &change.desired, told);
                plans.push(Plan {
                    found,
                    change,
                    judgement,
                });
            }
            Err(reason) => refused.push(format!("Application {key}: {reason}")),
        }
    }
    if refused.is_empty() {
        return Ok(plans);
    }
    let more = refused.len().saturating_sub(TOLD);
    refused.truncate(TOLD);
    let more = if more == 0 {
        String::new()
    } else {
        format!("; and {more} more")
    };
    Err(Fault::errored(format!("{}{more}", refused.join("; "))))
}

/// Notes a failed operation before it is told of, so that a retry of the step starts another one.
async fn tell_failure(run: &StepRun, plans: &[Plan<'_>]) -> Result<(), Fault> {
    for plan in plans {
        if let Judgement::Failed(reason) = &plan.judgement {
            let key = &plan.found.key;
            let started = json!(plan.found.standing.started_at);
            run.journal.note(&told_key(key), started).await?;
            return Err(Fault::errored(format!(
                "Argo CD could not sync Application {key}: {reason}"
            )));
        }
    }
    Ok(())
}

fn told_key(key: &AppKey) -> String {
    format!("failure of {key}")
}

/// Argo CD may know of a new commit only a little later; a branch that others push to may never be where it was.
async fn rest(run: &StepRun, plan: &Plan<'_>, misses: u32) {
    let Judgement::Missed(revisions) = &plan.judgement else {
        return;
    };
    run.turn.say(format!(
        "Application {} was synced to {} instead of {}",
        plan.found.key,
        revisions.join(", "),
        plan.change.desired.join(", ")
    ));
    if misses != 0 {
        let rest = Duration::from_secs(1 << misses.min(5)).min(LONGEST_REST);
        run.turn.waiting(tokio::time::sleep(rest)).await;
    }
}

/// Changes an Application and starts its sync. Says no if somebody else has changed it meanwhile.
async fn update(
    run: &StepRun,
    applications: &Applications<'_>,
    plan: &Plan<'_>,
) -> Result<bool, Fault> {
    let initiator = initiator(run);
    let patch = operation_patch(
        &plan.found.whole,
        &plan.change,
        &run.promotion.name,
        &initiator,
    );
    match applications.patch(&plan.found.key, &patch).await? {
        Patched::Done(application) => {
            let stage = format!("{}/{}", run.project, run.stage);
            let message = format!(
                "{} initiated a sync by promotion {} to Stage {stage}",
                initiator.username(),
                run.promotion.name
            );
            let event = Event::normal(
                &*application,
                crate::events::PROMOTION_CONTROLLER,
                "OperationStarted",
                message,
            );
            run.services.events.send(event);
            tracing::info!(application.name = %application.name_any(), "sync of Application {} started", plan.found.key);
            Ok(true)
        }
        Patched::Conflict => Ok(false),
    }
}

fn initiator(run: &StepRun) -> Initiator {
    match run.promotion.actor.as_deref() {
        Some(actor)
            if !actor.is_empty() && !actor.starts_with(argosy_api::labels::ACTOR_CONTROLLER) =>
        {
            Initiator::Person(actor.to_owned())
        }
        Some(_) | None => Initiator::Controller,
    }
}

/// Until the cache shows that something is to be done about one of the Applications.
async fn wait(run: &StepRun, applications: &Applications<'_>, plans: &[Plan<'_>]) {
    let open = plans
        .iter()
        .filter(|plan| plan.judgement != Judgement::Synced);
    let waits: BTreeMap<&AppKey, &[String]> = open
        .map(|plan| (&plan.found.key, plan.change.desired.as_slice()))
        .collect();
    let names: Vec<String> = waits.keys().map(|key| key.to_string()).collect();
    run.turn.say(format!(
        "waiting for the sync of Application {}",
        names.join(", ")
    ));
    let done = |key: &AppKey, standing: &Standing| {
        let desired = waits.get(key).copied().unwrap_or_default();
        judge(standing, &run.promotion.name, desired, None) != Judgement::Wait
    };
    let keys: Vec<&AppKey> = waits.keys().copied().collect();
    run.turn.waiting(applications.changed(&keys, &done)).await;
}

fn finished(plans: &[Plan<'_>], unauthorized: &[AppKey]) -> Ran {
    let app = |plan: &Plan<'_>| json!({ "name": plan.found.key.name, "namespace": plan.found.key.namespace });
    let checked = |plan: &Plan<'_>| {
        let mut checked = app(plan);
        if !plan.change.desired.is_empty() {
            checked["desiredRevisions"] = json!(plan.change.desired);
        }
        checked
    };
    let apps: Vec<Value> = plans.iter().map(app).collect();
    let checks: Vec<Value> = plans.iter().map(checked).collect();
    let check = HealthCheckStep {
        uses: "argocd-update".to_owned(),
        config: Some(json!({ "apps": checks })),
    };
    let mut ran = Ran::succeeded()
        .with_output("apps", apps)
        .with_health_check(check);
    if !unauthorized.is_empty() {
        let names: Vec<String> = unauthorized.iter().map(AppKey::to_string).collect();
        ran.message = Some(format!(
            "left alone, since they do not authorize this Stage: {}",
            names.join(", ")
        ));
    }
    ran
}
