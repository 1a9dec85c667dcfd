//! The steps of the authorization server.

use wasm_bindgen::prelude::wasm_bindgen;

use super::{Core, Entropy, run, unreadable};
use crate::crypto::Keys;
use crate::guard::{access, external_tokens};
use crate::identity::handler::IdentityHandler;
use crate::json::{self, Object, Value, read};
use crate::oauth::{self, AuthorizationServer, Request, ServerConfig};

/// The configuration of an authorization server, and who identifies its people.
pub(super) struct OAuthConfig {
    config: ServerConfig,
    identity: IdentityHandler,
}

impl OAuthConfig {
    /// Reads `{…,"handler":{"kind":"…",…}}`; the error names the wrong option.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let config = ServerConfig::read(text)?;
        let options = Object::read(text).map_err(|malformed| malformed.reason())?;
        let handler = options.get("handler").map(Value::object).ok_or("defaultHandler is missing.")?;
        Ok(Self { config, identity: IdentityHandler::read(&handler.map_err(|malformed| malformed.reason())?)? })
    }

    /// The same for requests to `origin`.
    fn at<'a>(&'a self, keys: &'a Keys, origin: &str) -> AuthorizationServer<'a, IdentityHandler> {
        let Self { config, identity } = self;
        AuthorizationServer {
            config,
            keys,
            identity,
            issuer: config.issuer.clone().unwrap_or_else(|| origin.to_owned()),
        }
    }
}

#[wasm_bindgen]
impl Core {
    /// The authorization server's endpoints. Returns [`Reply`].
    pub fn oauth(&self, input: &str, body: &str, now: f64, later: Option<String>, entropy: Entropy) -> String {
        let (Some(oauth), Some(keys)) = (&self.oauth, &self.keys) else { return unreadable() };
        let request = Request::read(input);
        run(request, (now, later, entropy), async |flow, request| {
            let server = oauth.at(keys, &request.origin);
            oauth::serve(flow, &server, request, body).await
        })
    }

    /// The guard of the protected routes. Returns [`access::AccessVerification`].
    pub fn access(&self, input: &str, _body: &str, now: f64, later: Option<String>, entropy: Entropy) -> String {
        let Some(OAuthConfig { config, .. }) = &self.oauth else { return unreadable() };
        let keys = self.keys.as_ref();
        run(read(input).ok(), (now, later, entropy), async |flow, head| access::verify(flow, config, keys, head).await)
    }

    /// The caller that another verifier has found. Returns [`external_tokens::Admission`].
    pub fn external(&self, input: &str, _body: &str, now: f64, later: Option<String>, entropy: Entropy) -> String {
        let Some(OAuthConfig { config, .. }) = &self.oauth else { return unreadable() };
        run(read(input).ok(), (now, later, entropy), async |flow, external| {
            external_tokens::admit(flow, config, external)
        })
    }

    /// A fresh access token of the upstream, for tools. Returns [`access::UpstreamToken`].
    pub fn upstream(&self, input: &str, _body: &str, now: f64, later: Option<String>, entropy: Entropy) -> String {
        let (Some(oauth), Some(keys)) = (&self.oauth, &self.keys) else { return unreadable() };
        run(read(input).ok(), (now, later, entropy), async |flow, wanted: &access::UpstreamInput| {
            access::upstream(flow, &oauth.at(keys, &wanted.origin), wanted).await
        })
    }

    /// Calls of the operator's API. Returns what [`oauth::operator::serve`] says.
    pub fn operate(&self, input: &str, call: &str, now: f64, later: Option<String>, entropy: Entropy) -> String {
        let (Some(oauth), Some(keys)) = (&self.oauth, &self.keys) else { return unreadable() };
        let request = Request::read(input);
        run(request, (now, later, entropy), async |flow, request| {
            let server = oauth.at(keys, &request.origin);
            oauth::operator::serve(flow, &server, request, call).await
        })
    }

    /// Returns or revokes what is due in an object ([`oauth::object::credential_revocation::DueRevocations`]). Returns
    /// [`oauth::object::credential_revocation::SettledRevocations`].
    pub fn revoke_upstream(
        &self,
        input: &str,
        _body: &str,
        now: f64,
        later: Option<String>,
        entropy: Entropy,
    ) -> String {
        let (Some(oauth), Some(keys)) = (&self.oauth, &self.keys) else { return unreadable() };
        run(json::read(input).ok(), (now, later, entropy), async |flow, released| {
            oauth::object::credential_revocation::revoke_upstream(flow, &oauth.at(keys, ""), released, None).await
        })
    }

    /// The response if storage is unavailable, so that there are no keys: a [`Reply`], or `None` for unreadable input.
    #[expect(clippy::unused_self, reason = "JavaScript has all functions from one object")]
    pub fn unavailable(&self, input: &str) -> String {
        Request::read(input).map_or_else(|| "null".into(), |request| json::write(&oauth::unavailable(&request)))
    }

    /// The routes of a set-up that is only checked ([`oauth::endpoints::table::routes`]).
    #[wasm_bindgen(getter)]
    pub fn routes(&self) -> Option<String> {
        self.routes.clone()
    }

    /// What an operator should know before people sign in: a JSON list of sentences.
    pub fn warnings(&self) -> String {
        json::write(&self.oauth.iter().flat_map(|oauth| oauth.identity.warnings()).collect::<Vec<_>>())
    }

    /// The calls inside objects. Returns the role's own JSON.
    pub fn object(&self, input: &str, _body: &str, now: f64, later: Option<String>, entropy: Entropy) -> String {
        let Some(keys) = &self.keys else { return unreadable() };
        run(Some(input), (now, later, entropy), async |flow, input| oauth::object::serve(flow, keys, input).await)
    }
}
