//! README and the pages of docs/ say what is there: their links lead somewhere, the table of
//! endpoints is the template's, the README's tour calls what there is, and a month costs what is said.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::read_to_string;
use std::path::{Path, PathBuf};

use serde_json::Value;
use template::document;
use tests::measure::cost::FixedCosts;

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

/// Returns the parsed template.
fn the_template() -> Value {
    document(&read_to_string(root().join("template.yaml")).unwrap()).unwrap()
}

/// Returns every function with what calls it, as `list-products: GET /api/products`.
fn functions() -> BTreeSet<String> {
    let template = the_template();
    let functions = template["Resources"].as_object().unwrap().values();
    let functions = functions.filter(|it| it["Type"] == "AWS::Serverless::Function");
    functions
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
        .collect()
}

#[test]
fn the_table_of_endpoints_is_the_templates() {
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
    assert_eq!(found, functions());
}

/// What the README's tour must call: the whole of running the shop.
const SHOWN_BY_THE_TOUR: [&str; 12] = [
    "admin-save-category",
    "admin-create-product",
    "admin-upload",
    "admin-get-upload",
    "list-products",
    "set-cart-item",
    "checkout",
    "cancel-order",
    "admin-search-customers",
    "admin-update-order",
    "get-order",
    "admin-list-audit",
];

/// Returns the commands of the README's tour.
fn tour() -> String {
    let readme = read_to_string(root().join("README.md")).unwrap();
    let lines = readme.lines().skip_while(|it| !it.starts_with("API=http"));
    let lines: Vec<&str> = lines.take_while(|it| !it.starts_with("```")).collect();
    lines.join("\n")
}

/// Returns the paths that commands of a shell call, with their methods where these stand before
/// them. What an answer gives is a segment `$`.
fn calls(commands: &str) -> Vec<(Option<&str>, String)> {
    const METHODS: [&str; 5] = ["GET", "PUT", "POST", "PATCH", "DELETE"];
    let lines = commands.lines();
    lines
        .flat_map(|line| {
            line.match_indices("/api/").map(move |(at, _)| {
                let (before, path) = line.split_at(at);
                let word = before
                    .trim_end_matches("$API")
                    .trim_end_matches(['"', '\''])
                    .trim();
                let method = METHODS.into_iter().find(|it| word.ends_with(it));
                (method, path_of(path))
            })
        })
        .collect()
}

/// Returns the path that a text begins with, up to its query or the end of its word.
fn path_of(text: &str) -> String {
    let mut pieces = text.split("$(get ");
    let mut path = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        path.push('$');
        path.push_str(piece.split_once(')').map_or("", |(_, rest)| rest));
    }
    let end = path.find(['"', '\'', ' ', '?', ')']).unwrap_or(path.len());
    path.truncate(end);
    path
}

/// Says whether a call is one of a function, which is told as by [`functions`].
fn is_call_of((method, path): &(Option<&str>, String), function: &str) -> bool {
    let Some((_, route)) = function.split_once(": ") else {
        return false;
    };
    let Some((its_method, its_path)) = route.split_once(' ') else {
        return false;
    };
    let segments: Vec<&str> = path.split('/').collect();
    let its_segments: Vec<&str> = its_path.split('/').collect();
    let mut pairs = segments.iter().zip(&its_segments);
    segments.len() == its_segments.len()
        && method.is_none_or(|it| it == its_method)
        && pairs.all(|(one, its)| one == its || its.starts_with('{'))
}

/// Returns what a tour calls though it isn't there, and what it doesn't show.
fn faults_of_tour(commands: &str) -> Vec<String> {
    let (calls, functions) = (calls(commands), functions());
    let unknown = calls
        .iter()
        .filter(|call| !functions.iter().any(|it| is_call_of(call, it)))
        .map(|(method, path)| format!("no route: {} {path}", method.unwrap_or("any")));
    let is_shown = |name: &str| {
        let mut its = functions
            .iter()
            .filter(|it| it.split(':').next() == Some(name));
        its.any(|it| calls.iter().any(|call| is_call_of(call, it)))
    };
    let missing = SHOWN_BY_THE_TOUR.iter().filter(|it| !is_shown(it));
    let missing = missing.map(|it| format!("not shown: {it}"));
    unknown.chain(missing).collect()
}

#[test]
fn the_tour_of_the_readme_calls_what_there_is_and_shows_the_whole_of_running_the_shop() {
    assert_eq!(faults_of_tour(&tour()), Vec::<String>::new());
}

#[test]
fn a_tour_that_calls_what_there_is_not_is_found() {
    let planted = [
        (
            "/api/checkout",
            "/api/check-out",
            "no route: POST /api/check-out",
        ),
        (
            "call PUT /api/admin",
            "call POST /api/admin",
            "no route: POST /api/admin/categories/lanterns",
        ),
        ("/cancel\"", "/undo\"", "not shown: cancel-order"),
    ];
    for (good, bad, fault) in planted {
        let commands = tour();
        assert!(commands.contains(good), "{good}");
        let faults = faults_of_tour(&commands.replace(good, bad));
        assert!(faults.iter().any(|it| it == fault), "{fault}: {faults:?}");
    }
}

#[test]
fn what_a_month_costs_that_nobody_comes_is_what_the_template_makes() {
    let costs: BTreeMap<&str, f64> = FixedCosts::of_template(&the_template())
        .month()
        .into_iter()
        .collect();
    let dollars = |names: &[&str]| format!("{:.2}", names.iter().map(|it| costs[it]).sum::<f64>());
    let all = dollars(&["alarms", "dashboards", "keys", "secrets"]);
    let told = [
        (
            "docs/performance.md",
            format!(
                "| alarms, dashboard | {} |",
                dollars(&["alarms", "dashboards"])
            ),
        ),
        (
            "docs/performance.md",
            format!("| key, secrets | {} |", dollars(&["keys", "secrets"])),
        ),
        (
            "docs/performance.md",
            format!("| **together** | **{all}** |"),
        ),
        ("README.md", format!("| this shop | {all} |")),
        (
            "README.md",
            format!("a shop that nobody visits ${all} a month"),
        ),
        (
            "docs/operating.md",
            format!("Alarms cost ${} a month", dollars(&["alarms"])),
        ),
    ];
    for (file, words) in told {
        let text = read_to_string(root().join(file)).unwrap();
        assert!(text.contains(&words), "{file} does not say: {words}");
    }
}
