//! Writing a file so that readers see the whole old one or the whole new one, whatever fails on the way.
//!
//! The bytes go into a temporary file in the same folder, `.NAME.PROCESS-COUNT.part`. It is synced, renamed over the
//! target, and the folder is synced. A writer that is killed leaves its temporary file behind; the next save into the
//! folder, of whatever target, removes it. A living writer holds a lock on its file, which the system frees when the
//! process ends: a temporary file that can be locked has no writer. This needs no process ids that mean something, so
//! it also holds between containers, and on file systems without locks nothing is removed.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::reason::Reasoned;

#[cfg(test)]
mod tests;

/// How the name of a temporary file ends.
const SUFFIX: &str = ".part";

/// What this process has named so far.
static COUNT: AtomicUsize = AtomicUsize::new(0);

/// The calls that a save makes of the system, so that a test can make any of them fail or be the last one.
trait System {
    /// Runs before each call; an error takes the place of the call.
    fn before(&mut self, _call: &'static str) -> io::Result<()> {
        Ok(())
    }

    fn list(&mut self, folder: &Path) -> io::Result<std::fs::ReadDir> {
        self.before("list")?;
        std::fs::read_dir(folder)
    }

    fn create(&mut self, path: &Path) -> io::Result<File> {
        self.before("create")?;
        File::create_new(path)
    }

    fn lock(&mut self, file: &File) -> io::Result<()> {
        self.before("lock")?;
        file.lock()
    }

    fn write(&mut self, mut file: &File, bytes: &[u8]) -> io::Result<usize> {
        self.before("write")?;
        file.write(bytes)
    }

    fn sync(&mut self, file: &File) -> io::Result<()> {
        self.before("sync")?;
        file.sync_all()
    }

    fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        self.before("rename")?;
        std::fs::rename(from, to)
    }

    /// Only Unix can open a folder; elsewhere a rename is as durable as the system makes it.
    fn sync_folder(&mut self, folder: &Path) -> io::Result<()> {
        self.before("sync_folder")?;
        if cfg!(unix) {
            File::open(folder)?.sync_all()?;
        }
        Ok(())
    }

    fn remove(&mut self, path: &Path) -> io::Result<()> {
        self.before("remove")?;
        std::fs::remove_file(path)
    }
}

struct Disk;

impl System for Disk {}

/// Puts the bytes that `contents` writes into the place of the file `path`. They are not buffered on the way.
///
/// After an error the file is as it was, and no temporary file is left; only if the folder cannot be synced is the new
/// file in its place. A symbolic link is replaced, not followed.
pub(crate) fn write(
    path: &Path,
    contents: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Reasoned<()> {
    write_by(&mut Disk, path, contents)
}

fn write_by(
    system: &mut dyn System,
    path: &Path,
    contents: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Reasoned<()> {
    let Some(name) = path.file_name() else {
        return Err("cannot be saved: this is not the name of a file".to_owned());
    };
    let parent = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    let folder = parent.unwrap_or(Path::new("."));
    remove_abandoned(system, folder);
    let (temporary, file) = create(system, folder, name).map_err(|error| {
        format!("cannot be saved: no temporary file can be made in its folder: {error}")
    })?;
    let written = contents(&mut Output {
        system,
        file: &file,
    });
    let step = |step| move |error| (step, error);
    let saved = written
        .map_err(step("not all of it can be written"))
        .and_then(|()| system.sync(&file).map_err(step("it cannot be synced")))
        .and_then(|()| {
            let renamed = system.rename(&temporary, path);
            renamed.map_err(step("the new file cannot take its place"))
        });
    if let Err((step, error)) = saved {
        let _ = system.remove(&temporary);
        return Err(format!("cannot be saved and is as before: {step}: {error}"));
    }
    system.sync_folder(folder).map_err(|error| {
        format!("is saved, but a power cut may undo it: its folder cannot be synced: {error}")
    })
}

/// A new, locked temporary file.
fn create(system: &mut dyn System, folder: &Path, name: &OsStr) -> io::Result<(PathBuf, File)> {
    loop {
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let mut temporary = OsString::from(".");
        temporary.push(name);
        temporary.push(format!(".{}-{count}{SUFFIX}", process::id()));
        let path = folder.join(temporary);
        let file = match system.create(&path) {
            // Of a process with the same id in a different container.
            Err(error) if error.kind() == ErrorKind::AlreadyExists => continue,
            file => file?,
        };
        // Without locks nobody removes the file.
        let _ = system.lock(&file);
        // A different save may have taken it for an abandoned one before it was locked.
        if path.exists() {
            return Ok((path, file));
        }
    }
}

/// Removes the temporary files in a folder whose writers are dead, as far as that can be done.
fn remove_abandoned(system: &mut dyn System, folder: &Path) {
    let Ok(entries) = system.list(folder) else {
        return;
    };
    for entry in entries.flatten() {
        if is_temporary(&entry.file_name())
            && let Ok(file) = File::open(entry.path())
            && file.try_lock().is_ok()
        {
            let _ = system.remove(&entry.path());
        }
    }
}

/// Whether a name is `.NAME.PROCESS-COUNT.part`.
fn is_temporary(name: &OsStr) -> bool {
    let numbers = || {
        let name = name.to_string_lossy();
        let (name, numbers) = name
            .strip_prefix('.')?
            .strip_suffix(SUFFIX)?
            .rsplit_once('.')?;
        let (process, count) = numbers.split_once('-')?;
        let is_number = |text: &str| text.parse::<usize>().is_ok();
        Some(!name.is_empty() && is_number(process) && is_number(count))
    };
    numbers() == Some(true)
}

struct Output<'a> {
    system: &'a mut dyn System,
    file: &'a File,
}

impl Write for Output<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.system.write(self.file, bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
