//! What Rust writes and JavaScript reads.

use mcp_wicket::flow::{
    Ask, Call, Commit, Complete, Completing, Describe, Document, EarlierRounds, Fetch, Flow, FlowError, InputResponse,
    List, Listen, Listening, Load, MessageSource, PlainResult, Reach, ResumedStream, RootKey, Rows, Shortcut, Stencil,
    Step, StoreKeySet, StoredKeySet, Tally, Target, Variable, Verify, VerifyFromInput, Writes,
};
use mcp_wicket::guard::bearer::{Caller, Refusal, TokenInfo, Verification};
use mcp_wicket::guard::no_auth::{GuardInput, guard};
use mcp_wicket::http::Answer;
use mcp_wicket::http::origin::OriginPolicy;
use mcp_wicket::identity::upstream::Profile;
use mcp_wicket::identity::upstream::effect::{CallAllow, CallContext};
use mcp_wicket::jose::algorithm::Algorithm;
use mcp_wicket::json::{Json, Value, write};
use mcp_wicket::mcp::Request;
use mcp_wicket::mcp::handler_messages::{HandlerMessageOutcome, Running, report};
use mcp_wicket::mcp::placement::{Placement, place};
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
    };
    let stencil = Stencil::of(&body, HEAD.find('1').unwrap(), part("1"), part("{}"), None);
    let shortcut = Shortcut::around(HEAD.into(), "}", false).of_results(PlainResult::default(), stencil);
    first_step(NOW, async |flow| {
        assert!(flow.context().is_between(0, NOW) && flow.obtain_by(&call, Some(shortcut.clone())).await.is_ok());
    })
}

#[test]
fn steps() {
    let done = |commits| Step::Done { answer: Answer::empty(202), commits }.json();
    assert_eq!(done(Vec::new()), golden("step-done"));
    assert_eq!(done(vec![store("probe", r#"{"a":1}"#)]), golden("step-done-with-commits"));
    let waits = async |flow: &Flow<'_>| {
        let (described, loaded) = (flow.obtain(&Describe {}), flow.obtain(&Load { key: "a\"b".into() }));
        (described.await.is_ok(), loaded.await.is_ok())
    };
    assert_eq!(step("", waits).json(), golden("step-wait") + "\n");
    assert_eq!(stencilled().json(), golden("step-with-stencil") + "\n" + HEAD);
    assert_eq!(Step::<()>::Entropy.json(), golden("step-entropy"));
    assert_eq!(Step::<()>::Broken(FlowError::Diverged).json(), golden("step-broken"));
}

#[test]
fn every_reason_to_break_has_its_own_words() {
    let all = [
        FlowError::Outcomes,
        FlowError::Diverged,
        FlowError::Shape,
        FlowError::Leftover,
        FlowError::Stuck,
        FlowError::Input,
    ]
    .map(FlowError::reason);
    assert!(all.iter().all(|one| all.iter().filter(|other| *other == one).count() == 1), "{all:?}");
}

#[test]
fn effects() {
    let value = |text| Value::read(text).unwrap();
    assert_eq!(write(&Describe {}), golden("effect-describe"));
    let list = List {
        of: "tools",
        omit: &["icons", "title"],
        rooted: &["outputSchema"],
        after: Some("sub\"tract"),
        request: value("1"),
    };
    assert_eq!(write(&list), golden("effect-list"));
    let bare = List { omit: &[], rooted: &[], after: None, ..list };
    assert_eq!(write(&bare), golden("effect-list-in-batch"));
    let call = Call {
        target: Target::Tool { name: "add", arguments: Some(value(r#"{"a":1.50,"b":[null]}"#)), mirror: true },
        request: value(r#""a\"1""#),
        session: Some("AQ"),
        rounds: None,
    };
    assert_eq!(write(&call), golden("effect-call"));
    let bare = |target| Call { target, request: value("1"), session: None, rounds: None };
    let tool = Target::Tool { name: "add", arguments: None, mirror: false };
    assert_eq!(write(&bare(tool)), golden("effect-call-in-batch"));
    let answered =
        InputResponse { response: Json::from_text(r#"{"action":"cancel"}"#.into()), asked: Some("x".into()) };
    let once = vec![("paid".into(), Json::of(&true))];
    let rounds = EarlierRounds { answers: vec![("name".into(), answered)], once, sealed: true, unspent: None };
    let tool = Target::Tool { name: "add", arguments: None, mirror: false };
    assert_eq!(write(&Call { rounds: Some(&rounds), ..bare(tool) }), golden("effect-call-of-a-later-round"));
    let message = r#"{"id":"r1","result":{}}"#.into();
    let reach = Reach { object: "mailbox:AAAA".into(), tag: "r1".into(), message, cancels: None };
    assert_eq!(write(&reach), golden("effect-reach"));
    assert_eq!(write(&RootKey {}), golden("effect-root-key"));
    let cancels = Reach { cancels: Some(Json::of(&7)), ..reach };
    assert_eq!(write(&cancels), golden("effect-reach-of-a-cancellation"));
    let sources =
        vec![MessageSource { object: "hub:AAAA".into(), tags: vec!["of:1".into(), "all".into()], shared: true }];
    let listen = Listen {
        sources,
        says: vec![("tools".into(), "{}".into())],
        first: Some("{\"a\":1}".into()),
        otherwise: Some("{}".into()),
        resumes: Some(ResumedStream { stream: "s".into(), after: 7 }),
        endpoint: Some("AQ".into()),
    };
    assert_eq!(write(&listen), golden("effect-listen"));
    let prompt = Target::Prompt { name: "greet", arguments: Some(value(r#"{"name":"\u0041"}"#).object().unwrap()) };
    assert_eq!(write(&bare(prompt)), golden("effect-get"));
    let prompt = Target::Prompt { name: "greet", arguments: None };
    assert_eq!(write(&bare(prompt)), golden("effect-get-without-arguments"));
    assert_eq!(
        write(&bare(Target::Resource { uri: "notes://1", template: None, variables: &[] })),
        golden("effect-read")
    );
    let variables = vec![
        ("id".into(), Variable::One("1\"%20".into())),
        ("path".into(), Variable::Many(vec!["a".into(), "b".into()])),
    ];
    let resource = Target::Resource { uri: "notes://1", template: Some("note"), variables: &variables };
    assert_eq!(write(&bare(resource)), golden("effect-read-through-template"));
    let known = Some(value(r#"{"country":"fr"}"#).object().unwrap());
    let complete = Complete { of: Completing::Prompt("greet"), argument: "city", value: "p\"", known, most: 100 };
    assert_eq!(write(&complete), golden("effect-complete"));
    let complete = Complete { of: Completing::Template("notes://{id}"), known: None, ..complete };
    assert_eq!(write(&complete), golden("effect-complete-of-template"));
    assert_eq!(write(&Listening { object: "AAAA".into() }), golden("effect-listening"));
    let fetch = Fetch {
        url: "https://issuer.example/token".into(),
        method: "POST",
        headers: vec![
            ("accept", "application/json".into()),
            ("content-type", "application/x-www-form-urlencoded".into()),
        ],
        body: Some("a=1&b=%22".into()),
        brief: false,
    };
    assert_eq!(write(&fetch), golden("effect-fetch"));
    let url = "https://issuer.example/keys".into();
    let bare = Fetch { url, method: "GET", headers: Vec::new(), body: None, brief: false };
    assert_eq!(write(&bare), golden("effect-fetch-without-body"));
    assert_eq!(write(&Fetch { brief: true, ..bare }), golden("effect-fetch-brief"));
    assert_eq!(write(&Load { key: "client:1".into() }), golden("effect-load"));
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
    let told = whole.whole();
    let context = CallContext { handler: "github", access_token: "gho_\"1", profile: told.value() };
    assert_eq!(write(&context), golden("upstream-context"));
    let least = Profile { id: "1101".into(), ..Profile::default() };
    let told = least.whole();
    assert_eq!(write(&CallAllow { handler: "google", profile: told.value() }), golden("upstream-allow"));
}

#[test]
fn commits() {
    let step = Step::Done { answer: (), commits: vec![store("client:1", "{\"name\":\"é\\n\"}")] };
    let expected = format!(r#"{{"done":null,"commits":[{}]}}"#, golden("commit-store"));
    assert_eq!(step.json(), expected);
}

#[test]
fn what_a_verifier_asks_for() {
    let url = || String::from("https://issuer.example/keys");
    assert_eq!(write(&Document { url: url(), since: None, stale: None }), golden("effect-document"));
    let recent = Document { url: url(), since: Some(1_790_000_000_000), stale: Some(1_789_913_600_000) };
    assert_eq!(write(&recent), golden("effect-document-of-a-copy"));
    let verify = Verify {
        key: r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#,
        import: Algorithm::EdDsa.import(),
        algorithm: Algorithm::EdDsa.verify(),
        signature: "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg",
        signed: "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc",
        name: None,
    };
    assert_eq!(write(&verify), golden("effect-verify"));
    let named = Verify { name: Some("EdDSA.uw1XFYi_9mREQ1ZUcDiCSS".into()), ..verify };
    assert_eq!(write(&named), golden("effect-verify-to-keep"));
    let shown = VerifyFromInput {
        name: "EdDSA.uw1XFYi_9mREQ1ZUcDiCSS".into(),
        algorithm: Algorithm::EdDsa.verify(),
        from: 7,
        dot: 63,
        to: 150,
    };
    assert_eq!(write(&shown), golden("effect-verify-shown"));
    let commits = |set| {
        let remember = Commit::Remember(StoreKeySet { url: url(), tried: 2, set });
        Step::Done { answer: (), commits: vec![remember] }.json()
    };
    let expected = |name| format!(r#"{{"done":null,"commits":[{}]}}"#, golden(name));
    assert_eq!(commits(Some(StoredKeySet { at: 1, text: r#"{"keys":[]}"#.into() })), expected("commit-remember"));
    assert_eq!(commits(None), expected("commit-remember-nothing"));
}

#[test]
fn what_a_verifier_finds() {
    let caller = Caller {
        principal: "user:https%3A//issuer.example:1".into(),
        scopes: vec!["read".into()],
        props: Json::from_text(r#"{"sub":"1"}"#.into()),
        about: Box::new(TokenInfo {
            client: Some("c\"1".into()),
            expires: Some(1_790_000_900),
            resource: Some("https://mcp.example.com/mcp".into()),
        }),
        until: 1_790_000_300_000,
        note: Some("Once."),
    };
    assert_eq!(write(&Verification::Caller(caller)), golden("found-caller"));
    assert_eq!(write(&Verification::refused(Refusal::Token, "expired")), golden("found-refused"));
}

#[test]
fn answers() {
    let answer = Answer::json(200, r#"{"jsonrpc":"2.0","id":1,"result":{}}"#.into()).with("mcp-session-id", "AQ");
    assert_eq!(write(&answer), golden("answer"));
    assert_eq!(write(&Answer::empty(202)), golden("answer-without-body"));
}

#[test]
fn what_a_guard_decides() {
    let head = |method: &str, origin: Option<&str>| GuardInput {
        method: method.to_owned(),
        url: "https://mcp.example.com/mcp".into(),
        methods: "GET, POST".into(),
        origin: origin.map(Into::into),
        bearer: false,
        host: None,
        proxied: false,
        browser: false,
        peer: None,
        requested_headers: Some("content-type".into()),
    };
    let policy = OriginPolicy::default();
    assert_eq!(write(&guard(&policy, &head("POST", Some("https://claude.ai")))), golden("guarded-pass"));
    assert_eq!(write(&guard(&policy, &head("OPTIONS", None))), golden("guarded-answer"));
}

#[test]
fn what_a_handler_is_told() {
    let input = golden("tell-input");
    let told = |input: &str| {
        let head = r#"{"method":"POST","server":{},"accept":"text/event-stream"}"#;
        let running = Running::read(input, head).unwrap();
        write(&World::silent().run(async |flow| report(flow, &running).await).answer.unwrap())
    };
    assert_eq!(told(&input), golden("told-send"));
    assert_eq!(told(&input.replace("true", "false")), golden("told-nothing"));
    assert_eq!(told(&input.replace("0.5", "\"half\"")), golden("told-wrong"));
    assert_eq!(write(&HandlerMessageOutcome::Cancel), golden("told-cancel"));
    let asks = input.replace("progress\":{\"progress\":0.5}", "ask\":{\"kind\":\"roots\"}");
    assert_eq!(told(&asks), golden("told-unable"));
    let requires = asks.replace("ask\":{\"kind\":\"roots\"}", "require\":{\"sampling\":{}}");
    let requires = requires
        .replace("\"progressToken\"", "\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\",\"progressToken\"");
    assert_eq!(told(&requires), golden("told-fault"));
    assert_eq!(
        write(&HandlerMessageOutcome::Input(r#"{"method":"roots/list","params":{}}"#.into())),
        golden("told-input")
    );
    let [send, object] = ["{}".into(), "mailbox:AAAA".into()];
    let request =
        HandlerMessageOutcome::Request { send, object, tags: ["r1".into(), "call:1".into()], gives_up: "{}".into() };
    assert_eq!(write(&request), golden("told-request"));
    let told_reach = Reach { object: "hub:AAAA".into(), tag: "all".into(), message: "{}".into(), cancels: None };
    assert_eq!(write(&HandlerMessageOutcome::Reach(told_reach)), golden("told-reach"));
    let [object, stream] = ["mailbox:AAAA".into(), "s".into()];
    assert_eq!(write(&HandlerMessageOutcome::Resumable { object, stream, retry: 500 }), golden("told-resumable"));
    let [object, tag] = ["mailbox:AAAA".into(), "call:1".into()];
    assert_eq!(write(&HandlerMessageOutcome::Watch { object, tag, after: 500 }), golden("told-watch"));
    assert_eq!(write(&HandlerMessageOutcome::Answer(Json::from_text(r#"{"roots":[]}"#.into()))), golden("told-answer"));
    assert_eq!(write(&HandlerMessageOutcome::Again("the answer is missing".into())), golden("told-again"));
    assert_eq!(
        write(&HandlerMessageOutcome::Refused(Json::from_text(r#"{"code":-1,"message":"No."}"#.into()))),
        golden("told-refused")
    );
}

#[test]
fn places() {
    let placed = |head: serde_json::Value| {
        let input = crate::world::head(&head);
        let request = Request::read(&input).unwrap();
        let body = r#"{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":{
            "io.modelcontextprotocol/protocolVersion":"2026-07-28",
            "io.modelcontextprotocol/clientCapabilities":{}}}}"#;
        write(&World::silent().run(async |flow| place(flow, &request, body).await).answer.unwrap())
    };
    let principal = json!({"method": "POST", "server": {}, "principal": "user:github:1",
                           "protocolVersion": "2026-07-28", "mcpMethod": "tools/list"});
    assert_eq!(placed(principal), golden("placed-object"));
    assert_eq!(placed(json!({"method": "GET", "server": {}})), golden("placed-here"));
    assert_eq!(write(&Placement::Here { ends: Some("AAAA".into()), at: None }), golden("placed-ends"));
    assert_eq!(write(&Placement::Here { at: Some("AAAA".into()), ends: None }), golden("placed-here-for"));
    let [name, mailbox] = ["AAAA".into(), "mailbox:AAAA".into()];
    let object = Placement::Object { name, keeps: Some(86_400_000), mailbox: Some(mailbox) };
    assert_eq!(write(&object), golden("placed-object-for-a-while"));
    assert_eq!(placed(json!({"method": "POST", "server": {}, "sessionId": "x"})), golden("placed-answer"));
}

#[test]
fn effects_on_objects() {
    let ask = Ask::new("subject:AA", "redeem", &serde_json::json!({"code": "é"}));
    assert_eq!(write(&ask), golden("effect-ask"));
    let rows = Rows { keys: vec!["code:1".into()], prefixes: vec!["grant:".into()] };
    assert_eq!(write(&rows), golden("effect-rows"));
    let tally = Tally { limits: vec![("authorize:1".into(), 120), ("document:\"2".into(), 300)] };
    assert_eq!(write(&tally), golden("effect-tally"));
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
    assert_eq!(step.json(), format!(r#"{{"done":null,"commits":[{}]}}"#, golden("commit-rows")));
    let keep = Commit::Keep { key: "client:1".into(), value: r#"{"v":1}"#.into(), seconds: 86400 };
    let audit = Commit::Audit { event: Json::from_text(r#"{"event":"grant ended"}"#.into()) };
    let input = Json::from_text(r#"{"ids":["audit:3"]}"#.into());
    let receipt = Commit::Receipt { object: "subject:1".into(), call: "delivered", input };
    let step = Step::Done { answer: (), commits: vec![keep, audit, receipt] };
    let both = [golden("commit-keep"), golden("commit-audit"), golden("commit-receipt")].join(",");
    assert_eq!(step.json(), format!(r#"{{"done":null,"commits":[{both}]}}"#));
}
