//! Keeps a program to some folders, by Landlock where the kernel has it.
//!
//! Kustomizations and charts come from Git, so from people who may not read this process's files: its service account
//! token above all.

use std::io;
use std::path::Path;
use std::sync::Once;

use landlock::{
    ABI, Access as _, AccessFs, BitFlags, CompatLevel, Compatible as _, PathBeneath, PathFd,
    Ruleset, RulesetAttr as _, RulesetCreated, RulesetCreatedAttr as _, RulesetError,
    RulesetStatus,
};
use tokio::process::{Child, Command};
use tokio::runtime::Handle;

/// How far programs can be kept in bounds here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Confinement {
    /// They see the system's programs and libraries, and the folders they are given.
    Landlock,
    /// The kernel has no Landlock: they see what this process's user sees.
    None,
}

/// Readable by every program: what it is made of, and how to find hosts and check certificates.
const READABLE: &[&str] = &[
    "/usr",
    "/lib",
    "/lib64",
    "/bin",
    "/sbin",
    "/nix/store",
    "/etc/ssl",
    "/etc/pki",
    "/etc/ca-certificates",
    "/etc/resolv.conf",
    "/etc/hosts",
    "/etc/nsswitch.conf",
    "/etc/passwd",
    "/etc/group",
    "/etc/localtime",
    "/etc/ld.so.cache",
    "/dev/urandom",
    "/dev/random",
    "/dev/zero",
];

/// The newest rights that the rules know; older kernels check fewer.
const RIGHTS: ABI = ABI::V3;

impl Confinement {
    /// What this kernel can do.
    #[must_use]
    pub fn detect() -> Self {
        let ruleset = Ruleset::default()
            .set_compatibility(CompatLevel::HardRequirement)
            .handle_access(AccessFs::from_all(ABI::V1));
        match ruleset.and_then(Ruleset::create) {
            Ok(_) => Self::Landlock,
            Err(error) => {
                static ONCE: Once = Once::new();
                ONCE.call_once(|| {
                    tracing::warn!(%error, "kustomize and helm run without Landlock; kustomize may then only load files below the folder it builds");
                });
                Self::None
            }
        }
    }

    /// Starts `command`, which may run `programs` and change only `folders`.
    pub(super) fn spawn(
        self,
        mut command: Command,
        programs: &[&Path],
        folders: &[&Path],
    ) -> io::Result<Child> {
        match self {
            Self::None => command.spawn(),
            Self::Landlock => {
                let ruleset = rules(programs, folders).map_err(io::Error::other)?;
                let runtime = Handle::try_current().map_err(io::Error::other)?;
                // The restriction binds the thread that asks for it, and what that thread starts; so it gets its own.
                let confined = move || {
                    let _entered = runtime.enter();
                    let status = ruleset.restrict_self().map_err(io::Error::other)?;
                    if status.ruleset == RulesetStatus::NotEnforced {
                        return Err(io::Error::other("Landlock is not enforced"));
                    }
                    command.spawn()
                };
                let thread = std::thread::Builder::new()
                    .name("confined".to_owned())
                    .spawn(confined)?;
                thread.join().unwrap_or_else(|_| {
                    Err(io::Error::other(
                        "the thread that starts programs ended early",
                    ))
                })
            }
        }
    }
}

fn rules(programs: &[&Path], folders: &[&Path]) -> Result<RulesetCreated, RulesetError> {
    let read: BitFlags<AccessFs> = AccessFs::from_read(RIGHTS);
    let all: BitFlags<AccessFs> = AccessFs::from_all(RIGHTS);
    let mut rules = Ruleset::default().handle_access(all)?.create()?;
    let system = READABLE.iter().map(Path::new);
    for path in system.chain(programs.iter().copied()) {
        rules = allow(rules, path, read)?;
    }
    let certificates = ["SSL_CERT_FILE", "SSL_CERT_DIR"].map(std::env::var_os);
    for path in certificates.iter().flatten() {
        rules = allow(rules, Path::new(path), read)?;
    }
    rules = allow(
        rules,
        Path::new("/dev/null"),
        AccessFs::ReadFile | AccessFs::WriteFile,
    )?;
    for folder in folders {
        rules = allow(rules, folder, all)?;
    }
    Ok(rules)
}

/// Adds a rule for `path`, if it is there: not every system has every place.
fn allow(
    rules: RulesetCreated,
    path: &Path,
    access: BitFlags<AccessFs>,
) -> Result<RulesetCreated, RulesetError> {
    let Ok(metadata) = path.metadata() else {
        return Ok(rules);
    };
    let Ok(file) = PathFd::new(path) else {
        return Ok(rules);
    };
    // A right that means nothing for a file makes the rule invalid.
    let access = if metadata.is_dir() {
        access
    } else {
        access & AccessFs::from_file(RIGHTS)
    };
    rules.add_rule(PathBeneath::new(file, access))
}
