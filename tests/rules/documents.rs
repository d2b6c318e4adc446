//! README and the pages of docs/ say what is there: their links lead somewhere, and the table of
//! endpoints is the template's.

use std::collections::BTreeSet;
use std::fs::read_to_string;
use std::path::{Path, PathBuf};

use serde_json::Value;
use template::document;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn documents() -> Vec<PathBuf> {
    let folders = [root(), root().join("docs")];
    let files = folders.iter().flat_map(|it| it.read_dir().unwrap());
    let files = files.map(|it| it.unwrap().path());
    files
        .filter(|it| it.extension().is_some_and(|it| it == "md"))
        .collect()
}

/// The part of an address that GitHub gives to a heading.
fn anchor(heading: &str) -> String {
    let heading = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = heading
        .chars()
        .filter(|it| it.is_alphanumeric() || " -_".contains(*it));
    kept.map(|it| if it == ' ' { '-' } else { it }).collect()
}

/// Links of a text to files and headings that aren't there.
fn dead_links(text: &str, file: &Path) -> Vec<String> {
    let targets = text.split("](").skip(1);
    let targets = targets.filter_map(|it| it.split(')').next());
    let own = targets.filter(|it| !it.contains("://"));
    let leads = |target: &str| {
        let (path, heading) = target.split_once('#').unwrap_or((target, ""));
        let path = match path {
            "" => file.to_owned(),
            path => file.parent().unwrap().join(path),
        };
        if heading.is_empty() {
            return path.exists();
        }
        let text = read_to_string(path).unwrap_or_default();
        text.lines()
            .any(|it| it.starts_with('#') && anchor(it) == heading)
    };
    own.filter(|it| !leads(it)).map(str::to_owned).collect()
}

#[test]
fn every_link_of_the_documents_leads_somewhere() {
    let documents = documents();
    assert!(documents.len() >= 7, "{documents:?}");
    for file in documents {
        let dead = dead_links(&read_to_string(&file).unwrap(), &file);
        assert!(dead.is_empty(), "{}: {dead:?}", file.display());
    }
}

#[test]
fn a_dead_link_is_found() {
    let file = root().join("README.md");
    let text = "[a](docs/endpoints.md) [b](docs/no.md) [c](docs/endpoints.md#limits) \
                [d](docs/endpoints.md#no) [e](#run-it) [f](#no) [g](https://example.com/no)";
    let dead = ["docs/no.md", "docs/endpoints.md#no", "#no"];
    assert_eq!(dead_links(text, &file), dead);
}

#[test]
fn the_table_of_endpoints_is_the_templates() {
    let template = document(&read_to_string(root().join("template.yaml")).unwrap()).unwrap();
    let functions = template["Resources"].as_object().unwrap().values();
    let functions = functions.filter(|it| it["Type"] == "AWS::Serverless::Function");
    let expected: BTreeSet<String> = functions
        .map(|it| {
            let name = it["Metadata"]["BuildProperties"]["Binary"]
                .as_str()
                .unwrap();
            let events = it["Properties"]["Events"].as_object();
            let route = events.and_then(|it| it.values().next());
            let kind = route.and_then(|it| it["Type"].as_str());
            let properties = route.map(|it| &it["Properties"]);
            let route = match (kind, properties.map(|it| (&it["Method"], &it["Path"]))) {
                (None, _) => "called by Secrets Manager".to_owned(),
                (Some("S3"), _) => "called by the bucket".to_owned(),
                (Some("DynamoDB"), _) => "called by a stream".to_owned(),
                (Some("Schedule"), _) => "called by the clock".to_owned(),
                (_, Some((Value::String(method), Value::String(path)))) => {
                    format!("{method} {path}")
                }
                _ => "everything else".to_owned(),
            };
            format!("{name}: {route}")
        })
        .collect();
    let page = read_to_string(root().join("docs/endpoints.md")).unwrap();
    let rows = page.lines().filter_map(|it| it.strip_prefix("| `"));
    let found: BTreeSet<String> = rows
        .map(|it| {
            let (name, rest) = it.split_once("` | ").unwrap();
            let route = rest.split(" | ").next().unwrap().trim_matches('`');
            let route = route.split('?').next().unwrap();
            format!("{name}: {route}")
        })
        .collect();
    assert_eq!(found, expected);
}
