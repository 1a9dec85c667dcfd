//! Media types: allowed names for a body's type, and what an `Accept` header accepts (RFC 9110 §12.5.1).

use super::header;

/// The ranges of `Accept` that include JSON.
pub(super) const JSON: [&str; 3] = ["application/json", "application/*", "*/*"];
/// Those that include a stream of events.
pub(super) const EVENTS: [&str; 2] = ["text/event-stream", "text/*"];

/// JSON under any of its names. No page can send one of these cross-origin without a preflight.
pub(super) fn is_json(content_type: &str) -> bool {
    if content_type == "application/json" {
        return true;
    }
    content_type.split(',').all(|one| {
        let media_type = header::trim(one.split(';').next().unwrap_or_default()).to_ascii_lowercase();
        let Some(subtype) = media_type.strip_prefix("application/") else { return false };
        matches!(subtype, "json" | "json-rpc" | "jsonrequest") || subtype.ends_with("+json")
    })
}

/// True if `accept` names one of these media ranges.
pub(super) fn names(accept: &str, ranges: &[&str]) -> bool {
    if accept == "application/json, text/event-stream" {
        // What the protocol requires, and nearly every client sends.
        return true;
    }
    accept.split(',').any(|range| {
        let mut parts = range.split(';').map(header::trim);
        let range = parts.next().unwrap_or_default();
        ranges.iter().any(|wanted| range.eq_ignore_ascii_case(wanted)) && !parts.any(is_refusal)
    })
}

/// True for the weight that rejects a media range (RFC 9110 §12.4.2).
fn is_refusal(parameter: &str) -> bool {
    let weight = parameter.split_once('=').filter(|(name, _)| name.eq_ignore_ascii_case("q"));
    weight.is_some_and(|(_, weight)| weight.starts_with('0') && !weight.bytes().any(|byte| matches!(byte, b'1'..=b'9')))
}
