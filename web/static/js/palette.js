// Ctrl K: one field from which everything can be reached: what can be done with the open ticket, views and desks, any
// ticket by its number, words. A combobox with a listbox: the focus stays in the field, the arrows choose.

import { seek } from "./seek.js";
import { t } from "./texts.js";

const dialog = document.getElementById("anything");
const field = dialog.querySelector("[role=combobox]");
const list = dialog.querySelector("[role=listbox]");
let offered = []; // what each option does, in their order
let at = 0;

export function show() {
  if (dialog.open) return;
  for (const open of document.querySelectorAll(":popover-open")) open.hidePopover();
  field.value = "";
  draw();
  dialog.showModal();
  field.focus();
}

const words = (element) => {
  const copy = element.cloneNode(true);
  for (const aside of copy.querySelectorAll(".num, .key, .face")) aside.remove();
  return (element.getAttribute("aria-label") || copy.textContent.trim() || element.title).replace(/\s+/g, " ");
};
const known = (elements, run, group) =>
  [...elements].map((one) => {
    const label = one.labels?.[0] ?? one;
    return { group, name: words(label), icon: label.querySelector(".icon"), key: key(one), run: () => run(one) };
  });
const key = (one) => one.dataset.key?.replace(/^(Key|Slash)/, (_, kind) => (kind === "Slash" ? "/" : ""));

/** Everything there is now; what is hidden is not offered, unless a sheet hides it. */
function everything() {
  const open = document.getElementById("thread-name")?.textContent;
  const acts = [...document.querySelectorAll("#pane [data-key]")].filter((one) => !one.disabled);
  const places = document.querySelectorAll("#menu a.side-link[href^='/']");
  return [
    ...(open ? known(acts, press, open) : []),
    ...known(places, (link) => link.click(), t("js.palette_go")),
    ...known(document.querySelectorAll("#menu [data-opens]"), (button) => button.click(), t("js.palette_go")),
  ];
}

function press(one) {
  if (one.matches("select")) one.focus();
  else one.click();
  if (one.matches("input[type=radio]")) one.focus();
}

function draw() {
  const typed = field.value.trim();
  const wanted = typed.toLocaleLowerCase().split(/\s+/);
  offered = everything().filter((one) => wanted.every((word) => one.name.toLocaleLowerCase().includes(word)));
  if (typed) {
    const number = /^#?\d{1,12}$/.test(typed);
    const name = number ? t("js.palette_ticket", { number: typed.replace("#", "") }) : t("js.palette_find", { words: typed });
    const icon = document.getElementById("mark-search").content.querySelector(".icon");
    const found = { group: t("js.palette_tickets"), name, icon, run: () => seek(typed, { go: true }) };
    offered = number ? [found, ...offered] : [...offered, found];
  }
  at = 0;
  list.replaceChildren(...grouped());
  choose(0);
}

function grouped() {
  const groups = new Map();
  offered.forEach((one, number) => {
    if (!groups.has(one.group)) groups.set(one.group, group(one.group, groups.size));
    groups.get(one.group).append(option(one, number));
  });
  return [...groups.values()];
}

function group(name, number) {
  const made = document.createElement("div");
  const title = document.createElement("p");
  made.setAttribute("role", "group");
  made.setAttribute("aria-labelledby", `anything-group-${number}`);
  title.id = `anything-group-${number}`;
  title.className = "palette-name";
  title.textContent = name;
  made.append(title);
  return made;
}

function option(one, number) {
  const made = document.createElement("div");
  made.setAttribute("role", "option");
  made.className = "palette-one";
  made.id = `anything-${number}`;
  if (one.icon) made.append(one.icon.cloneNode(true));
  made.append(one.name);
  if (one.key) {
    const mark = document.createElement("kbd");
    mark.className = "key push";
    mark.textContent = one.key;
    made.append(mark);
  }
  return made;
}

function choose(number) {
  at = Math.max(0, Math.min(offered.length - 1, number));
  for (const one of list.querySelectorAll("[role=option]")) one.setAttribute("aria-selected", one.id === `anything-${at}`);
  field.setAttribute("aria-activedescendant", offered.length ? `anything-${at}` : "");
  document.getElementById(`anything-${at}`)?.scrollIntoView({ block: "nearest" });
}

function run(one) {
  dialog.close();
  one?.run();
}

field.addEventListener("input", draw);
field.addEventListener("keydown", (event) => {
  const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8 };
  if (event.isComposing) return;
  if (event.key in steps) {
    event.preventDefault();
    choose(at + steps[event.key]);
  } else if (event.key === "Enter") {
    event.preventDefault();
    run(offered[at]);
  }
});
list.addEventListener("mousedown", (event) => event.preventDefault()); // the focus stays in the field
list.addEventListener("click", (event) => {
  const one = event.target.closest("[role=option]");
  if (one) run(offered[Number(one.id.slice("anything-".length))]);
});
