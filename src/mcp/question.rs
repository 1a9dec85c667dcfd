//! What a running handler asks its client for, and what becomes of the answer ([`super::ask`] has the questions).

use std::borrow::Cow;

use super::ask::Question;
use super::capabilities::Capabilities;
use super::mrtr::fingerprint;
use super::revision::Revision;
use super::tell::{Era, Running, Told, notification};
use super::{answer_tag, call_tag};
use crate::crypto;
use crate::flow::Flow;
use crate::json::{Object, Value, array, object, quoted};

/// The question in `said`: `{"kind":"elicit","params":{…}}`.
fn question<'a>(era: Era, said: &Object<'a>) -> Result<Question<'a>, Cow<'static, str>> {
    Question::read(era.revision, &said.string("kind").unwrap_or_default(), said.get("params"))
}

/// Asks the client for something. Before 2026-07-28 that is a request on the call's own stream.
pub(super) async fn ask(flow: &Flow<'_>, era: Era, running: &Running<'_>, said: Value<'_>) -> Told {
    let said = said.object().unwrap_or_default();
    let question = match question(era, &said) {
        Ok(question) => question,
        Err(wrong) => return Told::Wrong(wrong),
    };
    if let Err(told) = able(flow, era, running, question.needs, question.since()).await {
        return told;
    }
    if era.revision.is_modern() {
        return Told::Input(question.input_request());
    }
    let Some(session) = era.session else {
        return Told::Unable("The client cannot be asked: its requests belong to no session.".into());
    };
    if !running.request.takes_events() {
        return Told::Unable("The client cannot be asked: it does not accept text/event-stream.".into());
    }
    let id = crypto::encode(&flow.context().random::<16>("request id"));
    Told::Request {
        send: question.request(era.revision, &id),
        gives_up: gives_up(&id),
        object: session.place.mailbox(),
        tags: [answer_tag(&id), call_tag(running.id)],
    }
}

/// Whether the client can be asked for what needs these capabilities: it has declared them, and its revision has them.
async fn able(
    flow: &Flow<'_>,
    era: Era,
    running: &Running<'_>,
    needs: Capabilities,
    (since, what): (Revision, &str),
) -> Result<(), Told> {
    let unable = |why: &[&str]| Err(Told::Unable(["The client cannot be asked: ", &why.concat()].concat().into()));
    if era.revision < since {
        return unable(&["revision ", era.revision.name(), " of the protocol does not know ", what, "."]);
    }
    if running.capabilities(flow, era).await.have(needs) {
        return Ok(());
    }
    if era.revision.is_modern() {
        return Err(Told::Lacks(needs));
    }
    match era.session {
        None => unable(&["its requests belong to no session."]),
        Some(_) => unable(&["it has not declared ", needs.json(), "."]),
    }
}

/// The call needs pages that the person opens first: `{"message":"…","elicitations":[{…}]}`. On 2025-11-25 that is an error
/// (client/elicitation §URL Elicitation Required Error); since 2026-07-28 they are questions, which the shim asks next.
pub(super) async fn pages(flow: &Flow<'_>, era: Era, running: &Running<'_>, said: Value<'_>) -> Told {
    let said = said.object().unwrap_or_default();
    let pages = said.get("elicitations").and_then(|pages| pages.array().ok()).unwrap_or_default();
    if pages.is_empty() {
        return Told::Wrong(
            "Pages that have to be opened must be named: `elicitations` is an array of at least one.".into(),
        );
    }
    let known = era.revision.max(Capabilities::URLS.since());
    let questions =
        pages.into_iter().map(|page| Question::read(known, "elicit", Some(page))).collect::<Result<Vec<_>, _>>();
    let questions = match questions {
        Ok(questions) => questions,
        Err(wrong) => return Told::Wrong(wrong),
    };
    if questions.iter().any(|question| question.needs != Capabilities::URLS) {
        return Told::Wrong("Pages to be opened are elicitations in mode \"url\".".into());
    }
    let needs = Capabilities::URLS;
    if let Err(told) = able(flow, era, running, needs, (needs.since(), needs.json())).await {
        return told;
    }
    if era.revision.is_modern() {
        return Told::Nothing;
    }
    let message = said.string("message").unwrap_or_default().into();
    Told::Pages { message, elicitations: array(questions.iter().map(Question::params_text)) }
}

/// Judges what a client has answered: `{"kind":"elicit","params":{…},"response":{…},"asked":"…"}` on 2026-07-28, before
/// with the `message` of the response instead of `response`.
pub(super) fn reply(era: Era, said: Value<'_>) -> Told {
    let said = said.object().unwrap_or_default();
    let question = match question(era, &said) {
        Ok(question) => question,
        Err(wrong) => return Told::Wrong(wrong),
    };
    let message = said.get("message").and_then(|message| message.object().ok()).unwrap_or_default();
    if let Some(error) = message.given("error") {
        return Told::Refused(error.text().into());
    }
    if said.get("opens").is_some_and(Value::is_true) {
        // Whoever would open the page has opened it, or will; the call does not know of it yet.
        let response = said.get("response").and_then(|response| response.object().ok());
        return match response.as_ref().and_then(|response| response.string("action")).as_deref() {
            Some("decline" | "cancel") => Told::Answer("null".into()),
            _ => Told::Again("the page has to be opened first".into()),
        };
    }
    if said.string("asked").is_some_and(|asked| asked != fingerprint(&question.input_request())) {
        return Told::Again("another question was asked under this key".into());
    }
    let Some(answer) = said.given("response").or(message.given("result")) else {
        return Told::Again("there is no answer".into());
    };
    match question.check(answer) {
        Ok(()) => Told::Answer(question.filled_in(answer)),
        Err(reason) => Told::Again(reason),
    }
}

/// The handler needs a client that has declared these capabilities, and ends the call if it has not.
pub(super) async fn require(flow: &Flow<'_>, era: Era, running: &Running<'_>, said: Value<'_>) -> Told {
    let have = running.capabilities(flow, era).await;
    match Capabilities::of(Some(said)).missing_in(have) {
        None => Told::Nothing,
        Some(missing) if era.revision.is_modern() => Told::Lacks(missing),
        Some(missing) => {
            let what = ["The client cannot do this: it has not declared ", missing.json(), "."];
            Told::Unable(what.concat().into())
        }
    }
}

/// What the client is told when nobody waits for its answer any longer (utilities/cancellation).
fn gives_up(id: &str) -> String {
    let params = object(&[("requestId", &quoted(id)), ("reason", r#""It took too long.""#)]);
    notification("notifications/cancelled", &params)
}
