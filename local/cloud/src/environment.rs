//! The environment of a function's process: what Lambda sets, what the template sets, and where
//! the local services are. Nothing of the machine's own environment gets in.
//! <https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html>

use std::collections::BTreeMap;
use std::path::Path;

use sha2::{Digest, Sha256};

use template::{FunctionTemplate, REGION};

/// The operator's access key id, with which everything may be done: for tests, the demo and
/// people. It is no secret: the local services listen on loopback only.
pub const ACCESS_KEY_ID: &str = "LOCALCLOUDACCESSKEY1";
/// The secret access key that belongs to [`ACCESS_KEY_ID`], and to the access key id of every
/// function.
pub const SECRET_ACCESS_KEY: &str = "local-cloud-secret-access-key";
/// A session token, as functions have one on Lambda. The local services don't ask for it, but a
/// form's policy must list it if the form has it, as on AWS.
pub(crate) const SESSION_TOKEN: &str = "local-cloud-session-token";

/// Where the local services are.
pub(crate) struct Endpoints {
    pub(crate) dynamodb: String,
    pub(crate) s3: String,
    pub(crate) secrets_manager: String,
    /// The base URLs of CloudFront's distributions, and those that stand in for them here.
    pub(crate) cdn: Vec<(String, String)>,
}

/// Returns the access key id of a function, by its name: who calls is known by it, and so what the
/// caller's role lets it do.
pub(crate) fn access_key_id(function_name: &str) -> String {
    let digest = Sha256::digest(function_name);
    let digits = digest.iter().take(8).map(|byte| format!("{byte:02X}"));
    format!("LOCALFUNCTION{}", digits.collect::<String>())
}

/// Makes the environment of one function's processes.
pub(crate) fn of(
    function: &FunctionTemplate,
    program: &Path,
    endpoints: &Endpoints,
) -> BTreeMap<String, String> {
    let mut environment = function.environment.clone();
    for value in environment.values_mut() {
        for (distribution, local) in &endpoints.cdn {
            *value = value.replace(distribution, local);
        }
    }
    let root = program.parent().unwrap_or(program).display().to_string();
    let memory = function.memory_mib.to_string();
    let access_key_id = access_key_id(&function.name);
    let fixed = [
        ("AWS_ACCESS_KEY_ID", access_key_id.as_str()),
        ("AWS_DEFAULT_REGION", REGION),
        ("AWS_ENDPOINT_URL_DYNAMODB", &endpoints.dynamodb),
        ("AWS_ENDPOINT_URL_S3", &endpoints.s3),
        (
            "AWS_ENDPOINT_URL_SECRETS_MANAGER",
            &endpoints.secrets_manager,
        ),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", &memory),
        ("AWS_LAMBDA_FUNCTION_NAME", &function.name),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
        ("AWS_LAMBDA_LOG_GROUP_NAME", &function.log_group),
        ("AWS_REGION", REGION),
        ("AWS_SECRET_ACCESS_KEY", SECRET_ACCESS_KEY),
        ("AWS_SESSION_TOKEN", SESSION_TOKEN),
        ("LAMBDA_TASK_ROOT", &root),
        ("LANG", "en_US.UTF-8"),
        ("PATH", "/usr/local/bin:/usr/bin/:/bin:/opt/bin"),
        ("TZ", ":UTC"),
        ("_HANDLER", "bootstrap"),
    ];
    environment.extend(fixed.map(|(name, value)| (name.to_owned(), value.to_owned())));
    environment
}
