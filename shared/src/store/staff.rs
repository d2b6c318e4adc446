//! Where a super-admin invites, lists and changes people, and where whoever
//! was invited accepts.

use std::time::Duration;

use aws_sdk_dynamodb::types::{ConditionCheck, TransactWriteItem};

use crate::audit::{Action, Actor, Change, Record};
use crate::auth::{Identity, SuperAdmin};
use crate::cursor::Cursors;
use crate::env::{Env, FromEnv, StartError};
use crate::extract::IfMatch;
use crate::ids::UserId;
use crate::journal::Journal;
use crate::problem::{Conflict, Problem};
use crate::staff::{
    Acceptance, Invitation, InvitationSecret, InvitationToken, InvitedUser, StaffUser, UserChange,
    UserFilter, UserPage,
};
use crate::store::audit::AuditLog;
use crate::store::credentials::AccountDesk;
use crate::store::failed;
use crate::store::item::{Attributes, Item, Row, number, text};
use crate::store::transaction::Written;
use crate::store::users::{self, AWAITED, STAFF_PASSWORD, UserStore, UserUpdate};
use crate::text::Word;
use crate::time::Timestamp;
use crate::user::{EmailAddress, Role, User, UserStatus};

/// How long an invitation may be accepted.
const INVITED_FOR: Duration = Duration::from_secs(72 * 60 * 60);
/// The index of the users by what they may do.
const BY_ROLE: &str = "by-role";
/// In which order a list of everybody goes: those who may most come first.
const RANKS: [Role; 4] = [Role::SuperAdmin, Role::Admin, Role::Staff, Role::Customer];
/// How many queries one page of a filtered list may take. A filter is applied
/// after reading.
const MAX_QUERIES: usize = 10;

/// How someone comes to work for the shop.
impl AccountDesk {
    /// Invites someone to the staff. Whoever was invited before and has not
    /// accepted gets a new token, and the old one ends.
    ///
    /// # Errors
    /// [`Conflict::AddressTaken`] if the address has an account.
    pub async fn invite(&self, by: &SuperAdmin, new: Invitation) -> Result<InvitedUser, Problem> {
        let actor = Actor::User(by.user_id().clone());
        self.invite_as(actor, new, by.journal()).await
    }

    /// Invites the shop's first super-admin; nothing if the shop has one. Only
    /// who holds the AWS credentials of the shop's operator gets here. As long
    /// as nobody has accepted it, the invitation can be made anew for the same
    /// address.
    ///
    /// # Errors
    /// [`Conflict::AddressTaken`] if the address has an account.
    pub async fn invite_first(
        &self,
        email: EmailAddress,
        name: String,
    ) -> Result<Option<InvitedUser>, Problem> {
        let others = super_admins(&self.users).await?;
        let invited_before =
            |user: &User| user.status == UserStatus::Invited && user.email.key() == email.key();
        if !others.iter().all(invited_before) {
            return Ok(None);
        }
        let new = Invitation {
            email,
            name,
            phone: None,
            role: Role::SuperAdmin,
        };
        let journal = Journal::of_operator();
        let invited = self.invite_as(Actor::Operator, new, &journal).await?;
        Ok(Some(invited))
    }

    async fn invite_as(
        &self,
        actor: Actor,
        new: Invitation,
        journal: &Journal,
    ) -> Result<InvitedUser, Problem> {
        let mut user = User::new(new.email, &new.name, new.role)?;
        user.phone = new.phone;
        (user.status, user.awaited) = (UserStatus::Invited, true);
        // Whoever has an account is told so by the transaction below.
        let before = self.credentials.find(&user.email).await?;
        let before = before.filter(|it| it.password.is_none());
        if let Some(before) = &before {
            let invited = self.users.find(&before.user_id).await?;
            let invited = invited.filter(|it| it.awaited);
            let invited = invited.ok_or(Problem::Conflict(Conflict::AddressTaken))?;
            (user.id, user.created_at) = (invited.id, invited.created_at);
            user.version = invited.version + 1;
        }
        let secret = InvitationSecret::generate(user.id.clone())?;
        let expires_at = Timestamp::now().plus(INVITED_FOR);
        let actions = match before {
            None => {
                let credential = Item::new()
                    .text("userId", user.id.as_str())
                    .text("inviteHash", secret.hash())
                    .number("inviteEnds", expires_at.unix());
                vec![
                    self.credentials.put_new(&user.email, credential)?,
                    self.users.put_new(&user)?,
                ]
            }
            Some(_) => vec![
                self.credentials.update(
                    &user.email,
                    "SET inviteHash = :hash, inviteEnds = :end",
                    "userId = :user AND attribute_not_exists(passwordHash)",
                    [
                        (":hash", text(secret.hash())),
                        (":end", number(expires_at.unix())),
                        (":user", text(user.id.as_str())),
                    ],
                )?,
                self.invited_again(&user)?,
            ],
        };
        let action = Action::UserInvited;
        let changes = vec![Change {
            field: "role".to_owned(),
            before: None,
            after: Some(user.role.as_str().to_owned()),
        }];
        let record = Record::under(journal, actor, action, user.id.as_str(), changes);
        match self.audit.write(actions, &[record]).await? {
            Written::Done => {}
            Written::Refused(_) => return Err(Problem::Conflict(Conflict::AddressTaken)),
        }
        Ok(InvitedUser {
            user: StaffUser::from(user),
            invitation: InvitationToken {
                token: secret.to_text(),
                expires_at,
            },
        })
    }

    /// The record of someone who was invited before and is invited anew.
    fn invited_again(&self, user: &User) -> Result<TransactWriteItem, Problem> {
        let update = UserUpdate::of(&self.users, &user.id)
            .only_if("version", number(user.version - 1))
            .only_if(AWAITED, text("yes"))
            .set("status", text(user.status.as_str()))
            .set("name", text(&user.name))
            .set("role", text(user.role.as_str()))
            .set("version", number(user.version));
        match &user.phone {
            Some(phone) => update.set("phone", text(phone)),
            None => update.remove("phone"),
        }
        .build()
    }

    /// Sets the password of someone who was invited, by their token: once, and
    /// not after it has ended.
    ///
    /// # Errors
    /// [`Problem::BadToken`] for a token that is used, ended or none of ours;
    /// [`Problem::Invalid`] for an unfit password.
    pub async fn accept(&self, sent: Acceptance, journal: &Journal) -> Result<(), Problem> {
        let token = sent.token.ok_or(Problem::BadToken)?;
        let user = self.users.find(&token.user_id).await?;
        let user = user.filter(|user| user.status == UserStatus::Invited);
        let user = user.ok_or(Problem::BadToken)?;
        let now = Timestamp::now();
        let found = self.credentials.find(&user.email).await?;
        let invitation = found.and_then(|it| it.invitation);
        let valid = |(hash, ends): &(String, i64)| *hash == token.hash() && *ends > now.unix();
        invitation.filter(valid).ok_or(Problem::BadToken)?;
        // What a refusal tells about them, whoever holds the token may know.
        let staff = user.role.max(Role::Staff);
        let password = sent.password.for_account(staff, &user.email, &user.name);
        let password = password.map_err(|reason| Problem::invalid("/password", reason))?;
        let hash = password.hash()?;
        let credential = self.credentials.update(
            &user.email,
            "SET passwordHash = :new REMOVE inviteHash, inviteEnds",
            "userId = :user AND inviteHash = :hash AND inviteEnds > :now \
             AND attribute_not_exists(passwordHash)",
            [
                (":new", text(hash.as_str())),
                (":user", text(user.id.as_str())),
                (":hash", text(token.hash())),
                (":now", number(now.unix())),
            ],
        )?;
        let activated = UserUpdate::of(&self.users, &user.id)
            .only_if("version", number(user.version))
            .set("version", number(user.version + 1))
            .set("status", text(UserStatus::Active.as_str()))
            .set(STAFF_PASSWORD, text("yes"))
            .remove(AWAITED);
        let action = Action::InvitationAccepted;
        let actor = Actor::User(user.id.clone());
        let changes = vec![Change::between(
            "status",
            UserStatus::Invited,
            UserStatus::Active,
        )];
        let record = Record::under(journal, actor, action, user.id.as_str(), changes);
        let actions = vec![credential, activated.build()?];
        let written = self.audit.write(actions, &[record]).await?;
        if written.refused(0) {
            return Err(Problem::BadToken);
        }
        if let Written::Refused(_) = written {
            // Their role or status is another now; the token still counts.
            return Err(Problem::Conflict(Conflict::Stale));
        }
        Ok(())
    }
}

/// Lists people and changes what they may do.
#[derive(Clone)]
pub struct UserDesk {
    users: UserStore,
    audit: AuditLog,
}

impl FromEnv for UserDesk {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok(Self {
            users: UserStore::from_env(env)?,
            audit: AuditLog::from_env(env)?,
        })
    }
}

impl UserDesk {
    /// Changes someone's role or status. It works on their very next request:
    /// what they are signed in with ends, and what the staff may do is checked
    /// every time.
    ///
    /// # Errors
    /// [`Problem::NotFound`] for nobody; [`Conflict::LastSuperAdmin`] where no
    /// active super-admin would be left; [`Conflict::Stale`] for another
    /// version than the caller read.
    pub async fn change(
        &self,
        by: &SuperAdmin,
        id: &UserId,
        wanted: &UserChange,
        read: IfMatch,
    ) -> Result<StaffUser, Problem> {
        let user = self.users.find(id).await?.ok_or(Problem::NotFound)?;
        let stale = |version: u64| version != user.version;
        if wanted.version.is_some_and(stale) || read.0.is_some_and(stale) {
            return Err(Problem::Conflict(Conflict::Stale));
        }
        let role = wanted.role.unwrap_or(user.role);
        if user.status == UserStatus::Invited && wanted.status == Some(UserStatus::Active) {
            // Only who was invited can say that they accept.
            let detail = "can't be active before the invitation is accepted";
            return Err(Problem::invalid("/status", detail));
        }
        let status = match wanted.status {
            // Whoever has not accepted has no password: enabled again, they are
            // who they were.
            Some(UserStatus::Active) if user.awaited => UserStatus::Invited,
            Some(status) => status,
            None => user.status,
        };
        if (role, status) == (user.role, user.status) {
            return Ok(StaffUser::from(user));
        }
        // Whoever is still awaited will choose a password that fits.
        let begins_at_the_shop = role.is_staff() && !user.role.is_staff() && !user.awaited;
        if begins_at_the_shop && !user.staff_password {
            return Err(Problem::Conflict(Conflict::PasswordTooShortForStaff));
        }
        let version = user.version + 1;
        let update = self
            .users
            .end_tokens(id, None)
            .only_if("version", number(user.version))
            .set("role", text(role.as_str()))
            .set("status", text(status.as_str()))
            .set("version", number(version));
        let update = if begins_at_the_shop {
            update.only_if(STAFF_PASSWORD, text("yes"))
        } else {
            update
        };
        let mut actions = vec![update.build()?];
        let mut records = Vec::new();
        let mut record = |action, change| {
            records.push(Record::by(by, action, id.as_str(), vec![change]));
        };
        if role != user.role {
            let change = Change::between("role", user.role, role);
            record(Action::RoleChanged, change);
        }
        if status != user.status {
            let change = Change::between("status", user.status, status);
            record(Action::StatusChanged, change);
        }
        let is_one = user.role == Role::SuperAdmin && user.status == UserStatus::Active;
        let stays_one = role == Role::SuperAdmin && status == UserStatus::Active;
        let ends_one = is_one && !stays_one;
        if ends_one {
            let other = self.other_super_admin(by, id).await?;
            let other = other.ok_or(Problem::Conflict(Conflict::LastSuperAdmin))?;
            actions.push(self.is_super_admin(&other)?);
        }
        let written = self.audit.write(actions, &records).await?;
        if ends_one && written.refused(1) {
            return Err(Problem::Conflict(Conflict::LastSuperAdmin));
        }
        if let Written::Refused(_) = written {
            return Err(Problem::Conflict(Conflict::Stale));
        }
        Ok(StaffUser::from(User {
            role,
            status,
            version,
            ..user
        }))
    }

    /// A super-admin other than this one: the caller, unless they change
    /// themselves.
    async fn other_super_admin(
        &self,
        by: &SuperAdmin,
        changed: &UserId,
    ) -> Result<Option<UserId>, Problem> {
        if by.user_id() != changed {
            return Ok(Some(by.user_id().clone()));
        }
        let all = super_admins(&self.users).await?;
        let mut others = all
            .into_iter()
            .filter(|user| user.status == UserStatus::Active && user.id != *changed);
        Ok(others.next().map(|user| user.id))
    }

    /// That someone is an active super-admin at the moment of the transaction.
    /// Two who demote each other at once meet here: one of them is refused.
    fn is_super_admin(&self, id: &UserId) -> Result<TransactWriteItem, Problem> {
        let check = ConditionCheck::builder()
            .table_name(&self.users.table)
            .key("userId", text(id.as_str()))
            .condition_expression("#role = :role AND #status = :status")
            .expression_attribute_names("#role", "role")
            .expression_attribute_names("#status", "status")
            .expression_attribute_values(":role", text(Role::SuperAdmin.as_str()))
            .expression_attribute_values(":status", text(UserStatus::Active.as_str()))
            .build()
            .map_err(Problem::internal)?;
        Ok(TransactWriteItem::builder().condition_check(check).build())
    }
}

/// Every super-admin, of whatever status. A handful.
async fn super_admins(users: &UserStore) -> Result<Vec<User>, Problem> {
    let mut found = Vec::new();
    let mut after = None;
    loop {
        let page = with_role(users, Role::SuperAdmin, after, 100).await?;
        for item in page.items.unwrap_or_default() {
            let id = Row(&item).id::<UserId>("userId")?;
            // The index is behind by a moment; the table is not.
            found.extend(users.find(&id).await?);
        }
        after = page.last_evaluated_key;
        if after.is_none() {
            found.retain(|user| user.role == Role::SuperAdmin);
            return Ok(found);
        }
    }
}

async fn with_role(
    users: &UserStore,
    role: Role,
    after: Option<Attributes>,
    limit: usize,
) -> Result<aws_sdk_dynamodb::operation::query::QueryOutput, Problem> {
    users
        .client
        .query()
        .table_name(&users.table)
        .index_name(BY_ROLE)
        .key_condition_expression("#role = :role")
        .expression_attribute_names("#role", "role")
        .expression_attribute_values(":role", text(role.as_str()))
        .scan_index_forward(false)
        .set_exclusive_start_key(after)
        .limit(i32::try_from(limit).unwrap_or(i32::MAX))
        .send()
        .await
        .map_err(failed)
}

/// Lists of people.
#[derive(Clone)]
pub struct UserDirectory {
    users: UserStore,
    cursors: Cursors,
}

impl FromEnv for UserDirectory {
    fn from_env(env: &Env) -> Result<Self, StartError> {
        Ok(Self {
            users: UserStore::from_env(env)?,
            cursors: Cursors::new(env.key_ring()?),
        })
    }
}

impl UserDirectory {
    /// One page of people: of one role, or of all, those who may most first;
    /// the newest first among equals.
    ///
    /// # Errors
    /// [`Problem::Malformed`] for a cursor that is not of this list.
    pub async fn list(&self, _by: &SuperAdmin, asked: &UserFilter) -> Result<UserPage, Problem> {
        let word = |status: Option<UserStatus>| status.map_or("", UserStatus::as_str);
        let role = asked.role.map_or("", Role::as_str);
        let list = format!("users {role} {}", word(asked.status));
        let mut after = self
            .cursors
            .open(&list, asked.page.cursor.as_deref())
            .await?;
        let limit = usize::from(asked.page.limit);
        let mut ranks: Vec<Role> = match asked.role {
            Some(role) => vec![role],
            None => RANKS.to_vec(),
        };
        if let Some(last) = &after {
            let reached = Row(last).parsed("role", Role::parse)?;
            ranks.retain(|role| *role <= reached);
        }
        let mut ranks = ranks.into_iter();
        let mut items: Vec<Attributes> = Vec::new();
        let mut role = ranks.next();
        for _ in 0..MAX_QUERIES {
            let Some(current) = role else { break };
            // One more than the page holds tells whether there is a next one.
            let wanted = (limit + 1).saturating_sub(items.len());
            let page = with_role(&self.users, current, after.take(), wanted).await?;
            let status = asked.status;
            let found = page.items.unwrap_or_default().into_iter();
            for item in found {
                let of_status = Row(&item).parsed("status", UserStatus::parse)?;
                if status.is_none_or(|status| status == of_status) {
                    items.push(item);
                }
            }
            after = page.last_evaluated_key;
            if items.len() > limit {
                break;
            }
            if after.is_none() {
                role = ranks.next();
            }
        }
        let more = items.len() > limit;
        items.truncate(limit);
        let position = match (more, role, after) {
            (true, ..) => items.last().map(position),
            // A filter that finds little: go on where the reading stopped.
            (false, Some(_), Some(after)) => Some(after),
            (false, Some(role), None) => Some(before_all(role)),
            (false, None, _) => None,
        };
        let next_cursor = match position {
            Some(position) => Some(self.cursors.seal(&list, &position).await?),
            None => None,
        };
        let items = items
            .iter()
            .map(|item| Ok(StaffUser::from(users::read(item)?)));
        Ok(UserPage {
            items: items.collect::<Result<_, Problem>>()?,
            next_cursor,
        })
    }
}

/// A key that comes before all of a role's rows, from the newest on.
fn before_all(role: Role) -> Attributes {
    let key = Item::new()
        .text("role", role.as_str())
        .text("userId", "usr_~");
    key.into_attributes()
}

/// The key of a row of the index.
fn position(item: &Attributes) -> Attributes {
    let names = ["role", "userId"].iter();
    let values = names.filter_map(|name| Some(((*name).to_owned(), item.get(*name)?.clone())));
    values.collect()
}
