//! What the functions wrote to their log.

use serde_json::Value;

use crate::Shop;

impl Shop {
    /// Returns every line of the log so far that is an event of that code.
    pub fn events(&self, code: &str) -> Vec<Value> {
        let lines = self.log_lines();
        lines.filter(|line| line["event"] == code).collect()
    }

    /// Returns every line of the log so far that is JSON of a function's.
    pub fn log_lines(&self) -> impl Iterator<Item = Value> {
        self.cloud.logs().into_iter().filter_map(|line| {
            let (_, line) = line.split_once(": ")?;
            serde_json::from_str(line).ok()
        })
    }
}
