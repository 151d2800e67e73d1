use super::*;

fn check(mechanisms: &str, want: &str) {
    let mechanisms: PromotionMechanisms = yaml_serde::from_str(mechanisms).unwrap();
    assert_eq!(modern(&mechanisms).unwrap().trim(), want.trim());
}

#[test]
fn a_tag_in_a_values_file_on_a_branch_of_people() {
    check(
        "
gitRepoUpdates:
- repoURL: https://github.com/krzwiatrzyk/blog.git
  writeBranch: master
  helm:
    images:
    - valuesFilePath: snippets/app/development.yaml
      key: image.tag
      value: Tag
      image: ealen/echo-server
",
        "
promotionTemplate:
  spec:
    steps:
    - uses: git-clone
      config:
        repoURL: https://github.com/krzwiatrzyk/blog.git
        checkout:
        - branch: master
          path: ./out
    - uses: yaml-update
      config:
        path: ./out/snippets/app/development.yaml
        updates:
        - key: image.tag
          value: ${{ quote(imageFrom('ealen/echo-server').Tag) }}
    - uses: git-commit
      as: commit
      config:
        path: ./out
        message: updated snippets/app/development.yaml to use image ealen/echo-server:${{ imageFrom('ealen/echo-server').Tag }}
    - uses: git-push
      config:
        path: ./out
        targetBranch: master
",
    );
}

#[test]
fn images_of_kustomizations_from_one_branch_to_another_and_applications() {
    check(
        "
origin: {kind: Warehouse, name: w}
gitRepoUpdates:
- repoURL: https://git.example.com/r.git
  readBranch: main
  writeBranch: stage/test
  kustomize:
    images:
    - {image: nginx, path: stages/test}
    - {image: redis, path: stages/test, useDigest: true}
argoCDAppUpdates:
- appName: test
  appNamespace: argocd
  sourceUpdates:
  - repoURL: https://git.example.com/r.git
  - repoURL: https://charts.example.com
    chart: app
    updateTargetRevision: true
    helm: {images: [{image: nginx, key: image, value: ImageAndTag}]}
",
        "
promotionTemplate:
  spec:
    steps:
    - uses: git-clone
      config:
        repoURL: https://git.example.com/r.git
        checkout:
        - branch: main
          path: ./src
        - branch: stage/test
          create: true
          path: ./out
    - uses: git-clear
      config:
        path: ./out
    - uses: kustomize-set-image
      config:
        path: ./src/stages/test
        images:
        - image: nginx
          tag: ${{ imageFrom('nginx', warehouse('w')).Tag }}
        - image: redis
          digest: ${{ imageFrom('redis', warehouse('w')).Digest }}
    - uses: copy
      config:
        inPath: ./src
        outPath: ./out
    - uses: git-commit
      as: commit
      config:
        path: ./out
        message: |-
          Kargo applied multiple changes

          Including:

            * updated stages/test/kustomization.yaml to use image nginx:${{ imageFrom('nginx', warehouse('w')).Tag }}
            * updated stages/test/kustomization.yaml to use image redis@${{ imageFrom('redis', warehouse('w')).Digest }}
    - uses: git-push
      config:
        path: ./out
        targetBranch: stage/test
    - uses: argocd-update
      config:
        apps:
        - name: test
          namespace: argocd
          sources:
          - repoURL: https://git.example.com/r.git
            desiredRevision: ${{ outputs.commit.commit }}
          - repoURL: https://charts.example.com
            chart: app
            desiredRevision: ${{ chartFrom('https://charts.example.com', 'app', warehouse('w')).Version }}
            updateTargetRevision: true
            helm:
              images:
              - key: image
                value: nginx:${{ imageFrom('nginx', warehouse('w')).Tag }}
",
    );
}

#[test]
fn rendering_takes_the_folder_named_like_the_branch() {
    let mechanisms = "
gitRepoUpdates:
- repoURL: https://git.example.com/r.git
  writeBranch: env/dev
  render: {images: [{image: nginx}]}
";
    let mechanisms: PromotionMechanisms = yaml_serde::from_str(mechanisms).unwrap();
    let steps = steps(&mechanisms, &|url| url == "https://git.example.com/r.git").unwrap();
    let uses: Vec<_> = steps
        .iter()
        .filter_map(|step| step.uses.as_deref())
        .collect();
    let want = [
        "git-clone",
        "git-clear",
        "kustomize-set-image",
        "kustomize-build",
        "git-commit",
        "git-push",
    ];
    assert_eq!(uses, want);
    let build = json!({ "path": "./src/env/dev", "outPath": "./out" });
    assert_eq!(steps[3].config.as_ref(), Some(&build));
    let commit = json!("${{ commitFrom('https://git.example.com/r.git').ID }}");
    assert_eq!(
        steps[0].config.as_ref().unwrap()["checkout"][0]["commit"],
        commit
    );
}

#[test]
fn what_no_step_can_do_is_refused() {
    let mechanisms = "
gitRepoUpdates:
- {repoURL: https://github.com/a/b, writeBranch: main, pullRequest: {github: {}}}
";
    let mechanisms: PromotionMechanisms = yaml_serde::from_str(mechanisms).unwrap();
    let problem = modern(&mechanisms).unwrap_err();
    assert_eq!(
        problem.field,
        "promotionMechanisms.gitRepoUpdates[0].pullRequest"
    );
}
