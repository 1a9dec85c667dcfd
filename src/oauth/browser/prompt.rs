//! Whether the person is asked again for what they have approved before ([`crate::oauth::object::approval`]).

use super::account::AccountCookie;
use crate::flow::Flow;
use crate::identity::Identity;
use crate::oauth::authorization_request::AuthorizationRequest;
use crate::oauth::client::{Auth, Client};
use crate::oauth::object::approval::{Approval, Approved};
use crate::oauth::object::ask;
use crate::oauth::redirect::{self, Kind};
use crate::oauth::revocation_rules::Rules;
use crate::oauth::{AuthorizationServer, Request};

/// True if the person has approved all of this before. Waits: one. If this cannot be decided, it was not approved.
pub(crate) async fn is_known<I: Identity>(
    flow: &Flow<'_>,
    server: &AuthorizationServer<'_, I>,
    request: &Request<'_>,
    account: &AccountCookie,
    pending: &AuthorizationRequest,
) -> bool {
    let approval = Approval::of(pending, &server.config.schemes);
    let (subject, rules) = (account.subject.clone(), Rules::of(server.config, request));
    ask(flow, account.object(server), &Approved { approval, subject, rules }).await == Ok(true)
}

/// True if an approval makes the page unnecessary; otherwise it reduces it to one click.
pub(crate) fn spares<I>(
    server: &AuthorizationServer<'_, I>,
    request: &Request<'_>,
    client: &Client,
    pending: &AuthorizationRequest,
) -> bool {
    let is_https = |uri: &str| redirect::judge(uri, &server.config.schemes) == Some(Kind::Https);
    let is_proven = client.auth != Auth::None || client.redirects.iter().all(|uri| is_https(uri));
    request.method == "GET"
        && is_https(&pending.redirect)
        && is_proven
        && matches!(request.sec_fetch_site.as_deref(), Some("same-origin" | "none"))
}
