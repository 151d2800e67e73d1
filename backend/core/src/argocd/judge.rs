//! What the operation of an Application means for a promotion.

/// What is known of an Application's operation.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Standing {
    /// An operation that Argo CD has not picked up yet: the promotion that asked for it, empty if none did.
    pub asked: Option<String>,
    /// The promotion that asked for the operation in `phase`; empty if none did.
    pub promotion: String,
    /// Phase of the operation that Argo CD has picked up, `Running` or `Succeeded` and so on; empty if there is none.
    pub phase: String,
    /// When that operation began.
    pub started_at: Option<String>,
    /// What Argo CD says about it.
    pub message: String,
    /// What it has synced to, a revision for each source; none if it has no result yet.
    pub revisions: Option<Vec<String>>,
}

/// What is to be done about an Application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// Change it and start a sync.
    Update,
    /// Wait: its operation goes on, or has not been picked up.
    Wait,
    /// It is synced as it should be.
    Synced,
    /// Argo CD could not sync it, for this reason.
    Failed(String),
    /// It was synced to something else, given here; sync it again.
    Missed(Vec<String>),
}

/// Judges an Application for the promotion of this name. `desired` as in [`super::Change`]. `told` is when an operation
/// began whose failure an earlier attempt of the step has told of: another attempt starts another operation.
#[must_use]
pub fn judge(
    standing: &Standing,
    promotion: &str,
    desired: &[String],
    told: Option<&str>,
) -> Judgement {
    // Kargo patches again until the operation is picked up, which starts it anew each time.
    if standing.asked.is_some() {
        return Judgement::Wait;
    }
    if standing.phase.is_empty() {
        return Judgement::Update;
    }
    let Some(ended) = Ended::of(&standing.phase) else {
        return Judgement::Wait;
    };
    if standing.promotion != promotion {
        return Judgement::Update;
    }
    match ended {
        Ended::Badly if told.is_some() && told == standing.started_at.as_deref() => {
            Judgement::Update
        }
        Ended::Badly => Judgement::Failed(standing.message.clone()),
        Ended::Well => match &standing.revisions {
            None => Judgement::Update,
            Some(revisions) if fits(revisions, desired) => Judgement::Synced,
            Some(revisions) => Judgement::Missed(revisions.clone()),
        },
    }
}

enum Ended {
    Well,
    Badly,
}

impl Ended {
    fn of(phase: &str) -> Option<Self> {
        match phase {
            "Succeeded" => Some(Self::Well),
            "Failed" | "Error" => Some(Self::Badly),
            _ => None,
        }
    }
}

/// Whether each source that is asked about was synced to what it should be.
fn fits(revisions: &[String], desired: &[String]) -> bool {
    let asked = |wanted: &&String| !wanted.is_empty();
    if !desired.iter().any(|wanted| asked(&wanted)) {
        return true;
    }
    revisions.len() == desired.len()
        && desired
            .iter()
            .zip(revisions)
            .all(|(wanted, synced)| wanted.is_empty() || same(wanted, synced))
}

/// Commits are compared without regard to case, and one may be shortened: people write what they see.
fn same(wanted: &str, synced: &str) -> bool {
    let hexadecimal = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let wanted = wanted.trim();
    wanted == synced
        || (7 <= wanted.len()
            && synced.len() == 40
            && hexadecimal(wanted)
            && hexadecimal(synced)
            && synced
                .to_ascii_lowercase()
                .starts_with(&wanted.to_ascii_lowercase()))
}
