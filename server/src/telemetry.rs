//! Logs: JSON to the standard output, or to the error output beside a command's own words; lines for people on a terminal.

use std::io::IsTerminal;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::FmtSpan;
use tracing_subscriber::fmt::writer::BoxMakeWriter;

/// Libraries that tell more than is worth reading, or what our own lines tell
/// as well; `LOG` may name them to hear them.
const QUIET: &str = "fred=error,sqlx=error,sea_orm_migration=warn";

/// Begins to log what `filter` lets through, beside what the command prints or among it. Later calls do nothing.
pub fn init(filter: &str, beside: bool) {
    let filter = EnvFilter::builder().parse_lossy(format!("{QUIET},{filter}"));
    let output = if beside { BoxMakeWriter::new(std::io::stderr) } else { BoxMakeWriter::new(std::io::stdout) };
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_span_events(FmtSpan::NONE).with_writer(output);
    let _ = if std::io::stdout().is_terminal() {
        logs.with_target(false).try_init()
    } else {
        logs.json().flatten_event(true).with_current_span(true).with_span_list(false).try_init()
    };
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let payload = panic.payload();
        let message = payload.downcast_ref::<&str>().copied().or(payload.downcast_ref::<String>().map(String::as_str));
        tracing::error!(place, panic = message.unwrap_or_default(), "panicked");
    }));
}
