//! The secret that links are signed with, where none is configured.

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use rand::RngCore;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::Path;

/// The fewest bytes a kept secret may have: fewer mean that the file was cut.
const LEAST: usize = 32;

/// Reads the secret in `folder`, after making one where there is none. Of
/// several processes that start at once, all get the same.
///
/// # Errors
/// When the file can't be read or written, or holds no secret.
pub fn load_or_create(folder: &Path) -> io::Result<Vec<u8>> {
    let path = folder.join("secret.key");
    match fs::read(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => create(folder, &path)?,
        read => return checked(read?),
    }
    checked(fs::read(&path)?)
}

fn checked(secret: Vec<u8>) -> io::Result<Vec<u8>> {
    let secret = secret.trim_ascii().to_vec();
    if secret.len() < LEAST {
        return Err(io::Error::new(ErrorKind::InvalidData, "secret.key is too short to be a secret"));
    }
    Ok(secret)
}

/// Writes the secret beside its place and links it there: the link fails
/// where another process was faster, and nobody ever sees half a file.
fn create(folder: &Path, path: &Path) -> io::Result<()> {
    let mut bytes = [0; 48];
    rand::rng().fill_bytes(&mut bytes);
    let draft = folder.join(format!(".secret.{}-{:016x}", std::process::id(), rand::rng().next_u64()));
    let mut file = private(&draft)?;
    file.write_all(STANDARD_NO_PAD.encode(bytes).as_bytes())?;
    file.sync_all()?;
    let linked = fs::hard_link(&draft, path);
    fs::remove_file(&draft)?;
    match linked {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

fn private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_who_start_at_once_get_the_same_secret() {
        let folder = tempfile::tempdir().expect("a folder");
        let load = || load_or_create(folder.path()).expect("a secret");
        let secrets = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..16).map(|_| scope.spawn(load)).collect();
            threads.into_iter().map(|thread| thread.join().expect("a secret")).collect::<Vec<_>>()
        });
        assert!(secrets.iter().all(|secret| *secret == secrets[0] && secret.len() >= LEAST));
        assert_eq!(load(), secrets[0]);
        assert_eq!(fs::read_dir(folder.path()).expect("listed").count(), 1, "no drafts are left");
    }

    #[cfg(unix)]
    #[test]
    fn only_its_owner_can_read_it() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("a folder");
        load_or_create(folder.path()).expect("a secret");
        let mode = fs::metadata(folder.path().join("secret.key")).expect("exists").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_cut_file_is_no_secret() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("secret.key"), "abc").expect("written");
        assert_eq!(load_or_create(folder.path()).expect_err("refused").kind(), ErrorKind::InvalidData);
    }
}
