//! DynamoDB: dynoxide embedded, with the template's tables in it.

pub(crate) mod embedded;
pub(crate) mod faults;
mod proxy;
mod request;
mod stream;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use dynoxide::Database;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use self::faults::{Engine, Faults};
use self::proxy::Roles;
use self::request::request;
pub(crate) use self::stream::TableStream;
use self::stream::Writes;
use crate::error::CloudError;
use crate::iam::{Iam, KeySchemas};
use crate::ports;
use crate::service::{ANY_PORT, Service};
use template::TableTemplate;

/// How often expired items are deleted. DynamoDB promises only "within a few days", so that
/// nothing may rely on it.
const SWEEP: Duration = Duration::from_secs(60);

/// The database with its HTTP service. Part of a `Cloud`; by itself it is what tests
/// of stores need.
pub struct DynamoDb {
    pub(crate) service: Service,
    /// The database's own service, if another stands before it.
    engine: Option<Service>,
    faults: Faults,
    sweeper: JoinHandle<()>,
    database: Database,
    writes: Arc<Writes>,
}

impl DynamoDb {
    /// Starts the database, in memory or in a file of the data folder, and makes the tables that
    /// aren't there yet. Whoever calls it may do everything.
    ///
    /// # Errors
    /// When the folder can't be used, or a table can't be made.
    pub async fn start(tables: &[TableTemplate], data: Option<&Path>) -> Result<Self, CloudError> {
        let database = open(data)?;
        for table in tables {
            prepare(&database, table).map_err(|reason| CloudError::Table {
                table: table.name.clone(),
                reason,
            })?;
        }
        let faults = Faults::of(database.clone(), tables);
        let writes = Writes::of(tables);
        let served = database.clone();
        let service = Service::start(ANY_PORT, move |listener, stop| {
            let database = served.clone();
            async move {
                // It only ends by `stop`.
                let _ = dynoxide::server::serve_with_shutdown(listener, database, async {
                    let _ = stop.await;
                })
                .await;
            }
        })
        .await
        .map_err(|error| CloudError::listen(ports::DYNAMODB, ANY_PORT, error))?;
        Ok(Self {
            service,
            engine: None,
            faults,
            sweeper: tokio::spawn(sweep(database.clone(), Arc::clone(&writes))),
            database,
            writes,
        })
    }

    /// Starts the database as [`DynamoDb::start`] does, but on a given address and where functions
    /// may do what their roles let them. The database behind takes any free port, which nobody else
    /// needs to know.
    pub(crate) async fn start_authorized(
        address: SocketAddr,
        tables: &[TableTemplate],
        data: Option<&Path>,
        iam: &Arc<Iam>,
    ) -> Result<Self, CloudError> {
        let roles = Roles {
            iam: Arc::clone(iam),
            schemas: KeySchemas::of(tables),
        };
        let database = Self::start(tables, data).await?;
        database.behind_proxy(address, Some(roles)).await
    }

    /// Starts the database in memory as [`DynamoDb::start`] does, but so that calls can go wrong:
    /// see [`DynamoDb::faults`].
    ///
    /// # Errors
    /// When a table can't be made.
    pub async fn start_faulty(tables: &[TableTemplate]) -> Result<Self, CloudError> {
        let database = Self::start(tables, None).await?;
        database.behind_proxy(ANY_PORT, None).await
    }

    async fn behind_proxy(
        mut self,
        address: SocketAddr,
        roles: Option<Roles>,
    ) -> Result<Self, CloudError> {
        let listen = |error| CloudError::listen(ports::DYNAMODB, address, error);
        let engine = Engine::at(self.service.url(), Arc::clone(&self.writes)).map_err(listen)?;
        let router = proxy::router(roles, self.faults.clone(), engine);
        let proxy = Service::start_router(address, router).await;
        let engine = std::mem::replace(&mut self.service, proxy.map_err(listen)?);
        self.engine = Some(engine);
        Ok(self)
    }

    /// Returns what goes wrong with its calls: nothing, unless it is told to. For tests.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// Opens a table's stream where it ends now.
    pub(crate) fn stream(&self, table: &str) -> Result<TableStream, String> {
        TableStream::open(&self.database, &self.writes, table)
    }

    /// Stops all of it.
    pub(crate) async fn stop(&self) {
        self.service.stop().await;
        if let Some(engine) = &self.engine {
            engine.stop().await;
        }
    }

    /// Returns the endpoint.
    #[must_use]
    pub fn url(&self) -> String {
        self.service.url()
    }
}

impl Drop for DynamoDb {
    fn drop(&mut self) {
        self.sweeper.abort();
    }
}

fn open(data: Option<&Path>) -> Result<Database, CloudError> {
    let Some(folder) = data else {
        return Database::memory().map_err(|error| CloudError::Data {
            path: "memory".into(),
            reason: error.to_string(),
        });
    };
    let path = folder.join("dynamodb.sqlite");
    let fail = |reason: String| CloudError::Data {
        path: path.clone(),
        reason,
    };
    let text = path
        .to_str()
        .ok_or_else(|| fail("the path must be UTF-8; choose another data folder".to_owned()))?;
    Database::new(text).map_err(|error| {
        fail(format!(
            "the database cannot be opened: {error}; choose another data folder or remove this one"
        ))
    })
}

async fn sweep(database: Database, writes: Arc<Writes>) {
    let mut ticks = tokio::time::interval(SWEEP);
    loop {
        ticks.tick().await;
        let database = database.clone();
        // It holds the database's lock and reads whole tables: not for an async thread.
        let _ = tokio::task::spawn_blocking(move || database.sweep_ttl()).await;
        writes.tell_all();
    }
}

/// Makes the table, or checks that the one in the data folder is what the template says and adds
/// the indexes that it lacks.
fn prepare(database: &Database, table: &TableTemplate) -> Result<(), String> {
    let described = database.describe_table(request(json!({ "TableName": table.name }))?);
    match described {
        Err(_) => {
            database
                .create_table(request(table.create.clone())?)
                .map_err(|error| error.to_string())?;
        }
        Ok(described) => {
            let existing = serde_json::to_value(described).map_err(|error| error.to_string())?;
            update(
                database,
                table,
                existing.get("Table").unwrap_or(&Value::Null),
            )?;
        }
    }
    let Some(attribute) = &table.ttl_attribute else {
        return Ok(());
    };
    let described = database
        .describe_time_to_live(request(json!({ "TableName": table.name }))?)
        .map_err(|error| error.to_string())?;
    let described = serde_json::to_value(described).map_err(|error| error.to_string())?;
    let current = described.pointer("/TimeToLiveDescription/AttributeName");
    if current.and_then(Value::as_str) == Some(attribute) {
        return Ok(());
    }
    let specification = json!({
        "TableName": table.name,
        "TimeToLiveSpecification": { "AttributeName": attribute, "Enabled": true },
    });
    database
        .update_time_to_live(request(specification)?)
        .map(drop)
        .map_err(|error| error.to_string())
}

fn update(database: &Database, table: &TableTemplate, existing: &Value) -> Result<(), String> {
    const ADVICE: &str = "the data folder holds an older one; remove the folder or choose another";
    if existing.get("KeySchema") != table.create.get("KeySchema") {
        return Err(format!("its key is another than the template's: {ADVICE}"));
    }
    let wanted = indexes(&table.create, "GlobalSecondaryIndexes");
    let present = indexes(existing, "GlobalSecondaryIndexes");
    for index in wanted {
        let name = index.get("IndexName");
        let same = present.iter().find(|it| it.get("IndexName") == name);
        match same {
            Some(same) if same.get("KeySchema") == index.get("KeySchema") => {}
            Some(_) => {
                let name = name.and_then(Value::as_str).unwrap_or_default();
                return Err(format!(
                    "the key of its index {name} is another than the template's: {ADVICE}"
                ));
            }
            None => {
                let added = json!({
                    "TableName": table.name,
                    "AttributeDefinitions": table.create.get("AttributeDefinitions"),
                    "GlobalSecondaryIndexUpdates": [{ "Create": index }],
                });
                database
                    .update_table(request(added)?)
                    .map_err(|error| format!("an index cannot be added ({error}): {ADVICE}"))?;
            }
        }
    }
    let view = |table: &Value| {
        table
            .pointer("/StreamSpecification/StreamViewType")
            .cloned()
    };
    match (view(existing), view(&table.create)) {
        (None, Some(_)) => {
            let added = json!({
                "TableName": table.name,
                "StreamSpecification": table.create.get("StreamSpecification"),
            });
            database
                .update_table(request(added)?)
                .map_err(|error| format!("a stream cannot be added ({error}): {ADVICE}"))?;
        }
        (Some(_), None) | (None, None) => {}
        (existing, wanted) if existing == wanted => {}
        _ => {
            return Err(format!(
                "its stream is another than the template's: {ADVICE}"
            ));
        }
    }
    if indexes(existing, "LocalSecondaryIndexes").len()
        != indexes(&table.create, "LocalSecondaryIndexes").len()
    {
        return Err(format!(
            "its local indexes are others than the template's: {ADVICE}"
        ));
    }
    Ok(())
}

fn indexes<'a>(table: &'a Value, kind: &str) -> &'a [Value] {
    table
        .get(kind)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use super::*;
    use crate::environment::access_key_id;
    use crate::logs::{LogSink, Logs};
    use crate::testing::{Answer, authorization, function, iam, operator, send};
    use template::{Effect, RoleTemplate, StatementTemplate};

    fn table(create: Value) -> TableTemplate {
        TableTemplate {
            logical_id: "T".into(),
            name: "orders".into(),
            create,
            ttl_attribute: Some("expiresAt".into()),
        }
    }

    fn orders() -> Value {
        json!({
            "TableName": "orders",
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [{"AttributeName": "userId", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "userId", "KeyType": "HASH"}],
        })
    }

    fn orders_with_index() -> Value {
        let mut create = orders();
        create["AttributeDefinitions"] = json!([
            {"AttributeName": "userId", "AttributeType": "S"},
            {"AttributeName": "status", "AttributeType": "S"},
        ]);
        create["GlobalSecondaryIndexes"] = json!([{
            "IndexName": "by-status",
            "KeySchema": [{"AttributeName": "status", "KeyType": "HASH"}],
            "Projection": {"ProjectionType": "KEYS_ONLY"},
        }]);
        create
    }

    async fn ask(database: &DynamoDb, action: &str, input: Value) -> Value {
        let target = format!("DynamoDB_20120810.{action}");
        let body = input.to_string();
        let answer = ask_as(database, &operator(), &target, body.as_bytes()).await;
        assert_eq!(answer.status, 200, "{action}: {}", answer.text());
        answer.json()
    }

    async fn ask_as(database: &DynamoDb, authorization: &str, target: &str, body: &[u8]) -> Answer {
        let headers = [
            ("content-type", "application/x-amz-json-1.0"),
            ("x-amz-target", target),
            ("x-amz-date", "20261121T100000Z"),
            ("authorization", authorization),
        ];
        send(&database.service.url(), "POST", "/", &headers, body).await
    }

    /// Starts a database from which a function may read orders; returns its log too.
    async fn authorized() -> (DynamoDb, Logs) {
        let mut reader = function("reader");
        reader.role = Some(RoleTemplate {
            name: "Reader".into(),
            statements: vec![StatementTemplate {
                effect: Effect::Allow,
                actions: vec!["dynamodb:GetItem".into(), "logs:*".into()],
                resources: vec!["*".into()],
                conditions: Vec::new(),
            }],
        });
        let logs = Logs::new(&LogSink::Memory);
        let iam = iam(&[reader], &logs);
        let started = DynamoDb::start_authorized(ANY_PORT, &[table(orders())], None, &iam).await;
        (started.unwrap(), logs)
    }

    #[tokio::test]
    async fn a_function_calls_what_its_role_allows_and_nothing_is_written_by_what_it_does_not() {
        let (database, logs) = authorized().await;
        let key = authorization(&access_key_id("stack-reader"));
        let item = json!({"TableName": "orders", "Item": {"userId": {"S": "usr_1"}}});
        ask(&database, "PutItem", item).await;
        let get = json!({"TableName": "orders", "Key": {"userId": {"S": "usr_1"}}}).to_string();
        let target = |action: &str| format!("DynamoDB_20120810.{action}");
        let answer = ask_as(&database, &key, &target("GetItem"), get.as_bytes()).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(answer.json()["Item"]["userId"]["S"], "usr_1");
        assert_ne!(
            answer.header("x-amz-crc32"),
            "",
            "the database's own answer"
        );
        assert_eq!(logs.lines(), [""; 0]);

        let delete = ask_as(&database, &key, &target("DeleteItem"), get.as_bytes()).await;
        assert_eq!(delete.status, 400);
        assert_eq!(
            delete.json()["__type"],
            "com.amazon.coral.service#AccessDeniedException"
        );
        assert_eq!(logs.lines().len(), 1);
        let get = json!({"TableName": "orders", "Key": {"userId": {"S": "usr_1"}}});
        assert!(ask(&database, "GetItem", get).await["Item"].is_object());
    }

    #[tokio::test]
    async fn who_is_unknown_or_what_is_not_understood_is_refused() {
        let (database, _) = authorized().await;
        let get = json!({"TableName": "orders", "Key": {"userId": {"S": "usr_1"}}}).to_string();
        let known = authorization(&access_key_id("stack-reader"));
        let unknown = authorization("NOBODYSACCESSKEY");
        let target = "DynamoDB_20120810.GetItem";
        for (authorization, target, body, kind) in [
            (&*unknown, target, &*get, "UnrecognizedClientException"),
            ("", target, &get, "MissingAuthenticationTokenException"),
            (&known, target, "{", "AccessDeniedException"),
            (
                &known,
                "DynamoDB_20120810.ExecuteStatement",
                &get,
                "AccessDeniedException",
            ),
            (
                &known,
                "DynamoDBStreams_20120810.ListStreams",
                "{}",
                "AccessDeniedException",
            ),
            (&known, "", &get, "AccessDeniedException"),
        ] {
            let answer = ask_as(&database, authorization, target, body.as_bytes()).await;
            assert_eq!(answer.status, 400, "{target} {body}");
            let expected = format!("com.amazon.coral.service#{kind}");
            assert_eq!(answer.json()["__type"], expected, "{target} {body}");
        }
        // What isn't a call is the database's to answer.
        let health = send(&database.url(), "GET", "/", &[], b"").await;
        assert_eq!(health.status, 200);
    }

    #[tokio::test]
    async fn a_database_behind_roles_can_be_stopped_and_keeps_its_items() {
        let (database, _) = authorized().await;
        let item = json!({"TableName": "orders", "Item": {"userId": {"S": "usr_1"}}});
        ask(&database, "PutItem", item).await;
        let address = database.url().strip_prefix("http://").unwrap().to_owned();
        database.service.stop().await;
        assert!(tokio::net::TcpStream::connect(address).await.is_err());
        database.service.start_again().await.unwrap();
        let key = json!({"TableName": "orders", "Key": {"userId": {"S": "usr_1"}}});
        assert!(ask(&database, "GetItem", key).await["Item"].is_object());
        database.stop().await;
    }

    #[tokio::test]
    async fn the_templates_table_is_there_with_its_index_and_its_time_to_live() {
        let database = DynamoDb::start(&[table(orders_with_index())], None)
            .await
            .unwrap();
        let described = ask(&database, "DescribeTable", json!({"TableName": "orders"})).await;
        let described = &described["Table"];
        assert_eq!(described["TableStatus"], "ACTIVE");
        assert_eq!(described["KeySchema"], orders()["KeySchema"]);
        assert_eq!(
            described["GlobalSecondaryIndexes"][0]["IndexName"],
            "by-status"
        );
        let ttl = ask(
            &database,
            "DescribeTimeToLive",
            json!({"TableName": "orders"}),
        )
        .await;
        assert_eq!(ttl["TimeToLiveDescription"]["AttributeName"], "expiresAt");
    }

    #[tokio::test]
    async fn items_stay_while_the_service_is_stopped() {
        let database = DynamoDb::start(&[table(orders())], None).await.unwrap();
        let item = json!({"TableName": "orders", "Item": {"userId": {"S": "usr_1"}}});
        ask(&database, "PutItem", item).await;
        let address = database
            .service
            .url()
            .strip_prefix("http://")
            .unwrap()
            .to_owned();
        database.service.stop().await;
        assert!(tokio::net::TcpStream::connect(address).await.is_err());
        database.service.start_again().await.unwrap();
        let key = json!({"TableName": "orders", "Key": {"userId": {"S": "usr_1"}}});
        assert!(ask(&database, "GetItem", key).await["Item"].is_object());
    }

    #[tokio::test]
    async fn a_data_folder_keeps_items_takes_new_indexes_and_refuses_other_keys() {
        let folder = std::env::temp_dir().join(format!("local-db-{}", uuid::Uuid::new_v4()));
        std::fs::create_dir_all(&folder).unwrap();
        {
            let database = DynamoDb::start(&[table(orders())], Some(&folder))
                .await
                .unwrap();
            let item = json!({
                "TableName": "orders",
                "Item": {"userId": {"S": "usr_1"}, "status": {"S": "placed"}},
            });
            ask(&database, "PutItem", item).await;
            database.service.stop().await;
        }
        {
            let tables = [table(orders_with_index())];
            let database = DynamoDb::start(&tables, Some(&folder)).await.unwrap();
            let query = json!({
                "TableName": "orders",
                "IndexName": "by-status",
                "KeyConditionExpression": "#s = :s",
                "ExpressionAttributeNames": {"#s": "status"},
                "ExpressionAttributeValues": {":s": {"S": "placed"}},
            });
            assert_eq!(ask(&database, "Query", query).await["Count"], 1);
            database.service.stop().await;
        }
        let mut other = orders();
        other["KeySchema"][0]["AttributeName"] = json!("orderId");
        other["AttributeDefinitions"][0]["AttributeName"] = json!("orderId");
        let refused = DynamoDb::start(&[table(other)], Some(&folder)).await;
        let error = refused.err().unwrap().to_string();
        assert!(
            error.contains("table orders: its key is another"),
            "{error}"
        );
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[tokio::test]
    async fn a_data_folder_takes_a_new_stream_which_is_read_from_its_end() {
        let folder = std::env::temp_dir().join(format!("local-db-{}", uuid::Uuid::new_v4()));
        std::fs::create_dir_all(&folder).unwrap();
        let start = async |create: Value| {
            let started = DynamoDb::start(&[table(create)], Some(&folder)).await;
            started.map_err(|error| error.to_string())
        };
        let put = async |database: &DynamoDb, id: &str| {
            let item = json!({"TableName": "orders", "Item": {"userId": {"S": id}}});
            ask(database, "PutItem", item).await;
        };
        let streamed = |view: &str| {
            let mut create = orders();
            create["StreamSpecification"] = json!({"StreamEnabled": true, "StreamViewType": view});
            create
        };
        {
            let database = start(orders()).await.unwrap();
            assert!(database.stream("orders").is_err());
            put(&database, "usr_1").await;
            database.service.stop().await;
        }
        for id in ["usr_2", "usr_3"] {
            let database = start(streamed("NEW_IMAGE")).await.unwrap();
            let mut stream = database.stream("orders").unwrap();
            assert_eq!(stream.read().await.unwrap().len(), 0);
            put(&database, id).await;
            let records = stream.read().await.unwrap();
            assert_eq!(records.len(), 1);
            assert_eq!(records[0]["dynamodb"]["NewImage"]["userId"]["S"], id);
            database.service.stop().await;
        }
        let refused = start(streamed("KEYS_ONLY")).await.err().unwrap();
        assert!(refused.contains("its stream is another"), "{refused}");
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[tokio::test]
    async fn a_table_that_the_database_refuses_is_named() {
        let mut wrong = orders();
        wrong["KeySchema"] = json!([]);
        let refused = DynamoDb::start(&[table(wrong)], None).await;
        let error = refused.err().unwrap().to_string();
        assert!(error.starts_with("table orders: "), "{error}");
    }
}
