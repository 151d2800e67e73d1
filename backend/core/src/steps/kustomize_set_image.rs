//! `kustomize-set-image`: sets images in a kustomization.

use std::sync::LazyLock;
use std::time::Duration;

use argosy_api::artifact;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::config::{Problems, items, nothing_outdated};
use super::{ConfigError, Edited, Output, StepKind, schema};
use crate::kustomization::{self, ImageEntry, KustomizationError};
use crate::urls::same_image;

/// Sets images in the `images` list of a `kustomization.yaml`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Config {
    /// The folder with the kustomization.
    #[schemars(length(min = 1))]
    pub path: String,
    /// The images to set. Without it, every image of the promotion's Freight.
    #[serde(default)]
    pub images: Vec<Image>,
}

/// An image to set.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Image {
    /// The image's repository.
    #[schemars(length(min = 1))]
    pub image: String,
    /// Tag to set. Without tag and digest, those of the promotion's Freight.
    #[serde(default)]
    pub tag: Option<String>,
    /// Digest to set, instead of a tag.
    #[serde(default)]
    pub digest: Option<String>,
    /// Name of the image as the manifests have it. Without it, `image`.
    #[serde(default)]
    pub name: Option<String>,
    /// Name to put in its place.
    #[serde(default)]
    pub new_name: Option<String>,
}

/// Why images cannot be set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SetImageError {
    /// Neither the configuration nor the Freight says which tag or digest is meant.
    #[error("image {image:?} has neither tag nor digest, and is not in the Freight")]
    NotInFreight {
        /// The image's repository.
        image: String,
    },
    /// The Freight has several images of one repository.
    #[error("the Freight has several images of {image:?}: give a tag or digest")]
    Ambiguous {
        /// The image's repository.
        image: String,
    },
    /// The configuration names no image, and there is none in the Freight.
    #[error("there are no images in the Freight")]
    NoImages,
    /// The file cannot be changed.
    #[error(transparent)]
    Kustomization(#[from] KustomizationError),
}

impl Config {
    /// The kustomization's text with the images set, and what to say of it. `freight` are the
    /// images of all Freight that is being promoted.
    ///
    /// # Errors
    /// The first thing that keeps an image from being set.
    pub fn edit(&self, text: &str, freight: &[artifact::Image]) -> Result<Edited, SetImageError> {
        let changed = kustomization::set_images(text, &self.entries(freight)?)?;
        let commit_message = kustomization::commit_message(&self.path, &changed.images);
        Ok(Edited {
            text: changed.text,
            commit_message,
        })
    }

    fn entries(&self, freight: &[artifact::Image]) -> Result<Vec<ImageEntry>, SetImageError> {
        if !self.images.is_empty() {
            return self
                .images
                .iter()
                .map(|image| entry(image, freight))
                .collect();
        }
        if freight.is_empty() {
            return Err(SetImageError::NoImages);
        }
        let every = freight.iter().map(|image| Image {
            image: image.repo_url.clone(),
            tag: None,
            digest: None,
            name: None,
            new_name: None,
        });
        every.map(|image| entry(&image, freight)).collect()
    }
}

fn entry(image: &Image, freight: &[artifact::Image]) -> Result<ImageEntry, SetImageError> {
    let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let (tag, digest) = match (given(&image.tag), given(&image.digest)) {
        (None, None) => from_freight(&image.image, freight)?,
        given => given,
    };
    Ok(ImageEntry {
        name: given(&image.name).unwrap_or_else(|| image.image.clone()),
        new_name: given(&image.new_name),
        new_tag: tag,
        digest,
    })
}

/// The tag of the image in the Freight, or its digest if it has no tag.
fn from_freight(
    image: &str,
    freight: &[artifact::Image],
) -> Result<(Option<String>, Option<String>), SetImageError> {
    let mut same = freight
        .iter()
        .filter(|found| same_image(&found.repo_url, image));
    let Some(first) = same.next() else {
        return Err(SetImageError::NotInFreight {
            image: image.to_owned(),
        });
    };
    if same.any(|other| (&other.tag, &other.digest) != (&first.tag, &first.digest)) {
        return Err(SetImageError::Ambiguous {
            image: image.to_owned(),
        });
    }
    let tag = first.tag.clone().filter(|tag| !tag.is_empty());
    let digest = if tag.is_none() {
        first.digest.clone()
    } else {
        None
    };
    Ok((tag, digest))
}

/// This step kind.
pub static KIND: StepKind = StepKind {
    name: "kustomize-set-image",
    default_timeout: Duration::from_secs(60),
    default_error_threshold: 1,
    fills_workdir: true,
    outputs: &[Output {
        name: "commitMessage",
        description: "What was changed, for `git-commit`.",
    }],
    schema: LazyLock::new(schema::of::<Config>),
    rules,
    outdated: nothing_outdated,
};

/// Reads a configuration whose expressions have been evaluated.
///
/// # Errors
/// The first thing that is wrong.
pub fn parse(config: &Value) -> Result<Config, ConfigError> {
    KIND.parse(config)
}

fn rules(config: &Value, problems: &mut Problems) {
    for (path, image) in items("", config, "images") {
        problems.at_most_one(&path, image, &["tag", "digest"]);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn freight(images: &[(&str, &str)]) -> Vec<artifact::Image> {
        let image = |(repo, tag): &(&str, &str)| artifact::Image {
            repo_url: (*repo).to_owned(),
            tag: Some((*tag).to_owned()),
            digest: Some("sha256:abc".to_owned()),
            ..artifact::Image::default()
        };
        images.iter().map(image).collect()
    }

    fn edited(images: &Value, freight: &[artifact::Image]) -> Result<Edited, SetImageError> {
        let config = json!({"path": "app", "images": images});
        parse(&config)
            .unwrap()
            .edit("kind: Kustomization\n", freight)
    }

    #[test]
    fn what_is_not_given_comes_from_the_freight() {
        let freight = freight(&[
            ("ghcr.io/a/b", "1.5.0"),
            ("docker.io/library/nginx", "1.27"),
        ]);
        let edited = edited(&json!([{"image": "nginx"}]), &freight).unwrap();
        assert_eq!(
            edited.text,
            "kind: Kustomization\nimages:\n- name: nginx\n  newTag: \"1.27\"\n"
        );
        assert_eq!(
            edited.commit_message,
            "Updated app to use new image\n\n- nginx:1.27"
        );
        let all = super::tests::edited(&json!([]), &freight).unwrap();
        assert_eq!(
            all.commit_message,
            "Updated app to use new images\n\n- docker.io/library/nginx:1.27\n- ghcr.io/a/b:1.5.0"
        );
    }

    #[test]
    fn names_are_those_of_the_configuration() {
        let image = json!([{"image": "a", "name": "x", "newName": "y/x", "digest": "sha256:1"}]);
        let edited = edited(&image, &[]).unwrap();
        assert_eq!(
            edited.text,
            "kind: Kustomization\nimages:\n- name: x\n  newName: y/x\n  digest: sha256:1\n"
        );
        assert_eq!(
            edited.commit_message,
            "Updated app to use new image\n\n- y/x@sha256:1"
        );
    }

    #[test]
    fn what_cannot_be_told_is_refused() {
        let refusal =
            |images: Value, freight: &[_]| edited(&images, freight).unwrap_err().to_string();
        assert_eq!(
            refusal(json!([{"image": "a"}]), &[]),
            "image \"a\" has neither tag nor digest, and is not in the Freight"
        );
        assert_eq!(
            refusal(json!([{"image": "a"}]), &freight(&[("a", "1"), ("a", "2")])),
            "the Freight has several images of \"a\": give a tag or digest"
        );
        assert_eq!(
            refusal(json!([]), &[]),
            "there are no images in the Freight"
        );
        assert!(edited(&json!([]), &freight(&[("a", "1"), ("a", "1")])).is_ok());
    }
}
