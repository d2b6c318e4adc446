//! What browsers may do with the pages. The template's distribution sends the same, with its own
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

/// Returns the headers of every answer of the pages' port, by their names.
#[must_use]
pub fn security_headers(addresses: &Addresses) -> [(&'static str, String); 7] {
    [
        (
            "content-security-policy",
            content_security_policy(addresses),
        ),
        ("cross-origin-opener-policy", "same-origin".to_owned()),
        ("cross-origin-resource-policy", "same-origin".to_owned()),
        (
            "permissions-policy",
            "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()"
                .to_owned(),
        ),
        ("referrer-policy", "no-referrer".to_owned()),
        ("x-content-type-options", "nosniff".to_owned()),
        ("x-frame-options", "DENY".to_owned()),
    ]
}
