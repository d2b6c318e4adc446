//! A picture of ratios, as an SVG that stands by itself.

use std::fmt::Write;

/// How wide the picture is.
const WIDTH: f64 = 860.0;
/// Where bars begin and how long the longest is.
const BARS: f64 = 150.0;
const LONGEST: f64 = 620.0;
const BAR: f64 = 14.0;
const LINE: f64 = 22.0;
/// Ratios above this are drawn as long as this, and say what they are.
const CUT: f64 = 2.0;
/// What is drawn of the scale at least, so that the line at 1 has something to its right.
const LEAST_SCALE: f64 = 1.15;

const STYLE: &str = "text{font:13px system-ui,-apple-system,'Segoe UI',sans-serif;fill:#1f2328}\
    .title{font-size:18px;font-weight:600}.group{font-size:14px;font-weight:600}\
    .note{font-size:12px;fill:#59636e}.less{fill:#0969da}.more{fill:#bc4c00}";

/// Ratios of several things to another.
#[derive(Clone, Debug)]
pub struct Picture {
    /// What it shows.
    pub title: String,
    /// What its ratios are to: the label of the line at 1.
    pub to: String,
    /// Lines below it, such as when and of what it is.
    pub notes: Vec<String>,
    /// What has ratios.
    pub groups: Vec<Group>,
}

/// Something with ratios.
#[derive(Clone, Debug)]
pub struct Group {
    /// What it is.
    pub name: String,
    /// Ratios by name.
    pub ratios: Vec<(String, f64)>,
}

impl Picture {
    /// Draws it.
    pub fn svg(&self) -> String {
        let ratios = self.groups.iter().flat_map(|group| &group.ratios);
        let scale = ratios.map(|(_, ratio)| ratio.min(CUT));
        let scale = LONGEST / scale.fold(LEAST_SCALE, f64::max);
        let one = BARS + scale;
        let mut body = String::new();
        let mut y = 36.0;
        text(&mut body, 24.0, y, "title", &self.title);
        y += 30.0;
        let label = format!("1.0 = {}", self.to);
        let _ = writeln!(
            body,
            r##"<text x="{one:.1}" y="{y:.1}" class="note" text-anchor="middle">{}</text>"##,
            escaped(&label),
        );
        for group in &self.groups {
            y += 28.0;
            text(&mut body, 24.0, y, "group", &group.name);
            y += 8.0;
            let rows = || {
                (0..)
                    .map(|row| y + LINE * f64::from(row))
                    .zip(&group.ratios)
            };
            for (y, (_, ratio)) in rows() {
                bar(&mut body, y, *ratio, scale);
            }
            let end = y + LINE * group.ratios.len() as f64;
            // Over the bars and under their figures.
            let _ = writeln!(
                body,
                r##"<path d="M{one:.1} {:.1}V{:.1}" stroke="#1f2328" stroke-dasharray="4 3"/>"##,
                y - 3.0,
                end - LINE + BAR + 3.0,
            );
            for (y, (name, ratio)) in rows() {
                figure(&mut body, y, name, *ratio, scale);
            }
            y = end;
        }
        y += 8.0;
        for note in &self.notes {
            y += 18.0;
            text(&mut body, 24.0, y, "note", note);
        }
        let height = y + 20.0;
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height:.0}\" \
             viewBox=\"0 0 {WIDTH} {height:.0}\" role=\"img\" aria-labelledby=\"title desc\">\n\
             <title id=\"title\">{}</title>\n<desc id=\"desc\">{}</desc>\n\
             <style>{STYLE}</style>\n\
             <rect x=\"0.5\" y=\"0.5\" width=\"{}\" height=\"{:.0}\" rx=\"8\" fill=\"#ffffff\" \
             stroke=\"#d1d9e0\"/>\n{body}</svg>\n",
            escaped(&self.title),
            escaped(&self.description()),
            WIDTH - 1.0,
            height - 1.0,
        )
    }

    /// Says in words what is drawn.
    fn description(&self) -> String {
        let groups = self.groups.iter().map(|group| {
            let ratios = group.ratios.iter();
            let ratios = ratios.map(|(name, ratio)| format!("{name} {ratio:.2}"));
            format!("{}: {}.", group.name, ratios.collect::<Vec<_>>().join(", "))
        });
        let groups = groups.collect::<Vec<_>>().join(" ");
        format!("Ratios to {}, less is better. {groups}", self.to)
    }
}

fn bar(body: &mut String, y: f64, ratio: f64, scale: f64) {
    let length = ratio.min(CUT) * scale;
    let class = if ratio <= 1.0 { "less" } else { "more" };
    let _ = writeln!(
        body,
        r#"<rect x="{BARS}" y="{y:.1}" width="{length:.1}" height="{BAR}" rx="2" class="{class}"/>"#,
    );
}

/// What a bar is of, at its left, and its ratio at its right.
fn figure(body: &mut String, y: f64, name: &str, ratio: f64, scale: f64) {
    let base = y + BAR - 3.0;
    let _ = writeln!(
        body,
        r#"<text x="{:.1}" y="{base:.1}" text-anchor="end">{}</text>"#,
        BARS - 10.0,
        escaped(name),
    );
    let cut = if ratio > CUT { " (cut)" } else { "" };
    let _ = writeln!(
        body,
        r##"<text x="{:.1}" y="{base:.1}" paint-order="stroke" stroke="#ffffff" stroke-width="4">{ratio:.2}{cut}</text>"##,
        BARS + ratio.min(CUT) * scale + 6.0,
    );
}

fn text(body: &mut String, x: f64, y: f64, class: &str, text: &str) {
    let text = escaped(text);
    let _ = writeln!(
        body,
        r#"<text x="{x:.1}" y="{y:.1}" class="{class}">{text}</text>"#
    );
}

/// Returns a text as XML has it.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            // XML has no other control characters, not even escaped.
            '\t' | '\n' | '\r' => escaped.push(' '),
            control if control.is_control() => {}
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(name: &str, ratios: &[f64]) -> Picture {
        let ratios = ratios.iter().map(|ratio| ("cold".to_owned(), *ratio));
        Picture {
            title: "Functions".to_owned(),
            to: "a peer".to_owned(),
            notes: vec!["of today".to_owned()],
            groups: vec![Group {
                name: name.to_owned(),
                ratios: ratios.collect(),
            }],
        }
    }

    fn widths(svg: &str) -> Vec<f64> {
        let bars = svg.lines();
        let bars = bars.filter(|line| line.starts_with("<rect") && line.contains("class="));
        let width = |line: &str| {
            let (_, rest) = line.split_once(" width=\"")?;
            rest.split_once('"')?.0.parse().ok()
        };
        bars.filter_map(width).collect()
    }

    #[test]
    fn a_bar_is_as_long_as_its_ratio() {
        let svg = picture("f", &[0.5, 1.0]).svg();
        let widths = widths(&svg);
        assert!((widths[1] - 2.0 * widths[0]).abs() < 0.2, "{widths:?}");
        // The line at 1 stands where the bar of 1 ends.
        assert!(svg.contains(&format!("M{:.1} ", BARS + widths[1])), "{svg}");
        assert!(svg.contains(">0.50</text>"));
    }

    #[test]
    fn what_is_more_than_twice_is_cut_and_says_so() {
        let svg = picture("f", &[7.25, 2.0]).svg();
        let widths = widths(&svg);
        assert_eq!(widths[0], widths[1]);
        assert!(svg.contains(">7.25 (cut)</text>") && svg.contains("class=\"more\""));
    }

    #[test]
    fn names_are_escaped() {
        let svg = picture("<b> & \"c\"\u{1b}", &[1.0]).svg();
        assert!(
            svg.contains("&lt;b&gt; &amp; &quot;c&quot;</text>"),
            "{svg}"
        );
        assert!(!svg.contains("<b>") && !svg.contains('\u{1b}'));
    }

    #[test]
    fn who_sees_nothing_is_told_the_same() {
        let svg = picture("f", &[0.5]).svg();
        assert!(svg.contains("<title id=\"title\">Functions</title>"));
        assert!(svg.contains("Ratios to a peer, less is better. f: cold 0.50."));
        assert!(svg.contains("role=\"img\" aria-labelledby=\"title desc\""));
    }
}
