//! [`Checkpoints`]: the last states of a run and its best one, in a folder.

use std::fs::{self, File, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use gradlet_nn::State;
use gradlet_tensor::{Error, Result};

use crate::reason::{OfFile, Reasoned};
use file::Unusable;

mod file;
mod store;
#[cfg(test)]
mod tests;

const BEST: &str = "best.safetensors";
const LOCK: &str = ".lock";
/// How often a save tries to lock it, and the time between: a process that was killed keeps its locks until all of it is
/// gone, and a run that is resumed at once would be refused.
const LOOKS: u32 = 100;
const BETWEEN_LOOKS: Duration = Duration::from_millis(10);

/// The checkpoints of one run in a folder: states by step, the newest of which a run goes on from after a crash, and
/// the best one.
///
/// Each is a safetensors file, which [`load`](crate::load) reads too, such as `checkpoint-00000050.safetensors` and
/// `best.safetensors`. It takes the place of an older one at once, as [`save`](crate::save) says, and has a CRC-32C of
/// all its bytes, so that a flipped bit is found.
///
/// One run saves in a folder: the first save locks it until these checkpoints are dropped or the process ends, and a
/// different run's save is refused after a second. Any number of processes may read meanwhile. On file systems without
/// locks, two runs remove each other's old checkpoints, but all files stay whole.
///
/// # Example
///
/// ```
/// use gradlet_io::Checkpoints;
/// use gradlet_nn::{Linear, Module};
///
/// # fn main() -> gradlet_tensor::Result<()> {
/// # let folder = std::env::temp_dir().join(format!("gradlet-checkpoints-{}", std::process::id()));
/// let mut model = Linear::new(3, 2, &mut gradlet_tensor::rng(1))?;
/// let mut checkpoints = Checkpoints::in_folder(&folder)?.keep(3); // "runs/digits"
/// let mut first = 0;
/// if let Some((step, state)) = checkpoints.newest()? {
///     model.load_state(&state)?;
///     first = step + 1;
/// }
/// for step in first..100 {
///     // train
///     if step % 10 == 0 {
///         checkpoints.save(step, &model.state())?;
///     }
/// }
/// assert_eq!(checkpoints.newest()?.map(|(step, _)| step), Some(90));
/// # let _ = std::fs::remove_dir_all(&folder);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Checkpoints {
    folder: PathBuf,
    keep: usize,
    passed_over: Vec<Error>,
    /// Locked since the first save.
    lock: Option<File>,
}

impl Checkpoints {
    /// The checkpoints in a folder, which is made if it does not exist. All are kept.
    ///
    /// # Errors
    ///
    /// If the folder does not exist and cannot be made.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_io::Checkpoints;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// # let folder = std::env::temp_dir().join(format!("gradlet-in-folder-{}", std::process::id()));
    /// let mut checkpoints = Checkpoints::in_folder(&folder)?;
    /// assert_eq!(checkpoints.newest()?, None);
    /// # let _ = std::fs::remove_dir_all(&folder);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn in_folder(folder: impl AsRef<Path>) -> Result<Self> {
        let folder = folder.as_ref();
        let made = fs::create_dir_all(folder);
        made.map_err(|error| format!("cannot be made: {error}"))
            .of_file(folder)?;
        Ok(Self {
            folder: folder.to_owned(),
            keep: usize::MAX,
            passed_over: Vec::new(),
            lock: None,
        })
    }

    /// The same checkpoints, of which each save keeps the last `count`, at least one, up to its own step. The best one
    /// and those of later steps stay.
    #[must_use]
    pub fn keep(mut self, count: usize) -> Self {
        self.keep = count.max(1);
        self
    }

    /// Saves the state of a step, and removes the checkpoints that are not kept.
    ///
    /// A run that begins anew needs an empty folder: [`newest`](Self::newest) would still find the last steps of the
    /// run before.
    ///
    /// # Errors
    ///
    /// If a different run saves in this folder, or the file cannot be written (then all are as before), or one that is
    /// not kept cannot be removed.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_io::Checkpoints;
    /// # use gradlet_nn::State;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// # let folder = std::env::temp_dir().join(format!("gradlet-checkpoints-save-{}", std::process::id()));
    /// let mut checkpoints = Checkpoints::in_folder(&folder)?.keep(1);
    /// checkpoints.save(50, &State::new())?;
    /// checkpoints.save(100, &State::new())?;
    /// assert!(folder.join("checkpoint-00000100.safetensors").exists());
    /// assert!(!folder.join("checkpoint-00000050.safetensors").exists());
    /// # let _ = std::fs::remove_dir_all(&folder);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn save(&mut self, step: u64, state: &State) -> Result<()> {
        self.write(&name(step), Some(step), state)?;
        let mut steps = self.steps().of_file(&self.folder)?;
        steps.retain(|other| *other <= step);
        for old in steps.iter().rev().skip(self.keep) {
            let path = self.folder.join(name(*old));
            let removed = match fs::remove_file(&path) {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    Err(format!("cannot be removed: {error}"))
                }
                _ => Ok(()),
            };
            removed.of_file(&path)?;
        }
        Ok(())
    }

    /// Saves the state of the best step so far, in the place of the one before.
    ///
    /// # Errors
    ///
    /// If a different run saves in this folder, or the file cannot be written; then the one before stays.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_io::Checkpoints;
    /// # use gradlet_nn::State;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// # let folder = std::env::temp_dir().join(format!("gradlet-checkpoints-best-{}", std::process::id()));
    /// let mut checkpoints = Checkpoints::in_folder(&folder)?;
    /// assert_eq!(checkpoints.best()?, None);
    /// checkpoints.save_best(&State::new())?;
    /// assert_eq!(checkpoints.best()?, Some(State::new()));
    /// # let _ = std::fs::remove_dir_all(&folder);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn save_best(&mut self, state: &State) -> Result<()> {
        self.write(BEST, None, state)
    }

    /// The step and the state of the newest checkpoint that is whole, or `None` if none is. Those that are not are
    /// passed over, and [`passed_over`](Self::passed_over) tells which.
    ///
    /// # Errors
    ///
    /// If the folder cannot be read, or the newest whole one is of a later format, which this version of gradlet does
    /// not know.
    ///
    /// # Example
    ///
    /// ```
    /// # use gradlet_io::Checkpoints;
    /// # use gradlet_nn::State;
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// # let folder = std::env::temp_dir().join(format!("gradlet-checkpoints-newest-{}", std::process::id()));
    /// let mut checkpoints = Checkpoints::in_folder(&folder)?;
    /// checkpoints.save(1, &State::new())?;
    /// # let write = std::fs::write(folder.join("checkpoint-00000002.safetensors"), b"half");
    /// // checkpoint-00000002.safetensors is damaged
    /// assert_eq!(checkpoints.newest()?, Some((1, State::new())));
    /// assert_eq!(checkpoints.passed_over().len(), 1);
    /// # let _ = (write, std::fs::remove_dir_all(&folder));
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn newest(&mut self) -> Result<Option<(u64, State)>> {
        self.passed_over.clear();
        let steps = self.steps().of_file(&self.folder)?;
        for step in steps.into_iter().rev() {
            let path = self.folder.join(name(step));
            match file::read(&path, Some(step)) {
                Ok(state) => return Ok(Some((step, state))),
                Err(Unusable::Later(reason)) => return Err(reason).of_file(&path),
                Err(Unusable::Damaged(reason)) => {
                    self.passed_over
                        .extend(Err::<(), _>(reason).of_file(&path).err());
                }
            }
        }
        Ok(None)
    }

    /// The checkpoints that the last call of [`newest`](Self::newest) passed over, newest first: errors that name the
    /// file and its damage.
    pub fn passed_over(&self) -> &[Error] {
        &self.passed_over
    }

    /// The best state, if one was saved.
    ///
    /// # Errors
    ///
    /// If it is damaged or cannot be read, or is of a later format.
    ///
    /// # Example
    ///
    /// See [`save_best`](Self::save_best).
    #[track_caller]
    pub fn best(&self) -> Result<Option<State>> {
        let path = self.folder.join(BEST);
        let best = match path.try_exists() {
            Ok(false) => return Ok(None),
            Ok(true) => file::read(&path, None),
            Err(error) => Err(Unusable::Damaged(format!("cannot be read: {error}"))),
        };
        match best {
            Ok(state) => Ok(Some(state)),
            Err(Unusable::Damaged(reason) | Unusable::Later(reason)) => Err(reason).of_file(&path),
        }
    }

    #[track_caller]
    fn write(&mut self, name: &str, step: Option<u64>, state: &State) -> Result<()> {
        self.lock().of_file(&self.folder)?;
        let path = self.folder.join(name);
        file::write(&path, step, state).of_file(&path)
    }

    fn lock(&mut self) -> Reasoned<()> {
        if self.lock.is_some() {
            return Ok(());
        }
        let mut options = File::options();
        let file = options
            .create(true)
            .append(true)
            .open(self.folder.join(LOCK))
            .map_err(|error| format!("cannot be saved to: {error}"))?;
        let mut looks = 1;
        while let Err(TryLockError::WouldBlock) = file.try_lock() {
            if looks == LOOKS {
                return Err(
                    "cannot be saved to: a different run saves its checkpoints in this folder"
                        .to_owned(),
                );
            }
            looks += 1;
            thread::sleep(BETWEEN_LOOKS);
        }
        self.lock = Some(file);
        Ok(())
    }

    /// The steps of which there are files, in ascending order.
    fn steps(&self) -> Reasoned<Vec<u64>> {
        let unreadable = |error: std::io::Error| format!("cannot be read: {error}");
        let mut steps = Vec::new();
        for entry in fs::read_dir(&self.folder).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?.file_name();
            steps.extend(entry.to_str().and_then(step));
        }
        steps.sort_unstable();
        Ok(steps)
    }
}

fn name(step: u64) -> String {
    format!("checkpoint-{step:08}.safetensors")
}

/// The step of a checkpoint's name.
fn step(file: &str) -> Option<u64> {
    let digits = file
        .strip_prefix("checkpoint-")?
        .strip_suffix(".safetensors")?;
    let step = digits.parse().ok()?;
    (name(step) == file).then_some(step)
}
