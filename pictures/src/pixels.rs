//! A decoded picture: three bytes a pixel, row by row.

use resize::Pixel;
use resize::Type::Lanczos3;
use resize::px::RGB;

use crate::orientation::Orientation;
use crate::rejection::Rejection;
use crate::size::Size;

/// Red, green and blue of each pixel.
pub(crate) struct Pixels {
    size: Size,
    rgb: Vec<RGB<u8>>,
}

impl Pixels {
    /// Takes what a decoder has made, which has so many bytes a pixel: grey; grey and alpha;
    /// red, green and blue; these and alpha. Alpha becomes white.
    ///
    /// # Errors
    /// [`Rejection::Damaged`] if that isn't as much as the size needs.
    pub(crate) fn new(size: Size, bytes: &[u8], per_pixel: usize) -> Result<Self, Rejection> {
        if bytes.len() != size.area() * per_pixel {
            return Err(Rejection::Damaged);
        }
        let rgb = match per_pixel {
            1 => bytes.iter().map(|grey| RGB::from([*grey; 3])).collect(),
            2 => pixels(bytes, |[grey, alpha]| on_white([grey; 3], alpha)),
            3 => pixels(bytes, RGB::from),
            4 => pixels(bytes, |[r, g, b, alpha]| on_white([r, g, b], alpha)),
            _ => return Err(Rejection::Damaged),
        };
        Ok(Self { size, rgb })
    }

    pub(crate) fn size(&self) -> Size {
        self.size
    }

    /// Returns the bytes, three a pixel.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.rgb
            .iter()
            .flat_map(|pixel| [pixel.r, pixel.g, pixel.b])
            .collect()
    }

    /// Returns the picture in another size.
    ///
    /// # Errors
    /// Never in practice: sizes are at least 1, and there are as many pixels as they say.
    pub(crate) fn resize(self, size: Size) -> Result<Self, Rejection> {
        if size == self.size {
            return Ok(self);
        }
        let side = |side: u32| side as usize;
        let Size { width, height } = self.size;
        let mut resizer = resize::new(
            side(width),
            side(height),
            side(size.width),
            side(size.height),
            Pixel::RGB8,
            Lanczos3,
        )
        .map_err(|_| Rejection::Damaged)?;
        let mut rgb = vec![RGB::new(0, 0, 0); size.area()];
        resizer
            .resize(&self.rgb, &mut rgb)
            .map_err(|_| Rejection::Damaged)?;
        Ok(Self { size, rgb })
    }

    /// Returns the picture upright.
    pub(crate) fn turn(&self, orientation: Orientation) -> Self {
        let Size { width, height } = self.size;
        let size = orientation.upright(self.size);
        let source = |x: u32, y: u32| {
            let (x, y) = match orientation.quarters % 4 {
                0 => (x, y),
                1 => (y, height - 1 - x),
                2 => (width - 1 - x, height - 1 - y),
                _ => (width - 1 - y, x),
            };
            let x = if orientation.is_mirrored {
                width - 1 - x
            } else {
                x
            };
            y as usize * width as usize + x as usize
        };
        let rgb = (0..size.height)
            .flat_map(|y| (0..size.width).map(move |x| (x, y)))
            .filter_map(|(x, y)| self.rgb.get(source(x, y)).copied())
            .collect();
        Self { size, rgb }
    }
}

fn pixels<const N: usize>(bytes: &[u8], pixel: impl Fn([u8; N]) -> RGB<u8>) -> Vec<RGB<u8>> {
    let (chunks, _) = bytes.as_chunks::<N>();
    chunks.iter().copied().map(pixel).collect()
}

/// Lays a colour on white.
fn on_white(colour: [u8; 3], alpha: u8) -> RGB<u8> {
    let alpha = u32::from(alpha);
    let laid = |value: u8| {
        let value = (u32::from(value) * alpha + 255 * (255 - alpha) + 127) / 255;
        u8::try_from(value).unwrap_or(u8::MAX)
    };
    RGB::from(colour.map(laid))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::exif;

    /// Two rows of three pixels, each named by its place: `0 1 2 / 3 4 5`.
    fn numbered() -> Pixels {
        let size = Size::checked(3, 2).unwrap();
        Pixels::new(size, &[0, 1, 2, 3, 4, 5], 1).unwrap()
    }

    fn turned(value: u16) -> (u32, Vec<u8>) {
        let turned = numbered().turn(Orientation::of_exif(&exif(value, true)));
        (turned.size.width, turned.rgb.iter().map(|p| p.r).collect())
    }

    #[test]
    fn each_of_the_eight_orientations_is_made_upright() {
        // What the first row and the first column of the stored picture show, by the standard:
        // 1 top left, 2 top right, 3 bottom right, 4 bottom left, 5 left top, 6 right top,
        // 7 right bottom, 8 left bottom.
        assert_eq!(turned(1), (3, vec![0, 1, 2, 3, 4, 5]));
        assert_eq!(turned(2), (3, vec![2, 1, 0, 5, 4, 3]));
        assert_eq!(turned(3), (3, vec![5, 4, 3, 2, 1, 0]));
        assert_eq!(turned(4), (3, vec![3, 4, 5, 0, 1, 2]));
        assert_eq!(turned(5), (2, vec![0, 3, 1, 4, 2, 5]));
        assert_eq!(turned(6), (2, vec![3, 0, 4, 1, 5, 2]));
        assert_eq!(turned(7), (2, vec![5, 2, 4, 1, 3, 0]));
        assert_eq!(turned(8), (2, vec![2, 5, 1, 4, 0, 3]));
    }

    #[test]
    fn what_is_transparent_becomes_white_and_half_of_it_half() {
        let size = Size::checked(3, 1).unwrap();
        let bytes = [10, 20, 30, 255, 10, 20, 30, 0, 0, 100, 200, 128];
        let laid = Pixels::new(size, &bytes, 4).unwrap();
        assert_eq!(laid.bytes(), [10, 20, 30, 255, 255, 255, 127, 177, 227]);
    }

    #[test]
    fn too_few_pixels_for_the_size_are_refused() {
        let size = Size::checked(2, 2).unwrap();
        assert!(Pixels::new(size, &[0; 11], 3).is_err());
        assert!(Pixels::new(size, &[0; 20], 5).is_err());
    }
}
