//! The port by which an operator names a shop that runs on this machine.

use cloud::{NoPorts, Ports};

/// Reads the API's port of a shop that runs; 0 names none.
pub(super) fn fixed_ports(text: &str) -> Result<Ports, String> {
    match text.parse() {
        Ok(Ports::ANY) => Err("must be the port that the shop's API has".to_owned()),
        Ok(ports) => Ok(ports),
        Err(error) => Err(NoPorts::to_string(&error)),
    }
}
