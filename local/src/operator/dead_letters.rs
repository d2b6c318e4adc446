//! Looks at what functions failed on for good, which lies in the queues of a shop on this machine,
//! and delivers it again: events as they were, records of a stream as the stream still has them.

mod letter;
mod services;
#[cfg(test)]
mod tests;

use clap::Args;
use cloud::{Ports, Template};
use serde_json::{Value, json};
use template::{EventSource, FunctionTemplate, QueueTemplate, REGION, StreamSource};

use super::chosen_shop::fixed_ports;
use super::error::OperatorError;
use crate::binaries::Profile;
use crate::options::options;
use letter::{Content, Letter};
pub use services::Services;

/// What `--help` says first.
pub(super) const ABOUT: &str = "\
Show what functions failed on for good, in a shop that runs on this machine

Each line says what it is, which function failed and why. With --put-back all of it is
delivered again: an event as it was, records of a table's stream as the stream has them.
What is done, or on its way again, leaves the queue; what fails again stays in it.";

/// What `--help` says last.
pub(super) const EXAMPLES: &str = "\
Examples:
  cargo run -- dead-letters
  cargo run -- dead-letters --put-back --port 8000

docs/operating.md says how to do it in a shop at AWS.";

/// Arguments of `dead-letters`.
#[derive(Debug, Args)]
pub struct DeadLetters {
    /// Port of the shop's API
    #[arg(long, default_value = "9000", value_name = "N", value_parser = fixed_ports)]
    port: Ports,
    /// Deliver all of it again
    #[arg(long)]
    put_back: bool,
    /// A queue's name in template.yaml; without it, all
    queue: Option<String>,
}

impl DeadLetters {
    pub(super) async fn run(&self, print: impl Fn(&str)) -> Result<(), OperatorError> {
        let options = options(Profile::Dev);
        let template =
            Template::load(&options.template, &options.deployment).map_err(OperatorError::new)?;
        let url = |port: u16| format!("http://127.0.0.1:{port}");
        let services = Services {
            api: url(self.port.api()),
            dynamodb: url(self.port.dynamodb()),
            sqs: url(self.port.sqs()),
        };
        let (mut failed, mut found) = (0, 0);
        for queue in chosen(&template.queues, self.queue.as_deref())? {
            let name = &queue.logical_id;
            if self.put_back {
                for (letter, outcome) in put_back(&services, &template, queue).await? {
                    found += 1;
                    match outcome {
                        Ok(()) => print(&format!("{name}: put back: {letter}")),
                        Err(reason) => {
                            failed += 1;
                            print(&format!("{name}: stays: {letter}: {reason}"));
                        }
                    }
                }
            } else {
                for letter in look(&services, queue).await? {
                    found += 1;
                    print(&format!("{name}: {letter}"));
                }
            }
        }
        if found == 0 {
            print("There is nothing that a function failed on for good.");
        }
        match failed {
            0 => Ok(()),
            _ => Err(OperatorError::new(format_args!(
                "{failed} of them could not be put back"
            ))),
        }
    }
}

/// Chooses the queue of that name, or all.
fn chosen<'a>(
    queues: &'a [QueueTemplate],
    name: Option<&str>,
) -> Result<Vec<&'a QueueTemplate>, OperatorError> {
    let all = queues.iter();
    let chosen: Vec<_> = all
        .filter(|it| name.is_none_or(|name| it.logical_id == name))
        .collect();
    match name {
        Some(name) if chosen.is_empty() => {
            let known: Vec<&str> = queues.iter().map(|it| it.logical_id.as_str()).collect();
            Err(OperatorError::new(format_args!(
                "the template has no queue {name}; it has {}",
                known.join(", ")
            )))
        }
        _ => Ok(chosen),
    }
}

/// Says what is in a queue, a sentence each. All of it stays there.
///
/// # Errors
/// When no local cloud listens there, or it refuses.
pub async fn look(
    services: &Services,
    queue: &QueueTemplate,
) -> Result<Vec<String>, OperatorError> {
    let (url, letters) = services.receive_all(&queue.name).await?;
    for letter in &letters {
        services.release(&url, letter).await?;
    }
    Ok(letters.iter().map(Letter::to_string).collect())
}

/// Delivers again what is in a queue. Returns what each was, and why it is still there.
///
/// # Errors
/// When no local cloud listens there, or its SQS refuses.
pub async fn put_back(
    services: &Services,
    template: &Template,
    queue: &QueueTemplate,
) -> Result<Vec<(String, Result<(), OperatorError>)>, OperatorError> {
    let (url, letters) = services.receive_all(&queue.name).await?;
    let mut outcomes = Vec::new();
    for letter in letters {
        let outcome = deliver(services, template, &letter).await;
        if outcome.is_ok() {
            services.delete(&url, &letter).await?;
        } else {
            services.release(&url, &letter).await?;
        }
        outcomes.push((letter.to_string(), outcome));
    }
    Ok(outcomes)
}

async fn deliver(
    services: &Services,
    template: &Template,
    letter: &Letter,
) -> Result<(), OperatorError> {
    let mut functions = template.functions.iter();
    let function = functions.find(|it| it.name == letter.function);
    let function = function.ok_or_else(|| {
        OperatorError::new(format_args!("there is no function {}", letter.function))
    })?;
    match &letter.content {
        Content::Event(payload) => services.send_event(&function.name, payload).await,
        Content::Batch {
            stream,
            shard,
            first,
            last,
            ..
        } => {
            let source = reader_of(function, stream)?;
            let records = services.records(stream, shard, first, last).await?;
            let events = records.into_iter().map(|mut record| {
                if let Some(record) = record.as_object_mut() {
                    record.insert("eventSourceARN".to_owned(), json!(stream));
                    record.insert("awsRegion".to_owned(), json!(REGION));
                }
                record
            });
            // The stream has what the function never wanted, too.
            let fits = |it: &Value| {
                source.filters.is_empty() || source.filters.iter().any(|filter| filter.fits(it))
            };
            let wanted: Vec<Value> = events.filter(fits).collect();
            for batch in wanted.chunks(source.batch_size) {
                let payload = json!({ "Records": batch });
                let answer = services.invoke(&function.name, &payload).await?;
                let failures = answer.get("batchItemFailures").and_then(Value::as_array);
                if source.reports_failures && failures.is_some_and(|it| !it.is_empty()) {
                    return Err(OperatorError::new(
                        "the function reported records that failed",
                    ));
                }
            }
            Ok(())
        }
        Content::Unknown => Err(OperatorError::new("it is no record of Lambda's")),
    }
}

fn reader_of<'a>(
    function: &'a FunctionTemplate,
    stream: &str,
) -> Result<&'a StreamSource, OperatorError> {
    let sources = function.sources.iter();
    let mut streams = sources.filter_map(|it| match it {
        EventSource::Stream(source) => Some(source),
        EventSource::Bucket(_) | EventSource::Schedule(_) => None,
    });
    streams
        .find(|it| it.stream_arn == stream)
        .ok_or_else(|| OperatorError::new(format_args!("{} does not read {stream}", function.name)))
}
