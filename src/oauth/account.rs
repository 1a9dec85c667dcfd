//! The account cookie: who has signed in with this browser last.
//!
//! **Threat.** A cookie is copied, made up, or taken from another server; somebody reads in it who the person is; it lets
//! somebody in who should not be.
//! **Guarantee.** It is sealed for this issuer and this way to sign in, and ends after 30 days. It names a subject, and
//! gives nothing by itself: a code needs a sign-in each time. It shows and ends connections ([`super::connected`]), and says
//! whose approvals may spare a question ([`super::approval`]).
//! **Not guaranteed.** That whoever sits at the browser is that person.

use super::consent::set_cookie_for;
use super::grant;
use super::identity::Person;
use super::record::{Members, Reading as _};
use super::{Identity, Request, Site};
use crate::crypto::{Binding, Purpose};
use crate::flow::Context;
use crate::json::Object;

/// The cookie's name.
pub(super) const COOKIE: &str = "__Host-wicket-account";
/// How long it lives, in seconds.
const AGE: u64 = 30 * 24 * 3600;

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Account {
    /// The typed subject.
    pub(super) subject: String,
    /// How the person recognises the account.
    pub(super) label: String,
}

fn binding<'a, I: Identity>(site: &'a Site<'_, I>) -> Binding<'a> {
    Binding { purpose: Purpose::Account, issuer: &site.issuer, audience: site.identity.name() }
}

impl Account {
    /// The account of somebody who has signed in here.
    pub(super) fn of<I: Identity>(site: &Site<'_, I>, person: &Person) -> Self {
        let subject = ["user:", site.identity.name(), ":", &person.id].concat();
        Self { subject, label: person.label.clone() }
    }

    /// Who the browser says it is.
    pub(super) fn read<I: Identity>(context: &Context, site: &Site<'_, I>, request: &Request<'_>) -> Option<Self> {
        let cookie = site.keys.open_text(&binding(site), request.cookie(COOKIE)?)?;
        let cookie = Object::read(core::str::from_utf8(&cookie).ok()?).ok()?;
        (cookie.number("v")? == 1 && cookie.number("e")? * 1000 > context.now()).then_some(())?;
        Some(Self { subject: cookie.text("u")?, label: cookie.text("l")? })
    }

    /// `Set-Cookie` for somebody who has just signed in.
    pub(super) fn cookie<I: Identity>(&self, context: &Context, site: &Site<'_, I>) -> String {
        let text = Members::version(1)
            .text("u", &self.subject)
            .text("l", &self.label)
            .number("e", context.now() / 1000 + AGE)
            .end();
        let sealed = site.keys.seal_text(context, &binding(site), text.as_bytes());
        set_cookie_for(COOKIE, Some(&sealed), AGE)
    }

    /// The name of the subject's object.
    pub(super) fn object<I>(&self, site: &Site<'_, I>) -> String {
        grant::object(&site.issuer, &self.subject)
    }
}
