//! What happened in which order, for people to read.

use std::fmt::{self, Display, Formatter};
use std::time::Duration;

/// Something that happened.
pub(crate) struct Told {
    /// When, in milliseconds of the run.
    pub(crate) at: u64,
    /// Who did it or met it: a client, a process, the gateway.
    pub(crate) who: String,
    pub(crate) what: What,
}

/// What happened. A send is known by its number.
pub(crate) enum What {
    /// A client sends a request.
    Sends {
        send: u64,
        request: String,
        key: Option<String>,
    },
    /// A client has the answer, or knows that none comes.
    Learns {
        send: u64,
        answer: Option<String>,
    },
    DeliveredTwice {
        send: u64,
    },
    AnswerLost {
        send: u64,
    },
    /// A process starts, with a clock that is so many milliseconds ahead.
    Starts {
        ahead: i64,
    },
    /// A process is given a request.
    Gets {
        send: u64,
    },
    /// A process answers it.
    Answers {
        send: u64,
        answer: String,
    },
    /// A process's call of DynamoDB is about to meet a fault.
    Meets {
        operation: String,
        fault: &'static str,
    },
    /// DynamoDB has answered a process's call.
    Called {
        operation: String,
        answer: String,
    },
    /// A process stands still, just before it makes a call or while that is being done.
    StandsStill {
        time: Duration,
        call: String,
    },
    /// A process dies, or is ended.
    Dies {
        how: String,
    },
    /// Anything else.
    Does(String),
}

impl Display for Told {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (seconds, millis) = (self.at / 1000, self.at % 1000);
        let (who, what) = (&self.who, &self.what);
        write!(f, "{seconds:4}.{millis:03}  {who:<24} {what}")
    }
}

impl Display for What {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sends { send, request, key } => {
                let key = key.as_deref().unwrap_or_default();
                write!(f, "send {send}: {request} {key}")
            }
            Self::Learns { send, answer } => {
                let answer = answer.as_deref().unwrap_or("no answer");
                write!(f, "send {send}: {answer}")
            }
            Self::DeliveredTwice { send } => write!(f, "send {send} is delivered twice"),
            Self::AnswerLost { send } => write!(f, "the answer to send {send} is lost"),
            Self::Starts { ahead: 0 } => f.write_str("starts"),
            Self::Starts { ahead } => write!(f, "starts with a clock that is {ahead} ms ahead"),
            Self::Gets { send } => write!(f, "gets send {send}"),
            Self::Answers { send, answer } => write!(f, "answers send {send}: {answer}"),
            Self::Meets { operation, fault } => write!(f, "{operation} meets: {fault}"),
            Self::Called { operation, answer } => write!(f, "{operation}: {answer}"),
            Self::StandsStill { time, call } => {
                write!(f, "stands still for {} ms at its {call}", time.as_millis())
            }
            Self::Dies { how } => f.write_str(how),
            Self::Does(what) => f.write_str(what),
        }
    }
}
