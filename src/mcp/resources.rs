//! Resources (MCP server/resources): reading one, at its own URI or through a template.
//!
//! **Threat.** A URI that leads out of what a template is meant to cover (`../`, plain or encoded), or one that takes
//! long to match.
//! **Guarantee.** A URI is at most [`bounds::URI`] bytes of visible characters; a variable that contains a dot segment,
//! in any encoding, matches no template; matching takes time in proportion to the URI's length
//! ([`super::uri_template`]).
//! **Not guaranteed.** That a handler checks its variables before it uses them: they are untrusted text.

use serde::Serialize;

use super::envelope::Params;
use super::frame::Frame;
use super::handler_result::{self, HandlerResult};
use super::mrtr::{self, Rounds};
use super::uri_template::UriTemplate;
use super::{Work, string_of, uri};
use crate::bounds;
use crate::flow::{Call, CallOutcome, EarlierRounds, Flow, Target, Template, TemplateMatch};
use crate::jsonrpc::{Code, Fault};

/// Begins `resources/read`.
///
/// 1. Requests the resource with exactly this URI.
/// 2. If there is none, JavaScript returns the resources and the templates: the resource with another spelling of the
///    URI is read, or the first template that the URI matches.
///
/// Waits: none if JavaScript takes the shortcut; one for a resource; two for one with another spelling, or through a template.
pub fn read<'a>(flow: &'a Flow<'_>, frame: Frame<'a>, params: &Params<'a>) -> Result<Work<'a>, Fault> {
    let uri = string_of("uri", params.uri)?;
    check(&uri)?;
    let run = move |uri: &str, through: Option<&TemplateMatch>, rounds: Option<&EarlierRounds>| {
        let shortcut = frame.is_alone().then(|| frame.around_read());
        let target = Target::Resource {
            uri,
            template: through.map(|through| through.template.as_str()),
            variables: through.map_or(&[], |through| &through.variables),
        };
        flow.obtain_by(&Call { target, request: frame.id, session: frame.session, rounds }, shortcut)
    };
    let later = mrtr::continuation(&frame, params);
    let called = later.is_none().then(|| run(&uri, None, None));
    Ok(Box::pin(async move {
        let rounds = Rounds { method: "resources/read", name: &uri, arguments: None };
        let brought = rounds.open(flow, &frame, later).await?;
        let brought = brought.as_ref();
        let called = match called.unwrap_or_else(|| run(&uri, None, brought)).await {
            Ok(CallOutcome::Elsewhere { templates, uris }) => {
                let canonical = uri::canonical(&uri);
                match uris.iter().find(|known| uri::canonical(known) == canonical) {
                    Some(known) => run(known, None, brought).await,
                    None => match find(&uri, templates) {
                        Some((uri, through)) => run(&uri, Some(&through), brought).await,
                        None => Ok(CallOutcome::Unknown),
                    },
                }
            }
            called => called,
        };
        let called = match called {
            Ok(CallOutcome::Asks(asks)) => return rounds.ask(flow, &frame, asks).await,
            called => called,
        };
        match handler_result::judge(frame.revision, "resource", &uri, called)? {
            HandlerResult::Result(result) => handler_result::resource(frame, &uri, &result),
            HandlerResult::Unknown => Err(not_found(frame, &uri)),
            HandlerResult::Text(text) => Err(Fault::new(200, Code::InvalidParams, text)),
        }
    }))
}

/// Checks that `uri` is an absolute URI that can be looked up (RFC 3986 §4.3).
fn check(uri: &str) -> Result<(), Fault> {
    let invalid = |message: &'static str| Err(Fault::new(200, Code::InvalidParams, message));
    if uri.len() > bounds::URI {
        return invalid("`params.uri` is longer than 8,192 bytes.");
    }
    let is_scheme = |scheme: &str| {
        scheme.starts_with(|first: char| first.is_ascii_alphabetic())
            && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
    };
    if !uri.split_once(':').is_some_and(|(scheme, _)| is_scheme(scheme)) {
        return invalid("`params.uri` must be an absolute URI, with a scheme.");
    }
    if uri.chars().any(|character| character.is_whitespace() || character.is_control()) {
        return invalid("`params.uri` must not contain white space or control characters: percent-encode them.");
    }
    Ok(())
}

/// The first template that `uri` matches in any of its spellings, and the spelling that matches.
pub(super) fn find(uri: &str, templates: Vec<Template>) -> Option<(String, TemplateMatch)> {
    let written = uri::spelled(uri);
    let spellings: Vec<_> = [uri::by_path(&written), Some(written)].into_iter().flatten().rev().collect();
    templates.into_iter().find_map(|Template(name, template)| {
        let template = uri::template(&template);
        let as_written =
            spellings.iter().find_map(|uri| Some((uri.clone(), UriTemplate::parse(&template)?.matches(uri)?)));
        let (uri, variables) = as_written.or_else(|| {
            // A character outside of ASCII equals its percent-encoding.
            let template = uri::encoded(&template);
            let mut spellings = spellings.iter().map(|uri| uri::encoded(uri));
            spellings.find_map(|uri| {
                let variables = UriTemplate::parse(&template)?.matches(&uri)?;
                Some((uri.into_owned(), variables))
            })
        })?;
        Some((uri, TemplateMatch { template: name, variables }))
    })
}

/// The `data` of the error about a missing resource.
#[derive(Serialize)]
struct NotFound<'a> {
    uri: &'a str,
}

fn not_found(frame: Frame<'_>, uri: &str) -> Fault {
    let code = if frame.revision.is_modern() { Code::InvalidParams } else { Code::ResourceNotFound };
    handler_result::about(uri, code, "Unknown resource ", ".").with_data(&NotFound { uri })
}
