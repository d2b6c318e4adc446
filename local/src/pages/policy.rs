//! What browsers may do with the pages. The template's distribution says the same, with its own
//! addresses; a test compares the two.

/// The origins that the pages talk to, beside their own.
#[derive(Debug, Clone)]
pub struct Addresses {
    /// The API's.
    pub api: String,
    /// That of the public pictures.
    pub pictures: String,
    /// That of the bucket, to which pictures are uploaded and to which the links of drafts'
    /// pictures lead.
    pub bucket: String,
}

/// Returns the pages' `Content-Security-Policy`: scripts, styles and requests of these origins
/// only, nothing inline, no frames and no forms.
#[must_use]
pub fn content_security_policy(addresses: &Addresses) -> String {
    let Addresses {
        api,
        pictures,
        bucket,
    } = addresses;
    let with_bucket = |other: &String| match other == bucket {
        true => other.clone(),
        false => format!("{other} {bucket}"),
    };
    let (images, connect) = (with_bucket(pictures), with_bucket(api));
    format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' {images}; \
         connect-src 'self' {connect}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
}
