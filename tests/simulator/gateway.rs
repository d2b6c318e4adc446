//! The API's gateway: from a client's request to one process and back.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use serde_json::{Map, Value, json};

use crate::people::Person;
use crate::plan::Delivery;
use crate::process::{Ended, Process};
use crate::story::What;
use crate::world::World;

/// How long a client waits for an answer: longer than the gateway.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a client asks for.
#[derive(Clone)]
pub(crate) struct Request {
    pub(crate) function: &'static str,
    pub(crate) method: &'static str,
    /// The route's path, such as `/api/orders/{orderId}`.
    pub(crate) route: &'static str,
    /// The values of the route's variables.
    pub(crate) ids: Vec<String>,
    pub(crate) query: String,
    pub(crate) body: Option<Value>,
    pub(crate) key: Option<String>,
    /// Who is signed in, if anybody is.
    pub(crate) person: Option<Arc<Person>>,
    pub(crate) source_ip: String,
}

/// What the client gets.
#[derive(Clone)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: Map<String, Value>,
    pub(crate) body: Value,
}

impl Request {
    /// Returns the path with its variables.
    pub(crate) fn path(&self) -> String {
        let mut ids = self.ids.iter();
        let parts = self.route.split('/').map(|part| match variable(part) {
            Some(_) => ids.next().expect("a value for each variable"),
            None => part,
        });
        Vec::from_iter(parts).join("/")
    }

    /// Returns the path with its variables and the query.
    pub(crate) fn path_and_query(&self) -> String {
        match self.query.as_str() {
            "" => self.path(),
            query => format!("{}?{query}", self.path()),
        }
    }

    /// Returns the event as API Gateway makes it of what reached it at that moment, in milliseconds
    /// since 1970.
    fn event(&self, number: u64, arrived: u64) -> String {
        let key = format!("{} {}", self.method, self.route);
        let mut headers = json!({ "host": "shop.example.com", "user-agent": "simulator" });
        if let Some(person) = &self.person {
            headers["authorization"] = json!(format!("Bearer {}", person.token));
        }
        if let Some(key) = &self.key {
            headers["idempotency-key"] = json!(key);
        }
        if self.body.is_some() {
            headers["content-type"] = json!("application/json");
        }
        let names = self.route.split('/').filter_map(variable);
        let parameters = names.zip(&self.ids);
        let parameters: BTreeMap<&str, &String> = parameters.collect();
        let parameters = (!parameters.is_empty()).then_some(parameters);
        let event = json!({
            "version": "2.0", "routeKey": key, "rawPath": self.path(),
            "rawQueryString": self.query, "headers": headers, "pathParameters": parameters,
            "requestContext": {
                "http": {
                    "method": self.method, "path": self.path(), "protocol": "HTTP/1.1",
                    "sourceIp": self.source_ip, "userAgent": "simulator",
                },
                "requestId": format!("request-{number}"), "routeKey": key, "stage": "$default",
                "timeEpoch": arrived,
            },
            "body": self.body.as_ref().map(Value::to_string), "isBase64Encoded": false,
        });
        event.to_string()
    }
}

/// Returns the name of a variable, if this part of a route is one.
fn variable(part: &str) -> Option<&str> {
    part.strip_prefix('{')?.strip_suffix('}')
}

/// Sends a request; `None` if no answer comes.
pub(crate) async fn send(world: &World, request: &Request, number: u64) -> Option<Response> {
    world.travel().await;
    let event = request.event(number, since_1970(Duration::ZERO));
    note(world, number, "arrived");
    let delivery = {
        let state = &mut *world.state();
        state.plan.next_delivery(&mut state.rng)
    };
    if delivery == Delivery::Twice {
        world.count("fault: duplicate delivery");
        world.tell("gateway", || What::DeliveredTwice { send: number });
        let (world, event, function) = (world.clone(), event.clone(), request.function);
        tokio::spawn(async move {
            world.pause(0, 1500).await;
            deliver(&world, function, &event, number, Delivery::Again).await
        });
    }
    let (own, function) = (world.clone(), request.function);
    // Apart from the client, which may hang up.
    let answer = tokio::spawn(async move {
        if delivery == Delivery::Late {
            own.count("fault: late delivery");
            own.pause(50, 1500).await;
        }
        deliver(&own, function, &event, number, delivery).await
    });
    let answer = tokio::time::timeout(PATIENCE, answer).await.ok()?;
    let answer = answer.expect("the gateway does not panic");
    world.travel().await;
    if delivery == Delivery::AnswerLost {
        world.count("fault: answer lost");
        world.tell("gateway", || What::AnswerLost { send: number });
        return None;
    }
    Some(answer)
}

/// Notes in the history when this happened to a send: now.
fn note(world: &World, send: u64, what: &str) {
    let now = world.now();
    let place = usize::try_from(send).expect("a place in the history");
    world.state().history[place][what] = json!(now);
}

async fn deliver(
    world: &World,
    function: &'static str,
    event: &str,
    number: u64,
    delivery: Delivery,
) -> Response {
    let idle = world.state().idle.get_mut(function).and_then(Vec::pop);
    let process = match idle {
        Some(process) => process,
        None => match Process::start(world, function).await {
            Some(process) => process,
            None => return failure(502, "Bad Gateway"),
        },
    };
    world.tell(process.name(), || What::Gets { send: number });
    if delivery != Delivery::Again {
        note(world, number, "given");
    }
    let templates = &world.template().functions;
    let template = templates.iter().find(|it| it.binary == function);
    let timeout = template.expect("a function of the template").timeout;
    let ended = process.answer(number, event, since_1970(timeout));
    let ended = tokio::time::timeout(timeout, ended).await;
    let answer = match ended {
        Err(_) => {
            let how = "takes too long and is ended".to_owned();
            world.tell(process.name(), || What::Dies { how });
            world.count("processes that took too long");
            return failure(503, "Service Unavailable");
        }
        Ok(Ended::Crashed) => return failure(502, "Bad Gateway"),
        Ok(Ended::Answered(answer)) => answer,
    };
    if delivery == Delivery::CrashBeforeAnswer {
        world.count("fault: crash before the answer");
        let how = "dies before it has answered".to_owned();
        world.tell(process.name(), || What::Dies { how });
        return failure(502, "Bad Gateway");
    }
    let response = read(&answer);
    world.tell(process.name(), || {
        let code = response.body["code"].as_str().unwrap_or_default();
        let answer = format!("{} {code}", response.status);
        What::Answers {
            send: number,
            answer,
        }
    });
    if process.is_far_off() && function == "checkout" && response.status == 201 {
        world.count("orders by a clock that is minutes off");
    }
    let mut state = world.state();
    // When all goes well again, clocks do, too.
    if !(state.plan.has_ended() && process.is_skewed()) {
        state.idle.entry(function).or_default().push(process);
    }
    response
}

/// Returns the milliseconds from 1970 until so long from now, by a clock that is right.
fn since_1970(later: Duration) -> u64 {
    let moment = shared::simulation::wall() + later;
    let passed = moment.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(passed.as_millis()).unwrap_or(u64::MAX)
}

/// What the gateway answers itself.
fn failure(status: u16, message: &str) -> Response {
    Response {
        status,
        headers: Map::from_iter([("content-type".to_owned(), json!("application/json"))]),
        body: json!({ "message": message }),
    }
}

/// Reads a function's answer, payload format 2.0.
fn read(answer: &str) -> Response {
    let answer: Value = serde_json::from_str(answer).expect("the function answers JSON");
    let status = answer["statusCode"].as_u64().expect("a status");
    let body = answer["body"].as_str().unwrap_or_default();
    Response {
        status: u16::try_from(status).expect("a status"),
        headers: answer["headers"].as_object().cloned().unwrap_or_default(),
        body: match body {
            "" => Value::Null,
            text => serde_json::from_str(text).unwrap_or_else(|_| json!(text)),
        },
    }
}
