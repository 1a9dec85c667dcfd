//! Inside the objects that list clients: those that the operator has created, and those that wait ([`admission`]).

use serde::{Deserialize, Serialize};

use super::{InvalidCall, RowSet, call};
use crate::flow::Flow;
use crate::oauth::client::Client;
use crate::oauth::client::admission::{self, Waiting};

const PREFIX: &str = "client:";

/// Adds a client.
#[derive(Serialize, Deserialize)]
pub(crate) struct Note {
    pub(crate) client: Client,
}

call!(Note, "note" => bool);

/// Removes a client.
#[derive(Serialize, Deserialize)]
pub(crate) struct Forget {
    pub(crate) id: String,
}

call!(Forget, "forget" => bool);

/// All clients of the list.
#[derive(Serialize)]
pub(crate) struct List {}

call!(List, "list" => Vec<Client>);

pub(crate) async fn note(flow: &Flow<'_>, Note { client }: &Note) -> Result<bool, InvalidCall> {
    let held = RowSet::read(flow, vec![], vec![]).await?;
    held.writes().put([PREFIX, &client.id].concat(), client, None).commit(flow);
    Ok(true)
}

pub(crate) async fn forget(flow: &Flow<'_>, Forget { id }: &Forget) -> Result<bool, InvalidCall> {
    let held = RowSet::read(flow, vec![], vec![]).await?;
    held.writes().remove([PREFIX, id].concat()).commit(flow);
    Ok(true)
}

pub(crate) async fn list(flow: &Flow<'_>, object: &str) -> Result<Vec<Client>, InvalidCall> {
    let held = RowSet::read(flow, vec![], vec![PREFIX.into()]).await?;
    Ok(match object {
        admission::WAITING => held.records(PREFIX).map(|Waiting { client, .. }| client).collect(),
        _ => held.records(PREFIX).collect(),
    })
}
