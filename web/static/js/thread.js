// The conversation: acts happen in place, new words join the log, and nothing that is being read or typed is torn away.

import { send } from "./http.js";
import { revealed, wire } from "./identity.js";
import { onKey } from "./keys.js";
import { announce, toast } from "./say.js";
import "./strip.js";
import { t } from "./texts.js";

const PART = { "X-Part": "1" };
const BY_ITSELF = { "X-By-Itself": "1" }; // nobody pressed anything: it keeps no session alive, and nobody has read it
const thread = () => document.getElementById("thread");
const log = () => document.getElementById("thread-log");
/** Whose conversation stands here; undefined where none does. */
export const ticket = () => thread()?.dataset.ticket;

let turn = 0;
let shown = 0; // the turn of what stands here

/** Ask our own server for a part of the page, or send it a form. Null where there is no connection, or it broke. */
export async function part(path, body = null, headers = {}) {
  const asked = ++turn;
  try {
    const answer = await send(path, { method: body ? "POST" : "GET", body, headers: { ...PART, ...headers } });
    return { status: answer.status, html: await answer.text(), asked };
  } catch {
    return null;
  }
}

/** Put what the server drew in place of what stands here: part by part, and the log line by line. */
export function apply(html, { composer = false, held = composer } = {}) {
  const made = document.createElement("template");
  made.innerHTML = html;
  const fresh = made.content.querySelector("#thread");
  if (!fresh || fresh.dataset.ticket !== ticket()) return false;
  const focused = place(document.activeElement);
  const atEnd = isAtEnd();
  const seen = document.querySelector("[data-last-seen]")?.value ?? "";
  for (const now of made.content.querySelectorAll("[data-part]")) {
    if (now.id === "card" && !now.dataset.masksAfter && revealed()) continue; // shown for its minute, whatever happens
    // what is being written stays, and what was held stays until something became of it
    const old = document.getElementById(now.id);
    if (({ composer, held }[now.dataset.part] ?? true) === false && now.dataset.fresh !== "yes" && !(now.dataset.part === "composer" && changed(old, now))) continue;
    if (old && old.outerHTML !== now.outerHTML && !(now.dataset.part === "sheets" && old.querySelector(":popover-open"))) old.replaceWith(now);
  }
  joinLog(fresh.querySelector("#log-items"));
  thread().dataset.newest = fresh.dataset.seen;
  if (atEnd) markSeen();
  else {
    sawUpTo(seen); // parts that were drawn anew know more than anybody has seen
    announce(t("js.new_below"));
  }
  if (focused && document.activeElement === document.body) (document.querySelector(focused) ?? log()).focus();
  wire();
  document.dispatchEvent(new CustomEvent("thread:applied"));
  return true;
}

/** How to find what has the focus once its part was drawn anew; empty outside the conversation. */
function place(one) {
  if (!one?.closest("#thread, #card")) return "";
  if (one.id) return `#${CSS.escape(one.id)}`;
  const { key } = one.dataset;
  return key ? `:is(#thread, #card) [data-key="${key}"]` : "#thread-log";
}

/** Whether there is something to write in now where there was not, or the other way, with nothing written in it. */
function changed(old, now) {
  const [was, is] = [old, now].map((one) => Boolean(one?.querySelector("form")));
  return Boolean(old) && was !== is && ![...old.querySelectorAll("textarea")].some((field) => field.value.trim());
}

/** Whether somebody is in the middle of listening to it. */
const plays = (line) => [...line.querySelectorAll("audio, video")].some((one) => one.currentTime > 0 && !one.ended);

/** Lines are known by their id. One that changed is replaced, unless somebody writes in it; earlier ones stay. */
function joinLog(fresh) {
  const old = document.getElementById("log-items");
  if (!fresh || !old) return;
  old.querySelector("#unanswered")?.remove(); // it moves on with what waits: new words would follow it to its old place
  const here = new Map([...old.children].filter((line) => line.id).map((line) => [line.id, line]));
  const kept = new Set([...fresh.children].map((line) => line.id));
  let after = null;
  for (const line of [...fresh.children]) {
    const known = here.get(line.id);
    if (line.id === "log-before" && here.size > fresh.children.length) continue;
    if (known) {
      if (known.outerHTML !== line.outerHTML && !known.contains(document.activeElement) && !known.querySelector("details[open]") && !plays(known)) known.replaceWith(line);
      after = document.getElementById(line.id);
    } else {
      if (after) after.after(line);
      else old.prepend(line);
      after = line;
    }
  }
  const first = fresh.querySelector("[id^='m-']")?.id;
  let later = false;
  for (const line of [...old.children]) {
    later ||= line.id === first;
    if (line.dataset.pending === undefined && later && !kept.has(line.id)) line.remove();
  }
}

// the log is turned round: its newest words are at 0
const isAtEnd = () => !document.hidden && Math.abs(log()?.scrollTop ?? 0) < 40;

/** What stands before the agent's eyes is what an answer has seen; words below the fold are not. */
function markSeen() {
  const seen = thread()?.dataset.newest;
  if (seen) sawUpTo(seen);
}

function sawUpTo(message) {
  for (const field of document.querySelectorAll("[data-last-seen]")) field.value = message;
}

let owed = 0;
let unseen = false; // something changed while nobody could look at it
/** The conversation as it now is: for the live feed. Without a connection it is asked for again. */
export async function refresh() {
  clearTimeout(owed);
  if (!ticket()) return;
  unseen = document.hidden; // what nobody has before their eyes is not read
  if (unseen) return;
  const whose = ticket();
  const answer = await part(`/inbox/${whose}/thread${thread().dataset.whole ? "?whole" : ""}`, null, BY_ITSELF);
  if (whose !== ticket()) return;
  if (answer?.status === 404) { // it is with another organisation now
    if (document.dispatchEvent(new CustomEvent("thread:gone", { cancelable: true }))) location.replace("/inbox");
    return;
  }
  if (answer?.status === 200 && answer.asked < shown) return refresh(); // what came meanwhile knows more
  if (answer?.status === 200) draw(answer);
  else if (!answer || answer.status >= 500) owed = setTimeout(refresh, 5000);
}

/** A request begins that is made elsewhere: its turn. */
export const begun = () => ++turn;

/** Put an answer of the server in its place. What was asked for after it and came sooner is asked for again. */
export function draw(answer, how) {
  const overtaken = answer.asked < shown;
  shown = Math.max(shown, answer.asked);
  const done = apply(answer.html, how);
  if (done && overtaken) refresh();
  return done;
}

document.addEventListener("thread:stale", refresh);
addEventListener("pageshow", (event) => event.persisted && refresh());

// a sheet that opens has the focus, also where a key opened it and no button was pressed
document.addEventListener("toggle", (event) => {
  const sheet = event.target;
  if (event.newState !== "open" || !sheet.matches?.(".sheet[popover]") || sheet.contains(document.activeElement)) return;
  sheet.querySelector(".sheet-body :is(input:not([type=hidden]), select, textarea, button:not(.enter), a[href])")?.focus();
}, true);

document.addEventListener("submit", async (event) => {
  const form = event.target.closest("form[data-act]");
  if (!form) return;
  event.preventDefault();
  const body = new FormData(form, event.submitter);
  const to = event.submitter?.getAttribute("formaction") ?? form.getAttribute("action");
  const sheet = form.closest("[popover]");
  if (form.dataset.busy) return; // a second press is no second act
  form.dataset.busy = "yes";
  document.dispatchEvent(new CustomEvent("thread:acting", { detail: { act: form, to, body } }));
  const answer = await part(to, body);
  delete form.dataset.busy;
  if (!answer) return sheet ? complain(sheet, t("js.offline")) : toast(t("js.offline"));
  if (sheet && answer.status < 400) sheet.hidePopover();
  const line = answer.status < 400 && form.closest("#log-items > li");
  if (line) release(line);
  if (!draw(answer, { composer: form.dataset.fresh !== undefined })) sheet ? complain(sheet, t("js.failed")) : toast(t("js.failed"));
  else if (answer.status >= 400) {
    const told = document.querySelector("#thread-notice .banner, .held .banner");
    if (sheet?.matches(":popover-open") && told) complain(sheet, told.innerText.trim());
    else told?.scrollIntoView({ block: "nearest" });
  }
  document.dispatchEvent(new CustomEvent("thread:acted", { detail: { act: form, to, status: answer.status } }));
});

/** What was done in a line is shown in it: nobody writes there any more. */
function release(line) {
  for (const open of line.querySelectorAll("details[open]")) open.open = false;
  if (line.contains(document.activeElement)) log().focus({ preventScroll: true });
}

/** What was typed into a sheet stays there, with the reason above it, until it is right or put away. */
function complain(sheet, words) {
  const body = sheet.querySelector(".sheet-body");
  const line = body.querySelector(":scope > .wrong") ?? document.createElement("p");
  line.className = "wrong";
  line.setAttribute("role", "alert");
  line.textContent = words;
  body.prepend(line);
  line.scrollIntoView({ block: "nearest" });
  sheet.addEventListener("toggle", (event) => event.newState === "closed" && refresh(), { once: true });
}

document.addEventListener("click", async (event) => {
  const all = event.target.closest("a[data-whole]");
  if (all) {
    event.preventDefault();
    thread().dataset.whole = "yes";
    document.getElementById("log-before").remove();
    return refresh();
  }
  const earlier = event.target.closest("[data-earlier]");
  if (!earlier) return;
  event.preventDefault();
  const answer = await part(earlier.getAttribute("href"));
  if (answer?.status !== 200) return toast(t("js.offline"));
  const line = earlier.closest("li");
  const made = document.createElement("template");
  made.innerHTML = answer.html;
  const days = new Set([...made.content.children].map((one) => one.id));
  for (const one of document.querySelectorAll("#log-items > .day")) if (one !== line && days.has(one.id)) one.remove();
  line.replaceWith(...made.content.children);
});

// a voice note that was played to its end has been heard
document.addEventListener("ended", (event) => {
  const id = event.target.dataset?.heard;
  if (!id) return;
  const body = new FormData();
  body.set("attachment", id);
  part(`/inbox/${ticket()}/heard`, body).then((answer) => answer?.status === 200 && draw(answer));
}, true);

document.addEventListener("scroll", (event) => event.target === log() && isAtEnd() && markSeen(), { passive: true, capture: true });
document.addEventListener("visibilitychange", () => {
  if (isAtEnd()) markSeen();
  if (unseen) refresh();
});

// an act is done with what is selected in the list, where that is, else with the conversation
for (const code of ["KeyT", "KeyA", "KeyG", "KeyS", "KeyL", "KeyU", "KeyB", "KeyE", "KeyZ", "Slash"]) {
  const several = `.list:has(.row-check:checked) .bulk [data-key=${code}]`;
  onKey(code, () => (document.querySelector(several) ?? document.querySelector(`:not(.bulk) > [data-key=${code}]`))?.click());
}
const last = (selector) => [...document.querySelectorAll(`#log-items ${selector}`)].at(-1);
onKey("KeyP", () => { const one = last("[data-heard]"); if (one) one.paused ? one.play() : one.pause(); });
onKey("KeyW", () => { const one = last("details.original"); if (one) one.open = !one.open; });
onKey("KeyY", () => { const one = last("details.add"); if (one) { one.open = true; one.querySelector("textarea").focus(); } });
onKey("KeyF", () => {
  const field = document.querySelector("[data-seek] input[type=search]");
  if (field) field.select();
  else location.assign("/find");
});
document.addEventListener("keydown", async (event) => {
  if (!(event.ctrlKey || event.metaKey) || event.shiftKey || event.altKey || event.code !== "KeyK") return;
  event.preventDefault();
  if (document.getElementById("anything")) (await import("./palette.js")).show();
  else location.assign("/find");
});

/** A conversation stands here that did not before. */
export function begin() {
  if (!ticket()) return;
  import("./composer.js"); // once
  thread().dataset.newest = thread().dataset.seen;
  [shown, unseen] = [begun(), false];
  wire();
  document.dispatchEvent(new CustomEvent("thread:applied"));
}
begin();
addEventListener("load", () => import("./composer.js")); // a list alone needs none yet: after everything else
