//! A sign-in, step by step: each step of the identity sends the browser elsewhere, shows a page, or says who the person is
//! ([`SignInStep`]).
//!
//! **Threat.** Someone answers a step for another person, or a step is answered twice.
//! **Guarantee.** What a step stores is in the transaction's object, and returned once, to the browser that began. A
//! form's answer must be sent by our own page. All steps together have the time limit of one.
//! **Not guaranteed.** That the steps prove who the person is: this is up to the identity.

use super::account::AccountCookie;
use super::cookies::{self, set_cookie};
use super::page::{self, BrowserTarget, ErrorReason, Reply, error_page, leave};
use super::{connected, consent};
use crate::crypto::encode;
use crate::flow::Flow;
use crate::identity::{Identity, Person, SignInError, SignInStart, SignInStep};
use crate::oauth::authorization_request::{AuthorizationRequest, Prompt};
use crate::oauth::endpoints::callback::{allowed_scopes, issue, turn_away};
use crate::oauth::object::ask;
use crate::oauth::object::transaction::{self, Approve, NextStep, Take, TransactionState};
use crate::oauth::{AuthorizationServer, Endpoint, Request};

/// A sign-in in progress.
#[derive(Debug)]
pub(crate) struct SignIn<'a> {
    /// The transaction's ID, which is the `state`.
    pub(crate) id: &'a str,
    /// The stored hash of the cookie that ties it to the browser.
    pub(crate) browser: &'a str,
    /// That cookie, if the browser does not have it yet.
    pub(crate) cookie: Option<&'a str>,
    /// The client's request; `None` for a person who wants to see the connected apps.
    pub(crate) wanted: Option<AuthorizationRequest>,
    /// The object of the account that the page named, or that has approved this before.
    pub(crate) account: Option<String>,
    /// Whether this answers a form, which must not redirect to another site.
    pub(crate) posted: bool,
}

/// Begins the transaction `id` with the first step. Waits: one, and those of the identity; if that knows the person
/// immediately, one more and those of [`SignIn::go_on`].
pub(crate) async fn begin<I: Identity>(
    flow: &Flow<'_>,
    server: &AuthorizationServer<'_, I>,
    request: &Request<'_>,
    id: &str,
    (wanted, account): (Option<&AuthorizationRequest>, Option<&str>),
    posted: bool,
) -> Reply {
    let cookie = encode(&flow.context().random::<16>("sign-in cookie"));
    let browser = cookies::browser(&cookie);
    let (wanted, account) = (wanted.cloned(), account.map(Into::into));
    let sign_in = SignIn { id, browser: &browser, cookie: Some(&cookie), wanted, account, posted };
    let callback = server.url(Endpoint::Callback);
    let switch = sign_in.wanted.as_ref().is_none_or(|pending| pending.prompt == Prompt::Account);
    let next = match server.identity.begin(flow, &SignInStart { state: id, callback: &callback, switch }).await {
        Ok(next) => next,
        Err(denied) => return sign_in.refused(flow, server, request, denied).await,
    };
    let (kept, browser) = (sign_in.kept(&next), browser.clone());
    match ask(flow, transaction::object(id), &Approve { kept, browser }).await {
        Ok(true) => {}
        // A form of ours names its transaction, which another copy of the form may have begun.
        Ok(false) if sign_in.wanted.is_some() => return error_page(ErrorReason::Expired, None),
        Ok(false) | Err(_) => return error_page(ErrorReason::Unavailable, None),
    }
    let take = Take { browser: sign_in.browser.to_owned(), posted: false };
    if matches!(next, SignInStep::Done(_)) && ask(flow, transaction::object(id), &take).await.is_err() {
        return error_page(ErrorReason::Unavailable, None);
    }
    sign_in.answer(flow, server, request, next).await
}

impl SignIn<'_> {
    /// Continues with the identity's result. Waits: one if there is another step; else those of the grant.
    pub(crate) async fn go_on<I: Identity>(
        &self,
        flow: &Flow<'_>,
        server: &AuthorizationServer<'_, I>,
        request: &Request<'_>,
        next: Result<SignInStep, SignInError>,
    ) -> Reply {
        let next = match next {
            Ok(next) => next,
            Err(denied) => return self.refused(flow, server, request, denied).await,
        };
        if !matches!(next, SignInStep::Done(_)) {
            let proceed = NextStep { kept: self.kept(&next), browser: self.browser.to_owned() };
            match ask(flow, transaction::object(self.id), &proceed).await {
                Ok(true) => {}
                // The time limit has passed.
                Ok(false) => return error_page(ErrorReason::Stale, None),
                Err(_) => return error_page(ErrorReason::Unavailable, None),
            }
        }
        self.answer(flow, server, request, next).await
    }

    async fn answer<I: Identity>(
        &self,
        flow: &Flow<'_>,
        server: &AuthorizationServer<'_, I>,
        request: &Request<'_>,
        next: SignInStep,
    ) -> Reply {
        match next {
            SignInStep::Go { url, .. } if self.posted => {
                let about = server.identity.about();
                self.waiting(leave(&url, BrowserTarget::Upstream { label: &about.label, host: &about.host }))
            }
            SignInStep::Go { url, .. } => self.waiting(Reply::redirect(url)),
            SignInStep::Show { page, .. } => self.waiting(page::step(server, self.id, self.wanted.as_ref(), &page)),
            SignInStep::Done(person) => self.done(flow, server, request, person).await,
        }
    }

    /// The person is known: the subject's object creates the grant and its code. If it is a different person than the
    /// page named, or than has approved this, the page asks again ([`consent::confirm`]).
    async fn done<I: Identity>(
        &self,
        flow: &Flow<'_>,
        server: &AuthorizationServer<'_, I>,
        request: &Request<'_>,
        person: Person,
    ) -> Reply {
        let Some(pending) = &self.wanted else {
            return self.over(connected::signed_in(flow, server, request, Ok(person)).await);
        };
        let account = AccountCookie::of(flow.context(), server, &person);
        if let Some(expected) = self.account.as_ref().filter(|expected| **expected != account.object(server)) {
            let pending = match allowed_scopes(pending, &person) {
                Ok(scopes) => AuthorizationRequest { scopes, ..pending.clone() },
                Err(denied) => return self.refused(flow, server, request, denied).await,
            };
            let asked = consent::confirm(flow, server, request, &pending, (self.id, self.browser, expected), &person);
            return self.waiting(asked.await);
        }
        match issue(flow, server, request, pending, &person, true).await {
            Ok(code) => {
                let reply = if self.posted {
                    pending.leave_allowed(server.config, &code)
                } else {
                    Reply::redirect(pending.answer(&[("code", &code)]))
                };
                self.over(reply).with("set-cookie", account.cookie(flow.context(), server))
            }
            Err(denied) => self.refused(flow, server, request, denied).await,
        }
    }

    async fn refused<I: Identity>(
        &self,
        flow: &Flow<'_>,
        server: &AuthorizationServer<'_, I>,
        request: &Request<'_>,
        denied: SignInError,
    ) -> Reply {
        self.over(match &self.wanted {
            Some(pending) => turn_away(flow, server, request, pending, &denied, self.posted).await,
            None => connected::signed_in(flow, server, request, Err(denied)).await,
        })
    }

    /// Sets the cookie if the browser does not have it yet.
    fn waiting(&self, reply: Reply) -> Reply {
        match self.cookie {
            Some(cookie) => reply.with("set-cookie", set_cookie(&cookies::of_transaction(self.id), Some(cookie))),
            None => reply,
        }
    }

    /// Deletes the cookie.
    fn over(&self, reply: Reply) -> Reply {
        match self.cookie {
            Some(_) => reply,
            None => reply.with("set-cookie", set_cookie(&cookies::of_transaction(self.id), None)),
        }
    }

    /// What the transaction stores until the next step.
    fn kept(&self, next: &SignInStep) -> TransactionState {
        let (identity, form) = match next {
            SignInStep::Go { kept, .. } => (kept.clone(), false),
            SignInStep::Show { kept, .. } => (kept.clone(), true),
            SignInStep::Done(_) => (String::new(), false),
        };
        TransactionState { request: self.wanted.clone(), identity, form, account: self.account.clone() }
    }
}
