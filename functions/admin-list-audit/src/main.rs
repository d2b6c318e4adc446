//! `GET /api/admin/audit`: who did what to what, the newest first.

use shared::audit::{AuditFilter, AuditPage, AuditReader};
use shared::http::{Private, Problem, Query, StartError};
use shared::identity::SuperAdmin;
use shared::serve;

fn main() -> Result<(), StartError> {
    serve(admin_list_audit)
}

/// Lists records by day, by who did it, or by what it was done to.
async fn admin_list_audit(
    super_admin: SuperAdmin,
    Query(filter): Query<AuditFilter>,
    audit: AuditReader,
) -> Result<Private<AuditPage>, Problem> {
    let page = audit.list(&super_admin, &filter).await?;
    Ok(Private(page))
}
