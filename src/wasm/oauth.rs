//! The steps of the authorization server.

use wasm_bindgen::prelude::wasm_bindgen;

use super::{Core, done, run};
use crate::auth::handler::Handler;
use crate::auth::{access, further};
use crate::json::{Members, Object, Value, array, quoted};
use crate::oauth::{self, Request, Server};

/// The set-up of an authorization server.
pub(super) struct Site {
    server: Server,
    handler: Handler,
}

impl Site {
    /// Reads `{…,"handler":{"kind":"…",…}}`; the error says which option is wrong.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let server = Server::read(text)?;
        let options = Object::read(text).map_err(|malformed| malformed.reason())?;
        let handler = options.get("handler").map(Value::object).ok_or("defaultHandler is missing.")?;
        Ok(Self { server, handler: Handler::read(&handler.map_err(|malformed| malformed.reason())?)? })
    }
}

#[wasm_bindgen]
impl Core {
    /// The authorization server's endpoints: answers [`Reply`].
    pub fn oauth(&self, input: &str, body: &str, now: f64, later: Option<String>) -> String {
        let (Some(Site { server, handler }), Some(keys)) = (&self.site, &self.keys) else { return done(None) };
        let request = Request::read(input);
        run(request, now, later, async |flow, request| {
            let issuer = server.issuer.clone().unwrap_or_else(|| request.origin.clone().into_owned());
            let site = oauth::Site { server, keys, identity: handler, issuer };
            oauth::serve(flow, &site, request, body).await.to_json()
        })
    }

    /// The guard of the protected routes: answers [`access::Verified`].
    pub fn access(&self, input: &str, _body: &str, now: f64, later: Option<String>) -> String {
        let (Some(Site { server, .. }), Some(keys)) = (&self.site, &self.keys) else { return done(None) };
        let head = access::Head::read(input);
        run(head, now, later, async |flow, head| access::verify(flow, server, keys, head).await.to_json())
    }

    /// The caller that a further verifier has found: answers as [`further::admit`] says.
    pub fn external(&self, input: &str, _body: &str, now: f64, later: Option<String>) -> String {
        let Some(Site { server, .. }) = &self.site else { return done(None) };
        let external = further::External::read(input);
        run(external, now, later, async |flow, external| further::admit(flow, server, external))
    }

    /// A fresh access token of the upstream, for tools: answers as [`access::upstream`] says.
    pub fn upstream(&self, input: &str, _body: &str, now: f64, later: Option<String>) -> String {
        let (Some(Site { server, handler }), Some(keys)) = (&self.site, &self.keys) else { return done(None) };
        let wanted = access::Wanted::read(input);
        run(wanted, now, later, async |flow, wanted| {
            let issuer = server.issuer.clone().unwrap_or_else(|| wanted.origin.clone().into_owned());
            let site = oauth::Site { server, keys, identity: handler, issuer };
            access::upstream(flow, &site, wanted).await
        })
    }

    /// What the app itself asks: answers as [`oauth::operator::serve`] says.
    pub fn operate(&self, input: &str, call: &str, now: f64, later: Option<String>) -> String {
        let (Some(Site { server, handler }), Some(keys)) = (&self.site, &self.keys) else { return done(None) };
        let request = Request::read(input);
        run(request, now, later, async |flow, request| {
            let issuer = server.issuer.clone().unwrap_or_else(|| request.origin.clone().into_owned());
            let site = oauth::Site { server, keys, identity: handler, issuer };
            oauth::operator::serve(flow, &site, request, call).await
        })
    }

    /// Gives back what is due in an object, `{"due":[{…},…]}`: answers `{"settled":["…"]}` ([`oauth::giving::give`]).
    pub fn give(&self, input: &str, _body: &str, now: f64, later: Option<String>) -> String {
        let (Some(Site { server, handler }), Some(keys)) = (&self.site, &self.keys) else { return done(None) };
        let input = Object::read(input).ok();
        run(input, now, later, async |flow, input| {
            let issuer = server.issuer.clone().unwrap_or_default();
            let site = oauth::Site { server, keys, identity: handler, issuer };
            let settled = match input.get("due") {
                Some(due) => oauth::giving::give(flow, &site, due, None).await,
                None => Vec::new(),
            };
            Members::new().texts("settled", settled.iter().map(String::as_str)).end()
        })
    }

    /// The answer where storage is away, so that there are no keys: a [`Reply`], or nothing for what cannot be read.
    #[expect(clippy::unused_self, reason = "JavaScript has all functions from one object")]
    pub fn away(&self, input: &str) -> String {
        Request::read(input).map_or_else(|| "null".into(), |request| oauth::away(&request).to_json())
    }

    /// What an operator should know before people come: a JSON list of sentences.
    pub fn warnings(&self) -> String {
        array(self.site.iter().flat_map(|site| site.handler.warnings()).map(|warning| quoted(&warning)))
    }

    /// What happens inside objects: answers JSON of the role's own.
    pub fn object(&self, input: &str, _body: &str, now: f64, later: Option<String>) -> String {
        let Some(keys) = &self.keys else { return done(None) };
        run(Some(input), now, later, async |flow, input| oauth::object::serve(flow, keys, input).await)
    }
}
