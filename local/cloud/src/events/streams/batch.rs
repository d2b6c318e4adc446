//! What a function's answer says of a batch.
//! <https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html>

use serde_json::Value;

/// What became of a batch that the function answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// All records are done with.
    Done,
    /// Those from this position on are not.
    FailedFrom(usize),
}

/// Reads the answer to a batch of records with these sequence numbers. `reports` says whether the
/// function was asked which records failed; else its answer says nothing.
pub(super) fn outcome<'a>(
    numbers: impl Iterator<Item = &'a str>,
    answer: &[u8],
    reports: bool,
) -> Outcome {
    let all = Outcome::FailedFrom(0);
    if !reports {
        return Outcome::Done;
    }
    let answer = match serde_json::from_slice(answer) {
        Ok(Value::Null) => return Outcome::Done,
        Ok(Value::Object(answer)) => answer,
        // Also what is no JSON at all, as `""`.
        Ok(Value::String(text)) if text.is_empty() => return Outcome::Done,
        _ if answer.is_empty() => return Outcome::Done,
        _ => return all,
    };
    let failures = match answer.get("batchItemFailures") {
        None | Some(Value::Null) => return Outcome::Done,
        Some(Value::Array(failures)) if failures.is_empty() => return Outcome::Done,
        Some(Value::Array(failures)) => failures,
        Some(_) => return all,
    };
    let numbers: Vec<&str> = numbers.collect();
    let mut lowest = numbers.len();
    for failure in failures {
        let number = failure.get("itemIdentifier").and_then(Value::as_str);
        let position = numbers.iter().position(|it| Some(*it) == number);
        match position {
            Some(position) => lowest = lowest.min(position),
            None => return all,
        }
    }
    Outcome::FailedFrom(lowest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_names_the_first_record_that_failed_or_all_did() {
        let all = Outcome::FailedFrom(0);
        for (answer, expected) in [
            ("", Outcome::Done),
            ("null", Outcome::Done),
            ("{}", Outcome::Done),
            (r#"{"batchItemFailures":null}"#, Outcome::Done),
            (r#"{"batchItemFailures":[]}"#, Outcome::Done),
            (
                r#"{"batchItemFailures":[{"itemIdentifier":"3"},{"itemIdentifier":"2"}]}"#,
                Outcome::FailedFrom(1),
            ),
            (r#"{"batchItemFailures":[{"itemIdentifier":"1"}]}"#, all),
            (r#"{"batchItemFailures":[{"itemIdentifier":"9"}]}"#, all),
            (r#"{"batchItemFailures":[{"itemIdentifier":""}]}"#, all),
            (r#"{"batchItemFailures":[{"itemIdentifier":null}]}"#, all),
            (r#"{"batchItemFailures":[{"itemIdentifier":"3"},{}]}"#, all),
            (r#"{"batchItemFailures":{}}"#, all),
            ("[]", all),
            ("7", all),
            ("{", all),
        ] {
            let numbers = || ["1", "2", "3"].into_iter();
            assert_eq!(
                outcome(numbers(), answer.as_bytes(), true),
                expected,
                "{answer}"
            );
            let unasked = outcome(numbers(), answer.as_bytes(), false);
            assert_eq!(unasked, Outcome::Done, "{answer}");
        }
    }
}
