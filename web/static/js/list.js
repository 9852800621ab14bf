// The list keeps itself as it would be if it were loaded now: after every change it asks for its rows again and puts
// them in place. While somebody points at it or moves through it, nothing changes its place: it says "3 new" and waits.

import { send } from "./http.js";
import { listen } from "./live.js";
import { announce, toast } from "./say.js";
import { begin, refresh } from "./thread.js";
import { t } from "./texts.js";

const list = document.getElementById("list");
const fresh = document.getElementById("list-new");
const line = document.getElementById("line");
const pane = document.getElementById("pane");
const me = list.dataset.agent;
const name = document.title;
const SOONEST = 250;
const COUNTS = 2500; // counts are walked for all at once: a little later than rows
const MINUTE = 60_000;
const BEAT = 12_000; // desk/presence.py forgets after thirty seconds

let query = list.dataset.query;
let lookers = {};
let held = null; // rows that wait until nobody points at the list
let asking = false;
let wanted = 0; // a timer
let countsWanted = 0;
let took = 0;
let asked = 0; // when the last answer came

export const rows = () => document.getElementById("rows");
/** The names of those who stand in the list, or of those who were found while these stand there instead. */
export const links = () => [...(rows().hidden ? document.getElementById("found") : rows()).querySelectorAll(".row-name")];
const touched = () => rows().matches(":hover") || rows().contains(document.activeElement);

// ---- what the server has ----

/** Ask for the rows: at once after a quiet while; else many changes share one question, and a slow server is asked less. */
function soon() {
  countsWanted ||= setTimeout(counts, COUNTS);
  const due = asked + Math.max(SOONEST, took * 20) - performance.now();
  if (asking) again = true; // what comes now is perhaps not in the answer
  else if (!wanted) wanted = setTimeout(ask, Math.max(0, due));
}

let again = false;
async function ask() {
  wanted = 0;
  asking = true;
  const began = performance.now();
  try {
    const answer = await send(`/inbox/rows${query}&open=${opened()}`);
    if (answer.ok) {
      const made = document.createElement("template");
      made.innerHTML = await answer.text();
      take(made.content.querySelector("#rows"));
    } else wanted = setTimeout(ask, 5000);
  } catch { wanted = setTimeout(ask, 5000); } // no connection, though the stream may not know it yet: still owed
  asked = performance.now();
  took = asked - began;
  asking = false;
  if (again) { again = false; soon(); }
}

async function counts() {
  countsWanted = 0;
  const answer = await send("/inbox/counts").catch(() => null);
  if (!answer?.ok) return;
  const { views, queues } = await answer.json();
  const put = (spot, n) => {
    const before = Number(spot.textContent.replace(/\D/g, ""));
    spot.textContent = n.toLocaleString("en-GB");
    return n - before;
  };
  const more = [];
  for (const spot of document.querySelectorAll(".side-link [data-count]")) {
    const grown = put(spot, views[spot.dataset.count] ?? 0);
    if (spot.dataset.count === "danger" && grown > 0) more.danger = true;
  }
  for (const spot of document.querySelectorAll("[data-queue]")) {
    const grown = put(spot, queues[spot.dataset.queue] ?? 0);
    if (grown > 0) more.push([grown, spot.dataset.name]);
  }
  title(views.waiting);
  if (more.length) (await import("./notice.js")).notify(more);
}

function title(n) {
  document.title = n ? `(${n}) ${name}` : name;
}

// ---- rows in place ----

function take(next) {
  const moves = order(next).join() !== order(rows()).join();
  if (moves && touched()) {
    held = next;
    for (const row of next.querySelectorAll(".row")) replace(row.cloneNode(true));
    const known = new Set(order(rows()));
    const n = order(next).filter((id) => !known.has(id)).length;
    fresh.textContent = n ? t("js.new_rows", { n }) : t("js.moved_rows");
    if (fresh.hidden && n) announce(fresh.textContent);
    fresh.hidden = false;
    paint();
    return;
  }
  settle(next);
}

/** All rows as the server has them, keeping the element of every row that stays: focus and scrolling stay with it. */
function settle(next) {
  held = null;
  fresh.hidden = true;
  const active = document.activeElement?.closest?.("#rows .row")?.id;
  const top = rows().scrollTop;
  next.hidden = rows().hidden;
  for (const row of next.querySelectorAll(".row")) {
    const here = document.getElementById(row.id);
    if (here && here.innerHTML === row.innerHTML && here.className === row.className) row.replaceWith(here);
    else if (here) keepChecked(here, row);
  }
  rows().replaceWith(next);
  next.scrollTop = top;
  document.dispatchEvent(new CustomEvent("list:settled"));
  if (active) document.getElementById(active)?.querySelector(".row-name").focus({ preventScroll: true });
  paint();
}

/** A row that changed stays selected. */
function keepChecked(here, row) {
  row.querySelector(".row-check").checked = here.querySelector(".row-check").checked;
}

function replace(row) {
  const here = document.getElementById(row.id);
  if (!here || here.outerHTML === row.outerHTML) return;
  keepChecked(here, row);
  const focused = here.contains(document.activeElement);
  here.replaceWith(row);
  if (focused) row.querySelector(".row-name").focus({ preventScroll: true });
}

const order = (root) => [...root.querySelectorAll(".row")].map((row) => `${row.closest("section").dataset.section}.${row.dataset.ticket}`);

fresh.addEventListener("click", () => {
  if (held) settle(held);
  rows().scrollTop = 0;
  links()[0]?.focus();
});
for (const kind of ["pointerleave", "focusout"]) {
  list.addEventListener(kind, () => setTimeout(() => held && !touched() && settle(held)));
}

// ---- who looks ----

function paint() {
  for (const spot of rows().querySelectorAll("[data-lookers]")) {
    const others = (lookers[spot.closest(".row").dataset.ticket] ?? []).filter(([agent]) => agent !== me);
    const text = others.map(([, who, writes]) => `${who}${writes}`).join();
    if (spot.dataset.lookers === text) continue;
    spot.dataset.lookers = text;
    spot.replaceChildren(...others.slice(0, 2).map(([, who, writes]) => looker(who, writes)));
  }
  const others = (lookers[opened()] ?? []).filter(([agent]) => agent !== me);
  document.getElementById("lookers")?.replaceChildren(...others.map(([, who, writes]) => looker(who, writes)));
}

function looker(who, writes) {
  const made = document.createElement("span");
  made.className = writes ? "looker looker-writing" : "looker";
  const mark = document.getElementById(writes ? "mark-writes" : "mark-looks").content.cloneNode(true);
  const hear = document.createElement("span");
  hear.className = "hear";
  hear.textContent = ` ${writes ? t("js.writes") : t("js.looks")}`;
  made.append(mark, who, hear);
  return made;
}

// ---- opening ----

export const conversation = () => document.getElementById("thread-log") ?? document.getElementById("thread");
const opened = () => location.pathname.split("/")[2] ?? "";

/** Tell colleagues that this ticket is open here, or that it is written in. */
let told = 0;
function here(doing) {
  if (!opened()) return;
  told = doing === "writes" ? Date.now() : 0;
  const body = new URLSearchParams({ doing });
  send(`/inbox/${opened()}/presence`, { method: "POST", body }).catch(() => {});
}
setInterval(() => document.hidden || here(Date.now() - told < BEAT ? "writes" : "looks"), BEAT);
pane.addEventListener("input", () => Date.now() - told > BEAT / 2 && here("writes"));
addEventListener("pagehide", () => {
  const body = new URLSearchParams({ doing: "left", csrf: document.querySelector("meta[name=csrf]").content });
  if (opened()) navigator.sendBeacon(`/inbox/${opened()}/presence`, body);
});

/** Put a conversation into the pane; without this script the link does the same with a whole page. */
export async function open(link, { peek = false } = {}) {
  const answer = await fetch(link.dataset.part, { headers: { "X-Part": "thread" }, credentials: "same-origin" }).catch(() => null);
  if (!answer?.ok) { location.assign(link.href); return; }
  if (opened()) here("left");
  pane.innerHTML = await answer.text();
  window.htmx?.process(pane);
  history.pushState(null, "", link.href);
  document.getElementById("top").classList.add("inbox-open");
  for (const other of links()) other.removeAttribute("aria-current");
  link.setAttribute("aria-current", "true");
  begin();
  here("looks");
  paint();
  if (!peek) conversation()?.focus({ preventScroll: true });
}

/** Back to the list, which is still here. */
export function back() {
  here("left");
  history.pushState(null, "", `/inbox${query}`);
  document.getElementById("top").classList.remove("inbox-open");
  links().find((link) => link.hasAttribute("aria-current"))?.focus();
}
pane.addEventListener("click", (event) => {
  if (!event.target.closest("[data-back]")) return;
  event.preventDefault();
  back();
});
list.addEventListener("click", (event) => {
  const link = event.target.closest(".row-name");
  if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey && event.button === 0) {
    event.preventDefault();
    open(link);
    return;
  }
  const more = event.target.closest("#more[data-longer]");
  if (more) {
    event.preventDefault();
    query = more.dataset.longer.replace(/^[^?]*/, "");
    send(`/inbox/rows${query}&open=${opened()}`).then(async (answer) => {
      const made = document.createElement("template");
      made.innerHTML = await answer.text();
      settle(made.content.querySelector("#rows"));
    });
  }
});
document.addEventListener("thread:gone", (event) => {
  event.preventDefault();
  pane.replaceChildren();
  back();
  toast(t("js.gone"));
});
addEventListener("popstate", () => location.reload());

// ---- the line ----

for (const kind of ["changed", "gone"]) {
  document.addEventListener(`live:${kind}`, ({ detail }) => {
    soon();
    if (detail.tickets.includes(opened())) refresh();
  });
}
document.addEventListener("live:reset", () => {
  soon();
  if (opened()) refresh();
});
document.addEventListener("thread:applied", paint);
document.addEventListener("live:presence", (event) => {
  Object.assign(lookers, event.detail.lookers);
  paint();
});
let telling = 0;
document.addEventListener("live:line", ({ detail }) => {
  clearTimeout(telling);
  if (detail.up) {
    line.hidden = true;
    if (detail.since) { lookers = {}; soon(); }
  } else {
    telling = setTimeout(() => {
      line.textContent = t("js.line_lost", { at: detail.since.toTimeString().slice(0, 5) });
      line.hidden = false;
    }, 3000);
  }
});
// clocks go on; and a snooze may have ended
setInterval(() => document.hidden || soon(), MINUTE);
document.addEventListener("visibilitychange", () => document.hidden || soon());

// ---- filters ----

for (const form of document.querySelectorAll("[data-filters]")) {
  form.querySelector("[data-unless-script]").hidden = true;
  form.addEventListener("change", () => {
    for (const field of form.elements) if (!field.value) field.disabled = true; // a short address
    form.requestSubmit();
  });
}

title(Number(document.querySelector("[data-count=waiting]")?.textContent.replace(/\D/g, "") ?? 0));
countsWanted = setTimeout(counts, COUNTS); // those of the page may be two seconds old
listen(list.dataset.cursor, me);
here("looks");
import("./notice.js"); // after everything else: nobody waits for it
