//! What stands in the environments of functions.

use std::collections::BTreeMap;

use super::{Template, finds, holds, is_true, literal, patterns};
use crate::Faults;

/// Words in the name of a variable that is about a secret.
const SECRET_WORDS: [&str; 6] = ["SECRET", "PASSWORD", "KEY", "KEYS", "TOKEN", "CREDENTIALS"];

/// How secrets of well-known kinds begin.
const SECRET_STARTS: [&str; 8] = [
    "-----BEGIN",
    "AKIA",
    "ASIA",
    "eyJ",
    "ghp_",
    "sk_live_",
    "$argon2",
    "{{resolve:",
];

/// Bits of surprise in each character of a text.
fn entropy(text: &str) -> f64 {
    let mut counts: BTreeMap<char, f64> = BTreeMap::new();
    for character in text.chars() {
        *counts.entry(character).or_default() += 1.0;
    }
    let length: f64 = counts.values().sum();
    let shares = counts.values().map(|count| count / length);
    shares.map(|share| -share * share.log2()).sum()
}

/// Whether a text has a part that nobody would make up: long, of letters and
/// digits, and with no order in it.
fn looks_random(text: &str) -> bool {
    let in_word = |it: char| it.is_ascii_alphanumeric() || "+/=_-".contains(it);
    text.split(|it| !in_word(it)).any(|word| {
        word.len() >= 20
            && word.contains(|it: char| it.is_ascii_digit())
            && word.contains(|it: char| it.is_ascii_alphabetic())
            && entropy(word) > 3.2
    })
}

fn secrets_in_environments(template: &Template) -> Faults {
    let mut faults = Faults::new();
    for function in template.functions() {
        for (name, value) in function.environment() {
            let variable = format!("{}: {name}", function.name);
            let about_a_secret = name.split('_').any(|word| SECRET_WORDS.contains(&word));
            for pattern in patterns(value) {
                let named = pattern.strip_prefix("${").and_then(|it| it.split_once('}'));
                let named = named.map_or("", |(name, _)| name);
                let parameter = &template.0["Parameters"][named];
                let default = parameter["Default"].as_str().unwrap_or_default();
                let texts = [literal(&pattern), default.to_owned()];
                let secret = texts.iter().any(|text| {
                    looks_random(text) || SECRET_STARTS.iter().any(|it| text.contains(it))
                });
                // The stack's name, or the name or ARN of one of its resources.
                let id = named.split('.').next().unwrap_or_default();
                let name_or_arn = named == "AWS::StackName" || template.kind_of(id).is_some();
                if secret {
                    faults.push(format!("{variable} looks like a secret"));
                } else if is_true(&parameter["NoEcho"]) {
                    faults.push(format!("{variable} is a parameter that may not be shown"));
                } else if about_a_secret && !name_or_arn {
                    faults.push(format!("{variable} is not the name or ARN of a resource"));
                }
            }
        }
    }
    faults
}

#[test]
fn no_environment_holds_a_secret() {
    holds(secrets_in_environments);
}

#[test]
fn a_secret_in_an_environment_is_found() {
    let template = r#"
Parameters:
  Hidden: {Type: String, NoEcho: true}
  Hash: {Type: String, Default: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b"}
  Plain: {Type: String, Default: EUR}
Globals:
  Function:
    Environment: {Variables: {EVERYWHERE: AKIAIOSFODNN7EXAMPLE}}
Resources:
  Key: {Type: AWS::SecretsManager::Secret}
  Function:
    Type: AWS::Serverless::Function
    Properties:
      Environment:
        Variables:
          A_PLAIN: !Ref Plain
          A_URL: !Sub "https://${Key.Colour}/a-rather-long-path-with-words-in-it"
          B_HEX: !Sub "${AWS::StackName}/3c6e0b8a9c15224a8228b9a98ca1531d"
          C_PEM: "-----BEGIN PRIVATE KEY-----"
          D_RESOLVED: "{{resolve:secretsmanager:Shop:SecretString:password}}"
          E_HIDDEN: !Ref Hidden
          F_HASH: !Ref Hash
          G_JOINED: !Join ["", ["9f86d081884c7d65", "9a2feaa0c55ad015"]]
          H_PASSWORD: hunter2
          I_API_KEY: !Ref Plain
          J_KEY_JOINED: !Join ["", [a, b]]
          K_KEY_ARN: !Ref Key
          L_TOKEN_ISSUER: !Ref AWS::StackName
"#;
    let words = [
        "EVERYWHERE looks",
        "B_HEX looks",
        "C_PEM looks",
        "D_RESOLVED looks",
        "E_HIDDEN is a parameter",
        "F_HASH looks",
        "H_PASSWORD is not",
        "I_API_KEY is not",
        "J_KEY_JOINED is not",
    ];
    finds(secrets_in_environments, template, &words);
}
