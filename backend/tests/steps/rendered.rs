//! `kustomize-build` and `helm-template` with the real programs.

use serde_json::{Value, json};

use super::bench::Bench;

#[tokio::test]
async fn manifests_are_rendered_as_recorded() {
    let vectors = include_str!("../vectors/render.jsonl");
    for line in vectors.lines() {
        let vector: Value = serde_json::from_str(line).unwrap();
        let bench = Bench::new();
        let inputs = vector["input"]["files"].as_object().unwrap();
        for (path, content) in inputs {
            bench.write(path, content.as_str().unwrap_or_default());
        }
        let step = &vector["input"]["steps"][0];
        let answer = bench
            .run(step["uses"].as_str().unwrap(), step["config"].clone())
            .await;
        let want = &vector["output"]["results"][0];
        assert_eq!(
            answer.is_ok(),
            want["error"].is_null(),
            "{line}: {answer:?}"
        );
        let mut files = bench.files();
        files.retain(|path, _| !inputs.contains_key(path));
        let mut wanted = vector["output"]["files"].as_object().unwrap().clone();
        wanted.retain(|path, _| !inputs.contains_key(path));
        let files: Value = files
            .into_iter()
            .map(|(path, text)| (path, Value::from(text)))
            .collect();
        assert_eq!(files, Value::Object(wanted), "{line}");
    }
}

fn kustomization(bench: &Bench) {
    bench.write("base/kustomization.yaml", "resources: [cm.yaml]\n");
    bench.write(
        "base/cm.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n",
    );
    bench.write(
        "env/dev/kustomization.yaml",
        "resources: [../../base]\nnamePrefix: dev-\n",
    );
}

#[tokio::test]
async fn a_kustomization_becomes_one_file_or_a_folder() {
    let bench = Bench::new();
    kustomization(&bench);
    let build = |out: &str, format: &str| {
        let config = json!({"path": "./env/dev", "outPath": out, "outputFormat": format});
        bench.run("kustomize-build", config)
    };
    build("out/all.yaml", "kargo").await.unwrap();
    build("out/kargo", "kargo").await.unwrap();
    build("out/kustomize", "kustomize").await.unwrap();
    let want = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: dev-a\n";
    for file in [
        "out/all.yaml",
        "out/kargo/configmap-dev-a.yaml",
        "out/kustomize/v1_configmap_dev-a.yaml",
    ] {
        assert_eq!(bench.read(file), want, "{file}");
    }
}

#[tokio::test]
async fn kustomize_inflates_charts() {
    let bench = Bench::new();
    bench.write(
        "k/kustomization.yaml",
        "helmGlobals: {chartHome: ./charts}\nhelmCharts: [{name: web, releaseName: r}]\n",
    );
    chart(&bench, "k/charts/web");
    let plugin = json!({"helm": {"kubeVersion": "1.29.0", "apiVersions": ["example.org/v1", "other.org/v1"]}});
    let config = json!({"path": "k", "outPath": "o.yaml", "plugin": plugin});
    bench.run("kustomize-build", config).await.unwrap();
    let rendered = bench.read("o.yaml");
    assert!(
        rendered.contains("kube: v1.29.0") && rendered.contains("known: \"true\""),
        "{rendered}"
    );
}

#[tokio::test]
async fn what_a_program_says_is_told_without_our_folders() {
    let bench = Bench::new();
    bench.write("k/kustomization.yaml", "resources: [nope.yaml]\n");
    let fault = bench
        .run("kustomize-build", json!({"path": "k", "outPath": "o"}))
        .await
        .unwrap_err();
    assert!(
        fault.message.starts_with("kustomize: ") && fault.message.contains("nope.yaml"),
        "{fault}"
    );
    assert!(
        !fault.message.contains(bench.work().to_str().unwrap()),
        "{fault}"
    );
    assert!(fault.may_help());
}

fn chart(bench: &Bench, folder: &str) {
    bench.write(
        &format!("{folder}/Chart.yaml"),
        "apiVersion: v2\nname: web\nversion: 0.1.0\n",
    );
    bench.write(&format!("{folder}/values.yaml"), "tag: one\nlist: [a]\n");
    let template = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}\n  namespace: {{ .Release.Namespace }}\ndata:\n  tag: {{ .Values.tag | quote }}\n  list: {{ .Values.list | toJson | quote }}\n  kube: {{ .Capabilities.KubeVersion.Version }}\n  known: {{ .Capabilities.APIVersions.Has \"example.org/v1\" | quote }}\n";
    bench.write(&format!("{folder}/templates/cm.yaml"), template);
    bench.write(
        &format!("{folder}/templates/sub/cm.yaml"),
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: second}\n",
    );
    bench.write(&format!("{folder}/templates/hook.yaml"), "apiVersion: v1\nkind: Secret\nmetadata:\n  name: hook\n  annotations: {\"helm.sh/hook\": pre-install}\n");
    bench.write(&format!("{folder}/templates/test.yaml"), "apiVersion: v1\nkind: Pod\nmetadata:\n  name: test\n  annotations: {\"helm.sh/hook\": test}\n");
    bench.write(&format!("{folder}/crds/x.yaml"), "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: xs.example.org}\n");
}

/// Renders the chart to one file with these settings besides the usual ones.
async fn template(bench: &Bench, settings: Value) -> String {
    let mut config = json!({"path": "c", "outPath": "o.yaml", "releaseName": "r"});
    config
        .as_object_mut()
        .unwrap()
        .extend(settings.as_object().unwrap().clone());
    bench.run("helm-template", config).await.unwrap();
    bench.read("o.yaml")
}

#[tokio::test]
async fn every_setting_of_helm_template_counts() {
    let bench = Bench::new();
    chart(&bench, "c");
    bench.write("v1.yaml", "tag: two\n");
    let plain = template(&bench, json!({})).await;
    assert!(
        plain.contains("namespace: demo") && plain.contains("tag: \"one\""),
        "{plain}"
    );
    assert!(
        plain.contains("name: hook")
            && plain.contains("name: test")
            && !plain.contains("xs.example.org")
    );
    let named = template(
        &bench,
        json!({"namespace": "other", "disableHooks": true, "includeCRDs": true}),
    )
    .await;
    assert!(
        named.contains("namespace: other")
            && !named.contains("name: hook")
            && named.contains("xs.example.org")
    );
    let skipped = template(&bench, json!({"skipTests": true})).await;
    assert!(
        skipped.contains("name: hook") && !skipped.contains("name: test"),
        "{skipped}"
    );
    let values = json!({
        "valuesFiles": ["v1.yaml", "v2.yaml"],
        "ignoreMissingValueFiles": true,
        "setValues": [{"key": "list", "value": "{x,y}"}, {"key": "tag", "value": "a,b=c", "literal": true}],
    });
    let valued = template(&bench, values).await;
    assert!(
        valued.contains(r#"tag: "a,b=c""#)
            && valued.contains(r#"["x","y"]"#.replace('"', "\\\"").as_str()),
        "{valued}"
    );
    let told = template(
        &bench,
        json!({"kubeVersion": "1.28.3", "apiVersions": ["example.org/v1", "b/v1"]}),
    )
    .await;
    assert!(
        told.contains("kube: v1.28.3") && told.contains("known: \"true\""),
        "{told}"
    );
    let missing =
        json!({"path": "c", "outPath": "o.yaml", "releaseName": "r", "valuesFiles": ["v2.yaml"]});
    assert!(bench.run("helm-template", missing).await.is_err());
}

#[tokio::test]
async fn a_chart_is_laid_out_in_folders_or_flat() {
    let bench = Bench::new();
    chart(&bench, "c");
    let render = |out: &str, layout: &str, release: bool| {
        let config = json!({"path": "c", "outPath": out, "releaseName": "r", "outLayout": layout, "useReleaseName": release, "skipTests": true});
        bench.run("helm-template", config)
    };
    render("a", "helm", false).await.unwrap();
    render("b", "helm", true).await.unwrap();
    render("f", "flat", false).await.unwrap();
    let files = bench.files();
    for file in [
        "a/web/templates/cm.yaml",
        "a/web/templates/sub/cm.yaml",
        "b/r/templates/hook.yaml",
        "f/hook.yaml",
    ] {
        assert!(files.contains_key(file), "{file}: {:?}", files.keys());
    }
    // Two files of one name, and nothing is lost.
    let joined = bench.read("f/cm.yaml");
    assert!(
        joined.contains("name: r\n") && joined.contains("name: second"),
        "{joined}"
    );
}

#[tokio::test]
async fn a_release_name_is_not_taken_for_a_flag() {
    let bench = Bench::new();
    chart(&bench, "c");
    let config =
        json!({"path": "c", "outPath": "o.yaml", "releaseName": "--post-renderer=/bin/true"});
    let fault = bench.run("helm-template", config).await.unwrap_err();
    assert!(fault.message.contains("release name"), "{fault}");
}

#[tokio::test]
async fn dependencies_are_fetched_from_folders() {
    let bench = Bench::new();
    chart(&bench, "lib/web");
    bench.write("u/Chart.yaml", "apiVersion: v2\nname: u\nversion: 1.0.0\ndependencies:\n- {name: web, version: 0.1.0, repository: 'file://../lib/web'}\n");
    let config =
        json!({"path": "u", "outPath": "o.yaml", "releaseName": "r", "buildDependencies": true});
    bench.run("helm-template", config).await.unwrap();
    assert!(
        bench
            .read("o.yaml")
            .contains("# Source: u/charts/web/templates/cm.yaml")
    );
}
