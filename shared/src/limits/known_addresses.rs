//! Addresses from which someone signed in during the last 30 days: rows of the
//! table `rate-limits` of their own. An account that is closed because many
//! guess at it stays open to them.

use std::marker::PhantomData;
use std::time::Duration;

use super::address::Address;
use super::counters::Counters;
use crate::aws::{Env, FromEnv, StartError};
use crate::dynamodb::DynamoDbError;
use crate::identity::{NamesUser, Realm};
use crate::telemetry::warn;
use crate::values::{Timestamp, sha256_base64url};

/// For how long an address is known after the last sign-in from it.
const KEPT: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// The known addresses of a realm's people.
#[derive(Clone)]
pub(crate) struct KnownAddresses<R> {
    counters: Counters,
    realm: PhantomData<R>,
}

impl<R: Realm> FromEnv for KnownAddresses<R> {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok(Self {
            counters: Counters::from_env(env)?,
            realm: PhantomData,
        })
    }
}

impl<R: Realm> KnownAddresses<R> {
    /// Returns whether someone signed in from this address in the last 30 days.
    pub(crate) async fn contains(
        &self,
        who: &impl NamesUser<R>,
        address: &Address,
    ) -> Result<bool, DynamoDbError> {
        let end = self.counters.end(&subject(who, address)).await?;
        // DynamoDB deletes late. Whoever comes without an address is nobody in
        // particular.
        let lasts = end.is_some_and(|end| end > Timestamp::now().unix());
        Ok(lasts && address.is_one())
    }

    /// Remembers that someone signed in from this address. If that fails, the
    /// address only stays unknown until the next sign-in.
    pub(crate) async fn add(&self, who: &impl NamesUser<R>, address: &Address) {
        let end = Timestamp::now().plus(KEPT);
        let added = self.counters.keep_until(&subject(who, address), end).await;
        if let Err(error) = added {
            warn("address-not-remembered", &error);
        }
    }
}

/// Returns the key of a row. It is a hash that the person's id is part of, so
/// that the table alone doesn't tell who was where: there are few addresses of
/// IPv4, and all of them could be tried, but an id can't be guessed.
fn subject<R: Realm>(who: &impl NamesUser<R>, address: &Address) -> String {
    let hash = sha256_base64url::<32>(format!("{}#{address}", who.named_user()).as_bytes());
    format!("{}#{hash}", R::KNOWN_ADDRESS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::{CustomerRealm, Identity, StaffRealm};
    use crate::testing::tables;

    const HERE: &str = "192.0.2.1";

    #[tokio::test]
    async fn an_address_is_known_to_whom_it_was_used_by_and_for_30_days() {
        let tables = tables().await;
        let known: KnownAddresses<CustomerRealm> = tables.open();
        let (ann, bob) = (tables.customer().await, tables.customer().await);
        let here = Address::of(HERE);
        assert!(!known.contains(&ann, &here).await.unwrap());
        known.add(&ann, &here).await;
        assert!(known.contains(&ann, &here).await.unwrap());
        assert!(!known.contains(&bob, &here).await.unwrap());
        let there = Address::of("192.0.2.2");
        assert!(!known.contains(&ann, &there).await.unwrap());

        let subject = subject::<CustomerRealm>(&ann, &here);
        let end = known.counters.end(&subject).await.unwrap().unwrap();
        let days = (end - Timestamp::now().unix()) as f64 / 86_400.0;
        assert!((29.9..=30.0).contains(&days), "{days}");
        let past = Timestamp::from_unix(Timestamp::now().unix() - 1).unwrap();
        known.counters.keep_until(&subject, past).await.unwrap();
        assert!(!known.contains(&ann, &here).await.unwrap());
    }

    #[tokio::test]
    async fn no_address_is_known_to_anybody() {
        let tables = tables().await;
        let known: KnownAddresses<CustomerRealm> = tables.open();
        let ann = tables.customer().await;
        known.add(&ann, &Address::of("")).await;
        assert!(!known.contains(&ann, &Address::of("")).await.unwrap());
    }

    #[tokio::test]
    async fn a_row_tells_neither_the_person_nor_the_address_and_each_realm_has_its_own() {
        let tables = tables().await;
        let ann = tables.customer().await;
        let one = subject::<CustomerRealm>(&ann, &Address::of(HERE));
        assert!(one.starts_with("known-address#"));
        assert!(!one.contains(HERE) && !one.contains(ann.user_id().as_str()));
        let alone = sha256_base64url::<32>(HERE.as_bytes());
        assert!(!one.contains(&alone), "all of IPv4 could be tried");
        assert_eq!(StaffRealm::KNOWN_ADDRESS, "staff-known-address");
    }
}
