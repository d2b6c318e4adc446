//! Draws the demo shop's pictures: a plain shape on a soft background, in
//! colours of its own.

use serde::Deserialize;

/// Pixels across.
pub(super) const WIDTH: u32 = 480;
/// Pixels down.
pub(super) const HEIGHT: u32 = 360;

/// How many points a pixel on an edge is mixed from, in each direction.
const SAMPLES: u32 = 4;

/// What a picture shows.
#[derive(Clone, Copy, Debug, Deserialize)]
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

    /// Returns the colour of a part; the background's goes by how far down it is, from 0 to 1.
    fn of(&self, part: Part, depth: f64) -> [u8; 3] {
        match part {
            Part::Background => colour(self.hue + 0.08, 0.05 + 0.05 * depth, 0.97 - 0.09 * depth),
            Part::Body => self.body,
            Part::Light => self.light,
            Part::Dark => self.dark,
        }
    }
}

/// Draws a PNG. `number` picks the colours.
pub(super) fn draw(shape: Shape, number: usize) -> Result<Vec<u8>, png::EncodingError> {
    let palette = Palette::new(number);
    let seen = |column: f64, row: f64| {
        // From the middle outwards, one unit to the upper edge.
        let half = f64::from(HEIGHT) / 2.0;
        part(
            shape,
            (column - f64::from(WIDTH) / 2.0) / half,
            (half - row) / half,
        )
    };
    let mut pixels = Vec::with_capacity((WIDTH * HEIGHT * 3) as usize);
    let mut above = corners(0, seen);
    for row in 0..HEIGHT {
        let below = corners(row + 1, seen);
        let depth = f64::from(row) / f64::from(HEIGHT);
        let background = palette.of(Part::Background, depth);
        let of = |part| match part {
            Part::Background => background,
            other => palette.of(other, depth),
        };
        for (column, (upper, lower)) in (0..WIDTH).zip(above.windows(2).zip(below.windows(2))) {
            let first = upper.first().copied().unwrap_or(Part::Background);
            let same = upper.iter().chain(lower).all(|it| *it == first);
            pixels.extend(if same {
                of(first)
            } else {
                mixed(column, row, seen, of)
            });
        }
        above = below;
    }
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, WIDTH, HEIGHT);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Fast);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&pixels)?;
    writer.finish()?;
    Ok(bytes)
}

/// Returns what is to be seen at the upper corners of a row's pixels.
fn corners(row: u32, seen: impl Fn(f64, f64) -> Part) -> Vec<Part> {
    let row = f64::from(row);
    (0..=WIDTH)
        .map(|column| seen(f64::from(column), row))
        .collect()
}

/// Returns the colour of a pixel that shows more than one part.
fn mixed(
    column: u32,
    row: u32,
    seen: impl Fn(f64, f64) -> Part,
    of: impl Fn(Part) -> [u8; 3],
) -> [u8; 3] {
    let offset = |sample: u32| (f64::from(sample) + 0.5) / f64::from(SAMPLES);
    let mut sum = [0_u32; 3];
    for (x, y) in (0..SAMPLES).flat_map(|x| (0..SAMPLES).map(move |y| (x, y))) {
        let part = seen(f64::from(column) + offset(x), f64::from(row) + offset(y));
        for (sum, level) in sum.iter_mut().zip(of(part)) {
            *sum += u32::from(level);
        }
    }
    // The mean of bytes is one.
    sum.map(|sum| u8::try_from(sum / (SAMPLES * SAMPLES)).unwrap_or(u8::MAX))
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
            let bytes = draw(shape, 3).unwrap();
            let reader = png::Decoder::new(std::io::Cursor::new(bytes))
                .read_info()
                .unwrap();
            assert_eq!((reader.info().width, reader.info().height), (WIDTH, HEIGHT));
        }
    }

    #[test]
    fn two_numbers_make_two_pictures() {
        assert_ne!(draw(Shape::Pot, 1).unwrap(), draw(Shape::Pot, 2).unwrap());
    }
}
