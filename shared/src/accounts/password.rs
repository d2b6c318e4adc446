//! Passwords: what may become one, how it is kept, how it is checked.
//!
//! A password is normalised before anything is done with it (RFC 8265, section
//! 4.2), so that it opens from whatever keyboard it is typed on. Hashes that are
//! older or imported are of what was typed: each says which it is.
//!
//! Argon2id with 19 MiB, two passes, one lane (OWASP Password Storage Cheat
//! Sheet). None of the types here can be printed.

use argon2::password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash};
use argon2::{Algorithm, Argon2, Params, Version};

use crate::http::Problem;
use crate::identity::Role;
use crate::input::{Field, Reason};
use crate::values::{EmailAddress, opaque_string, random_bytes};

const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// NIST SP 800-63B-4 asks for 15 where the password is the only factor; a
/// shop's customers get 8.
const MIN_OF_CUSTOMERS: usize = 8;
const MIN_OF_STAFF: usize = 15;
const MAX_LENGTH: usize = 128;
/// How many letters must be left of a password without what everybody knows of
/// its owner, or else how many letters and digits.
const MIN_OWN_LETTERS: usize = 4;
const MIN_OWN_CHARACTERS: usize = 8;
/// A common password with up to this many characters added is still refused.
const MAX_AFFIX: usize = 5;
/// The longest piece that a password may not merely repeat.
const MAX_UNIT: usize = 10;
/// The alphabet, the digits and the rows of common keyboards.
const ROWS: [&str; 6] = [
    "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz",
    "0123456789012345678901234567890123456789",
    "1234567890qwertyuiopasdfghjklzxcvbnmqwertyuiop",
    "1234567890qwertzuiopasdfghjklyxcvbnmqwertzuiop",
    "1234567890azertyuiopqsdfghjklmwxcvbnazertyuiop",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
];
/// What stands before the hash of a normalised password.
const NORMALIZED: &str = "opaque-string";
/// bcrypt ignores every byte beyond this many.
const BCRYPT_MAX_BYTES: usize = 72;
/// The work factors of bcrypt that are accepted: what shops usually use. Higher
/// ones would take a function too long.
const BCRYPT_COSTS: std::ops::RangeInclusive<u32> = 10..=13;

/// Passwords that leaked most often (SECURITY.md says from where), and the words
/// that most passwords are made of: in lower case, sorted, one a line.
const COMMON: &str = include_str!("common-passwords.txt");
/// Words that everybody knows of this shop.
const SHOP_WORDS: [&str; 4] = ["buyfromme", "buy-from-me", "password", "passwort"];

/// A password that someone would like to have, normalised: long enough for
/// anyone, not too long, and not what is guessed first. Any character that can
/// be seen is allowed, none is required.
pub struct ProposedPassword(String);

/// A password that fits the account it is for.
pub struct NewPassword(String);

/// A password that someone gives to sign in. It may be anything: what can't
/// be right is wrong, not invalid.
pub struct PasswordAttempt {
    typed: String,
    /// `None` for what can't be a normalised password.
    normalized: Option<String>,
}

/// The word `opaque-string` and a hash in PHC form,
/// `opaque-string$argon2id$v=19$m=19456,t=2,p=1$…`; without that word, a hash of
/// a password as it was typed, such as one of bcrypt that was imported with its
/// user.
#[derive(Clone)]
pub struct StoredPassword(String);

impl ProposedPassword {
    /// Reads a password: 8 to 128 characters once it is normalised, none of
    /// those that are known to be common.
    ///
    /// # Errors
    /// The reason, for anything else; never the password.
    pub fn read(field: Field<'_>) -> Result<Self, Reason> {
        Self::at_least(MIN_OF_CUSTOMERS, field)
    }

    /// Reads a password of someone who surely works for the shop: 15 characters
    /// at least.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn read_for_staff(field: Field<'_>) -> Result<Self, Reason> {
        Self::at_least(MIN_OF_STAFF, field)
    }

    fn at_least(shortest: usize, field: Field<'_>) -> Result<Self, Reason> {
        let text = opaque_string(field.text()?).ok_or(
            "must not contain control characters or other characters that nobody sees, \
             nor any that Unicode doesn't know",
        )?;
        if !(shortest..=MAX_LENGTH).contains(&text.chars().count()) {
            return Err(format!("must be {shortest} to {MAX_LENGTH} characters").into());
        }
        if is_common(&text) {
            return Err(
                "is among the passwords that are guessed first; please choose another".into(),
            );
        }
        Ok(Self(text))
    }

    /// Returns the password, if it fits this account: long enough for the role, and
    /// more than what everybody knows of the person.
    ///
    /// # Errors
    /// The reason, if it doesn't.
    pub(crate) fn for_account(
        self,
        role: Role,
        email: &EmailAddress,
        name: &str,
    ) -> Result<NewPassword, Reason> {
        if role.is_staff() && self.0.chars().count() < MIN_OF_STAFF {
            return Err(format!("must be {MIN_OF_STAFF} to {MAX_LENGTH} characters").into());
        }
        let known = email.as_str().split(['@', '.', '+', '_', '-']);
        let name = opaque_string(name).unwrap_or_else(|| name.to_owned());
        let known = known.chain(name.split_whitespace()).chain(SHOP_WORDS);
        if is_little_more_than(&self.0, known) {
            return Err(
                "is little more than a word that everybody knows of you; please choose another"
                    .into(),
            );
        }
        Ok(NewPassword(self.0))
    }
}

/// Returns whether a password is common or a pattern, as it is or without a few
/// signs and digits around it.
fn is_common(text: &str) -> bool {
    let lower = text.to_lowercase();
    let word = lower.trim_matches(|c: char| !c.is_alphabetic());
    let around = lower.replacen(word, "", 1);
    is_listed(&lower)
        || is_easy(&lower)
        || (is_short_affix(&around) && (is_listed(word) || is_easy(word)))
}

/// Returns whether a text is a pattern: a repetition, or part of a row.
fn is_easy(text: &str) -> bool {
    is_repetition(text) || is_in_a_row(text)
}

/// Returns whether what stands around a word makes it no harder to guess: a few
/// characters, a repeated one counting once, or a pattern.
fn is_short_affix(around: &str) -> bool {
    let mut characters: Vec<char> = around.chars().collect();
    characters.dedup();
    characters.len() <= MAX_AFFIX || is_easy(around)
}

/// Finds a line of a sorted text: a search that halves the text each time.
fn is_listed(wanted: &str) -> bool {
    let mut left = COMMON;
    while !left.is_empty() {
        let middle = left.len() / 2;
        let start = left.get(..middle).and_then(|head| head.rfind('\n'));
        let start = start.map_or(0, |end| end + 1);
        let rest = left.get(start..).unwrap_or_default();
        let line = rest.lines().next().unwrap_or_default();
        match wanted.cmp(line) {
            std::cmp::Ordering::Equal => return true,
            std::cmp::Ordering::Less => left = left.get(..start).unwrap_or_default(),
            std::cmp::Ordering::Greater => {
                left = rest.get(line.len() + 1..).unwrap_or_default();
            }
        }
    }
    false
}

/// Returns whether a text repeats a few ASCII characters.
fn is_repetition(text: &str) -> bool {
    let bytes = text.as_bytes();
    let repeats = |unit: &[u8]| {
        bytes
            .chunks(unit.len())
            .all(|chunk| unit.starts_with(chunk))
    };
    let longest = MAX_UNIT.min(bytes.len() / 2);
    text.is_ascii() && (1..=longest).any(|length| bytes.get(..length).is_some_and(repeats))
}

/// Returns whether a text is part of the alphabet, of the digits or of a keyboard's
/// rows, forwards or backwards.
fn is_in_a_row(text: &str) -> bool {
    let reversed: String = text.chars().rev().collect();
    let mut rows = ROWS.iter();
    text.len() >= 3 && rows.any(|row| row.contains(text) || row.contains(&reversed))
}

/// Returns whether one of these words is in a text, and little besides it but digits
/// and signs.
fn is_little_more_than<'a>(text: &str, words: impl Iterator<Item = &'a str>) -> bool {
    let lower = text.to_lowercase();
    let mut rest = lower.clone();
    // Shorter words are in everything.
    let mut known: Vec<String> = words
        .map(str::to_lowercase)
        .filter(|word| word.chars().count() >= 3)
        .collect();
    known.sort_by_key(|word| std::cmp::Reverse(word.len()));
    for word in known {
        rest = rest.replace(&word, "");
    }
    let left = |kind: fn(&char) -> bool| rest.chars().filter(kind).count();
    let few_letters = left(|c| c.is_alphabetic()) < MIN_OWN_LETTERS;
    rest != lower && few_letters && left(|c| c.is_alphanumeric()) < MIN_OWN_CHARACTERS
}

impl NewPassword {
    /// Makes a password of a text that the shop's own tools choose, such as the
    /// demo's. One that can't be normalised is kept as it is.
    #[must_use]
    pub fn trusted(text: &str) -> Self {
        Self(opaque_string(text).unwrap_or_else(|| text.to_owned()))
    }

    /// Hashes it with a fresh salt.
    ///
    /// # Errors
    /// [`Problem::Unavailable`] without random bytes.
    pub fn hash(&self) -> Result<StoredPassword, Problem> {
        hash(&self.0)
    }
}

/// Hashes a normalised password with a fresh salt.
fn hash(text: &str) -> Result<StoredPassword, Problem> {
    let salt: [u8; 16] = random_bytes()?;
    let hash: PasswordHash = argon2id()?
        .hash_password_with_salt(text.as_bytes(), &salt)
        .map_err(Problem::internal)?;
    Ok(StoredPassword(format!("{NORMALIZED}{hash}")))
}

impl PasswordAttempt {
    pub(crate) fn read(field: Field<'_>) -> Result<Self, Reason> {
        Ok(Self::of(field.text()?))
    }

    fn of(text: &str) -> Self {
        // An attempt longer than any password costs no more than a short one.
        let cut = |text: &str| text.chars().take(MAX_LENGTH + 1).collect();
        Self {
            typed: cut(text),
            normalized: opaque_string(text).as_deref().map(cut),
        }
    }

    /// Returns whether this is the password, normalised or as it was typed,
    /// whichever was hashed: one hash in either case. Does the same work without
    /// a stored one, so that the time doesn't tell whether there is an account.
    ///
    /// # Errors
    /// [`Problem::Internal`] if the stored hash can't be read.
    pub fn verify(&self, stored: Option<&StoredPassword>) -> Result<bool, Problem> {
        let Some(stored) = stored else {
            let mut out = [0; 32];
            argon2id()?
                .hash_password_into(self.typed.as_bytes(), b"nobody's account", &mut out)
                .map_err(Problem::internal)?;
            return Ok(false);
        };
        if let Some(cost) = stored.bcrypt_cost() {
            if !BCRYPT_COSTS.contains(&cost) {
                return Err(Problem::internal("a stored bcrypt hash has an unfit cost"));
            }
            // What is wrong with it is not told: the hash would be part of it.
            let right = bcrypt::verify(self.typed.as_bytes(), &stored.0)
                .map_err(|_| Problem::internal("a stored bcrypt hash can't be read"))?;
            // bcrypt repeats a password with a NUL after it, so that "abc" and
            // "abc\0abc" are one to it. Nobody types a NUL.
            return Ok(right && !self.typed.contains('\0'));
        }
        let (text, hash) = match (stored.0.strip_prefix(NORMALIZED), &self.normalized) {
            (Some(hash), Some(normalized)) => (normalized, hash),
            // Wrong, but no faster than what might be right.
            (Some(hash), None) => (&self.typed, hash),
            (None, _) => (&self.typed, stored.as_str()),
        };
        let hash = PasswordHash::new(hash).map_err(Problem::internal)?;
        Ok(argon2id()?.verify_password(text.as_bytes(), &hash).is_ok())
    }

    /// Returns the hash that should replace this one, which the attempt has just
    /// matched: an imported one of bcrypt becomes argon2id, and one of what was
    /// typed becomes one of the normalised password, if that can be one.
    ///
    /// A password of more than 72 bytes keeps its hash of bcrypt, which never
    /// checked the rest: a new hash could keep a typing error.
    ///
    /// # Errors
    /// As [`NewPassword::hash`].
    pub(crate) fn rehash(&self, old: &StoredPassword) -> Result<Option<StoredPassword>, Problem> {
        let unseen = old.bcrypt_cost().is_some() && self.typed.len() > BCRYPT_MAX_BYTES;
        if unseen || old.0.starts_with(NORMALIZED) {
            return Ok(None);
        }
        self.normalized.as_deref().map(hash).transpose()
    }
}

impl StoredPassword {
    pub(crate) fn new(text: String) -> Self {
        Self(text)
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the work factor, if this is a hash of bcrypt: `$2b$12$…`, and the other
    /// letters that its implementations write.
    fn bcrypt_cost(&self) -> Option<u32> {
        let mut parts = self.0.split('$').skip(1);
        let version = parts.next()?;
        matches!(version, "2a" | "2b" | "2x" | "2y").then_some(())?;
        // One that can't be read is no cost that is accepted.
        Some(parts.next()?.parse().unwrap_or(0))
    }
}

fn argon2id() -> Result<Argon2<'static>, Problem> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(Problem::internal)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::{Fields, FromJson, parse_json as parse};

    fn attempt(text: &str) -> PasswordAttempt {
        PasswordAttempt::of(text)
    }

    struct Body(ProposedPassword);

    impl FromJson for Body {
        fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
            fields
                .required("password", ProposedPassword::read)
                .map(Self)
        }
    }

    /// Whether Ann Cook, who has this role, may have this password.
    fn may_have(role: Role, text: &str) -> bool {
        let body = serde_json::json!({ "password": text }).to_string();
        let email = EmailAddress::parse("ann.cook@tea-house.example").unwrap();
        parse(body.as_bytes())
            .ok()
            .is_some_and(|Body(it)| it.for_account(role, &email, "Ann Cook").is_ok())
    }

    #[test]
    fn the_right_password_opens_and_another_does_not() {
        let stored = NewPassword::trusted("correct horse").hash().unwrap();
        assert!(attempt("correct horse").verify(Some(&stored)).unwrap());
        assert!(!attempt("correct horsf").verify(Some(&stored)).unwrap());
        assert!(!attempt("correct horse").verify(None).unwrap());
    }

    #[test]
    fn passwords_that_differ_in_their_last_byte_are_two() {
        let long = |last: char| format!("{}{last}", "long ".repeat(25));
        let stored = NewPassword::trusted(&long('a')).hash().unwrap();
        assert!(attempt(&long('a')).verify(Some(&stored)).unwrap());
        assert!(!attempt(&long('b')).verify(Some(&stored)).unwrap());
    }

    #[test]
    fn what_is_kept_names_its_parameters_and_not_the_password() {
        let stored = NewPassword::trusted("correct horse").hash().unwrap();
        assert!(
            stored
                .as_str()
                .starts_with("opaque-string$argon2id$v=19$m=19456,t=2,p=1$")
        );
        assert!(!stored.as_str().contains("correct"));
    }

    #[test]
    fn one_password_has_two_hashes() {
        let hash = || NewPassword::trusted("correct horse").hash().unwrap();
        assert_ne!(hash().as_str(), hash().as_str());
    }

    #[test]
    fn a_customers_password_has_8_characters_and_one_of_the_staff_15() {
        assert!(may_have(Role::Customer, "tea4wolv"));
        assert!(!may_have(Role::Customer, "tea4wol"));
        for role in [Role::Staff, Role::Admin, Role::SuperAdmin] {
            assert!(may_have(role, "fourteen goats!"));
            assert!(!may_have(role, "thirteen goats"));
        }
        let owls: String = (10..50).map(|number| format!("owl{number}")).collect();
        assert!(may_have(Role::Customer, &owls[..128]));
        assert!(!may_have(Role::Customer, &owls[..129]));
    }

    #[test]
    fn any_character_may_stand_in_a_password_and_none_must() {
        for text in [
            "correct horse battery",
            "\u{1f600}\u{1f642}".repeat(32).as_str(),
            "пароль-чайник",
            "        kettle",
        ] {
            assert!(may_have(Role::Customer, text), "{text}");
        }
        assert!(may_have(Role::Staff, &"\u{1f600}".repeat(64)));
    }

    #[test]
    fn what_is_guessed_first_is_refused_in_any_case() {
        for text in [
            "password",
            "Password",
            "PASSWORD1",
            "iloveyou",
            "12345678",
            "qwertyuiop",
            "football",
            "Sunshine!!",
            "123iloveyou456",
            "aaaaaaaaaaaaaaa",
            "abababababab",
            "abcabcabcabc",
            "passwordpassword",
            "abcdefghijklmnop",
            "987654321",
            "!!!!!!!!",
            "123456789012345",
            "1234567890123456",
            "123456123456123456",
            "qwertyuiopasdfghjkl",
            "qwertyqwertyqwerty",
            "adminadminadmin",
            "superadminsuperadmin",
            "welcome123456789",
            "secret1234567890",
            "Summer2026!!!!!",
            "aaaaaaaaaaaaaa1",
            "iloveyouiloveyou1",
            "09876543210987",
            "tiger-77!",
            "trustno1",
            "abcd1234",
            "1q2w3e4r5t",
            "01011990",
        ] {
            assert!(!may_have(Role::Customer, text), "{text}");
        }
    }

    #[test]
    fn every_listed_password_is_found_and_nothing_between_them() {
        let lines: Vec<&str> = COMMON.lines().collect();
        assert!(lines.len() > 10_000);
        assert!(lines.is_sorted());
        for line in lines {
            assert!(is_listed(line), "{line}");
            assert!(!is_listed(&format!("{line}\u{1}")));
        }
        for absent in ["", "a", "zzzzzzzzzzzzzzzzz", "alice-loves-teapots", "\n"] {
            assert!(!is_listed(absent), "{absent:?}");
        }
    }

    #[test]
    fn ones_own_name_is_no_password() {
        for text in [
            "ann.cook1",
            "Cook2026!",
            "tea-house",
            "teahouse-ann",
            "BuyFromMe1",
            "password-cook",
        ] {
            assert!(!may_have(Role::Customer, text), "{text}");
        }
        for text in [
            "ann-likes-tea",
            "cooking with gas",
            "sunshine 7391 4820 5517",
            "house-8271-9902-1182-44",
        ] {
            assert!(may_have(Role::Customer, text), "{text}");
        }
    }

    #[test]
    fn a_hash_of_bcrypt_verifies_and_becomes_argon2id() {
        // As bcryptjs 3 writes "correct horse battery" with 12 rounds.
        let imported = bcrypt::hash("correct horse battery", 12).unwrap();
        for prefix in ["$2b$", "$2a$", "$2y$"] {
            let stored = StoredPassword::new(imported.replacen("$2b$", prefix, 1));
            let right = attempt("correct horse battery");
            assert!(right.verify(Some(&stored)).unwrap());
            assert!(!attempt("correct horse").verify(Some(&stored)).unwrap());
            let rehashed = right.rehash(&stored).unwrap().unwrap();
            assert!(rehashed.as_str().starts_with("opaque-string$argon2id$"));
            assert!(right.verify(Some(&rehashed)).unwrap());
            assert!(right.rehash(&rehashed).unwrap().is_none());
        }
    }

    #[test]
    fn a_password_opens_however_it_is_composed_and_spaced() {
        let stored = NewPassword::trusted("caf\u{e9} au lait").hash().unwrap();
        for typed in ["caf\u{e9} au lait", "cafe\u{301}\u{a0}au\u{3000}lait"] {
            assert!(attempt(typed).verify(Some(&stored)).unwrap(), "{typed}");
            assert!(attempt(typed).rehash(&stored).unwrap().is_none());
        }
        for typed in ["cafe au lait", "Caf\u{e9} au lait", "caf\u{e9} au lait\t"] {
            assert!(!attempt(typed).verify(Some(&stored)).unwrap(), "{typed}");
        }
        // Its length and whether it is common are judged by what it becomes.
        assert!(may_have(Role::Customer, "\u{e9}a\u{e9}b\u{e9}c\u{e9}d"));
        assert!(!may_have(Role::Customer, "e\u{301}ae\u{301}be\u{301}c"));
        let owls = |last| (10..last).map(|number| format!("o\u{301}wls{number}"));
        assert!(may_have(Role::Customer, &owls(31).collect::<String>()));
        assert!(!may_have(Role::Customer, &owls(32).collect::<String>()));
        assert!(!may_have(Role::Customer, "ab\u{a0}ab\u{a0}ab\u{a0}ab"));
        assert!(!may_have(Role::Customer, "tea4\u{200b}wolves"));
    }

    #[test]
    fn an_older_hash_is_of_what_was_typed_and_is_replaced() {
        let typed = "cafe\u{301} au\u{a0}lait";
        let salt: [u8; 16] = random_bytes().unwrap();
        let old = argon2id().unwrap();
        let old: PasswordHash = old
            .hash_password_with_salt(typed.as_bytes(), &salt)
            .unwrap();
        let old = StoredPassword::new(old.to_string());
        assert!(!attempt("caf\u{e9} au lait").verify(Some(&old)).unwrap());
        assert!(attempt(typed).verify(Some(&old)).unwrap());
        let new = attempt(typed).rehash(&old).unwrap().unwrap();
        for typed in [typed, "caf\u{e9} au lait"] {
            assert!(attempt(typed).verify(Some(&new)).unwrap());
        }
        assert!(attempt("tea\tpot").rehash(&old).unwrap().is_none());
    }

    #[test]
    fn what_bcrypt_never_saw_is_not_made_a_part_of_the_password() {
        let long = "x".repeat(72);
        let stored = StoredPassword::new(bcrypt::hash(&long, 10).unwrap());
        let mistyped = attempt(&format!("{long}typo"));
        assert!(mistyped.verify(Some(&stored)).unwrap());
        assert!(mistyped.rehash(&stored).unwrap().is_none());
    }

    #[test]
    fn a_password_that_repeats_itself_after_a_nul_is_not_the_one_that_bcrypt_hashed() {
        let stored = StoredPassword::new(bcrypt::hash("kettle on", 10).unwrap());
        let verify = |text: &str| attempt(text).verify(Some(&stored)).unwrap();
        assert!(verify("kettle on"));
        assert!(!verify("kettle on\0kettle on"));
    }

    #[test]
    fn a_hash_that_would_take_minutes_or_none_is_refused() {
        for cost in ["31", "04", "xx"] {
            let hash = format!("$2b${cost}$abcdefghijklmnopqrstuuK9gqSt7Bl6gFk3zPzT0yPjFzQ0T2yTi");
            assert!(
                attempt("x")
                    .verify(Some(&StoredPassword::new(hash)))
                    .is_err()
            );
        }
    }
}
