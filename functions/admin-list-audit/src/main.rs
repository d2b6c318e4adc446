//! `GET /api/admin/audit`: who did what to which thing, the newest first.

use shared::{
    AuditFilter, AuditPage, AuditTrail, Private, Problem, Query, StartError, SuperAdmin, serve,
};

fn main() -> Result<(), StartError> {
    serve(admin_list_audit)
}

/// By day, by who did it, or by what it was done to. Nobody can change it.
async fn admin_list_audit(
    super_admin: SuperAdmin,
    Query(filter): Query<AuditFilter>,
    trail: AuditTrail,
) -> Result<Private<AuditPage>, Problem> {
    let page = trail.list(&super_admin, &filter).await?;
    Ok(Private(page))
}
