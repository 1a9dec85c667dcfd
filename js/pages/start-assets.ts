/**
 * The style and the script of the start page. Their hashes are part of its content security policy, and a test checks
 * them.
 */
import { startStyle } from "./style.js";

export const STYLE =
  startStyle(`.copy { display: flex; flex-wrap: wrap; align-items: start; gap: .5rem; margin: .6rem 0; padding: .6rem; border: 1px solid var(--line); border-radius: var(--radius); background: var(--box) }
.copy pre { flex: 1 1 12rem; min-width: 0 }
.copy button { margin-left: auto }
`);

export const STYLE_HASH = "sha256-hEW0HYboHlyefXNy8MWoF73THYFFGhjsNMyTJm9+rk0=";

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
