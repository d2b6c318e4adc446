//! What admits requests before their handler is asked.

use super::address::Address;
use super::networks::AdminNetworks;
use super::request_limit::RequestLimit;
use crate::aws::{Env, FromEnv, StartError};
use crate::http::{Gate, Problem, Quota};

/// The general limit, and the networks of the staff's routes.
#[derive(Clone)]
pub(crate) struct FrontGate {
    requests: RequestLimit,
    networks: AdminNetworks,
}

impl FromEnv for FrontGate {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok(Self {
            requests: RequestLimit::from_env(env)?,
            networks: AdminNetworks::from_env(env)?,
        })
    }
}

impl Gate for FrontGate {
    fn allows_address(&self, route: &str, source_ip: &str) -> bool {
        self.networks.admit(route, source_ip)
    }

    async fn admit(&self, source_ip: &str) -> Result<Option<Quota>, Problem> {
        self.requests.admit(&Address::of(source_ip)).await
    }
}
