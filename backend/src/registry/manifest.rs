//! What a manifest, an index and a configuration say about an image. Pure.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;

const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
const OCI_IMAGE: &str = "application/vnd.oci.image.manifest.v1+json";
const DOCKER_IMAGE: &str = "application/vnd.docker.distribution.manifest.v2+json";
/// Every form that is understood. Docker's schema 1 is not: registries stopped serving it.
pub(super) const ACCEPTED: &str = "application/vnd.oci.image.index.v1+json, \
     application/vnd.docker.distribution.manifest.list.v2+json, \
     application/vnd.oci.image.manifest.v1+json, \
     application/vnd.docker.distribution.manifest.v2+json";
const CONFIGURATIONS: [&str; 2] = [
    "application/vnd.oci.image.config.v1+json",
    "application/vnd.docker.container.image.v1+json",
];
/// Where the time of the build is looked for, in this order.
const CREATED: [&str; 2] = [
    "org.opencontainers.image.created",
    "org.label-schema.build-date",
];

/// An operating system and a processor: `linux/arm64`, `linux/arm/v7`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Platform {
    /// `linux`, `windows`…
    pub os: String,
    /// `amd64`, `arm64`…
    pub architecture: String,
    /// `v7`…; empty if there is none.
    pub variant: String,
}

#[derive(Debug, PartialEq)]
pub(super) enum Manifest {
    Image {
        annotations: BTreeMap<String, String>,
        /// None if it is an artifact whose configuration says nothing about an image.
        config: Option<String>,
    },
    Index {
        annotations: BTreeMap<String, String>,
        children: Vec<Child>,
    },
}

/// An image that an index lists. Entries that are not images (attestations) are left out.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Child {
    pub(super) digest: String,
    pub(super) platform: Option<Platform>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Config {
    pub(super) created: Option<Timestamp>,
    pub(super) platform: Option<Platform>,
}

/// Why a manifest says nothing about an image.
#[derive(Debug)]
pub(super) enum Unusable {
    MediaType(String),
    Json(serde_json::Error),
}

impl Manifest {
    /// `content_type` is the header's; registries that send a general one are read by content.
    pub(super) fn read(content_type: &str, body: &[u8]) -> Result<Self, Unusable> {
        let raw: RawManifest = serde_json::from_slice(body).map_err(Unusable::Json)?;
        let header = content_type.split(';').next().unwrap_or_default().trim();
        let general = matches!(
            header,
            "" | "application/json" | "text/plain" | "application/octet-stream"
        );
        let media_type = match (general, raw.media_type.as_deref()) {
            (false, _) => header,
            (true, Some(own)) if !own.is_empty() => own,
            (true, _) if raw.manifests.is_some() => OCI_INDEX,
            (true, _) if raw.config.is_some() => OCI_IMAGE,
            (true, _) => header,
        };
        let annotations = raw.annotations.unwrap_or_default();
        match media_type {
            OCI_IMAGE | DOCKER_IMAGE => {
                let config = raw
                    .config
                    .filter(|c| CONFIGURATIONS.contains(&c.media_type.as_str()));
                Ok(Self::Image {
                    annotations,
                    config: config.map(|c| c.digest),
                })
            }
            OCI_INDEX | DOCKER_LIST => {
                let entries = raw.manifests.unwrap_or_default().into_iter();
                Ok(Self::Index {
                    annotations,
                    children: entries.filter_map(Descriptor::child).collect(),
                })
            }
            other => Err(Unusable::MediaType(other.to_owned())),
        }
    }

    pub(super) fn annotations(&self) -> &BTreeMap<String, String> {
        match self {
            Self::Image { annotations, .. } | Self::Index { annotations, .. } => annotations,
        }
    }

    /// When the image was built, as the manifest itself says.
    pub(super) fn created(&self) -> Option<Timestamp> {
        CREATED
            .iter()
            .find_map(|key| time(self.annotations().get(*key)?))
    }
}

impl Config {
    /// The time is the latest of the labels' and the configuration's own.
    pub(super) fn read(body: &[u8]) -> Result<Self, serde_json::Error> {
        let raw: RawConfig = serde_json::from_slice(body)?;
        let labels = raw
            .config
            .and_then(|config| config.labels)
            .unwrap_or_default();
        let said = CREATED
            .iter()
            .filter_map(|key| time(labels.get(*key)?.as_deref()?));
        let created = said.chain(raw.created.as_deref().and_then(time)).max();
        let platform = Platform::known(&raw.os, &raw.architecture, &raw.variant);
        Ok(Self { created, platform })
    }
}

impl Platform {
    /// Parses `os/architecture[/variant]`.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('/');
        let (os, architecture) = (parts.next()?, parts.next()?);
        let variant = parts.next().unwrap_or_default();
        if parts.next().is_some() {
            None
        } else {
            Self::known(os, architecture, variant)
        }
    }

    fn known(os: &str, architecture: &str, variant: &str) -> Option<Self> {
        let missing = |part: &str| part.is_empty() || part == "unknown";
        if missing(os) || missing(architecture) {
            return None;
        }
        let (os, architecture, variant) =
            (os.to_owned(), architecture.to_owned(), variant.to_owned());
        Some(Self {
            os,
            architecture,
            variant,
        })
    }

    /// Whether an image of this platform is what `wanted` asks for. A variant counts only if it
    /// is asked for, or where there is one but none was asked for: `linux/arm` is not `linux/arm/v7`,
    /// but `linux/arm64` and `linux/arm64/v8` are two names of one thing.
    pub fn satisfies(&self, wanted: &Self) -> bool {
        let variant =
            |platform: &Self| match (platform.architecture.as_str(), platform.variant.as_str()) {
                ("arm64", "v8") => String::new(),
                (_, variant) => variant.to_owned(),
            };
        self.os == wanted.os
            && self.architecture == wanted.architecture
            && variant(self) == variant(wanted)
    }
}

#[derive(Deserialize)]
struct RawManifest {
    #[serde(rename = "mediaType")]
    media_type: Option<String>,
    annotations: Option<BTreeMap<String, String>>,
    config: Option<Descriptor>,
    manifests: Option<Vec<Descriptor>>,
}

#[derive(Deserialize)]
struct Descriptor {
    #[serde(default, rename = "mediaType")]
    media_type: String,
    digest: String,
    platform: Option<RawPlatform>,
}

#[derive(Deserialize)]
struct RawPlatform {
    #[serde(default)]
    os: String,
    #[serde(default)]
    architecture: String,
    #[serde(default)]
    variant: String,
}

#[derive(Deserialize)]
struct RawConfig {
    created: Option<String>,
    #[serde(default)]
    os: String,
    #[serde(default)]
    architecture: String,
    #[serde(default)]
    variant: String,
    config: Option<RawRuntime>,
}

#[derive(Deserialize)]
struct RawRuntime {
    #[serde(rename = "Labels")]
    labels: Option<BTreeMap<String, Option<String>>>,
}

impl Descriptor {
    fn child(self) -> Option<Child> {
        if !matches!(self.media_type.as_str(), "" | OCI_IMAGE | DOCKER_IMAGE) {
            return None;
        }
        let Some(raw) = self.platform else {
            return Some(Child {
                digest: self.digest,
                platform: None,
            });
        };
        // "unknown" is how attestations are listed.
        let platform = Platform::known(&raw.os, &raw.architecture, &raw.variant)?;
        Some(Child {
            digest: self.digest,
            platform: Some(platform),
        })
    }
}

fn time(text: impl AsRef<str>) -> Option<Timestamp> {
    text.as_ref().trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(content_type: &str, body: &serde_json::Value) -> Result<Manifest, Unusable> {
        Manifest::read(content_type, body.to_string().as_bytes())
    }

    fn at(text: &str) -> Option<Timestamp> {
        Some(text.parse().unwrap())
    }

    #[test]
    fn attestations_are_not_images() {
        let image = |digest: &str, os: &str| json!({"mediaType": OCI_IMAGE, "digest": digest, "platform": {"os": os, "architecture": os}});
        let index = json!({"manifests": [image("a", "linux"), image("b", "unknown")]});
        let Ok(Manifest::Index { children, .. }) = read(OCI_INDEX, &index) else {
            panic!()
        };
        assert_eq!(
            children
                .iter()
                .map(|c| c.digest.as_str())
                .collect::<Vec<_>>(),
            ["a"]
        );
    }

    #[test]
    fn the_header_says_what_it_is_or_else_the_content() {
        let image = json!({"config": {"mediaType": CONFIGURATIONS[0], "digest": "sha256:c"}});
        for content_type in [
            OCI_IMAGE,
            DOCKER_IMAGE,
            "application/json; charset=utf-8",
            "",
        ] {
            let read = read(content_type, &image);
            assert!(
                matches!(
                    read,
                    Ok(Manifest::Image {
                        config: Some(_),
                        ..
                    })
                ),
                "{content_type}"
            );
        }
        for other in [
            "application/vnd.docker.distribution.manifest.v1+prettyjws",
            "text/html",
        ] {
            assert!(
                matches!(read(other, &image), Err(Unusable::MediaType(_))),
                "{other}"
            );
        }
        assert!(matches!(read("", &json!({})), Err(Unusable::MediaType(_))));
        assert!(matches!(
            Manifest::read("", b"<html>"),
            Err(Unusable::Json(_))
        ));
    }

    #[test]
    fn an_artifact_has_no_configuration_worth_reading() {
        let chart = json!({"config": {"mediaType": "application/vnd.cncf.helm.config.v1+json", "digest": "x"}});
        assert!(matches!(
            read(OCI_IMAGE, &chart),
            Ok(Manifest::Image { config: None, .. })
        ));
    }

    #[test]
    fn the_newer_annotation_wins_and_nonsense_counts_as_absent() {
        let created = |annotations| {
            read(
                OCI_INDEX,
                &json!({"annotations": annotations, "manifests": []}),
            )
            .unwrap()
            .created()
        };
        let (new, old) = ("2026-01-02T00:00:00Z", "2026-03-04T00:00:00Z");
        assert_eq!(created(json!({CREATED[0]: new, CREATED[1]: old})), at(new));
        assert_eq!(created(json!({CREATED[1]: old})), at(old));
        assert_eq!(
            created(json!({CREATED[0]: "yesterday", CREATED[1]: old})),
            at(old)
        );
        assert_eq!(created(json!({})), None);
    }

    #[test]
    fn a_configuration_is_as_young_as_its_youngest_time() {
        let created = |own: &str, label: &str| {
            let config = json!({
                "created": own, "os": "linux", "architecture": "arm", "variant": "v7",
                "config": {"Labels": {CREATED[0]: label, "other": null}},
            });
            Config::read(config.to_string().as_bytes()).unwrap()
        };
        let (early, late) = ("1970-01-01T00:00:00Z", "2026-01-02T03:04:05.678+02:00");
        assert_eq!(created(early, late).created, at(late));
        assert_eq!(created(late, early).created, at(late));
        assert_eq!(created(late, "").platform, Platform::parse("linux/arm/v7"));
        assert_eq!(Config::read(b"{}").unwrap(), Config::default());
    }

    #[test]
    fn platforms_match_by_all_their_parts() {
        let matches = |image, wanted| {
            Platform::parse(image)
                .unwrap()
                .satisfies(&Platform::parse(wanted).unwrap())
        };
        assert!(matches("linux/amd64", "linux/amd64"));
        assert!(matches("linux/arm64/v8", "linux/arm64"));
        assert!(matches("linux/arm/v7", "linux/arm/v7"));
        assert!(!matches("linux/arm/v7", "linux/arm/v6"));
        assert!(!matches("linux/arm/v7", "linux/arm"));
        assert!(!matches("windows/amd64", "linux/amd64"));
        for text in [
            "linux",
            "",
            "linux/",
            "/amd64",
            "linux/arm/v7/x",
            "unknown/unknown",
        ] {
            assert_eq!(Platform::parse(text), None, "{text}");
        }
    }
}
