//! The TypeScript twins of what crosses between JavaScript and Rust, generated from the Rust types: `js/boundary/twins.ts`.
//! `npm run twins` writes the file anew, and lint fails where it differs (`scripts/twins.mjs`).

use std::collections::BTreeMap;

use mcp_wicket::{config, flow, guard, http, mcp, oauth};
use ts_rs::{Config, Dependency, TS, TypeVisitor};

/// What the file holds: declarations by their names.
struct Twins {
    config: Config,
    declarations: BTreeMap<String, String>,
}

impl Twins {
    /// Adds `T` and all that it is made of.
    fn add<T: TS + 'static + ?Sized>(&mut self) -> &mut Self {
        self.visit::<T>();
        self
    }

    /// Adds a union of types that have been added.
    fn union(&mut self, name: &str, docs: &str, members: &[String]) -> &mut Self {
        let declaration = format!("/** {docs} */\nexport type {name} = {};\n", members.join(" | "));
        self.declarations.insert(name.to_owned(), declaration);
        self
    }

    fn name<T: TS>(&self) -> String {
        pascal(&T::name(&self.config))
    }
}

impl TypeVisitor for Twins {
    fn visit<T: TS + 'static + ?Sized>(&mut self) {
        let Some(_) = Dependency::from_ty::<T>(&self.config) else { return T::visit_dependencies(self) };
        let name = T::ident(&self.config);
        if self.declarations.contains_key(&name) {
            return;
        }
        let declaration = T::decl(&self.config).replacen(&name, &pascal(&name), 1);
        self.declarations.insert(name, format!("export {declaration}\n"));
        T::visit_dependencies(self);
        T::visit_generics(self);
    }
}

macro_rules! union {
    ($twins:ident, $name:literal, $docs:literal, [$($type:ty),* $(,)?]) => {
        $($twins.add::<$type>();)*
        let members = [$($twins.name::<$type>()),*];
        $twins.union($name, $docs, &members);
    };
}

/// The name of a type in TypeScript: an effect that is written with its `kind` alone is named after it, `root-key` becomes
/// `RootKeyEffect`.
fn pascal(name: &str) -> String {
    if name.starts_with(|first: char| first.is_ascii_uppercase()) {
        return name.to_owned();
    }
    let words = name.split('-').map(|word| word[..1].to_uppercase() + &word[1..]);
    words.collect::<String>() + "Effect"
}

fn twins() -> String {
    let mut twins = Twins { config: Config::new().with_large_int("number"), declarations: BTreeMap::new() };
    union!(
        twins,
        "Effect",
        "What a flow may ask for (`src/flow/`); the app's own functions have effects of their own.",
        [
            flow::Describe,
            flow::List<'static>,
            flow::Call<'static>,
            flow::Complete<'static>,
            flow::Listening,
            flow::Reach,
            flow::Listen,
            flow::RootKey,
            flow::Fetch,
            flow::Load,
            flow::Ask,
            flow::Rows,
            flow::Document,
            flow::Tally,
            flow::Verify<'static>,
            flow::VerifyFromInput,
            flow::SigningKeySet,
            flow::NewKey,
            flow::Sign<'static>,
            guard::api_key::LookUpKey<'static>,
            oauth::endpoints::operator::AuditRows,
        ]
    );
    let mut alias = |name: &str, docs: &str, text: &str| {
        twins.union(name, docs, &[text.to_owned()]);
    };
    alias("Strings", "An object of strings.", "Record<string, string>");
    alias("Variables", "The variables of a template that a URI matches.", "Record<string, string | string[]>");
    alias(
        "Places",
        "`Stencil` of `src/flow/stencil.rs`.",
        "[until: number, personal: number, answered: number, id: number, idEnd: number, given: number, givenEnd: number, \
         token?: number, tokenEnd?: number]",
    );
    twins.add::<flow::Crossing<'static, ts_rs::Dummy>>();
    twins.add::<flow::Failure>().add::<flow::CallOutcome>().add::<flow::Listed>().add::<flow::Completed>();
    twins.add::<flow::Described>().add::<flow::Fetched>().add::<flow::FoundRows>().add::<flow::Published>();
    twins
        .add::<http::Answer>()
        .add::<http::well_known::WellKnown>()
        .add::<mcp::handler_messages::HandlerMessageOutcome>()
        .add::<mcp::placement::Placement>();
    twins
        .add::<mcp::handler_messages::HandlerMessage<'static>>()
        .add::<mcp::Request<'static>>()
        .add::<guard::no_auth::GuardInput>()
        .add::<guard::GuardDecision>();
    twins
        .add::<guard::bearer::Verification>()
        .add::<guard::bearer::RefusalInput>()
        .add::<guard::bearer::RateLimitInput>();
    twins.add::<guard::bearer::Count>().add::<guard::any_of::VerifierRefusal>().add::<guard::metadata::MetadataInput>();
    twins.add::<guard::jwt::VerifierInput<'static>>().add::<guard::bearer::Caller>();
    twins.add::<oauth::request::Request<'static>>().add::<oauth::browser::page::Reply>();
    twins
        .add::<guard::access::AccessInput>()
        .add::<guard::access::AccessVerification>()
        .add::<guard::access::TokenGrant>();
    twins.add::<guard::access::UpstreamInput>().add::<guard::access::UpstreamToken>();
    twins.add::<guard::external_tokens::ExternalInput>().add::<guard::external_tokens::Admission>();
    twins.add::<oauth::endpoints::operator::AuditPage>();
    twins.add::<oauth::endpoints::table::Route>().add::<oauth::object::credential_revocation::DueRevocations>();
    twins
        .add::<oauth::object::credential_revocation::SettledRevocations>()
        .add::<oauth::object::outbox::UndeliveredEntries>();
    twins.add::<config::Config>();
    twins.declarations.into_values().collect::<Vec<_>>().join("\n")
}

fn main() {
    print!("{}", twins());
}
