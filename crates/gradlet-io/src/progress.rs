//! [`ProgressBar`]: how far a run is, on standard error.

use std::fmt::Write;

use indicatif::{ProgressBar as Bar, ProgressDrawTarget, ProgressStyle};

/// A bar over the steps of a training run, with its epoch and its newest numbers, on standard error.
///
/// It is hidden where standard error is no terminal, and removed when this is dropped. The line of an epoch stays, above
/// the bar. This is behind the feature `progress`.
///
/// # Example
///
/// ```
/// use gradlet_io::ProgressBar;
///
/// let mut bar = ProgressBar::new();
/// for step in 1..=6 {
///     bar.step((step - 1) / 3, 2, step as u64, 6, &[("loss", 1.0 / step as f64)]);
///     if step % 3 == 0 {
///         bar.epoch(step / 3 - 1, 2, &[("train_loss", 0.5), ("accuracy", 0.875)]);
///     }
/// }
/// ```
#[derive(Debug)]
pub struct ProgressBar {
    bar: Bar,
}

impl ProgressBar {
    /// A bar that appears with the first step.
    pub fn new() -> Self {
        Self::on(ProgressDrawTarget::stderr())
    }

    fn on(target: ProgressDrawTarget) -> Self {
        let style =
            ProgressStyle::with_template("{prefix} {bar:30} {pos}/{len} steps, {eta} left{msg}");
        let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = Bar::with_draw_target(None, target).with_style(style);
        Self { bar }
    }

    /// Shows that a run of `epochs` epochs and `steps` steps in all has made `step` steps, that it is in the epoch after
    /// `epoch` others, and the newest numbers.
    pub fn step(
        &mut self,
        epoch: usize,
        epochs: usize,
        step: u64,
        steps: u64,
        scores: &[(&str, f64)],
    ) {
        self.bar.set_length(steps);
        self.bar.set_prefix(place(epoch, epochs));
        self.bar.set_message(text(scores));
        self.bar.set_position(step);
    }

    /// Writes the numbers of an epoch above the bar, if that is shown.
    pub fn epoch(&mut self, epoch: usize, epochs: usize, scores: &[(&str, f64)]) {
        let line = format!("{}{}", place(epoch, epochs), text(scores));
        self.bar.println(line);
    }

    /// Goes on after this number of steps, which do not count for the time that is left.
    pub fn resumed(&mut self, step: u64) {
        self.bar.set_position(step);
        self.bar.reset_eta();
    }
}

impl Default for ProgressBar {
    fn default() -> Self {
        Self::new()
    }
}

/// Epochs are counted from 1 for people.
fn place(epoch: usize, epochs: usize) -> String {
    format!("epoch {}/{epochs}", epoch.saturating_add(1))
}

/// Each number with four digits after the point, or an exponent if it is small or large.
fn text(scores: &[(&str, f64)]) -> String {
    let mut text = String::new();
    for (name, value) in scores {
        let is_plain = *value == 0.0 || (1e-3..1e6).contains(&value.abs());
        let _ = if is_plain {
            write!(text, "  {name} {value:.4}")
        } else {
            write!(text, "  {name} {value:.3e}")
        };
    }
    text
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use indicatif::TermLike;

    use super::*;

    /// A terminal that keeps what is written.
    #[derive(Clone, Debug, Default)]
    struct Terminal(Arc<Mutex<String>>);

    impl Terminal {
        fn text(&self) -> String {
            self.0.lock().unwrap().clone()
        }
    }

    impl TermLike for Terminal {
        fn width(&self) -> u16 {
            200
        }
        fn move_cursor_up(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn move_cursor_down(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn move_cursor_right(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn move_cursor_left(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn write_line(&self, text: &str) -> io::Result<()> {
            self.write_str(&format!("{text}\n"))
        }
        fn write_str(&self, text: &str) -> io::Result<()> {
            self.0.lock().unwrap().push_str(text);
            Ok(())
        }
        fn clear_line(&self) -> io::Result<()> {
            self.write_str("<clear>")
        }
        fn flush(&self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_bar_shows_the_step_and_the_lines_of_epochs_and_is_removed() {
        let terminal = Terminal::default();
        let target = ProgressDrawTarget::term_like_with_hz(Box::new(terminal.clone()), 255);
        let mut bar = ProgressBar::on(target);
        bar.resumed(4);
        assert_eq!((bar.bar.position(), bar.bar.length()), (4, None));
        bar.step(1, 3, 5, 12, &[("loss", 0.5), ("learning_rate", 1e-5)]);
        assert_eq!((bar.bar.position(), bar.bar.length()), (5, Some(12)));
        bar.epoch(1, 3, &[("train_loss", 0.25), ("accuracy", f64::NAN)]);
        let text = terminal.text();
        let line = text
            .find("epoch 2/3  train_loss 0.2500  accuracy NaN")
            .unwrap();
        let shown = &text[line..];
        assert!(shown.contains(" 5/12 steps, "), "{text}");
        assert!(
            shown.contains("left  loss 0.5000  learning_rate 1.000e-5"),
            "{text}"
        );
        drop(bar);
        assert!(terminal.text()[text.len()..].contains("<clear>"));
    }

    #[test]
    fn numbers_are_short() {
        let scores = [
            ("a", 0.0),
            ("b", -1234.56789),
            ("c", 1.5e7),
            ("d", f64::NEG_INFINITY),
        ];
        assert_eq!(text(&scores), "  a 0.0000  b -1234.5679  c 1.500e7  d -inf");
    }
}
