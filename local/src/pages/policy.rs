//! What browsers may do with the pages. The template's distribution says the same, with its own
//! addresses; a test compares the two.

/// The origins that the pages talk to, beside their own.
#[derive(Debug, Clone)]
pub struct Addresses {
    /// The API's.
    pub api: String,
    /// That of the pictures.
    pub pictures: String,
    /// That of the bucket to which pictures are uploaded.
    pub uploads: String,
}

/// Returns the pages' `Content-Security-Policy`: scripts, styles and requests of these origins
/// only, nothing inline, no frames and no forms.
#[must_use]
pub fn content_security_policy(addresses: &Addresses) -> String {
    let Addresses {
        api,
        pictures,
        uploads,
    } = addresses;
    let connect = match api == uploads {
        true => api.clone(),
        false => format!("{api} {uploads}"),
    };
    format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' {pictures}; \
         connect-src 'self' {connect}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
}
