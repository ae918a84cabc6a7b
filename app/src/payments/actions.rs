//! What the form of the test gateway does.

use crate::layout::log_failure;
use crate::page::Page;
use commerce::payments::test_gateway::Scenario;
use leptos::prelude::*;
use leptos::server_fn::axum::register_explicit;

/// Makes this server function known.
pub fn register() {
    register_explicit::<Play>();
}

/// Lets happen at the test gateway what was chosen.
#[server(prefix = "/actions", endpoint = "test-gateway/play")]
pub async fn play(
    #[server(default)] reference: Option<String>,
    #[server(default)] scenario: Option<String>,
    #[server(default)] remember: Option<String>,
) -> Result<(), ServerFnError> {
    let page = Page::of_action();
    let reference: String =
        reference.unwrap_or_default().chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
    let path = format!("/test-gateway/{reference}");
    let Some(scenario) = scenario.as_deref().and_then(Scenario::parse) else {
        page.see_other(&format!("{path}?refused=unknown-choice"));
        return Ok(());
    };
    let Some(gateway) = &page.shop.test_gateway else {
        page.see_other("/");
        return Ok(());
    };
    let played = async {
        if remember.is_some() {
            gateway.remember(&reference).await?;
        }
        gateway.play(&reference, scenario).await
    };
    match played.await {
        Ok(Some(address)) => page.see_other(&address),
        Ok(None) => page.see_other("/"),
        Err(error) => {
            log_failure(&error);
            page.see_other(&format!("{path}?refused=unavailable"));
        }
    }
    Ok(())
}
