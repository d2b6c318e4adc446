//! Query parameters, read into a domain type.

use super::error::InputError;

/// A type that is read from the query. Unknown parameters are ignored, since
/// links carry all sorts of them.
pub trait FromQuery: Sized {
    /// Reads every parameter it knows and records each that is wrong. Returns
    /// `None` only if something was recorded.
    fn from_query(parameters: &mut Parameters<'_>) -> Option<Self>;
}

/// Reads a query from its names and values, both decoded.
///
/// # Errors
/// [`InputError::Malformed`] naming every bad parameter.
pub(crate) fn parse<'a, T: FromQuery>(
    given: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Result<T, InputError> {
    let mut parameters = Parameters {
        given: given.into_iter().collect(),
        wrong: Vec::new(),
    };
    let read = T::from_query(&mut parameters);
    match read {
        Some(read) if parameters.wrong.is_empty() => Ok(read),
        Some(_) | None => Err(InputError::malformed(parameters.wrong.join(" "))),
    }
}

/// The parameters of a query, and what was wrong so far.
pub struct Parameters<'a> {
    given: Vec<(&'a str, &'a str)>,
    wrong: Vec<String>,
}

impl Parameters<'_> {
    /// Reads a parameter that may be absent, or empty as forms send it. The
    /// outer option is `None` if it is wrong or given twice; `expected` says
    /// what it should be.
    pub fn optional<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&str) -> Option<T>,
        expected: &str,
    ) -> Option<Option<T>> {
        let mut values = (self.given.iter())
            .filter_map(|(key, value)| (*key == name && !value.is_empty()).then_some(*value));
        match (values.next(), values.next()) {
            (None, _) => Some(None),
            (Some(value), None) => match read(value) {
                Some(value) => Some(Some(value)),
                None => self.refuse(name, expected),
            },
            (Some(_), Some(_)) => self.refuse(name, "given once"),
        }
    }

    /// Records that a parameter is wrong.
    pub(crate) fn refuse<T>(&mut self, name: &str, expected: &str) -> Option<T> {
        self.wrong
            .push(format!("The parameter `{name}` must be {expected}."));
        None
    }
}
