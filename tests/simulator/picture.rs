//! A picture of one purchase: who sent what to whom in which order, and where it went wrong.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::time::Duration;

use serde_json::Value;

use crate::story::{Told, What};

/// More rows than these nobody reads.
const ROWS: usize = 34;
/// Sizes in pixels.
const TOP: usize = 64;
const ROW: usize = 24;
const TIME: usize = 12;
const CLIENT: usize = 120;
const GATEWAY: usize = 290;
const FIRST_PROCESS: usize = 440;
const BETWEEN_PROCESSES: usize = 130;
const TO_DATABASE: usize = 340;
const MARGIN: usize = 90;

/// Colours: what goes well, what goes wrong, what is committed, and what stands behind.
const WELL: &str = "#1f4e79";
const WRONG: &str = "#b3261e";
const COMMITTED: &str = "#1b6e3c";
const QUIET: &str = "#c3c9d1";

/// One row of the picture.
struct Row<'a> {
    at: u64,
    process: &'a str,
    event: Event<'a>,
}

enum Event<'a> {
    Sends(&'a str),
    Learns(Option<&'a str>),
    DeliveredTwice,
    AnswerLost,
    Starts(i64),
    Gets,
    Answers(&'a str),
    Calls(&'a str, Option<&'static str>),
    StandsStill(Duration),
    Dies(&'a str),
    Commits(String),
}

impl Event<'_> {
    fn is_wrong(&self) -> bool {
        match self {
            Self::Learns(None)
            | Self::DeliveredTwice
            | Self::AnswerLost
            | Self::StandsStill(_)
            | Self::Dies(_) => true,
            Self::Calls(_, fault) => fault.is_some(),
            Self::Starts(ahead) => *ahead != 0,
            _ => false,
        }
    }
}

/// Draws the purchase in which the most went wrong and that became an order, as SVG; `None` if
/// there is none that fits.
pub(crate) fn draw(seed: u64, story: &[Told], document: &str) -> Option<String> {
    let document: Value = serde_json::from_str(document).expect("the document is JSON");
    let mut purchases: BTreeMap<&str, BTreeSet<u64>> = BTreeMap::new();
    for told in story {
        if let What::Sends { send, request, key } = &told.what
            && request == "POST /api/checkout"
            && let Some(key) = key
        {
            purchases.entry(key).or_default().insert(*send);
        }
    }
    let drawn = purchases.values().filter_map(|sends| {
        let commit = commit(&document, sends)?;
        let rows = rows(story, sends, commit);
        (rows.len() <= ROWS).then_some(rows)
    });
    let wrong = |rows: &Vec<Row>| rows.iter().filter(|it| it.event.is_wrong()).count();
    let rows = drawn.max_by_key(wrong)?;
    Some(svg(seed, &rows))
}

/// Finds when the order of these sends was committed, and says with what.
fn commit(document: &Value, sends: &BTreeSet<u64>) -> Option<(u64, String)> {
    let history = document["history"].as_array()?;
    let answered = |it: &&Value| {
        it["send"].as_u64().is_some_and(|it| sends.contains(&it)) && it["status"] == 201
    };
    let order = &history.iter().find(answered)?["body"]["orderId"];
    let journal = document["journal"].as_array()?;
    let of_order = |it: &&Value| order.is_string() && it["after"]["orderId"]["S"] == *order;
    let found = journal.iter().find(of_order)?;
    let commit = &found["commit"];
    let changed = journal.iter().filter(|it| it["commit"] == *commit);
    let count = |table: &str| {
        let changed = changed.clone();
        changed.filter(|it| it["table"] == table).count()
    };
    let at = found["at"].as_u64()?;
    let (stock, cart) = (count("InventoryTable"), count("CartsTable"));
    let text = format!("committed at once: order, key, {stock} of stock, {cart} of the cart");
    Some((at, text))
}

/// Picks what belongs to these sends.
fn rows<'a>(story: &'a [Told], sends: &BTreeSet<u64>, commit: (u64, String)) -> Vec<Row<'a>> {
    let mut first = BTreeMap::new();
    for told in story {
        if let What::Gets { send } = told.what {
            first.entry(told.who.as_str()).or_insert(send);
        }
    }
    let mut commit = Some(commit);
    let mut serves: BTreeMap<&str, Option<u64>> = BTreeMap::new();
    let mut met = BTreeSet::new();
    let mut rows = Vec::new();
    for told in story {
        let process = told.who.as_str();
        let serving = serves.get(process).copied();
        // Until its first request comes, a process starts for that.
        let serving = serving.unwrap_or_else(|| first.get(process).copied());
        let of_us = |send: &u64| sends.contains(send);
        let is_serving_us = serving.as_ref().is_some_and(of_us);
        let event = match &told.what {
            What::Sends { send, request, .. } if of_us(send) => Event::Sends(request),
            What::Learns { send, answer } if of_us(send) => Event::Learns(answer.as_deref()),
            What::DeliveredTwice { send } if of_us(send) => Event::DeliveredTwice,
            What::AnswerLost { send } if of_us(send) => Event::AnswerLost,
            What::Starts { ahead } if is_serving_us => Event::Starts(*ahead),
            What::Gets { send } => {
                serves.insert(process, Some(*send));
                if !of_us(send) {
                    continue;
                }
                Event::Gets
            }
            What::Answers { send, answer } => {
                serves.insert(process, None);
                if !of_us(send) {
                    continue;
                }
                Event::Answers(answer)
            }
            What::StandsStill { time, .. } if is_serving_us => Event::StandsStill(*time),
            What::Dies { how } if is_serving_us => {
                serves.insert(process, None);
                Event::Dies(how)
            }
            What::Meets { operation, fault } if is_serving_us => {
                met.insert((process, operation));
                Event::Calls(operation, Some(fault))
            }
            // What a fault led to is seen in what comes next.
            What::Called { operation, .. } if met.remove(&(process, operation)) => continue,
            What::Called { operation, .. } if is_serving_us => Event::Calls(operation, None),
            _ => continue,
        };
        // In the same millisecond, a call is told first, and what it led to later.
        let is_end = matches!(event, Event::Dies(_));
        let comes_after = |at: u64| told.at > at || (told.at == at && is_end);
        if let Some((at, text)) = commit.take_if(|(at, _)| comes_after(*at)) {
            let event = Event::Commits(text);
            rows.push(Row {
                at,
                process: "",
                event,
            });
        }
        let at = told.at;
        rows.push(Row { at, process, event });
    }
    rows
}

fn svg(seed: u64, rows: &[Row]) -> String {
    let mut processes = Vec::new();
    for row in rows {
        let is_of_process = matches!(
            row.event,
            Event::Starts(_)
                | Event::Gets
                | Event::Answers(_)
                | Event::Calls(..)
                | Event::StandsStill(_)
                | Event::Dies(_)
        );
        if is_of_process && !processes.contains(&row.process) {
            processes.push(row.process);
        }
    }
    let place = |process: &str| {
        let place = processes.iter().position(|it| *it == process);
        FIRST_PROCESS + BETWEEN_PROCESSES * place.unwrap_or_default()
    };
    let last = place(processes.last().copied().unwrap_or_default());
    let database = last + TO_DATABASE;
    let (width, height) = (database + MARGIN, TOP + ROW * (rows.len() + 1));
    let client = rows.iter().find(|it| matches!(it.event, Event::Sends(_)));
    let client = client.map_or("client", |it| it.process);

    let mut drawn = Drawing(String::new());
    let lanes = [
        (client, CLIENT),
        ("gateway", GATEWAY),
        ("DynamoDB", database),
    ];
    for (name, x) in lanes
        .into_iter()
        .chain(processes.iter().map(|it| (*it, place(it))))
    {
        drawn.line((x, TOP - 16), (x, height - ROW / 2), QUIET, "");
        drawn.text(x, TOP - 24, "middle", WELL, name);
    }
    for (number, row) in rows.iter().enumerate() {
        let y = TOP + ROW * number + ROW / 2;
        let x = place(row.process);
        let time = format!("{}.{:03} s", row.at / 1000, row.at % 1000);
        drawn.text(TIME, y + 4, "start", "#5a6370", &time);
        let colour = if row.event.is_wrong() { WRONG } else { WELL };
        match &row.event {
            Event::Sends(request) => drawn.arrow(CLIENT, GATEWAY, y, colour, request),
            Event::Learns(Some(answer)) => drawn.arrow(GATEWAY, CLIENT, y, colour, answer),
            Event::Learns(None) => drawn.cross(CLIENT, y, "no answer"),
            Event::DeliveredTwice => drawn.cross(GATEWAY, y, "is delivered twice"),
            Event::AnswerLost => drawn.cross(GATEWAY, y, "the answer is lost"),
            Event::Starts(0) => drawn.dot(x, y, colour, "starts"),
            Event::Starts(ahead) => {
                drawn.dot(x, y, colour, &format!("starts, {ahead} ms ahead"));
            }
            Event::Gets => drawn.arrow(GATEWAY, x, y, colour, ""),
            Event::Answers(answer) => drawn.arrow(x, GATEWAY, y, colour, answer),
            Event::Calls(operation, None) => drawn.arrow(x, database, y, colour, operation),
            Event::Calls(operation, Some(fault)) => {
                drawn.arrow(x, database, y, colour, &format!("{operation}: {fault}"));
            }
            Event::StandsStill(time) => {
                let text = format!("stands still for {} ms", time.as_millis());
                drawn.cross(x, y, &text);
            }
            Event::Dies(how) => drawn.cross(x, y, how),
            Event::Commits(text) => {
                drawn.dot(database, y, COMMITTED, "");
                drawn.text(database - 12, y + 4, "end", COMMITTED, text);
            }
        }
    }
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
         width=\"{width}\" height=\"{height}\" role=\"img\" \
         font-family=\"system-ui, sans-serif\" font-size=\"12\">\n\
         <title>Seed {seed}: one purchase, and what goes wrong in it</title>\n\
         <defs><marker id=\"tip\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" markerWidth=\"8\" \
         markerHeight=\"8\" orient=\"auto\"><path d=\"M0 0 8 4 0 8z\" fill=\"context-stroke\"/>\
         </marker></defs>\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n{}</svg>\n",
        drawn.0,
    )
}

/// The shapes of a picture.
struct Drawing(String);

impl Drawing {
    fn line(&mut self, from: (usize, usize), to: (usize, usize), colour: &str, more: &str) {
        let ((x1, y1), (x2, y2)) = (from, to);
        let shape = format!("x1=\"{x1}\" y1=\"{y1}\" x2=\"{x2}\" y2=\"{y2}\"");
        self.add(&format!("<line {shape} stroke=\"{colour}\"{more}/>"));
    }

    /// Draws an arrow with a text above it, where it begins.
    fn arrow(&mut self, from: usize, to: usize, y: usize, colour: &str, text: &str) {
        let tip = " marker-end=\"url(#tip)\" stroke-width=\"1.4\"";
        self.line((from, y), (to, y), colour, tip);
        if from < to {
            self.text(from + 10, y - 4, "start", colour, text);
        } else {
            self.text(from - 10, y - 4, "end", colour, text);
        }
    }

    fn dot(&mut self, x: usize, y: usize, colour: &str, text: &str) {
        self.add(&format!(
            "<circle cx=\"{x}\" cy=\"{y}\" r=\"5\" fill=\"{colour}\"/>"
        ));
        self.text(x + 10, y + 4, "start", colour, text);
    }

    fn cross(&mut self, x: usize, y: usize, text: &str) {
        let thick = " stroke-width=\"2.4\"";
        self.line((x - 5, y - 5), (x + 5, y + 5), WRONG, thick);
        self.line((x - 5, y + 5), (x + 5, y - 5), WRONG, thick);
        self.text(x + 10, y + 4, "start", WRONG, text);
    }

    /// Writes a text on white, so that lines behind it don't cross it out.
    fn text(&mut self, x: usize, y: usize, anchor: &str, colour: &str, text: &str) {
        let text = text.replace('&', "&amp;").replace('<', "&lt;");
        self.add(&format!(
            "<text x=\"{x}\" y=\"{y}\" text-anchor=\"{anchor}\" fill=\"{colour}\" stroke=\"#fff\" \
             stroke-width=\"4\" paint-order=\"stroke\">{}</text>",
            text.trim(),
        ));
    }

    fn add(&mut self, shape: &str) {
        writeln!(self.0, "{shape}").expect("a string takes it");
    }
}
