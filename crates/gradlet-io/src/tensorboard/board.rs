//! [`TensorBoard`]: a writer of event files.

use std::fs::{self, OpenOptions};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use gradlet_tensor::{Element, Result, Tensor};

use super::histogram::histogram;
use super::message::Message;
use super::picture::picture;
use super::record::record;
use crate::append::Append;
use crate::reason::{OfFile, Reasoned};

/// How the name of an event file begins; the second when it was made follows.
const PREFIX: &str = "events.out.tfevents.";

/// The format, in the first event of a file.
const VERSION: &str = "brain.Event:2";

/// Some thousand numbers.
const MOST_BUFFERED_BYTES: usize = 1 << 16;

/// TensorFlow's numbers for a run that starts, for texts in tensors, and for the kinds of data that a tensor can hold.
const START: u64 = 1;
const DT_STRING: u64 = 7;
const DATA_CLASS_TENSOR: u64 = 2;

/// A folder with the numbers of a run, which `tensorboard --logdir` shows.
///
/// Each writer has an event file of its own in the folder. Events are buffered: they are in the file after
/// [`flush`](Self::flush), when 64 KiB have come together, and when the writer is dropped. A file has whole events also
/// after a crash. Each event has the time of the system's clock, which gradlet reads for nothing else.
///
/// # Example
///
/// ```
/// use gradlet_io::TensorBoard;
/// use gradlet_tensor::{Tensor, tensor};
///
/// # fn main() -> gradlet_tensor::Result<()> {
/// # let folder = std::env::temp_dir().join(format!("gradlet-board-{}", std::process::id()));
/// let mut board = TensorBoard::create(&folder)?;
/// board.scalar("train/loss", 1, 0.5)?;
/// board.histogram("hidden.weight", 1, &tensor![[0.1, -0.2], [0.3, 0.0]])?;
/// board.text("settings", 1, "a learning rate of *0.1*")?;
/// board.image("first digit", 1, &Tensor::<f32>::zeros([28, 28])?)?;
/// board.flush()?;
/// # drop(board);
/// # let _ = std::fs::remove_dir_all(&folder);
/// # Ok(())
/// # }
/// ```
///
/// # Source
///
/// `torch.utils.tensorboard.SummaryWriter`.
#[derive(Debug)]
pub struct TensorBoard {
    path: PathBuf,
    events: Append,
}

impl TensorBoard {
    /// Makes a new event file in a folder, and the folder if there is none.
    ///
    /// TensorBoard shows all event files of a folder as one run, in the order of their names. The new file's name is
    /// the last one.
    ///
    /// # Errors
    ///
    /// If the folder or the file cannot be made.
    ///
    /// # Example
    ///
    /// ```
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// # let folder = std::env::temp_dir().join(format!("gradlet-board-create-{}", std::process::id()));
    /// let board = gradlet_io::TensorBoard::create(folder.join("runs/digits"))?;
    /// # drop(board);
    /// # let _ = std::fs::remove_dir_all(&folder);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn create(folder: impl AsRef<Path>) -> Result<Self> {
        let folder = folder.as_ref();
        Self::created(folder).of_file(folder)
    }

    fn created(folder: &Path) -> Reasoned<Self> {
        let failed = |error| format!("no event file can be made in this folder: {error}");
        fs::create_dir_all(folder).map_err(failed)?;
        let mut second = now().as_secs();
        for entry in fs::read_dir(folder).map_err(failed)?.flatten() {
            // Of a run in the same second, or before a clock was set back.
            if let Some(older) = second_of(&entry.file_name().to_string_lossy()) {
                second = second.max(older + 1);
            }
        }
        loop {
            let path = folder.join(format!("{PREFIX}{second:010}.gradlet"));
            let file = match OpenOptions::new().append(true).create_new(true).open(&path) {
                // Of a different process, meanwhile.
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                    second += 1;
                    continue;
                }
                file => file.map_err(failed)?,
            };
            let events = Append::new(file, 0, MOST_BUFFERED_BYTES);
            let mut board = Self { path, events };
            board.event(0, Message::default().bytes(3, VERSION))?;
            board.events.flush()?;
            return Ok(board);
        }
    }

    /// Adds a point to the curve `tag`. TensorBoard shows numbers of `f32`.
    ///
    /// # Errors
    ///
    /// If the step is above `i64::MAX`, or the buffer is full and cannot be written.
    ///
    /// # Example
    ///
    /// ```
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// # let folder = std::env::temp_dir().join(format!("gradlet-board-scalar-{}", std::process::id()));
    /// # let mut board = gradlet_io::TensorBoard::create(&folder)?;
    /// for (step, loss) in [(1, 0.7), (2, 0.5)] {
    ///     board.scalar("train/loss", step, loss)?;
    /// }
    /// # drop(board);
    /// # let _ = std::fs::remove_dir_all(&folder);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `SummaryWriter.add_scalar`.
    #[track_caller]
    pub fn scalar(&mut self, tag: &str, step: u64, value: impl Into<f64>) -> Result<()> {
        let value = Message::default().float(2, value.into() as f32);
        self.value("scalar", tag, step, Ok(value))
    }

    /// Adds the distribution of a tensor's elements to the histograms of `tag`.
    ///
    /// The buckets are TensorFlow's: each limit is 1.1 times the one before it, from 1e-12 to 1e20, with either sign.
    ///
    /// # Errors
    ///
    /// If the tensor is empty or has an element that is NaN or infinite, the step is above `i64::MAX`, or the buffer is
    /// full and cannot be written.
    ///
    /// # Example
    ///
    /// ```
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// # let folder = std::env::temp_dir().join(format!("gradlet-board-histogram-{}", std::process::id()));
    /// # let mut board = gradlet_io::TensorBoard::create(&folder)?;
    /// let error = board.histogram("weight", 1, &gradlet_tensor::tensor![1.0, f32::NAN]);
    /// let text = error.unwrap_err().to_string();
    /// assert!(text.contains("the histogram \"weight\": 1 of its 2 numbers are not finite"), "{text}");
    /// # drop(board);
    /// # let _ = std::fs::remove_dir_all(&folder);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `SummaryWriter.add_histogram`.
    #[track_caller]
    pub fn histogram<T: Element>(&mut self, tag: &str, step: u64, x: &Tensor<T>) -> Result<()> {
        let value = histogram(x).map(|histogram| Message::default().message(5, histogram));
        self.value("histogram", tag, step, value)
    }

    /// Adds a text, in which TensorBoard understands Markdown.
    ///
    /// # Errors
    ///
    /// If the step is above `i64::MAX`, or the buffer is full and cannot be written.
    ///
    /// # Example
    ///
    /// ```
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// # let folder = std::env::temp_dir().join(format!("gradlet-board-text-{}", std::process::id()));
    /// # let mut board = gradlet_io::TensorBoard::create(&folder)?;
    /// board.text("settings", 0, "| rate | batch |\n|---|---|\n| 0.1 | 32 |")?;
    /// # drop(board);
    /// # let _ = std::fs::remove_dir_all(&folder);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `SummaryWriter.add_text`; as TensorFlow's `tf.summary.text`, this leaves the tag as it is.
    #[track_caller]
    pub fn text(&mut self, tag: &str, step: u64, text: &str) -> Result<()> {
        let plugin = Message::default().bytes(1, "text");
        let about = Message::default().message(1, plugin);
        let about = about.integer(4, DATA_CLASS_TENSOR);
        // A tensor without axes.
        let tensor = Message::default().integer(1, DT_STRING).bytes(8, text);
        let value = Message::default().message(9, about).message(8, tensor);
        self.value("text", tag, step, Ok(value))
    }

    /// Adds a picture.
    ///
    /// # Shape
    ///
    /// `x: [height, width]` or `[1, height, width]` (grey) or `[3, height, width]` (red, green, blue). Elements are
    /// floats in [0, 1] or `u8`.
    ///
    /// # Errors
    ///
    /// If the tensor has a different shape, no elements, elements of a different type or out of range, the step is above
    /// `i64::MAX`, or the buffer is full and cannot be written.
    ///
    /// # Example
    ///
    /// ```
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// # let folder = std::env::temp_dir().join(format!("gradlet-board-image-{}", std::process::id()));
    /// # let mut board = gradlet_io::TensorBoard::create(&folder)?;
    /// board.image("checks", 1, &gradlet_tensor::tensor![u8; [0, 255], [255, 0]])?;
    /// # drop(board);
    /// # let _ = std::fs::remove_dir_all(&folder);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `SummaryWriter.add_image`.
    #[track_caller]
    pub fn image<T: Element>(&mut self, tag: &str, step: u64, x: &Tensor<T>) -> Result<()> {
        let value = picture(x).map(|picture| Message::default().message(4, picture));
        self.value("image", tag, step, value)
    }

    /// Makes TensorBoard forget what was logged of later steps than this one, by this writer or an older one in the same
    /// folder: a run that goes on after this step logs them again.
    ///
    /// # Errors
    ///
    /// If the step is not below `i64::MAX`, or the file cannot be written.
    ///
    /// # Example
    ///
    /// ```
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// # let folder = std::env::temp_dir().join(format!("gradlet-board-resumed-{}", std::process::id()));
    /// // In a program that goes on with a run that was killed after step 120.
    /// let mut board = gradlet_io::TensorBoard::create(&folder)?;
    /// board.resumed(100)?;
    /// board.scalar("train/loss", 101, 0.4)?;
    /// # drop(board);
    /// # let _ = std::fs::remove_dir_all(&folder);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `SummaryWriter`'s `purge_step`, which is the first step to forget.
    #[track_caller]
    pub fn resumed(&mut self, step: u64) -> Result<()> {
        let session = Message::default().integer(1, START);
        let event = Message::default().message(7, session);
        let pushed = self.event(step.saturating_add(1), event);
        let flushed = pushed.and_then(|()| self.events.flush());
        flushed.of_file(&self.path)
    }

    /// Writes the events that are buffered, so that TensorBoard sees them.
    ///
    /// # Errors
    ///
    /// If they cannot be written, for example because the disk is full. They stay in the buffer.
    ///
    /// # Example
    ///
    /// ```
    /// # fn main() -> gradlet_tensor::Result<()> {
    /// # let folder = std::env::temp_dir().join(format!("gradlet-board-flush-{}", std::process::id()));
    /// # let mut board = gradlet_io::TensorBoard::create(&folder)?;
    /// board.flush()?;
    /// # drop(board);
    /// # let _ = std::fs::remove_dir_all(&folder);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Source
    ///
    /// `SummaryWriter.flush`.
    #[track_caller]
    pub fn flush(&mut self) -> Result<()> {
        self.events.flush().of_file(&self.path)
    }

    /// Adds an event with one value of a tag.
    #[track_caller]
    fn value(&mut self, kind: &str, tag: &str, step: u64, value: Reasoned<Message>) -> Result<()> {
        let added = value.and_then(|value| {
            let summary = Message::default().message(1, value.bytes(1, tag));
            self.event(step, Message::default().message(5, summary))
        });
        let added = added.map_err(|reason| format!("the {kind} {tag:?}: {reason}"));
        added.of_file(&self.path)
    }

    /// Adds an event, which has everything but its step and time.
    fn event(&mut self, step: u64, event: Message) -> Reasoned<()> {
        if i64::try_from(step).is_err() {
            return Err(format!("the step {step} is above {}", i64::MAX));
        }
        let event = event.double(1, now().as_secs_f64()).integer(2, step);
        self.events.push(&record(&event.into_bytes()))
    }
}

/// Errors are lost: a program that wants to see them calls `flush` before.
impl Drop for TensorBoard {
    fn drop(&mut self) {
        let _ = self.events.flush();
    }
}

/// The time since 1970.
fn now() -> Duration {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.unwrap_or_default()
}

/// The second in the name of an event file, which has ten digits: longer numbers are in no order.
fn second_of(name: &str) -> Option<u64> {
    let second = name.strip_prefix(PREFIX)?.split('.').next()?;
    second.parse().ok().filter(|_| second.len() == 10)
}
