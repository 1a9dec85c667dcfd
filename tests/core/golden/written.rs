//! What Rust writes and JavaScript reads.

use mcp_wicket::auth::bearer::{About, Caller, Found, Refusal};
use mcp_wicket::auth::no_auth::{Head, guard};
use mcp_wicket::auth::proxy::Profile;
use mcp_wicket::auth::proxy::effect::{AskAllow, Context};
use mcp_wicket::flow::{
    Ask, Brief, Broken, Call, Commit, Complete, Describe, Document, Fetch, Flow, List, Listen, Listening, Load, Obtain,
    Plain, Reach, Recent, Remember, Resumed, RootKey, Rows, Source, Splice, Stencil, Step, Tally, Target, Through,
    Variable, Verify, VerifyShown, Writes,
};
use mcp_wicket::http::Answer;
use mcp_wicket::http::origin::Policy;
use mcp_wicket::json::Value;
use mcp_wicket::mcp::Request;
use mcp_wicket::mcp::capabilities::Capabilities;
use mcp_wicket::mcp::place::{Kept, Place, place};
use mcp_wicket::mcp::tell::{Running, Told, tell};
use serde_json::json;

use super::golden;
use crate::world::{NOW, World, first_step, step};

pub(super) const NAMES: &[&str] = &[
    "effect-call-of-a-later-round",
    "effect-reach",
    "effect-reach-of-a-cancellation",
    "effect-listen",
    "told-reach",
    "told-resumable",
    "told-watch",
    "placed-ends",
    "placed-here",
    "placed-here-for",
    "placed-object-for-a-while",
    "effect-root-key",
    "told-unable",
    "told-fault",
    "told-input",
    "told-request",
    "told-answer",
    "told-again",
    "told-refused",
    "told-send",
    "told-nothing",
    "told-cancel",
    "told-wrong",
    "step-done",
    "step-done-with-commits",
    "step-wait",
    "step-with-stencil",
    "step-broken",
    "step-entropy",
    "effect-describe",
    "effect-list",
    "effect-list-in-batch",
    "effect-call",
    "effect-call-in-batch",
    "effect-get",
    "effect-get-without-arguments",
    "effect-read",
    "effect-read-through-template",
    "effect-complete",
    "effect-complete-of-template",
    "effect-listening",
    "effect-fetch",
    "effect-fetch-brief",
    "effect-fetch-without-body",
    "effect-load",
    "upstream-context",
    "upstream-allow",
    "effect-ask",
    "effect-rows",
    "effect-tally",
    "commit-store",
    "commit-rows",
    "commit-keep",
    "commit-audit",
    "commit-receipt",
    "answer",
    "answer-without-body",
    "guarded-pass",
    "guarded-answer",
    "placed-object",
    "placed-answer",
    "found-caller",
    "effect-document",
    "effect-document-of-a-copy",
    "effect-verify",
    "effect-verify-that-settles",
    "effect-verify-to-keep",
    "effect-verify-shown",
    "commit-remember",
    "commit-remember-nothing",
    "found-refused",
];

fn store(key: &str, value: &str) -> Commit {
    Commit::Store { key: key.into(), value: value.into() }
}

const HEAD: &str = r#"{"jsonrpc":"2.0","id":1,"result":"#;

/// The step of a call that holds for other requests.
fn stencilled() -> Step<()> {
    let body = String::from(r#"{"id":1,"params":{"name":"add","arguments":{}}}"#);
    let part = |text: &str| {
        let start = body.find(text).unwrap();
        Value::read(&body[start..start + text.len()]).unwrap()
    };
    let call = Call {
        target: Target::Tool { name: "add", arguments: Some(part("{}")), mirror: false },
        request: part("1"),
        session: None,
        rounds: None,
        splice: Some(Splice { head: HEAD.into(), tail: "}", open: false, plain: Plain::default() }),
        stencil: Stencil::of(&body, HEAD.find('1').unwrap(), part("1"), part("{}"), None),
    };
    first_step(NOW, async |flow| assert!(flow.context().is_between(0, NOW) && flow.obtain(&call).await.is_ok()))
}

#[test]
fn steps() {
    let done = |commits| Step::Done { answer: Answer::empty(202), commits }.json(Answer::to_json);
    assert_eq!(done(Vec::new()), golden("step-done"));
    assert_eq!(done(vec![store("probe", r#"{"a":1}"#)]), golden("step-done-with-commits"));
    let waits = async |flow: &Flow<'_>| {
        let (described, loaded) = (flow.obtain(&Describe), flow.obtain(&Load { key: "a\"b".into() }));
        (described.await.is_ok(), loaded.await.is_ok())
    };
    assert_eq!(step("", waits).json(|_| unreachable!("it waits")), golden("step-wait") + "\n");
    assert_eq!(stencilled().json(|()| String::new()), golden("step-with-stencil") + "\n" + HEAD);
    assert_eq!(Step::<()>::Entropy.json(|()| String::new()), golden("step-entropy"));
    assert_eq!(Step::<()>::Broken(Broken::Diverged).json(|()| String::new()), golden("step-broken"));
}

#[test]
fn every_reason_to_break_has_its_own_words() {
    let all = [Broken::Outcomes, Broken::Diverged, Broken::Shape, Broken::Leftover, Broken::Stuck, Broken::Input]
        .map(Broken::reason);
    assert!(all.iter().all(|one| all.iter().filter(|other| *other == one).count() == 1), "{all:?}");
}

#[test]
fn effects() {
    let plain = Plain::default();
    let splice = |head: &str, tail| Some(Splice { head: head.into(), tail, open: false, plain });
    let value = |text| Value::read(text).unwrap();
    assert_eq!(Describe.json(), golden("effect-describe"));
    let list = List {
        of: "tools",
        omit: &["icons", "title"],
        rooted: &["outputSchema"],
        after: Some("sub\"tract"),
        request: value("1"),
        splice: splice(r#"{"jsonrpc":"2.0","id":1,"result":{"tools":"#, "}}"),
    };
    assert_eq!(list.json(), golden("effect-list"));
    let bare = List { omit: &[], rooted: &[], after: None, splice: None, ..list };
    assert_eq!(bare.json(), golden("effect-list-in-batch"));
    let call = Call {
        target: Target::Tool { name: "add", arguments: Some(value(r#"{"a":1.50,"b":[null]}"#)), mirror: true },
        request: value(r#""a\"1""#),
        session: Some("AQ"),
        rounds: None,
        splice: splice(r#"{"jsonrpc":"2.0","id":"a\"1","result":"#, "}"),
        stencil: None,
    };
    assert_eq!(call.json(), golden("effect-call"));
    let bare = |target| Call { target, request: value("1"), session: None, rounds: None, splice: None, stencil: None };
    let tool = Target::Tool { name: "add", arguments: None, mirror: false };
    assert_eq!(bare(tool).json(), golden("effect-call-in-batch"));
    let rounds =
        r#"{"answers":{"name":{"response":{"action":"cancel"},"asked":"x"}},"once":{"paid":true},"sealed":true}"#;
    let tool = Target::Tool { name: "add", arguments: None, mirror: false };
    assert_eq!(Call { rounds: Some(rounds), ..bare(tool) }.json(), golden("effect-call-of-a-later-round"));
    let message = r#"{"id":"r1","result":{}}"#.into();
    let reach = Reach { object: "mailbox:AAAA".into(), tag: "r1".into(), message, cancels: None };
    assert_eq!(reach.json(), golden("effect-reach"));
    assert_eq!(RootKey.json(), golden("effect-root-key"));
    let cancels = Reach { cancels: Some("7".into()), ..reach };
    assert_eq!(cancels.json(), golden("effect-reach-of-a-cancellation"));
    let sources = vec![Source { object: "hub:AAAA".into(), tags: vec!["of:1".into(), "all".into()], shared: true }];
    let listen = Listen {
        sources,
        says: vec![("tools".into(), "{}".into())],
        first: Some("{\"a\":1}".into()),
        otherwise: Some("{}".into()),
        resumes: Some(Resumed { stream: "s".into(), after: 7 }),
        endpoint: Some("AQ".into()),
    };
    assert_eq!(listen.json(), golden("effect-listen"));
    let plain = Plain { kinds: &["text", "image"], structured: Some("none") };
    let splice = Some(Splice { head: "{".into(), tail: "}", open: true, plain });
    let prompt = Target::Prompt { name: "greet", arguments: Some(value(r#"{"name":"\u0041"}"#)) };
    assert_eq!(Call { splice, ..bare(prompt) }.json(), golden("effect-get"));
    let prompt = Target::Prompt { name: "greet", arguments: None };
    assert_eq!(bare(prompt).json(), golden("effect-get-without-arguments"));
    assert_eq!(bare(Target::Resource { uri: "notes://1", through: None }).json(), golden("effect-read"));
    let variables = vec![
        ("id".into(), Variable::One("1\"%20".into())),
        ("path".into(), Variable::Many(vec!["a".into(), "b".into()])),
    ];
    let through = Through { template: "note".into(), variables };
    let resource = Target::Resource { uri: "notes://1", through: Some(&through) };
    assert_eq!(bare(resource).json(), golden("effect-read-through-template"));
    let known = Some(value(r#"{"country":"fr"}"#));
    let complete = Complete { of: "greet", is_template: false, argument: "city", value: "p\"", known, most: 100 };
    assert_eq!(complete.json(), golden("effect-complete"));
    let complete = Complete { of: "notes://{id}", is_template: true, known: None, ..complete };
    assert_eq!(complete.json(), golden("effect-complete-of-template"));
    assert_eq!(Listening { object: "AAAA".into() }.json(), golden("effect-listening"));
    let fetch = Fetch {
        url: "https://issuer.example/token".into(),
        method: "POST",
        headers: vec![
            ("accept", "application/json".into()),
            ("content-type", "application/x-www-form-urlencoded".into()),
        ],
        body: Some("a=1&b=%22".into()),
    };
    assert_eq!(fetch.json(), golden("effect-fetch"));
    let url = "https://issuer.example/keys".into();
    let bare = Fetch { url, method: "GET", headers: Vec::new(), body: None };
    assert_eq!(bare.json(), golden("effect-fetch-without-body"));
    assert_eq!(Brief(bare).json(), golden("effect-fetch-brief"));
    assert_eq!(Load { key: "client:1".into() }.json(), golden("effect-load"));
}

#[test]
fn effects_of_the_operators_own_functions() {
    let text = |text: &str| Some(text.to_owned());
    let whole = Profile {
        id: "583231".into(),
        login: text("octocat"),
        name: text("Zoë"),
        emails: vec!["zoe@example.com".into()],
        domains: vec![],
        picture: text("https://avatars.example/1"),
        tenant: text("example.com"),
        orgs: vec!["acme".into()],
        groups: vec!["writers".into()],
    };
    let context = Context { handler: "github", access_token: "gho_\"1", profile: &whole.to_json() };
    assert_eq!(context.json(), golden("upstream-context"));
    let least = Profile { id: "1101".into(), ..Profile::default() };
    assert_eq!(AskAllow { handler: "google", profile: &least.to_json() }.json(), golden("upstream-allow"));
}

#[test]
fn commits() {
    let step = Step::Done { answer: (), commits: vec![store("client:1", "{\"name\":\"é\\n\"}")] };
    let expected = format!(r#"{{"done":null,"commits":[{}]}}"#, golden("commit-store"));
    assert_eq!(step.json(|()| "null".into()), expected);
}

#[test]
fn what_a_verifier_asks_for() {
    let url = || String::from("https://issuer.example/keys");
    assert_eq!(Document { url: url() }.json(), golden("effect-document"));
    let recent = Recent { url: url(), since: 1_790_000_000_000, stale: 1_789_913_600_000 };
    assert_eq!(recent.json(), golden("effect-document-of-a-copy"));
    let verify = Verify {
        key: r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#,
        import: r#""Ed25519""#,
        algorithm: r#""Ed25519""#,
        signature: "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg",
        signed: "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc",
        settles: None,
        name: None,
    };
    assert_eq!(verify.json(), golden("effect-verify"));
    let named = Verify { name: Some("EdDSA.uw1XFYi_9mREQ1ZUcDiCSS".into()), ..verify };
    assert_eq!(named.json(), golden("effect-verify-to-keep"));
    let shown = VerifyShown {
        name: "EdDSA.uw1XFYi_9mREQ1ZUcDiCSS".into(),
        algorithm: r#""Ed25519""#,
        from: 7,
        dot: 63,
        to: 150,
        settles: Some("{}".into()),
    };
    assert_eq!(shown.json(), golden("effect-verify-shown"));
    assert_eq!(shown.head(), Some("{}"));
    let settling = Verify { name: None, settles: Some("{}".into()), ..named };
    assert_eq!(settling.json(), golden("effect-verify-that-settles"));
    assert_eq!(settling.head(), Some("{}"));
    let commits = |set| {
        let remember = Commit::Remember(Remember { url: url(), tried: 2, set });
        Step::Done { answer: (), commits: vec![remember] }.json(|()| "null".into())
    };
    let expected = |name| format!(r#"{{"done":null,"commits":[{}]}}"#, golden(name));
    assert_eq!(commits(Some((1, r#"{"keys":[]}"#.into()))), expected("commit-remember"));
    assert_eq!(commits(None), expected("commit-remember-nothing"));
}

#[test]
fn what_a_verifier_finds() {
    let caller = Caller {
        principal: "user:https%3A//issuer.example:1".into(),
        scopes: vec!["read".into()],
        props: r#"{"sub":"1"}"#.into(),
        about: Box::new(About {
            client: Some("c\"1".into()),
            expires: Some(1_790_000_900),
            resource: Some("https://mcp.example.com/mcp".into()),
        }),
        until: 1_790_000_300_000,
        note: Some("Once."),
    };
    assert_eq!(Found::Caller(caller).to_json(), golden("found-caller"));
    assert_eq!(Found::Refused(Refusal::Token, "expired").to_json(), golden("found-refused"));
}

#[test]
fn answers() {
    let answer = Answer::json(200, r#"{"jsonrpc":"2.0","id":1,"result":{}}"#.into()).with("mcp-session-id", "AQ");
    assert_eq!(answer.to_json(), golden("answer"));
    assert_eq!(Answer::empty(202).to_json(), golden("answer-without-body"));
}

#[test]
fn what_a_guard_decides() {
    let head = |method: &str, origin: Option<&str>| Head {
        method: method.to_owned().into(),
        url: "https://mcp.example.com/mcp".into(),
        methods: "GET, POST".into(),
        origin: origin.map(|origin| origin.to_owned().into()),
        bearer: false,
        host: None,
        proxied: false,
        browser: false,
        peer: None,
        requested_headers: Some("content-type".into()),
    };
    let policy = Policy::default();
    assert_eq!(guard(&policy, &head("POST", Some("https://claude.ai"))).to_json(), golden("guarded-pass"));
    assert_eq!(guard(&policy, &head("OPTIONS", None)).to_json(), golden("guarded-answer"));
}

#[test]
fn what_a_handler_is_told() {
    let input = golden("tell-input");
    let told = |input: &str| {
        let running = Running::read(input, "POST\ns{}\natext/event-stream").unwrap();
        World::silent().run(async |flow| tell(flow, &running).await).answer.unwrap().to_json()
    };
    assert_eq!(told(&input), golden("told-send"));
    assert_eq!(told(&input.replace("true", "false")), golden("told-nothing"));
    assert_eq!(told(&input.replace("0.5", "\"half\"")), golden("told-wrong"));
    assert_eq!(Told::Cancel.to_json(), golden("told-cancel"));
    let asks = input.replace("progress\":{\"progress\":0.5}", "ask\":{\"kind\":\"roots\"}");
    assert_eq!(told(&asks), golden("told-unable"));
    assert_eq!(Told::Lacks(Capabilities::SAMPLING).to_json(), golden("told-fault"));
    assert_eq!(Told::Input(r#"{"method":"roots/list","params":{}}"#.into()).to_json(), golden("told-input"));
    let [send, object] = ["{}".into(), "mailbox:AAAA".into()];
    let request = Told::Request { send, object, tags: ["r1".into(), "call:1".into()], gives_up: "{}".into() };
    assert_eq!(request.to_json(), golden("told-request"));
    let told_reach = Reach { object: "hub:AAAA".into(), tag: "all".into(), message: "{}".into(), cancels: None };
    assert_eq!(Told::Reach(told_reach).to_json(), golden("told-reach"));
    let [object, stream] = ["mailbox:AAAA".into(), "s".into()];
    assert_eq!(Told::Resumable { object, stream }.to_json(), golden("told-resumable"));
    let [object, tag] = ["mailbox:AAAA".into(), "call:1".into()];
    assert_eq!(Told::Watch { object, tag, after: 500 }.to_json(), golden("told-watch"));
    assert_eq!(Told::Answer(r#"{"roots":[]}"#.into()).to_json(), golden("told-answer"));
    assert_eq!(Told::Again("there is no answer".into()).to_json(), golden("told-again"));
    assert_eq!(Told::Refused(r#"{"code":-1,"message":"No."}"#.into()).to_json(), golden("told-refused"));
}

#[test]
fn places() {
    let placed = |head: serde_json::Value| {
        let input = crate::world::head(&head);
        let request = Request::read(&input).unwrap();
        let body = r#"{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":{
            "io.modelcontextprotocol/protocolVersion":"2026-07-28",
            "io.modelcontextprotocol/clientCapabilities":{}}}}"#;
        World::silent().run(async |flow| place(flow, &request, body).await).answer.unwrap().to_json()
    };
    let principal = json!({"method": "POST", "server": {}, "principal": "user:github:1",
                           "protocolVersion": "2026-07-28", "mcpMethod": "tools/list"});
    assert_eq!(placed(principal), golden("placed-object"));
    assert_eq!(placed(json!({"method": "GET", "server": {}})), golden("placed-here"));
    assert_eq!(Place::Ends("AAAA".into()).to_json(), golden("placed-ends"));
    assert_eq!(Place::HereFor("AAAA".into()).to_json(), golden("placed-here-for"));
    let kept = Kept::While(86_400_000, "mailbox:AAAA".into());
    assert_eq!(Place::Object("AAAA".into(), kept).to_json(), golden("placed-object-for-a-while"));
    assert_eq!(placed(json!({"method": "POST", "server": {}, "sessionId": "x"})), golden("placed-answer"));
}

#[test]
fn effects_on_objects() {
    let ask = Ask { object: "subject:AA".into(), call: "redeem", input: r#"{"code":"é"}"#.into() };
    assert_eq!(ask.json(), golden("effect-ask"));
    let rows = Rows { keys: vec!["code:1".into()], prefixes: vec!["grant:".into()] };
    assert_eq!(rows.json(), golden("effect-rows"));
    let tally = Tally { limits: vec![("authorize:1".into(), 120), ("document:\"2".into(), 300)] };
    assert_eq!(tally.json(), golden("effect-tally"));
    let writes = Writes {
        guard: Some(7),
        put: vec![
            ("code:1".into(), r#"{"v":1}"#.into(), Some(1_790_000_000_000)),
            ("grant:1".into(), "{}".into(), None),
        ],
        remove: vec!["code:2".into()],
        bump: vec![("count:1".into(), 1_790_000_000_000)],
    };
    let step = Step::Done { answer: (), commits: vec![Commit::Rows(writes)] };
    assert_eq!(step.json(|()| "null".into()), format!(r#"{{"done":null,"commits":[{}]}}"#, golden("commit-rows")));
    let keep = Commit::Keep { key: "client:1".into(), value: r#"{"v":1}"#.into(), seconds: 86400 };
    let audit = Commit::Audit(r#"{"event":"grant ended"}"#.into());
    let input = r#"{"told":["audit:3"]}"#.into();
    let receipt = Commit::Receipt(Ask { object: "subject:1".into(), call: "told", input });
    let step = Step::Done { answer: (), commits: vec![keep, audit, receipt] };
    let both = [golden("commit-keep"), golden("commit-audit"), golden("commit-receipt")].join(",");
    assert_eq!(step.json(|()| "null".into()), format!(r#"{{"done":null,"commits":[{both}]}}"#));
}
