//! Sets images in the text of a `kustomization.yaml`.
//!
//! The list of images is kept sorted by name. Comments stay with the image that they stand at,
//! everything outside the list stays as it is.

use crate::edit::yaml::{self, Document, Node, YamlError};

mod list;
mod verify;

/// The names that the file can have in its folder.
pub const FILE_NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// An element of the list `images`. What is none or empty is not in the file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImageEntry {
    /// The image as the manifests have it.
    pub name: String,
    /// What to put in the place of the name.
    pub new_name: Option<String>,
    /// What to put in the place of the tag.
    pub new_tag: Option<String>,
    /// The digest, which counts before the tag.
    pub digest: Option<String>,
}

/// A kustomization whose images have been set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// The whole text of the file.
    pub text: String,
    /// The list of images, sorted by name, those that were there before included.
    pub images: Vec<ImageEntry>,
}

/// Why a kustomization cannot be changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KustomizationError {
    /// The text is not YAML.
    #[error(transparent)]
    Yaml(#[from] YamlError),
    /// There is nothing in the file.
    #[error("the kustomization is empty")]
    Empty,
    /// The file holds something else.
    #[error("the kustomization is not a mapping")]
    NotMapping,
    /// The field `images` holds something else.
    #[error("images is not a list")]
    NotList,
    /// An element of the list is not an image.
    #[error("images[{index}] {problem}")]
    NotImage {
        /// Which one, from zero.
        index: usize,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The text is of a form that cannot be changed without touching the rest of it.
    #[error("cannot change the images without changing anything else")]
    Unsafe,
}

/// Sets images, by name. What an image had before is replaced, so that one that is given a digest
/// loses its tag. Images that are not there yet are added.
///
/// # Errors
/// Why the text cannot be changed.
pub fn set_images(text: &str, images: &[ImageEntry]) -> Result<Changed, KustomizationError> {
    let documents = yaml::parse(text)?;
    let root = root(&documents)?;
    let list = root.get("images");
    let before = list.map_or(Ok(Vec::new()), entries)?;
    let wanted = merged(&before, images);
    let careful = list::careful(text, list, &before, &wanted);
    let plain = || list::anew(text, root, list, &wanted);
    let candidates = careful
        .into_iter()
        .chain(std::iter::once_with(plain).flatten());
    let mut sound = candidates.filter(|changed| verify::is_sound(&documents, changed, &wanted));
    let text = sound.next().ok_or(KustomizationError::Unsafe)?;
    Ok(Changed {
        text,
        images: wanted,
    })
}

/// What to say of a kustomization that has these images.
pub fn commit_message(path: &str, images: &[ImageEntry]) -> String {
    let many = if images.len() == 1 { "" } else { "s" };
    let lines = images.iter().map(|image| {
        let ImageEntry {
            name,
            new_name,
            new_tag,
            digest,
        } = image;
        let tag = new_tag
            .as_ref()
            .map(|tag| format!(":{tag}"))
            .unwrap_or_default();
        let digest = digest
            .as_ref()
            .map(|digest| format!("@{digest}"))
            .unwrap_or_default();
        format!("\n- {}{tag}{digest}", new_name.as_ref().unwrap_or(name))
    });
    format!(
        "Updated {path} to use new image{many}\n{}",
        lines.collect::<String>()
    )
}

fn root(documents: &[Document]) -> Result<&Node, KustomizationError> {
    match documents.first().map(|document| &document.root) {
        Some(root @ Node::Map { .. }) => Ok(root),
        None => Err(KustomizationError::Empty),
        Some(Node::Scalar(scalar)) if scalar.text.is_empty() => Err(KustomizationError::Empty),
        Some(Node::Scalar(_) | Node::List { .. } | Node::Alias { .. }) => {
            Err(KustomizationError::NotMapping)
        }
    }
}

/// The list of images as it is.
fn entries(list: &Node) -> Result<Vec<ImageEntry>, KustomizationError> {
    let items = match list {
        Node::List { items, .. } => items,
        Node::Scalar(scalar) if scalar.is_null() => return Ok(Vec::new()),
        Node::Scalar(_) | Node::Map { .. } | Node::Alias { .. } => {
            return Err(KustomizationError::NotList);
        }
    };
    let entry = |(index, item)| {
        entry(item).map_err(|problem| KustomizationError::NotImage { index, problem })
    };
    items.iter().enumerate().map(entry).collect()
}

fn entry(item: &Node) -> Result<ImageEntry, &'static str> {
    let Node::Map { .. } = item else {
        return Err("is not a mapping");
    };
    let field = |name| match item.get(name) {
        Some(Node::Scalar(scalar)) if !scalar.text.is_empty() => Ok(Some(scalar.text.clone())),
        Some(Node::Scalar(_)) | None => Ok(None),
        Some(Node::List { .. } | Node::Map { .. } | Node::Alias { .. }) => {
            Err("has a field that is not text")
        }
    };
    Ok(ImageEntry {
        name: field("name")?.ok_or("has no name")?,
        new_name: field("newName")?,
        new_tag: field("newTag")?,
        digest: field("digest")?,
    })
}

fn merged(before: &[ImageEntry], images: &[ImageEntry]) -> Vec<ImageEntry> {
    let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let mut merged = before.to_vec();
    for image in images {
        let image = ImageEntry {
            name: image.name.clone(),
            new_name: given(&image.new_name),
            new_tag: given(&image.new_tag),
            digest: given(&image.digest),
        };
        let mut same = merged
            .iter_mut()
            .filter(|entry| entry.name == image.name)
            .peekable();
        if same.peek().is_none() {
            drop(same);
            merged.push(image);
        } else {
            same.for_each(|entry| *entry = image.clone());
        }
    }
    merged.sort_by(|a, b| a.name.cmp(&b.name));
    merged
}

#[cfg(test)]
mod tests;
