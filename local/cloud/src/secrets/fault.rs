//! How Secrets Manager refuses a call.

/// A refusal, named as Secrets Manager names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) kind: &'static str,
    pub(super) message: String,
}

pub(super) fn fault(kind: &'static str, message: impl Into<String>) -> Fault {
    Fault {
        kind,
        message: message.into(),
    }
}

pub(super) fn invalid(message: impl Into<String>) -> Fault {
    fault("InvalidParameterException", message)
}
