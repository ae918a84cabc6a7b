//! The table of tax rates.

use super::{TaxRate, TaxRates};
use crate::db::sql;
use sea_orm::{ConnectionTrait, DbErr};

/// The rates of all classes and countries.
///
/// # Errors
/// When the database fails, or holds what is no rate.
pub async fn load<C: ConnectionTrait>(db: &C) -> Result<TaxRates, DbErr> {
    let rows = db.query_all_raw(sql(db, "SELECT tax_class, country, rate FROM tax_rates", [])).await?;
    let rows: Result<Vec<_>, DbErr> = rows
        .iter()
        .map(|row| {
            let rate: String = row.try_get("", "rate")?;
            let rate = rate.parse().map_err(|_| DbErr::Type(format!("no tax rate: {rate}")))?;
            Ok((row.try_get("", "tax_class")?, row.try_get("", "country")?, TaxRate(rate)))
        })
        .collect();
    Ok(TaxRates::new(rows?))
}

/// Sets the rate of a class in a country, or in all others where `country` is empty.
///
/// # Errors
/// When the database fails.
pub async fn set<C: ConnectionTrait>(db: &C, class: &str, country: &str, rate: TaxRate) -> Result<(), DbErr> {
    let text = "INSERT INTO tax_rates (tax_class, country, rate) VALUES ($1, $2, $3)
                ON CONFLICT (tax_class, country) DO UPDATE SET rate = excluded.rate";
    db.execute_raw(sql(db, text, [class.into(), country.into(), rate.0.to_string().into()])).await?;
    Ok(())
}
