//! Starts everything that the template names and holds it together.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{DirBuilder, File, TryLockError};
use std::net::{Ipv6Addr, SocketAddr};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use bytes::Bytes;
use template::{Deployment, Template};

use crate::dynamodb::DynamoDb;
use crate::dynamodb::faults::Faults;
use crate::environment::{self, Endpoints};
use crate::error::CloudError;
use crate::events::{Events, Surroundings};
use crate::gateway::Gateway;
use crate::iam::{Grant, Iam};
use crate::logs::{LogSink, Logs};
use crate::ports::{self, Ports};
use crate::runtime::{InvokeError, Launch, MAX_WAIT, Runtime, Variation};
use crate::s3::S3;
use crate::secrets::{self, SecretsManager};
use crate::service::{Service, loopback};
use crate::sqs::{self, Queues};

/// How a local cloud is started.
#[derive(Debug, Clone)]
pub struct Options {
    /// The template.
    pub template: PathBuf,
    /// The stack's name and the template's parameters.
    pub deployment: Deployment,
    /// The folder with the functions' binaries, each named as the template says.
    pub binaries: PathBuf,
    /// Binaries to run instead of those in the folder, by their names.
    pub programs: BTreeMap<String, PathBuf>,
    /// Functions, by their binaries, that need not be built before [`Cloud::use_late`]. Until then
    /// what invokes them waits.
    pub late: BTreeSet<String>,
    /// Where the services listen.
    pub ports: Ports,
    /// The folder that keeps tables, objects and secrets; `None` keeps them in memory.
    pub data: Option<PathBuf>,
    /// Where the functions' output goes.
    pub logs: LogSink,
    /// How many processes of one function may run at once. Requests beyond it wait.
    pub instances: usize,
    /// Whether DynamoDB keeps a journal from its first write on: see
    /// [`Faults::start_journal`](crate::Faults::start_journal).
    pub journal: bool,
    /// What is different about some processes.
    pub variations: Vec<Variation>,
    /// How long until a function that failed on an event is tried again; from then on it takes
    /// twice as long each time. Lambda waits a minute.
    pub retry_delay: Duration,
    /// Names and values of headers that the gateway adds to answers that no function made:
    /// preflights and errors.
    pub gateway_headers: Vec<(&'static str, &'static str)>,
    /// Whether the gateway throttles routes as the template says.
    pub throttle: bool,
    /// What the API's port answers beside the API, in the name of no function: each path that it
    /// names, and no other, so it must have no fallback.
    pub beside_api: Router,
}

impl Options {
    /// Options as tests want them: any port, everything in memory, log lines kept for
    /// [`Cloud::logs`].
    #[must_use]
    pub fn new(template: PathBuf, deployment: Deployment, binaries: PathBuf) -> Self {
        Self {
            template,
            deployment,
            binaries,
            programs: BTreeMap::new(),
            late: BTreeSet::new(),
            ports: Ports::ANY,
            data: None,
            logs: LogSink::Memory,
            instances: 16,
            journal: false,
            variations: Vec::new(),
            retry_delay: Duration::from_millis(100),
            gateway_headers: Vec::new(),
            throttle: false,
            beside_api: Router::new(),
        }
    }
}

/// A running local cloud. Dropping it ends everything; [`Cloud::stop`] also waits for the end.
pub struct Cloud {
    template: Template,
    runtime: Arc<Runtime>,
    logs: Logs,
    iam: Arc<Iam>,
    gateway: Service,
    gateway_ipv6: Option<Service>,
    dynamodb: DynamoDb,
    s3: S3,
    secrets: Arc<SecretsManager>,
    secrets_service: Service,
    queues: Arc<Queues>,
    sqs: Service,
    events: Events,
    /// Another local cloud on the same data folder is refused while this is open.
    _lock: Option<File>,
}

impl Cloud {
    /// Starts the services and the gateway. The functions must have been built; their processes
    /// start with their first requests, or by [`Cloud::warm`].
    ///
    /// # Errors
    /// When the template has something that can't be run here, the port or the data folder is in
    /// use, or a function isn't built.
    pub async fn start(options: Options) -> Result<Self, CloudError> {
        let template = Template::load(&options.template, &options.deployment)?;
        let logs = Logs::new(&options.logs);
        let data = options.data.as_deref();
        let lock = data.map(lock).transpose()?;

        let iam = Iam::new(&template.functions, &logs)?;
        let ports = options.ports;
        let dynamodb =
            DynamoDb::start_authorized(loopback(ports.dynamodb()), &template.tables, data, &iam)
                .await?;
        if options.journal {
            dynamodb.faults().start_journal();
        }
        let s3 = S3::start(loopback(ports.s3()), &template.buckets, data, &iam).await?;
        let (secrets, secrets_service) = secrets::start(
            loopback(ports.secrets_manager()),
            &template.secrets,
            data,
            &iam,
            &logs,
        )
        .await?;

        let queues = Queues::new(&template.queues);
        let sqs = sqs::start(loopback(ports.sqs()), Arc::clone(&queues), &iam).await?;

        let endpoints = Endpoints {
            dynamodb: dynamodb.url(),
            s3: s3.service.url(),
            secrets_manager: secrets_service.url(),
            cdn: cdn(&template, &s3.service.url()),
        };
        let mut launches = Vec::new();
        for function in &template.functions {
            let program = options.programs.get(&function.binary);
            let program = program
                .cloned()
                .unwrap_or_else(|| options.binaries.join(&function.binary));
            if !program.is_file() && !options.late.contains(&function.binary) {
                return Err(CloudError::NotBuilt {
                    function: function.binary.clone(),
                    path: program,
                });
            }
            let variations = options.variations.iter();
            let variations = variations.filter(|it| it.function == function.binary);
            launches.push(Launch {
                environment: environment::of(function, &program, &endpoints),
                function: function.clone(),
                is_late: options.late.contains(&function.binary),
                program,
                arguments: Vec::new(),
                variations: variations.cloned().collect(),
            });
        }
        let runtime = Arc::new(Runtime::new(launches, options.instances.max(1), &logs));
        secrets.use_runtime(Arc::clone(&runtime));
        dynamodb.faults().use_runtime(Arc::clone(&runtime));

        let around = Surroundings {
            runtime: &runtime,
            queues: &queues,
            iam: &iam,
            logs: &logs,
            retry_delay: options.retry_delay,
        };
        let events = Events::start(&template, &around, &dynamodb, &s3)?;

        let router = Gateway::router(
            &template,
            options.throttle,
            events.deliveries(),
            headers(&options.gateway_headers),
            logs.clone(),
        );
        let router = router.merge(options.beside_api);
        let address = loopback(ports.api());
        let gateway = Service::start_router(address, router.clone())
            .await
            .map_err(|error| CloudError::listen(ports::API, address, error))?;
        // `localhost` is ::1 first on many machines. One without IPv6 does without.
        let address = SocketAddr::from((Ipv6Addr::LOCALHOST, gateway.port()));
        let gateway_ipv6 = Service::start_router(address, router).await.ok();
        Ok(Self {
            template,
            runtime,
            logs,
            iam,
            gateway,
            gateway_ipv6,
            dynamodb,
            s3,
            secrets,
            secrets_service,
            queues,
            sqs,
            events,
            _lock: lock,
        })
    }

    /// Returns the base URL of the HTTP API and of Lambda's Invoke API.
    #[must_use]
    pub fn api_url(&self) -> String {
        self.gateway.url()
    }

    /// Returns the endpoint of S3.
    #[must_use]
    pub fn s3_url(&self) -> String {
        self.s3.service.url()
    }

    /// Returns the endpoint of DynamoDB.
    #[must_use]
    pub fn dynamodb_url(&self) -> String {
        self.dynamodb.url()
    }

    /// Returns the endpoint of Secrets Manager.
    #[must_use]
    pub fn secrets_manager_url(&self) -> String {
        self.secrets_service.url()
    }

    /// Returns the endpoint of SQS.
    #[must_use]
    pub fn sqs_url(&self) -> String {
        self.sqs.url()
    }

    /// Returns the bodies of the messages in a queue of the template, named by its logical id,
    /// oldest first.
    #[must_use]
    pub fn messages(&self, queue_logical_id: &str) -> Vec<String> {
        let queue = self.queues.by_logical_id(queue_logical_id);
        queue.map(|it| it.bodies()).unwrap_or_default()
    }

    /// Returns what invokes functions besides the HTTP API, and what goes wrong with it: nothing,
    /// unless it is told to.
    #[must_use]
    pub fn events(&self) -> &Events {
        &self.events
    }

    /// Returns the template as it is served here.
    #[must_use]
    pub fn template(&self) -> &Template {
        &self.template
    }

    /// Invokes a function with one event. `function` is its binary's name, its name, its logical
    /// id or its ARN.
    ///
    /// # Errors
    /// When it gives no answer.
    pub async fn invoke(&self, function: &str, payload: Vec<u8>) -> Result<Vec<u8>, InvokeError> {
        self.runtime
            .invoke(function, Bytes::from(payload), None, MAX_WAIT)
            .await
            .map(Vec::from)
    }

    /// Rotates a secret by its rotation function, and waits until that is done.
    ///
    /// # Errors
    /// When there is no such secret, it has no rotation function, or one of the four steps fails.
    pub async fn rotate(&self, secret_logical_id: &str) -> Result<(), InvokeError> {
        let secret = self
            .template
            .secrets
            .iter()
            .find(|secret| secret.logical_id == secret_logical_id)
            .ok_or_else(|| InvokeError::UnknownFunction(secret_logical_id.to_owned()))?;
        self.secrets.rotate(&secret.arn).await
    }

    /// Makes the value of every secret that is still empty by its first rotation, as happens
    /// after a deployment.
    ///
    /// # Errors
    /// When one of the rotations fails.
    pub async fn make_secrets(&self) -> Result<(), InvokeError> {
        for secret in &self.template.secrets {
            if secret.rotation_function.is_some() && !self.secrets.has_value(&secret.arn) {
                self.secrets.rotate(&secret.arn).await?;
            }
        }
        Ok(())
    }

    /// Puts an object into a bucket of the template, named by its logical id.
    ///
    /// # Errors
    /// When there is no such bucket, or the data folder can't be written.
    pub async fn put_object(
        &self,
        bucket_logical_id: &str,
        key: &str,
        content_type: &str,
        bytes: Vec<u8>,
    ) -> std::io::Result<()> {
        let bucket = self.bucket(bucket_logical_id);
        let bucket = bucket.ok_or(std::io::ErrorKind::NotFound)?;
        self.s3.put(bucket, key, content_type, bytes).await
    }

    /// Returns the bytes of an object in a bucket of the template, if both are there.
    #[must_use]
    pub fn object(&self, bucket_logical_id: &str, key: &str) -> Option<Vec<u8>> {
        self.s3.get(self.bucket(bucket_logical_id)?, key)
    }

    fn bucket(&self, logical_id: &str) -> Option<&str> {
        let mut buckets = self.template.buckets.iter();
        let bucket = buckets.find(|bucket| bucket.logical_id == logical_id)?;
        Some(&bucket.name)
    }

    /// Starts one process of every function but the late ones, so that one which can't start is
    /// known at once.
    ///
    /// # Errors
    /// The first function that ends or fails before it asks for a request.
    pub async fn warm(&self) -> Result<(), InvokeError> {
        self.runtime.warm().await
    }

    /// Starts one process of every late function, which are built now, and lets them have what
    /// waits for them.
    ///
    /// # Errors
    /// The first function that ends or fails before it asks for a request.
    pub async fn use_late(&self) -> Result<(), InvokeError> {
        self.runtime.use_late().await
    }

    /// Returns the processes of a function that live now.
    #[must_use]
    pub fn pids(&self, function: &str) -> Vec<u32> {
        self.runtime.pids(function)
    }

    /// Starts processes without [`Options::variations`] from now on. Those that live keep theirs.
    pub fn end_variations(&self) {
        self.runtime.end_variations();
    }

    /// Returns whether no function is at work, for a caller that waits for somebody or not.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.runtime.is_idle()
    }

    /// Returns the environment of a function's processes; empty for one that doesn't exist.
    #[must_use]
    pub fn environment(&self, function: &str) -> BTreeMap<String, String> {
        self.runtime
            .environment(function)
            .cloned()
            .unwrap_or_default()
    }

    /// Returns the log lines so far, each as `<function>: <line>`, if they are kept in memory.
    #[must_use]
    pub fn logs(&self) -> Vec<String> {
        self.logs.lines()
    }

    /// Returns what roles grant and no function made use of so far: after every endpoint was
    /// walked, what a role could do without.
    #[must_use]
    pub fn unused_grants(&self) -> BTreeSet<Grant> {
        self.iam.unused_grants()
    }

    /// Returns what goes wrong with calls of DynamoDB: nothing, unless it is told to.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        self.dynamodb.faults()
    }

    /// Makes DynamoDB refuse connections, for tests of faults.
    pub async fn stop_dynamodb(&self) {
        self.dynamodb.service.stop().await;
    }

    /// Lets DynamoDB answer again, on the same port and with the same tables.
    ///
    /// # Errors
    /// When another program took the port meanwhile.
    pub async fn start_dynamodb(&self) -> std::io::Result<()> {
        self.dynamodb.service.start_again().await
    }

    /// Makes S3 refuse connections, for tests of faults.
    pub async fn stop_s3(&self) {
        self.s3.service.stop().await;
    }

    /// Lets S3 answer again, on the same port and with the same objects.
    ///
    /// # Errors
    /// When another program took the port meanwhile.
    pub async fn start_s3(&self) -> std::io::Result<()> {
        self.s3.service.start_again().await
    }

    /// Makes Secrets Manager refuse connections, for tests of faults.
    pub async fn stop_secrets_manager(&self) {
        self.secrets_service.stop().await;
    }

    /// Lets Secrets Manager answer again, on the same port and with the same secrets.
    ///
    /// # Errors
    /// When another program took the port meanwhile.
    pub async fn start_secrets_manager(&self) -> std::io::Result<()> {
        self.secrets_service.start_again().await
    }

    /// Ends every process and service and waits until they are gone.
    pub async fn stop(self) {
        self.events.stop();
        // The processes first: what waits for one is then answered at once.
        self.runtime.stop().await;
        if let Some(gateway) = &self.gateway_ipv6 {
            gateway.stop().await;
        }
        tokio::join!(
            self.gateway.stop(),
            self.dynamodb.stop(),
            self.s3.service.stop(),
            self.secrets_service.stop(),
            self.sqs.stop(),
        );
    }
}

/// Returns the base URLs of CloudFront's distributions with those of the local buckets behind them.
fn cdn(template: &Template, s3: &str) -> Vec<(String, String)> {
    let buckets = template.buckets.iter();
    buckets
        .flat_map(|bucket| {
            let domains = bucket.cdn_domains.iter();
            domains.map(move |it| (format!("https://{it}"), format!("{s3}/{}", bucket.name)))
        })
        .collect()
}

/// Headers by their names and values; leaves out what HTTP can't send.
fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
    let pairs = pairs.iter().filter_map(|(name, value)| {
        let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
        Some((name, HeaderValue::from_str(value).ok()?))
    });
    pairs.collect()
}

/// Makes the data folder and keeps other local clouds out of it.
fn lock(folder: &Path) -> Result<File, CloudError> {
    let fail = |reason: String| CloudError::Data {
        path: folder.to_owned(),
        reason,
    };
    let unusable = |error: std::io::Error| {
        fail(format!(
            "the data folder cannot be used: {error}; choose another with `--data DIR`"
        ))
    };
    // For this user only: the tables hold what people typed in.
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(unusable)?;
    let file = File::create(folder.join("lock")).map_err(unusable)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(fail(
            "another local cloud uses this data folder; end it, or choose another folder"
                .to_owned(),
        )),
        Err(TryLockError::Error(error)) => Err(unusable(error)),
    }
}
