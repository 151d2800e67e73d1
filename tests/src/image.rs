//! Images to put into a registry: small, but whole, so that every client understands them.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// A compressed empty tar archive: the one layer of every image.
const LAYER: &[u8] = &[
    0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0xff, 0x63, 0x60, 0x18, 0x05, 0xa3, 0x60,
    0x14, 0x8c, 0x54, 0x00, 0x00, 0x2e, 0xaf, 0xb5, 0xef, 0x00, 0x04, 0x00, 0x00,
];
/// The digest of [`LAYER`] before its compression.
const DIFF_ID: &str = "sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef";

/// Whose media types an image uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// Those of the Open Container Initiative.
    #[default]
    Oci,
    /// Those of Docker's registry, version 2, schema 2.
    Docker,
}

/// An image for one platform.
#[derive(Debug, Clone)]
pub struct Image {
    /// Makes the image different from others that are otherwise equal.
    pub content: String,
    /// `os/architecture` with an optional `/variant`.
    pub platform: String,
    /// When it was made, as RFC 3339 says it; absent from the image if nothing.
    pub created: Option<String>,
    /// Labels, in the image's configuration.
    pub labels: BTreeMap<String, String>,
    /// Annotations, in the image's manifest.
    pub annotations: BTreeMap<String, String>,
    /// Whose media types it uses.
    pub format: Format,
}

impl Image {
    /// An image for `linux/amd64`; two with the same `content` are the same, with the same digest.
    pub fn new(content: &str) -> Self {
        Self {
            content: content.to_owned(),
            platform: "linux/amd64".to_owned(),
            created: Some("2024-01-01T00:00:00Z".to_owned()),
            labels: BTreeMap::new(),
            annotations: BTreeMap::new(),
            format: Format::Oci,
        }
    }

    /// For another platform.
    #[must_use]
    pub fn platform(mut self, platform: &str) -> Self {
        platform.clone_into(&mut self.platform);
        self
    }

    /// Made at another time, as RFC 3339 says it.
    #[must_use]
    pub fn created(mut self, at: &str) -> Self {
        self.created = Some(at.to_owned());
        self
    }

    /// With one more label.
    #[must_use]
    pub fn label(mut self, name: &str, value: &str) -> Self {
        self.labels.insert(name.to_owned(), value.to_owned());
        self
    }

    /// With one more annotation.
    #[must_use]
    pub fn annotation(mut self, name: &str, value: &str) -> Self {
        self.annotations.insert(name.to_owned(), value.to_owned());
        self
    }

    /// With Docker's media types.
    #[must_use]
    pub const fn docker(mut self) -> Self {
        self.format = Format::Docker;
        self
    }

    /// The image as a registry keeps it.
    pub fn build(&self) -> Built {
        let config = Blob::new(self.config().to_string().into_bytes());
        let layer = Blob::new(LAYER.to_vec());
        let (manifest_type, config_type, layer_type) = match self.format {
            Format::Oci => (
                "application/vnd.oci.image.manifest.v1+json",
                "application/vnd.oci.image.config.v1+json",
                "application/vnd.oci.image.layer.v1.tar+gzip",
            ),
            Format::Docker => (
                "application/vnd.docker.distribution.manifest.v2+json",
                "application/vnd.docker.container.image.v1+json",
                "application/vnd.docker.image.rootfs.diff.tar.gzip",
            ),
        };
        let mut manifest = json!({
            "schemaVersion": 2,
            "mediaType": manifest_type,
            "config": config.descriptor(config_type),
            "layers": [layer.descriptor(layer_type)],
        });
        if !self.annotations.is_empty() {
            manifest["annotations"] = json!(self.annotations);
        }
        Built {
            blobs: vec![layer, config],
            manifest: Manifest::new(manifest_type, &manifest),
        }
    }

    fn config(&self) -> Value {
        let mut platform = self.platform.splitn(3, '/');
        let mut config = json!({
            "os": platform.next().unwrap_or_default(),
            "architecture": platform.next().unwrap_or_default(),
            "config": { "Labels": self.labels },
            "rootfs": { "type": "layers", "diff_ids": [DIFF_ID] },
            "history": [{ "created_by": self.content }],
        });
        if let Some(variant) = platform.next() {
            config["variant"] = json!(variant);
        }
        if let Some(created) = &self.created {
            config["created"] = json!(created);
        }
        config
    }
}

/// An index of images for several platforms.
#[derive(Debug, Clone)]
pub struct Index {
    /// One for each platform.
    pub images: Vec<Image>,
    /// Annotations, of the index itself.
    pub annotations: BTreeMap<String, String>,
    /// Whose media types it uses; each image has its own word on that.
    pub format: Format,
}

impl Index {
    /// An index of these.
    pub fn new(images: impl IntoIterator<Item = Image>) -> Self {
        Self {
            images: images.into_iter().collect(),
            annotations: BTreeMap::new(),
            format: Format::Oci,
        }
    }

    /// An index of one image made for each of `platforms`.
    pub fn of(image: &Image, platforms: &[&str]) -> Self {
        Self::new(
            platforms
                .iter()
                .map(|platform| image.clone().platform(platform)),
        )
    }

    /// With one more annotation.
    #[must_use]
    pub fn annotation(mut self, name: &str, value: &str) -> Self {
        self.annotations.insert(name.to_owned(), value.to_owned());
        self
    }

    /// With Docker's media types.
    #[must_use]
    pub const fn docker(mut self) -> Self {
        self.format = Format::Docker;
        self
    }

    /// The index's own manifest, given those of its images.
    pub fn manifest(&self, images: &[Built]) -> Manifest {
        let media_type = match self.format {
            Format::Oci => "application/vnd.oci.image.index.v1+json",
            Format::Docker => "application/vnd.docker.distribution.manifest.list.v2+json",
        };
        let entries = self.images.iter().zip(images).map(|(image, built)| {
            let mut platform = image.platform.splitn(3, '/');
            let mut entry = json!({
                "mediaType": built.manifest.media_type,
                "digest": built.manifest.digest,
                "size": built.manifest.bytes.len(),
                "platform": {
                    "os": platform.next().unwrap_or_default(),
                    "architecture": platform.next().unwrap_or_default(),
                },
            });
            if let Some(variant) = platform.next() {
                entry["platform"]["variant"] = json!(variant);
            }
            entry
        });
        let mut index = json!({
            "schemaVersion": 2,
            "mediaType": media_type,
            "manifests": entries.collect::<Vec<_>>(),
        });
        if !self.annotations.is_empty() {
            index["annotations"] = json!(self.annotations);
        }
        Manifest::new(media_type, &index)
    }
}

/// What a registry keeps of an image or another artifact.
#[derive(Debug, Clone)]
pub struct Built {
    /// What the manifest refers to.
    pub blobs: Vec<Blob>,
    /// The manifest.
    pub manifest: Manifest,
}

impl Built {
    /// An artifact that is no image, such as a Helm chart: a configuration and layers, each with its
    /// media type.
    pub fn artifact(config: (&str, Vec<u8>), layers: Vec<(&str, Vec<u8>)>) -> Self {
        let media_type = "application/vnd.oci.image.manifest.v1+json";
        let (config_type, config) = (config.0, Blob::new(config.1));
        let layers = layers
            .into_iter()
            .map(|(media_type, bytes)| (media_type, Blob::new(bytes)));
        let layers = layers.collect::<Vec<_>>();
        let described = layers
            .iter()
            .map(|(media_type, blob)| blob.descriptor(media_type));
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": media_type,
            "config": config.descriptor(config_type),
            "layers": described.collect::<Vec<_>>(),
        });
        let blobs = layers
            .into_iter()
            .map(|(_, blob)| blob)
            .chain([config])
            .collect();
        Self {
            blobs,
            manifest: Manifest::new(media_type, &manifest),
        }
    }
}

/// Bytes and their digest.
#[derive(Debug, Clone)]
pub struct Blob {
    /// `sha256:` and 64 hexadecimal digits.
    pub digest: String,
    /// The content.
    pub bytes: Vec<u8>,
}

impl Blob {
    /// The blob with this content.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self {
            digest: digest(&bytes),
            bytes,
        }
    }

    fn descriptor(&self, media_type: &str) -> Value {
        json!({ "mediaType": media_type, "digest": self.digest, "size": self.bytes.len() })
    }
}

/// A manifest, its digest and its type.
#[derive(Debug, Clone)]
pub struct Manifest {
    /// `sha256:` and 64 hexadecimal digits.
    pub digest: String,
    /// Its media type.
    pub media_type: &'static str,
    /// The JSON.
    pub bytes: Vec<u8>,
}

impl Manifest {
    fn new(media_type: &'static str, content: &Value) -> Self {
        let bytes = content.to_string().into_bytes();
        Self {
            digest: digest(&bytes),
            media_type,
            bytes,
        }
    }
}

fn digest(bytes: &[u8]) -> String {
    let digits = Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect::<String>();
    format!("sha256:{digits}")
}
