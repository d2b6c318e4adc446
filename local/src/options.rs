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

#[cfg(test)]
mod tests {
    use cloud::Template;

    use super::*;

    #[test]
    fn the_local_cloud_takes_what_the_template_leaves_out_by_default() {
        let mut options = options(Profile::Dev);
        for (name, value) in [
            ("DataEvents", "true"),
            ("NoOrdersHours", "3"),
            ("ConcurrencyThreshold", "800"),
            ("SignInConcurrency", "5"),
            ("WebPages", "true"),
        ] {
            let declared = Template::parameter_names(&options.template).unwrap();
            assert!(declared.iter().any(|it| it == name), "{name}");
            let parameters = &mut options.deployment.parameters;
            parameters.insert(name.to_owned(), value.to_owned());
        }
        let template = Template::load(&options.template, &options.deployment).unwrap();
        let mut functions = template.functions.iter();
        let login = functions.find(|it| it.binary == "login").unwrap();
        assert_eq!(login.reserved_concurrency, Some(5));
        let mut buckets = template.buckets.iter();
        let pages = buckets.find(|it| it.logical_id == "WebBucket").unwrap();
        assert_eq!(pages.cdn_domains, ["webdistribution.cloudfront.net"]);
    }
}
