//! A confusion matrix as a table with coloured cells, as an SVG under `target/`.

use std::error::Error;
use std::path::PathBuf;

use gradlet::ConfusionMatrix;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::chart;

/// Width and height of a cell in pixels.
const CELL: (i32, i32) = (60, 40);
/// Space on the left, for the labels' names, above, for the title, on the right, and below, for the predictions' names.
const LEFT: i32 = 104;
const ABOVE: i32 = 44;
const RIGHT: i32 = 16;
const BELOW: i32 = 60;

/// The colour of a cell that has all samples of its row; one that has none is white.
const FULL: RGBColor = RGBColor(0, 90, 150);

/// Above this share of colour, numbers are white.
const DARK: f64 = 0.55;

/// Draws `matrix` into `target/NAME.svg`, a row for each label and a column for each prediction, and says where that is.
///
/// # Errors
/// If the file cannot be written.
pub fn write(
    name: &str,
    title: &str,
    classes: &[&str],
    matrix: &ConfusionMatrix,
) -> Result<PathBuf, Box<dyn Error>> {
    chart::save(name, &render(title, classes, matrix)?)
}

fn render(
    title: &str,
    classes: &[&str],
    matrix: &ConfusionMatrix,
) -> Result<String, Box<dyn Error>> {
    let n = classes.len() as i32;
    let (right, bottom) = (LEFT + n * CELL.0, ABOVE + n * CELL.1);
    let mut svg = String::new();
    {
        let size = ((right + RIGHT) as u32, (bottom + BELOW) as u32);
        let root = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        root.fill(&WHITE)?;
        let text = |text: &str, size: i32, to: HPos, color: &RGBColor, at: (i32, i32)| {
            let style = ("sans-serif", size).into_font().color(color);
            root.draw_text(text, &style.pos(Pos::new(to, VPos::Center)), at)
        };
        let (across, down) = (LEFT + n * CELL.0 / 2, ABOVE + n * CELL.1 / 2);
        text(title, 18, HPos::Center, &BLACK, (across, ABOVE / 2))?;
        text(
            "prediction",
            14,
            HPos::Center,
            &BLACK,
            (across, bottom + 44),
        )?;
        let upright = ("sans-serif", 14)
            .into_font()
            .transform(FontTransform::Rotate270);
        let upright = upright
            .color(&BLACK)
            .pos(Pos::new(HPos::Center, VPos::Center));
        root.draw_text("label", &upright, (16, down))?;
        let support = matrix.support();
        for (i, count) in matrix.counts.iter().enumerate() {
            let (row, column) = (i / matrix.classes, i % matrix.classes);
            let (x, y) = (LEFT + column as i32 * CELL.0, ABOVE + row as i32 * CELL.1);
            let center = (x + CELL.0 / 2, y + CELL.1 / 2);
            // The root, so that a few hundredths of a row are seen.
            let share = (count / support[row].max(1.0)).sqrt();
            let cell = Rectangle::new([(x, y), (x + CELL.0, y + CELL.1)], tint(share).filled());
            root.draw(&cell)?;
            if *count > 0.0 {
                let color = if share > DARK { WHITE } else { BLACK };
                text(&count.to_string(), 13, HPos::Center, &color, center)?;
            }
            if row == 0 {
                text(
                    classes[column],
                    13,
                    HPos::Center,
                    &BLACK,
                    (center.0, bottom + 16),
                )?;
            }
            if column == 0 {
                text(classes[row], 13, HPos::Right, &BLACK, (LEFT - 8, center.1))?;
            }
        }
        let frame = [(LEFT, ABOVE), (right, bottom)];
        root.draw(&Rectangle::new(frame, BLACK.stroke_width(1)))?;
        root.present()?;
    }
    Ok(svg)
}

/// White mixed with a share of the full colour.
fn tint(share: f64) -> RGBColor {
    let mix = |full: u8| (255.0 - share * f64::from(255 - full)).round() as u8;
    RGBColor(mix(FULL.0), mix(FULL.1), mix(FULL.2))
}

#[cfg(test)]
mod tests {
    use super::*;
    use gradlet::tensor;

    #[test]
    fn every_count_and_name_is_in_its_cell_and_zeros_are_white() {
        let mut matrix = ConfusionMatrix::new(2).unwrap();
        let (predictions, labels) = (tensor![i64; 0, 1, 1, 1, 1], tensor![i64; 0, 0, 0, 0, 1]);
        matrix.update_predictions(&predictions, &labels).unwrap();
        let svg = render("a title", &["cat", "dog"], &matrix).unwrap();
        for text in ["a title", "prediction", "label", "cat", "dog", "1", "3"] {
            assert!(svg.contains(&format!("\n{text}\n")), "{text}");
        }
        // Of four cats one is found; no dog is taken for a cat.
        let half = tint(0.5);
        assert_eq!(half, RGBColor(128, 173, 203));
        assert!(svg.contains("fill=\"#80ADCB\"") && svg.contains("fill=\"#005A96\""));
        assert!(!svg.contains("\n0\n"));
        assert_eq!(svg.matches("fill=\"#FFFFFF\"").count(), 2 + 2);
    }

    #[test]
    fn classes_without_samples_are_white() {
        let svg = render("", &["a", "b", "c"], &ConfusionMatrix::new(3).unwrap()).unwrap();
        assert_eq!(svg.matches("fill=\"#FFFFFF\"").count(), 1 + 9);
    }
}
