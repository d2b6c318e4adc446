//! Runs the shop from its build to Ctrl-C.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fmt;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{self, IsTerminal, Write};
use std::pin::pin;
use std::time::Duration;

use cloud::{Cloud, Options, Template};
use local::demo::{self, Account, Demo, accounts};
use local::pages::{Addresses, Pages, Serving, Settings};
use local::{Profile, build_all_but, build_late, options, reference};
use template::EventSource;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{sleep, timeout};

use crate::arguments::{FaultRate, Parameter, ShopArguments};
use crate::ready::{Ready, ReadyFile};

/// How long a build may take without anything being said of it: longer than cargo needs to see
/// that there is nothing to do.
const UNNOTICED: Duration = Duration::from_secs(3);

/// How long a build that failed isn't told of, in which Ctrl-C may turn out to be the reason.
const UNTOLD: Duration = Duration::from_millis(200);

/// Why the shop ends without having been asked to, in a sentence that says what to do.
type Failure = Box<dyn Error>;

/// A `--parameter` names no parameter of the template.
#[derive(Debug)]
struct UnknownParameter {
    name: String,
    known: Vec<String>,
}

impl fmt::Display for UnknownParameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the template has no parameter {}; it has {}",
            self.name,
            self.known.join(", ")
        )
    }
}

impl Error for UnknownParameter {}

/// Builds the functions, starts the shop and serves until it is told to stop.
///
/// # Errors
/// What doesn't build, start, or fit the template.
pub(crate) fn run(arguments: &ShopArguments) -> Result<(), Failure> {
    // What is wrong with the command line is told before a build of minutes, not after it.
    arguments.port.check()?;
    let pages = Pages::bind(arguments.web_port)?;
    let profile = Profile::from(arguments.profile);
    let mut options = options(profile);
    options.ports = arguments.port;
    options.data.clone_from(&arguments.data);
    options.logs = arguments.logs.sink(io::stderr().is_terminal());
    options.throttle = arguments.throttle;
    // Time enough to see it in the log, and to be done soon.
    options.retry_delay = Duration::from_secs(1);
    let declared = Template::parameter_names(&options.template)?;
    options
        .deployment
        .parameters
        .extend(parameters(&arguments.parameters, &declared)?);
    pages.allow(&mut options.deployment);
    options.beside_api = reference::router(demo_accounts(arguments))?;
    // After the ports: until then a shop that runs may be the one that the file is about.
    let ready_file = arguments.ready_file.as_deref().map(ReadyFile::begin);
    let ready_file = ready_file.transpose()?;
    options.late = match profile {
        Profile::Dev => judges_of_files(&Template::load(&options.template, &options.deployment)?),
        // Together, or cargo compiles again what fewer functions have with fewer features.
        Profile::Release => BTreeSet::new(),
    };
    say("Building the functions ...");
    build_all_but(profile, &options.late)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(serve(arguments, options, pages, ready_file))
}

/// Returns who can sign in at first: nobody, unless the demo is made.
fn demo_accounts(arguments: &ShopArguments) -> &'static [Account] {
    if arguments.no_seed { &[] } else { accounts() }
}

/// Returns the values that were given, if the template has parameters of these names. What is wrong
/// with a value the template's own patterns can't say here: they demand https, and a laptop has
/// none.
fn parameters(
    given: &[Parameter],
    declared: &[String],
) -> Result<BTreeMap<String, String>, UnknownParameter> {
    if let Some(unknown) = given.iter().find(|it| !declared.contains(&it.name)) {
        return Err(UnknownParameter {
            name: unknown.name.clone(),
            known: declared.to_vec(),
        });
    }
    let given = given.iter().cloned();
    Ok(given.map(|it| (it.name, it.value)).collect())
}

/// Returns the binaries of the functions that a bucket's events invoke. They are built while the
/// shop is open already: the codecs that judge pictures are optimised, and take as long as a dozen
/// of the other functions.
fn judges_of_files(template: &Template) -> BTreeSet<String> {
    let of_files = |it: &EventSource| matches!(it, EventSource::Bucket(_));
    let functions = template.functions.iter();
    let late = functions.filter(|it| it.sources.iter().any(of_files));
    late.map(|it| it.binary.clone()).collect()
}

async fn serve(
    arguments: &ShopArguments,
    options: Options,
    pages: Pages,
    ready_file: Option<ReadyFile>,
) -> Result<(), Failure> {
    // Before the first process starts, so that none is left behind by an early Ctrl-C.
    let mut stop = Stop::listen()?;
    let late = options.late.clone();
    let cloud = Cloud::start(options).await?;
    let outcome = tokio::select! {
        ready = prepare(arguments, &cloud, pages, ready_file.as_ref()) => ready,
        () = stop.wait() => {
            drop(ready_file);
            cloud.stop().await;
            return Ok(());
        }
    };
    if outcome.is_ok() {
        let rest = async {
            begin_judging(&cloud, &late).await;
            std::future::pending().await
        };
        tokio::select! {
            biased;
            () = stop.wait() => {}
            () = rest => {}
        }
        say("Stopping ...");
    }
    // While all still answers: whoever finds the file may count on it.
    drop(ready_file);
    cloud.stop().await;
    outcome.map(drop)
}

/// Builds the functions that judge pictures, and lets them have what was uploaded meanwhile. If that
/// fails, it says so, and the shop goes on without.
async fn begin_judging(cloud: &Cloud, late: &BTreeSet<String>) {
    let begun = async {
        build_late(late).await?;
        Ok::<_, Failure>(cloud.use_late().await?)
    };
    let mut begun = pin!(begun);
    let done = timeout(UNNOTICED, &mut begun).await;
    let is_noticed = done.is_err();
    let done = match done {
        Ok(done) => done,
        Err(_) => {
            say("Building what judges pictures. What is uploaded meanwhile waits for it ...");
            begun.await
        }
    };
    match done {
        Ok(()) if is_noticed => say("Pictures are judged from now on."),
        Ok(()) => {}
        Err(failure) => {
            // Ctrl-C ends cargo, too, and is no failure.
            sleep(UNTOLD).await;
            say(&format!(
                "error: {failure}. Until then this shop judges no pictures; all else goes on."
            ));
        }
    }
}

/// Does what comes between the start and the first request. Returns what serves the pages.
async fn prepare(
    arguments: &ShopArguments,
    cloud: &Cloud,
    pages: Pages,
    ready_file: Option<&ReadyFile>,
) -> Result<Serving, Failure> {
    // A secret is born empty; its first rotation makes its value, as after a deployment.
    cloud.make_secrets().await?;
    if !arguments.no_seed {
        say("Filling the demo shop ...");
        demo::fill(cloud, Demo::Full).await?;
    }

    // Last, since some functions read at their start what the lines above made.
    cloud.warm().await?;

    let demo = demo_accounts(arguments);
    let web = pages.origin();
    let ready = Ready {
        console: format!("{web}/console/"),
        web,
        docs: format!("{}/docs/", cloud.api_url()),
        pages_missing: pages.missing().cloned(),
        api: cloud.api_url(),
        s3: cloud.s3_url(),
        dynamodb: cloud.dynamodb_url(),
        secrets_manager: cloud.secrets_manager_url(),
        pid: std::process::id(),
        accounts: demo,
    };
    let serving = pages.serve(&Settings {
        addresses: Addresses {
            api: cloud.api_url(),
            // Here one service has both: those of the CDN, and those that are uploaded.
            pictures: cloud.s3_url(),
            bucket: cloud.s3_url(),
        },
        demo,
    })?;
    if let Some(file) = ready_file {
        file.write(&ready)?;
    }
    say(&ready.welcome());
    if let Some(FaultRate(rate)) = arguments.faults {
        let seed = arguments.fault_seed.unwrap_or_else(any_seed);
        cloud.faults().randomly(rate, seed);
        say(&format!(
            "DynamoDB misbehaves: --faults {rate} --fault-seed {seed}"
        ));
    }
    Ok(serving)
}

/// Returns a number that is another one each time.
fn any_seed() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// Ctrl-C and the signal that service managers send.
struct Stop {
    interrupt: Signal,
    terminate: Signal,
}

impl Stop {
    fn listen() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn wait(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

fn say(text: &str) {
    // Nobody may be listening, as when the output is a closed pipe.
    let _ = writeln!(io::stdout(), "{text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_judges_pictures_is_built_late() {
        let options = options(Profile::Dev);
        let template = Template::load(&options.template, &options.deployment).unwrap();
        let late = Vec::from_iter(judges_of_files(&template));
        assert_eq!(late, ["process-image"]);
    }

    #[test]
    fn a_parameter_replaces_the_local_default_and_must_be_one_of_the_templates() {
        let given = |texts: &[&str]| -> Vec<Parameter> {
            texts.iter().map(|it| it.parse().unwrap()).collect()
        };
        let options = options(Profile::Dev);
        let declared = Template::parameter_names(&options.template).unwrap();
        let two = given(&[
            "AllowedOrigins=http://localhost:5173,http://127.0.0.1:5173/?a=b",
            "Currency=",
        ]);
        let mut deployment = options.deployment;
        deployment
            .parameters
            .extend(parameters(&two, &declared).unwrap());
        assert_eq!(
            deployment.parameters,
            BTreeMap::from([
                (
                    "AllowedOrigins".to_owned(),
                    "http://localhost:5173,http://127.0.0.1:5173/?a=b".to_owned()
                ),
                ("Currency".to_owned(), String::new()),
            ])
        );
        let template = Template::load(&options.template, &deployment).unwrap();
        assert_eq!(
            template.cors.unwrap().allow_origins.first().unwrap(),
            "http://localhost:5173"
        );

        let unknown = given(&["AllowedOrigin=x"]);
        let refused = parameters(&unknown, &declared).unwrap_err().to_string();
        assert!(
            refused.starts_with("the template has no parameter AllowedOrigin; it has "),
            "{refused}"
        );
        assert!(refused.contains("AllowedOrigins, "), "{refused}");
    }
}
