//! How AWS clients are made: the one place for the settings that cold starts
//! depend on.
//!
//! By hand from the variables that Lambda sets, instead of the provider chain
//! that would look in seven other places first (init x0.78); five pinned roots
//! instead of the system's hundred and fifty (init x0.72). docs/performance.md has
//! what each setting gained.

use std::time::Duration;

use aws_credential_types::Credentials;
use aws_sdk_dynamodb::Client as DynamoDb;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{
    IdentityCache, Region, SharedCredentialsProvider, SharedHttpClient,
    StalledStreamProtectionConfig,
};
use aws_sdk_secretsmanager::Client as SecretsManager;
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};

use super::error::StartError;

/// Amazon Root CA 1 to 4 and Starfield Services Root G2, under which every
/// AWS endpoint's certificate hangs (<https://www.amazontrust.com/repository/>).
pub(crate) const ROOTS: &str = include_str!("roots.pem");

/// What every AWS client is made of.
pub(crate) struct Aws {
    pub(crate) region: String,
    pub(crate) credentials: Credentials,
    trust_system_roots: bool,
    dynamodb_endpoint: Option<String>,
    secrets_manager_endpoint: Option<String>,
    s3_endpoint: Option<String>,
    #[cfg(feature = "simulation")]
    pub(super) simulated: Option<super::simulated::SimulatedClient>,
}

impl Aws {
    pub(crate) fn from_lookup(
        lookup: &impl Fn(&str) -> Option<String>,
    ) -> Result<Self, StartError> {
        let required = |name: &str| {
            lookup(name).ok_or_else(|| {
                StartError::new(format!(
                    "the environment variable {name} is not set; Lambda sets it"
                ))
            })
        };
        // One variable per service, else one for all (AWS SDK reference,
        // "Service-specific endpoints").
        let endpoint = |service: &str| {
            lookup(&format!("AWS_ENDPOINT_URL_{service}")).or_else(|| lookup("AWS_ENDPOINT_URL"))
        };
        Ok(Self {
            region: required("AWS_REGION")?,
            credentials: Credentials::new(
                required("AWS_ACCESS_KEY_ID")?,
                required("AWS_SECRET_ACCESS_KEY")?,
                lookup("AWS_SESSION_TOKEN"),
                // They live as long as the sandbox does.
                None,
                "environment",
            ),
            trust_system_roots: lookup("TRUST_STORE").as_deref() == Some("system"),
            dynamodb_endpoint: endpoint("DYNAMODB"),
            secrets_manager_endpoint: endpoint("SECRETS_MANAGER"),
            s3_endpoint: endpoint("S3"),
            #[cfg(feature = "simulation")]
            simulated: None,
        })
    }

    pub(crate) fn dynamodb(&self) -> DynamoDb {
        let endpoint = self.dynamodb_endpoint.as_deref();
        let mut config = aws_sdk_dynamodb::Config::builder()
            .behavior_version(aws_sdk_dynamodb::config::BehaviorVersion::latest())
            .region(Region::new(self.region.clone()))
            .credentials_provider(SharedCredentialsProvider::new(self.credentials.clone()))
            .retry_config(retries())
            .timeout_config(timeouts())
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .identity_cache(IdentityCache::no_cache())
            .http_client(self.http_client(endpoint));
        config.set_endpoint_url(endpoint.map(str::to_owned));
        #[cfg(feature = "simulation")]
        if let Some(simulated) = &self.simulated {
            simulated.configure(&mut config);
        }
        DynamoDb::from_conf(config.build())
    }

    pub(crate) fn secrets_manager(&self) -> SecretsManager {
        let endpoint = self.secrets_manager_endpoint.as_deref();
        let mut config = aws_sdk_secretsmanager::Config::builder()
            .behavior_version(aws_sdk_secretsmanager::config::BehaviorVersion::latest())
            .region(Region::new(self.region.clone()))
            .credentials_provider(SharedCredentialsProvider::new(self.credentials.clone()))
            .retry_config(retries())
            .timeout_config(timeouts())
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .identity_cache(IdentityCache::no_cache())
            .http_client(self.http_client(endpoint));
        config.set_endpoint_url(endpoint.map(str::to_owned));
        SecretsManager::from_conf(config.build())
    }

    /// Returns where a browser posts to a bucket: path style at an endpoint of our
    /// own, the bucket's host name at AWS.
    pub(crate) fn bucket_url(&self, bucket: &str) -> String {
        match &self.s3_endpoint {
            Some(endpoint) => format!("{}/{bucket}", endpoint.trim_end_matches('/')),
            None => format!("https://{bucket}.s3.{}.amazonaws.com/", self.region),
        }
    }

    #[cfg(feature = "files")]
    pub(crate) fn s3(&self) -> aws_sdk_s3::Client {
        let endpoint = self.s3_endpoint.as_deref();
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(1))
            // A file has 5 MiB at most.
            .operation_attempt_timeout(Duration::from_secs(8))
            .build();
        let mut config = aws_sdk_s3::Config::builder()
            .behavior_version(aws_sdk_s3::config::BehaviorVersion::latest())
            .region(Region::new(self.region.clone()))
            .credentials_provider(SharedCredentialsProvider::new(self.credentials.clone()))
            .retry_config(retries())
            .timeout_config(timeouts)
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .identity_cache(IdentityCache::no_cache())
            // A path instead of a host name for each bucket, where there is no DNS for them.
            .force_path_style(endpoint.is_some())
            .http_client(self.http_client(endpoint));
        config.set_endpoint_url(endpoint.map(str::to_owned));
        aws_sdk_s3::Client::from_conf(config.build())
    }

    fn http_client(&self, endpoint: Option<&str>) -> SharedHttpClient {
        if is_plain(endpoint) {
            return Builder::new().build_http();
        }
        let https = Builder::new().tls_provider(Provider::Rustls(CryptoMode::AwsLc));
        match self.pinned_roots() {
            Some(context) => https.tls_context(context).build_https(),
            None => https.build_https(),
        }
    }

    /// Returns the roots that AWS's certificates hang under, unless the system's are to be used.
    /// They are part of this crate and a test reads them, so that they are always there.
    fn pinned_roots(&self) -> Option<TlsContext> {
        if self.trust_system_roots {
            return None;
        }
        let roots = TrustStore::empty().with_pem_certificate(ROOTS);
        TlsContext::builder().with_trust_store(roots).build().ok()
    }
}

/// Returns whether an endpoint is one of this machine's, without TLS.
fn is_plain(endpoint: Option<&str>) -> bool {
    endpoint.is_some_and(|url| url.starts_with("http://"))
}

fn retries() -> RetryConfig {
    RetryConfig::standard()
        .with_max_attempts(3)
        .with_initial_backoff(Duration::from_millis(50))
        .with_max_backoff(Duration::from_secs(1))
}

/// Returns time-outs well inside the ten seconds that a function has, so that a
/// service which doesn't answer becomes a 503 and not a timeout.
///
/// Each attempt has one timer, which covers the whole of an answer, so that no
/// stream is watched for standing still. A call as a whole has none: three attempts
/// and their pauses take seven seconds at worst, and what a request's calls take
/// together its deadline ends. Credentials are what the environment says, and need
/// no cache. Together that is four wake-ups of a call fewer.
fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(1))
        .operation_attempt_timeout(Duration::from_secs(2))
        .disable_operation_timeout()
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::{AwsError, Env};

    fn env(endpoint: &'static str) -> Env {
        Env::of(move |name| {
            let value = match name {
                "AWS_ENDPOINT_URL_DYNAMODB" => endpoint,
                "AWS_REGION" => "eu-central-1",
                "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => "test",
                _ => return None,
            };
            Some(value.to_owned())
        })
        .unwrap()
    }

    #[tokio::test]
    async fn a_client_that_speaks_tls_is_made_and_an_absent_server_is_a_passing_fault() {
        // Nothing listens on port 1. Without a TLS provider this would panic.
        for endpoint in ["https://127.0.0.1:1", "http://127.0.0.1:1"] {
            let listed = env(endpoint).dynamodb().list_tables().send().await;
            let error = listed.map_err(AwsError::from).unwrap_err();
            assert!(matches!(error, AwsError::Unavailable(_)));
        }
    }

    #[test]
    fn a_missing_variable_of_lambda_stops_the_start() {
        assert!(Env::of(|_| None).is_err());
    }

    #[test]
    fn a_bucket_has_a_host_of_its_own_at_aws_and_a_path_elsewhere() {
        let mut aws = Aws::from_lookup(&|name: &str| Some(format!("{name}/"))).unwrap();
        assert_eq!(aws.bucket_url("b"), "AWS_ENDPOINT_URL_S3/b");
        (aws.s3_endpoint, aws.region) = (None, "eu-central-1".into());
        assert_eq!(
            aws.bucket_url("b"),
            "https://b.s3.eu-central-1.amazonaws.com/"
        );
    }
}
