//! Introspection (RFC 7662): another resource server asks what an access token of ours is good for.
//!
//! **Threat.** Somebody tries tokens out, or a token tells its holder or a stranger who the person is.
//! **Guarantee.** Only resource servers that the operator named get an answer. Of anything but a valid access token for the
//! resource of this server, whatever the reason, they learn that it is not active, and nothing else (§2.2): not of a code, a
//! refresh token, or another server's token. The person has a name here that no other resource knows (pairwise, unless
//! `rawSubject`), and an answer is never older than the grant: its object is asked each time.

use super::error::{Code, Failed, unavailable, unstored};
use super::record::Members;
use super::token::{Shown, form, unknown_client};
use super::{Identity, Request, Site, access, rule, signing};
use crate::flow::{Ask, Commit, Flow};
use crate::http::Answer;
use crate::json::Value;
use crate::limit;

/// Answers the introspection endpoint.
///
/// 1. The resource server proves who it is, and does not ask too often.
/// 2. The token is opened, if it is an access token of ours for the resource, and not over.
/// 3. Its grant stands.
///
/// Waits: one for counting, and one; only the former where the token is not active; two more for a signed token.
pub async fn serve<I: Identity>(flow: &Flow<'_>, site: &Site<'_, I>, request: &Request<'_>, body: &str) -> Answer {
    match introspect(flow, site, request, body).await {
        Ok(answer) => unstored(Answer::json(200, answer)),
        Err(failed) => failed.answer(request.authorization.is_some()),
    }
}

async fn introspect<I: Identity>(
    flow: &Flow<'_>,
    site: &Site<'_, I>,
    request: &Request<'_>,
    body: &str,
) -> Result<String, Failed> {
    let params = form(request, body)?;
    let shown = Shown::read(request, &params)?;
    let is_known = site.server.admits_resource_server(&shown.id, shown.secret.as_deref());
    if let Some(seconds) = limit::wait(flow, limits(site, request, is_known.then_some(&*shown.id))).await {
        return Err(Failed::slow_down(seconds));
    }
    if !is_known {
        let event = Members::new()
            .text("event", "introspection refused")
            .text("client", &shown.id)
            .text("request", &request.trace(flow));
        flow.commit(Commit::Audit(event.end()));
        return Err(unknown_client());
    }
    let token = params.get("token").ok_or_else(|| Failed::new(Code::InvalidRequest, "token is missing."))?;
    let resource = site.server.resource(&site.issuer);
    let now = flow.context().now();
    let proven = signing::proven(flow, site.keys, &site.issuer, &resource, token).await.map_err(|_| unavailable())?;
    let Some(access) = proven.filter(|it| it.expires * 1000 > now) else { return Ok(inactive()) };
    if request.deaf {
        return Err(unavailable());
    }
    let input = rule::hand(Members::new().text("grant", &access.grant), site.server, request).end();
    let stands = flow.obtain(&Ask { object: access.object.clone(), call: "stands", input });
    let salt = flow.obtain(&access::salt());
    let (stands, salt) = (stands.await.map_err(|_| unavailable())?, salt.await.map_err(|_| unavailable())?);
    if stands != "true" {
        return Ok(inactive());
    }
    let salt = Value::read(&salt).ok().and_then(Value::string).ok_or_else(unavailable)?;
    Ok(Members::new()
        .raw("active", "true")
        .text("scope", &access.scopes.join(" "))
        .text("client_id", &access.client)
        .text("token_type", "Bearer")
        .number("exp", access.expires)
        .number("iat", access.issued)
        .text("sub", &access::subject(site.server.raw_subject, &salt, &resource, &access.subject))
        .text("aud", &resource)
        .text("iss", &site.issuer)
        .end())
}

/// Whoever does not prove who it is may ask a fiftieth as often, counted by its network.
const GUESSES: u64 = 50;

/// How often a resource server may ask, or a network that is none.
fn limits<I>(site: &Site<'_, I>, request: &Request<'_>, known: Option<&str>) -> Vec<(String, u64)> {
    let most = site.server.limits.introspect;
    if let Some(id) = known {
        return vec![(limit::key("introspect", &[&site.issuer, id]), most)];
    }
    let guesses = most.div_ceil(GUESSES);
    let network = request.network();
    let mut limits =
        network.map_or_else(Vec::new, |network| network.limits("introspect", &site.issuer, &[], guesses, 1));
    limits.push((limit::key("introspection by strangers", &[&site.issuer]), most));
    limits
}

fn inactive() -> String {
    r#"{"active":false}"#.into()
}
