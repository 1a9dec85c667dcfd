//! Refreshing with an upstream: it is asked who the person is now, its tokens are renewed by one, and what it says counts.

use std::cell::{Cell, RefCell};

use mcp_wicket::crypto::{Purpose, SealContext};
use mcp_wicket::flow::{Commit, Fetch, Flow};
use mcp_wicket::identity::{
    Credential, Identity, Person, ProviderInfo, SignInCallback, SignInError, SignInStart, SignInStep,
};
use mcp_wicket::oauth::{AuthorizationServer, Request, serve};
use serde_json::{Value as Json, json};

use super::once::{Way, redeeming};
use super::{Objects, SECRET, SITE, form, head, json_of, keys, rotate, server};
use crate::world::{NOW, Said, World};

/// An upstream whose tokens end after ten minutes; what it says comes by fetching.
#[derive(Debug, Default)]
struct Upstream {
    asked: RefCell<Vec<String>>,
}

impl Upstream {
    async fn ask(&self, flow: &Flow<'_>, path: &str) -> Result<String, SignInError> {
        let url = format!("https://upstream.example/{path}");
        let fetch = Fetch { url, method: "GET", headers: Vec::new(), body: None, brief: false };
        let fetched = flow.obtain(&fetch).await.map_err(|_| SignInError::unavailable("silent"))?;
        self.asked.borrow_mut().push(path.into());
        match fetched.status {
            200 => Ok(fetched.body),
            401 => Err(SignInError::refused("revoked")),
            403 => Err(SignInError::not_allowed("removed")),
            _ => Err(SignInError::failed("nonsense")),
        }
    }

    fn person(props: String, credential: Option<String>) -> Person {
        Person { id: "1".into(), label: "ann".into(), props, scopes: None, credential }
    }
}

impl Identity for Upstream {
    fn name(&self) -> &'static str {
        "up"
    }
    fn about(&self) -> ProviderInfo {
        ProviderInfo { label: "Up".into(), host: "upstream.example".into(), scopes: Vec::new() }
    }
    async fn begin(&self, _flow: &Flow<'_>, begin: &SignInStart<'_>) -> Result<SignInStep, SignInError> {
        Ok(SignInStep::Go { url: format!("https://upstream.example/?state={}", begin.state), kept: "k".into() })
    }
    async fn continue_sign_in(&self, _flow: &Flow<'_>, back: &SignInCallback<'_>) -> Result<SignInStep, SignInError> {
        let credential = json!({"access": "first-upstream-token", "ends": NOW + 600_000}).to_string();
        if back.query.get("code") == Some("turned away") {
            return Err(SignInError::not_allowed("not here").of("ann").about("1").leaving(credential));
        }
        Ok(SignInStep::Done(Self::person(r#"{"login":"ann"}"#.into(), Some(credential))))
    }
    async fn renew(&self, flow: &Flow<'_>, credential: &str) -> Result<Option<Person>, SignInError> {
        let access = self.credential(credential).unwrap().access;
        let props = self.ask(flow, &format!("user?{access}")).await?;
        let said: Json = serde_json::from_str(&props).unwrap();
        let scopes = said["may"].as_array().map(|may| may.iter().map(|it| it.as_str().unwrap().into()).collect());
        Ok(Some(Person { scopes, ..Self::person(props, None) }))
    }
    fn renews(&self) -> bool {
        true
    }
    async fn revoke(&self, flow: &Flow<'_>, credential: &str) -> Result<bool, SignInError> {
        let access = self.credential(credential).unwrap().access;
        Ok(self.ask(flow, &format!("revoke?{access}")).await? != "null")
    }
    async fn refresh(&self, flow: &Flow<'_>, _credential: &str) -> Result<String, SignInError> {
        self.ask(flow, "token").await
    }
    fn credential(&self, credential: &str) -> Option<Credential> {
        let credential: Json = serde_json::from_str(credential).ok()?;
        let access = credential["access"].as_str()?.to_owned();
        Some(Credential {
            secrets: vec![access.clone()],
            access,
            expires: credential["ends"].as_u64(),
            renewable: true,
            due: credential["due"].as_u64(),
        })
    }
}

thread_local! {
    /// So many times an object is away when something is to be kept in it.
    static LOST: Cell<usize> = const { Cell::new(0) };
}

/// Somebody who has signed in by way of the upstream.
pub(super) struct Signed {
    pub(super) objects: Objects,
    pub(super) client: String,
    pub(super) refresh: String,
}

/// Sends a request at `now`; `says` answers the upstream's fetches.
fn send(
    objects: &mut Objects,
    request: &Json,
    body: &str,
    (now, entropy): (u64, u8),
    says: impl Fn(&str) -> Said,
) -> (Json, Vec<String>) {
    let (reply, calls, _) = send_and_tell(objects, request, body, (now, entropy), says);
    (reply, calls)
}

/// The same, with what the operator is told.
pub(super) fn send_and_tell(
    objects: &mut Objects,
    request: &Json,
    body: &str,
    (now, entropy): (u64, u8),
    says: impl Fn(&str) -> Said,
) -> (Json, Vec<String>, Vec<Json>) {
    // The person grants two of these.
    let server = server(json!({"scopes": ["read", "write", "admin"]}));
    let (keys, identity, input) = (keys(), Upstream::default(), request.to_string());
    let server = AuthorizationServer { config: &server, keys: &keys, identity: &identity, issuer: SITE.into() };
    let request = Request::read(&input).unwrap();
    let mut calls = Vec::new();
    let world = World::new(|effect| {
        if effect["kind"] == "fetch" {
            let url = effect["url"].as_str().unwrap();
            calls.push(url.trim_start_matches("https://upstream.example/").to_owned());
            return says(url);
        }
        calls.extend(effect["call"].as_str().map(Into::into));
        if effect["call"] == "keep" && LOST.get() > 0 {
            LOST.set(LOST.get() - 1);
            return Said::Failed("unreachable");
        }
        objects.ask(effect, now, [entropy; 32])
    });
    let world = world.at(now).with_entropy([entropy; 32]);
    let ended = world.run(async |flow| serve(flow, &server, &request, body).await);
    let told = ended.commits.iter().filter_map(|commit| match commit {
        Commit::Audit { event } => Some(serde_json::from_str(event).unwrap()),
        Commit::Receipt { .. } => None,
        _ => panic!("{commit:?}"),
    });
    let told = told.collect();
    (json_of(&ended.answer.unwrap()), calls, told)
}

pub(super) fn nothing(url: &str) -> Said {
    panic!("{url} is not needed")
}

pub(super) fn said(status: u16, body: &Json) -> Said {
    Said::Ok(json!({"status": status, "body": body.to_string()}).to_string())
}

impl Signed {
    pub(super) fn new() -> Self {
        let mut way = Way::new();
        let (state, cookie) = way.allow();
        let request = head("callback", "GET", json!({"query": form(&[("state", &state)]), "cookie": cookie}));
        // `Way` has allowed it by another identity; what the upstream's half kept is not looked at here.
        let (answer, calls) = send(&mut way.objects, &request, "", (NOW, 4), nothing);
        assert_eq!(calls, ["take", "credential", "grant"]);
        let location = answer["answer"]["headers"].as_array().unwrap().iter().find(|it| it[0] == "location").unwrap();
        let code = location[1].as_str().unwrap().split_once("code=").unwrap().1.split('&').next().unwrap().to_owned();
        let request = head("token", "POST", json!({}));
        let (answer, calls) = send(&mut way.objects, &request, &redeeming(&way.client, &code), (NOW, 5), nothing);
        assert_eq!(calls, ["redeem"], "a code exchange is one object call");
        let body: Json = serde_json::from_str(answer["answer"]["body"].as_str().unwrap()).unwrap();
        let refresh = body["refresh_token"].as_str().unwrap().to_owned();
        Self { objects: way.objects, client: way.client, refresh }
    }

    /// The refresh token: its object, grant and secret.
    fn opened(&self) -> Json {
        let binding = SealContext { purpose: Purpose::RefreshToken, issuer: SITE, audience: "" };
        serde_json::from_slice::<Json>(&keys().open_text(&binding, &self.refresh).unwrap()).unwrap()["v1"].take()
    }

    pub(super) fn refresh(&mut self, at: (u64, u8), says: impl Fn(&str) -> Said) -> (u64, Json, Vec<String>) {
        self.refresh_with(&[], at, says)
    }

    /// The same, with what the operator is told.
    pub(super) fn refresh_and_tell(&mut self, at: (u64, u8), says: impl Fn(&str) -> Said) -> (Json, Vec<Json>) {
        let fields = [("grant_type", "refresh_token"), ("client_id", &*self.client), ("refresh_token", &*self.refresh)];
        let request = head("token", "POST", json!({}));
        let (answer, _, told) = send_and_tell(&mut self.objects, &request, &form(&fields), at, says);
        (serde_json::from_str(answer["answer"]["body"].as_str().unwrap()).unwrap(), told)
    }

    fn refresh_with(
        &mut self,
        more: &[(&str, &str)],
        at: (u64, u8),
        says: impl Fn(&str) -> Said,
    ) -> (u64, Json, Vec<String>) {
        let mut fields =
            vec![("grant_type", "refresh_token"), ("client_id", &*self.client), ("refresh_token", &*self.refresh)];
        fields.extend(more);
        let (answer, calls) = send(&mut self.objects, &head("token", "POST", json!({})), &form(&fields), at, says);
        let body = serde_json::from_str(answer["answer"]["body"].as_str().unwrap()).unwrap();
        (answer["answer"]["status"].as_u64().unwrap(), body, calls)
    }
}

#[test]
fn the_upstream_is_asked_who_the_person_is_now() {
    let mut signed = Signed::new();
    let (status, _, calls) = signed.refresh((NOW + 1000, 6), |_| said(200, &json!({"login": "ann", "role": "admin"})));
    assert_eq!((status, calls), (200, vec!["credential".into(), "user?first-upstream-token".into(), "refresh".into()]));
    assert!(!format!("{:?}", signed.objects).contains("first-upstream-token"), "at rest it is encrypted");
}

#[test]
fn a_token_that_ends_is_renewed_first_and_kept_at_once() {
    let mut signed = Signed::new();
    let renewed = json!({"access": "second-upstream-token", "ends": NOW + 9_000_000});
    let says = |url: &str| {
        if url.ends_with("token") && !url.contains('?') { said(200, &renewed) } else { said(200, &json!({})) }
    };
    let (status, _, calls) = signed.refresh((NOW + 599_000, 6), says);
    assert_eq!(status, 200);
    assert_eq!(calls, ["credential", "token", "keep", "user?second-upstream-token", "refresh"]);
}

#[test]
fn what_the_upstream_gave_for_a_spent_refresh_token_is_kept_although_storage_is_away_for_a_moment() {
    let renewed = json!({"access": "second-upstream-token", "ends": NOW + 9_000_000});
    let says = |url: &str| if url.contains("user?") { said(200, &json!({})) } else { said(200, &renewed) };
    let mut signed = Signed::new();
    LOST.set(2);
    let (status, _, calls) = signed.refresh((NOW + 599_000, 6), says);
    assert_eq!(status, 200);
    assert_eq!(calls, ["credential", "token", "keep", "keep", "keep", "user?second-upstream-token", "refresh"]);
    let mut signed = Signed::new();
    LOST.set(3);
    let (status, body, calls) = signed.refresh((NOW + 599_000, 6), says);
    assert_eq!((status, body["error"].as_str()), (503, Some("temporarily_unavailable")));
    assert_eq!(calls, ["credential", "token", "keep", "keep", "keep"]);
}

/// Somebody whose upstream says who they are only where the credential is renewed: it was at `NOW + 599_000`, and what it
/// said counts for a minute, while its access token is good for hours.
fn said_by_renewing() -> Signed {
    let mut signed = Signed::new();
    let renewed = by_renewing("second", NOW + 599_000);
    let says = |url: &str| if url.contains("user?") { said(200, &json!({})) } else { said(200, &renewed) };
    let (status, body, calls) = signed.refresh((NOW + 599_000, 6), says);
    assert_eq!((status, calls[1].as_str()), (200, "token"));
    body["refresh_token"].as_str().unwrap().clone_into(&mut signed.refresh);
    signed
}

fn by_renewing(access: &str, now: u64) -> Json {
    json!({"access": format!("{access}-upstream-token"), "ends": NOW + 90_000_000, "due": now + 60_000})
}

#[test]
fn where_only_renewing_says_who_somebody_is_each_refresh_renews_what_is_older_than_a_minute() {
    let mut signed = said_by_renewing();
    let mut refresh = |at: u64, entropy: u8, renewed: Option<Json>| {
        let says = |url: &str| match &renewed {
            _ if url.contains("user?") => said(200, &json!({})),
            Some(renewed) => said(200, renewed),
            None => nothing(url),
        };
        let (status, body, calls) = signed.refresh((at, entropy), says);
        assert_eq!(status, 200, "{body}");
        body["refresh_token"].as_str().unwrap().clone_into(&mut signed.refresh);
        calls
    };
    // Within the minute it has just been said.
    let young = ["credential", "user?second-upstream-token", "refresh"];
    assert_eq!(refresh(NOW + 658_999, 7, None), young);
    let asked = ["credential", "token", "keep", "user?third-upstream-token", "refresh"];
    assert_eq!(refresh(NOW + 659_000, 8, Some(by_renewing("third", NOW + 659_000))), asked);
    assert_eq!(refresh(NOW + 659_001, 9, None)[1], "user?third-upstream-token", "once for all who come then");
    assert_eq!(refresh(NOW + 1_559_000, 10, Some(by_renewing("fourth", NOW + 1_559_000)))[1], "token");
}

#[test]
fn whoever_was_removed_is_out_although_the_access_token_upstream_is_good_and_an_outage_logs_nobody_out() {
    let mut signed = said_by_renewing();
    let mut refresh = |at: u64, entropy: u8, answer: Said| {
        let says = |url: &str| if url.contains("user?") { said(200, &json!({})) } else { answer.clone() };
        let (status, body, calls) = signed.refresh((at, entropy), says);
        if let Some(token) = body["refresh_token"].as_str() {
            token.clone_into(&mut signed.refresh);
        }
        (status, body["error"].as_str().unwrap_or_default().to_owned(), calls.contains(&"token".to_owned()))
    };
    let down = (503, "temporarily_unavailable".to_owned());
    let begin = NOW + 900_000;
    let silent = refresh(begin, 7, Said::Failed("timeout"));
    assert_eq!(silent, (down.0, down.1.clone(), true));
    // Nobody goes on by what was said before, nor asks for half a minute.
    assert_eq!(refresh(begin + 1000, 8, Said::Failed("timeout")), (down.0, down.1.clone(), false));
    assert_eq!(refresh(begin + 30_001, 9, said(500, &json!({}))), (down.0, down.1, true));
    let back = by_renewing("third", begin + 61_000);
    assert_eq!(refresh(begin + 61_000, 10, said(200, &back)), (200, String::new(), true));
    // The account is gone: the upstream ends its refresh token.
    let out = (400, "invalid_grant".to_owned());
    assert_eq!(refresh(begin + 122_000, 11, said(401, &json!({}))), (out.0, out.1.clone(), true));
    assert_eq!(refresh(begin + 123_000, 12, said(401, &json!({}))), (out.0, out.1.clone(), false), "and stays out");
    assert_eq!(refresh(begin + 160_000, 13, said(401, &json!({}))), (out.0, out.1, true));
}

#[test]
fn while_one_renews_it_nobody_else_does() {
    let mut signed = Signed::new();
    let silent = |_: &str| Said::Failed("timeout");
    let (status, body, calls) = signed.refresh((NOW + 599_000, 6), silent);
    assert_eq!((status, body["error"].as_str()), (503, Some("temporarily_unavailable")));
    assert_eq!(calls, ["credential", "token", "give-up"]);
    // The lease is still out: the next does not ask the upstream.
    let (status, _, calls) = signed.refresh((NOW + 600_000, 7), nothing);
    assert_eq!((status, calls), (503, vec!["credential".into()]));
    // It ends after half a minute.
    let renewed = json!({"access": "second-upstream-token", "ends": NOW + 9_000_000});
    assert_eq!(signed.refresh((NOW + 629_001, 8), |_| said(200, &renewed)).0, 200);
}

#[test]
fn whoever_was_removed_upstream_gets_nothing_and_an_outage_costs_nobody_the_grant() {
    let mut signed = Signed::new();
    for (status, error) in [(500, "temporarily_unavailable"), (502, "temporarily_unavailable"), (403, "invalid_grant")]
    {
        let (answered, body, calls) = signed.refresh((NOW + 1000, 6), |_| said(status, &json!({})));
        assert_eq!((answered, body["error"].as_str()), (if status == 403 { 400 } else { 503 }, Some(error)));
        assert!(!calls.contains(&"refresh".to_owned()), "the token was not spent");
    }
    assert_eq!(signed.refresh((NOW + 2000, 7), |_| said(200, &json!({}))).0, 200);
}

#[test]
fn scopes_that_the_person_may_not_have_any_more_are_gone_at_the_next_refresh() {
    let mut signed = Signed::new();
    let mut refresh = |may: Json, at| {
        let (status, body, _) = signed.refresh(at, |_| said(200, &json!({"login": "ann", "may": may})));
        if let Some(token) = body["refresh_token"].as_str() {
            token.clone_into(&mut signed.refresh);
        }
        (status, body["scope"].as_str().or(body["error"].as_str()).unwrap().to_owned())
    };
    assert_eq!(refresh(json!(["read", "admin"]), (NOW + 1000, 6)), (200, "read".into()), "not more than was granted");
    assert_eq!(refresh(json!([]), (NOW + 2000, 7)), (400, "invalid_grant".into()));
    assert_eq!(refresh(json!(["admin"]), (NOW + 3000, 8)), (400, "invalid_grant".into()));
    assert_eq!(refresh(json!(["read", "write"]), (NOW + 4000, 9)), (200, "read write".into()), "and back again");
}

const NEXT: &str = "1b4f0e9851971998e732078544c96b36c3d01cedf7caa332359d6f1d83567014";

#[test]
fn a_client_that_goes_on_refreshing_gets_what_the_upstream_said_last() {
    let mut signed = Signed::new();
    // The window that all this is in, so that no count begins anew.
    let begin = NOW - NOW % 60_000 + 60_000;
    let mut refresh = |at: u64, entropy: u8, status: u16, may: Json| {
        let says = |_: &str| said(status, &json!({"login": "ann", "may": may}));
        let (status, body, calls) = signed.refresh((begin + at, entropy), says);
        if status == 200 {
            body["refresh_token"].as_str().unwrap().clone_into(&mut signed.refresh);
        }
        let asked = calls.iter().any(|call| call.starts_with("user?"));
        (status, body["scope"].as_str().unwrap_or_default().to_owned(), asked)
    };
    for n in 0..5 {
        assert_eq!(refresh(u64::from(n), 10 + n, 200, json!(["read"])), (200, "read".into(), true), "{n}");
    }
    // Whatever it would say now: what the person may have stays what it said.
    for n in 5..20 {
        assert_eq!(refresh(u64::from(n), 10 + n, 403, json!(["read", "write"])), (200, "read".into(), false), "{n}");
    }
    // In the next minute it is asked again, and what it says then counts as long.
    let next = 60_000;
    for n in 0..5 {
        assert_eq!(refresh(next + u64::from(n), 40 + n, 403, json!([])), (400, String::new(), true), "{n}");
    }
    for n in 5..20 {
        assert_eq!(refresh(next + u64::from(n), 40 + n, 200, json!(["read"])), (400, String::new(), false), "{n}");
    }
    assert_eq!(refresh(2 * next, 90, 200, json!(["read", "write"])), (200, "read write".into(), true));
}

#[test]
fn what_is_touched_after_a_rotation_opens_when_the_former_secret_is_gone() {
    let mut signed = Signed::new();
    rotate(&format!("{NEXT},{SECRET}"));
    let says = |_: &str| said(200, &json!({"login": "ann"}));
    let (status, body, _) = signed.refresh((NOW + 1000, 6), says);
    assert_eq!(status, 200);
    body["refresh_token"].as_str().unwrap().clone_into(&mut signed.refresh);
    rotate(NEXT);
    let (status, _, calls) = signed.refresh((NOW + 2000, 7), says);
    assert_eq!((status, calls.contains(&"user?first-upstream-token".to_owned())), (200, true), "{calls:?}");
}

#[test]
fn a_credential_that_does_not_open_is_no_reason_to_let_anybody_go_on() {
    let mut signed = Signed::new();
    let object = signed.opened()["o"].as_str().unwrap().to_owned();
    let sealed_before = signed.objects.0[&object].1["credential"].clone();
    rotate(&format!("{NEXT},{SECRET}"));
    let (_, body, _) = signed.refresh((NOW + 1000, 6), |_| said(200, &json!({"login": "ann"})));
    body["refresh_token"].as_str().unwrap().clone_into(&mut signed.refresh);
    let kept = signed.objects.clone();
    for row in [Some(sealed_before), None] {
        signed.objects = kept.clone();
        rotate(&format!("{NEXT},{SECRET}"));
        let (_, rows) = signed.objects.0.get_mut(&object).unwrap();
        rows.remove("credential");
        rows.extend(row.map(|row| ("credential".to_owned(), row)));
        rotate(NEXT);
        let (status, body, calls) = signed.refresh((NOW + 2000, 7), nothing);
        assert_eq!((status, body["error"].as_str()), (400, Some("invalid_grant")), "only a new sign-in helps");
        assert_eq!(calls, ["credential"]);
    }
}

fn lifetimes() -> Json {
    json!({"code": 300, "access": 900, "idle": 30 * 24 * 3600, "grant": 180 * 24 * 3600, "replay": 30})
}

/// The refresh that this token is shown for.
fn refresh_of(signed: &Signed, token: &Json) -> Json {
    let request = json!({"client": {"id": signed.client}, "lifetimes": lifetimes(), "traced": {}, "most": 300});
    json!({"grant": token["g"], "secret": token["s"], "generation": token["n"], "request": request})
}

/// What the object says to a Worker that wants to refresh, as `asked` is written there, and what that leaves.
fn take(signed: &mut Signed, since: u64, (now, entropy): (u64, u8)) -> Json {
    let token = signed.opened();
    let renewal = json!({"refresh": refresh_of(signed, &token), "since": since, "patience": 10_000, "bare": false});
    let effect = json!({"object": token["o"], "call": "credential", "input": {"lease": true, "renewal": renewal}});
    let Said::Ok(answer) = signed.objects.ask(&effect, now, [entropy; 32]) else { panic!("it answers") };
    serde_json::from_str::<Json>(&answer).unwrap()["answer"].take()
}

#[test]
fn of_many_that_show_one_token_one_asks_and_all_get_the_same() {
    let mut signed = Signed::new();
    let before = signed.objects.clone();
    let (status, first, calls) = signed.refresh((NOW + 1000, 6), |_| said(200, &json!({"login": "ann"})));
    assert_eq!((status, calls), (200, vec!["credential".into(), "user?first-upstream-token".into(), "refresh".into()]));
    let (status, again, calls) = signed.refresh((NOW + 1001, 7), nothing);
    assert_eq!((status, again), (200, first));
    assert_eq!(calls, ["credential", "refresh"]);

    let mut meanwhile = Signed { objects: before, client: signed.client.clone(), refresh: signed.refresh.clone() };
    let leased = take(&mut meanwhile, NOW + 1000, (NOW + 1000, 6));
    let leased = &leased["credential"];
    assert!(leased["asking"].is_string() && leased["credential"].is_string(), "{leased}");
    assert_eq!(take(&mut meanwhile, NOW + 1001, (NOW + 1002, 7)), json!({"busy": 14_998}), "nothing of the upstream's");
    // Whoever waits asks again and again, and is told so if nothing comes; the token is not spent.
    let (status, body, calls) = meanwhile.refresh((NOW + 1003, 8), nothing);
    assert_eq!((status, &body["error"]), (503, &json!("temporarily_unavailable")));
    assert_eq!(calls, ["credential", "credential", "credential"]);
    // The one that had the lease is gone: the next has it after fifteen seconds.
    let (status, _, calls) = meanwhile.refresh((NOW + 16_001, 9), |_| said(200, &json!({"login": "ann"})));
    assert_eq!((status, calls), (200, vec!["credential".into(), "user?first-upstream-token".into(), "refresh".into()]));
}

#[test]
fn those_who_waited_get_the_same_error_and_those_who_come_later_ask() {
    for (upstream, error) in [(500, "temporarily_unavailable"), (403, "invalid_grant")] {
        let mut signed = Signed::new();
        let (_, body, calls) = signed.refresh((NOW + 1000, 6), |_| said(upstream, &json!({})));
        assert_eq!(body["error"], error);
        assert_eq!(calls, ["credential", "user?first-upstream-token", "give-up"]);
        assert_eq!(take(&mut signed, NOW + 999, (NOW + 1001, 7)), json!({"failed": error}));
        let (status, _, _) = signed.refresh((NOW + 1001, 8), |_| said(200, &json!({"login": "ann"})));
        assert_eq!(status, 200);
    }
}

#[test]
fn only_the_holder_of_a_lease_gives_it_up() {
    let mut signed = Signed::new();
    let leased = take(&mut signed, NOW + 1000, (NOW + 1000, 6));
    let token = signed.opened();
    let mut revoke_unused = |asking: &Json| {
        let renewal = json!({"refresh": refresh_of(&signed, &token), "since": 0, "patience": 0, "bare": false});
        let input =
            json!({"take": {"renewal": renewal}, "asking": asking, "failed": "invalid_grant", "refused": false});
        let effect = json!({"object": token["o"], "call": "give-up", "input": input});
        signed.objects.ask(&effect, NOW + 1001, [7; 32]);
        take(&mut signed, NOW + 1000, (NOW + 1002, 8))
    };
    assert_eq!(revoke_unused(&json!("another")), json!({"busy": 14_998}));
    assert_eq!(revoke_unused(&leased["credential"]["asking"]), json!({"failed": "invalid_grant"}));
}

#[test]
fn a_former_token_does_not_make_us_ask_the_upstream() {
    let mut signed = Signed::new();
    let (_, first, _) = signed.refresh((NOW + 1000, 6), |_| said(200, &json!({})));
    let (status, again, calls) = signed.refresh((NOW + 2000, 7), nothing);
    assert_eq!((status, again, calls), (200, first, vec!["credential".into(), "refresh".into()]));
}

#[test]
fn a_refresh_that_will_fail_does_nothing_upstream() {
    const YEAR: u64 = 366 * 24 * 3600 * 1000;
    let refused = |more: &[(&str, &str)], after, error| {
        let mut signed = Signed::new();
        let (status, body, calls) = signed.refresh_with(more, (NOW + after, 6), nothing);
        assert_eq!((status, &body["error"]), (400, &json!(error)));
        // Whoever is refused for good may be somebody whom nobody knows any more.
        let looked = if error == "invalid_grant" { vec!["load"] } else { vec![] };
        assert_eq!(calls, [vec!["credential", "refresh"], looked].concat(), "{error}");
    };
    refused(&[("scope", "admin")], 599_000, "invalid_scope");
    refused(&[("resource", "https://elsewhere.example/mcp")], 599_000, "invalid_target");
    refused(&[], YEAR, "invalid_grant");
}

/// Revokes by the refresh token; the calls, and what the operator is told.
pub(super) fn revoke(signed: &mut Signed, says: impl Fn(&str) -> Said) -> (u64, Vec<String>, Vec<Json>) {
    let fields = form(&[("client_id", &signed.client), ("token", &signed.refresh)]);
    let (request, at) = (head("revoke", "POST", json!({})), (NOW + 1000, 9));
    let (answer, calls, told) = send_and_tell(&mut signed.objects, &request, &fields, at, says);
    (answer["answer"]["status"].as_u64().unwrap(), calls, told)
}

#[test]
fn with_the_last_grant_the_credential_is_revoked_upstream() {
    let mut signed = Signed::new();
    let (status, calls, told) = revoke(&mut signed, |_| said(200, &json!({})));
    assert_eq!(
        (status, calls),
        (200, ["revoke", "append", "release", "revoke?first-upstream-token", "settled"].map(String::from).into())
    );
    let expected = json!({"event": "upstream credential revoked", "upstream": "up", "subject": "user:up:1",
                          "request": told[0]["request"]});
    assert_eq!(told[1], expected);
    // Once: it is gone here as well.
    let (status, calls, _) = revoke(&mut signed, nothing);
    assert_eq!((status, calls), (200, ["revoke", "append", "release"].map(String::from).into()));
}

#[test]
fn whatever_the_upstream_says_to_that_the_grant_has_ended() {
    let failures = [
        (said(500, &json!({})), "upstream credential not revoked", Some("nonsense")),
        (Said::Failed("timeout"), "upstream credential not revoked", Some("silent")),
        (said(200, &json!(null)), "upstream credential forgotten", Some("the upstream does not support revocation")),
    ];
    for (answer, event, reason) in failures {
        let mut signed = Signed::new();
        let (status, _, told) = revoke(&mut signed, |_| answer.clone());
        assert_eq!(status, 200);
        assert_eq!((told[1]["event"].as_str(), told[1]["reason"].as_str()), (Some(event), reason));
        assert!(!told[1].to_string().contains("first-upstream-token"));
        let (status, body, _) = signed.refresh((NOW + 2000, 6), nothing);
        assert_eq!((status, body["error"].as_str()), (400, Some("invalid_grant")));
    }
}

#[test]
fn while_another_grant_stands_the_credential_stays() {
    let mut signed = Signed::new();
    let name = signed.objects.0.keys().find(|name| name.starts_with("subject:")).unwrap().clone();
    let rows = &mut signed.objects.0.get_mut(&name).unwrap().1;
    let (_, grant) = rows.iter().find(|(key, _)| key.starts_with("grant:")).unwrap();
    let mut other: Json = serde_json::from_str(grant).unwrap();
    other["v1"]["id"] = json!("other");
    rows.insert("grant:other".into(), other.to_string());
    let (status, calls, told) = revoke(&mut signed, nothing);
    assert_eq!((status, calls), (200, ["revoke", "append", "release"].map(String::from).into()));
    assert_eq!(told.len(), 1, "nothing is to be told but the end of the grant");
}

#[test]
fn a_former_token_that_ends_the_last_grant_gives_the_credential_back_too() {
    let mut signed = Signed::new();
    let first = signed.refresh.clone();
    for at in [6, 7] {
        let (status, body, _) = signed.refresh((NOW + u64::from(at), at), |_| said(200, &json!({})));
        assert_eq!(status, 200);
        signed.refresh = body["refresh_token"].as_str().unwrap().to_owned();
    }
    signed.refresh = first;
    let (status, _, calls) = signed.refresh((NOW + 1000, 8), |_| said(200, &json!({})));
    assert_eq!(status, 400);
    assert_eq!(calls, ["credential", "refresh", "append", "release", "revoke?first-upstream-token", "settled", "load"]);
}
