//! Access tokens: sealed, for one resource, and checked without asking anybody.
//!
//! **Threat.** A token is used at another server, after its end, after it was revoked, or a token of another kind in its
//! place.
//! **Guarantee.** It opens only as an access token of this issuer for this resource. Nobody reads the person's id out of it.
//! **Not guaranteed.** That it was not revoked in the last moments: isolates learn of revocations within 30 seconds, or ask
//! each time (`revocation: "strict"`).

use super::grant::Grant;
use super::object::{Held, Refused};
use super::record::{Members, Reading as _};
use super::{rule, scope};
use crate::crypto::{Binding, Keys, Purpose, encode, hash};
use crate::flow::{Ask, Context, Flow};
use crate::json::{Object, Value};

/// What a valid access token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// The grant that it belongs to, by which it may be revoked.
    pub grant: String,
    /// The object that has the grant.
    pub object: String,
    /// The client that holds it.
    pub client: String,
    /// The typed subject.
    pub subject: String,
    /// Its scopes.
    pub scopes: Vec<String>,
    /// When it was issued and when it ends, in seconds since 1970.
    pub issued: u64,
    /// See `issued`.
    pub expires: u64,
    /// When its grant began, in milliseconds since 1970; long ago where it does not say.
    pub began: u64,
    /// What tools get as `this.props`, JSON text; none where the object has to be asked.
    pub props: Option<String>,
}

fn binding<'a>(issuer: &'a str, resource: &'a str) -> Binding<'a> {
    Binding { purpose: Purpose::AccessToken, issuer, audience: resource }
}

/// Seals a token that lives for `lifetime` seconds, or what stands inside of a signed one.
#[must_use]
pub(super) fn mint(
    context: &Context,
    keys: &Keys,
    object: &str,
    grant: &Grant,
    scopes: &[String],
    (lifetime, is_inner): (u64, bool),
) -> String {
    let now = context.now() / 1000;
    let mut members = Members::version(1)
        .text("g", &grant.id)
        .text("o", object)
        .text("c", &grant.client)
        .text("u", &grant.subject)
        .text("s", &scopes.join(" "))
        .number("b", grant.created)
        .number("i", now)
        .number("e", now + lifetime);
    if let Some(props) = grant.opened_props(keys).filter(|_| grant.inline) {
        members = members.raw("p", &props);
    }
    let inner = inner(&grant.resource);
    let resource = if is_inner { &inner } else { &grant.resource };
    keys.seal_text(context, &binding(&grant.issuer, resource), members.end().as_bytes())
}

/// What stands inside of a signed token is no token by itself. No resource has a fragment (RFC 8707 §2).
fn inner(resource: &str) -> String {
    [resource, "#at+jwt"].concat()
}

/// Opens what stands inside of a signed token.
pub(super) fn open_inner(keys: &Keys, issuer: &str, resource: &str, sealed: &str) -> Option<Access> {
    open(keys, issuer, &inner(resource), sealed)
}

/// Asks the keyring for the salt of pairwise subjects.
pub(super) fn salt() -> Ask {
    Ask { object: "keyring".into(), call: "salt", input: "null".into() }
}

/// The person's name for resource servers: one for each resource, by which nobody finds the person elsewhere (OpenID Connect
/// Core 8.1), unless it is to be `raw`. It depends on no key that is ever changed.
#[must_use]
pub(super) fn subject(raw: bool, salt: &str, resource: &str, subject: &str) -> String {
    if raw {
        return subject.to_owned();
    }
    encode(&hash("pairwise subject", &[salt.as_bytes(), resource.as_bytes(), subject.as_bytes()]))
}

/// Inside the object: whether a grant stands.
pub(super) async fn stands(flow: &Flow<'_>, input: &Object<'_>) -> Result<String, Refused> {
    let row = Grant::row(&input.text("grant").ok_or(Refused)?);
    let held = Held::read(flow, vec![row.clone()], vec![]).await?;
    let grant = held.row(&row).and_then(Grant::read);
    Ok(if grant.is_some_and(|grant| grant.revoked.is_none() && !rule::ends_grant(input, &grant)) {
        "true"
    } else {
        "false"
    }
    .into())
}

/// Opens a token for `resource`, whether or not it is over.
#[must_use]
pub fn open(keys: &Keys, issuer: &str, resource: &str, token: &str) -> Option<Access> {
    let token = keys.open_text(&binding(issuer, resource), token)?;
    let token = Object::read(core::str::from_utf8(&token).ok()?).ok()?;
    (token.number("v")? == 1).then_some(())?;
    Some(Access {
        grant: token.text("g")?,
        object: token.text("o")?,
        client: token.text("c")?,
        subject: token.text("u")?,
        scopes: scope::parse(&token.text("s")?)?,
        issued: token.number("i")?,
        expires: token.number("e")?,
        began: token.number("b").unwrap_or(0),
        props: token.get("p").map(Value::text).map(Into::into),
    })
}
