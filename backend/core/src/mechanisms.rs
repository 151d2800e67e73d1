//! Kargo 0.8's promotion mechanisms as the steps that say the same today.

use argosy_api::artifact::FreightOrigin;
use argosy_api::mechanisms::{
    ArgoCdAppUpdate, ArgoCdSourceUpdate, GitRepoUpdate, HelmImageUpdate, ImageUpdate, ImageValue,
    PromotionMechanisms,
};
use argosy_api::stage::{PromotionTemplate, PromotionTemplateSpec};
use argosy_api::step::PromotionStep;
use serde_json::{Value, json};

use crate::stage_check::Problem;

/// Branches that are people's own. Written to without a `readBranch`, they are edited where they are, and never
/// cleared and filled anew as branches for rendered manifests are.
const OWN_BRANCHES: &[&str] = &["main", "master", "trunk", "develop"];

/// The steps that do what the mechanisms say. `carries` says whether the Freight has a commit of a repository, which
/// then is what is read.
///
/// # Errors
/// If no step does what a mechanism asks for.
pub fn steps(
    mechanisms: &PromotionMechanisms,
    carries: &dyn Fn(&str) -> bool,
) -> Result<Vec<PromotionStep>, Problem> {
    let mut steps = Vec::new();
    let several = 1 < mechanisms.git_repo_updates.len();
    for (at, update) in mechanisms.git_repo_updates.iter().enumerate() {
        let suffix = if several {
            format!("-{}", at + 1)
        } else {
            String::new()
        };
        let origin = update.origin.as_ref().or(mechanisms.origin.as_ref());
        Repository {
            update,
            origin,
            suffix,
            field: format!("gitRepoUpdates[{at}]"),
        }
        .steps(carries, &mut steps)?;
    }
    if !mechanisms.argocd_app_updates.is_empty() {
        let apps = mechanisms
            .argocd_app_updates
            .iter()
            .map(|app| application(mechanisms, app));
        steps.push(step(
            "argocd-update",
            None,
            json!({ "apps": apps.collect::<Vec<_>>() }),
        ));
    }
    Ok(steps)
}

/// The promotion template that says the same, as YAML to put under `spec:` of the Stage.
///
/// # Errors
/// As [`steps`].
pub fn modern(mechanisms: &PromotionMechanisms) -> Result<String, Problem> {
    let spec = PromotionTemplateSpec {
        steps: steps(mechanisms, &|_| false)?,
        ..PromotionTemplateSpec::default()
    };
    let template = json!({ "promotionTemplate": PromotionTemplate { spec } });
    yaml_serde::to_string(&template).map_err(|error| {
        Problem::of_stage(
            "promotionMechanisms",
            format!("cannot be shown as steps: {error}"),
        )
    })
}

/// One repository that is written to.
struct Repository<'a> {
    update: &'a GitRepoUpdate,
    origin: Option<&'a FreightOrigin>,
    /// Tells folders and names of several repositories apart.
    suffix: String,
    field: String,
}

impl Repository<'_> {
    fn steps(
        &self,
        carries: &dyn Fn(&str) -> bool,
        steps: &mut Vec<PromotionStep>,
    ) -> Result<(), Problem> {
        self.refuse_unsupported()?;
        let (source, out) = (
            format!("./src{}", self.suffix),
            format!("./out{}", self.suffix),
        );
        let in_place = self.in_place(carries);
        let edited = if in_place { &out } else { &source };
        steps.push(self.clone_step(in_place, carries, (&source, &out)));
        if !in_place {
            steps.push(step("git-clear", None, json!({ "path": out })));
        }
        let mut changes = Vec::new();
        self.edits(edited, steps, &mut changes);
        if self.update.render.is_some() {
            let path = format!("{source}/{}", self.update.write_branch);
            steps.push(step(
                "kustomize-build",
                None,
                json!({ "path": path, "outPath": out }),
            ));
        } else if !in_place {
            steps.push(step(
                "copy",
                None,
                json!({ "inPath": source, "outPath": out }),
            ));
        }
        if changes.is_empty() {
            changes.push(format!("promoted to {}", self.update.write_branch));
        }
        let commit = Some(self.commit_alias());
        steps.push(step(
            "git-commit",
            commit,
            json!({ "path": out, "message": message(&changes) }),
        ));
        let push = json!({ "path": out, "targetBranch": self.update.write_branch });
        steps.push(step("git-push", None, push));
        Ok(())
    }

    fn refuse_unsupported(&self) -> Result<(), Problem> {
        let later = |field: &str, step: &str| {
            let field = format!("promotionMechanisms.{}.{field}", self.field);
            Err(Problem::of_stage(
                &field,
                format!("is not supported yet; it needs the step {step}"),
            ))
        };
        if self.update.pull_request.is_some() {
            return later("pullRequest", "git-open-pr");
        }
        match &self.update.helm {
            Some(helm) if !helm.charts.is_empty() => later("helm.charts", "helm-update-chart"),
            Some(_) | None => Ok(()),
        }
    }

    /// Whether the branch that is written is also the one that is read.
    fn in_place(&self, carries: &dyn Fn(&str) -> bool) -> bool {
        let write = self.update.write_branch.as_str();
        self.update.render.is_none()
            && match &self.update.read_branch {
                Some(read) => read == write,
                None => OWN_BRANCHES.contains(&write) && !carries(&self.update.repo_url),
            }
    }

    fn clone_step(
        &self,
        in_place: bool,
        carries: &dyn Fn(&str) -> bool,
        (source, out): (&str, &str),
    ) -> PromotionStep {
        let url = &self.update.repo_url;
        let write = json!({ "branch": self.update.write_branch, "create": true, "path": out });
        let checkout = if in_place {
            json!([{ "branch": self.update.write_branch, "path": out }])
        } else if let Some(branch) = &self.update.read_branch {
            json!([{ "branch": branch, "path": source }, write])
        } else if carries(url) {
            let commit = format!("${{{{ {}.ID }}}}", from("commitFrom", url, self.origin));
            json!([{ "commit": commit, "path": source }, write])
        } else {
            json!([{ "path": source }, write])
        };
        let mut config = json!({ "repoURL": url, "checkout": checkout });
        if self.update.insecure_skip_tls_verify {
            config["insecureSkipTLSVerify"] = json!(true);
        }
        step("git-clone", None, config)
    }

    /// The steps that change files below `root`, and a line about each change.
    fn edits(&self, root: &str, steps: &mut Vec<PromotionStep>, changes: &mut Vec<String>) {
        if let Some(helm) = &self.update.helm {
            let origin = helm.origin.as_ref().or(self.origin);
            for file in distinct(
                helm.images
                    .iter()
                    .map(|image| image.values_file_path.as_str()),
            ) {
                let mine = helm
                    .images
                    .iter()
                    .filter(|image| image.values_file_path == file);
                let updates: Vec<Value> = mine
                    .clone()
                    .map(|image| helm_update(image, origin))
                    .collect();
                let path = format!("{root}/{file}");
                steps.push(step(
                    "yaml-update",
                    None,
                    json!({ "path": path, "updates": updates }),
                ));
                changes.extend(mine.map(|image| {
                    let origin = image.origin.as_ref().or(origin);
                    let image = reference(&image.image, uses_digest(image.value), origin);
                    format!("updated {file} to use image {image}")
                }));
            }
        }
        if let Some(kustomize) = &self.update.kustomize {
            let origin = kustomize.origin.as_ref().or(self.origin);
            for folder in distinct(kustomize.images.iter().map(|image| image.path.as_str())) {
                let mine = kustomize.images.iter().filter(|image| image.path == folder);
                let updates: Vec<ImageUpdate> = mine
                    .map(|image| ImageUpdate {
                        origin: image.origin.clone(),
                        image: image.image.clone(),
                        use_digest: image.use_digest,
                    })
                    .collect();
                set_images(
                    &format!("{root}/{folder}"),
                    folder,
                    &updates,
                    origin,
                    steps,
                    changes,
                );
            }
        }
        if let Some(render) = &self.update.render {
            let origin = render.origin.as_ref().or(self.origin);
            let folder = &self.update.write_branch;
            if render.images.is_empty() {
                steps.push(step(
                    "kustomize-set-image",
                    None,
                    json!({ "path": format!("{root}/{folder}") }),
                ));
                changes.push(format!("rendered {folder}"));
            }
            set_images(
                &format!("{root}/{folder}"),
                folder,
                &render.images,
                origin,
                steps,
                changes,
            );
        }
    }

    fn commit_alias(&self) -> String {
        format!("commit{}", self.suffix)
    }
}

fn set_images(
    path: &str,
    shown: &str,
    images: &[ImageUpdate],
    origin: Option<&FreightOrigin>,
    steps: &mut Vec<PromotionStep>,
    changes: &mut Vec<String>,
) {
    if images.is_empty() {
        return;
    }
    let set = images
        .iter()
        .map(|image| kustomize_image("image", image, origin));
    steps.push(step(
        "kustomize-set-image",
        None,
        json!({ "path": path, "images": set.collect::<Vec<_>>() }),
    ));
    changes.extend(images.iter().map(|image| {
        let origin = image.origin.as_ref().or(origin);
        let image = reference(&image.image, image.use_digest, origin);
        format!("updated {shown}/kustomization.yaml to use image {image}")
    }));
}

fn helm_update(image: &HelmImageUpdate, origin: Option<&FreightOrigin>) -> Value {
    let origin = image.origin.as_ref().or(origin);
    json!({ "key": image.key, "value": value(&image.image, image.value, origin) })
}

fn kustomize_image(name: &str, image: &ImageUpdate, origin: Option<&FreightOrigin>) -> Value {
    let found = from("imageFrom", &image.image, image.origin.as_ref().or(origin));
    if image.use_digest {
        json!({ name: image.image, "digest": format!("${{{{ {found}.Digest }}}}") })
    } else {
        json!({ name: image.image, "tag": format!("${{{{ {found}.Tag }}}}") })
    }
}

fn application(mechanisms: &PromotionMechanisms, app: &ArgoCdAppUpdate) -> Value {
    let origin = app.origin.as_ref().or(mechanisms.origin.as_ref());
    let mut config = json!({ "name": app.app_name });
    if let Some(namespace) = &app.app_namespace {
        config["namespace"] = json!(namespace);
    }
    let sources: Vec<Value> = app
        .source_updates
        .iter()
        .map(|update| source(mechanisms, update, origin))
        .collect();
    if !sources.is_empty() {
        config["sources"] = Value::Array(sources);
    }
    config
}

fn source(
    mechanisms: &PromotionMechanisms,
    update: &ArgoCdSourceUpdate,
    origin: Option<&FreightOrigin>,
) -> Value {
    let origin = update.origin.as_ref().or(origin);
    let mut config = json!({ "repoURL": update.repo_url });
    if let Some(chart) = &update.chart {
        config["chart"] = json!(chart);
    }
    if let Some(revision) = revision(mechanisms, update, origin) {
        config["desiredRevision"] = json!(revision);
    }
    if update.update_target_revision {
        config["updateTargetRevision"] = json!(true);
    }
    if let Some(kustomize) = &update.kustomize {
        let origin = kustomize.origin.as_ref().or(origin);
        let images = kustomize
            .images
            .iter()
            .map(|image| kustomize_image("repoURL", image, origin));
        config["kustomize"] = json!({ "images": images.collect::<Vec<_>>() });
    }
    if let Some(helm) = &update.helm {
        let origin = helm.origin.as_ref().or(origin);
        let images = helm.images.iter().map(|image| {
            let origin = image.origin.as_ref().or(origin);
            json!({ "key": image.key, "value": value(&image.image, image.value, origin) })
        });
        config["helm"] = json!({ "images": images.collect::<Vec<_>>() });
    }
    config
}

/// What the source must be synced to: what was just pushed there, else what the Freight carries.
fn revision(
    mechanisms: &PromotionMechanisms,
    update: &ArgoCdSourceUpdate,
    origin: Option<&FreightOrigin>,
) -> Option<String> {
    if let Some(chart) = &update.chart {
        let warehouse = origin.map(warehouse).unwrap_or_default();
        let found = format!(
            "chartFrom({}, {}{warehouse})",
            quoted(&update.repo_url),
            quoted(chart)
        );
        return update
            .update_target_revision
            .then(|| format!("${{{{ {found}.Version }}}}"));
    }
    let pushed = mechanisms
        .git_repo_updates
        .iter()
        .position(|git| git.repo_url == update.repo_url);
    match pushed {
        Some(_) if mechanisms.git_repo_updates.len() == 1 => {
            Some("${{ outputs.commit.commit }}".to_owned())
        }
        Some(at) => Some(format!("${{{{ outputs['commit-{}'].commit }}}}", at + 1)),
        None if update.update_target_revision => Some(format!(
            "${{{{ {}.ID }}}}",
            from("commitFrom", &update.repo_url, origin)
        )),
        None => None,
    }
}

/// What is written for an image. A tag such as `1.10` must not become a number.
fn value(image: &str, form: ImageValue, origin: Option<&FreightOrigin>) -> String {
    let found = from("imageFrom", image, origin);
    match form {
        ImageValue::ImageAndTag => format!("{image}:${{{{ {found}.Tag }}}}"),
        ImageValue::Tag => format!("${{{{ quote({found}.Tag) }}}}"),
        ImageValue::ImageAndDigest => format!("{image}@${{{{ {found}.Digest }}}}"),
        ImageValue::Digest => format!("${{{{ {found}.Digest }}}}"),
    }
}

fn uses_digest(form: ImageValue) -> bool {
    match form {
        ImageValue::ImageAndTag | ImageValue::Tag => false,
        ImageValue::ImageAndDigest | ImageValue::Digest => true,
    }
}

/// An image as it is named in commit messages.
fn reference(image: &str, digest: bool, origin: Option<&FreightOrigin>) -> String {
    value(
        image,
        if digest {
            ImageValue::ImageAndDigest
        } else {
            ImageValue::ImageAndTag
        },
        origin,
    )
}

/// The commit message, as Kargo 0.8 put it.
fn message(changes: &[String]) -> String {
    match changes {
        [only] => only.clone(),
        several => {
            let lines: String = several
                .iter()
                .map(|change| format!("\n  * {change}"))
                .collect();
            format!("Kargo applied multiple changes\n\nIncluding:\n{lines}")
        }
    }
}

/// A call of one of the functions that find an artifact of the Freight.
fn from(function: &str, url: &str, origin: Option<&FreightOrigin>) -> String {
    let warehouse = origin.map(warehouse).unwrap_or_default();
    format!("{function}({}{warehouse})", quoted(url))
}

fn warehouse(origin: &FreightOrigin) -> String {
    format!(", warehouse({})", quoted(&origin.name))
}

/// The text as a string of the expression language.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

fn distinct<'a>(items: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut distinct = Vec::new();
    for item in items {
        if !distinct.contains(&item) {
            distinct.push(item);
        }
    }
    distinct
}

fn step(uses: &str, alias: Option<String>, config: Value) -> PromotionStep {
    PromotionStep {
        uses: Some(uses.to_owned()),
        alias,
        config: Some(config),
        ..PromotionStep::default()
    }
}

#[cfg(test)]
mod tests;
