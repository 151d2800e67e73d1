//! Programs that run beside this process and never outlive it.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

/// Starts a program in the group that this shell leads, then obeys its input: a line is the name of a
/// signal for the program, and the end of the input, which comes when the owner ends in whatever way,
/// kills the group. When the program ends, its group is killed too, so that nothing it started stays.
/// The files named first get the program's process id and its exit code.
const KEEPER: &str = r#"
exec 3<&0
pid=$1 ended=$2
shift 2
"$@" </dev/null 3<&- &
program=$!
echo "$program" >"$pid.part" && mv "$pid.part" "$pid"
{ while read -r signal <&3; do kill -s "$signal" "$program"; done; kill -s KILL 0; } &
exec 3<&-
wait "$program"
echo "$?" >"$ended"
kill -s KILL 0
"#;

/// What to run and how.
#[derive(Debug, Clone)]
pub struct Launch {
    name: String,
    program: PathBuf,
    folder: PathBuf,
    args: Vec<OsString>,
    env: Vec<(OsString, OsString)>,
    clean: bool,
}

impl Launch {
    /// Run `program` in `folder`, with its output in `folder/<name>.log`.
    pub fn new(name: &str, program: impl Into<PathBuf>, folder: impl Into<PathBuf>) -> Self {
        Self {
            name: name.to_owned(),
            program: program.into(),
            folder: folder.into(),
            args: Vec::new(),
            env: Vec::new(),
            clean: false,
        }
    }

    /// One more argument.
    #[must_use]
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.args.push(arg.as_ref().to_owned());
        self
    }

    /// More arguments.
    #[must_use]
    pub fn args<A: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.args
            .extend(args.into_iter().map(|arg| arg.as_ref().to_owned()));
        self
    }

    /// One more environment variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.env.push((name.into(), value.as_ref().to_owned()));
        self
    }

    /// Start without this process's environment, `PATH` and `HOME` excepted.
    #[must_use]
    pub fn clean_env(mut self) -> Self {
        self.clean = true;
        self
    }

    /// Start it.
    ///
    /// # Errors
    /// When the folder cannot be made or `sh` is not there. A program that cannot be started shows as
    /// a process that has ended.
    pub fn start(self) -> Result<Process> {
        fs::create_dir_all(&self.folder)
            .with_context(|| format!("cannot make {}", self.folder.display()))?;
        let running = Running::start(&self)?;
        Ok(Process {
            launch: self,
            running: Mutex::new(running),
        })
    }

    fn log(&self) -> PathBuf {
        self.folder.join(format!("{}.log", self.name))
    }

    fn pid(&self) -> PathBuf {
        self.folder.join(format!("{}.pid", self.name))
    }

    fn exit_code(&self) -> PathBuf {
        self.folder.join(format!("{}.exit", self.name))
    }
}

/// A program started by [`Launch::start`]. Dropping it kills it and whatever it started.
#[derive(Debug)]
pub struct Process {
    launch: Launch,
    running: Mutex<Running>,
}

impl Process {
    /// Its name, as given to [`Launch::new`].
    pub fn name(&self) -> &str {
        &self.launch.name
    }

    /// The file with what it printed, over all its restarts.
    pub fn log_path(&self) -> PathBuf {
        self.launch.log()
    }

    /// What it printed until now, over all its restarts.
    pub fn log(&self) -> String {
        fs::read(self.log_path()).map_or_else(
            |error| format!("the log cannot be read: {error}"),
            |bytes| String::from_utf8_lossy(&bytes).into_owned(),
        )
    }

    /// The last lines that it printed.
    pub fn log_tail(&self) -> String {
        let log = self.log();
        let lines = log.lines().collect::<Vec<_>>();
        lines
            .get(lines.len().saturating_sub(40)..)
            .unwrap_or_default()
            .join("\n")
    }

    /// The process id of the program itself.
    ///
    /// # Errors
    /// When it has not been written within two seconds.
    pub fn pid(&self) -> Result<u32> {
        let begin = Instant::now();
        loop {
            if let Ok(text) = fs::read_to_string(self.launch.pid()) {
                return text
                    .trim()
                    .parse()
                    .context("the file with the process id has no number");
            }
            if Duration::from_secs(2) < begin.elapsed() {
                bail!("{} has no process id", self.name());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Memory that the program has in use, in bytes.
    ///
    /// # Errors
    /// When it does not run.
    pub fn resident_bytes(&self) -> Result<u64> {
        let path = format!("/proc/{}/status", self.pid()?);
        let status = fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|line| line.split_whitespace().next());
        let kib = kib.with_context(|| format!("{path} does not say VmRSS"))?;
        Ok(kib.parse::<u64>()? * 1024)
    }

    /// CPU time that the program has used since it started, user and system together.
    ///
    /// # Errors
    /// When it does not run.
    pub fn cpu_time(&self) -> Result<Duration> {
        let path = format!("/proc/{}/stat", self.pid()?);
        let stat = fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
        let fields = stat.rsplit(')').next().unwrap_or_default();
        // Fields 14 and 15 of proc(5), counted from the one after the name, in hundredths of a second.
        let ticks = fields
            .split_whitespace()
            .skip(11)
            .take(2)
            .map(str::parse::<u64>);
        Ok(Duration::from_millis(10 * ticks.sum::<Result<u64, _>>()?))
    }

    /// The exit code that it ended with, above 128 if a signal ended it; nothing while it runs.
    pub fn ended(&self) -> Option<i32> {
        let ended = self
            .running()
            .child
            .try_wait()
            .map_or(true, |status| status.is_some());
        let code = || {
            fs::read_to_string(self.launch.exit_code())
                .ok()?
                .trim()
                .parse()
                .ok()
        };
        // Without a code the whole group was killed.
        ended.then(|| code().unwrap_or(137))
    }

    /// Send a signal, such as `TERM`, `STOP` or `CONT`, to the program.
    ///
    /// # Errors
    /// When it does not run.
    pub fn signal(&self, name: &str) -> Result<()> {
        let mut running = self.running();
        let Some(input) = &mut running.input else {
            bail!("{} was killed", self.name())
        };
        writeln!(input, "{name}").with_context(|| format!("{} does not run", self.name()))
    }

    /// Kill it (`kill -9`), together with whatever it started, and wait until it is gone.
    pub fn kill(&self) {
        self.running().kill();
    }

    /// Kill it if it still runs, and start it again in the same way.
    ///
    /// # Errors
    /// As [`Launch::start`].
    pub fn restart(&self) -> Result<()> {
        let mut running = self.running();
        running.kill();
        *running = Running::start(&self.launch)?;
        Ok(())
    }

    /// Wait until `ready` is true.
    ///
    /// # Errors
    /// When the program ends first or the time is over, with the last lines of its log.
    pub async fn ready<F>(&self, within: Duration, mut ready: impl FnMut() -> F) -> Result<()>
    where
        F: Future<Output = bool>,
    {
        let begin = Instant::now();
        loop {
            if ready().await {
                return Ok(());
            }
            if let Some(code) = self.ended() {
                let name = self.name();
                bail!(
                    "{name} ended with {code} before it was ready:\n{}",
                    self.log_tail()
                );
            }
            if within < begin.elapsed() {
                let name = self.name();
                bail!(
                    "{name} was not ready within {within:?}:\n{}",
                    self.log_tail()
                );
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Wait until it ends by itself; the result is its exit code.
    ///
    /// # Errors
    /// When the time is over, with the last lines of its log.
    pub async fn wait(&self, within: Duration) -> Result<i32> {
        let begin = Instant::now();
        loop {
            if let Some(code) = self.ended() {
                return Ok(code);
            }
            if within < begin.elapsed() {
                bail!(
                    "{} still runs after {within:?}:\n{}",
                    self.name(),
                    self.log_tail()
                );
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    fn running(&self) -> MutexGuard<'_, Running> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug)]
struct Running {
    child: Child,
    input: Option<ChildStdin>,
}

impl Running {
    fn start(launch: &Launch) -> Result<Self> {
        let log = launch.log();
        let log = File::options()
            .create(true)
            .append(true)
            .open(&log)
            .context("cannot log")?;
        // What an earlier start left must not be taken for this one's.
        let _absent = fs::remove_file(launch.pid());
        let _absent = fs::remove_file(launch.exit_code());
        let mut command = Command::new("sh");
        if launch.clean {
            command.env_clear();
            for name in ["PATH", "HOME"] {
                command.envs(std::env::var_os(name).map(|value| (name, value)));
            }
        }
        let mut child = command
            .args(["-c", KEEPER, &launch.name])
            .arg(launch.pid())
            .arg(launch.exit_code())
            .arg(&launch.program)
            .args(&launch.args)
            .envs(launch.env.iter().map(|(name, value)| (name, value)))
            .current_dir(&launch.folder)
            .stdin(Stdio::piped())
            .stdout(log.try_clone()?)
            .stderr(log)
            .process_group(0)
            .spawn()
            .context("cannot start sh")?;
        let input = child.stdin.take();
        Ok(Self { child, input })
    }

    fn kill(&mut self) {
        drop(self.input.take());
        // An error means that there is nothing left to wait for.
        let _ended = self.child.wait();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}
