//! What is written about people is its owner's to read, whatever the umask of whoever calls.

#![allow(clippy::unwrap_used)] // a failure here is the test's

mod common;

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use common::load::visit;
use common::{ADMIN_TOKEN, Collector, SECRET_KEY, write_config};

const ANNA: &str = "0199d2a4-79b0-7cc3-98c4-dc0c0c07398f";

/// A command under a umask that takes no right away.
fn open_handed(dir: &Path, args: &[&str]) -> Command {
    let mut command = Command::new("sh");
    command
        .args(["-c", "umask 000; exec \"$0\" \"$@\""])
        .arg(env!("CARGO_BIN_EXE_firsthand"))
        .args(args)
        .env("FIRSTHAND_CONFIG", dir.join("collector.toml"))
        .env("ADMIN_TOKEN", ADMIN_TOKEN)
        .env("ERP_KEY", SECRET_KEY);
    command
}

fn done(dir: &Path, args: &[&str]) {
    let output = open_handed(dir, args).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{args:?}: {said}");
}

/// Everything below a folder that somebody else may read, write or enter.
fn open_to_others(dir: &Path) -> Vec<(PathBuf, u32)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let about = std::fs::metadata(&path).unwrap();
        let mode = about.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            found.push((path.clone(), mode));
        }
        if about.is_dir() {
            found.extend(open_to_others(&path));
        }
    }
    found
}

#[test]
fn nothing_that_is_written_can_be_read_by_others() {
    let home = tempfile::tempdir().unwrap();
    write_config(home.path(), "");
    let made = home.path().join("made");
    std::fs::create_dir(&made).unwrap();
    std::fs::set_permissions(&made, std::fs::Permissions::from_mode(0o700)).unwrap();
    let out = |name: &str| made.join(name).display().to_string();
    let mut serve = open_handed(home.path(), &["serve"]);
    let collector = Collector::start_by(&mut serve);
    visit(&collector, ANNA, "seen");
    done(home.path(), &["backup", "--out", &out("backups/first")]);
    done(
        home.path(),
        &["audit", "export", "--out", &out("audit.jsonl")],
    );
    done(
        home.path(),
        &["consent", "export", "--out", &out("receipts.jsonl")],
    );
    let anna = ["export", "--anonymous-id", ANNA, "--verified-by", "a test"];
    let to = out("anna.jsonl");
    let anna = [anna.as_slice(), &["--out", &to]].concat();
    done(home.path(), &anna);
    // Nothing is written over.
    let again = open_handed(home.path(), &anna).output().unwrap();
    let said = String::from_utf8_lossy(&again.stderr).into_owned();
    assert!(
        !again.status.success() && said.contains("exists: name a new file"),
        "{said}"
    );
    drop(collector);

    // Elsewhere, from the backup: also one that somebody has made readable meanwhile.
    let copy = made.join("backups/first/firsthand.db");
    std::fs::set_permissions(&copy, std::fs::Permissions::from_mode(0o644)).unwrap();
    let other = tempfile::tempdir().unwrap();
    write_config(other.path(), "");
    let data = other.path().join("data");
    std::fs::create_dir(&data).unwrap();
    std::fs::set_permissions(&data, std::fs::Permissions::from_mode(0o700)).unwrap();
    let key = "data/firsthand.key";
    std::fs::copy(home.path().join(key), other.path().join(key)).unwrap();
    done(other.path(), &["restore", "--from", &out("backups/first")]);
    std::fs::set_permissions(&copy, std::fs::Permissions::from_mode(0o600)).unwrap();

    // One that begins with a token, before there is any data.
    let third = tempfile::tempdir().unwrap();
    write_config(third.path(), "");
    done(
        third.path(),
        &["token", "create", "--role", "read", "--name", "anna"],
    );

    // One that `init` makes, its configuration too.
    let fresh = made.join("fresh");
    let to = out("fresh");
    done(
        &made,
        &["init", "--shop", "https://kettle.test", "--dir", &to],
    );

    for (dir, wanted) in [
        (
            home.path(),
            &["data/firsthand.db", "data/firsthand.key"][..],
        ),
        (
            &made,
            &[
                "backups/keys.db",
                "backups/first/firsthand.db",
                "anna.jsonl",
                "audit.jsonl",
                "receipts.jsonl",
            ],
        ),
        (
            &fresh,
            &[
                "collector.toml",
                "secrets/backend-key",
                "secrets/admin-token",
            ],
        ),
        (other.path(), &["data/firsthand.db"]),
        (third.path(), &["data/firsthand.db"]),
    ] {
        for file in wanted {
            assert!(dir.join(file).is_file(), "{file}");
        }
        // The test's own file is not the collector's.
        let configuration = dir.join("collector.toml");
        let open: Vec<_> = open_to_others(dir)
            .into_iter()
            .filter(|(path, _)| dir == fresh || *path != configuration)
            .collect();
        assert!(open.is_empty(), "{open:x?}");
    }
}
