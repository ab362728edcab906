//! [`Reasoned`]: what private code returns of a file, before it is known whose call failed.

use std::path::Path;

use gradlet_tensor::{Error, ErrorKind, Result};

/// A value, or the reason why there is none, as [`ErrorKind::File`] holds it.
pub(crate) type Reasoned<T> = std::result::Result<T, String>;

/// The error for the caller of a public function.
pub(crate) trait OfFile<T> {
    /// This value, or an error about the file `path` at the caller's line.
    fn of_file(self, path: &Path) -> Result<T>;
}

impl<T> OfFile<T> for Reasoned<T> {
    #[track_caller]
    fn of_file(self, path: &Path) -> Result<T> {
        // No closure, whose line would be the caller's.
        match self {
            Ok(value) => Ok(value),
            Err(reason) => {
                let path = path.to_owned();
                Err(Error::new(ErrorKind::File { path, reason }))
            }
        }
    }
}
