//! Draws the demo shop's pictures: a plain shape on a soft background, in
//! colours of its own.

use serde::Deserialize;

/// Pixels across.
pub(super) const WIDTH: u32 = 400;
/// Pixels down.
pub(super) const HEIGHT: u32 = 300;

/// How many points a pixel on an edge is mixed from, in each direction.
const SIDE: u8 = 4;
/// And in all.
const POINTS: u8 = SIDE * SIDE;

/// What a picture shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Shape {
    Pot,
    Lamp,
    Book,
    Plant,
    Bag,
    Clock,
}

/// Parts of a picture, each with colours of its own.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Background,
    Body,
    Light,
    Dark,
}

/// The colours of one picture.
struct Palette {
    hue: f64,
    body: [u8; 3],
    light: [u8; 3],
    dark: [u8; 3],
}

impl Palette {
    fn new(number: usize) -> Self {
        // The golden ratio of the circle further each time: neighbours differ, and none comes twice.
        let hue = f64::from(u32::try_from(number).unwrap_or(0)) * 0.618_034 % 1.0;
        Self {
            hue,
            body: colour(hue, 0.42, 0.66),
            light: colour(hue, 0.16, 0.93),
            dark: colour(hue, 0.46, 0.36),
        }
    }

    /// Returns the background's colour, so far down, from 0 to 1.
    fn background(&self, depth: f64) -> [u8; 3] {
        colour(self.hue + 0.08, 0.05 + 0.05 * depth, 0.97 - 0.09 * depth)
    }
}

/// A shape, and of which parts each pixel shows how much.
pub(super) struct Drawing {
    /// By row and column: how many of a pixel's points show the body, the light and the dark
    /// parts; the rest show the background.
    pixels: Vec<[u8; 3]>,
}

impl Drawing {
    /// Draws a shape without its colours.
    pub(super) fn new(shape: Shape) -> Self {
        let seen = |column: f64, row: f64| {
            // From the middle outwards, one unit to the upper edge.
            let half = f64::from(HEIGHT) / 2.0;
            let x = (column - f64::from(WIDTH) / 2.0) / half;
            part(shape, x, (half - row) / half)
        };
        let mut pixels = Vec::with_capacity((WIDTH * HEIGHT) as usize);
        let mut above = corners(0, seen);
        for row in 0..HEIGHT {
            let below = corners(row + 1, seen);
            for (column, (upper, lower)) in (0..WIDTH).zip(above.windows(2).zip(below.windows(2))) {
                let first = upper.first().copied().unwrap_or(Part::Background);
                let same = upper.iter().chain(lower).all(|it| *it == first);
                pixels.push(if same {
                    counts([first]).map(|all| all * POINTS)
                } else {
                    counts(points(column, row).map(|(x, y)| seen(x, y)))
                });
            }
            above = below;
        }
        Self { pixels }
    }

    /// Returns it as a PNG in colours of its own, which `number` picks.
    pub(super) fn coloured(&self, number: usize) -> Result<Vec<u8>, png::EncodingError> {
        let palette = Palette::new(number);
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, WIDTH, HEIGHT);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.set_compression(png::Compression::Fast);
        let mut writer = encoder.write_header()?;
        let mut data = Vec::with_capacity((WIDTH * HEIGHT * 3) as usize);
        for (row, pixels) in (0..HEIGHT).zip(self.pixels.chunks(WIDTH as usize)) {
            let background = palette.background(f64::from(row) / f64::from(HEIGHT));
            for [body, light, dark] in pixels {
                data.extend(match (body, light, dark) {
                    (0, 0, 0) => background,
                    (&POINTS, _, _) => palette.body,
                    (_, &POINTS, _) => palette.light,
                    (_, _, &POINTS) => palette.dark,
                    _ => mixed(&[
                        (POINTS - body - light - dark, background),
                        (*body, palette.body),
                        (*light, palette.light),
                        (*dark, palette.dark),
                    ]),
                });
            }
        }
        writer.write_image_data(&data)?;
        writer.finish()?;
        Ok(bytes)
    }
}

/// Returns what is to be seen at the upper corners of a row's pixels.
fn corners(row: u32, seen: impl Fn(f64, f64) -> Part) -> Vec<Part> {
    let row = f64::from(row);
    (0..=WIDTH)
        .map(|column| seen(f64::from(column), row))
        .collect()
}

/// Returns the points that a pixel on an edge is mixed from.
fn points(column: u32, row: u32) -> impl Iterator<Item = (f64, f64)> {
    let at = |pixel: u32, point: u8| f64::from(pixel) + (f64::from(point) + 0.5) / f64::from(SIDE);
    (0..SIDE).flat_map(move |x| (0..SIDE).map(move |y| (at(column, x), at(row, y))))
}

/// Returns how many points show the body, the light and the dark parts.
fn counts(seen: impl IntoIterator<Item = Part>) -> [u8; 3] {
    let mut counts = [0; 3];
    let [body, light, dark] = &mut counts;
    for part in seen {
        match part {
            Part::Background => {}
            Part::Body => *body += 1,
            Part::Light => *light += 1,
            Part::Dark => *dark += 1,
        }
    }
    counts
}

/// Returns the mean of colours, of so many points each.
fn mixed(colours: &[(u8, [u8; 3])]) -> [u8; 3] {
    let mut sum = [0_u32; 3];
    for (points, colour) in colours {
        for (sum, level) in sum.iter_mut().zip(colour) {
            *sum += u32::from(*points) * u32::from(*level);
        }
    }
    // The mean of bytes is one.
    sum.map(|sum| u8::try_from(sum / u32::from(POINTS)).unwrap_or(u8::MAX))
}

/// Returns a colour by hue (in turns), saturation and value.
fn colour(hue: f64, saturation: f64, value: f64) -> [u8; 3] {
    [5.0, 3.0, 1.0].map(|offset: f64| {
        let k = (offset + hue * 6.0) % 6.0;
        let level = value - value * saturation * k.min(4.0 - k).clamp(0.0, 1.0);
        // Between 0 and 255, so nothing is cut off.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let byte = (level * 255.0).round() as u8;
        byte
    })
}

/// Returns what is to be seen at a place.
fn part(shape: Shape, x: f64, y: f64) -> Part {
    let circle = |cx: f64, cy: f64, r: f64| (x - cx).hypot(y - cy) < r;
    let ring = |cx: f64, cy: f64, r: f64, w: f64| ((x - cx).hypot(y - cy) - r).abs() < w;
    let block = |x0: f64, x1: f64, y0: f64, y1: f64| (x0..x1).contains(&x) && (y0..y1).contains(&y);
    let parts = match shape {
        Shape::Pot => [
            (circle(-0.16, 0.18, 0.09), Part::Light),
            (
                circle(0.0, 0.58, 0.07) || block(-0.3, 0.3, 0.42, 0.48),
                Part::Dark,
            ),
            (
                x.hypot((y + 0.05) * 1.15) < 0.55 || ring(0.58, 0.0, 0.24, 0.05),
                Part::Body,
            ),
            (
                (x + 0.62 - (y - 0.1) * -0.5).abs() < 0.08 && (-0.2..0.45).contains(&y),
                Part::Dark,
            ),
        ],
        Shape::Lamp => [
            (block(-0.04, 0.04, -0.6, 0.1), Part::Dark),
            (block(-0.3, 0.3, -0.68, -0.6), Part::Dark),
            ((0.05..0.14).contains(&y) && x.abs() < 0.48, Part::Light),
            (
                (0.1..0.65).contains(&y) && x.abs() < 0.5 - (y - 0.1) * 0.5,
                Part::Body,
            ),
        ],
        Shape::Book => [
            (block(-0.5, -0.4, -0.6, 0.6), Part::Dark),
            (block(-0.2, 0.3, 0.2, 0.36), Part::Light),
            (block(0.5, 0.55, -0.56, 0.56), Part::Light),
            (block(-0.5, 0.5, -0.6, 0.6), Part::Body),
        ],
        Shape::Plant => [
            (
                (-0.7..-0.25).contains(&y) && x.abs() < 0.26 + (y + 0.25) * 0.15,
                Part::Dark,
            ),
            (block(-0.03, 0.03, -0.3, 0.3), Part::Light),
            (
                circle(-0.24, 0.12, 0.2) || circle(0.24, 0.2, 0.2) || circle(0.0, 0.48, 0.22),
                Part::Body,
            ),
            (
                circle(-0.36, 0.42, 0.12) || circle(0.38, 0.5, 0.12),
                Part::Light,
            ),
        ],
        Shape::Bag => [
            (block(-0.1, 0.1, -0.05, 0.08), Part::Light),
            (y > 0.2 && ring(0.0, 0.25, 0.3, 0.05), Part::Dark),
            (block(-0.52, 0.52, 0.0, 0.06), Part::Dark),
            (block(-0.52, 0.52, -0.6, 0.3), Part::Body),
        ],
        Shape::Clock => [
            (
                block(-0.03, 0.03, -0.02, 0.42) || block(-0.02, 0.28, -0.03, 0.03),
                Part::Dark,
            ),
            (circle(0.0, 0.0, 0.5), Part::Light),
            (circle(0.0, 0.0, 0.62), Part::Body),
            (
                block(-0.45, -0.3, -0.72, -0.5) || block(0.3, 0.45, -0.72, -0.5),
                Part::Dark,
            ),
        ],
    };
    let seen = parts.into_iter().find(|(there, _)| *there);
    seen.map_or(Part::Background, |(_, part)| part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shape_is_a_png_of_its_size() {
        for shape in [
            Shape::Pot,
            Shape::Lamp,
            Shape::Book,
            Shape::Plant,
            Shape::Bag,
            Shape::Clock,
        ] {
            let bytes = Drawing::new(shape).coloured(3).unwrap();
            let reader = png::Decoder::new(std::io::Cursor::new(bytes))
                .read_info()
                .unwrap();
            assert_eq!((reader.info().width, reader.info().height), (WIDTH, HEIGHT));
        }
    }

    #[test]
    fn two_numbers_make_two_pictures() {
        let pot = Drawing::new(Shape::Pot);
        assert_ne!(pot.coloured(1).unwrap(), pot.coloured(2).unwrap());
    }
}
