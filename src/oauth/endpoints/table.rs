//! The endpoints, one row each. A new endpoint is its file and its row: routing, default paths, methods, CORS and the metadata
//! document come from here, and `js/` is told the paths once ([`routes`]).

use serde::{Deserialize, Serialize};

use super::{authorize, callback, introspect, metadata, operator, register, revoke, token};
use crate::flow::Flow;
use crate::identity::Identity;
use crate::json;
use crate::oauth::browser::connected;
use crate::oauth::browser::page::Reply;
use crate::oauth::{AuthorizationServer, Request, ServerConfig, signing};

/// An endpoint's properties.
#[derive(Debug)]
pub struct Row {
    /// Its name, by which JavaScript passes requests to it.
    pub name: &'static str,
    /// The option of `OAuthProvider` that changes its path; empty if it is fixed.
    pub option: &'static str,
    /// Its default path.
    pub path: &'static str,
    /// Its methods, in addition to `OPTIONS` if any page may call it.
    pub methods: &'static str,
    /// Which web pages may call it.
    pub pages: Pages,
    /// Whether it issues tokens or introspects them, so that it needs a current revocation list.
    pub current: bool,
    /// Whether the server has it.
    pub exists: fn(&ServerConfig) -> bool,
    /// The member of the authorization server's metadata that contains its URL (RFC 8414 §2).
    pub metadata: fn(&ServerConfig) -> Option<&'static str>,
}

/// The web pages that may call an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pages {
    /// Those of every origin: it is for programs, and nothing depends on a cookie.
    Any,
    /// The server's own: it is for people.
    Own,
    /// None: it is for the operator, whom the guard in front of it has identified.
    None,
}

macro_rules! endpoints {
    (
        ($flow:ident, $server:ident, $request:ident, $body:ident)
        $($(#[$doc:meta])* $endpoint:ident { $($column:ident: $value:expr),+ } => $serve:expr,)+
    ) => {
        /// The endpoint of a request; JavaScript finds it by the paths from [`routes`].
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
        #[serde(rename_all = "lowercase")]
        pub enum Endpoint {
            $($(#[$doc])* $endpoint,)+
        }

        impl Endpoint {
            /// All endpoints, in the order of their paths in [`ServerConfig`].
            pub const ALL: &[Self] = &[$(Self::$endpoint),+];

            /// Its row.
            #[must_use]
            pub fn row(self) -> &'static Row {
                match self {
                    $(Self::$endpoint => const { &Row { $($column: $value),+ } },)+
                }
            }
        }

        /// Runs the flow of the request's endpoint.
        pub(crate) async fn serve<I: Identity>(
            $flow: &Flow<'_>,
            $server: &AuthorizationServer<'_, I>,
            $request: &Request<'_>,
            $body: &str,
        ) -> Reply {
            match $request.endpoint {
                $(Endpoint::$endpoint => Reply::from($serve),)+
            }
        }
    };
}

endpoints! {
    (flow, server, request, body)

    /// RFC 6749 §3.1, and the consent form.
    Authorize {
        name: "authorize",
        option: "authorizeEndpoint",
        path: "/authorize",
        methods: "GET, POST",
        pages: Pages::Own,
        current: false,
        exists: |_| true,
        metadata: |_| Some("authorization_endpoint")
    } => authorize::serve(flow, server, request, body).await,

    /// RFC 6749 §3.2.
    Token {
        name: "token",
        option: "tokenEndpoint",
        path: "/token",
        methods: "POST",
        pages: Pages::Any,
        current: true,
        exists: |_| true,
        metadata: |_| Some("token_endpoint")
    } => token::serve(flow, server, request, body).await,

    /// RFC 7591.
    Register {
        name: "register",
        option: "clientRegistrationEndpoint",
        path: "/register",
        methods: "POST",
        pages: Pages::Any,
        current: false,
        exists: |_| true,
        metadata: |config| config.registration.then_some("registration_endpoint")
    } => register::serve(flow, server, request, body).await,

    /// RFC 7009.
    Revoke {
        name: "revoke",
        option: "revocationEndpoint",
        path: "/revoke",
        methods: "POST",
        pages: Pages::Any,
        current: false,
        exists: |_| true,
        metadata: |_| Some("revocation_endpoint")
    } => revoke::serve(flow, server, request, body).await,

    /// RFC 7662.
    Introspect {
        name: "introspect",
        option: "introspectionEndpoint",
        path: "/introspect",
        methods: "POST",
        pages: Pages::Any,
        current: true,
        exists: |config| config.introspects,
        metadata: |config| (!config.resource_servers.is_empty()).then_some("introspection_endpoint")
    } => introspect::serve(flow, server, request, body).await,

    /// The JWK Set (RFC 7517 §5).
    Keys {
        name: "keys",
        option: "jwksEndpoint",
        path: "/jwks",
        methods: "GET",
        pages: Pages::Any,
        current: false,
        exists: |config| config.jwt,
        metadata: |_| Some("jwks_uri")
    } => signing::published(flow, server).await,

    /// Where the upstream returns people.
    Callback {
        name: "callback",
        option: "callbackEndpoint",
        path: "/callback",
        methods: "GET, POST",
        pages: Pages::Own,
        current: false,
        exists: |_| true,
        metadata: |_| None
    } => callback::serve(flow, server, request, body).await,

    /// The page of connected apps.
    Connected {
        name: "connected",
        option: "connectedAppsEndpoint",
        path: "/connected",
        methods: "GET, POST",
        pages: Pages::Own,
        current: false,
        exists: |_| true,
        metadata: |_| None
    } => connected::serve(flow, server, request, body).await,

    /// What `OAuthProvider.api` does, for the operator's programs.
    Operator {
        name: "operator",
        option: "operator.path",
        path: "/operator",
        methods: "POST",
        pages: Pages::None,
        current: false,
        exists: |config| config.operator,
        metadata: |_| None
    } => operator::serve(flow, server, request, body).await,

    /// RFC 8414, RFC 9728, and `OpenID` Connect Discovery for clients that look there: everything below `/.well-known/`
    /// under one of their names.
    Metadata {
        name: "metadata",
        option: "",
        path: "/.well-known",
        methods: "GET",
        pages: Pages::Any,
        current: false,
        exists: |_| true,
        metadata: |_| None
    } => metadata::serve(server, request),
}

impl Endpoint {
    /// Whether requests to its path are answered here. If the app has its own pages, it answers those for people.
    pub(crate) fn is_served(self, config: &ServerConfig) -> bool {
        let row = self.row();
        (row.exists)(config) && (row.pages != Pages::Own || !config.pages)
    }

    /// The member of the metadata that contains its URL, if the server has it.
    pub(crate) fn member(self, config: &ServerConfig) -> Option<&'static str> {
        let row = self.row();
        (row.metadata)(config).filter(|_| (row.exists)(config))
    }

    /// Whether its path is in use, so that nothing else may have it.
    pub(crate) fn is_taken(self, config: &ServerConfig) -> bool {
        self.is_served(config) || self.member(config).is_some()
    }
}

/// The paths and their endpoints, for JavaScript: `{"/token":{"name":"token","current":true},…}`. Paths below
/// `/.well-known/` are not listed.
#[derive(Serialize)]
#[serde(transparent)]
pub struct Routes<'a>(#[serde(serialize_with = "json::map")] Vec<(&'a str, Route)>);

/// An endpoint.
#[derive(Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(rename = "EndpointRoute"))]
pub struct Route {
    name: &'static str,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[cfg_attr(feature = "ts", ts(as = "Option<bool>"))]
    current: bool,
    /// True if the guard of the option `operator` is in front of it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[cfg_attr(feature = "ts", ts(as = "Option<bool>"))]
    operator: bool,
}

/// See [`Routes`].
#[must_use]
pub fn routes(config: &ServerConfig) -> Routes<'_> {
    let listed = Endpoint::ALL.iter().filter(|it| it.is_served(config) && **it != Endpoint::Metadata);
    let route = |endpoint: &Endpoint| {
        let Row { name, current, pages, .. } = *endpoint.row();
        (config.path(*endpoint), Route { name, current, operator: pages == Pages::None })
    };
    Routes(listed.map(route).collect())
}
