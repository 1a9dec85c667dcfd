//! People of the server's own, in a D1 database: they sign in here, with an e-mail address and a password.
//!
//! **Threat.** Somebody guesses passwords, learns who has an account, or keeps access that a person has lost.
//! **Guarantee.** A wrong password, an address without an account and an account without a password get the same answer in
//! the same time (`src/oauth/object/login.rs`). Whoever is disabled, or whose groups have lost a scope, gets no new token with it: the
//! database is asked at each refresh.
//! **Not guaranteed.** That access tokens that were issued before end sooner than they expire; revoking ends them.

mod email;
mod groups;
mod login;
mod person;

pub use email::fold;
pub use groups::Groups;
pub(crate) use login::{Attempt, AttemptOutcome};
use person::DirectoryPerson;

use crate::crypto::password::Cost;
use crate::flow::Flow;
use crate::identity::{
    Identity, Page, Person, ProviderInfo, SignInCallback, SignInError, SignInPage, SignInProblem, SignInStart,
    SignInStep,
};
use crate::json::{Object, Value};

/// The longest address (RFC 5321 §4.5.3.1.3), and the longest password, in bytes.
const MAX_EMAIL: usize = 254;
const MAX_PASSWORD: usize = 1024;

/// The directory as a way to sign in; see the module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directory {
    groups: Option<Groups>,
    cost: Cost,
}

impl Directory {
    /// Reads the handler's options: `{"groups":{"editors":{"scopes":["notes:write"]}},"passwords":{"memory":19456,"passes":2}}`.
    pub fn read(options: &Object<'_>) -> Result<Self, String> {
        let groups = options.given("groups").map(Groups::read).transpose()?;
        let cost = options.given("passwords").map_or(Ok(Cost::DEFAULT), cost)?;
        Ok(Self { groups, cost })
    }

    fn person(&self, person: DirectoryPerson) -> Result<Person, SignInError> {
        let account = person.label().to_owned();
        if !person.is_active() {
            return Err(SignInError::not_allowed("the account is disabled").of(&account).about(&person.id));
        }
        let scopes = self.groups.as_ref().map(|groups| groups.scopes_of(&person.groups));
        Ok(Person { label: account, props: person.props(), id: person.id, scopes, credential: None })
    }
}

/// Reads what a hash may cost.
fn cost(options: Value<'_>) -> Result<Cost, String> {
    let wrong = || "passwords must have `memory`, 7168 to 65536 KiB, and `passes`, 1 to 10.".to_owned();
    let options = options.object().map_err(|_| wrong())?;
    let number = |name| options.get(name).and_then(|value| value.parse::<u32>().ok());
    number("memory").zip(number("passes")).and_then(|(memory, passes)| Cost::new(memory, passes)).ok_or_else(wrong)
}

impl Identity for Directory {
    fn name(&self) -> &'static str {
        "directory"
    }

    fn about(&self) -> ProviderInfo {
        ProviderInfo { label: String::new(), host: String::new(), scopes: Vec::new() }
    }

    fn signs_in_first(&self) -> bool {
        true
    }

    async fn begin(&self, _flow: &Flow<'_>, _begin: &SignInStart<'_>) -> Result<SignInStep, SignInError> {
        Ok(show(String::new(), None))
    }

    /// Waits: two; one more if the password needs a new hash.
    async fn continue_sign_in(&self, flow: &Flow<'_>, back: &SignInCallback<'_>) -> Result<SignInStep, SignInError> {
        let [email, password] = ["email", "password"].map(|name| back.query.get(name).unwrap_or_default());
        let email = email.trim();
        if !(1..=MAX_EMAIL).contains(&email.len()) || !(1..=MAX_PASSWORD).contains(&password.len()) {
            return Ok(show(email.chars().take(MAX_EMAIL).collect(), Some(SignInProblem::Wrong)));
        }
        let key = fold(email);
        let found = person::by_email(flow, &key).await?;
        let attempt = Attempt {
            password: password.to_owned(),
            hash: found.as_ref().and_then(|person| person.password.clone()),
            cost: self.cost,
        };
        let outcome = login::attempt(flow, (back.callback, &key), &attempt).await;
        let outcome = outcome.map_err(|_| SignInError::unavailable("the object of the account is unavailable"))?;
        let problem = match (outcome, found) {
            (AttemptOutcome::Right { rehashed }, Some(found)) => {
                if let Some(hash) = rehashed {
                    person::replace_password(flow, &found, &hash).await?;
                }
                return self.person(found).map(SignInStep::Done);
            }
            (AttemptOutcome::Wait(seconds), _) => SignInProblem::Wait(seconds),
            (AttemptOutcome::Right { .. } | AttemptOutcome::Wrong | AttemptOutcome::Unusable, _) => {
                SignInProblem::Wrong
            }
        };
        Ok(show(email.to_owned(), Some(problem)))
    }

    /// `subject` is the typed subject. Waits: one.
    async fn renew(&self, flow: &Flow<'_>, subject: &str) -> Result<Option<Person>, SignInError> {
        let gone = || SignInError::not_allowed("the account does not exist");
        let id = subject.strip_prefix("user:directory:").ok_or_else(gone)?;
        let found = person::by_id(flow, id).await?.ok_or_else(|| gone().about(id))?;
        self.person(found).map(Some)
    }

    fn renews(&self) -> bool {
        true
    }

    fn keeps_credentials(&self) -> bool {
        false
    }
}

fn show(email: String, problem: Option<SignInProblem>) -> SignInStep {
    SignInStep::Show { page: Page::SignIn(SignInPage { email, problem }), kept: String::new() }
}
