//! Cookies (RFC 6265): their names, and how they are written and read. Each has the prefix `__Host-`, so that no other host
//! can write it.

use crate::crypto::{encode, hash};
use crate::json;
use crate::oauth::Request;
use crate::oauth::authorization_request::AuthorizationRequest;

/// The name of the cookie that ties a request's form to the browser.
pub(crate) fn of_form(pending: &AuthorizationRequest) -> String {
    let hash = hash("consent cookie", &[json::write(pending).as_bytes()]);
    "__Host-wicket-form-".to_owned() + &encode(hash.first_chunk::<9>().unwrap_or(&[0; 9]))
}

/// `Set-Cookie`; without a value it deletes the cookie. `Lax`, so that the browser sends it when it returns from the
/// upstream.
#[must_use]
pub(crate) fn set_cookie(name: &str, value: Option<&str>) -> String {
    set_cookie_for(name, value, 2400)
}

/// The same with a lifetime in seconds.
pub(crate) fn set_cookie_for(name: &str, value: Option<&str>, age: u64) -> String {
    let age = value.map_or(0, |_| age).to_string();
    [name, "=", value.unwrap_or_default(), "; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=", &age].concat()
}

/// True for a valid cookie value: 16 random bytes.
#[must_use]
pub(crate) fn is_fresh(value: &str) -> bool {
    crate::crypto::decode(value).is_some_and(|bytes| bytes.len() == 16)
}

/// The stored hash of a cookie.
pub(crate) fn browser(cookie: &str) -> String {
    encode(&hash("browser", &[cookie.as_bytes()]))
}

/// The name of the cookie that ties the transaction to the browser that allowed it.
pub(crate) fn of_transaction(id: &str) -> String {
    "__Host-wicket-sign-in-".to_owned() + id.get(..12).unwrap_or(id)
}

impl Request<'_> {
    /// The value of a cookie; `None` if it is repeated.
    pub(crate) fn cookie(&self, name: &str) -> Option<&str> {
        let cookies = self.cookie.as_deref()?.split(';');
        let mut values = cookies.filter_map(|pair| pair.trim().split_once('=')).filter(|(other, _)| *other == name);
        let (_, value) = values.next()?;
        values.next().is_none().then_some(value)
    }
}
