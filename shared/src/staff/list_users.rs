//! Lists of people.

use serde::Serialize;

use super::user::StaffUser;
use crate::aws::{Env, FromEnv, StartError};
use crate::dynamodb::{Attributes, Corrupt, ItemReader, PageQuery};
use crate::http::{PageRequest, Problem};
use crate::identity::{
    Cursors, CustomerRealm, ROLE_KEY, Role, StaffRealm, SuperAdmin, UserStatus, Users, before_all,
    read_user,
};
use crate::input::{FromQuery, Parameters};

/// In which order a list of the staff goes.
const HIGHEST_FIRST: [Role; 3] = [Role::SuperAdmin, Role::Admin, Role::Staff];
/// How many queries one page may take: a filter is applied after reading.
const MAX_QUERIES: u32 = 10;

/// A page of people.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UserPage {
    pub(crate) items: Vec<StaffUser>,
    pub(crate) next_cursor: Option<String>,
}

/// Which people are asked for: `role`, `status`, and the page.
pub struct UserFilter {
    pub(crate) role: Option<Role>,
    pub(crate) status: Option<UserStatus>,
    pub(crate) page: PageRequest,
}

impl FromQuery for UserFilter {
    fn from_query(parameters: &mut Parameters<'_>) -> Option<Self> {
        let role = parameters.optional(
            "role",
            |word| word.parse().ok(),
            "customer, staff, admin or super-admin",
        );
        let status = parameters.optional(
            "status",
            |word| word.parse().ok(),
            "active, disabled or invited",
        );
        let page = PageRequest::from_query(parameters);
        Some(Self {
            role: role?,
            status: status?,
            page: page?,
        })
    }
}

/// Lists people.
#[derive(Clone)]
pub struct ListUsers {
    staff: Users<StaffRealm>,
    customers: Users<CustomerRealm>,
    cursors: Cursors<StaffRealm>,
}

impl FromEnv for ListUsers {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok(Self {
            staff: Users::from_env(env)?,
            customers: Users::from_env(env)?,
            cursors: Cursors::from_env(env)?,
        })
    }
}

impl ListUsers {
    /// Returns one page of people of one role, which may be the customers', or
    /// of all the staff: highest role first, then newest.
    ///
    /// # Errors
    /// [`Problem::Malformed`] for a cursor that is not of this list.
    pub async fn list(&self, _by: &SuperAdmin, asked: &UserFilter) -> Result<UserPage, Problem> {
        let role: Option<&str> = asked.role.map(Into::into);
        let status: Option<&str> = asked.status.map(Into::into);
        let list = format!(
            "users {} {}",
            role.unwrap_or_default(),
            status.unwrap_or_default()
        );
        let cursor = asked.page.cursor.as_deref();
        let mut after = self.cursors.open(&list, cursor).await?;
        let mut page = PageQuery::new(asked.page.limit, &ROLE_KEY, MAX_QUERIES);
        let mut stopped = None;
        let read = |item: ItemReader<'_>| read_user(item).map(StaffUser::from);
        for role in roles(asked.role, after.as_ref())? {
            if page.is_full() {
                break;
            }
            if !page.may_call() {
                // A filter that finds little: the next page begins with this
                // role.
                stopped = Some(before_all(role));
                break;
            }
            let query = match role {
                Role::Customer => self.customers.with_role(role, asked.status),
                _ => self.staff.with_role(role, asked.status),
            };
            stopped = page.read(&query, after.take(), read).await?;
            if stopped.is_some() {
                break;
            }
        }
        let (items, last) = page.into_page(stopped);
        Ok(UserPage {
            items,
            next_cursor: self.cursors.seal(&list, last.as_ref()).await?,
        })
    }
}

/// Returns the roles to list, from where the page before ended.
fn roles(asked: Option<Role>, after: Option<&Attributes>) -> Result<Vec<Role>, Corrupt> {
    let mut roles = match asked {
        Some(role) => vec![role],
        None => HIGHEST_FIRST.to_vec(),
    };
    if let Some(last) = after {
        let reached: Role = ItemReader::from(last).word("role")?;
        roles.retain(|role| *role <= reached);
    }
    Ok(roles)
}
