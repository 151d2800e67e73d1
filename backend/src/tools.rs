//! The programs that steps run: `kustomize` and `helm`.
//!
//! Each run gets an environment of its own, sees nothing of ours, may read and write only where it is told to, and is
//! killed with everything it started when the step ends early.

mod confine;
mod output;

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::{Child, Command};

pub use confine::Confinement;
use output::read_bounded;

/// What a program may print, in bytes; more is an error. Larger than any manifest that Kubernetes would take.
const MAX_STDOUT: usize = 64 << 20;
/// So much of what a program says on standard error is kept.
const MAX_STDERR: usize = 64 << 10;
/// Variables that programs need to reach the network as we do.
const PASSED_ON: &[&str] = &[
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
];

/// Where the programs are, and how they are kept in bounds.
#[derive(Clone, Debug)]
pub struct Tools {
    kustomize: PathBuf,
    helm: PathBuf,
    confinement: Confinement,
}

/// A program that steps run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    /// `kustomize`.
    Kustomize,
    /// `helm`.
    Helm,
}

/// One run of a program.
#[derive(Debug)]
pub struct Call<'a> {
    /// Which program.
    pub program: Program,
    /// Its arguments. They can be seen by others on the machine, so they hold no secrets.
    pub args: Vec<OsString>,
    /// Where it runs, and the only folder that it may change besides [`Call::home`].
    pub folder: &'a Path,
    /// A folder for its caches and temporary files.
    pub home: &'a Path,
    /// What it reads on standard input; secrets go here.
    pub stdin: &'a [u8],
}

/// Why a program gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum ToolError {
    /// It is not there, or may not be run.
    #[error("cannot run {program}: {source}")]
    Start {
        /// The file.
        program: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// It ended with an error.
    #[error("{program}: {stderr}")]
    Refused {
        /// The program's name.
        program: &'static str,
        /// The end of what it said.
        stderr: String,
    },
    /// It printed more than it may.
    #[error("{program} printed more than {limit} bytes")]
    TooMuch {
        /// The program's name.
        program: &'static str,
        /// The limit in bytes.
        limit: usize,
    },
    /// Its output could not be read.
    #[error("cannot read what {program} prints: {source}")]
    Read {
        /// The program's name.
        program: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
}

impl Tools {
    /// Tools at these places; a bare name is looked up in `PATH`.
    #[must_use]
    pub fn new(kustomize: &Path, helm: &Path) -> Self {
        Self {
            kustomize: find(kustomize),
            helm: find(helm),
            confinement: Confinement::detect(),
        }
    }

    /// Where a program is.
    #[must_use]
    pub fn path(&self, program: Program) -> &Path {
        match program {
            Program::Kustomize => &self.kustomize,
            Program::Helm => &self.helm,
        }
    }

    /// How far this system lets us keep programs in bounds.
    #[must_use]
    pub fn confinement(&self) -> Confinement {
        self.confinement
    }

    /// The version that a program says it has, on one line.
    ///
    /// # Errors
    /// If it cannot be run.
    pub async fn version(&self, program: Program) -> Result<String, ToolError> {
        let args: &[&str] = match program {
            Program::Kustomize => &["version"],
            Program::Helm => &["version", "--short"],
        };
        let home = tempfile::tempdir().map_err(|source| self.cannot_start(program, source))?;
        let args = args.iter().map(OsString::from).collect();
        let call = Call {
            program,
            args,
            folder: home.path(),
            home: home.path(),
            stdin: &[],
        };
        let printed = self.run(call).await?;
        Ok(String::from_utf8_lossy(&printed)
            .lines()
            .next()
            .unwrap_or_default()
            .trim()
            .to_owned())
    }

    /// Runs a program and returns what it prints. Dropping the future kills it and its children.
    ///
    /// # Errors
    /// If it cannot be run, ends with an error, or prints too much.
    pub async fn run(&self, call: Call<'_>) -> Result<Vec<u8>, ToolError> {
        let name = call.program.name();
        let mut child = self
            .start(&call)
            .map_err(|source| self.cannot_start(call.program, source))?;
        let group = Group::of(&child);
        let (Some(mut stdin), Some(mut stdout), Some(mut stderr)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(self.cannot_start(call.program, std::io::Error::other("no pipes")));
        };
        let feed = async {
            use tokio::io::AsyncWriteExt as _;
            // A program that does not read its input is no error.
            let _ = stdin.write_all(call.stdin).await;
            drop(stdin);
        };
        let read = |source| ToolError::Read {
            program: name,
            source,
        };
        let (printed, said, ()) = tokio::join!(
            read_bounded(&mut stdout, MAX_STDOUT),
            output::read_tail(&mut stderr, MAX_STDERR),
            feed
        );
        let Some(printed) = printed.map_err(read)? else {
            return Err(ToolError::TooMuch {
                program: name,
                limit: MAX_STDOUT,
            });
        };
        let said = said.map_err(read)?;
        let status = child.wait().await.map_err(read)?;
        group.forget();
        if status.success() {
            return Ok(printed);
        }
        let said = String::from_utf8_lossy(&said);
        let stderr = match said.trim() {
            "" => status.to_string(),
            said => said.to_owned(),
        };
        Err(ToolError::Refused {
            program: name,
            stderr,
        })
    }

    fn start(&self, call: &Call<'_>) -> std::io::Result<Child> {
        let mut command = Command::new(self.path(call.program));
        command
            .args(&call.args)
            .current_dir(call.folder)
            .env_clear()
            .envs(environment(call.home))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true);
        let programs = [self.kustomize.as_path(), self.helm.as_path()];
        self.confinement
            .spawn(command, &programs, &[call.folder, call.home])
    }

    fn cannot_start(&self, program: Program, source: std::io::Error) -> ToolError {
        ToolError::Start {
            program: self.path(program).display().to_string(),
            source,
        }
    }
}

impl Program {
    fn name(self) -> &'static str {
        match self {
            Self::Kustomize => "kustomize",
            Self::Helm => "helm",
        }
    }
}

fn environment(home: &Path) -> Vec<(OsString, OsString)> {
    let own = |name: &str, path: PathBuf| (OsString::from(name), path.into_os_string());
    let mut environment = vec![
        own("HOME", home.to_owned()),
        own("TMPDIR", home.to_owned()),
        own("XDG_CACHE_HOME", home.join("cache")),
        own("XDG_CONFIG_HOME", home.join("config")),
        own("XDG_DATA_HOME", home.join("data")),
        own("PATH", PathBuf::from("/usr/local/bin:/usr/bin:/bin")),
        own("LC_ALL", PathBuf::from("C")),
    ];
    let passed = |name: &&str| Some((OsString::from(*name), std::env::var_os(name)?));
    environment.extend(PASSED_ON.iter().filter_map(passed));
    environment
}

/// The place of `program`: itself if it has a folder, else the first in `PATH`. What is not found is reported when it
/// is run.
fn find(program: &Path) -> PathBuf {
    if program.components().count() != 1 {
        return program.to_owned();
    }
    let path = std::env::var_os("PATH")
        .unwrap_or_else(|| OsStr::new("/usr/local/bin:/usr/bin:/bin").to_owned());
    let mut places = std::env::split_paths(&path).map(|folder| folder.join(program));
    places
        .find(|place| place.is_file())
        .unwrap_or_else(|| program.to_owned())
}

/// Kills a process group when dropped.
struct Group {
    leader: Option<rustix::process::Pid>,
}

impl Group {
    fn of(child: &Child) -> Self {
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        Self {
            leader: id.and_then(rustix::process::Pid::from_raw),
        }
    }

    /// The leader has ended and been waited for, so its number may soon be another's.
    fn forget(mut self) {
        self.leader = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(leader) = self.leader {
            // It may have ended by itself a moment ago.
            let _ = rustix::process::kill_process_group(leader, rustix::process::Signal::KILL);
        }
    }
}
