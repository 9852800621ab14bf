// @ in a note completes the names of colleagues, who are called by it.

import { area, form } from "./form.js";
import { announce } from "./say.js";
import { t } from "./texts.js";

const LONGEST = 30;
const MOST = 6;
let chosen = 0;
let from = -1; // where the @ stands

const list = () => form()?.querySelector("[data-colleagues]");
const names = () => JSON.parse(list()?.dataset.colleagues ?? "[]");
const open = () => Boolean(list()) && !list().hidden;

/** What stands between an @ and the cursor; null where there is none. */
function asked(field) {
  const before = field.value.slice(0, field.selectionStart);
  const at = before.lastIndexOf("@");
  if (at < 0 || before.length - at > LONGEST || (at > 0 && !/\s|[(\[]/u.test(before[at - 1]))) return null;
  const text = before.slice(at + 1);
  return /[\n@]/.test(text) ? null : { at, text: text.toLocaleLowerCase() };
}

function look() {
  const field = area("note");
  const found = field && document.activeElement === field ? asked(field) : null;
  const fits = found ? names().filter((name) => begins(name.toLocaleLowerCase(), found.text)).slice(0, MOST) : [];
  if (!fits.length) return close();
  from = found.at;
  chosen = 0;
  list().replaceChildren(...fits.map(option));
  if (list().hidden) announce(t("js.colleagues", { count: fits.length }));
  list().hidden = false;
  point();
}

const begins = (name, text) => name.startsWith(text) || name.split(/\s+/).some((word) => word.startsWith(text));

function option(name, index) {
  const made = document.createElement("li");
  made.id = `colleague-${index}`;
  made.setAttribute("role", "option");
  made.dir = "auto";
  made.textContent = name;
  return made;
}

function point() {
  const all = [...list().children];
  all.forEach((one, index) => one.setAttribute("aria-selected", String(index === chosen)));
  all[chosen].scrollIntoView({ block: "nearest" });
  area("note").setAttribute("aria-activedescendant", all[chosen].id);
}

function close() {
  if (!list()) return;
  list().hidden = true;
  list().replaceChildren();
  area("note").removeAttribute("aria-activedescendant");
}

function put(name) {
  const field = area("note");
  field.setRangeText(`@${name} `, from, field.selectionStart, "end");
  close();
  field.focus();
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

document.addEventListener("input", (event) => event.target === area("note") && look());
document.addEventListener("focusout", (event) => event.target === area("note") && close());
document.addEventListener("mousedown", (event) => {
  const one = event.target.closest("[data-colleagues] [role=option]");
  if (!one) return;
  event.preventDefault(); // the focus stays in the note
  put(one.textContent);
});
// before anybody else hears of the key
document.addEventListener("keydown", (event) => {
  if (event.target !== area("note") || !open() || event.isComposing || event.ctrlKey || event.metaKey) return;
  const all = [...list().children];
  const act = {
    ArrowDown: () => { chosen = (chosen + 1) % all.length; point(); },
    ArrowUp: () => { chosen = (chosen + all.length - 1) % all.length; point(); },
    Enter: () => put(all[chosen].textContent),
    Tab: () => put(all[chosen].textContent),
    Escape: close,
  }[event.key];
  if (!act) return;
  event.preventDefault();
  event.stopPropagation();
  act();
}, true);
