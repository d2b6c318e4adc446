//! Where the emulated cloud pretends to be.

/// The AWS region that the local cloud pretends to be in.
pub const REGION: &str = "eu-central-1";
/// The account number in every local ARN.
pub const ACCOUNT: &str = "000000000000";
