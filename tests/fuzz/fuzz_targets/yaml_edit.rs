//! A key, a value and a file: an edit that succeeds is found done when it is repeated.

#![no_main]

use argosy_core::edit::yaml::{Update, update};
use argosy_core::kustomization::{ImageEntry, set_images};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|text: &str| {
    let mut lines = text.splitn(3, '\n');
    let (Some(key), Some(value), Some(file)) = (lines.next(), lines.next(), lines.next()) else {
        return;
    };
    let Ok(key) = key.parse();
    let json = serde_json::from_str(value).unwrap_or_else(|_| Value::from(value));
    let updates = [Update { key, value: json }];
    if let Ok(changed) = update(file, &updates) {
        assert_eq!(update(&changed, &updates).as_deref(), Ok(changed.as_str()));
    }
    let image = ImageEntry {
        name: value.to_owned(),
        new_tag: Some("1.0".to_owned()),
        ..ImageEntry::default()
    };
    if let Ok(changed) = set_images(file, &[image.clone()]) {
        assert_eq!(set_images(&changed.text, &[image]), Ok(changed));
    }
});
