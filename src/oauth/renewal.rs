//! In the Worker: a fresh upstream credential, and who the person is now ([`super::object::credential`]).

use super::AuthorizationServer;
use super::audit::AuditEvent;
use super::config::ServerConfig;
use super::error::{Code, OAuthError, unavailable};
use super::object::credential::{Answer, CompleteRenewal, FailRenewal, ReceivedCredential, Renewal, Take};
use super::object::refresh::Refresh;
use super::object::{ask, grant, outbox};
use crate::flow::Flow;
use crate::identity::{Identity, Person, SignInError, SignInErrorKind};

/// In the Worker: reports a failed renewal to the object, and logs it. A failure here is no error: leases expire by
/// themselves.
async fn renewal_failed(
    flow: &Flow<'_>,
    config: &ServerConfig,
    object: &str,
    take: &Take,
    (asking, lease): (Option<String>, Option<String>),
    denied: &SignInError,
) {
    let mut subject = None;
    if asking.is_some() || lease.is_some() {
        let (failed, refused) = (code_of(denied), denied.kind == SignInErrorKind::Refused);
        let given_up = FailRenewal { take: take.clone(), asking, lease, failed, refused };
        if let Ok(decided) = ask(flow, object, &given_up).await {
            let _ = outbox::pass_on(flow, config, object, &decided).await;
            subject = decided.answer;
        }
    }
    let request = take.refresh().map(|refresh| &refresh.request);
    AuditEvent {
        event: "upstream refused",
        client: request.map(|request| &*request.client.id),
        grant: take.grant(),
        subject: subject.as_deref(),
        reason: Some(&denied.reason),
        request: request.and_then(|request| request.traced.trace()),
        ..AuditEvent::default()
    }
    .log(flow);
}

/// Why there is no fresh credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoFreshCredential {
    /// There is none, or the grant has ended.
    None,
    /// Another request is renewing it: try again.
    Busy,
    /// Another request has tried, and failed.
    Failed(Code),
    /// Our own storage is unavailable.
    Silent,
    /// The upstream refused, or did not answer.
    Denied(SignInError),
}

/// A credential for immediate use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FreshCredential {
    /// The identity's own text.
    pub credential: String,
    /// The lease for asking, if a refresh token was presented.
    asking: Option<String>,
}

/// A credential of `object` whose access token is valid for at least a minute. While another request holds it, tries
/// again, up to `times` times: each time the object waits for some seconds.
///
/// Waits: one; for a renewal, those of the upstream and one more; up to `times` while another request holds it.
pub async fn fresh<I: Identity>(
    flow: &Flow<'_>,
    server: &AuthorizationServer<'_, I>,
    object: &str,
    take: &Take,
    times: usize,
) -> Result<FreshCredential, NoFreshCredential> {
    let mut answer = Answer::Busy(0);
    for _ in 0..times {
        let decided = ask(flow, object, take).await.map_err(|_| NoFreshCredential::Silent)?;
        let _ = outbox::pass_on(flow, server.config, object, &decided).await;
        answer = decided.answer;
        if !matches!(answer, Answer::Busy(_)) {
            break;
        }
    }
    let (credential, asking, lease) = match answer {
        Answer::None => return Err(NoFreshCredential::None),
        Answer::Busy(_) => return Err(NoFreshCredential::Busy),
        Answer::Failed(code) => return Err(NoFreshCredential::Failed(code)),
        Answer::Credential { credential, asking, lease: None } => return Ok(FreshCredential { credential, asking }),
        Answer::Credential { credential, asking, lease: Some(lease) } => (credential, asking, lease),
    };
    let renewed = match server.identity.refresh(flow, &credential).await {
        Ok(renewed) => server.identity.merge(Some(&credential), &renewed),
        Err(denied) => {
            renewal_failed(flow, server.config, object, take, (asking, Some(lease)), &denied).await;
            return Err(NoFreshCredential::Denied(denied));
        }
    };
    let keep = CompleteRenewal { lease, credential: ReceivedCredential::of(server.identity, renewed.clone()) };
    // The upstream may have invalidated the former refresh token, so the new one must not be lost.
    let mut kept = ask(flow, object, &keep).await;
    for _ in 1..KEEPS {
        if kept.is_err() {
            kept = ask(flow, object, &keep).await;
        }
    }
    if kept == Ok(true) { Ok(FreshCredential { credential: renewed, asking }) } else { Err(NoFreshCredential::Silent) }
}

/// Number of attempts to store what the upstream has issued.
const KEEPS: usize = 3;

/// Number of attempts of a refresh to get a credential that another request holds: together longer than any usual
/// lease.
const TIMES: usize = 3;

/// Who the person is now, asked before a refresh, with the credential that was used. `None`: nothing has changed, or
/// the token is not the valid one, which the object will find. Of several concurrent requests with one token, one asks.
///
/// Waits: one, and those of the upstream; one more if that fails; up to three while another request asks.
pub(crate) async fn renewed<I: Identity>(
    flow: &Flow<'_>,
    server: &AuthorizationServer<'_, I>,
    object: &str,
    refresh: &Refresh,
) -> Result<Option<(Person, String)>, OAuthError> {
    let renewal = Renewal {
        refresh: refresh.clone(),
        since: flow.context().now(),
        patience: server.config.callback_timeout * 1000,
        bare: !server.identity.keeps_credentials(),
    };
    let take = Take { grant: None, lease: true, renewal: Some(renewal) };
    let FreshCredential { credential, asking } = match fresh(flow, server, object, &take, TIMES).await {
        Ok(taken) => taken,
        Err(NoFreshCredential::None) => return Ok(None),
        Err(NoFreshCredential::Busy | NoFreshCredential::Silent) => return Err(unavailable()),
        Err(NoFreshCredential::Failed(Code::TemporarilyUnavailable)) => {
            let silent = "The sign-in provider or this server is unavailable. Try again later.";
            return Err(OAuthError::new(Code::TemporarilyUnavailable, silent));
        }
        Err(NoFreshCredential::Failed(code)) => return Err(failed(code)),
        Err(NoFreshCredential::Denied(why)) => return Err(denied(&why)),
    };
    let renewal_failed = async |why: SignInError| {
        renewal_failed(flow, server.config, object, &take, (asking.clone(), None), &why).await;
        Err(denied(&why))
    };
    match server.identity.renew(flow, &credential).await {
        Ok(Some(person)) => {
            let subject = server.subject(&person.id);
            if grant::object(&server.issuer, &subject) != object {
                return renewal_failed(SignInError::refused("the upstream returned a different person")).await;
            }
            Ok(Some((person, credential)))
        }
        Ok(None) => Ok(None),
        Err(why) => renewal_failed(why).await,
    }
}

fn code_of(denied: &SignInError) -> Code {
    match denied.kind {
        SignInErrorKind::Refused | SignInErrorKind::NotAllowed | SignInErrorKind::Client => Code::InvalidGrant,
        SignInErrorKind::Unavailable | SignInErrorKind::Failed | SignInErrorKind::Late | SignInErrorKind::Broken => {
            Code::TemporarilyUnavailable
        }
    }
}

/// The error of a request that has asked and gets no token. The log has the reason.
fn denied(why: &SignInError) -> OAuthError {
    let ours = "A function of this server failed or timed out. Its log has the reason. Try again later.";
    match why.kind {
        SignInErrorKind::Late | SignInErrorKind::Broken => OAuthError::new(code_of(why), ours),
        SignInErrorKind::Refused
        | SignInErrorKind::NotAllowed
        | SignInErrorKind::Client
        | SignInErrorKind::Unavailable
        | SignInErrorKind::Failed => failed(code_of(why)),
    }
}

fn failed(code: Code) -> OAuthError {
    match code {
        Code::InvalidGrant => OAuthError::new(code, "The sign-in provider no longer accepts the person."),
        _ => OAuthError::new(Code::TemporarilyUnavailable, "The sign-in provider is unavailable. Try again later."),
    }
}
