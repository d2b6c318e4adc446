//! A DynamoDB of one subject's own, over TLS: the embedded database with the shop's tables and
//! rows, and a server before it that ends TLS and counts calls.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::serve::Listener;
use cloud::DynamoDb;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    PKCS_RSA_SHA256, RsaKeySize,
};
use serde_json::{Value, json};
use template::TableTemplate;
use tests::measure::Call;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::server::TlsStream;

/// What the header `X-Amz-Target` begins with.
const API: &str = "DynamoDB_20120810.";
/// How many rows a call of `BatchWriteItem` takes.
const BATCH: usize = 25;
/// How many certificates the functions trust at AWS. The file that they get here has as many, so
/// that reading it takes as long.
const AWS_ROOTS: usize = 5;
/// Where the system's certificates are, on Debian and Fedora.
const SYSTEM_ROOTS: [&str; 2] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
];

/// A certificate for `localhost`, made for this run, and files with what it hangs under.
pub(crate) struct Certificate {
    server: Arc<ServerConfig>,
    /// As many certificates as the functions ship of AWS's.
    pub(crate) roots: PathBuf,
    /// The system's certificates and the run's own: what a program trusts that ships none.
    pub(crate) system_roots: PathBuf,
}

impl Certificate {
    /// Makes it, and writes the files into a folder. As at AWS, the keys are RSA of 2048 bits.
    ///
    /// # Errors
    /// When a certificate can't be made or a file can't be written.
    pub(crate) fn make(folder: &Path) -> Result<Self, Box<dyn std::error::Error>> {
        let mut pem = String::new();
        for number in 1..AWS_ROOTS {
            let key = KeyPair::generate()?;
            let root = root_params(&format!("Unused {number}"))?;
            pem += &root.self_signed(&key)?.pem();
        }
        let key = rsa_key()?;
        let root = root_params("Benchmark")?;
        let own = root.self_signed(&key)?.pem();
        pem += &own;
        let issuer = Issuer::new(root, key);
        let server_key = rsa_key()?;
        let server = CertificateParams::new(["localhost".to_owned()])?;
        let server = server.signed_by(&server_key, &issuer)?;

        std::fs::create_dir_all(folder)?;
        let roots = folder.join("roots.pem");
        std::fs::write(&roots, pem)?;
        let system = SYSTEM_ROOTS
            .iter()
            .find_map(|it| std::fs::read_to_string(it).ok());
        let system_roots = folder.join("system-roots.pem");
        std::fs::write(&system_roots, system.unwrap_or_default() + &own)?;

        let key = PrivateKeyDer::try_from(server_key.serialize_der())?;
        let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![server.der().clone()], key)?;
        Ok(Self {
            server: Arc::new(config),
            roots,
            system_roots,
        })
    }
}

fn rsa_key() -> Result<KeyPair, rcgen::Error> {
    KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048)
}

fn root_params(name: &str) -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    Ok(params)
}

/// Calls and what they cost.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counts {
    /// How many calls there were of each operation.
    pub(crate) calls: BTreeMap<String, u64>,
    /// Read capacity units.
    pub(crate) read_units: f64,
    /// Write capacity units.
    pub(crate) write_units: f64,
    /// Bytes of the answers' bodies, with what they say of the units.
    pub(crate) answer_bytes: u64,
    /// The calls of each request.
    pub(crate) requests: Vec<Vec<Call>>,
}

impl Counts {
    /// How many calls there were.
    pub(crate) fn total(&self) -> u64 {
        self.calls.values().sum()
    }
}

struct CountingProxy {
    engine: String,
    http: reqwest::Client,
    /// What the tables are called in reports, by their names.
    tables: BTreeMap<String, String>,
    started: Instant,
    /// `None` while nothing is counted, as during all that is timed.
    counts: Mutex<Option<Counts>>,
}

/// The database of one subject. Dropping it ends it.
pub(crate) struct Database {
    /// The endpoint, over TLS.
    pub(crate) url: String,
    front: Arc<CountingProxy>,
    _tasks: JoinSet<()>,
    _engine: DynamoDb,
}

impl Database {
    /// Starts a database with these tables, in memory, and puts these rows into it.
    ///
    /// # Errors
    /// When it can't be started, or refuses a row.
    pub(crate) async fn start(
        certificate: &Certificate,
        tables: &[TableTemplate],
        rows: impl Iterator<Item = (String, Value)>,
    ) -> Result<Self, String> {
        let engine = DynamoDb::start(tables, None).await;
        let engine = engine.map_err(|error| error.to_string())?;
        let front = Arc::new(CountingProxy {
            engine: engine.url(),
            http: reqwest::Client::new(),
            tables: tables.iter().map(short_name).collect(),
            started: Instant::now(),
            counts: Mutex::default(),
        });
        front.put(rows).await?;
        let mut tasks = JoinSet::new();
        let address = serve(&mut tasks, certificate, Arc::clone(&front)).await;
        let address = address.map_err(|error| format!("no port for DynamoDB: {error}"))?;
        Ok(Self {
            url: format!("https://localhost:{}", address.port()),
            front,
            _tasks: tasks,
            _engine: engine,
        })
    }

    /// Puts rows, each into its table, past TLS and what counts.
    ///
    /// # Errors
    /// When the database refuses one.
    pub(crate) async fn put(&self, rows: &[(String, Value)]) -> Result<(), String> {
        self.front.put(rows.iter().cloned()).await
    }

    /// Makes one call of DynamoDB's API, past TLS and what counts.
    ///
    /// # Errors
    /// When the database refuses it.
    pub(crate) async fn call(&self, operation: &str, input: &Value) -> Result<(), String> {
        self.front.call(operation, input).await.map(drop)
    }

    /// Counts from now on, until [`Database::counted`]. Meanwhile every call is sent on with the
    /// question what it consumed, which functions don't ask; the database checks no signature.
    pub(crate) fn count(&self) {
        *self.front.counts.lock().expect("nobody panicked with it") = Some(Counts::default());
    }

    /// Counts what follows as the calls of another request.
    pub(crate) fn next_request(&self) {
        let mut counts = self.front.counts.lock().expect("nobody panicked with it");
        if let Some(counts) = counts.as_mut() {
            counts.requests.push(Vec::new());
        }
    }

    /// Ends the counting: what there was.
    pub(crate) fn counted(&self) -> Counts {
        let mut counts = self.front.counts.lock().expect("nobody panicked with it");
        counts.take().unwrap_or_default()
    }
}

impl CountingProxy {
    async fn put(&self, rows: impl Iterator<Item = (String, Value)>) -> Result<(), String> {
        let mut rows = rows.peekable();
        while rows.peek().is_some() {
            let mut tables: BTreeMap<String, Vec<Value>> = BTreeMap::new();
            for (table, item) in rows.by_ref().take(BATCH) {
                let put = json!({ "PutRequest": { "Item": item } });
                tables.entry(table).or_default().push(put);
            }
            let input = json!({ "RequestItems": tables });
            let answer = self.call("BatchWriteItem", &input).await?;
            let left = answer["UnprocessedItems"].as_object();
            if left.is_some_and(|left| !left.is_empty()) {
                return Err("BatchWriteItem left rows out".to_owned());
            }
        }
        Ok(())
    }

    async fn call(&self, operation: &str, input: &Value) -> Result<Value, String> {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("x-amz-target", format!("{API}{operation}")),
            ("content-type", "application/x-amz-json-1.0".to_owned()),
            ("x-amz-date", "20261121T100000Z".to_owned()),
            ("authorization", authorization()),
        ] {
            let value = value.parse().expect("a header's value");
            headers.insert(HeaderName::from_static(name), value);
        }
        let sent = self.send(headers, Bytes::from(input.to_string())).await;
        let (status, _, body) = sent.map_err(|error| error.to_string())?;
        if status.is_success() {
            Ok(serde_json::from_slice(&body).unwrap_or_default())
        } else {
            let body = String::from_utf8_lossy(&body).into_owned();
            Err(format!("{operation}: {body}"))
        }
    }

    async fn send(
        &self,
        headers: HeaderMap,
        body: Bytes,
    ) -> Result<(StatusCode, HeaderMap, Bytes), reqwest::Error> {
        let request = self.http.post(&self.engine).headers(headers).body(body);
        let response = request.send().await?;
        let status = response.status();
        let headers = response.headers().clone();
        Ok((status, headers, response.bytes().await?))
    }

    fn counts(&self) -> bool {
        self.counts
            .lock()
            .expect("nobody panicked with it")
            .is_some()
    }

    /// Milliseconds since the database was started.
    fn now_ms(&self) -> f64 {
        self.started.elapsed().as_secs_f64() * 1000.0
    }

    /// What a call is called in reports: its operation and its tables.
    fn label(&self, operation: &str, input: &[u8]) -> String {
        let input: Value = serde_json::from_slice(input).unwrap_or_default();
        let mut tables = Vec::new();
        for name in table_names(&input) {
            let short = self.tables.get(name).map_or(name, String::as_str);
            if !tables.contains(&short) {
                tables.push(short);
            }
        }
        format!("{operation} {}", tables.join("+"))
    }

    fn add(&self, operation: &str, input: &[u8], answer: &[u8], [begin_ms, end_ms]: [f64; 2]) {
        let label = self.label(operation, input);
        let units = consumed(answer);
        let mut counts = self.counts.lock().expect("nobody panicked with it");
        let Some(counts) = counts.as_mut() else {
            return;
        };
        *counts.calls.entry(operation.to_owned()).or_default() += 1;
        counts.answer_bytes += answer.len() as u64;
        if let Some(request) = counts.requests.last_mut() {
            request.push(Call {
                label,
                units,
                begin_ms,
                end_ms,
            });
        }
        match operation {
            "GetItem" | "BatchGetItem" | "Query" | "Scan" | "TransactGetItems" => {
                counts.read_units += units;
            }
            _ => counts.write_units += units,
        }
    }
}

/// A table's name, and what reports call it: `RateLimitsTable` is `rate-limits` in them.
fn short_name(table: &TableTemplate) -> (String, String) {
    let id = &table.logical_id;
    let id = id.strip_suffix("Table").unwrap_or(id);
    let mut short = String::new();
    for letter in id.chars() {
        if letter.is_uppercase() && !short.is_empty() {
            short.push('-');
        }
        short.extend(letter.to_lowercase());
    }
    (table.name.clone(), short)
}

/// The tables that the input of a call names, in the order in which it does.
fn table_names(input: &Value) -> Vec<&str> {
    if let Some(name) = input["TableName"].as_str() {
        return vec![name];
    }
    if let Some(tables) = input["RequestItems"].as_object() {
        return tables.keys().map(String::as_str).collect();
    }
    let actions = input["TransactItems"].as_array().into_iter().flatten();
    let actions = actions.filter_map(|action| action.as_object()?.values().next());
    actions
        .filter_map(|action| action["TableName"].as_str())
        .collect()
}

/// What a call consumed by its answer: an object for one table, a list for several.
fn consumed(answer: &[u8]) -> f64 {
    let answer: Value = serde_json::from_slice(answer).unwrap_or_default();
    let consumed = &answer["ConsumedCapacity"];
    let one = std::slice::from_ref(consumed);
    let tables = consumed.as_array().map_or(one, Vec::as_slice);
    let units = tables.iter().filter_map(|it| it["CapacityUnits"].as_f64());
    units.sum()
}

fn authorization() -> String {
    let key = cloud::ACCESS_KEY_ID;
    format!(
        "AWS4-HMAC-SHA256 Credential={key}/20261121/eu-central-1/dynamodb/aws4_request, \
         SignedHeaders=host, Signature=0"
    )
}

async fn handle(
    State(front): State<Arc<CountingProxy>>,
    mut headers: HeaderMap,
    body: Bytes,
) -> Response {
    let target = headers.get("x-amz-target").and_then(|it| it.to_str().ok());
    let operation = target
        .and_then(|it| it.strip_prefix(API))
        .unwrap_or_default();
    let operation = operation.to_owned();
    // The next connection has its own.
    for name in [header::HOST, header::CONNECTION, header::CONTENT_LENGTH] {
        headers.remove(name);
    }
    let begin_ms = front.now_ms();
    let counting = front.counts();
    let mut body = body;
    if counting && let Ok(Value::Object(mut input)) = serde_json::from_slice(&body) {
        input.insert("ReturnConsumedCapacity".to_owned(), json!("TOTAL"));
        body = Bytes::from(Value::Object(input).to_string());
    }
    let input = body.clone();
    match front.send(headers, body).await {
        Ok((status, mut headers, body)) => {
            if counting {
                let end_ms = front.now_ms();
                front.add(&operation, &input, &body, [begin_ms, end_ms]);
            }
            for name in [header::CONNECTION, header::TRANSFER_ENCODING] {
                headers.remove(name);
            }
            (status, headers, body).into_response()
        }
        Err(error) => (StatusCode::BAD_GATEWAY, error.to_string()).into_response(),
    }
}

/// Serves on a free port, by IPv4 and, where there is any, IPv6: `localhost` may be either.
async fn serve(
    tasks: &mut JoinSet<()>,
    certificate: &Certificate,
    front: Arc<CountingProxy>,
) -> std::io::Result<SocketAddr> {
    let router = Router::new().fallback(handle).with_state(front);
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?;
    let mut listeners = vec![listener];
    listeners.extend(TcpListener::bind(("::1", address.port())).await);
    let (sender, connections) = mpsc::channel(8);
    for listener in listeners {
        let acceptor = TlsAcceptor::from(Arc::clone(&certificate.server));
        tasks.spawn(accept(listener, acceptor, sender.clone()));
    }
    let listener = TlsListener {
        connections,
        address,
    };
    tasks.spawn(async move {
        // It ends when the task is aborted.
        let _ = axum::serve(listener, router).await;
    });
    Ok(address)
}

/// Accepts connections; their handshakes don't wait for each other.
async fn accept(
    listener: TcpListener,
    acceptor: TlsAcceptor,
    connections: mpsc::Sender<TlsStream<TcpStream>>,
) {
    while let Ok((stream, _)) = listener.accept().await {
        let _ = stream.set_nodelay(true);
        let (acceptor, connections) = (acceptor.clone(), connections.clone());
        tokio::spawn(async move {
            // A client that gives the handshake up says so itself.
            if let Ok(stream) = acceptor.accept(stream).await {
                let _ = connections.send(stream).await;
            }
        });
    }
}

struct TlsListener {
    connections: mpsc::Receiver<TlsStream<TcpStream>>,
    address: SocketAddr,
}

impl Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, SocketAddr) {
        match self.connections.recv().await {
            Some(connection) => (connection, self.address),
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> std::io::Result<SocketAddr> {
        Ok(self.address)
    }
}
