//! What Warehouses subscribe to: Git repositories, image repositories and charts.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::schema::{Rule, rules};
use crate::{Time, is_default, yes};

/// The number of artifacts that are kept of a subscription, where it does not say.
pub const DISCOVERY_LIMIT: u32 = 20;

const GIT_URL: &str = r"^(https?|ssh)://[^\s]+$|^([\w.~-]+@)?[\w.-]+:/?[^/\s][^\s]*$";
const IMAGE_URL: &str = r"^(\w+([\.-]\w+)*(:[\d]+)?/)?(\w+([\.-]\w+)*)(/\w+([\.-]\w+)*)*$";

const fn discovery_limit() -> u32 {
    DISCOVERY_LIMIT
}

/// A regular expression that cannot be read makes the rule itself fail.
const REGEXES_COMPILE: Rule = (
    "self.all(r, ''.matches(r) ? true : true)",
    "a regular expression cannot be read",
);

/// Names tell subscriptions apart.
pub(crate) const NAMES_ARE_UNIQUE: Rule = (
    "self.all(s, !has(s.name) || self.exists_one(o, has(o.name) && o.name == s.name))",
    "two subscriptions have the same name",
);

/// A repository to watch. Exactly one of `git`, `image` and `chart` must be given.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = rules(&[(
    "[has(self.git), has(self.image), has(self.chart)].filter(given, given).size() == 1",
    "exactly one of git, image and chart must be given",
)])))]
pub struct Subscription {
    /// Name of the subscription, unique in the Warehouse. Artifacts carry it, and so expressions
    /// can tell two subscriptions apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = crate::schema::DNS_LABEL), length(min = 1, max = 63))]
    pub name: Option<String>,
    /// A Git repository.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub git: Option<GitSubscription>,
    /// A repository of container images.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<ImageSubscription>,
    /// A Helm chart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chart: Option<ChartSubscription>,
}

/// A Git repository to watch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GitSubscription {
    /// Address of the repository: `https://…`, or the deprecated `ssh://…` and `git@host:path`.
    #[serde(rename = "repoURL")]
    #[schemars(regex(pattern = GIT_URL), length(min = 1, max = 2048))]
    pub repo_url: String,
    /// How commits are chosen.
    #[serde(default)]
    pub commit_selection_strategy: CommitSelectionStrategy,
    /// Branch to watch; the repository's default branch if absent. For `NewestFromBranch`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = crate::schema::BRANCH), length(min = 1, max = 255))]
    pub branch: Option<String>,
    /// Leave out commits before this time. For `NewestFromBranch`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Time>,
    /// Take only tags with all three numbers of a semantic version. For `SemVer`.
    #[serde(default = "yes")]
    pub strict_semvers: bool,
    /// Versions to take, for example `^1.2.0`. For `SemVer`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 512))]
    pub semver_constraint: Option<String>,
    /// Take only tags that one of these regular expressions finds. For strategies with tags.
    #[serde(default, skip_serializing_if = "is_default")]
    #[schemars(length(max = 64), inner(length(min = 1, max = 512)), extend(
        "x-kubernetes-validations" = rules(&[REGEXES_COMPILE])
    ))]
    pub allow_tags_regexes: Vec<String>,
    /// Leave out tags that one of these regular expressions finds. For strategies with tags.
    #[serde(default, skip_serializing_if = "is_default")]
    #[schemars(length(max = 64), inner(length(min = 1, max = 512)), extend(
        "x-kubernetes-validations" = rules(&[REGEXES_COMPILE])
    ))]
    pub ignore_tags_regexes: Vec<String>,
    /// Deprecated: use `allowTagsRegexes`. Nothing is discovered while this is set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allow_tags: Option<String>,
    /// Deprecated: use `ignoreTagsRegexes`. Nothing is discovered while this is set.
    #[serde(default, skip_serializing_if = "is_default")]
    #[schemars(length(max = 64))]
    pub ignore_tags: Vec<String>,
    /// Expression, without `${{ }}`, that decides whether a commit or tag is taken. It knows `id`,
    /// `author`, `committer`, `subject`, on branches `commitDate`, and on tags `tag`,
    /// `creatorDate`, `tagger` and `annotation`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expression_filter: Option<String>,
    /// Take only commits that change one of these paths. A path stands for itself and all below;
    /// `glob:` and `regex:` in front make it a pattern.
    #[serde(default, skip_serializing_if = "is_default")]
    #[schemars(length(max = 256), inner(length(min = 1)))]
    pub include_paths: Vec<String>,
    /// Changes of these paths do not count. Written as `includePaths`.
    #[serde(default, skip_serializing_if = "is_default")]
    #[schemars(length(max = 256), inner(length(min = 1)))]
    pub exclude_paths: Vec<String>,
    /// Fetch the history without the files. Saves much with large repositories.
    #[serde(default, skip_serializing_if = "is_default")]
    pub blobless: bool,
    /// Trust any certificate. Better give the certificate authority to the controller.
    #[serde(
        rename = "insecureSkipTLSVerify",
        default,
        skip_serializing_if = "is_default"
    )]
    pub insecure_skip_tls_verify: bool,
    /// How many commits to keep.
    #[serde(default = "discovery_limit")]
    #[schemars(range(min = 1, max = 100))]
    pub discovery_limit: u32,
}

impl Default for GitSubscription {
    fn default() -> Self {
        Self {
            repo_url: String::new(),
            commit_selection_strategy: CommitSelectionStrategy::default(),
            branch: None,
            since: None,
            strict_semvers: yes(),
            semver_constraint: None,
            allow_tags_regexes: Vec::new(),
            ignore_tags_regexes: Vec::new(),
            allow_tags: None,
            ignore_tags: Vec::new(),
            expression_filter: None,
            include_paths: Vec::new(),
            exclude_paths: Vec::new(),
            blobless: false,
            insecure_skip_tls_verify: false,
            discovery_limit: discovery_limit(),
        }
    }
}

/// How commits are chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum CommitSelectionStrategy {
    /// The newest commits of a branch.
    #[default]
    NewestFromBranch,
    /// The tags that are the greatest semantic versions.
    SemVer,
    /// The tags that come last in the alphabet.
    Lexical,
    /// The newest tags.
    NewestTag,
}

/// A repository of container images to watch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = rules(&[(
    "!has(self.imageSelectionStrategy) || self.imageSelectionStrategy != 'Digest' \
     || has(self.constraint) && self.constraint != '' \
     || has(self.semverConstraint) && self.semverConstraint != ''",
    "imageSelectionStrategy Digest needs the tag to follow as constraint",
)])))]
pub struct ImageSubscription {
    /// Address of the repository, without scheme and tag: `ghcr.io/example/app`.
    #[serde(rename = "repoURL")]
    #[schemars(regex(pattern = IMAGE_URL), length(min = 1, max = 512))]
    pub repo_url: String,
    /// How images are chosen.
    #[serde(default)]
    pub image_selection_strategy: ImageSelectionStrategy,
    /// Take only tags with all three numbers of a semantic version. For `SemVer`.
    #[serde(default = "yes")]
    pub strict_semvers: bool,
    /// For `SemVer`: versions to take, for example `^1.2.0`. For `Digest`: the one tag to follow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 512))]
    pub constraint: Option<String>,
    /// Deprecated: use `constraint`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 512))]
    pub semver_constraint: Option<String>,
    /// Take only tags that one of these regular expressions finds.
    #[serde(default, skip_serializing_if = "is_default")]
    #[schemars(length(max = 64), inner(length(min = 1, max = 512)), extend(
        "x-kubernetes-validations" = rules(&[REGEXES_COMPILE])
    ))]
    pub allow_tags_regexes: Vec<String>,
    /// Leave out tags that one of these regular expressions finds.
    #[serde(default, skip_serializing_if = "is_default")]
    #[schemars(length(max = 64), inner(length(min = 1, max = 512)), extend(
        "x-kubernetes-validations" = rules(&[REGEXES_COMPILE])
    ))]
    pub ignore_tags_regexes: Vec<String>,
    /// Deprecated: use `allowTagsRegexes`. Nothing is discovered while this is set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allow_tags: Option<String>,
    /// Deprecated: use `ignoreTagsRegexes`. Nothing is discovered while this is set.
    #[serde(default, skip_serializing_if = "is_default")]
    #[schemars(length(max = 64))]
    pub ignore_tags: Vec<String>,
    /// Platform that the image must have: `linux/amd64`, `linux/arm/v7`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        regex(pattern = "^[a-z0-9]+/[a-z0-9_]+(/[a-z0-9]+)?$"),
        length(max = 63)
    )]
    pub platform: Option<String>,
    /// Trust any certificate. Better give the certificate authority to the controller.
    #[serde(
        rename = "insecureSkipTLSVerify",
        default,
        skip_serializing_if = "is_default"
    )]
    pub insecure_skip_tls_verify: bool,
    /// How many images to keep.
    #[serde(default = "discovery_limit")]
    #[schemars(range(min = 1, max = 100))]
    pub discovery_limit: u32,
    /// Tags never move in this repository, so what was once read of a tag stays true.
    #[serde(default, skip_serializing_if = "is_default")]
    pub cache_by_tag: bool,
}

impl Default for ImageSubscription {
    fn default() -> Self {
        Self {
            repo_url: String::new(),
            image_selection_strategy: ImageSelectionStrategy::default(),
            strict_semvers: yes(),
            constraint: None,
            semver_constraint: None,
            allow_tags_regexes: Vec::new(),
            ignore_tags_regexes: Vec::new(),
            allow_tags: None,
            ignore_tags: Vec::new(),
            platform: None,
            insecure_skip_tls_verify: false,
            discovery_limit: discovery_limit(),
            cache_by_tag: false,
        }
    }
}

/// How images are chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ImageSelectionStrategy {
    /// The tags that are the greatest semantic versions.
    #[default]
    SemVer,
    /// The tags that come last in the alphabet.
    Lexical,
    /// The images that were built last. Reads every image, so it is slow with many tags.
    NewestBuild,
    /// One tag, and a new image whenever the tag moves.
    Digest,
}

/// A Helm chart to watch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = rules(&[
    (
        "self.repoURL.startsWith('oci://') || has(self.name) && self.name != ''",
        "a chart of a classic repository needs its name",
    ),
    (
        "!self.repoURL.startsWith('oci://') || !has(self.name) || self.name == ''",
        "the address of an oci:// chart has its name already: leave name out",
    ),
])))]
pub struct ChartSubscription {
    /// Address of a classic repository (`https://…`), or of the chart itself in a registry (`oci://…`).
    #[serde(rename = "repoURL")]
    #[schemars(
        regex(pattern = r"^(https?|oci)://[^\s]+$"),
        length(min = 1, max = 2048)
    )]
    pub repo_url: String,
    /// Name of the chart in a classic repository. Must be absent for `oci://`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Versions to take, for example `^1.2.0`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 512))]
    pub semver_constraint: Option<String>,
    /// Trust any certificate. Better give the certificate authority to the controller.
    #[serde(
        rename = "insecureSkipTLSVerify",
        default,
        skip_serializing_if = "is_default"
    )]
    pub insecure_skip_tls_verify: bool,
    /// How many versions to keep.
    #[serde(default = "discovery_limit")]
    #[schemars(range(min = 1, max = 100))]
    pub discovery_limit: u32,
}

impl Default for ChartSubscription {
    fn default() -> Self {
        Self {
            repo_url: String::new(),
            name: None,
            semver_constraint: None,
            insecure_skip_tls_verify: false,
            discovery_limit: discovery_limit(),
        }
    }
}
