//! Ports for programs that must be told one.

use std::fs::{self, File};
use std::net::TcpListener;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, bail};

// Below what the kernel hands out by itself, so nobody else comes by one of these by accident.
const FIRST: u16 = 15_000;
const COUNT: u16 = 12_000;

/// A port of 127.0.0.1 that no other test on this machine uses while this lives.
#[derive(Debug)]
pub(crate) struct Port {
    pub(crate) number: u16,
    _lock: File,
}

impl Port {
    /// Claim one. The claim is a lock on a file, which ends with the process at the latest.
    pub(crate) fn claim() -> Result<Self> {
        let folder = std::env::temp_dir().join("argosy-ports");
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let begin = (now.subsec_nanos() ^ std::process::id()) % u32::from(COUNT);
        for step in 0..u32::from(COUNT) {
            let number = FIRST + u16::try_from((begin + step * 7) % u32::from(COUNT))?;
            let path = folder.join(number.to_string());
            let lock = File::options()
                .create(true)
                .truncate(false)
                .write(true)
                .open(&path);
            let lock = lock.with_context(|| format!("cannot open {}", path.display()))?;
            if lock.try_lock().is_ok() && TcpListener::bind(("127.0.0.1", number)).is_ok() {
                return Ok(Self {
                    number,
                    _lock: lock,
                });
            }
        }
        bail!(
            "no port of 127.0.0.1 between {FIRST} and {} is free",
            FIRST + COUNT
        )
    }
}
