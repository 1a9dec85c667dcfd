//! Callers whose tokens are not the authorization server's own: machines with a key or a JWT, beside people who sign in.
//!
//! **Threat.** Such a caller is taken for a person who has signed in, because both are named alike; a token that is for
//! another server is taken; a token of ours travels to somebody else's verifier, or theirs is judged by ours.
//! **Guarantee.** Whether a token is ours is told by its own form, before any further verifier sees it
//! ([`crate::oauth::signing::is_ours`]). What a further verifier finds never has the name of a person of ours; an audience
//! that it names has to be this server's. The operator is told of each caller.
//! **Not guaranteed.** That the further verifier is right: it is the operator's.

use super::bearer::Refusal;
use crate::crypto::{encode, hash};
use crate::flow::{Commit, Flow};
use crate::json::{Members, Object, Value};
use crate::oauth::Server;
use crate::oauth::request::trace;

/// What a further verifier has found.
#[derive(Debug)]
pub struct External {
    origin: String,
    /// The typed subject, as that verifier says.
    principal: Option<String>,
    /// The token, where there is nothing else by which its caller can be told from others.
    token: Option<String>,
    /// For whom the token is; none where the verifier has judged that, or vouches for it.
    audience: Option<Vec<String>>,
    client: Option<String>,
    scopes: Vec<String>,
    /// True where the operator has been told of this caller a moment ago.
    told: bool,
    ray: Option<String>,
}

impl External {
    /// Reads what the shim hands over.
    #[must_use]
    pub fn read(input: &str) -> Option<Self> {
        let input = Object::read(input).ok()?;
        let text = |name| input.string(name).map(String::from);
        let audience = match input.get("audience") {
            None => None,
            Some(audience) => Some(audience.string().map_or_else(|| audience.strings(), |one| Some(vec![one.into()]))?),
        };
        Some(Self {
            origin: text("origin")?,
            principal: text("principal").filter(|name: &String| !name.is_empty()),
            token: text("token"),
            audience,
            client: text("client"),
            scopes: input.get("scopes").map_or(Some(Vec::new()), Value::strings)?,
            told: input.get("told").is_some_and(Value::is_true),
            ray: text("ray"),
        })
    }

    /// The caller's typed subject. People of ours are `user:…`; whoever else is so called is `external:…` here.
    fn subject(&self) -> Option<String> {
        const THEIRS: [&str; 3] = ["key:", "client:", "token:"];
        match (&self.principal, &self.token) {
            (Some(principal), _) if THEIRS.iter().any(|kind| principal.starts_with(kind)) => Some(principal.clone()),
            (Some(principal), _) => Some(["external:", principal].concat()),
            (None, Some(token)) => {
                Some("external:token:".to_owned() + &encode(&hash("external token", &[token.as_bytes()])))
            }
            (None, None) => None,
        }
    }
}

/// Gives the caller its name, unless its token is for another server: `{"principal":"…"}`, or a refusal. Waits: none.
pub fn admit(flow: &Flow<'_>, server: &Server, external: &External) -> String {
    let issuer = server.issuer.as_deref().unwrap_or(&external.origin);
    let is_ours = |audience: &String| server.canonical(issuer, audience).is_some();
    if external.audience.as_ref().is_some_and(|audience| !audience.iter().any(is_ours)) {
        return refused("its audience is another server");
    }
    let Some(principal) = external.subject() else { return refused("its verifier does not say whose it is") };
    if !external.told {
        let event = Members::new()
            .text("event", "external token accepted")
            .text("subject", &principal)
            .maybe("client", external.client.as_deref())
            .strings("scopes", &external.scopes)
            .text("request", &trace(flow, external.ray.as_deref()));
        flow.commit(Commit::Audit(event.end()));
    }
    Members::new().text("principal", &principal).end()
}

fn refused(reason: &str) -> String {
    Members::new().text("refused", Refusal::Token.name()).text("reason", reason).end()
}
