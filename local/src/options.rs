//! How a local cloud runs this workspace's shop.

use std::collections::BTreeMap;

use cloud::{Deployment, Options};
use shared::http::SECURITY_HEADERS;

use crate::binaries::{Profile, binaries_folder, workspace};

/// Options for the shop with these builds of its functions: any port, everything in memory, log
/// lines kept for [`cloud::Cloud::logs`].
#[must_use]
pub fn options(profile: Profile) -> Options {
    let deployment = Deployment {
        stack: "buy-from-me-local".to_owned(),
        // Where Next.js serves the shop's pages during development.
        parameters: BTreeMap::from([(
            "AllowedOrigins".to_owned(),
            "http://localhost:3000".to_owned(),
        )]),
    };
    let template = workspace().join("template.yaml");
    let mut options = Options::new(template, deployment, binaries_folder(profile));
    options.gateway_headers = SECURITY_HEADERS.to_vec();
    options
}
