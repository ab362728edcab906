//! Areas of the plane where a score is above a level, as paths of an SVG.

use std::fmt::Write;

pub(crate) type Point = (f64, f64);

/// A corner of a square: its place in the picture, and the score there.
#[derive(Clone, Copy)]
pub(crate) struct Corner {
    pub(crate) x: f64,
    pub(crate) y: f64,
    pub(crate) score: f64,
}

/// The area where scores are above `level`, and the lines around it but for the borders of the picture. The corners are
/// those of a grid of squares, row by row; along the sides of a square scores are linear.
pub(crate) fn above(corners: &[Corner], per_row: usize, level: f64) -> (String, String) {
    let (mut area, mut edge) = (String::new(), String::new());
    let rows: Vec<_> = corners.chunks_exact(per_row).collect();
    for rows in rows.windows(2) {
        // Squares side by side that lie above the level as a whole are one piece.
        let mut run = Vec::new();
        for (top, bottom) in rows[0].windows(2).zip(rows[1].windows(2)) {
            let square = [top[0], top[1], bottom[1], bottom[0]];
            if square.iter().all(|corner| corner.score > level) {
                let [mut a, b, c, mut d] = square.map(|corner| (corner.x, corner.y));
                if let [first, _, _, last] = run[..] {
                    (a, d) = (first, last);
                }
                run = vec![a, b, c, d];
                continue;
            }
            area += &outline(&run);
            run.clear();
            let (piece, crossings) = cut(square, level);
            area += &outline(&piece);
            for ends in crossings.chunks_exact(2) {
                edge += outline(ends).trim_end_matches('z');
            }
        }
        area += &outline(&run);
    }
    (area, edge)
}

/// The part of a square whose scores are above `level`, and the points where its sides cross the level.
fn cut(square: [Corner; 4], level: f64) -> (Vec<Point>, Vec<Point>) {
    let (mut piece, mut crossings) = (Vec::new(), Vec::new());
    for (i, from) in square.into_iter().enumerate() {
        let to = square[(i + 1) % 4];
        if from.score > level {
            piece.push((from.x, from.y));
        }
        if (from.score > level) != (to.score > level) {
            let share = (level - from.score) / (to.score - from.score);
            let (x, y) = (
                from.x + share * (to.x - from.x),
                from.y + share * (to.y - from.y),
            );
            piece.push((x, y));
            crossings.push((x, y));
        }
    }
    (piece, crossings)
}

/// A closed line through these points, to tenths of a pixel; nothing without points.
fn outline(points: &[Point]) -> String {
    let mut text = String::new();
    for (i, &(x, y)) in points.iter().enumerate() {
        let last = points[i.saturating_sub(1)];
        let _ = match i {
            0 => write!(text, "M{x:.1} {y:.1}"),
            _ if y == last.1 => write!(text, "H{x:.1}"),
            _ if x == last.0 => write!(text, "V{y:.1}"),
            _ => write!(text, "L{x:.1} {y:.1}"),
        };
    }
    if !points.is_empty() {
        text.push('z');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn square(scores: [f64; 4]) -> [Corner; 4] {
        let mut scores = scores.into_iter();
        [(0.0, 0.0), (4.0, 0.0), (4.0, 4.0), (0.0, 4.0)].map(|(x, y)| {
            let score = scores.next().unwrap();
            Corner { x, y, score }
        })
    }

    #[test]
    fn a_square_is_cut_where_its_sides_cross_the_level() {
        let (piece, crossings) = cut(square([1.0, -1.0, -3.0, -1.0]), 0.0);
        assert_eq!(piece, [(0.0, 0.0), (2.0, 0.0), (0.0, 2.0)]);
        assert_eq!(crossings, [(2.0, 0.0), (0.0, 2.0)]);
        assert_eq!(outline(&piece), "M0.0 0.0H2.0L0.0 2.0z");
        let (piece, crossings) = cut(square([-1.0; 4]), 0.0);
        assert!(piece.is_empty() && crossings.is_empty() && outline(&piece).is_empty());
    }

    /// Three squares side by side, with scores -1, 1, 2 and 3 on both of their long sides: of the first the right half
    /// is above 0, the others as a whole.
    #[test]
    fn whole_squares_are_one_piece_and_the_edge_is_between() {
        let row = |y| {
            [-1.0, 1.0, 2.0, 3.0]
                .into_iter()
                .zip([0.0, 4.0, 8.0, 12.0])
                .map(move |(score, x)| Corner { x, y, score })
        };
        let corners: Vec<_> = row(0.0).chain(row(4.0)).collect();
        let (area, edge) = above(&corners, 4, 0.0);
        assert_eq!(area, "M2.0 0.0H4.0V4.0H2.0zM4.0 0.0H12.0V4.0H4.0z");
        assert_eq!(edge, "M2.0 0.0V4.0");
    }
}
