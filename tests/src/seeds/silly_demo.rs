//! An `ApplicationSet` with an Application for each stage, manifests rendered to a branch each.

use super::Seed;

const DEPLOYMENT: &str = "apiVersion: apps/v1
kind: Deployment
metadata:
  name: silly-demo
  labels:
    app.kubernetes.io/name: silly-demo
spec:
  replicas: 1
  selector:
    matchLabels:
      app.kubernetes.io/name: silly-demo
  template:
    metadata:
      labels:
        app.kubernetes.io/name: silly-demo
    spec:
      containers:
      - name: silly-demo
        image: ghcr.io/vfarcic/silly-demo
        ports:
        - containerPort: 8080
        resources:
          requests:
            cpu: 125m
            memory: 64Mi
          limits:
            cpu: 250m
            memory: 128Mi
";

const HPA: &str = "apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: silly-demo
  labels:
    app.kubernetes.io/name: silly-demo
spec:
  scaleTargetRef:
    apiVersion: apps/v1
    kind: Deployment
    name: silly-demo
  minReplicas: 1
  maxReplicas: 6
  metrics:
  - type: Resource
    resource:
      name: cpu
      target:
        type: Utilization
        averageUtilization: 80
";

const INGRESS: &str = "apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: silly-demo
  labels:
    app.kubernetes.io/name: silly-demo
spec:
  ingressClassName: nginx
  rules:
  - host: silly-demo.127.0.0.1.nip.io
    http:
      paths:
      - path: /
        pathType: ImplementationSpecific
        backend:
          service:
            name: silly-demo
            port:
              number: 8080
";

const SERVICE: &str = "apiVersion: v1
kind: Service
metadata:
  name: silly-demo
  labels:
    app.kubernetes.io/name: silly-demo
spec:
  type: ClusterIP
  ports:
  - port: 8080
    targetPort: 8080
    protocol: TCP
    name: http
  selector:
    app.kubernetes.io/name: silly-demo
";

const BASE: &str = "apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
- deployment.yaml
- hpa.yaml
- ingress.yaml
- service.yaml
";

fn overlay(stage: &str) -> String {
    format!(
        "apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
- ../../base
patches:
- target:
    kind: Ingress
    name: silly-demo
  patch: |-
    - op: replace
      path: /spec/rules/0/host
      value: silly-demo.{stage}.127.0.0.1.nip.io
"
    )
}

fn files() -> Vec<(String, String)> {
    let base = [
        ("deployment", DEPLOYMENT),
        ("hpa", HPA),
        ("ingress", INGRESS),
        ("service", SERVICE),
        ("kustomization", BASE),
    ];
    let base = base.map(|(name, text)| (format!("kustomize/base/{name}.yaml"), text.to_owned()));
    let overlays = SILLY_DEMO.stages.map(|stage| {
        (
            format!("kustomize/overlays/{stage}/kustomization.yaml"),
            overlay(stage),
        )
    });
    base.into_iter().chain(overlays).collect()
}

/// 1.0.0 to 1.5.7, and what `^1.x` must leave out.
fn tags() -> Vec<String> {
    let releases = (0..=5).flat_map(|minor| (0..8).map(move |patch| format!("1.{minor}.{patch}")));
    let others = ["0.9.12", "1.6.0-rc.1", "2.0.0", "latest", "sha-5f0c2d1"];
    releases.chain(others.map(str::to_owned)).collect()
}

/// Kustomize overlays on `main`, rendered to a branch for each stage, which Argo CD then syncs.
pub const SILLY_DEMO: Seed = Seed {
    folder: "silly-demo",
    project: "silly-demo",
    warehouse: "silly-demo",
    stages: ["dev", "pre-prod", "prod"],
    applications: Some("silly-demo"),
    images: "ghcr.io/vfarcic/silly-demo",
    tags,
    repository: "github.com/vfarcic/kargo-demo",
    branch: "main",
    files,
    user: "vfarcic",
};
