//! Passwords as they are typed.

use crate::forms::FieldError;

/// The fewest characters of a password, as NIST SP 800-63B asks for.
pub const PASSWORD_LEAST: usize = 8;

/// The most characters of a password: a longer one would be an attack on the processor.
pub const PASSWORD_MOST: usize = 128;

/// A password, never seen in logs.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

impl Password {
    /// What was typed to prove who one is. It is taken as it is, with its spaces.
    pub fn typed(raw: Option<&str>) -> Result<Self, FieldError> {
        match raw.unwrap_or_default() {
            "" => Err(FieldError::Required),
            text if text.chars().count() > PASSWORD_MOST => Err(FieldError::TooLong),
            text => Ok(Self(text.to_owned())),
        }
    }

    /// A new password: 8 to 128 characters of any kind. Whether it is too common, only the server knows.
    ///
    /// # Errors
    /// [`FieldError::Required`], [`FieldError::TooShort`] or [`FieldError::TooLong`].
    pub fn new(raw: Option<&str>) -> Result<Self, FieldError> {
        let password = Self::typed(raw)?;
        if password.0.chars().count() < PASSWORD_LEAST { Err(FieldError::TooShort) } else { Ok(password) }
    }

    /// The text itself.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Password(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_has_8_to_128_characters_of_any_kind() {
        let long = "é".repeat(128);
        for text in ["        ", "12345678", "pässwörd", " leading and trailing ", long.as_str()] {
            assert_eq!(Password::new(Some(text)).map(|password| password.0), Ok(text.to_owned()));
        }
        assert_eq!(Password::new(Some("1234567")), Err(FieldError::TooShort));
        assert_eq!(Password::new(Some(&"x".repeat(129))), Err(FieldError::TooLong));
        assert_eq!(Password::new(None), Err(FieldError::Required));
        assert!(!format!("{:?}", Password::new(Some("open sesame"))).contains("sesame"));
    }
}
