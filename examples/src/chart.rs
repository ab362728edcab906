//! Line charts of a training run, written as one SVG.

use std::error::Error;
use std::fs;
use std::path::Path;

use plotters::coord::Shift;
use plotters::prelude::*;

/// Width and height of one panel in pixels.
const PANEL: (u32, u32) = (480, 360);

/// One chart: a value of the training set and of the test set after each epoch.
#[derive(Debug, Clone, Copy)]
pub struct Panel<'a> {
    /// What is drawn.
    pub title: &'a str,
    /// The training set's values.
    pub train: &'a [f64],
    /// The test set's values.
    pub test: &'a [f64],
}

/// Draws `panels` side by side into the SVG file `path`; makes its folder if there is none.
///
/// # Errors
/// If the file cannot be written.
pub fn write(path: &Path, panels: &[Panel<'_>]) -> Result<(), Box<dyn Error>> {
    let svg = render(panels)?;
    let written = path
        .parent()
        .map_or(Ok(()), fs::create_dir_all)
        .and_then(|()| fs::write(path, svg));
    written.map_err(|e| format!("cannot write {}: {e}", path.display()).into())
}

fn render(panels: &[Panel<'_>]) -> Result<String, Box<dyn Error>> {
    let mut svg = String::new();
    {
        let size = (PANEL.0 * panels.len() as u32, PANEL.1);
        let root = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        root.fill(&WHITE)?;
        for (area, panel) in root.split_evenly((1, panels.len())).iter().zip(panels) {
            draw(area, panel)?;
        }
        root.present()?;
    }
    Ok(svg)
}

fn draw(
    area: &DrawingArea<SVGBackend<'_>, Shift>,
    panel: &Panel<'_>,
) -> Result<(), Box<dyn Error>> {
    let (low, high) = range(panel);
    // One epoch alone would make an axis of no length.
    let last = panel.train.len().max(panel.test.len()).max(2);
    let mut chart = ChartBuilder::on(area)
        .caption(panel.title, ("sans-serif", 18))
        .margin(12)
        .x_label_area_size(36)
        .y_label_area_size(48)
        .build_cartesian_2d(1.0..last as f64, low..high)?;
    chart
        .configure_mesh()
        .light_line_style(WHITE)
        .x_desc("epoch")
        .x_labels(8)
        .x_label_formatter(&|x| format!("{x:.0}"))
        .y_label_formatter(&|y| format!("{y:.2}"))
        .draw()?;
    for (name, values, color) in [("train", panel.train, BLUE), ("test", panel.test, RED)] {
        let points = || {
            (1..)
                .map(f64::from)
                .zip(values.iter().copied())
                .filter(|(_, y)| y.is_finite())
        };
        chart
            .draw_series(LineSeries::new(points(), color.stroke_width(2)))?
            .label(name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], color.stroke_width(2)));
        chart.draw_series(points().map(|point| Circle::new(point, 2, color.filled())))?;
    }
    // Curves that fall leave the upper right corner free, those that rise the lower one.
    let falls = panel.train.first() > panel.train.last();
    let corner = if falls {
        SeriesLabelPosition::UpperRight
    } else {
        SeriesLabelPosition::LowerRight
    };
    chart
        .configure_series_labels()
        .position(corner)
        .background_style(WHITE)
        .border_style(BLACK)
        .draw()?;
    Ok(())
}

/// The lowest and highest finite value, a little apart even where all are the same.
fn range(panel: &Panel<'_>) -> (f64, f64) {
    let finite = || {
        panel
            .train
            .iter()
            .chain(panel.test)
            .copied()
            .filter(|y| y.is_finite())
    };
    let (low, high) = finite().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), y| {
        (l.min(y), h.max(y))
    });
    if low > high {
        return (0.0, 1.0);
    }
    let margin = (0.05 * (high - low)).max(1e-3);
    (low - margin, high + margin)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_panel_has_its_title_and_both_curves() {
        let panels = [
            Panel {
                title: "loss",
                train: &[2.0, 1.0, 0.5],
                test: &[2.1, 1.2, 0.9],
            },
            Panel {
                title: "accuracy",
                train: &[0.2, 0.8, 0.9],
                test: &[0.2, 0.7, 0.8],
            },
        ];
        let svg = render(&panels).unwrap();
        for text in ["loss", "accuracy", "train", "test", "epoch"] {
            assert!(svg.contains(text), "{text}");
        }
        assert_eq!(svg.matches("<circle").count(), 12);
    }

    #[test]
    fn one_epoch_and_a_diverged_run_still_draw() {
        for values in [&[0.5][..], &[f64::NAN, f64::INFINITY], &[]] {
            let svg = render(&[Panel {
                title: "loss",
                train: values,
                test: values,
            }])
            .unwrap();
            assert!(
                svg.ends_with("</svg>\n") && !svg.contains("NaN"),
                "{values:?}"
            );
        }
    }
}
