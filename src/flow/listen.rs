//! The effect that keeps a client's stream open and tells it what happens elsewhere.

use super::effect::Obtain;
use crate::json::{Members, Value, array};

/// Where messages for a stream come from.
#[derive(Debug)]
pub struct Source {
    /// The object.
    pub object: String,
    /// What the stream waits under there.
    pub tags: Vec<String>,
    /// True where all streams of an isolate may wait together: each is given what it waits for, and nothing else.
    pub shared: bool,
}

/// One open stream. What arrives from its sources is a key of `says`, a change to `says`, or a message for the client.
/// Outcome: `true`, once the stream is over.
#[derive(Debug, Default)]
pub struct Listen {
    /// Where messages come from; without any the stream stays open and silent.
    pub sources: Vec<Source>,
    /// What is said when something happens: the name of what happened, and the message.
    pub says: Vec<(String, String)>,
    /// The first message.
    pub first: Option<String>,
    /// The first message where the sources cannot be reached.
    pub otherwise: Option<String>,
    /// A stream that broke off, which goes on behind the event of this number.
    pub resumes: Option<Resumed>,
    /// On HTTP+SSE: the session's id, which the first event tells the client with the URL that takes its messages.
    pub endpoint: Option<String>,
}

/// The stream and the number of the last event that its client has had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resumed {
    /// The stream.
    pub stream: String,
    /// The last event's number.
    pub after: u32,
}

impl Obtain for Listen {
    type Outcome = bool;
    fn json(&self) -> String {
        let sources = array(self.sources.iter().map(|Source { object: name, tags, shared }| {
            let source = Members::new().text("object", name).strings("tags", tags);
            source.maybe_raw("shared", shared.then_some("true")).end()
        }));
        let says = self.says.iter().fold(Members::new(), |says, (name, message)| says.text(name, message)).end();
        let resumes = self.resumes.as_ref().map(|Resumed { stream, after }| {
            Members::new().text("stream", stream).number("after", (*after).into()).end()
        });
        Members::kind("listen")
            .raw("sources", &sources)
            .raw("says", &says)
            .maybe("first", self.first.as_deref())
            .maybe("otherwise", self.otherwise.as_deref())
            .maybe_raw("resumes", resumes.as_deref())
            .maybe("endpoint", self.endpoint.as_deref())
            .end()
    }
    fn outcome(json: Value<'_>) -> Option<bool> {
        json.is_true().then_some(true)
    }
}
