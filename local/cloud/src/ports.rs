//! Which loopback ports the services of a local cloud listen on.

use std::fmt;
use std::net::TcpListener;
use std::str::FromStr;

use crate::error::CloudError;
use crate::service::loopback;

/// What a sentence calls the HTTP API.
pub(crate) const API: &str = "the HTTP API";
/// What a sentence calls DynamoDB.
pub(crate) const DYNAMODB: &str = "DynamoDB";
/// What a sentence calls S3.
pub(crate) const S3: &str = "S3";
/// What a sentence calls Secrets Manager.
pub(crate) const SECRETS_MANAGER: &str = "Secrets Manager";
/// What a sentence calls SQS.
pub(crate) const SQS: &str = "SQS";

/// The loopback ports of a local cloud: five that follow each other, so that what was written
/// down of one run (the address of a picture, a tool's endpoint) holds in the next; or any free
/// ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ports {
    /// The API's; 0 for any.
    first: u16,
}

impl Ports {
    /// Whatever is free.
    pub const ANY: Self = Self { first: 0 };

    /// Returns the port of the HTTP API and of Lambda's Invoke API; 0 for any free one, as all of
    /// these.
    #[must_use]
    pub const fn api(self) -> u16 {
        self.first
    }

    /// Returns the port of DynamoDB.
    #[must_use]
    pub const fn dynamodb(self) -> u16 {
        self.after(1)
    }

    /// Returns the port of S3.
    #[must_use]
    pub const fn s3(self) -> u16 {
        self.after(2)
    }

    /// Returns the port of Secrets Manager.
    #[must_use]
    pub const fn secrets_manager(self) -> u16 {
        self.after(3)
    }

    /// Returns the port of SQS.
    #[must_use]
    pub const fn sqs(self) -> u16 {
        self.after(4)
    }

    /// Returns whether this port is one of the five; never where they are any.
    #[must_use]
    pub const fn includes(self, port: u16) -> bool {
        self.first != 0 && self.first <= port && port <= self.sqs()
    }

    const fn after(self, count: u16) -> u16 {
        match self.first {
            0 => 0,
            first => first.saturating_add(count),
        }
    }

    /// Checks that all of them are free, so that a long build doesn't come before a short refusal.
    ///
    /// # Errors
    /// [`CloudError::PortInUse`], or why a port can't be had.
    pub fn check(self) -> Result<(), CloudError> {
        for (service, port) in [
            (API, self.api()),
            (DYNAMODB, self.dynamodb()),
            (S3, self.s3()),
            (SECRETS_MANAGER, self.secrets_manager()),
            (SQS, self.sqs()),
        ] {
            TcpListener::bind(loopback(port))
                .map_err(|error| CloudError::listen(service, loopback(port), error))?;
        }
        Ok(())
    }
}

/// No ports can be counted from that one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoPorts;

impl fmt::Display for NoPorts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "must be a port from 1 to 65531, since four services take the ports after it, or 0 for any \
             free ones",
        )
    }
}

impl std::error::Error for NoPorts {}

impl FromStr for Ports {
    type Err = NoPorts;

    /// Reads the API's port.
    fn from_str(text: &str) -> Result<Self, NoPorts> {
        let first: u16 = text.parse().map_err(|_| NoPorts)?;
        first.checked_add(4).ok_or(NoPorts)?;
        Ok(Self { first })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::service::ANY_PORT;

    #[test]
    fn the_services_ports_follow_the_apis_and_any_port_is_any_for_all() {
        let ports: Ports = "9000".parse().unwrap();
        let all = [
            ports.api(),
            ports.dynamodb(),
            ports.s3(),
            ports.secrets_manager(),
            ports.sqs(),
        ];
        assert_eq!(all, [9000, 9001, 9002, 9003, 9004]);
        let any: Ports = "0".parse().unwrap();
        assert_eq!(any, Ports::ANY);
        assert_eq!([any.dynamodb(), any.s3(), any.sqs()], [0, 0, 0]);
        let included = [8999, 9000, 9004, 9005].map(|port| ports.includes(port));
        assert_eq!(included, [false, true, true, false]);
        assert!(!any.includes(0) && !any.includes(9000));
        let last: Ports = "65531".parse().unwrap();
        assert_eq!(last.sqs(), 65_535);
        for wrong in ["65532", "65536", "-1", "", "http"] {
            assert_eq!(wrong.parse::<Ports>(), Err(NoPorts), "{wrong}");
        }
    }

    #[test]
    fn a_taken_port_is_told_with_the_service_that_would_have_it() {
        // Five ports of which one is taken: found, not assumed, since others run on a laptop too.
        let listener = TcpListener::bind(ANY_PORT).unwrap();
        let taken = listener.local_addr().unwrap().port();
        let services = [API, DYNAMODB, S3, SECRETS_MANAGER, SQS];
        let mut named = 0;
        for (before, service) in services.iter().enumerate() {
            let Some(first) = taken.checked_sub(u16::try_from(before).unwrap()) else {
                continue;
            };
            let Ok(ports) = first.to_string().parse::<Ports>() else {
                continue;
            };
            let refused = ports.check().unwrap_err().to_string();
            // Another program may hold a port before it, which is then told first.
            if refused.starts_with(&format!("port {taken}, ")) {
                assert!(
                    refused.contains(&format!(", where {service} ")),
                    "{refused}"
                );
                named += 1;
            }
        }
        assert!(named > 0, "port {taken} was never named");
        Ports::ANY.check().unwrap();
    }
}
