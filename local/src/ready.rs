//! What a shop that is open says: on the terminal, and in the ready file.

use std::error::Error;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use local::demo::Account;
use serde::Serialize;

/// The ready file can't be written or removed.
#[derive(Debug)]
pub(crate) struct ReadyFileError {
    path: PathBuf,
    reason: String,
}

impl fmt::Display for ReadyFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path.display(), self.reason)
    }
}

impl Error for ReadyFileError {}

/// A shop that is open, as the ready file tells of it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Ready {
    /// The storefront, which is the pages' origin.
    pub(crate) web: String,
    pub(crate) console: String,
    pub(crate) api: String,
    /// The API's reference.
    pub(crate) docs: String,
    pub(crate) s3: String,
    pub(crate) dynamodb: String,
    pub(crate) secrets_manager: String,
    pub(crate) pid: u32,
    /// None if it was not filled.
    pub(crate) accounts: &'static [Account],
    /// The folder of the pages, if nobody has built them.
    #[serde(skip)]
    pub(crate) pages_missing: Option<PathBuf>,
}

impl Ready {
    /// Says what a newcomer needs to begin.
    pub(crate) fn welcome(&self) -> String {
        let api = &self.api;
        let mut text = format!(
            "\nThe shop is open.\n\n  Storefront       {}\n  Console          {}\n  \
             API              {api}\n  API reference    {}\n  DynamoDB         {}\n  \
             S3               {}\n  Secrets Manager  {}\n",
            self.web, self.console, self.docs, self.dynamodb, self.s3, self.secrets_manager,
        );
        if let Some(folder) = &self.pages_missing {
            text.push_str(&format!(
                "\nThe storefront and the console are missing: nobody has built them into {}.\n",
                folder.display()
            ));
        }
        if self.accounts.is_empty() {
            text.push_str(&format!(
                "\nIt was not filled with a demo. To begin, make a customer's account:\n\n  \
                 curl '{api}/api/auth/register' -H 'content-type: application/json' \\\n    \
                 -d '{{\"email\":\"customer@example.com\",\"password\":\"owls fly at night\",\
                 \"name\":\"Some One\"}}'\n\nor invite the first super-admin (here with the \
                 shop's port):\n\n  cargo run -- first-super-admin --port 9000 \
                 --email you@example.com --name You\n\nPress Ctrl-C to close the shop."
            ));
            return text;
        }
        text.push_str("\n  Accounts of the demo\n");
        for account in self.accounts {
            let line = format!(
                "    {:<12} {:<20} {}\n",
                account.role, account.email, account.password
            );
            text.push_str(&line);
        }
        text.push_str(&format!(
            "\nTo begin, open the storefront in a browser, or ask the API:\n\n  \
             curl '{api}/api/products?limit=3'\n\nThe README's tour goes on from there. Press \
             Ctrl-C to close the shop."
        ));
        text
    }
}

/// The file that is there while the shop is open, and only then. Dropping it removes the file.
#[derive(Debug)]
pub(crate) struct ReadyFile(PathBuf);

impl ReadyFile {
    /// Removes what a shop that was killed left behind.
    pub(crate) fn begin(path: &Path) -> Result<Self, ReadyFileError> {
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(ReadyFileError {
                path: path.to_owned(),
                reason: format!("the ready file of an earlier start cannot be removed: {error}"),
            }),
            Ok(()) | Err(_) => Ok(Self(path.to_owned())),
        }
    }

    pub(crate) fn write(&self, ready: &Ready) -> Result<(), ReadyFileError> {
        let written = serde_json::to_string(ready)
            .map_err(io::Error::from)
            .and_then(|text| write_whole(&self.0, &text));
        written.map_err(|error| ReadyFileError {
            path: self.0.clone(),
            reason: format!("the ready file cannot be written: {error}"),
        })
    }
}

impl Drop for ReadyFile {
    fn drop(&mut self) {
        // It may never have been written.
        let _ = fs::remove_file(&self.0);
    }
}

/// Writes a file so that whoever waits for it never sees half of it.
fn write_whole(path: &Path, text: &str) -> io::Result<()> {
    let mut new = path.as_os_str().to_owned();
    new.push(".new");
    fs::write(&new, text)?;
    fs::rename(new, path)
}

#[cfg(test)]
mod tests {
    use local::demo::accounts;

    use super::*;

    fn ready(accounts: &'static [Account]) -> Ready {
        Ready {
            web: "http://127.0.0.1:3000".into(),
            console: "http://127.0.0.1:3000/console/".into(),
            pages_missing: None,
            api: "http://127.0.0.1:9000".into(),
            docs: "http://127.0.0.1:9000/docs/".into(),
            s3: "http://127.0.0.1:9002".into(),
            dynamodb: "http://127.0.0.1:9001".into(),
            secrets_manager: "http://127.0.0.1:9003".into(),
            pid: 1,
            accounts,
        }
    }

    #[test]
    fn a_shop_without_a_demo_has_no_hints_of_one() {
        let full = ready(accounts()).welcome();
        assert!(full.contains("alice@example.com") && full.contains("/api/products"));
        let empty = ready(&[]).welcome();
        assert!(empty.contains("http://127.0.0.1:9003"));
        assert!(empty.contains("/api/auth/register"), "{empty}");
        for hint in ["Accounts", "/api/products", "tour"] {
            assert!(full.contains(hint), "{hint}");
            assert!(!empty.contains(hint), "{hint}: {empty}");
        }
        for account in accounts() {
            assert!(!empty.contains(&account.email), "{empty}");
        }
    }

    #[test]
    fn the_storefront_comes_first_and_is_said_to_be_missing_where_it_is() {
        let mut ready = ready(accounts());
        let text = ready.welcome();
        let first = text.lines().find(|it| it.contains("http")).unwrap();
        assert_eq!(first, "  Storefront       http://127.0.0.1:3000");
        assert!(!text.contains("missing"), "{text}");
        ready.pages_missing = Some("/somewhere/web/dist".into());
        let text = ready.welcome();
        assert!(text.contains("missing") && text.contains("/somewhere/web/dist"));
        assert!(!serde_json::to_string(&ready).unwrap().contains("dist"));
    }

    #[test]
    fn the_ready_file_is_there_while_the_shop_is_open_and_only_then() {
        let folder = std::env::temp_dir().join(format!("local-ready-{}", uuid::Uuid::new_v4()));
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join("ready.json");
        fs::write(&path, "stale").unwrap();
        let file = ReadyFile::begin(&path).unwrap();
        assert!(!path.exists());
        file.write(&ready(accounts())).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        let told: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(told["web"], "http://127.0.0.1:3000");
        assert_eq!(told["console"], "http://127.0.0.1:3000/console/");
        assert_eq!(told["docs"], "http://127.0.0.1:9000/docs/");
        assert_eq!(told["secretsManager"], "http://127.0.0.1:9003");
        assert_eq!(told["accounts"][0]["email"], "alice@example.com");
        drop(file);
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);

        // One that was never written is no fault; one that can't be removed is.
        drop(ReadyFile::begin(&path).unwrap());
        let refused = ReadyFile::begin(&folder).unwrap_err().to_string();
        assert!(refused.contains("cannot be removed"), "{refused}");
        fs::remove_dir_all(folder).unwrap();
    }
}
