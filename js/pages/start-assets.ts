/** The style and the script of the start page. Their hashes stand in its content security policy, and a test checks them. */

export const STYLE = `
:root { color-scheme: light dark; --page: #fff; --text: #1b1b1f; --soft: #55555e; --box: #f3f3f6; --line: #767680; --accent: #0b57d0; --warn: #fff4d6 }
@media (prefers-color-scheme: dark) {
  :root { --page: #17171b; --text: #ececf1; --soft: #b4b4bf; --box: #24242a; --line: #8c8c97; --accent: #9dc3ff; --warn: #3a3012 }
}
* { box-sizing: border-box }
body { margin: 0 auto; padding: 2rem 1rem 4rem; max-width: 44rem; background: var(--page); color: var(--text); font: 1rem/1.55 system-ui, sans-serif }
h1 { margin: 0; font-size: 1.9rem; line-height: 1.2 }
h2 { margin: 2.2rem 0 .4rem; font-size: 1.15rem }
h1, p, pre { overflow-wrap: anywhere }
p { margin: .5rem 0 }
.soft { color: var(--soft) }
.note { padding: .7rem 1rem; border: 1px solid var(--line); border-radius: .5rem; background: var(--warn) }
.copy { display: flex; flex-wrap: wrap; align-items: start; gap: .5rem; margin: .6rem 0; padding: .6rem; border: 1px solid var(--line); border-radius: .5rem; background: var(--box) }
pre { flex: 1 1 12rem; min-width: 0; margin: 0; padding: .25rem; white-space: pre-wrap; font: .9rem/1.5 ui-monospace, monospace }
button { min-width: 5rem; min-height: 2rem; margin-left: auto; border: 1px solid var(--accent); border-radius: .4rem; background: var(--page); color: var(--accent); font: inherit; cursor: pointer }
a { display: inline-block; padding: .2rem 0; color: var(--accent) }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap }
`;

export const STYLE_HASH = "sha256-wt7iphUjBD7ZFe3Ab4U5bqXA7Ys838083Plr+eZOB8g=";

export const SCRIPT = `
const status = document.querySelector("[role=status]");
for (const button of document.querySelectorAll("button")) {
  const [label, what] = button.childNodes;
  const text = button.previousElementSibling;
  const say = (done, hint = "") => {
    label.data = done;
    status.textContent = done + what.textContent + hint;
    setTimeout(() => { label.data = "Copy" }, 3000);
  };
  button.hidden = false;
  button.onclick = () => {
    status.textContent = "";
    navigator.clipboard.writeText(text.textContent).then(() => say("Copied"), () => {
      getSelection().selectAllChildren(text);
      say("Selected", ". Copy it with your keyboard.");
    });
  };
}
`;

export const SCRIPT_HASH = "sha256-Cik+pCLAA6JCuLsAHRX274OORgQeLe0kpSc5hz+SdmQ=";
