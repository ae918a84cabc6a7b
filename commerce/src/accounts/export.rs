//! Everything that the shop knows about somebody, for them to take along.

use super::{SignedIn, address_book, change_email, identity, preferences, queries, second_factor};
use crate::Shop;
use crate::cart::account_token;
use crate::db::sql;
use crate::fulfilment::{self, Tracked};
use crate::orders::{self, OrderId, claim};
use crate::payments::saved;
use crate::{access, cart, checkout, returns, store_credit};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{ConnectionTrait, DbErr};
use serde_json::{Value, json};

/// How long the permission to download lasts, in minutes.
const PERMIT_MINUTES: i64 = 10;

/// What lets a session download for some minutes, after its owner has proved who they are: until when, and a signature.
pub fn permit(shop: &Shop, who: &SignedIn) -> (i64, String) {
    let until = (shop.clock.now() + TimeDelta::minutes(PERMIT_MINUTES)).timestamp();
    (until, URL_SAFE_NO_PAD.encode(shop.sign(PERMIT, &permitted(who, until))))
}

/// Whether a permit is this session's, and still good.
pub fn is_permitted(shop: &Shop, who: &SignedIn, until: i64, permit: &str) -> bool {
    let Ok(signature) = URL_SAFE_NO_PAD.decode(permit) else { return false };
    until > shop.clock.now().timestamp() && shop.has_signed(PERMIT, &permitted(who, until), &signature)
}

/// The purpose of permits.
const PERMIT: &str = "export permit";

fn permitted(who: &SignedIn, until: i64) -> Vec<u8> {
    [who.session.0.as_bytes().as_slice(), &until.to_be_bytes()].concat()
}

/// Everything about a person as one JSON document. Secrets are left out: they are hashes that tell nobody anything.
///
/// # Errors
/// When the database fails.
pub async fn export(shop: &Shop, who: &SignedIn) -> Result<Value, DbErr> {
    let db = shop.db.latest();
    let now = shop.clock.now();
    let addresses = address_book::queries::of_user(db, who.user).await?;
    let addresses: Vec<_> = addresses
        .into_iter()
        .map(|saved| {
            let entry = saved.entry;
            json!({
                "id": saved.id, "label": entry.label, "address": entry.address,
                "default_delivery": entry.default_delivery, "default_billing": entry.default_billing,
            })
        })
        .collect();
    let wanted = preferences::wanted(db, who.user).await?;
    let sessions: Vec<_> = queries::sessions(shop, who.user)
        .await?
        .into_iter()
        .map(|session| {
            json!({
                "device": session.device, "client": session.client, "created_at": session.created_at,
                "used_at": session.used_at, "this": session.id == who.session,
            })
        })
        .collect();
    let ways = identity::ways_in(shop, who.user).await?;
    let factors = second_factor::queries::factors(db, who.user).await?;
    let trusted = second_factor::queries::trusted_devices(shop, who.user).await?;
    let keys = access::queries::keys(shop, who.user).await?;
    let grants = access::queries::grants(shop, who.user).await?;
    let change = change_email::pending(db, who.user, now).await?;
    Ok(json!({
        "exported_at": now,
        "profile": profile(shop, who).await?,
        "email_change": change.map(|change| json!({
            "email": change.email, "new_confirmed_at": change.new_confirmed_at,
            "old_confirmed_at": change.old_confirmed_at, "expires_at": change.expires_at,
        })),
        "addresses": addresses,
        "mails_wanted": wanted.iter().map(|topic| topic.code()).collect::<Vec<_>>(),
        "sessions": sessions,
        "linked_accounts": ways.linked.iter().map(|linked| json!({
            "provider": linked.provider, "email": linked.email, "created_at": linked.created_at,
            "used_at": linked.used_at,
        })).collect::<Vec<_>>(),
        "second_factors": json!({
            "authenticator_app": factors.totp, "email": factors.email, "passkeys": factors.passkeys,
            "recovery_codes": factors.recovery_codes,
        }),
        "trusted_browsers": trusted.iter().map(|device| json!({
            "device": device.device, "client": device.client, "created_at": device.created_at,
            "expires_at": device.expires_at,
        })).collect::<Vec<_>>(),
        "api_keys": keys.iter().map(|key| json!({
            "name": key.name, "scopes": key.scopes.to_string(), "created_at": key.created_at, "used_at": key.used_at,
            "expires_at": key.expires_at,
        })).collect::<Vec<_>>(),
        "programs": grants.iter().map(|grant| json!({
            "device": grant.device, "client": grant.client, "created_at": grant.created_at, "used_at": grant.used_at,
        })).collect::<Vec<_>>(),
        "log": log_of(shop, who).await?,
        "cart": cart_of(shop, who).await?,
        "orders": orders_of(shop, who).await?,
        "store_credit": credit_of(shop, who).await?,
        "payment_methods": methods_of(shop, who).await?,
        "mails": mails_to(shop, who).await?,
        "events": events_about(shop, who).await?,
    }))
}

async fn profile(shop: &Shop, who: &SignedIn) -> Result<Value, DbErr> {
    let db = shop.db.latest();
    let text = "SELECT email_verified_at, created_at, updated_at, password_hash IS NOT NULL AS has_password
                FROM users WHERE id = $1";
    let row = db.query_one_raw(sql(db, text, [who.user.into()])).await?;
    let row = row.ok_or_else(|| DbErr::RecordNotFound(who.user.to_string()))?;
    let time = |column: &str| row.try_get::<Option<DateTime<Utc>>>("", column);
    Ok(json!({
        "id": who.user, "role": who.role.code(), "name": who.name, "email": who.email, "email_verified_at": time("email_verified_at")?,
        "created_at": time("created_at")?, "updated_at": time("updated_at")?,
        "has_password": row.try_get::<bool>("", "has_password")?,
    }))
}

async fn log_of(shop: &Shop, who: &SignedIn) -> Result<Vec<Value>, DbErr> {
    let db = shop.db.latest();
    let text = "SELECT at, action, client FROM audit_log WHERE actor_id = $1 OR subject_id = $1 ORDER BY id";
    let rows = db.query_all_raw(sql(db, text, [who.user.into()])).await?;
    let entry = |row: &sea_orm::QueryResult| {
        let at: DateTime<Utc> = row.try_get("", "at")?;
        let (action, client): (String, String) = (row.try_get("", "action")?, row.try_get("", "client")?);
        Ok(json!({ "at": at, "action": action, "client": client }))
    };
    rows.iter().map(entry).collect()
}

async fn cart_of(shop: &Shop, who: &SignedIn) -> Result<Value, DbErr> {
    let token = account_token(shop, who.user);
    let Some(cart) = cart::queries::by_token(shop.db.latest(), &token.hash()).await? else { return Ok(Value::Null) };
    let lines: Vec<_> = cart
        .lines
        .iter()
        .map(|line| json!({ "name": line.name, "sku": line.sku, "quantity": line.quantity }))
        .collect();
    let checkout = checkout::queries::checkout(shop, &token).await?;
    let checkout = checkout.map(|checkout| json!({ "contact": checkout.contact, "note": checkout.note }));
    Ok(json!({ "id": cart.id, "lines": lines, "checkout": checkout }))
}

async fn orders_of(shop: &Shop, who: &SignedIn) -> Result<Vec<Value>, DbErr> {
    let db = shop.db.latest();
    let text = format!("SELECT id FROM orders WHERE user_id = $1 OR ({}) ORDER BY id", claim::CLAIMABLE);
    let mut exported = Vec::new();
    for row in db.query_all_raw(sql(db, &text, [who.user.into()])).await? {
        let id: OrderId = row.try_get("", "id")?;
        let Some(order) = orders::queries::by_id(db, id).await? else { continue };
        let lines: Vec<_> = order
            .lines
            .iter()
            .map(|line| {
                json!({
                    "name": line.name, "sku": line.sku, "options": line.options.to_string(), "quantity": line.quantity,
                    "unit_price": line.unit_price.to_string(), "net": line.total.amounts.net,
                    "tax": line.total.amounts.tax, "gross": line.total.amounts.gross,
                })
            })
            .collect();
        let shipments = shipments_of(shop, id).await?;
        let returns = returns_of(shop, &order).await?;
        exported.push(json!({
            "number": order.number, "created_at": order.created_at, "lifecycle": order.lifecycle.code(),
            "payment": order.payment.code(), "fulfilment": order.fulfilment.code(),
            "payment_method": order.payment_method, "email": order.email, "phone": order.phone,
            "delivery_address": order.delivery_address, "billing_address": order.billing_address, "note": order.note, "currency": order.currency.code(),
            "delivery": { "name": order.delivery_name, "gross": order.delivery.amounts.gross },
            "net": order.total.net, "tax": order.total.tax, "total": order.total.gross,
            "store_credit": order.store_credit.minor(), "lines": lines,
            "shipments": shipments, "returns": returns,
        }));
    }
    Ok(exported)
}

async fn credit_of(shop: &Shop, who: &SignedIn) -> Result<Value, DbErr> {
    let db = shop.db.latest();
    let balances = store_credit::queries::balances(db, who.user).await?;
    let entries = store_credit::queries::entries(db, who.user, None, None).await?;
    let entries: Vec<_> = entries
        .into_iter()
        .map(|entry| {
            json!({
                "amount": entry.amount, "kind": entry.kind, "order": entry.order, "reason": entry.reason, "at": entry.at,
            })
        })
        .collect();
    Ok(json!({ "balances": balances, "entries": entries }))
}

async fn methods_of(shop: &Shop, who: &SignedIn) -> Result<Vec<Value>, DbErr> {
    let methods = saved::queries::of_user(shop.db.latest(), who.user).await?;
    let method = |method: saved::SavedMethod| {
        let label = method.label;
        json!({
            "gateway": method.gateway, "brand": label.brand, "last_four": label.last_four, "expires": label.expires,
            "saved_at": method.created_at,
        })
    };
    Ok(methods.into_iter().map(method).collect())
}

async fn shipments_of(shop: &Shop, order: OrderId) -> Result<Vec<Value>, DbErr> {
    let db = shop.db.latest();
    let mut exported = Vec::new();
    for Tracked { shipment, told } in fulfilment::queries::tracked_of_order(db, order).await? {
        let told: Vec<_> = told
            .iter()
            .map(|told| json!({ "kind": told.kind.code(), "place": told.place, "text": told.text, "at": told.at }))
            .collect();
        exported.push(json!({
            "number": shipment.number, "carrier": shipment.carrier, "tracking_number": shipment.tracking_number,
            "shipped_at": shipment.shipped_at, "delivered_at": shipment.delivered_at, "tracking": told,
        }));
    }
    Ok(exported)
}

/// The returns of an order, with their photos as `data:` addresses.
async fn returns_of(shop: &Shop, order: &orders::Order) -> Result<Vec<Value>, DbErr> {
    let db = shop.db.latest();
    let mut exported = Vec::new();
    for one in returns::queries::of_order(db, order.id).await? {
        let mut photos = Vec::new();
        for photo in returns::queries::photos(db, one.id).await? {
            let file = returns::photos::file(shop, photo.id).await.map_err(|error| DbErr::Custom(error.to_string()))?;
            photos.extend(file.map(|bytes| format!("data:image/jpeg;base64,{}", STANDARD.encode(bytes))));
        }
        let sku = |line| order.lines.iter().find(|known| known.id == line).map(|known| known.sku.as_str());
        let lines: Vec<_> = one
            .lines
            .iter()
            .map(|line| {
                json!({
                    "sku": sku(line.line), "quantity": line.quantity, "reason": line.reason.code(),
                    "comment": line.comment, "received": line.received,
                })
            })
            .collect();
        let steps: Vec<_> = one
            .steps
            .iter()
            .map(|step| json!({ "state": step.state.code(), "note": step.note, "at": step.at }))
            .collect();
        exported.push(json!({
            "number": one.number.to_string(), "state": one.state.code(), "lines": lines, "steps": steps,
            "photos": photos,
        }));
    }
    Ok(exported)
}

async fn mails_to(shop: &Shop, who: &SignedIn) -> Result<Vec<Value>, DbErr> {
    let db = shop.db.latest();
    let text = "SELECT subject, text, created_at, sent_at FROM mails WHERE LOWER(recipient) = LOWER($1)
                ORDER BY created_at, id";
    let rows = db.query_all_raw(sql(db, text, [who.email.clone().into()])).await?;
    rows.iter()
        .map(|row| {
            let time = |column: &str| row.try_get::<Option<DateTime<Utc>>>("", column);
            let text = |column: &str| row.try_get::<String>("", column);
            Ok(json!({
                "subject": text("subject")?, "text": text("text")?, "created_at": time("created_at")?,
                "sent_at": time("sent_at")?,
            }))
        })
        .collect()
}

async fn events_about(shop: &Shop, who: &SignedIn) -> Result<Vec<Value>, DbErr> {
    let db = shop.db.latest();
    let text = "SELECT kind, occurred_at FROM events WHERE aggregate_id = $1 ORDER BY id";
    let rows = db.query_all_raw(sql(db, text, [who.user.into()])).await?;
    let event = |row: &sea_orm::QueryResult| {
        let at: DateTime<Utc> = row.try_get("", "occurred_at")?;
        Ok(json!({ "kind": row.try_get::<String>("", "kind")?, "occurred_at": at }))
    };
    rows.iter().map(event).collect()
}
