//! Callers whose tokens are not the authorization server's own: machines with a key or a JWT, beside people who sign in.
//!
//! **Threat.** Such a caller is taken for a person who has signed in, because both are named alike; a token that is for
//! another server is taken; a token of ours travels to somebody else's verifier, or theirs is judged by ours.
//! **Guarantee.** Whether a token is ours is told by its own form, before any further verifier sees it
//! ([`crate::oauth::signing::is_ours`]). What a further verifier finds never has the name of a person of ours; an audience
//! that it names has to be this server's. What the function `resolveExternalToken` answers counts as a whole or not at all
//! ([`super::answer`]). The operator is told of each caller.
//! **Not guaranteed.** That the further verifier is right: it is the operator's.

use super::answer::Answer;
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
    /// When the token ends, in milliseconds since 1970.
    expires: Option<u64>,
}

/// What `resolveExternalToken` may say of a token.
const RESOLVED: [&str; 5] = ["props", "audience", "scopes", "subject", "expires"];

impl External {
    /// Reads what the shim hands over. Inside: what is wrong with what the operator's function has answered.
    #[must_use]
    pub fn read(input: &str) -> Option<Result<Self, String>> {
        let input = Object::read(input).ok()?;
        let text = |name| input.string(name).map(String::from);
        let found = Self {
            origin: text("origin")?,
            principal: text("principal").filter(|name: &String| !name.is_empty()),
            token: text("token"),
            audience: None,
            client: text("client"),
            scopes: input.get("scopes").map_or(Some(Vec::new()), Value::strings)?,
            told: input.get("told").is_some_and(Value::is_true),
            ray: text("ray"),
            expires: None,
        };
        Some(match input.get("answer") {
            Some(answer) => found.resolved(answer),
            None => Ok(found),
        })
    }

    /// With what `resolveExternalToken` says of the token.
    fn resolved(self, answer: Value<'_>) -> Result<Self, String> {
        let answer = Answer::read("resolveExternalToken", answer, &RESOLVED)?;
        // They stay with the shim.
        answer.object("props")?;
        Ok(Self {
            principal: answer.text("subject")?,
            audience: answer.texts("audience")?,
            scopes: answer.scopes("scopes")?.unwrap_or_default(),
            expires: answer.seconds("expires")?,
            ..self
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

/// Gives the caller its name, unless its token is for another server or over: `{"principal":"…","scopes":[…],"expires":…}`
/// (in seconds since 1970), or a refusal. Waits: none.
pub fn admit(flow: &Flow<'_>, server: &Server, external: &Result<External, String>) -> String {
    let external = match external {
        Ok(external) => external,
        Err(wrong) => return refused(wrong),
    };
    let issuer = server.issuer.as_deref().unwrap_or(&external.origin);
    let is_ours = |audience: &String| server.canonical(issuer, audience).is_some();
    if external.audience.as_ref().is_some_and(|audience| !audience.iter().any(is_ours)) {
        return refused("its audience is another server");
    }
    if external.expires.is_some_and(|expires| expires <= flow.context().now()) {
        return refused("it is over");
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
    let admitted = Members::new().text("principal", &principal).strings("scopes", &external.scopes);
    match external.expires {
        Some(expires) => admitted.number("expires", expires / 1000),
        None => admitted,
    }
    .end()
}

fn refused(reason: &str) -> String {
    Members::new().text("refused", Refusal::Token.name()).text("reason", reason).end()
}
