//! What is measured: this project's functions, builds of them from elsewhere, and peers.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{SHA256, digest};
use axum::body::Bytes;
use flate2::Compression;
use flate2::write::DeflateEncoder;
use local::Profile;
use serde_json::Value;

use crate::dynamodb::{Certificate, Database};
use crate::process::Launch;
use crate::scenario::Scenario;

/// What an archive of one file adds to the compressed file: a local header, an entry of the
/// directory, both with the name `bootstrap`, and the directory's end.
const ZIP_OVERHEAD: u64 = 30 + 46 + 2 * 9 + 22;

/// What the report calls the release builds of this working tree.
pub(crate) const CURRENT: &str = "current";

/// Something to measure.
#[derive(Clone, Debug)]
pub(crate) struct Subject {
    /// What the report calls it.
    pub(crate) name: String,
    source: Source,
}

#[derive(Clone, Debug)]
enum Source {
    /// The release builds of this working tree.
    WorkingTree,
    /// A folder of binaries that are named like their functions.
    Folder(PathBuf),
    /// The binary of one function.
    Binary(PathBuf),
    Peer(Peer),
}

/// A program of another project that does what functions of this one do, from a JSON file.
#[derive(Clone, Debug)]
struct Peer {
    /// The functions that it is compared to.
    functions: Vec<String>,
    command: Vec<PathBuf>,
    package: PathBuf,
    event: Bytes,
    status: u64,
    environment: BTreeMap<String, String>,
    setup: Vec<(String, Value)>,
}

impl Subject {
    /// What `cargo build --release` makes of this working tree.
    pub(crate) fn working_tree() -> Self {
        Self {
            name: CURRENT.to_owned(),
            source: Source::WorkingTree,
        }
    }

    /// A subject from `NAME=PATH`, where the path is a binary or a folder of them.
    ///
    /// # Errors
    /// When it has another form, or there is nothing at that path.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let (name, path) = text.split_once('=').ok_or("it must be NAME=PATH")?;
        let path = given(path);
        let source = if path.is_dir() {
            Source::Folder(path)
        } else if path.is_file() {
            Source::Binary(path)
        } else {
            return Err(format!("there is nothing at {}", path.display()));
        };
        Ok(Self {
            name: name.to_owned(),
            source,
        })
    }

    /// A peer from its file; see `docs/benchmarks.md`.
    ///
    /// # Errors
    /// When the file or what it names can't be read, or a field is missing.
    pub(crate) fn peer(path: &str) -> Result<Self, String> {
        let read = |path: &Path| {
            std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))
        };
        let file = read(&given(path))?;
        let file: Value = serde_json::from_slice(&file).map_err(|error| error.to_string())?;
        let text = |name: &str| {
            let text = file[name].as_str().map(str::to_owned);
            text.ok_or_else(|| format!("`{name}` must be a text"))
        };
        let command = file["command"].as_array().into_iter().flatten();
        let mut command: Vec<PathBuf> = command
            .filter_map(Value::as_str)
            .map(PathBuf::from)
            .collect();
        let program = command.first_mut().ok_or("`command` must list a program")?;
        *program = given(&program.to_string_lossy());
        let package = file["package"]
            .as_str()
            .map_or_else(|| program.clone(), given);
        let functions = file["functions"].as_array().into_iter().flatten();
        let functions = functions
            .map(|name| name.as_str().map(str::to_owned))
            .collect::<Option<Vec<_>>>()
            .filter(|names| !names.is_empty())
            .ok_or("`functions` must list names of functions")?;
        let environment = file["environment"].as_object().into_iter().flatten();
        let environment = environment
            .map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
            .collect::<Option<_>>()
            .ok_or("`environment` must hold texts")?;
        let setup = file["setup"].as_array().into_iter().flatten();
        let setup = setup
            .map(|call| {
                Some((
                    call["operation"].as_str()?.to_owned(),
                    call["input"].clone(),
                ))
            })
            .collect::<Option<_>>()
            .ok_or("each call of `setup` must name its `operation`")?;
        Ok(Self {
            name: text("name")?,
            source: Source::Peer(Peer {
                functions,
                package,
                event: Bytes::from(read(&given(&text("event")?))?),
                status: file["status"].as_u64().unwrap_or(200),
                command,
                environment,
                setup,
            }),
        })
    }

    /// This subject once more, by another name.
    pub(crate) fn again(&self) -> Self {
        Self {
            name: format!("{} again", self.name),
            source: self.source.clone(),
        }
    }

    /// Whether it has something to compare to this function.
    pub(crate) fn has(&self, function: &str) -> bool {
        match &self.source {
            Source::Peer(peer) => peer.functions.iter().any(|it| it == function),
            Source::WorkingTree | Source::Folder(_) | Source::Binary(_) => true,
        }
    }

    /// Whether it is another project's.
    pub(crate) fn is_peer(&self) -> bool {
        matches!(self.source, Source::Peer(_))
    }

    /// Whether it is one function's binary.
    pub(crate) fn is_one_binary(&self) -> bool {
        matches!(self.source, Source::Binary(_))
    }

    fn program(&self, function: &str) -> PathBuf {
        match &self.source {
            Source::WorkingTree => local::function_binary(Profile::Release, function),
            Source::Folder(folder) => folder.join(function),
            Source::Binary(path) => path.clone(),
            Source::Peer(peer) => peer.command[0].clone(),
        }
    }

    /// The file that is deployed, or its largest part.
    ///
    /// # Errors
    /// When it can't be read.
    pub(crate) fn package(&self, function: &str) -> Result<Package, String> {
        let path = match &self.source {
            Source::Peer(peer) => peer.package.clone(),
            Source::WorkingTree | Source::Folder(_) | Source::Binary(_) => self.program(function),
        };
        let bytes = std::fs::read(&path);
        let bytes = bytes.map_err(|error| format!("{}: {error}", path.display()))?;
        let digest = digest(&SHA256, &bytes);
        let sha256 = digest.as_ref().iter().map(|byte| format!("{byte:02x}"));
        Ok(Package {
            path,
            size: bytes.len() as u64,
            zipped: deflated(&bytes) + ZIP_OVERHEAD,
            sha256: sha256.collect(),
        })
    }

    /// A database of its own, with the same rows as everybody's.
    ///
    /// # Errors
    /// When it can't be started or refuses a call.
    pub(crate) async fn database(
        &self,
        certificate: &Certificate,
        tables: &[template::TableTemplate],
        scenario: &Scenario,
    ) -> Result<Database, String> {
        let database = Database::start(certificate, tables, scenario.all_rows()).await?;
        if let Source::Peer(peer) = &self.source {
            for (operation, input) in &peer.setup {
                database.call(operation, input).await?;
            }
        }
        Ok(database)
    }

    /// How it is started: with the environment that the function has in the local cloud, but with
    /// its own database, by TLS, and trust in the certificate of that.
    pub(crate) fn launch(
        &self,
        function: &str,
        environment: &BTreeMap<String, String>,
        certificate: &Certificate,
        database: &Database,
    ) -> Launch {
        let mut environment = environment.clone();
        let mut set = |name: &str, value: &str| {
            environment.insert(name.to_owned(), value.to_owned());
        };
        set("AWS_ENDPOINT_URL_DYNAMODB", &database.url);
        let command = if let Source::Peer(peer) = &self.source {
            let roots = certificate.system_roots.to_string_lossy();
            // As Rust and OpenSSL, the AWS SDK for Python, and Node.js name it.
            for name in ["SSL_CERT_FILE", "AWS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"] {
                set(name, &roots);
            }
            for (name, value) in &peer.environment {
                set(name, value);
            }
            peer.command.clone()
        } else {
            set("TRUST_STORE", "system");
            set("SSL_CERT_FILE", &certificate.roots.to_string_lossy());
            vec![self.program(function)]
        };
        Launch {
            command,
            environment,
        }
    }

    /// The event of one request: a peer has only one.
    pub(crate) fn event(&self, scenario: &Scenario, visit: u32, request: u32) -> Bytes {
        match &self.source {
            Source::Peer(peer) => peer.event.clone(),
            Source::WorkingTree | Source::Folder(_) | Source::Binary(_) => {
                scenario.event(visit, request)
            }
        }
    }

    /// Checks an answer.
    ///
    /// # Errors
    /// A sentence that says what is wrong with it.
    pub(crate) fn check(
        &self,
        scenario: &Scenario,
        status: u64,
        body: &Value,
    ) -> Result<(), String> {
        match &self.source {
            Source::Peer(peer) if status == peer.status => Ok(()),
            Source::Peer(_) => Err(format!("it answered {status}: {body}")),
            Source::WorkingTree | Source::Folder(_) | Source::Binary(_) => {
                scenario.check(status, body)
            }
        }
    }
}

/// A file that is deployed.
#[derive(Clone, Debug)]
pub(crate) struct Package {
    pub(crate) path: PathBuf,
    /// Its bytes.
    pub(crate) size: u64,
    /// The bytes of the archive that has it as `bootstrap`.
    pub(crate) zipped: u64,
    pub(crate) sha256: String,
}

fn deflated(bytes: &[u8]) -> u64 {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    std::io::Write::write_all(&mut encoder, bytes).expect("memory can be written");
    encoder.finish().expect("memory can be written").len() as u64
}

/// A path as it was given: cargo runs benchmarks in the package's folder, people run cargo in the
/// workspace's.
pub(crate) fn given(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}
