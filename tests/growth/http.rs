//! What HTTP itself says: forms, queries, origins, addresses, and text on its way to a log.

use mcp_wicket::guard::no_auth;
use mcp_wicket::http::cors;
use mcp_wicket::http::form::{self, Params};
use mcp_wicket::http::origin::{OriginPolicy, RequestSource};
use mcp_wicket::http::refused::plain;
use mcp_wicket::rate_limit::{self, Network};
use serde_json::json;

use super::{Row, Work, done};

/// A form that is read, and looked through for names that are there twice; whether it may be does not matter.
fn params(text: String) -> Work {
    Box::new(move || {
        if let Ok(params) = Params::read(&text) {
            done(params.repeated(&["resource"]));
        }
    })
}

fn origin(origin: String) -> Work {
    Box::new(move || {
        let (host, url) = (origin.trim_start_matches("https://").to_owned(), origin.clone());
        let sender =
            RequestSource { origin: Some(&origin), host: Some(&host), peer: Some(&host), ..RequestSource::default() };
        done(OriginPolicy::default().check(&url, sender));
        done(OriginPolicy::default().check(&url.replacen("https", "http", 1), sender));
    })
}

fn text(text: String, work: fn(&str)) -> Work {
    Box::new(move || work(&text))
}

pub(crate) const ROWS: &[Row] = &[
    Row { name: "form: one long value", most: 200_000, ready: |size| params("a=".to_owned() + &"x".repeat(size)) },
    Row {
        name: "form: a long value of escapes",
        most: 200_000,
        ready: |size| params("a=".to_owned() + &"%41".repeat(size / 3)),
    },
    Row { name: "form: too many parameters", most: 200_000, ready: |size| params("a=b&".repeat(size / 4)) },
    Row { name: "form: separators alone", most: 200_000, ready: |size| params("&".repeat(size)) },
    Row { name: "form: percent signs", most: 200_000, ready: |size| params("%".repeat(size)) },
    Row {
        name: "form: 64 parameters whose long names begin alike",
        most: 200_000,
        ready: |size| {
            params(
                (0..64).map(|number| format!("{}{number:02}=1", "x".repeat(size / 64))).collect::<Vec<_>>().join("&"),
            )
        },
    },
    Row {
        name: "form: as many parameters as may be",
        most: 64,
        ready: |size| params((0..size).map(|number| format!("{number:02}=")).collect::<Vec<_>>().join("&")),
    },
    Row {
        name: "form: written",
        most: 100_000,
        ready: |size| text("%&=".repeat(size / 3), |text| done(form::write(&[("a", text)]))),
    },
    Row {
        name: "form: a URL with a long query is extended",
        most: 100_000,
        ready: |size| text("?&#".repeat(size / 3), |text| done(form::extend(text, &[("a", "b")]))),
    },
    Row { name: "origin: a long name", most: 100_000, ready: |size| origin(format!("https://{}", "a".repeat(size))) },
    Row {
        name: "origin: many labels",
        most: 100_000,
        ready: |size| origin(format!("https://{}localhost", "a.".repeat(size / 2))),
    },
    Row {
        name: "origin: colons and slashes",
        most: 100_000,
        ready: |size| origin(format!("https://{}", ":/".repeat(size / 2))),
    },
    Row { name: "origin: ports", most: 100_000, ready: |size| origin(format!("https://{}", ":1".repeat(size / 2))) },
    Row {
        name: "the head of a request without sign-in",
        most: 100_000,
        ready: |size| {
            let headers = "a,".repeat(size / 2);
            let head = json!({"method": "OPTIONS", "url": format!("https://a/{headers}"), "methods": "GET, POST",
                              "origin": "https://a", "requestedHeaders": headers});
            let head = head.to_string();
            Box::new(move || {
                done(mcp_wicket::json::write(&no_auth::guard(
                    &OriginPolicy::default(),
                    &mcp_wicket::json::read(&head).unwrap(),
                )));
            })
        },
    },
    Row {
        name: "the headers that a preflight asks for",
        most: 100_000,
        ready: |size| text("x-a, ".repeat(size / 5), |text| done(cors::preflight("GET", Some(text)))),
    },
    Row {
        name: "the address of a sender",
        most: 100_000,
        ready: |size| text("1:".repeat(size / 2), |text| done(Network::of(text))),
    },
    Row {
        name: "a host as it is counted",
        most: 100_000,
        ready: |size| text("a.".repeat(size / 2), |text| done(rate_limit::domain(text))),
    },
    Row {
        name: "a host as it is counted, of dots",
        most: 100_000,
        ready: |size| text(".".repeat(size), |text| done(rate_limit::domain(text))),
    },
    Row {
        name: "text for the log",
        most: 100_000,
        ready: |size| text("\u{202e}".repeat(size / 3), |text| done(plain(text))),
    },
];
