//! What a hostile dependency in a function could read or change: whatever the function's
//! role allows, since a dependency runs with it. The table of SECURITY.md is made of the
//! roles.

use std::collections::{BTreeMap, BTreeSet};

use super::{Allowed, Function, IMAGES, Template, patterns};
use crate::files::read;

/// How the table begins.
const HEAD: &str = "| function | could read | could change |\n|---|---|---|\n";
/// The rows that every function may count in or read, which the text above the table says
/// once.
const OPEN_TO_ALL: [&str; 2] = ["requests#*", "callers"];

/// What somebody could do by an action.
enum Exposure {
    /// Read.
    Read,
    /// Find out what something is by asking whether it is.
    Guess,
    /// Read what things are called.
    List,
    /// Change, by this verb.
    Change(&'static str),
}

fn exposure(action: &str) -> Option<Exposure> {
    let (service, call) = action.split_once(':')?;
    Some(match (service, call) {
        ("dynamodb", "getitem" | "batchgetitem" | "query")
        | ("secretsmanager", "getsecretvalue" | "describesecret")
        | ("s3", "getobject" | "getobjectversion")
        | ("dynamodb", "describestream" | "getrecords" | "getsharditerator" | "liststreams") => {
            Exposure::Read
        }
        ("dynamodb", "conditioncheckitem") => Exposure::Guess,
        ("s3", "listbucket") => Exposure::List,
        ("dynamodb" | "s3", "putitem" | "putobject") => Exposure::Change("puts"),
        ("dynamodb", "updateitem") => Exposure::Change("updates"),
        ("dynamodb" | "s3", "deleteitem" | "deleteobject" | "deleteobjectversion") => {
            Exposure::Change("deletes")
        }
        ("s3", "putobjecttagging" | "deleteobjecttagging") => Exposure::Change("tags"),
        ("sqs", "sendmessage") => Exposure::Change("sends to"),
        ("secretsmanager", "putsecretvalue" | "updatesecretversionstage") => {
            Exposure::Change("replaces")
        }
        _ => return None,
    })
}

/// `StaffSessionsTable` as `staff-sessions`, and `${UsersTable.Arn}/index/by-role` as
/// `users/by-role`.
fn name(pattern: &str) -> String {
    if let Some(folder) = pattern.strip_prefix(IMAGES) {
        return format!("images{folder}");
    }
    let inner = pattern.strip_prefix("${").and_then(|it| it.split_once('}'));
    let (name, rest) = inner.unwrap_or((pattern, ""));
    let id = name.split('.').next().unwrap_or_default();
    let id = id.trim_end_matches("Table").trim_end_matches("Bucket");
    let mut words = String::new();
    for letter in id.chars() {
        if letter.is_uppercase() && !words.is_empty() {
            words.push('-');
        }
        words.extend(letter.to_lowercase());
    }
    words + &rest.replace("/index/", "/")
}

/// Which part of its things a statement is limited to; `None` if it allows what every
/// function may do.
fn part(allowed: &Allowed<'_>) -> Option<String> {
    let condition = &allowed.0["Condition"];
    let of = |key: &str| {
        let operators = ["ForAllValues:StringEquals", "ForAllValues:StringLike"];
        let found = operators.map(|it| patterns(&condition[it][key]));
        found.concat()
    };
    let mut limits = Vec::new();
    let keys = of("dynamodb:LeadingKeys");
    let own: Vec<String> = keys
        .iter()
        .filter(|it| !OPEN_TO_ALL.contains(&it.as_str()))
        .map(|it| format!("`{it}`"))
        .collect();
    if own.is_empty() && !keys.is_empty() {
        return None;
    }
    if !own.is_empty() {
        limits.push(own.join(", "));
    }
    let attributes = of("dynamodb:Attributes");
    if !attributes.is_empty() {
        limits.push(format!("only {}", attributes.join(", ")));
    }
    Some(match limits.is_empty() {
        true => String::new(),
        false => format!(" ({})", limits.join("; ")),
    })
}

/// Things by their names, each with the part of it that is meant.
type Things = BTreeSet<(String, String)>;

/// Writes things in the order of their names; what is there whole is not named in part.
fn listed(things: &Things) -> String {
    let whole = |name: &String| things.contains(&(name.clone(), String::new()));
    let named = things
        .iter()
        .filter(|(name, part)| part.is_empty() || !whole(name))
        .map(|(name, part)| format!("`{name}`{part}"));
    Vec::from_iter(named).join(", ")
}

/// The row of a function.
fn row(template: &Template, function: Function<'_>) -> String {
    let mut reads = Things::new();
    let mut changes: BTreeMap<&str, Things> = BTreeMap::new();
    for allowed in template.allowed(function) {
        for action in allowed.actions() {
            if action.starts_with("logs:") {
                continue;
            }
            let exposure = exposure(&action);
            let exposure = exposure.unwrap_or_else(|| panic!("what could {action} do?"));
            let Some(part) = part(&allowed) else {
                continue;
            };
            for resource in allowed.resources() {
                let name = name(&resource);
                match exposure {
                    Exposure::Read => reads.insert((name, part.clone())),
                    Exposure::Guess => reads.insert((name, " (by guessing)".to_owned())),
                    Exposure::List => {
                        let prefixes = &allowed.0["Condition"]["StringLike"]["s3:prefix"];
                        let prefixes = patterns(prefixes);
                        let folders = prefixes.iter().map(|it| format!("`{name}/{it}`"));
                        let folders = Vec::from_iter(folders).join(", ");
                        let all = format!("`{name}`");
                        let folders = if folders.is_empty() { all } else { folders };
                        reads.insert((name, format!(" (keys of {folders})")))
                    }
                    Exposure::Change(verb) => {
                        let things = changes.entry(verb).or_default();
                        things.insert((name, part.clone()))
                    }
                };
            }
        }
    }
    let changes = changes.iter();
    let changes = changes.map(|(verb, things)| format!("{verb} {}", listed(things)));
    let cells = [listed(&reads), Vec::from_iter(changes).join("; ")];
    let [reads, changes] = cells.map(|it| {
        if it.is_empty() {
            "nothing".to_owned()
        } else {
            it
        }
    });
    format!("| `{}` | {reads} | {changes} |\n", function.name)
}

/// The table of all functions, by their names.
fn table(template: &Template) -> String {
    let mut functions: Vec<Function<'_>> = template.functions().collect();
    functions.sort_by_key(|it| it.name);
    let rows = functions.into_iter().map(|it| row(template, it));
    HEAD.to_owned() + &String::from_iter(rows)
}

#[test]
fn the_table_of_what_a_hostile_dependency_could_do_is_the_roles() {
    let wanted = table(&Template::own());
    let text = read("SECURITY.md");
    let found = text.find(HEAD).map(|start| &text[start..]);
    let found: String = found
        .unwrap_or_default()
        .split_inclusive('\n')
        .take_while(|it| it.starts_with('|'))
        .collect();
    assert!(found == wanted, "SECURITY.md should say:\n\n{wanted}");
}

#[test]
fn a_row_says_what_a_role_allows_and_how_far() {
    let template = Template::parse(
        "
Resources:
  AFunction:
    Type: AWS::Serverless::Function
    Metadata: {BuildProperties: {Binary: a-function}}
    Properties: {Role: !GetAtt ARole.Arn}
  ARole:
    Type: AWS::IAM::Role
    Properties:
      Policies:
        - PolicyName: a
          PolicyDocument:
            Statement:
              - {Effect: Allow, Action: [logs:PutLogEvents], Resource: !GetAtt ALogs.Arn}
              - {Effect: Allow, Action: dynamodb:Query, Resource: [!GetAtt UsersTable.Arn, !Sub '${UsersTable.Arn}/index/by-role']}
              - {Effect: Allow, Action: [dynamodb:ConditionCheckItem], Resource: [!GetAtt UsersTable.Arn, !GetAtt StaffTable.Arn]}
              - {Effect: Allow, Action: secretsmanager:GetSecretValue, Resource: !Ref SigningKey}
              - {Effect: Allow, Action: s3:PutObject, Resource: !Sub '${ImagesBucket.Arn}/pending/*'}
              - {Effect: Allow, Action: s3:ListBucket, Resource: !GetAtt ImagesBucket.Arn, Condition: {StringLike: {'s3:prefix': 'pending/*'}}}
              - {Effect: Allow, Action: s3:ListBucket, Resource: !GetAtt OtherBucket.Arn}
              - Effect: Allow
                Action: [dynamodb:UpdateItem, dynamodb:PutItem]
                Resource: !GetAtt StaffSessionsTable.Arn
                Condition: {ForAllValues:StringEquals: {dynamodb:Attributes: [userId, role]}}
              - Effect: Allow
                Action: dynamodb:UpdateItem
                Resource: !GetAtt RateLimitsTable.Arn
                Condition: {ForAllValues:StringLike: {dynamodb:LeadingKeys: ['requests#*']}}
              - Effect: Allow
                Action: dynamodb:UpdateItem
                Resource: !GetAtt RateLimitsTable.Arn
                Condition: {ForAllValues:StringLike: {dynamodb:LeadingKeys: ['requests#*', 'login#*']}}
",
    );
    let expected = "| `a-function` | `images` (keys of `images/pending/*`), `other` (keys of `other`), `signing-key`, `staff` (by guessing), `users`, `users/by-role` | \
                    puts `images/pending/*`, `staff-sessions` (only userId, role); \
                    updates `rate-limits` (`login#*`), `staff-sessions` (only userId, role) |\n";
    assert_eq!(table(&template), HEAD.to_owned() + expected);
}
