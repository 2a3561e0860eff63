//! A throw-away PostgreSQL: found on this machine, made in a temporary folder, on the core of the server under test,
//! gone at the end.
//!
//! It listens on a socket in a folder that belongs to it alone and on no port, and touches no other cluster of the
//! machine. PostgreSQL refuses to run as root, so root lends it another account. Durability is PostgreSQL's own
//! default, spelled out: a commit is answered when it is on disk.

use std::ffi::OsStr;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use crate::process::SERVER_CORE;

/// The role that owns the cluster.
pub(crate) const ROLE: &str = "bench";
/// The database that every new cluster has.
pub(crate) const DATABASE: &str = "postgres";

/// What is used of PostgreSQL; a folder counts only when it has all of them.
const PROGRAMS: [&str; 3] = ["initdb", "pg_ctl", "postgres"];
/// Where Debian keeps them: below a folder a major version, out of `PATH`.
const VERSIONS: &str = "/usr/lib/postgresql";
/// Accounts that root may lend, the first that is there.
const ACCOUNTS: [&str; 2] = ["postgres", "nobody"];

/// Longest wait for a new cluster, and for one to start.
const START_DEADLINE: Duration = Duration::from_mins(1);
/// Longest wait for one to write what it has in memory and end, in seconds.
const STOP_DEADLINE_SECS: &str = "60";
/// What it says on stderr once it can be connected to, in the language that it is told to speak.
const READY: &str = "database system is ready to accept connections";
/// Connections beside those of the pool: what PostgreSQL reserves for a person who looks.
const SPARE_CONNECTIONS: usize = 5;

/// Why there is nothing to compare with, and what to do.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NotInstalled;

impl std::fmt::Display for NotInstalled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "PostgreSQL is not here: install it (Debian's package postgresql) or have {} in PATH",
            PROGRAMS.join(", ")
        )
    }
}

impl std::error::Error for NotInstalled {}

/// An account other than root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Account {
    uid: u32,
    gid: u32,
}

/// A cluster on disk that nobody runs.
pub(crate) struct Cluster {
    programs: PathBuf,
    account: Option<Account>,
    folder: TempDir,
    // A socket's path has a hundred bytes at most, which the folder of the results may be longer than.
    sockets: TempDir,
}

impl Cluster {
    /// Makes an empty cluster.
    pub(crate) async fn create() -> anyhow::Result<Self> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let programs = find(&path, Path::new(VERSIONS)).ok_or(NotInstalled)?;
        let account = if rustix::process::geteuid().is_root() {
            let passwd = std::fs::read_to_string("/etc/passwd").context("reading /etc/passwd")?;
            Some(lent_account(&passwd).with_context(|| {
                format!("PostgreSQL refuses root and there is none of the accounts {ACCOUNTS:?}")
            })?)
        } else {
            None
        };
        let folder = tempfile::tempdir().context("making a folder for the cluster")?;
        let sockets = tempfile::tempdir_in(std::env::temp_dir())
            .context("making a folder for the cluster's socket")?;
        if let Some(Account { uid, gid }) = account {
            for own in [&folder, &sockets] {
                chown(own.path(), Some(uid), Some(gid)).context("giving a folder away")?;
            }
        }
        let cluster = Self {
            programs,
            account,
            folder,
            sockets,
        };
        cluster.init().await?;
        Ok(cluster)
    }

    /// Returns the folder of the socket to connect to.
    pub(crate) fn sockets(&self) -> &Path {
        self.sockets.path()
    }

    /// Starts the cluster for `connections` connections and waits until it takes them.
    pub(crate) async fn start(&self, connections: usize) -> anyhow::Result<Running<'_>> {
        let mut command = Command::from(self.command("postgres"));
        command.arg("-D").arg(self.data());
        for setting in self.settings(connections) {
            command.arg("-c").arg(setting);
        }
        let mut child = command
            .stderr(Stdio::piped())
            .spawn()
            .context("starting postgres")?;
        let stderr = child.stderr.take().context("the child has no output")?;
        // From here on whatever goes wrong ends it.
        let running = Running {
            cluster: self,
            child: Some(child),
        };
        let mut lines = BufReader::new(stderr).lines();
        tokio::time::timeout(START_DEADLINE, async {
            let mut last = String::new();
            while let Some(line) = lines.next_line().await? {
                if line.contains(READY) {
                    return Ok(());
                }
                last = line;
            }
            bail!("postgres ended before it took connections: {last}")
        })
        .await
        .context("postgres did not start in time")??;
        // Keep its output flowing, or a full pipe would stop it.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Ok(running)
    }

    async fn init(&self) -> anyhow::Result<()> {
        let mut command = Command::from(self.command("initdb"));
        command
            .args(["--auth=trust", "--no-locale", "--encoding=UTF8"])
            .args(["--username", ROLE, "--pgdata"])
            .arg(self.data())
            .kill_on_drop(true);
        let output = tokio::time::timeout(START_DEADLINE, command.output())
            .await
            .context("initdb did not end in time")?
            .context("starting initdb")?;
        let words = String::from_utf8_lossy(&output.stderr);
        ensure!(
            output.status.success(),
            "initdb failed: {}",
            words.lines().last().unwrap_or("no reason given")
        );
        Ok(())
    }

    fn settings(&self, connections: usize) -> Vec<String> {
        vec![
            "fsync=on".to_owned(),
            "synchronous_commit=on".to_owned(),
            "full_page_writes=on".to_owned(),
            // More than a measurement writes, so that no row is read back.
            "shared_buffers=256MB".to_owned(),
            format!("max_connections={}", connections + SPARE_CONNECTIONS),
            "listen_addresses=".to_owned(),
            format!(
                "unix_socket_directories={}",
                self.sockets.path().to_string_lossy()
            ),
            "port=5432".to_owned(),
            "lc_messages=C".to_owned(),
        ]
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Returns a program of PostgreSQL on the core of the server under test, as the cluster's account. It is told to
    /// end when this program dies, whatever of.
    fn command(&self, program: &str) -> std::process::Command {
        let mut command = std::process::Command::new("taskset");
        command.args(["-c", SERVER_CORE, "setpriv", "--pdeathsig", "INT"]);
        if let Some(Account { uid, gid }) = self.account {
            command
                .arg(format!("--reuid={uid}"))
                .arg(format!("--regid={gid}"))
                .arg("--clear-groups");
        }
        command
            .arg(self.programs.join(program))
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        command
    }

    /// Ends the running cluster and waits until it has.
    fn end(&self, mode: &str) -> anyhow::Result<()> {
        let output = self
            .command("pg_ctl")
            .args(["stop", "-w", "-t", STOP_DEADLINE_SECS, "-m", mode, "-D"])
            .arg(self.data())
            .output()
            .context("starting pg_ctl")?;
        let words = String::from_utf8_lossy(&output.stderr);
        ensure!(
            output.status.success(),
            "postgres did not end: {}",
            words.lines().last().unwrap_or("no reason given")
        );
        Ok(())
    }
}

/// A cluster that runs. Ended when it is dropped, then without writing what it has in memory.
pub(crate) struct Running<'a> {
    cluster: &'a Cluster,
    child: Option<Child>,
}

impl Running<'_> {
    /// Ends it with everything written, so that the next start has nothing to repair.
    pub(crate) async fn stop(mut self) -> anyhow::Result<()> {
        self.cluster.end("fast")?;
        if let Some(mut child) = self.child.take() {
            child.wait().await.context("waiting for postgres")?;
        }
        Ok(())
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take()
            && self.cluster.end("immediate").is_err()
        {
            // It has ended by itself, or nothing else is left to try.
            let _ = child.start_kill();
        }
    }
}

/// Returns the first folder that has all of PostgreSQL's programs: those of `path`, then the newest below `versions`.
fn find(path: &OsStr, versions: &Path) -> Option<PathBuf> {
    let mut numbered: Vec<(u32, PathBuf)> = std::fs::read_dir(versions)
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let version = entry.file_name().to_str()?.parse().ok()?;
            Some((version, entry.path().join("bin")))
        })
        .collect();
    numbered.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
    std::env::split_paths(path)
        .chain(numbered.into_iter().map(|(_, folder)| folder))
        .filter(|folder| folder.is_absolute())
        .find(|folder| PROGRAMS.iter().all(|name| folder.join(name).is_file()))
}

/// Returns the account to lend, from the text of `/etc/passwd`.
fn lent_account(passwd: &str) -> Option<Account> {
    ACCOUNTS.iter().find_map(|wanted| {
        passwd.lines().find_map(|line| {
            let fields: Vec<&str> = line.split(':').collect();
            let [name, _, uid, gid, ..] = fields.as_slice() else {
                return None;
            };
            (name == wanted).then_some(Account {
                uid: uid.parse().ok()?,
                gid: gid.parse().ok()?,
            })
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn programs(folder: &Path, names: &[&str]) {
        std::fs::create_dir_all(folder).unwrap();
        for name in names {
            std::fs::write(folder.join(name), "").unwrap();
        }
    }

    #[test]
    fn the_programs_are_found_in_path_first_then_in_the_newest_version() {
        let root = tempfile::tempdir().unwrap();
        let (own, half) = (root.path().join("own"), root.path().join("half"));
        let versions = root.path().join("versions");
        programs(&half, &["initdb", "psql"]);
        programs(&versions.join("9/bin"), &PROGRAMS);
        programs(&versions.join("15/bin"), &PROGRAMS);
        programs(&versions.join("16/bin"), &["pg_ctl"]);
        std::fs::create_dir_all(versions.join("common")).unwrap();

        let path = std::env::join_paths([&half, &own]).unwrap();
        assert_eq!(find(&path, &versions), Some(versions.join("15/bin")));
        programs(&own, &PROGRAMS);
        assert_eq!(find(&path, &versions), Some(own));
    }

    #[test]
    fn where_postgres_is_not_the_reason_says_what_to_install() {
        let empty = tempfile::tempdir().unwrap();
        let nowhere = empty.path().join("versions");
        assert_eq!(find(empty.path().as_os_str(), &nowhere), None);
        assert_eq!(
            NotInstalled.to_string(),
            "PostgreSQL is not here: install it (Debian's package postgresql) or have initdb, pg_ctl, postgres in PATH"
        );
    }

    #[test]
    fn root_lends_the_databases_account_before_nobodys() {
        let nobody = "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65533::/:/bin/false\n";
        assert_eq!(
            lent_account(nobody),
            Some(Account {
                uid: 65534,
                gid: 65533
            })
        );
        let both = format!("{nobody}postgres:x:101:104::/var/lib/postgresql:/bin/bash\n");
        assert_eq!(lent_account(&both), Some(Account { uid: 101, gid: 104 }));
        assert_eq!(lent_account("root:x:0:0:root:/root:/bin/sh\n"), None);
    }
}
