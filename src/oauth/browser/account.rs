//! The account cookie: who last signed in in this browser.
//!
//! **Threat.** A cookie is copied, forged, or taken from another server; someone reads in it who the person is; it
//! admits someone who should not be.
//! **Guarantee.** It is sealed for this issuer and this way to sign in, and expires after 30 days. It names a subject,
//! and grants nothing by itself: a code needs a sign-in each time. It shows and ends connections
//! ([`super::connected`]), and says whose approvals may spare a question ([`crate::oauth::object::approval`]).
//! **Not guaranteed.** That the person at the browser is that person.

use serde::{Deserialize, Serialize};

use super::cookies::set_cookie_for;
use crate::crypto::{Purpose, SealContext};
use crate::flow::Context;
use crate::identity::{Identity, Person};
use crate::oauth::object::grant;
use crate::oauth::{AuthorizationServer, Request, record};

/// The cookie's name.
pub(crate) const COOKIE: &str = "__Host-wicket-account";
/// Its lifetime, in seconds.
const AGE: u64 = 30 * 24 * 3600;

/// The cookie's contents; see the module.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AccountCookie {
    /// The typed subject.
    #[serde(rename = "u")]
    pub(crate) subject: String,
    /// How the person recognises the account.
    #[serde(rename = "l")]
    pub(crate) label: String,
    /// When the cookie expires, in seconds since 1970.
    #[serde(rename = "e")]
    expires: u64,
}

fn binding<'a, I: Identity>(server: &'a AuthorizationServer<'_, I>) -> SealContext<'a> {
    SealContext { purpose: Purpose::Account, issuer: &server.issuer, audience: server.identity.name() }
}

impl AccountCookie {
    /// The account of a person who has signed in here.
    pub(crate) fn of<I: Identity>(context: &Context, server: &AuthorizationServer<'_, I>, person: &Person) -> Self {
        let subject = server.subject(&person.id);
        Self { subject, label: person.label.clone(), expires: context.now() / 1000 + AGE }
    }

    /// The account in the request's cookie.
    pub(crate) fn read<I: Identity>(
        context: &Context,
        server: &AuthorizationServer<'_, I>,
        request: &Request<'_>,
    ) -> Option<Self> {
        let account = record::open::<Self>(server.keys, &binding(server), request.cookie(COOKIE)?)?;
        (account.expires * 1000 > context.now()).then_some(account)
    }

    /// `Set-Cookie` for a person who has just signed in.
    pub(crate) fn cookie<I: Identity>(&self, context: &Context, server: &AuthorizationServer<'_, I>) -> String {
        let sealed = record::seal(context, server.keys, &binding(server), self);
        set_cookie_for(COOKIE, Some(&sealed), AGE)
    }

    /// The name of the subject's object.
    pub(crate) fn object<I>(&self, server: &AuthorizationServer<'_, I>) -> String {
        grant::object(&server.issuer, &self.subject)
    }
}
