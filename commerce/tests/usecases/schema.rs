//! The schema: goes forth and back, names what it enforces, and is what the entities say.

use crate::harness::{Goods, TestShop};
use commerce::checkout::Step;
use commerce::db::{Db, PoolOptions, sql};
use commerce::{cart, catalog, checkout, events, fulfilment, inventory, media, orders, settings};
use migration::{Migrator, MigratorTrait};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DbBackend, EntityName, EntityTrait, FromQueryResult, Iterable,
};
use std::collections::BTreeSet;

/// Every table and index with its definition, as the database tells it.
async fn described(db: &Db) -> BTreeSet<String> {
    let text = match db.backend() {
        DbBackend::Postgres => {
            "SELECT table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable AS what
             FROM information_schema.columns WHERE table_schema = 'public'
             UNION ALL SELECT conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) AS what
             FROM pg_constraint WHERE connamespace = 'public'::regnamespace
             UNION ALL SELECT indexdef AS what FROM pg_indexes WHERE schemaname = 'public'"
        }
        _ => "SELECT name || ': ' || COALESCE(sql, '') AS what FROM sqlite_master",
    };
    let rows = db.primary().query_all_raw(sql(db.primary(), text, [])).await.expect("the statement runs");
    let rows = rows.iter().map(|row| row.try_get::<String>("", "what").expect("text"));
    rows.filter(|what| !what.contains("seaql_migrations")).collect()
}

async fn goes_forth_and_back(url: &str) {
    let db = Db::connect(url, None, PoolOptions::default()).await.expect("reached");
    let steps = u32::try_from(Migrator::migrations().len()).expect("few");
    Migrator::up(db.primary(), None).await.expect("up");
    let first = described(&db).await;
    assert!(first.iter().any(|what| what.contains("ck_stock_reserved")), "{first:#?}");
    for _ in 0..steps {
        Migrator::down(db.primary(), Some(1)).await.expect("down");
    }
    let left = described(&db).await;
    assert!(left.is_empty(), "left behind: {left:#?}");
    for _ in 0..steps {
        Migrator::up(db.primary(), Some(1)).await.expect("up again, step by step");
    }
    assert_eq!(described(&db).await, first);
    Migrator::up(db.primary(), None).await.expect("nothing to do");
    assert!(Migrator::get_pending_migrations(db.primary()).await.expect("told").is_empty());
    let _ = db.read().clone().close().await;
    let _ = db.primary().clone().close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn migrations_go_forth_and_back_on_sqlite() {
    let database = crate::harness::Database::empty_sqlite().await;
    goes_forth_and_back(database.url()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn migrations_go_forth_and_back_on_postgres() {
    let Some(database) = crate::harness::Database::empty_postgres().await else { return };
    goes_forth_and_back(database.url()).await;
    database.discard().await;
}

#[derive(FromQueryResult)]
struct Named {
    owner: String,
    name: String,
    kind: String,
}

async fn names_on_postgres(shop: &TestShop) -> Vec<Named> {
    shop.rows(
        "SELECT CAST(conrelid::regclass AS TEXT) AS owner, CAST(conname AS TEXT) AS name, CAST(contype AS TEXT) AS kind
         FROM pg_constraint WHERE connamespace = 'public'::regnamespace
         UNION ALL SELECT CAST(tablename AS TEXT), CAST(indexname AS TEXT), 'i' FROM pg_indexes
         WHERE schemaname = 'public'",
        [],
    )
    .await
}

both_databases! {
    async fn tables_that_are_yet_to_fill_are_not_counted(shop: TestShop) {
        shop.sells("MUG", 1_290, 10).await;
        shop.db.analyze().await.expect("counted");
        if shop.is_postgres() {
            let rows = "SELECT CAST(reltuples AS BIGINT) AS n FROM pg_class WHERE relname = $1";
            assert_eq!(shop.number(rows, ["variations".into()]).await, 1);
            assert_eq!(shop.number(rows, ["orders".into()]).await, -1, "never counted");
        }
    }

    async fn every_constraint_and_index_has_a_name_of_ours(shop: TestShop) {
        if shop.is_postgres() {
            let named = names_on_postgres(&shop).await;
            assert!(named.len() > 60, "only {} were found", named.len());
            for Named { owner, name, kind } in named.into_iter().filter(|row| row.owner != "seaql_migrations") {
                let good = match kind.as_str() {
                    "c" => name.starts_with(&format!("ck_{owner}_")),
                    "f" => name.starts_with(&format!("fk_{owner}_")),
                    "p" => name == format!("{owner}_pkey") || name == format!("pk_{owner}"),
                    "i" => {
                        ["ix", "uq"].iter().any(|kind| name.starts_with(&format!("{kind}_{owner}_")))
                            || name == format!("{owner}_pkey")
                            || name == format!("pk_{owner}")
                    }
                    "n" => true,
                    _ => false,
                };
                assert!(good, "{kind} {name} of {owner}");
            }
            return;
        }
        #[derive(FromQueryResult)]
        struct Definition {
            name: String,
            kind: String,
            text: Option<String>,
        }
        let rows: Vec<Definition> = shop
            .rows("SELECT name, type AS kind, sql AS text FROM sqlite_master
                 WHERE tbl_name <> 'seaql_migrations'", [])
            .await;
        assert!(rows.len() > 60, "only {} were found", rows.len());
        for Definition { name, kind, text } in rows {
            let Some(text) = text else {
                assert!(name.starts_with("sqlite_autoindex_"), "{name}");
                continue;
            };
            if kind == "index" {
                assert!(name.starts_with("ix_") || name.starts_with("uq_"), "{name}");
                continue;
            }
            // Foreign keys have no names in SQLite: sea-query leaves them out, and nothing could use them.
            assert_eq!(text.matches("CONSTRAINT \"ck_").count(), text.matches("CHECK").count(), "{text}");
            assert!(!text.contains("UNIQUE"), "unique columns are indexes with names: {text}");
        }
    }

    async fn entities_agree_with_the_migrations(shop: TestShop) {
        let picture = media::MediaId::new(shop.clock.now());
        media::entity::Entity::insert(media::entity::ActiveModel {
            id: Set(picture),
            width: Set(800),
            height: Set(600),
            widths: Set(media::Widths(vec![400, 800])),
            placeholder: Set("data:,".to_owned()),
            created_at: Set(shop.clock.now()),
        })
        .exec_without_returning(shop.db.primary())
        .await
        .expect("a picture");
        let mug = Goods::varied(&shop, "MUG", 1_290, &[("Colour", &["Red", "Blue"])])
            .variation("MUG-RED", &["Red"], 0, 20)
            .variation("MUG-BLUE", &["Blue"], 100, 0)
            .with(|product| product.pictures = vec![(picture, "A mug".to_owned())]);
        shop.add_goods(vec![mug]).await;
        settings::queries::save(shop.db.primary(), &settings::Settings::default(), shop.clock.now())
            .await
            .expect("kept");
        let mut guest = shop.guest();
        guest.add("MUG-RED", 2).await.expect("added");
        guest.checkout_to(Step::Review).await.expect("checked out");
        guest.place().await.expect("placed");
        crate::shipments::send_everything(&shop).await;
        let mut other = shop.guest();
        other.add("MUG-RED", 1).await.expect("added");
        other.start().await.expect("started");

        let mut seen = BTreeSet::new();
        macro_rules! agrees {
            ($($entity:path),+ $(,)?) => {$({
                use $entity as entity;
                let rows = entity::Entity::find().all(shop.db.primary()).await.expect(stringify!($entity));
                assert!(!rows.is_empty(), "{} was not filled", stringify!($entity));
                let table = entity::Entity.table_name().to_owned();
                let ours = entity::Column::iter().map(|column| column.as_column_ref().1.to_string());
                assert_eq!(ours.collect::<BTreeSet<_>>(), columns(&shop, &table).await, "{table}");
                seen.insert(table);
            })+};
        }
        agrees!(
            cart::entity,
            catalog::entity::category,
            catalog::entity::product,
            catalog::entity::product_facet,
            catalog::entity::product_image,
            catalog::entity::variation,
            checkout::entity,
            events::entity::delivery,
            events::entity::event,
            fulfilment::entity::event,
            fulfilment::entity::line,
            fulfilment::entity::shipment,
            inventory::entity::claim,
            inventory::entity::location,
            inventory::entity::movement,
            inventory::entity::stock,
            media::entity,
            orders::entity::line,
            orders::entity::order,
            settings::entity,
        );
        assert_eq!(seen.len(), 20);
    }

    async fn the_database_refuses_what_the_code_might_get_wrong(shop: TestShop) {
        shop.sells("MUG", 1_290, 10).await;
        let mut guest = shop.guest();
        guest.add("MUG", 2).await.expect("added");
        guest.checkout_to(Step::Review).await.expect("checked out");
        let access = guest.place().await.expect("placed");
        crate::shipments::send_everything(&shop).await;
        let (ada, eve) = (shop.admin("ada@example.org").await, shop.member("eve@example.org").await);
        crate::store_credit::give(&shop, &ada, &eve, 1).await;
        let order = orders::queries::by_access_token(shop.db.primary(), &access.hash()).await;
        crate::return_photos::returning(&shop, &order.expect("read").expect("the order"), "").await;
        for (constraint, text) in [
            ("ck_stock_reserved", "UPDATE stock SET reserved = on_hand + 1"),
            ("ck_stock_reserved", "UPDATE stock SET reserved = -1"),
            ("ck_stock_reserved", "UPDATE stock SET on_hand = reserved - 1"),
            ("ck_claims_quantity", "UPDATE claims SET quantity = 0"),
            ("ck_claims_owner", "UPDATE claims SET order_id = NULL"),
            ("ck_orders_total", "UPDATE orders SET total = total + 1"),
            ("ck_order_lines_gross", "UPDATE order_lines SET net = net + 1"),
            ("ck_order_lines_quantity", "UPDATE order_lines SET quantity = 0"),
            ("ck_products_base_price", "UPDATE products SET base_price = -1"),
            ("ck_stock_movements_delta", "UPDATE stock_movements SET delta_on_hand = 0, delta_reserved = 0"),
            ("ck_shipments_number", "UPDATE shipments SET number = 0"),
            ("ck_shipment_lines_quantity", "UPDATE shipment_lines SET quantity = 0"),
            ("ck_returns_number", "UPDATE returns SET number = 0"),
            ("ck_return_lines_quantity", "UPDATE return_lines SET quantity = 0"),
            ("ck_return_lines_received", "UPDATE return_lines SET received = quantity + 1"),
            ("ck_return_lines_resellable", "UPDATE return_lines SET received = 0, resellable = 1"),
            ("ck_payment_attempts_amount", "UPDATE payment_attempts SET amount = -1"),
            ("ck_store_credit_balances_balance", "UPDATE store_credit_balances SET balance = -1"),
        ] {
            let db = shop.db.primary();
            let error = db.execute_raw(sql(db, text, [])).await.expect_err(text).to_string();
            assert!(error.contains(constraint), "{text}: {error}");
        }
    }
}

async fn columns(shop: &TestShop, table: &str) -> BTreeSet<String> {
    #[derive(FromQueryResult)]
    struct Column {
        name: String,
    }
    let text = if shop.is_postgres() {
        "SELECT CAST(column_name AS TEXT) AS name FROM information_schema.columns
         WHERE table_schema = 'public' AND table_name = $1"
    } else {
        "SELECT name FROM pragma_table_info($1)"
    };
    let rows: Vec<Column> = shop.rows(text, [table.into()]).await;
    rows.into_iter().map(|column| column.name).collect()
}
