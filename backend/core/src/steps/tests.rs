use serde_json::{Value, json};

use super::*;

fn problems(step: &str, config: &Value) -> Vec<String> {
    let kind = find(step).unwrap();
    kind.check_template(config)
        .iter()
        .map(ToString::to_string)
        .collect()
}

fn refusal(step: &str, config: &Value) -> String {
    find(step)
        .unwrap()
        .check(config)
        .map_or_else(|e| e.to_string(), |()| "accepted".to_owned())
}

#[test]
fn recorded_configurations_are_accepted_or_refused_alike() {
    let vectors = include_str!("../../tests/vectors/configs.jsonl");
    for line in vectors.lines() {
        let vector: Value = serde_json::from_str(line).unwrap();
        let kind = find(vector["input"]["uses"].as_str().unwrap()).unwrap();
        let accepted = kind.check(&vector["input"]["config"]).is_ok();
        assert_eq!(accepted, vector["error"].is_null(), "{line}");
    }
}

#[test]
fn steps_are_listed_by_name_and_have_sound_defaults() {
    assert!(STEPS.windows(2).all(|pair| pair[0].name < pair[1].name));
    for kind in STEPS {
        assert!(!kind.default_timeout.is_zero(), "{}", kind.name);
        assert!(0 < kind.default_error_threshold, "{}", kind.name);
        assert!(std::ptr::eq(find(kind.name).unwrap(), *kind));
    }
}

#[test]
fn every_field_is_described() {
    for kind in STEPS {
        let rows = fields(kind.schema());
        let mute: Vec<_> = rows
            .iter()
            .filter(|row| row.description.is_empty())
            .collect();
        assert_eq!(mute, Vec::<&FieldRow>::new(), "{}", kind.name);
    }
}

/// A keyword that the checker does not know would be a rule that nobody keeps.
#[test]
fn schemas_use_only_what_is_checked() {
    fn look(schema: &Value, step: &str) {
        const KNOWN: &[&str] = &[
            "$schema",
            "additionalProperties",
            "anyOf",
            "const",
            "default",
            "description",
            "enum",
            "format",
            "items",
            "minItems",
            "minLength",
            "minProperties",
            "minimum",
            "oneOf",
            "properties",
            "required",
            "title",
            "type",
        ];
        let Some(object) = schema.as_object() else {
            return;
        };
        for (word, inner) in object {
            assert!(KNOWN.contains(&word.as_str()), "{step}: {word} in {schema}");
            match word.as_str() {
                "properties" => inner
                    .as_object()
                    .unwrap()
                    .values()
                    .for_each(|s| look(s, step)),
                "anyOf" | "oneOf" => inner.as_array().unwrap().iter().for_each(|s| look(s, step)),
                "items" | "additionalProperties" => look(inner, step),
                _ => {}
            }
        }
    }
    STEPS.iter().for_each(|kind| look(kind.schema(), kind.name));
}

#[test]
fn errors_name_the_field() {
    let clone = |checkout: Value| json!({"repoURL": "https://x/y", "checkout": checkout});
    assert_eq!(
        refusal("git-clone", &clone(json!(12))),
        "checkout: expected array, got integer"
    );
    assert_eq!(
        refusal("git-clone", &clone(json!([{"path": "a"}, {"branch": "b"}]))),
        "checkout[1].path: required field is missing"
    );
    assert_eq!(
        refusal("git-clone", &clone(json!([{"path": "a", "brnch": "b"}]))),
        "checkout[0].brnch: unknown field, did you mean branch?"
    );
    assert_eq!(
        refusal(
            "git-clone",
            &clone(json!([{"path": "a", "branch": "b", "tag": "t"}]))
        ),
        "checkout[0]: only one of branch, tag may be given"
    );
    assert_eq!(
        refusal(
            "git-clone",
            &clone(json!([{"path": "a"}, {"path": "./a/"}]))
        ),
        "checkout[1].path: is used by an earlier checkout"
    );
    assert_eq!(
        refusal(
            "kustomize-build",
            &json!({"path": "a", "outPath": "b", "outputFormat": "x"})
        ),
        "outputFormat: must be one of kargo, kustomize"
    );
    assert_eq!(
        refusal("git-push", &json!({"path": "a", "maxAttempts": 0})),
        "maxAttempts: must be 1 or more"
    );
    assert_eq!(refusal("copy", &json!("x")), "expected object, got string");
    assert_eq!(
        refusal("delete", &json!({})),
        "one of path, paths is needed"
    );
}

#[test]
fn an_expression_satisfies_any_type_until_it_is_evaluated() {
    let open = json!({"repoURL": "${{ vars.repo }}", "checkout": "${{ vars.checkouts }}"});
    assert_eq!(problems("git-clone", &open), Vec::<String>::new());
    assert_eq!(
        refusal("git-clone", &open),
        "checkout: expected array, got string"
    );
    let open = json!({"path": "a", "force": "${% vars.force %}", "maxAttempts": "${{ 3 }}"});
    assert_eq!(problems("git-push", &open), Vec::<String>::new());
    // Either of the two may turn out empty, which is the same as not given.
    let either = json!({"image": "x", "tag": "${{ vars.tag }}", "digest": "${{ vars.digest }}"});
    let open = json!({"path": "a", "images": [either]});
    assert_eq!(problems("kustomize-set-image", &open), Vec::<String>::new());
    assert_eq!(
        problems(
            "yaml-update",
            &json!({"path": "${{ p }}", "updates": [{"key": ""}], "x": 1})
        ),
        [
            "updates[0].value: required field is missing",
            "updates[0].key: must not be empty",
            "x: unknown field; there are path, updates",
        ]
    );
}

#[test]
fn older_forms_work_and_are_pointed_out() {
    let commit = json!({"path": "./out", "messageFromSteps": ["update-image"]});
    assert_eq!(
        git_commit::parse(&commit).unwrap().message_from_steps,
        ["update-image"]
    );
    assert_eq!(
        git_commit::KIND.outdated(&commit),
        [Outdated {
            path: "messageFromSteps".to_owned(),
            instead: "message: ${{ outputs['update-image'].commitMessage }}".to_owned(),
        }]
    );
    let source = json!({"repoURL": "https://x/y", "desiredCommitFromStep": "commit"});
    let update = json!({"apps": [{"name": "a", "sources": [source]}]});
    assert!(argocd_update::parse(&update).is_ok());
    assert_eq!(
        argocd_update::KIND.outdated(&update),
        [Outdated {
            path: "apps[0].sources[0].desiredCommitFromStep".to_owned(),
            instead: "desiredRevision: ${{ outputs.commit.commit }}".to_owned(),
        }]
    );
    assert_eq!(
        refusal("git-commit", &json!({"path": "a"})),
        "message: required field is missing"
    );
    assert_eq!(
        refusal(
            "git-commit",
            &json!({"path": "a", "message": "m", "messageFromSteps": ["x"]})
        ),
        "only one of message, messageFromSteps may be given"
    );
}

#[test]
fn several_commit_messages_become_one() {
    assert_eq!(
        git_commit::joined_message(&["Updated a\n\n- b: c"]),
        "Updated a\n\n- b: c"
    );
    assert_eq!(
        git_commit::joined_message(&["a\n", "b"]),
        "Apply 2 updates\n\na\n\nb"
    );
}

#[test]
fn text_fields_are_known_by_the_schema() {
    let set = &kustomize_set_image::KIND;
    assert!(set.is_text(&["images", "0", "tag"]));
    assert!(set.is_text(&["path"]));
    assert!(!set.is_text(&["images"]));
    assert!(!yaml_update::KIND.is_text(&["updates", "0", "value"]));
    assert!(argocd_update::KIND.is_text(&["apps", "1", "selector", "matchLabels", "env"]));
    assert!(!git_push::KIND.is_text(&["maxAttempts"]));
    assert!(git_push::KIND.is_text(&["provider"]));
    assert!(!compose_output::KIND.is_text(&["anything"]));
}

#[test]
fn evaluated_configurations_are_read() {
    let config = json!({"path": "a", "maxAttempts": 3.0, "tag": "", "targetBranch": null});
    let push = git_push::parse(&config).unwrap();
    assert_eq!(
        (push.max_attempts, push.target()),
        (3, git_push::Target::CheckedOut)
    );
    assert_eq!(
        git_push::parse(&json!({"path": "a"})).unwrap().max_attempts,
        10
    );
    let checkout = json!([{"path": "a"}, {"path": "b", "branch": "x", "create": true, "as": "k"}]);
    let clone = git_clone::parse(&json!({"repoURL": "u", "checkout": checkout})).unwrap();
    assert_eq!(
        clone.checkout[0].revision(),
        git_clone::Revision::DefaultBranch
    );
    assert_eq!(
        clone.checkout[1].revision(),
        git_clone::Revision::BranchOrNew("x")
    );
    assert_eq!(clone.checkout[1].output_key(), "k");
    assert_eq!(fail::parse(&Value::Null).unwrap().message, None);
    let update = json!({"path": "f", "updates": [{"key": "a", "value": null}]});
    assert_eq!(
        yaml_update::parse(&update).unwrap().updates[0].value,
        Value::Null
    );
}

#[test]
fn application_selectors_are_checked() {
    let app = |app: Value| refusal("argocd-update", &json!({"apps": [app]}));
    let expression = |operator: &str, values: Value| {
        let expression = json!({"key": "k", "operator": operator, "values": values});
        app(json!({"selector": {"matchExpressions": [expression]}}))
    };
    assert_eq!(
        app(json!({"selector": {"matchLabels": {"a": "b"}}})),
        "accepted"
    );
    assert_eq!(expression("In", json!(["x"])), "accepted");
    assert_eq!(expression("Exists", json!([])), "accepted");
    assert_eq!(
        expression("In", json!([])),
        "apps[0].selector.matchExpressions[0].values: must not be empty for In and NotIn"
    );
    assert_eq!(
        app(json!({"selector": {}})),
        "apps[0].selector: matchLabels or matchExpressions is needed"
    );
    assert_eq!(
        app(json!({"name": "a", "sources": [{"repoURL": "u", "updateTargetRevision": true}]})),
        "apps[0].sources[0].updateTargetRevision: needs desiredRevision"
    );
}
