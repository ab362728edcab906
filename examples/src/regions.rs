//! [`Regions`]: a map of a net's scores over a plane, with the points that it learned from, as an SVG under `target/`.

use std::error::Error;
use std::fmt::Write;
use std::iter;
use std::path::PathBuf;

use gradlet::prelude::{Result, Tensor};
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::areas::{self, Corner, Point};
use crate::chart;

/// Width of the map in pixels; a unit of both axes is as long.
const WIDTH: f64 = 560.0;
/// Space around the map: the title above, the legend on the right, axes below and on the left.
const ABOVE: i32 = 40;
const RIGHT: i32 = 130;
const BELOW: i32 = 44;
const LEFT: i32 = 56;

/// Scores are computed at the corners of squares of about 7 pixels, and are linear between them.
const COLUMNS: usize = 80;

/// Scores beyond these are drawn as these.
const FAR: f32 = 1e6;

/// How far the map reaches beyond the points.
const MARGIN: f64 = 0.4;

/// Areas of different colours meet at these scores.
const LEVELS: [f64; 5] = [-2.0, -1.0, 0.0, 1.0, 2.0];

/// From the lowest scores to the highest: blue that becomes paler, then yellow that becomes stronger. The strongest blue
/// is darker than the strongest yellow, so that the sides differ in grey too.
const AREAS: [RGBColor; LEVELS.len() + 1] = [
    RGBColor(126, 178, 214),
    RGBColor(172, 206, 230),
    RGBColor(217, 232, 243),
    RGBColor(255, 246, 219),
    RGBColor(253, 233, 173),
    RGBColor(250, 218, 120),
];

/// Points on the negative side are dark disks with a light rim, on the positive side light triangles with a dark rim.
const NEGATIVE: [RGBColor; 2] = [RGBColor(255, 255, 255), RGBColor(0, 76, 128)];
const POSITIVE: [RGBColor; 2] = [RGBColor(60, 30, 0), RGBColor(240, 140, 20)];

const BOUNDARY: &str =
    "fill=\"none\" stroke=\"#000000\" stroke-width=\"2\" stroke-linecap=\"round\"";

type Root<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// The part of the plane that is drawn, and the points on it.
#[derive(Debug)]
pub struct Regions {
    x: Point,
    y: Point,
    points: Vec<(Point, bool)>,
    names: [String; 2],
}

impl Regions {
    /// A map around `points`, `[n, 2]`, each on the side that the sign of its element of `sides` says; the sides are
    /// called by `names`, the negative one first.
    ///
    /// # Errors
    /// If the points have no two columns.
    pub fn around(points: &Tensor, sides: &Tensor, names: [&str; 2]) -> Result<Self> {
        let column = |axis| points.select(1, axis).map(|column| column.to_vec());
        let range = |values: &[f32]| {
            let low = values.iter().copied().fold(f32::INFINITY, f32::min);
            let high = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            (f64::from(low) - MARGIN, f64::from(high) + MARGIN)
        };
        let (x, y) = (column(0)?, column(1)?);
        let pairs = x.iter().zip(&y).zip(sides.iter());
        Ok(Self {
            x: range(&x),
            y: range(&y),
            points: pairs
                .map(|((&x, &y), side)| ((x.into(), y.into()), side > 0.0))
                .collect(),
            names: names.map(str::to_owned),
        })
    }

    fn height(&self) -> f64 {
        WIDTH * (self.y.1 - self.y.0) / (self.x.1 - self.x.0)
    }

    /// How far to the right and down the corners of all squares are, row by row, as shares of the map.
    fn shares(&self) -> impl Iterator<Item = Point> {
        let rows = (self.height() / WIDTH * COLUMNS as f64).ceil() as usize;
        let share = |i: usize, all: usize| i as f64 / all as f64;
        (0..=rows).flat_map(move |row| {
            (0..=COLUMNS).map(move |column| (share(column, COLUMNS), share(row, rows)))
        })
    }

    /// The points at which [`write`](Self::write) takes scores, `[n, 2]`.
    ///
    /// # Errors
    /// If memory does not hold them.
    pub fn grid(&self) -> Result<Tensor> {
        let between = |(from, to): Point, share: f64| (from + share * (to - from)) as f32;
        let place = |(right, down)| [between(self.x, right), between(self.y, 1.0 - down)];
        let numbers: Vec<_> = self.shares().flat_map(place).collect();
        Tensor::from_slice(&numbers, [numbers.len() / 2, 2])
    }

    /// Draws `scores` of the points of [`grid`](Self::grid) into `target/NAME.svg` and says where that is.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn write(
        &self,
        name: &str,
        title: &str,
        scores: &Tensor,
    ) -> Result<PathBuf, Box<dyn Error>> {
        chart::save(name, &self.render(title, scores)?)
    }

    fn render(&self, title: &str, scores: &Tensor) -> Result<String, Box<dyn Error>> {
        let (width, height) = (WIDTH as i32, self.height().round() as i32);
        let mut svg = String::new();
        {
            let size = [LEFT + width + RIGHT, ABOVE + height + BELOW].map(|size| size as u32);
            let root = SVGBackend::with_string(&mut svg, size.into()).into_drawing_area();
            root.fill(&WHITE)?;
            let style = ("sans-serif", 18).into_font().into_text_style(&root);
            let style = style.pos(Pos::new(HPos::Center, VPos::Center));
            root.draw_text(title, &style, (LEFT + width / 2, ABOVE / 2))?;
            self.legend(&root, LEFT + width + 16)?;
            let mut chart = ChartBuilder::on(&root)
                .margin_top(ABOVE)
                .margin_right(RIGHT)
                .x_label_area_size(BELOW)
                .y_label_area_size(LEFT)
                .build_cartesian_2d(self.x.0..self.x.1, self.y.0..self.y.1)?;
            let label = |v: &f64| format!("{v:.1}");
            chart
                .configure_mesh()
                .disable_mesh()
                .x_desc("x")
                .y_desc("y")
                .x_label_formatter(&label)
                .y_label_formatter(&label)
                .draw()?;
            for (point, positive) in &self.points {
                mark(&root, chart.backend_coord(point), *positive)?;
            }
            root.present()?;
        }
        // Plotters draws no area of several pieces: these go between its background and all else.
        let end = svg.find("/>").map_or(svg.len(), |at| at + 2);
        svg.insert_str(end, &self.areas(scores));
        Ok(svg)
    }

    /// What the points and the colours mean.
    fn legend(&self, root: &Root<'_>, left: i32) -> Result<(), Box<dyn Error>> {
        let style = ("sans-serif", 13).into_font().into_text_style(root);
        let style = style.pos(Pos::new(HPos::Left, VPos::Center));
        let text = |text: &str, right, y| root.draw_text(text, &style, (left + right, y));
        for (i, name) in (0..).zip(&self.names) {
            let y = ABOVE + 8 + 22 * i;
            mark(root, (left + 8, y), i > 0)?;
            text(name, 24, y)?;
        }
        text("score", 0, ABOVE + 66)?;
        // The highest on top.
        for (i, paint) in (0..).zip(AREAS.iter().rev()) {
            let y = ABOVE + 80 + 22 * i;
            let area = [(left, y), (left + 16, y + 22)];
            root.draw(&Rectangle::new(area, paint.filled()))?;
        }
        for (i, level) in (1..).zip(LEVELS.iter().rev()) {
            let y = ABOVE + 80 + 22 * i;
            if *level == 0.0 {
                let line = [(left, y), (left + 16, y)];
                root.draw(&PathElement::new(line, BLACK.stroke_width(2)))?;
                text("0: boundary", 24, y)?;
            } else {
                text(&level.to_string(), 24, y)?;
            }
        }
        Ok(())
    }

    /// The coloured areas, and a line where the score is 0.
    fn areas(&self, scores: &Tensor) -> String {
        let corner = |((right, down), score): (Point, f32)| Corner {
            x: f64::from(LEFT) + WIDTH * right,
            y: f64::from(ABOVE) + self.height() * down,
            // A diverged net's scores are drawn too.
            score: if score.is_nan() {
                -FAR
            } else {
                score.clamp(-FAR, FAR)
            }
            .into(),
        };
        let corners: Vec<_> = self.shares().zip(scores.iter()).map(corner).collect();
        let above = |level| areas::above(&corners, COLUMNS + 1, level);
        let mut svg = String::new();
        let mut path = |d: &str, paint: &str| {
            let _ = write!(svg, "\n<path d=\"{d}\" {paint}/>");
        };
        for (level, RGBColor(r, g, b)) in iter::once(-2.0 * f64::from(FAR)).chain(LEVELS).zip(AREAS)
        {
            path(&above(level).0, &format!("fill=\"#{r:02X}{g:02X}{b:02X}\""));
        }
        path(&above(0.0).1, BOUNDARY);
        svg
    }
}

/// Draws a point on the negative or the positive side, rim first.
fn mark(root: &Root<'_>, at: (i32, i32), positive: bool) -> Result<(), Box<dyn Error>> {
    let colors = if positive { POSITIVE } else { NEGATIVE };
    for (size, color) in [5, 4].into_iter().zip(colors) {
        if positive {
            root.draw(&TriangleMarker::new(at, size + 1, color.filled()))?;
        } else {
            root.draw(&Circle::new(at, size, color.filled()))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use gradlet::tensor;

    fn map() -> Regions {
        let points = tensor![[-1.0, -1.0], [1.0, 1.0], [0.5, -0.5]];
        Regions::around(&points, &tensor![-1.0, 1.0, 1.0], ["left", "right"]).unwrap()
    }

    #[test]
    fn a_map_shows_its_points_and_names_and_all_levels() {
        let map = map();
        let grid = map.grid().unwrap();
        assert_eq!(grid.shape(), [81 * 81, 2]);
        assert_eq!(grid.narrow(0, 0, 1).unwrap().to_vec(), [-1.4, 1.4]);
        assert_eq!(grid.narrow(0, -1, 1).unwrap().to_vec(), [1.4, -1.4]);
        let scores = grid.select(1, 0).unwrap().mul_scalar(3.0);
        let svg = map.render("a title", &scores).unwrap();
        for text in ["a title", "left", "right", "score", "0: boundary", "-2"] {
            assert!(svg.contains(&format!("\n{text}\n")), "{text}");
        }
        // Areas are behind everything but the background. One point and its key are disks, two points and theirs are
        // triangles, all with a rim.
        let first = svg.find("<path").unwrap();
        assert_eq!(svg[..first].matches("/>").count(), 1);
        assert_eq!(svg.matches("<path").count(), AREAS.len() + 1);
        assert_eq!(svg.matches("<circle").count(), 2 * 2);
        assert_eq!(svg.matches("<polygon").count(), 3 * 2);
    }

    #[test]
    fn a_diverged_net_still_draws() {
        let map = map();
        let mut scores = map.grid().unwrap().select(1, 0).unwrap();
        scores.make_mut_slice()[..100].fill(f32::NAN);
        scores.make_mut_slice()[100..200].fill(f32::INFINITY);
        let svg = map.render("", &scores).unwrap();
        assert!(svg.ends_with("</svg>\n") && !svg.contains("NaN") && !svg.contains("inf"));
    }
}
