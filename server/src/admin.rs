//! Admins, made at the command line and for the demo.

use commerce::Shop;
use commerce::accounts::{AccountError, Registration, StaffError, create_admin};
use commerce::db::DbErr;
use commerce::forms::Fields;
use commerce::token::Token;
use std::io::Read;

/// The admin of the demo shop.
const DEMO_EMAIL: &str = "admin@emporion.example";

/// Why there is no new admin.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// The name, address or password is none.
    #[error("{0} is not valid: a name of 1 to 100 characters, an e-mail address and a password of 8 to 128 are")]
    Invalid(String),
    /// The password is one of the commonest.
    #[error("This password is one of the first that anybody would guess")]
    CommonPassword,
    /// The password could not be read.
    #[error("The password could not be read: {0}")]
    Input(std::io::Error),
    /// Something else has failed.
    #[error("There is no new admin: {0}")]
    Failed(StaffError),
}

/// Makes somebody an admin, and prints what they need to sign in.
///
/// # Errors
/// [`AdminError`]; nothing has changed then.
pub async fn create(shop: &Shop, name: &str, email: &str, password_stdin: bool) -> Result<(), AdminError> {
    let given = if password_stdin { Some(read_password().map_err(AdminError::Input)?) } else { None };
    let made = given.is_none();
    let password = given.unwrap_or_else(new_password);
    if appoint(shop, name, email, &password).await? {
        let shown = if made { password.as_str() } else { "the given one" };
        println!("{email} is an admin now; the password is: {shown}");
    } else {
        println!("{email} has an account already and is an admin now; the password is as it was.");
    }
    Ok(())
}

/// Makes an admin for the demo unless there is one, and gives address and password.
///
/// # Errors
/// When the database fails, or hashing.
pub async fn for_demo(shop: &Shop) -> Result<Option<(&'static str, String)>, DbErr> {
    if create_admin::exists(shop.db.primary()).await? {
        return Ok(None);
    }
    let password = new_password();
    match appoint(shop, "Admin", DEMO_EMAIL, &password).await {
        Ok(true) => Ok(Some((DEMO_EMAIL, password))),
        Ok(false) => Ok(None),
        Err(AdminError::Failed(StaffError::Db(error) | StaffError::Account(AccountError::Db(error)))) => Err(error),
        Err(error) => Err(DbErr::Custom(error.to_string())),
    }
}

async fn appoint(shop: &Shop, name: &str, email: &str, password: &str) -> Result<bool, AdminError> {
    let fields = [("name", name), ("email", email), ("password", password)];
    let fields: Fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let registration = Registration::parse(&fields)
        .map_err(|errors| AdminError::Invalid(errors.keys().map(String::as_str).collect::<Vec<_>>().join(" and ")))?;
    match create_admin::create_admin(shop, &registration).await {
        Ok(made) => Ok(made),
        Err(StaffError::Account(AccountError::CommonPassword)) => Err(AdminError::CommonPassword),
        Err(error) => Err(AdminError::Failed(error)),
    }
}

fn read_password() -> std::io::Result<String> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text)?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

/// Sixteen characters that can be copied.
fn new_password() -> String {
    Token::random().as_str().chars().filter(char::is_ascii_alphanumeric).take(16).collect()
}
