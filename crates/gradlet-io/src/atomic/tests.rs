//! Every call to the system fails, or is the last one of the process; folders, disks and targets that cannot be used.

use std::fs;
use std::process::Command;

use super::*;
use crate::scratch::Scratch;

const OLD: &[u8] = b"old";

/// The new contents, in pieces.
fn new_contents(out: &mut dyn Write) -> io::Result<()> {
    for piece in [[b'a'; 1000], [b'b'; 1000], [b'c'; 1000]] {
        out.write_all(&piece)?;
    }
    Ok(())
}

fn new_bytes() -> Vec<u8> {
    let mut bytes = Vec::new();
    new_contents(&mut bytes).unwrap();
    bytes
}

/// The disk, whose call number `at` fails, after half of what it would have written.
struct Faulty {
    at: usize,
    /// Whether the process ends there, so that no later call does anything.
    stops: bool,
    error: ErrorKind,
    calls: Vec<&'static str>,
}

impl Faulty {
    fn new(at: usize, stops: bool) -> Self {
        let (error, calls) = (ErrorKind::Other, Vec::new());
        Self {
            at,
            stops,
            error,
            calls,
        }
    }
}

impl System for Faulty {
    fn before(&mut self, call: &'static str) -> io::Result<()> {
        let number = self.calls.len();
        self.calls.push(call);
        if number == self.at || (self.stops && number > self.at) {
            return Err(self.error.into());
        }
        Ok(())
    }

    fn write(&mut self, mut file: &File, bytes: &[u8]) -> io::Result<usize> {
        if self.calls.len() == self.at {
            file.write_all(&bytes[..bytes.len() / 2])?;
        }
        self.before("write")?;
        file.write(bytes)
    }
}

#[test]
fn a_save_writes_syncs_and_renames_in_this_order() {
    let folder = Scratch::new("order");
    let mut system = Faulty::new(usize::MAX, false);
    write_by(&mut system, &folder.file("x"), new_contents).unwrap();
    assert_eq!(
        system.calls,
        [
            "list",
            "create",
            "lock",
            "write",
            "write",
            "write",
            "sync",
            "rename",
            "sync_folder"
        ]
    );
    assert_eq!(fs::read(folder.file("x")).unwrap(), new_bytes());
    assert_eq!(folder.names(), ["x"]);
}

#[test]
fn a_call_that_fails_leaves_the_whole_old_file_and_nothing_else() {
    for at in 0..9 {
        let folder = Scratch::new("fails");
        let path = folder.file("x");
        fs::write(&path, OLD).unwrap();
        let mut system = Faulty::new(at, false);
        let result = write_by(&mut system, &path, new_contents);
        let call = system.calls[at];
        // Abandoned files stay where they cannot be listed, and without locks all files do: the save goes on.
        let goes_on = ["list", "lock"].contains(&call);
        assert_eq!(result.is_ok(), goes_on, "{call}");
        let replaced = goes_on || call == "sync_folder";
        let expected = if replaced { new_bytes() } else { OLD.to_vec() };
        assert_eq!(fs::read(&path).unwrap(), expected, "{call}");
        assert_eq!(folder.names(), ["x"], "{call}");
        write(&path, new_contents).unwrap();
        assert_eq!(fs::read(&path).unwrap(), new_bytes());
    }
}

#[test]
fn a_process_that_ends_at_any_call_leaves_a_whole_file_and_what_the_next_save_removes() {
    let mut left_behind = 0;
    for (at, old) in (0..9).flat_map(|at| [(at, true), (at, false)]) {
        let folder = Scratch::new("stops");
        let path = folder.file("x");
        if old {
            fs::write(&path, OLD).unwrap();
        }
        let mut system = Faulty::new(at, true);
        write_by(&mut system, &path, new_contents).unwrap_err();
        match fs::read(&path).ok() {
            Some(found) if system.calls[at] == "sync_folder" => assert_eq!(found, new_bytes()),
            found => assert_eq!(found, old.then(|| OLD.to_vec()), "{}", system.calls[at]),
        }
        left_behind += folder.names().len() - usize::from(path.exists());
        // A save of a different target cleans up too.
        write(&folder.file("y"), new_contents).unwrap();
        write(&path, |out| out.write_all(b"later")).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"later");
        assert_eq!(folder.names(), ["x", "y"]);
    }
    // Between creating and renaming.
    assert_eq!(left_behind, 2 * 6);
}

#[test]
fn a_living_writers_file_is_left_alone_by_other_saves_of_the_same_target() {
    let folder = Scratch::new("living");
    let path = folder.file("x");
    write(&path, |out| {
        out.write_all(b"outer ")?;
        for i in 0..3 {
            write(&path, |out| out.write_all(format!("inner {i}").as_bytes())).unwrap();
        }
        assert_eq!(fs::read(&path).unwrap(), b"inner 2");
        assert_eq!(folder.names().len(), 2);
        out.write_all(b"done")
    })
    .unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"outer done");
    assert_eq!(folder.names(), ["x"]);
}

#[test]
fn many_writers_and_a_reader_of_one_file_see_whole_contents() {
    let folder = Scratch::new("many");
    let path = folder.file("x");
    write(&path, |out| out.write_all(&[0; 5000])).unwrap();
    std::thread::scope(|scope| {
        for writer in 1..4u8 {
            let path = &path;
            scope.spawn(move || {
                for _ in 0..50 {
                    write(path, |out| {
                        [0; 5]
                            .into_iter()
                            .try_for_each(|_| out.write_all(&[writer; 1000]))
                    })
                    .unwrap();
                }
            });
        }
        for _ in 0..500 {
            let found = fs::read(&path).unwrap();
            assert_eq!(found, [found[0]; 5000]);
        }
    });
    assert_eq!(folder.names(), ["x"]);
}

#[test]
fn only_names_of_temporary_files_are_taken_for_such() {
    for name in [".x.1-0.part", ".a.b.c.123-45.part"] {
        assert!(is_temporary(OsStr::new(name)), "{name}");
    }
    for name in [
        "x.1-0.part",
        ".x.part",
        ".x.1-.part",
        ".x.1-a.part",
        "..1-0.part",
        ".x.1-0.tmp",
        ".1-0.part",
    ] {
        assert!(!is_temporary(OsStr::new(name)), "{name}");
    }
    let folder = Scratch::new("names");
    fs::write(folder.file(".mine.part"), OLD).unwrap();
    fs::write(folder.file(".x.1-0.part"), OLD).unwrap();
    write(&folder.file("x"), new_contents).unwrap();
    assert_eq!(folder.names(), [".mine.part", "x"]);
}

/// What a save into a place that cannot be written says.
fn refused(path: &Path) -> String {
    write(path, new_contents).unwrap_err()
}

#[test]
fn a_target_that_is_a_folder_or_no_name_is_refused() {
    let folder = Scratch::new("folder");
    fs::create_dir(folder.file("x")).unwrap();
    let text = refused(&folder.file("x"));
    assert!(
        text.starts_with("cannot be saved and is as before: the new file cannot take"),
        "{text}"
    );
    assert_eq!(folder.names(), ["x"]);
    for path in ["", "/", "x/.."] {
        assert!(
            refused(Path::new(path)).ends_with("not the name of a file"),
            "{path}"
        );
    }
    let text = refused(&folder.file("absent/x"));
    assert!(
        text.starts_with("cannot be saved: no temporary file can be made"),
        "{text}"
    );
}

#[test]
fn a_folder_that_vanishes_on_the_way_is_an_error() {
    let folder = Scratch::new("vanishes");
    let text = write(&folder.file("x"), |out| {
        fs::remove_dir_all(&folder).unwrap();
        new_contents(out)
    });
    assert!(
        text.unwrap_err()
            .contains("the new file cannot take its place")
    );
    assert!(!folder.as_ref().exists());
}

/// A file system of this size and these options at a folder, where the test may mount one.
struct Mounted<'a>(&'a Path);

impl<'a> Mounted<'a> {
    fn new(folder: &'a Scratch, options: &str) -> Option<Self> {
        let mut mount = Command::new("mount");
        mount
            .args(["-t", "tmpfs", "-o", options, "tmpfs"])
            .arg(folder.as_ref());
        let done = mount.output().is_ok_and(|output| output.status.success());
        done.then(|| Self(folder.as_ref()))
    }
}

impl Drop for Mounted<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0).output();
    }
}

#[test]
fn a_full_disk_leaves_the_old_file() {
    let folder = Scratch::new("full");
    let path = folder.file("x");
    let mounted = Mounted::new(&folder, "size=64k");
    fs::write(&path, OLD).unwrap();
    let text = if mounted.is_some() {
        println!("a full disk: a tmpfs of 64 KiB");
        write(&path, |out| (0..100).try_for_each(|_| new_contents(out)))
    } else {
        println!("a full disk: the error of one, since no file system may be mounted here");
        let mut system = Faulty::new(5, false);
        system.error = ErrorKind::StorageFull;
        write_by(&mut system, &path, new_contents)
    };
    let (text, expected) = (text.unwrap_err(), io::Error::from(ErrorKind::StorageFull));
    assert!(text.contains("not all of it can be written: "), "{text}");
    let full = ["No space left", &expected.to_string()];
    assert!(full.iter().any(|words| text.contains(words)), "{text}");
    assert_eq!(fs::read(&path).unwrap(), OLD);
    assert_eq!(folder.names(), ["x"]);
    write(&path, new_contents).unwrap();
    drop(mounted);
}

#[test]
fn a_folder_that_can_only_be_read_is_an_error() {
    let folder = Scratch::new("read-only");
    let path = folder.file("x");
    fs::write(&path, OLD).unwrap();
    let set = |read_only| {
        let mut permissions = fs::metadata(&folder).unwrap().permissions();
        permissions.set_readonly(read_only);
        fs::set_permissions(&folder, permissions).unwrap();
    };
    set(true);
    let bound = File::create(folder.file("probe")).is_err();
    let mounted = if bound {
        println!("a folder without permission to write");
        None
    } else {
        // The permissions of root.
        set(false);
        let mounted = Mounted::new(&folder, "ro");
        println!(
            "a file system to read only: {}",
            if mounted.is_some() {
                "mounted"
            } else {
                "skipped, may not mount"
            }
        );
        mounted
    };
    if bound || mounted.is_some() {
        let text = refused(&path);
        assert!(
            text.starts_with("cannot be saved: no temporary file can be made"),
            "{text}"
        );
    }
    drop(mounted);
    set(false);
    assert_eq!(fs::read(&path).unwrap(), OLD);
}
