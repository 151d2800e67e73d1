use serde_json::Value;

use super::*;

fn image(name: &str, tag: &str) -> ImageEntry {
    ImageEntry {
        name: name.to_owned(),
        new_tag: Some(tag.to_owned()),
        ..ImageEntry::default()
    }
}

#[track_caller]
fn check(text: &str, images: &[ImageEntry], expected: &str) {
    let changed = set_images(text, images);
    assert_eq!(changed.map(|changed| changed.text).as_deref(), Ok(expected));
}

const BASE: &str = "resources:\n- deploy.yaml # d\n";

#[test]
fn a_list_is_added_in_the_files_manner() {
    check(
        BASE,
        &[image("b", "1.0"), image("a", "x")],
        &format!("{BASE}images:\n- name: a\n  newTag: x\n- name: b\n  newTag: \"1.0\"\n"),
    );
    check(
        "resources:\n  - deploy.yaml",
        &[image("a", "x")],
        "resources:\n  - deploy.yaml\nimages:\n  - name: a\n    newTag: x\n",
    );
    check(
        "kind: Kustomization\r\n",
        &[image("a", "x")],
        "kind: Kustomization\r\nimages:\r\n- name: a\r\n  newTag: x\r\n",
    );
    check(
        "images: [] # none yet\nkind: K\n",
        &[image("a", "x")],
        "images: # none yet\n- name: a\n  newTag: x\nkind: K\n",
    );
    check(
        "images:\nkind: K\n",
        &[image("a", "x")],
        "images:\n- name: a\n  newTag: x\nkind: K\n",
    );
    check(
        "{kind: K}\n",
        &[image("a", "x")],
        "{kind: K, images: [{name: a, newTag: x}]}\n",
    );
    check(
        "kind: K\n---\nkind: L\n",
        &[image("a", "x")],
        "kind: K\nimages:\n- name: a\n  newTag: x\n---\nkind: L\n",
    );
}

#[test]
fn comments_stay_with_their_image() {
    let text = "# top
images: # list
# about zeta
- name: zeta # z
  newTag: '1' # pinned
# about mid
- newTag: old
  name: mid
  tagSuffix: -x
# end
kind: K
";
    check(
        text,
        &[image("mid", "new"), image("alpha", "2"), image("zeta", "3")],
        "# top
images: # list
# about zeta
- name: alpha
  newTag: \"2\"
# about mid
- newTag: new
  name: mid
  tagSuffix: -x
- name: zeta # z
  newTag: '3' # pinned
# end
kind: K
",
    );
}

#[test]
fn what_an_image_had_before_is_replaced() {
    let text = "images:\n- name: a # keep\n  newName: mirror/a\n  newTag: \"1\"\n- name: b\n";
    let digest = ImageEntry {
        name: "a".to_owned(),
        digest: Some("sha256:abc".to_owned()),
        ..ImageEntry::default()
    };
    check(
        text,
        &[digest],
        "images:\n- name: a # keep\n  digest: sha256:abc\n- name: b\n",
    );
    let renamed = ImageEntry {
        new_name: Some("c".to_owned()),
        ..image("b", "2")
    };
    check(
        text,
        &[renamed],
        "images:\n- name: a # keep\n  newName: mirror/a\n  newTag: \"1\"\n- name: b\n  newName: c\n  newTag: \"2\"\n",
    );
    check(
        "images:\n- newName: x\n  name: a\n",
        &[image("a", "1")],
        "images:\n- name: a\n  newTag: \"1\"\n",
    );
    check(
        "images:\n- newTag: x\n  name: a",
        &[ImageEntry {
            name: "a".to_owned(),
            ..ImageEntry::default()
        }],
        "images:\n- name: a",
    );
}

#[test]
fn other_forms_of_the_list_are_written_anew() {
    check(
        "images: [{name: a, newTag: x}, {name: c, tagSuffix: y}]\n",
        &[image("b", "1")],
        "images: [{name: a, newTag: x}, {name: b, newTag: \"1\"}, {name: c, tagSuffix: \"y\"}]\n",
    );
    check(
        "images:\n- {name: b, newTag: x} # c\nkind: K\n",
        &[image("a", "1")],
        "images:\n- name: a\n  newTag: \"1\"\n- name: b\n  newTag: x\nkind: K\n",
    );
}

#[test]
fn setting_twice_changes_nothing_more() {
    let images = [image("b", "1.0"), image("a", "x")];
    let once = set_images(BASE, &images).unwrap();
    assert_eq!(set_images(&once.text, &images).unwrap(), once);
}

#[test]
fn what_is_no_kustomization_is_refused() {
    let refusal = |text: &str| {
        set_images(text, &[image("a", "1")])
            .unwrap_err()
            .to_string()
    };
    assert_eq!(refusal("# only a comment\n"), "the kustomization is empty");
    assert_eq!(refusal(""), "the kustomization is empty");
    assert_eq!(refusal("- a\n"), "the kustomization is not a mapping");
    assert_eq!(refusal("images: {a: b}\n"), "images is not a list");
    assert_eq!(refusal("images:\n- newTag: x\n"), "images[0] has no name");
    assert_eq!(
        refusal("images:\n- name: [a]\n"),
        "images[0] has a field that is not text"
    );
}

#[test]
fn recorded_edits_are_the_same() {
    for line in include_str!("../../tests/vectors/kustomize-set-image.jsonl").lines() {
        let vector: Value = serde_json::from_str(line).unwrap();
        let config = &vector["input"]["steps"][0]["config"];
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let images: Vec<ImageEntry> = config["images"]
            .as_array()
            .unwrap()
            .iter()
            .map(|image| ImageEntry {
                name: text(&image["name"])
                    .or_else(|| text(&image["image"]))
                    .unwrap(),
                new_name: text(&image["newName"]),
                new_tag: text(&image["tag"]),
                digest: text(&image["digest"]),
            })
            .collect();
        let (file, before) = vector["input"]["files"]
            .as_object()
            .unwrap()
            .iter()
            .next()
            .unwrap();
        let changed = set_images(before.as_str().unwrap(), &images);
        let result = &vector["output"]["results"][0];
        if result["status"] != "Succeeded" {
            assert!(changed.is_err(), "{vector}");
            continue;
        }
        let changed = changed.unwrap();
        let message = commit_message(config["path"].as_str().unwrap(), &changed.images);
        assert_eq!(
            message,
            result["output"]["commitMessage"].as_str().unwrap(),
            "{vector}"
        );
        // Kargo moves the comment to another image.
        let expected = vector["output"]["files"][file].as_str().unwrap();
        let expected = if vector["id"] == "step-0016" {
            expected
                .replace("nginx # keep", "nginx")
                .replace("redis\n", "redis # keep\n")
                .replace("mirror/redis # keep", "mirror/redis")
        } else {
            expected.to_owned()
        };
        assert_eq!(changed.text, expected, "{vector}");
    }
}
