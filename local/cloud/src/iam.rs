//! IAM: identifies who calls a local service, and authorizes functions by their roles in
//! template.yaml, so that a missing grant fails here and not after a deployment. Checks no
//! signatures: the access key that a call names decides.

mod dynamodb;
mod expressions;
mod policy;
mod request;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use axum::http::{HeaderMap, HeaderValue, header};
use template::{ACCOUNT, Effect, FunctionTemplate, REGION, RoleTemplate};

use crate::environment::{ACCESS_KEY_ID, access_key_id};
use crate::error::CloudError;
use crate::logs::Logs;
pub(crate) use dynamodb::KeySchemas;
pub(crate) use policy::arn_fits;
use policy::{Decision, GrantRef, decide};
pub(crate) use request::AuthorizationRequest;

/// What a role of the template grants to a function: one action on one resource, as they stand
/// in its policy.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Grant {
    /// The function's binary.
    pub function: String,
    /// The action.
    pub action: String,
    /// The resource.
    pub resource: String,
}

impl fmt::Display for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            function,
            action,
            resource,
        } = self;
        write!(f, "{function}: {action} on {resource}")
    }
}

/// Why a call was refused, in the words of AWS.
#[derive(Debug)]
pub(crate) struct Refusal(String);

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The functions with their access keys and roles, and which grants were used.
#[derive(Debug)]
pub(crate) struct Iam {
    /// By their access key ids.
    functions: BTreeMap<String, Principal>,
    logs: Logs,
}

#[derive(Debug)]
struct Principal {
    name: String,
    binary: String,
    role: RoleTemplate,
    used: Mutex<BTreeSet<GrantRef>>,
}

impl Iam {
    /// Takes the functions of a template. Lambda writes a function's log lines with the function's
    /// role, so one whose role doesn't let it is refused here: on AWS it would be mute.
    pub(crate) fn new(
        functions: &[FunctionTemplate],
        logs: &Logs,
    ) -> Result<Arc<Self>, CloudError> {
        let principals = functions.iter().map(|function| {
            let principal = Principal {
                name: function.name.clone(),
                binary: function.binary.clone(),
                role: function.role.clone().unwrap_or_else(|| RoleTemplate {
                    name: format!("{}Role", function.logical_id),
                    statements: Vec::new(),
                }),
                used: Mutex::default(),
            };
            (access_key_id(&function.name), principal)
        });
        let iam = Self {
            functions: principals.collect(),
            logs: logs.clone(),
        };
        for function in functions.iter().filter(|it| it.role.is_some()) {
            let streams = format!(
                "arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{}:log-stream:",
                function.log_group
            );
            let writing = [
                AuthorizationRequest::new("logs:CreateLogStream", streams.as_str()),
                AuthorizationRequest::new("logs:PutLogEvents", format!("{streams}local")),
            ];
            if let Some(caller) = iam.caller(&access_key_id(&function.name)) {
                caller
                    .authorize(&writing)
                    .map_err(|refusal| CloudError::Role {
                        function: function.binary.clone(),
                        purpose: "write log lines",
                        reason: refusal.to_string(),
                    })?;
            }
        }
        Ok(Arc::new(iam))
    }

    /// Returns every access key id that is known here.
    pub(crate) fn access_key_ids(&self) -> impl Iterator<Item = &str> {
        let functions = self.functions.keys().map(String::as_str);
        functions.chain([ACCESS_KEY_ID])
    }

    /// Finds the caller by an access key id; `None` if it is nobody's.
    pub(crate) fn caller(&self, access_key_id: &str) -> Option<Caller<'_>> {
        let function = self.functions.get(access_key_id);
        (function.is_some() || access_key_id == ACCESS_KEY_ID).then_some(Caller {
            function,
            logs: &self.logs,
        })
    }

    /// Returns what roles grant and no function made use of so far.
    pub(crate) fn unused_grants(&self) -> BTreeSet<Grant> {
        let mut unused = BTreeSet::new();
        for principal in self.functions.values() {
            let used = principal.used.lock();
            let used = used.unwrap_or_else(PoisonError::into_inner);
            let statements = principal.role.statements.iter().enumerate();
            for (number, statement) in statements.filter(|(_, it)| it.effect == Effect::Allow) {
                for (action, action_text) in statement.actions.iter().enumerate() {
                    for (resource, resource_text) in statement.resources.iter().enumerate() {
                        let grant = GrantRef {
                            statement: number,
                            action,
                            resource,
                        };
                        if !used.contains(&grant) {
                            unused.insert(Grant {
                                function: principal.binary.clone(),
                                action: action_text.clone(),
                                resource: resource_text.clone(),
                            });
                        }
                    }
                }
            }
        }
        unused
    }
}

/// Someone who calls a local service: a function, or the operator, who may do everything.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Caller<'a> {
    /// `None` for the operator.
    function: Option<&'a Principal>,
    logs: &'a Logs,
}

impl<'a> Caller<'a> {
    /// Returns the binary of the function; `None` for the operator.
    pub(crate) fn binary(&self) -> Option<&'a str> {
        self.function.map(|it| &*it.binary)
    }

    /// Allows all of these, which are one call of an API, or refuses it. Counts the grants as used
    /// only if all are allowed.
    pub(crate) fn authorize(&self, requests: &[AuthorizationRequest]) -> Result<(), Refusal> {
        let Some(function) = self.function else {
            return Ok(());
        };
        let mut used = BTreeSet::new();
        for request in requests {
            let why = match decide(&function.role, request) {
                Decision::Allowed(grants) => {
                    used.extend(grants);
                    continue;
                }
                Decision::NotAllowed => {
                    format!(
                        "because no identity-based policy allows the {} action",
                        request.action
                    )
                }
                Decision::Denied => "with an explicit deny in an identity-based policy".to_owned(),
            };
            return Err(self.refuse(&request.action, &request.resource, &why));
        }
        let mut all = function.used.lock().unwrap_or_else(PoisonError::into_inner);
        all.extend(used);
        Ok(())
    }

    /// Returns whether this is allowed, for what depends on it without being asked for. A grant
    /// counts as used; a refusal is not written down.
    pub(crate) fn may(&self, request: &AuthorizationRequest) -> bool {
        let Some(function) = self.function else {
            return true;
        };
        let Decision::Allowed(grants) = decide(&function.role, request) else {
            return false;
        };
        let mut all = function.used.lock().unwrap_or_else(PoisonError::into_inner);
        all.extend(grants);
        true
    }

    /// Authorizes a call of an API by what it asks for; `None` is a call that isn't understood
    /// here, and is refused.
    pub(crate) fn authorize_call(
        &self,
        action: &str,
        requests: impl FnOnce() -> Option<Vec<AuthorizationRequest>>,
    ) -> Result<(), Refusal> {
        // The operator's calls needn't be understood.
        if self.function.is_none() {
            return Ok(());
        }
        match requests() {
            Some(requests) if !requests.is_empty() => self.authorize(&requests),
            _ => {
                let why = "because the local cloud does not understand this request";
                Err(self.refuse(action, "*", why))
            }
        }
    }

    fn refuse(&self, action: &str, resource: &str, why: &str) -> Refusal {
        let (function, role) = self
            .function
            .map_or(("", ""), |it| (&it.name, &it.role.name));
        let binary = self.function.map_or("", |it| &it.binary);
        let refused =
            format!("is not authorized to perform: {action} on resource: {resource} {why}");
        self.logs.line("iam", &format!("{binary} {refused}"));
        Refusal(format!(
            "User: arn:aws:sts::{ACCOUNT}:assumed-role/{role}/{function} {refused}"
        ))
    }
}

/// Returns the access key id that a request is signed with, by its `Authorization`.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>
pub(crate) fn signer(headers: &HeaderMap) -> Option<&str> {
    let authorization = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (_, credential) = authorization.split_once("Credential=")?;
    let (key, _) = credential.split_once('/')?;
    Some(key)
}

/// Returns the region that a request is signed for, by its `Authorization`.
pub(crate) fn signer_region(authorization: Option<&HeaderValue>) -> Option<&str> {
    let (_, credential) = authorization?.to_str().ok()?.split_once("Credential=")?;
    credential.split('/').nth(2)
}
