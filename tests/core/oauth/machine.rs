//! The token state machine against a model of a few lines: random requests of several clients and thieves, at random times.
//! Whatever happens, the model and the server agree on who gets tokens, and on whether the grant stands.

use mcp_wicket::oauth::ServerConfig;
use serde_json::{Value as Json, json};

use super::once::{Way, redeeming};
use super::{form, head, json_of, send, server};
use crate::random::Random;
use crate::world::{NOW, World};

const WINDOW: u64 = 30_000;

/// What a grant is, as the specification has it.
#[derive(Debug, Default)]
struct Model {
    redeemed: bool,
    ended: bool,
    /// Refresh tokens in the order of their issue; the last is the valid one.
    tokens: Vec<String>,
    /// The answer that brought the last one, when, and for which scope asked; none for the first.
    last: Option<(Json, u64, Option<&'static str>)>,
    expires: u64,
}

/// What the model expects.
#[derive(Debug, PartialEq)]
enum Expected {
    Tokens,
    Same(Json),
    Error(&'static str),
}

impl Model {
    fn redeem(&mut self, now: u64, verifier: bool, client: bool) -> Expected {
        if !client {
            // Nobody knows it, so it is told to register again.
            return Expected::Error("invalid_client");
        }
        if now >= self.expires || !verifier {
            return Expected::Error("invalid_grant");
        }
        if self.redeemed {
            self.ended = true;
            return Expected::Error("invalid_grant");
        }
        self.redeemed = true;
        Expected::Tokens
    }

    fn refresh(&mut self, now: u64, token: usize, scope: Option<&'static str>, client: bool) -> Expected {
        if !client {
            return Expected::Error("invalid_client");
        }
        if self.ended {
            return Expected::Error("invalid_grant");
        }
        if token + 1 == self.tokens.len() {
            return if scope == Some("admin") { Expected::Error("invalid_scope") } else { Expected::Tokens };
        }
        if let Some((answer, rotated, asked)) = &self.last
            && token + 2 == self.tokens.len()
            && now < rotated + WINDOW
        {
            return if *asked == scope { Expected::Same(answer.clone()) } else { Expected::Error("invalid_grant") };
        }
        self.ended = true;
        Expected::Error("invalid_grant")
    }
}

/// Sends a request to the token endpoint at `now`.
fn token(way: &mut Way, server: &ServerConfig, body: &str, now: u64, entropy: [u8; 32]) -> (u64, Json) {
    let objects = &mut way.objects;
    let world = World::new(|effect| objects.ask(effect, now, entropy)).at(now).with_entropy(entropy);
    let reply = json_of(&send(world, server, &head("token", "POST", json!({})), body).answer.unwrap());
    let body = reply["answer"]["body"].as_str().unwrap();
    (reply["answer"]["status"].as_u64().unwrap(), serde_json::from_str(body).unwrap())
}

#[test]
fn the_server_and_the_model_agree() {
    // The grant has two of these.
    let server = server(json!({"scopes": ["read", "write", "admin"]}));
    let mut outcomes = [0_u32; 4];
    for seed in 1..=80_u64 {
        let mut random = Random::new(seed);
        let mut way = Way::new();
        let code = way.code();
        let mut model = Model { expires: NOW + 300_000, ..Model::default() };
        let mut now = NOW;
        for turn in 0..25_u8 {
            now += random.of(&[0, 0, 0, 1, 1000, 1000, 29_999, 30_000, 70_000]);
            let mut entropy = [turn; 32];
            entropy[..8].copy_from_slice(&seed.to_be_bytes());
            let ours = random.below(8) > 0;
            let client = if ours { way.client.clone() } else { format!("c_{}", "x".repeat(32)) };
            // Now and then the code again; mostly one of the latest tokens.
            let use_code = model.tokens.is_empty() || random.below(30) == 0;
            let (expected, (status, body)) = if use_code {
                let right = random.below(4) > 0;
                let mut body = redeeming(&client, &code);
                if !right {
                    body = body.replace("a-code-verifier", "b-code-verifier");
                }
                (model.redeem(now, right, ours), token(&mut way, &server, &body, now, entropy))
            } else {
                let back = random.of(&[0, 0, 0, 0, 1, 1, 1, 2]);
                let index = model.tokens.len().saturating_sub(1 + back);
                let scope = random.of(&[None, None, None, None, Some("read"), Some("admin"), Some("openid")]);
                let mut fields = vec![("grant_type", "refresh_token"), ("client_id", client.as_str())];
                fields.push(("refresh_token", &model.tokens[index]));
                fields.extend(scope.map(|scope| ("scope", scope)));
                // What nobody here knows is as if it were not asked for.
                let scope = scope.filter(|scope| *scope != "openid");
                let body = form(&fields);
                let expected = model.refresh(now, index, scope, ours);
                let said = token(&mut way, &server, &body, now, entropy);
                if expected == Expected::Tokens {
                    model.last = Some((said.1.clone(), now, scope));
                }
                (expected, said)
            };
            match expected {
                Expected::Tokens => {
                    assert_eq!(status, 200, "seed {seed}, turn {turn}: {body} {model:?}");
                    model.tokens.push(body["refresh_token"].as_str().unwrap().into());
                    outcomes[0] += 1;
                }
                Expected::Same(answer) => {
                    assert_eq!((status, &body), (200, &answer), "seed {seed}, turn {turn}");
                    outcomes[1] += 1;
                }
                Expected::Error(error) => {
                    assert_eq!(body["error"], error, "seed {seed}, turn {turn}: {status} {model:?}");
                    outcomes[2] += 1;
                }
            }
            let stands = !way.objects.0.values().any(|(_, rows)| {
                rows.iter().any(|(key, row)| key.starts_with("grant:") && row.contains("\"revoked\""))
            });
            assert_eq!(stands, !model.ended, "seed {seed}, turn {turn}");
            outcomes[3] += u32::from(model.ended);
        }
    }
    assert!(outcomes.iter().all(|times| *times > 20), "every way was gone: {outcomes:?}");
}
