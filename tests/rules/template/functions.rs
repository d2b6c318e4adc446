//! How functions are run.

use super::{Template, finds, holds, patterns};
use crate::Faults;

/// After this many seconds the gateway answers in the function's place.
const GATEWAY_GIVES_UP: u64 = 29;

fn functions_that_differ(template: &Template) -> Faults {
    let mut faults = Faults::new();
    for resource in template.of_kind("AWS::Lambda::Function") {
        faults.push(format!("{} is not a function of SAM's", resource.id));
    }
    for function in template.functions() {
        let name = function.name;
        match function.setting("Timeout").as_u64() {
            None => faults.push(format!("{name} has no timeout")),
            Some(seconds) => {
                let routed = function.events().any(|(_, it)| it["Type"] == "HttpApi");
                if routed && seconds >= GATEWAY_GIVES_UP {
                    faults.push(format!("{name} outlasts the gateway"));
                }
            }
        }
        if patterns(function.setting("Architectures")) != ["${Architecture}"] {
            faults.push(format!("{name} has an architecture of its own"));
        }
        if function.setting("Runtime") != "provided.al2023" {
            faults.push(format!("{name} has a runtime of its own"));
        }
    }
    faults
}

#[test]
fn every_function_has_a_timeout_and_the_one_architecture_and_runtime() {
    holds(functions_that_differ);
}

/// Keeps the processor that pictures are judged with: Lambda gives less of it with less memory.
#[test]
fn pictures_are_judged_with_1024_mib() {
    let template = Template::own();
    let mut functions = template.functions();
    let judge = functions.find(|it| it.name == "process-image").unwrap();
    assert_eq!(*judge.setting("MemorySize"), 1024);
}

#[test]
fn a_function_that_differs_is_found() {
    let template = "
Globals:
  Function: {Runtime: provided.al2023, Architectures: [!Ref Architecture]}
Resources:
  AFunction: {Type: AWS::Serverless::Function}
  BFunction: {Type: AWS::Serverless::Function, Properties: {Timeout: 29, Events: {Route: {Type: HttpApi}}}}
  CFunction: {Type: AWS::Serverless::Function, Properties: {Timeout: 30}}
  DFunction: {Type: AWS::Serverless::Function, Properties: {Timeout: 5, Architectures: [arm64], Runtime: provided.al2}}
  EFunction: {Type: AWS::Lambda::Function}
";
    let words = [
        "EFunction is not",
        "AFunction has no timeout",
        "BFunction outlasts",
        "DFunction has an architecture",
        "DFunction has a runtime",
    ];
    finds(functions_that_differ, template, &words);
}
