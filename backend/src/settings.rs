//! What the operator has chosen, checked and ready to use. Flags become this in `args`.

use std::path::PathBuf;
use std::time::Duration;

use argosy_api::GoDuration;

use crate::mirrors::Mirrors;

/// The choices that more than one part of the program looks at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Names this installation in the actor of what it does by itself (`controller:…`) and in leases.
    pub controller_name: String,
    /// The namespace that Argosy runs in: its Lease, its own Secrets.
    pub namespace: String,
    /// Where Applications are looked for when a step names none.
    pub argocd_namespace: String,
    /// Secrets here serve every project.
    pub shared_namespace: String,
    /// Mirrors and work directories. Kept over a restart, a promotion goes on at the step it was at.
    pub data: PathBuf,
    /// Where repositories and registries are reached instead of the address that people write.
    pub mirrors: Mirrors,
    /// Requests a second to one registry.
    pub registry_rate: u32,
    /// A shorter `interval` of a Warehouse counts as this long. Zero leaves every interval as it is.
    pub least_interval: Duration,
    /// The program `kustomize`.
    pub kustomize: PathBuf,
    /// The program `helm`.
    pub helm: PathBuf,
    /// Author and committer where nothing nearer names one.
    pub git_author: Author,
    /// What to do when a push finds that the branch has moved.
    pub push_policy: PushPolicy,
    /// Whether credentials may go over `http://`.
    pub credentials_over_http: bool,
    /// Objects that each controller works on at a time.
    pub concurrency: usize,
    /// Which objects are ours.
    pub shard: Shard,
}

impl Settings {
    /// The shortest interval of a Warehouse.
    #[must_use]
    pub fn least_interval(&self) -> GoDuration {
        GoDuration::from_secs(i64::try_from(self.least_interval.as_secs()).unwrap_or(i64::MAX))
    }
}

/// Who commits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Author {
    /// The name.
    pub name: String,
    /// The address.
    pub email: String,
}

/// How commits meet a branch that has moved meanwhile.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum PushPolicy {
    /// Put our commits on top of theirs.
    #[default]
    #[value(name = "AlwaysRebase")]
    AlwaysRebase,
    /// Rebase; where that would rewrite signed or foreign commits, merge.
    #[value(name = "RebaseOrMerge")]
    RebaseOrMerge,
    /// Rebase; where that would rewrite signed or foreign commits, fail.
    #[value(name = "RebaseOrFail")]
    RebaseOrFail,
    /// Make a merge commit.
    #[value(name = "AlwaysMerge")]
    AlwaysMerge,
}

/// A share of all objects. Objects choose theirs by `spec.shard`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shard {
    /// The name of this share; none: objects without a shard.
    pub name: Option<String>,
    /// Whether a named share takes the objects without a shard as well.
    pub default: bool,
}

impl Shard {
    /// Whether an object with this shard (none or empty: no shard) is ours.
    #[must_use]
    pub fn owns(&self, shard: Option<&str>) -> bool {
        match (&self.name, shard.filter(|shard| !shard.is_empty())) {
            (None, None) => true,
            (Some(ours), Some(theirs)) => ours == theirs,
            (Some(_), None) => self.default,
            (None, Some(_)) => false,
        }
    }
}

impl std::str::FromStr for Author {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = "expected `NAME <EMAIL>`";
        let (name, rest) = text.split_once('<').ok_or(wrong)?;
        let email = rest.trim_end().strip_suffix('>').ok_or(wrong)?;
        let (name, email) = (name.trim(), email.trim());
        if name.is_empty() || email.is_empty() || text.contains('\n') {
            return Err(wrong);
        }
        Ok(Self {
            name: name.to_owned(),
            email: email.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shard_takes_its_own_objects() {
        let named = |default| Shard {
            name: Some("east".into()),
            default,
        };
        assert!(named(false).owns(Some("east")) && !named(false).owns(Some("west")));
        assert!(!named(false).owns(None) && named(true).owns(None) && named(true).owns(Some("")));
        let unnamed = Shard {
            name: None,
            default: false,
        };
        assert!(unnamed.owns(None) && !unnamed.owns(Some("east")));
    }

    #[test]
    fn an_author_has_a_name_and_an_address() {
        let author: Author = "Argosy <argosy@example.com>".parse().unwrap();
        assert_eq!(
            (author.name.as_str(), author.email.as_str()),
            ("Argosy", "argosy@example.com")
        );
        assert!("Argosy".parse::<Author>().is_err() && "<a@b>".parse::<Author>().is_err());
    }
}
