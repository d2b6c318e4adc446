//! Shortens a function's log line for a terminal. A log that is no terminal gets the whole line.

use serde_json::{Map, Value};

/// Fields that an event's line has without saying anything of the event to who watches.
const ASIDE: [&str; 5] = ["event", "requestId", "time", "userAgent", "_aws"];

/// Formats one line for a terminal. Nothing in it can move the cursor or colour the screen: what
/// a request carries must not write over the lines before it.
pub(crate) fn short_line(source: &str, line: &str) -> String {
    let told = match serde_json::from_str(line) {
        Ok(Value::Object(object)) => access(&object).or_else(|| event(&object)),
        _ => None,
    };
    let text = match told {
        Some(told) => format!("{source}  {told}"),
        None => format!("{source}: {line}"),
    };
    printable(&text)
}

/// Formats the line that every request leaves.
fn access(line: &Map<String, Value>) -> Option<String> {
    let route = line.get("route")?.as_str()?;
    let status = line.get("status")?.as_u64()?;
    let duration = line.get("duration")?.as_u64()?;
    let mut text = String::new();
    // `$default` doesn't say the method, other routes do.
    if let Some(method) = line.get("method").and_then(Value::as_str)
        && !route.contains(' ')
    {
        text.push_str(method);
        text.push(' ');
    }
    text.push_str(&format!("{route}  {status}  {duration} ms"));
    for name in ["userId", "code", "error"] {
        if let Some(value) = line.get(name).and_then(Value::as_str) {
            text.push_str("  ");
            text.push_str(value);
        }
    }
    Some(text)
}

/// Formats a line about something else that happened, with all that it says.
fn event(line: &Map<String, Value>) -> Option<String> {
    let mut text = format!("event {}", line.get("event")?.as_str()?);
    let said = line
        .iter()
        .filter(|(name, _)| !ASIDE.contains(&name.as_str()))
        // CloudWatch's metrics have names with a capital; nobody counts on a terminal.
        .filter(|(name, _)| !name.starts_with(|first: char| first.is_ascii_uppercase()))
        .filter(|(_, value)| value.as_str() != Some(""));
    for (name, value) in said {
        match value {
            // As it is where that can't be mistaken for more than one value.
            Value::String(value) if !value.is_empty() && !value.contains([' ', '"']) => {
                text.push_str(&format!("  {name}={value}"));
            }
            value => text.push_str(&format!("  {name}={value}")),
        }
    }
    Some(text)
}

/// Escapes everything in a text that a terminal would act on or that can't be seen: control
/// characters, and marks that turn the direction of writing.
fn printable(text: &str) -> String {
    let mut printable = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\'' | '"' | '\\' => printable.push(character),
            _ => printable.extend(character.escape_debug()),
        }
    }
    printable
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;

    #[test]
    fn a_request_is_one_short_line() {
        let mut line = json!({
            "time": "2026-11-21T10:00:00Z",
            "requestId": "UbPkjiZQliAEJ0A=",
            "route": "GET /api/orders",
            "method": "GET",
            "status": 200,
            "duration": 3,
            "sourceIp": "127.0.0.1",
            "userAgent": "curl/8",
            "coldStart": false,
        });
        assert_eq!(
            short_line("get-orders", &line.to_string()),
            "get-orders  GET /api/orders  200  3 ms"
        );
        line["userId"] = json!("usr_1");
        line["role"] = json!("customer");
        assert_eq!(
            short_line("get-orders", &line.to_string()),
            "get-orders  GET /api/orders  200  3 ms  usr_1"
        );
        line["status"] = json!(503);
        line["code"] = json!("unavailable");
        line["error"] = json!("dispatch failure: \"orders\" is gone");
        assert_eq!(
            short_line("get-orders", &line.to_string()),
            "get-orders  GET /api/orders  503  3 ms  usr_1  unavailable  \
             dispatch failure: \"orders\" is gone"
        );
        line["route"] = json!("$default");
        line.as_object_mut().unwrap().remove("userId");
        line.as_object_mut().unwrap().remove("error");
        assert_eq!(
            short_line("not-found", &line.to_string()),
            "not-found  GET $default  503  3 ms  unavailable"
        );
    }

    #[test]
    fn an_event_is_one_short_line_with_all_that_it_says() {
        let line = json!({
            "time": "2026-11-21T10:00:00Z",
            "requestId": "UbPkjiZQliAEJ0A=",
            "event": "sign-in-failed",
            "reason": "wrong-password",
        });
        assert_eq!(
            short_line("login", &line.to_string()),
            "login  event sign-in-failed  reason=wrong-password"
        );
        let line = json!({
            "event": "e",
            "a": "two words",
            "b": "",
            "c": 5,
            "d": ["x"],
            "e": "say \"so\"",
            "f": null,
            "SignInFailures": 1,
            "_aws": { "Timestamp": 1 },
        });
        assert_eq!(
            short_line("s", &line.to_string()),
            r#"s  event e  a="two words"  c=5  d=["x"]  e="say \"so\""  f=null"#
        );
    }

    #[test]
    fn every_other_line_stays_as_it_is() {
        for line in [
            "thread 'main' panicked at src/main.rs:1:1:",
            "[1,2]",
            r#"{"route":"GET /","status":"200","duration":1}"#,
            r#"{"route":"GET /","status":200}"#,
            r#"{"event":5}"#,
            r#"{"message":"C:\\é – 商品"}"#,
            "{",
            "",
        ] {
            assert_eq!(short_line("s", line), format!("s: {line}"));
        }
    }

    #[test]
    fn no_control_character_reaches_the_terminal() {
        let controls: String = (0..=0xffff)
            .filter_map(char::from_u32)
            .filter(|it| it.is_control())
            // What turns, hides or breaks text without being a control character.
            .chain("\u{200b}\u{200e}\u{202a}\u{202e}\u{2028}\u{2066}\u{2069}\u{feff}".chars())
            .collect();
        let access = json!({
            "route": controls, "status": 200, "duration": 1, "method": controls,
            "userId": controls, "code": controls, "error": controls,
        });
        let event = json!({ "event": controls, "a": controls, controls.as_str(): [controls] });
        for line in [access.to_string(), event.to_string(), controls.clone()] {
            let told = short_line(&controls, &line);
            let escaped = controls.chars().find(|it| told.contains(*it));
            assert_eq!(escaped, None, "{told:?}");
        }
        assert_eq!(short_line("s", "a\u{1b}[2J\tb"), r"s: a\u{1b}[2J\tb");
    }
}
