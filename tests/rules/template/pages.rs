//! The storefront and the console, where the stack serves them.

use std::collections::BTreeMap;

use local::pages::{Addresses, security_headers};
use serde_json::Value;

use super::{Template, finds, holds, patterns, reference};
use crate::Faults;

/// What the API, the public pictures and the bucket are called in the template.
fn addresses() -> Addresses {
    Addresses {
        api: "${ApiAddress}".to_owned(),
        pictures: "https://${ImagesDistribution.DomainName}".to_owned(),
        bucket: "https://${ImagesBucket.RegionalDomainName}".to_owned(),
    }
}

/// Returns the headers that a policy adds to every answer, by their names, and adds to the faults
/// those that give way to what a bucket says.
fn headers(policy: &Value, faults: &mut Faults) -> BTreeMap<String, String> {
    let config = &policy["ResponseHeadersPolicyConfig"];
    let security = &config["SecurityHeadersConfig"];
    let csp = &security["ContentSecurityPolicy"]["ContentSecurityPolicy"];
    let csp = csp["Fn::Sub"].get(0).unwrap_or(csp).as_str();
    let strict = &security["StrictTransportSecurity"];
    let nosniff = security["ContentTypeOptions"].is_object();
    let text = |value: &Value| match value {
        Value::Null => None,
        value => patterns(value).pop(),
    };
    let known = [
        ("content-security-policy", csp.map(str::to_owned)),
        ("x-content-type-options", nosniff.then(|| "nosniff".into())),
        (
            "x-frame-options",
            text(&security["FrameOptions"]["FrameOption"]),
        ),
        (
            "referrer-policy",
            text(&security["ReferrerPolicy"]["ReferrerPolicy"]),
        ),
        (
            "strict-transport-security",
            text(&strict["AccessControlMaxAgeSec"]),
        ),
    ];
    let mut headers = BTreeMap::new();
    for (name, value) in known {
        headers.extend(value.map(|value| (name.to_owned(), value)));
    }
    let parts = security.as_object().into_iter().flatten();
    let mut all: Vec<_> = parts.map(|(name, part)| (name.as_str(), part)).collect();
    for item in config["CustomHeadersConfig"]["Items"]
        .as_array()
        .into_iter()
        .flatten()
    {
        let name = item["Header"].as_str().unwrap_or_default();
        headers.extend(text(&item["Value"]).map(|value| (name.to_owned(), value)));
        all.push((name, item));
    }
    let weak = all.iter().filter(|(_, part)| part["Override"] != true);
    faults.extend(weak.map(|(name, _)| format!("{name} gives way")));
    headers
}

/// What the pages of a stack let a browser do that those of `cargo run` don't.
fn pages_laxer_than_the_local_ones(template: &Template) -> Faults {
    let mut faults = Faults::new();
    for cdn in template.of_kind("AWS::CloudFront::Distribution") {
        let config = cdn.property("DistributionConfig");
        // What has a first page is for people.
        if config["DefaultRootObject"].is_null() {
            continue;
        }
        let behaviour = &config["DefaultCacheBehavior"];
        let policy = reference(&behaviour["ResponseHeadersPolicyId"], "").unwrap_or_default();
        let mut found = headers(&template.0["Resources"][&policy]["Properties"], &mut faults);
        let seconds = found.remove("strict-transport-security");
        let seconds = seconds.and_then(|it| it.parse::<u64>().ok());
        if seconds.is_none_or(|it| it < 31_536_000) {
            faults.push(format!("{} may be opened without TLS for a while", cdn.id));
        }
        for (name, value) in security_headers(&addresses()) {
            if found.get(name) != Some(&value) {
                faults.push(format!("{name} is {:?}, not {value}", found.get(name)));
            }
        }
        let redirects = ["https-only", "redirect-to-https"];
        if !redirects
            .iter()
            .any(|it| behaviour["ViewerProtocolPolicy"] == **it)
        {
            faults.push(format!("{} is served without TLS", cdn.id));
        }
        let certificates = patterns(&config["ViewerCertificate"]["MinimumProtocolVersion"]);
        let own = &config["ViewerCertificate"]["Fn::If"][1];
        if certificates != ["TLSv1.2_2021"] && own["MinimumProtocolVersion"] != "TLSv1.2_2021" {
            faults.push(format!("{} takes TLS before 1.2", cdn.id));
        }
    }
    faults
}

#[test]
fn deployed_pages_are_as_strict_as_local_ones() {
    holds(pages_laxer_than_the_local_ones);
    let policy = &security_headers(&addresses())["content-security-policy"];
    for word in ["unsafe-", "*", "http:", "data:", "blob:"] {
        assert!(!policy.contains(word), "{word}: {policy}");
    }
    for start in [
        "default-src 'none';",
        "script-src 'self';",
        "style-src 'self';",
    ] {
        assert!(policy.contains(start), "{start}: {policy}");
    }
}

#[test]
fn pages_that_are_laxer_are_found() {
    // The section of the pages alone, without the bucket, which begins by an alias.
    let whole = crate::files::read("template.yaml");
    let (_, own) = whole.split_once("\n  WebAccess:").unwrap();
    let (own, _) = own.split_once("\n  # ---").unwrap();
    let own = format!("Resources:\n  WebAccess:{own}");
    finds(pages_laxer_than_the_local_ones, &own, &[]);
    let with = |of: &str, with: &str| {
        assert!(own.contains(of), "{of}");
        own.replace(of, with)
    };
    for (of, replaced, words) in [
        (
            "script-src 'self';",
            "script-src 'self' 'unsafe-inline';",
            &["content-security-policy is"][..],
        ),
        (
            "connect-src 'self' ${ApiAddress}",
            "connect-src 'self' https://*.execute-api.eu-central-1.amazonaws.com",
            &["content-security-policy is"],
        ),
        (
            "FrameOption: DENY",
            "FrameOption: SAMEORIGIN",
            &["x-frame-options is"],
        ),
        ("camera=()", "camera=*", &["permissions-policy is"]),
        (
            "cross-origin-opener-policy, Value: same-origin, Override: true",
            "cross-origin-opener-policy, Value: same-origin, Override: false",
            &["cross-origin-opener-policy gives way"],
        ),
        (
            "AccessControlMaxAgeSec: 31536000",
            "AccessControlMaxAgeSec: 300",
            &["without TLS for a while"],
        ),
        ("redirect-to-https", "allow-all", &["served without TLS"]),
        ("TLSv1.2_2021", "TLSv1_2016", &["takes TLS before 1.2"]),
        (
            "ResponseHeadersPolicyId: !Ref WebHeaders",
            "Else: 1",
            &[
                "for a while",
                "content-security-policy is None",
                "cross-origin-opener-policy is None",
                "cross-origin-resource-policy is None",
                "permissions-policy is None",
                "referrer-policy is None",
                "x-content-type-options is None",
                "x-frame-options is None",
            ],
        ),
    ] {
        finds(pages_laxer_than_the_local_ones, &with(of, replaced), words);
    }
}
