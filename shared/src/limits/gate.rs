//! What admits requests before their handler is asked.

use std::net::IpAddr;

use super::address::Address;
use super::networks::AdminNetworks;
use super::request_limit::RequestLimit;
use crate::aws::{Env, FromEnv, StartError};
use crate::http::{Gate, Problem, Quota};
use crate::identity::FrontendKeys;

/// The general limit, the networks of the staff's routes, and the frontends that
/// may say for whom they call.
#[derive(Clone)]
pub(crate) struct FrontGate {
    requests: RequestLimit,
    networks: AdminNetworks,
    frontends: FrontendKeys,
}

impl FromEnv for FrontGate {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok(Self {
            requests: RequestLimit::from_env(env)?,
            networks: AdminNetworks::from_env(env)?,
            frontends: FrontendKeys::from_env(env)?,
        })
    }

    async fn warm(&self) {
        self.frontends.warm().await;
    }
}

impl Gate for FrontGate {
    fn allows_address(&self, route: &str, source_ip: &str) -> bool {
        self.networks.admit(route, source_ip)
    }

    async fn client_ip(&self, token: &str) -> Option<IpAddr> {
        self.frontends.client_ip(token).await
    }

    async fn admit(&self, client_ip: &str) -> Result<Option<Quota>, Problem> {
        self.requests.admit(&Address::of(client_ip)).await
    }

    async fn renew(&self, client_ip: &str) {
        self.requests.renew(&Address::of(client_ip)).await;
    }
}
