//! What a browser reaches: origins, routes, the CDN.

use std::collections::BTreeSet;

use regex_lite::Regex;
use serde_json::Value;

use super::{Function, Template, finds, has_star, holds, one_or_many, patterns, reference, walk};
use crate::Faults;

/// Whether an origin is anyone's, or a developer's.
fn is_loose(origin: &str) -> bool {
    let own = ["localhost", "127.0.0.1", "[::1]"];
    !origin.starts_with("https://") || has_star(origin) || own.iter().any(|it| origin.contains(it))
}

/// What no pattern of origins may admit: other schemes, this machine under any of its names,
/// addresses, and what isn't exactly an origin.
const NO_ORIGINS: [&str; 22] = [
    "",
    "*",
    "null",
    "http://shop.example.com",
    "https://localhost",
    "https://localhost:3000",
    "https://127.0.0.1",
    "https://127.0.0.1:3000",
    "https://127.1",
    "https://2130706433",
    "https://0.0.0.0:3000",
    "https://[::1]",
    "https://[::1]:3000",
    "https://*.example.com",
    "https://shop.example.com/",
    "https://shop.example.com/path",
    "https://shop.example.com?query",
    "https://shop.example.com:",
    "https://user@shop.example.com",
    "https://shop.example.com https://other.example",
    "https://.example.com",
    "https://shop.example.com\n",
];

/// Whether a parameter's pattern admits exact https origins, and nothing else.
fn admits_origins_only(pattern: &str) -> bool {
    let Ok(pattern) = Regex::new(pattern) else {
        return false;
    };
    // CloudFormation holds a pattern against the whole value.
    let admits = |origin: &str| pattern.find(origin).is_some_and(|it| it.as_str() == origin);
    let origins = [
        "https://shop.example.com",
        "https://shop-2.example.com:8443",
        "https://xn--bcher-kva.example",
    ];
    origins.into_iter().all(admits) && !NO_ORIGINS.into_iter().any(admits)
}

/// What sets a function apart that hashes passwords: the memory that gives it its processor.
fn hashes(function: &Function<'_>) -> bool {
    patterns(function.setting("MemorySize")) == ["${SignInMemorySize}"]
}

/// The routes that hash passwords and are throttled like any other, or the other way round.
fn hashing_that_may_starve_buying(template: &Template) -> Faults {
    let mut faults = Faults::new();
    let settings = template
        .of_kind("AWS::Serverless::HttpApi")
        .find_map(|api| api.property("RouteSettings").as_object())
        .cloned()
        .unwrap_or_default();
    let mut limited: BTreeSet<String> = settings.keys().cloned().collect();
    for function in template.functions().filter(hashes) {
        for (_, event) in function.events() {
            let route = &event["Properties"];
            let [method, path] = ["Method", "Path"].map(|it| route[it].as_str().unwrap_or("-"));
            let key = format!("{method} {path}");
            for (setting, parameter) in [
                ("ThrottlingRateLimit", "SignInThrottlingRateLimit"),
                ("ThrottlingBurstLimit", "SignInThrottlingBurstLimit"),
            ] {
                let value = settings.get(&key).map(|it| patterns(&it[setting]));
                if value != Some(vec![format!("${{{parameter}}}")]) {
                    faults.push(format!("{key} has no {setting} of its own"));
                }
            }
            limited.remove(&key);
        }
        if !function
            .property("ReservedConcurrentExecutions")
            .is_object()
        {
            faults.push(format!("{} can't reserve concurrency", function.name));
        }
    }
    faults.extend(limited.iter().map(|key| format!("{key} hashes nothing")));
    faults
}

#[test]
fn hashing_is_throttled_before_it_starves_buying() {
    holds(hashing_that_may_starve_buying);
    assert!(Template::own().functions().filter(hashes).count() >= 5);
}

#[test]
fn hashing_that_may_starve_buying_is_found() {
    let good = r#"
Resources:
  Api:
    Type: AWS::Serverless::HttpApi
    Properties:
      RouteSettings:
        POST /login: {ThrottlingRateLimit: !Ref SignInThrottlingRateLimit, ThrottlingBurstLimit: !Ref SignInThrottlingBurstLimit}
  LoginFunction:
    Type: AWS::Serverless::Function
    Metadata: {BuildProperties: {Binary: login}}
    Properties:
      CodeUri: functions/login
      MemorySize: !Ref SignInMemorySize
      ReservedConcurrentExecutions: !If [A, 1, !Ref AWS::NoValue]
      Events: {Route: {Type: HttpApi, Properties: {Method: POST, Path: /login}}}
"#;
    finds(hashing_that_may_starve_buying, good, &[]);
    for (of, with, words) in [
        (
            "POST /login:",
            "POST /logins:",
            &["no ThrottlingRate", "no ThrottlingBurst", "hashes nothing"][..],
        ),
        (
            "!Ref SignInThrottlingBurstLimit",
            "9",
            &["no ThrottlingBurst"],
        ),
        (
            "MemorySize: !Ref SignInMemorySize",
            "MemorySize: 9",
            &["hashes nothing"],
        ),
        ("      Reserved", "      Else", &["login can't reserve"]),
    ] {
        assert!(good.contains(of), "{of}");
        finds(
            hashing_that_may_starve_buying,
            &good.replace(of, with),
            words,
        );
    }
}

fn loose_origins(template: &Template) -> Faults {
    let mut faults = Faults::new();
    let mut check = |place: &str, origins: &Value| {
        for origin in patterns(origins) {
            let Some(name) = origin
                .strip_prefix("${")
                .and_then(|it| it.strip_suffix('}'))
            else {
                if is_loose(&origin) {
                    faults.push(format!("{place} allows {origin}"));
                }
                continue;
            };
            let parameter = &template.0["Parameters"][name];
            let pattern = parameter["AllowedPattern"].as_str().unwrap_or_default();
            if !admits_origins_only(pattern) {
                faults.push(format!("{place} allows what {name} lets through"));
            }
            let default = parameter["Default"].as_str();
            if default.is_some_and(|it| it.split(',').any(is_loose)) {
                faults.push(format!("{place} allows the default of {name}"));
            }
        }
    };
    let mut credentials = Faults::new();
    let apis = template.of_kind("AWS::Serverless::HttpApi");
    let apis = apis.map(|it| (it.id, it.property("CorsConfiguration")));
    let everywhere = &template.0["Globals"]["HttpApi"]["CorsConfiguration"];
    for (id, cors) in apis.chain([("Globals", everywhere)]) {
        match cors {
            Value::Null => {}
            Value::Object(_) => check(id, &cors["AllowOrigins"]),
            // The short form allows every origin.
            _ => check(id, &Value::from("*")),
        }
        if !matches!(&cors["AllowCredentials"], Value::Null | Value::Bool(false)) {
            credentials.push(format!("{id} allows cookies"));
        }
    }
    for bucket in template.of_kind("AWS::S3::Bucket") {
        for rule in one_or_many(&bucket.property("CorsConfiguration")["CorsRules"]) {
            check(bucket.id, &rule["AllowedOrigins"]);
            if patterns(&rule["AllowedHeaders"])
                .iter()
                .any(|it| has_star(it))
            {
                credentials.push(format!("{} allows any header", bucket.id));
            }
        }
    }
    faults.extend(credentials);
    faults
}

#[test]
fn only_origins_that_somebody_chose_may_call() {
    holds(loose_origins);
}

#[test]
fn a_loose_origin_is_found() {
    let template = r#"
Parameters:
  Good: {Type: CommaDelimitedList, AllowedPattern: "^https://([a-z0-9-]+[.])+[a-z][a-z0-9-]*(:[0-9]+)?$"}
  Any: {Type: CommaDelimitedList, AllowedPattern: "^https?://.*$"}
  Local: {Type: CommaDelimitedList, AllowedPattern: "^https://(localhost|([a-z0-9-]+[.])+[a-z][a-z0-9-]*)(:[0-9]+)?$"}
  Default: {Type: String, AllowedPattern: "^https://([a-z0-9-]+[.])+[a-z][a-z0-9-]*(:[0-9]+)?$", Default: "https://a.example,https://localhost"}
  Dotless: {Type: String, AllowedPattern: "^https://[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?$"}
  Address: {Type: String, AllowedPattern: "^https://([a-z0-9-]+[.])+[a-z0-9-]+(:[0-9]+)?$"}
  None: {Type: String}
  Nothing: {Type: String, AllowedPattern: "^$"}
Globals:
  HttpApi: {CorsConfiguration: true}
Resources:
  A: {Type: AWS::Serverless::HttpApi, Properties: {CorsConfiguration: {AllowOrigins: !Ref Good, AllowCredentials: false}}}
  B: {Type: AWS::Serverless::HttpApi, Properties: {CorsConfiguration: {AllowOrigins: ["*"], AllowCredentials: true}}}
  C: {Type: AWS::Serverless::HttpApi, Properties: {CorsConfiguration: {AllowOrigins: !Ref Any}}}
  D: {Type: AWS::Serverless::HttpApi, Properties: {CorsConfiguration: {AllowOrigins: !Ref Local}}}
  E: {Type: AWS::Serverless::HttpApi, Properties: {CorsConfiguration: {AllowOrigins: !Ref Default}}}
  F: {Type: AWS::Serverless::HttpApi, Properties: {CorsConfiguration: {AllowOrigins: ["https://a.example", "http://localhost:3000"]}}}
  G: {Type: AWS::S3::Bucket, Properties: {CorsConfiguration: {CorsRules: [{AllowedOrigins: ["https://*.example"], AllowedHeaders: ["*"]}]}}}
  H: {Type: AWS::S3::Bucket, Properties: {CorsConfiguration: {CorsRules: [{AllowedOrigins: [!Ref Dotless, !Ref Address, !Ref None, !Ref Nothing]}]}}}
"#;
    let words = [
        "B allows *",
        "C allows what Any",
        "D allows what Local",
        "E allows the default",
        "F allows http://localhost:3000",
        "Globals allows *",
        "G allows https://*.example",
        "H allows what Dotless",
        "H allows what Address",
        "H allows what None",
        "H allows what Nothing",
        "B allows cookies",
        "G allows any header",
    ];
    finds(loose_origins, template, &words);
}

fn ways_past_the_api(template: &Template) -> Faults {
    let mut faults = Faults::new();
    let one = template.of_kind("AWS::Serverless::HttpApi").next();
    let one = one.map(|it| it.id);
    for resource in template.resources() {
        let part = [
            "Api",
            "Authorizer",
            "Integration",
            "Method",
            "Route",
            "Stage",
        ];
        let part = part.iter().any(|it| resource.kind.ends_with(it));
        if (part || resource.kind == "AWS::Lambda::Url") && Some(resource.id) != one {
            faults.push(format!("{} is of another API", resource.id));
        }
    }
    for function in template.functions() {
        let name = function.name;
        if !function.setting("FunctionUrlConfig").is_null() {
            faults.push(format!("{name} has a URL of its own"));
        }
        for (event, body) in function.events() {
            match body["Type"].as_str() {
                Some("HttpApi") => {
                    let api = reference(&body["Properties"]["ApiId"], "");
                    if api.is_none_or(|it| one != Some(it.as_str())) {
                        faults.push(format!("{name}: {event} is on another API"));
                    }
                    // Tokens are checked by the functions, every time.
                    if !body["Properties"]["Auth"].is_null() {
                        faults.push(format!("{name}: {event} has an authorizer"));
                    }
                }
                Some("Api") => faults.push(format!("{name}: {event} is on another API")),
                _ => {}
            }
        }
    }
    walk(&template.0, &mut |key, value| {
        let caches = [
            "CacheClusterEnabled",
            "CacheClusterSize",
            "CachingEnabled",
            "CacheTtlInSeconds",
            "Authorizers",
            "AuthorizerResultTtlInSeconds",
            "ReauthorizeEvery",
        ];
        if caches.contains(&key) && *value != false && *value != 0 {
            faults.push(format!("{key} is set"));
        }
    });
    faults
}

#[test]
fn every_route_is_on_the_one_api_which_caches_nothing() {
    holds(ways_past_the_api);
}

#[test]
fn a_way_past_the_api_is_found() {
    let template = "
Resources:
  Api: {Type: AWS::Serverless::HttpApi}
  OldApi: {Type: AWS::Serverless::Api, Properties: {CacheClusterEnabled: true, MethodSettings: [{CachingEnabled: false}]}}
  AFunction:
    Type: AWS::Serverless::Function
    Properties:
      FunctionUrlConfig: {AuthType: NONE}
      Events:
        A: {Type: HttpApi, Properties: {ApiId: !Ref Api}}
        B: {Type: HttpApi, Properties: {ApiId: !Ref Api, Auth: {Authorizer: x}}}
        C: {Type: HttpApi}
        D: {Type: Api, Properties: {RestApiId: !Ref OldApi}}
  Authorizer: {Type: AWS::ApiGatewayV2::Authorizer, Properties: {AuthorizerResultTtlInSeconds: 300}}
";
    let words = [
        "Authorizer is of another API",
        "OldApi is of another API",
        "URL of its own",
        "B has an authorizer",
        "C is on another API",
        "D is on another API",
        "AuthorizerResultTtlInSeconds",
        "CacheClusterEnabled",
    ];
    finds(ways_past_the_api, template, &words);
}

fn what_the_cdn_serves_beside_files(template: &Template) -> Faults {
    let mut faults = Faults::new();
    for cdn in template.of_kind("AWS::CloudFront::Distribution") {
        let config = cdn.property("DistributionConfig");
        for origin in one_or_many(&config["Origins"]) {
            let bucket = reference(&origin["DomainName"], ".RegionalDomainName");
            let bucket = bucket.filter(|it| template.kind_of(it) == Some("AWS::S3::Bucket"));
            if bucket.is_none() {
                faults.push(format!("{} serves {}", cdn.id, origin["DomainName"]));
            }
        }
        let behaviours = one_or_many(&config["CacheBehaviors"]).into_iter();
        for behaviour in behaviours.chain([&config["DefaultCacheBehavior"]]) {
            let methods = patterns(&behaviour["AllowedMethods"]);
            if methods
                .iter()
                .any(|it| !["GET", "HEAD"].contains(&it.as_str()))
            {
                faults.push(format!("{} passes on {methods:?}", cdn.id));
            }
        }
    }
    faults
}

#[test]
fn the_cdn_serves_pictures_and_pages_and_nothing_else() {
    holds(what_the_cdn_serves_beside_files);
    let template = Template::own();
    let distributions = template.of_kind("AWS::CloudFront::Distribution");
    let found: Vec<_> = distributions
        .map(|it| (it.id, it.body["Condition"].as_str()))
        .collect();
    let expected = [
        ("ImagesDistribution", None),
        ("WebDistribution", Some("ServesPages")),
    ];
    assert_eq!(found, expected);
}

#[test]
fn a_picture_that_was_refused_can_be_seen_a_second_later() {
    let template = Template::own();
    let mut cdns = template.of_kind("AWS::CloudFront::Distribution");
    let images = cdns.find(|it| it.id == "ImagesDistribution").unwrap();
    let kept = &images.property("DistributionConfig")["CustomErrorResponses"];
    let expected = serde_json::json!([{ "ErrorCode": 403, "ErrorCachingMinTTL": 1 }]);
    assert_eq!(*kept, expected);
}

#[test]
fn an_api_behind_the_cdn_is_found() {
    let template = r#"
Resources:
  Images: {Type: AWS::S3::Bucket}
  Api: {Type: AWS::Serverless::HttpApi}
  Cdn:
    Type: AWS::CloudFront::Distribution
    Properties:
      DistributionConfig:
        Origins:
          - DomainName: !GetAtt Images.RegionalDomainName
          - DomainName: !Sub "${Api}.execute-api.${AWS::Region}.amazonaws.com"
          - DomainName: !GetAtt Api.RegionalDomainName
        DefaultCacheBehavior: {AllowedMethods: [GET, HEAD]}
        CacheBehaviors: [{AllowedMethods: [GET, HEAD, POST]}]
"#;
    let words = ["Cdn serves", "Cdn serves", "POST"];
    finds(what_the_cdn_serves_beside_files, template, &words);
}
