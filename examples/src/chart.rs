//! Line charts, side by side, written as one SVG under `target/`.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use plotters::coord::Shift;
use plotters::prelude::*;

/// Width and height of one panel in pixels.
const PANEL: (u32, u32) = (480, 360);

/// Colours that people with any colour vision tell apart (Okabe and Ito, 2008).
const COLORS: [RGBColor; 6] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(86, 180, 233),
    RGBColor(60, 60, 60),
];

type Point = (f64, f64);

/// How a curve is drawn.
#[derive(Debug, Clone, PartialEq)]
pub enum Style {
    /// A line through its points, which are marked.
    Marked,
    /// A line alone.
    Plain,
    /// A line of dashes.
    Dashed,
    /// Its points alone.
    Dots,
    /// The area between its points and these, which lie above.
    Band(Vec<Point>),
}

/// One curve of a chart.
#[derive(Debug, Clone)]
pub struct Curve {
    /// What the legend says; nothing for an empty name.
    pub name: String,
    /// From left to right.
    pub points: Vec<Point>,
    /// Which of six colours.
    pub color: usize,
    /// How it is drawn.
    pub style: Style,
}

impl Curve {
    /// The values after each epoch, the first of which is 1.
    #[must_use]
    pub fn of_epochs(name: &str, values: &[f64], color: usize, style: Style) -> Self {
        let points = (1..).map(f64::from).zip(values.iter().copied()).collect();
        Self::new(name, points, color, style)
    }

    /// A curve through points from left to right.
    #[must_use]
    pub fn new(name: &str, points: Vec<Point>, color: usize, style: Style) -> Self {
        let name = name.to_owned();
        Self {
            name,
            points,
            color,
            style,
        }
    }

    fn paint(&self) -> RGBColor {
        COLORS[self.color % COLORS.len()]
    }

    /// All points that are drawn.
    fn all(&self) -> impl Iterator<Item = Point> + Clone {
        let upper = match &self.style {
            Style::Band(upper) => upper.as_slice(),
            _ => &[],
        };
        let points = self.points.iter().chain(upper).copied();
        points.filter(|(x, y)| x.is_finite() && y.is_finite())
    }
}

/// One chart.
#[derive(Debug, Clone)]
pub struct Panel<'a> {
    /// What is drawn.
    pub title: &'a str,
    /// What the horizontal axis is.
    pub x: &'a str,
    /// The curves; the first ones lie below.
    pub curves: Vec<Curve>,
}

/// Draws `panels` side by side into `target/NAME.svg` and says where that is.
///
/// # Errors
/// If the file cannot be written.
pub fn write(name: &str, panels: &[Panel<'_>]) -> Result<PathBuf, Box<dyn Error>> {
    save(name, &render(panels)?)
}

/// Writes a picture into `target/NAME.svg` and says where that is.
pub(crate) fn save(name: &str, svg: &str) -> Result<PathBuf, Box<dyn Error>> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
    let folder = workspace.unwrap_or(Path::new(".")).join("target");
    let path = folder.join(name).with_extension("svg");
    let written = fs::create_dir_all(&folder).and_then(|()| fs::write(&path, svg));
    written.map_err(|e| format!("cannot write {}: {e}", path.display()))?;
    let here = std::env::current_dir()?;
    Ok(path.strip_prefix(here).unwrap_or(&path).to_owned())
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
    let all = || panel.curves.iter().flat_map(Curve::all);
    let (left, right) = range(all().map(|(x, _)| x), 0.0);
    let (low, high) = range(all().map(|(_, y)| y), 0.05);
    let mut chart = ChartBuilder::on(area)
        .caption(panel.title, ("sans-serif", 18))
        .margin(12)
        .x_label_area_size(36)
        .y_label_area_size(48)
        .build_cartesian_2d(left..right, low..high)?;
    let decimals = |span: f64| usize::from(span < 8.0) + usize::from(span < 3.0);
    let (x_decimals, y_decimals) = (decimals(right - left).min(1), decimals(high - low));
    chart
        .configure_mesh()
        .light_line_style(WHITE)
        .x_desc(panel.x)
        .x_labels(8)
        .x_label_formatter(&|x| format!("{x:.x_decimals$}"))
        .y_label_formatter(&|y| format!("{y:.y_decimals$}"))
        .draw()?;
    for curve in &panel.curves {
        let (paint, points) = (curve.paint(), || curve.all());
        let drawn = match &curve.style {
            Style::Band(upper) => {
                let outline = curve.points.iter().chain(upper.iter().rev()).copied();
                let outline: Vec<_> = outline.filter(|(_, y)| y.is_finite()).collect();
                chart.draw_series([Polygon::new(outline, paint.mix(0.2))])?
            }
            Style::Dots => {
                chart.draw_series(points().map(|point| Circle::new(point, 2, paint.filled())))?
            }
            Style::Dashed => {
                let dashes = DashedLineSeries::new(points(), 5, 4, paint.stroke_width(2));
                chart.draw_series(dashes)?
            }
            Style::Plain => chart.draw_series(LineSeries::new(points(), paint.stroke_width(2)))?,
            Style::Marked => {
                chart.draw_series(points().map(|point| Circle::new(point, 2, paint.filled())))?;
                chart.draw_series(LineSeries::new(points(), paint.stroke_width(2)))?
            }
        };
        if !curve.name.is_empty() {
            let (from, to, ink) = match curve.style {
                Style::Band(_) => (0, 18, paint.mix(0.2).stroke_width(10)),
                Style::Dashed => (0, 18, paint.stroke_width(1)),
                Style::Dots => (7, 11, paint.stroke_width(4)),
                _ => (0, 18, paint.stroke_width(2)),
            };
            let key = move |(x, y)| PathElement::new([(x + from, y), (x + to, y)], ink);
            drawn.label(&curve.name).legend(key);
        }
    }
    legend(&mut chart, panel)
}

type Chart<'a, 'b> = ChartContext<
    'a,
    SVGBackend<'b>,
    Cartesian2d<plotters::coord::types::RangedCoordf64, plotters::coord::types::RangedCoordf64>,
>;

/// In the corner where the fewest points lie.
fn legend<'a, 'b: 'a>(chart: &mut Chart<'a, 'b>, panel: &Panel<'_>) -> Result<(), Box<dyn Error>> {
    let (x, y) = (chart.x_range(), chart.y_range());
    let ((left, right), (low, high)) = ((x.start, x.end), (y.start, y.end));
    let near = |(x, y): Point, to_right: bool, up: bool| {
        let (x, y) = ((x - left) / (right - left), (y - low) / (high - low));
        let far = |share: f64, end: bool| if end { 1.0 - share } else { share };
        far(x, to_right) < 0.5 && far(y, up) < 0.35
    };
    let crowd = |to_right, up| {
        let all = panel.curves.iter().flat_map(Curve::all);
        all.filter(|&point| near(point, to_right, up)).count()
    };
    let corners = [
        (SeriesLabelPosition::UpperRight, crowd(true, true)),
        (SeriesLabelPosition::LowerRight, crowd(true, false)),
        (SeriesLabelPosition::UpperLeft, crowd(false, true)),
        (SeriesLabelPosition::LowerLeft, crowd(false, false)),
    ];
    let corner = corners.into_iter().min_by_key(|(_, crowd)| *crowd);
    chart
        .configure_series_labels()
        .position(corner.map_or(SeriesLabelPosition::UpperRight, |(corner, _)| corner))
        .background_style(WHITE.mix(0.8))
        .border_style(BLACK)
        .draw()?;
    Ok(())
}

/// The lowest and highest number with a margin, a little apart even where all are the same.
fn range(numbers: impl Iterator<Item = f64>, margin: f64) -> (f64, f64) {
    let ends = (f64::INFINITY, f64::NEG_INFINITY);
    let (low, high) = numbers.fold(ends, |(low, high), y| (low.min(y), high.max(y)));
    if low > high {
        return (0.0, 1.0);
    }
    let least = if high - low < 1e-3 { 1e-3 } else { 0.0 };
    let margin = (margin * (high - low)).max(least);
    (low - margin, high + margin)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn panel<'a>(title: &'a str, train: &[f64], test: &[f64]) -> Panel<'a> {
        let curves = vec![
            Curve::of_epochs("train", train, 0, Style::Marked),
            Curve::of_epochs("test", test, 1, Style::Marked),
        ];
        Panel {
            title,
            x: "epoch",
            curves,
        }
    }

    #[test]
    fn every_panel_has_its_title_and_both_curves() {
        let panels = [
            panel("loss", &[2.0, 1.0, 0.5], &[2.1, 1.2, 0.9]),
            panel("accuracy", &[0.2, 0.8, 0.9], &[0.2, 0.7, 0.8]),
        ];
        let svg = render(&panels).unwrap();
        for text in ["loss", "accuracy", "train", "test", "epoch"] {
            assert!(svg.contains(text), "{text}");
        }
        assert_eq!(svg.matches("<circle").count(), 12);
    }

    #[test]
    fn a_band_is_one_area_and_dashes_are_many_lines() {
        let band = Style::Band(vec![(0.0, 2.0), (1.0, 3.0)]);
        let curves = [band, Style::Dashed].map(|style| Curve {
            name: String::new(),
            points: vec![(0.0, 0.0), (1.0, 1.0)],
            color: 2,
            style,
        });
        let svg = render(&[Panel {
            title: "spread",
            x: "x",
            curves: curves.to_vec(),
        }])
        .unwrap();
        assert_eq!(svg.matches("<polygon").count(), 1);
        assert!(svg.matches("stroke=\"#009E73\"").count() > 10);
    }

    #[test]
    fn one_epoch_and_a_diverged_run_still_draw() {
        for values in [&[0.5][..], &[f64::NAN, f64::INFINITY], &[]] {
            let svg = render(&[panel("loss", values, values)]).unwrap();
            assert!(
                svg.ends_with("</svg>\n") && !svg.contains("NaN"),
                "{values:?}"
            );
        }
    }
}
