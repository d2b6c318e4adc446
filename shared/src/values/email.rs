//! E-mail addresses.

/// An e-mail address as it was typed, with its domain in lower case.
#[derive(Clone, PartialEq, Eq)]
pub struct EmailAddress(String);

impl EmailAddress {
    /// Reads an address: at most 254 characters, at most 64 before the one
    /// `@`, letters, digits and the usual signs there but no quotes or
    /// backticks (OWASP Input Validation Cheat Sheet), a host name of two or
    /// more labels after it (RFC 1123).
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (local, domain) = text.split_once('@')?;
        let domain = domain.to_ascii_lowercase();
        (text.len() <= 254 && is_local_part(local) && is_host(&domain))
            .then(|| Self(format!("{local}@{domain}")))
    }

    /// Returns the address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the address in lower case, by which accounts are found: hardly
    /// any mail system tells `Ann@` from `ann@`, and two accounts that differ
    /// in case alone would be confused.
    #[must_use]
    pub fn key(&self) -> String {
        self.0.to_ascii_lowercase()
    }
}

fn is_local_part(local: &str) -> bool {
    const SIGNS: &str = "!#$%&*+/=?^_{|}~-";
    let atom = |atom: &str| {
        !atom.is_empty()
            && atom
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || SIGNS.contains(c))
    };
    local.len() <= 64 && local.split('.').all(atom)
}

fn is_host(domain: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    let top = domain.rsplit('.').next().unwrap_or_default();
    domain.contains('.') && domain.split('.').all(label) && !top.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_addresses_are_accepted() {
        for text in [
            "alice@example.com",
            "user+tag@gmail.com",
            "first.last@sub.example.co.uk",
            "x_y-z@example.museum",
            "1@example.xn--p1ai",
        ] {
            assert!(EmailAddress::parse(text).is_some(), "{text}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        let long = format!("{}@example.com", "a".repeat(65));
        let longer = format!("a@{}.com", "b.".repeat(130));
        let endless = "a".repeat(100_000);
        for text in [
            "",
            "alice",
            "@example.com",
            "alice@",
            "alice@localhost",
            "a@b@example.com",
            "a b@example.com",
            ".a@example.com",
            "a.@example.com",
            "a..b@example.com",
            "a@-example.com",
            "a@example..com",
            "a@127.0.0.1",
            "a\u{0}@example.com",
            "a\n@example.com",
            "\"a\"@example.com",
            "a`@example.com",
            "a@exa_mple.com",
            &long,
            &longer,
            &endless,
        ] {
            assert!(EmailAddress::parse(text).is_none(), "{text:.40}");
        }
    }

    #[test]
    fn two_spellings_of_an_address_are_one_account() {
        let (one, other) = ("Ann@Example.com", "ann@EXAMPLE.COM");
        let key = |text| EmailAddress::parse(text).unwrap().key();
        assert_eq!(key(one), key(other));
        assert_eq!(
            EmailAddress::parse(one).unwrap().as_str(),
            "Ann@example.com"
        );
    }
}
