//! Reading and writing single files of a work directory.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::Path;

use super::Fault;

/// The largest file that a step edits, in bytes.
const MAX_TEXT: u64 = 32 << 20;

/// The text at `path`. `shown` is the path as the user wrote it.
pub(super) fn read_text(path: &Path, shown: &str) -> Result<String, Fault> {
    let cannot =
        |error: io::Error| Fault::errored(format!("cannot read {shown:?}: {}", reason(&error)));
    let file = File::open(path).map_err(cannot)?;
    let mut text = Vec::new();
    file.take(MAX_TEXT + 1)
        .read_to_end(&mut text)
        .map_err(cannot)?;
    if MAX_TEXT < text.len() as u64 {
        return Err(Fault::broken(format!(
            "{shown:?} is larger than {MAX_TEXT} bytes"
        )));
    }
    String::from_utf8(text).map_err(|_| Fault::broken(format!("{shown:?} is not UTF-8 text")))
}

/// Replaces the text at `path`, all or nothing, and makes the folders above it. The permissions stay.
pub(super) fn write_text(path: &Path, shown: &str, text: &str) -> Result<(), Fault> {
    replace(path, text.as_bytes())
        .map_err(|error| Fault::errored(format!("cannot write {shown:?}: {}", reason(&error))))
}

fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    fs::create_dir_all(folder)?;
    let mut file = tempfile::Builder::new()
        .prefix(".argosy-")
        .tempfile_in(folder)?;
    file.write_all(bytes)?;
    let permissions = match fs::metadata(path) {
        Ok(metadata) => metadata.permissions(),
        Err(_) => std::os::unix::fs::PermissionsExt::from_mode(0o644),
    };
    file.as_file().set_permissions(permissions)?;
    file.persist(path)?;
    Ok(())
}

/// Makes a folder and those above it.
pub(super) fn make_folder(path: &Path, shown: &str) -> Result<(), Fault> {
    fs::create_dir_all(path).map_err(|error| {
        Fault::errored(format!(
            "cannot make the folder {shown:?}: {}",
            reason(&error)
        ))
    })
}

/// Whether output to this path is one file: it has the name of a YAML file.
pub(super) fn is_yaml(path: &Path) -> bool {
    let extension = path.extension().and_then(std::ffi::OsStr::to_str);
    extension.is_some_and(|extension| matches!(extension, "yaml" | "yml")) && !path.is_dir()
}

/// What the system says, without the number at the end.
pub(super) fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    match text.split_once(" (os error ") {
        Some((reason, _)) => reason.to_lowercase(),
        None => text,
    }
}
