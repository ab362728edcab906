//! Programs in Python, for tests that compare with it.

use std::error::Error;
use std::path::Path;
use std::process::Command;

/// Runs code in a folder, if `GRADLET_PYTHON`, or else `python3`, can import the modules; what it prints.
///
/// # Errors
/// If the code fails; the message is what it said.
pub fn run(
    modules: &str,
    code: &str,
    folder: impl AsRef<Path>,
) -> Result<Option<String>, Box<dyn Error>> {
    let python = std::env::var_os("GRADLET_PYTHON").unwrap_or_else(|| "python3".into());
    let import = format!("import {modules}");
    let found = Command::new(&python).args(["-c", &import]).output();
    if !found.is_ok_and(|output| output.status.success()) {
        println!("skipped: {} cannot {import}", python.display());
        return Ok(None);
    }
    let output = Command::new(python)
        .args(["-c", code])
        .current_dir(folder)
        .output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    Ok(Some(String::from_utf8(output.stdout)?))
}
