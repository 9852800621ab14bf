// Sending: an answer shows at once and goes out one after the other. What cannot be sent for want of a connection waits
// in this page's memory. Each carries a mark, so that one whose receipt got lost is not said twice.

import * as attach from "./attach.js";
import * as choices from "./choices.js";
import { anyUnsaved, forget, keep, keptSince, saved } from "./drafts.js";
import { area, form, path } from "./form.js";
import { leave } from "./http.js";
import { toast } from "./say.js";
import { t } from "./texts.js";
import { begun, draw, part, ticket } from "./thread.js";

const WAITS = [2000, 5000, 10_000, 30_000];
const MOST_FAILURES = 3; // of a server that fails by itself; one that is away is waited for
const queue = [];
let last = null; // what may still be called back
let [flushing, waiting, tries, failures] = [false, 0, 0, 0];

/** Send what is written in the form, as an answer or as a note. False where there is nothing to send. */
export function submit(isNote) {
  const field = area(isNote ? "note" : "text");
  const files = isNote ? [] : attach.chosen();
  if (!field.value.trim() && !files.length) {
    field.focus();
    return false;
  }
  if (!isNote && !attach.fit()) return false;
  const body = new FormData(form());
  body.set("once", mark());
  attach.add(body, files);
  const said = { ticket: ticket(), to: path(isNote ? "note" : "answer"), body, field: field.name, text: field.value, files, choices: isNote ? [] : choices.taken() };
  said.line = drawn(said, field.lang);
  forget(path("draft"), isNote ? "note" : "reply");
  field.value = "";
  form().querySelector("[data-kept]").textContent = "";
  if (!isNote) [attach, choices].forEach((one) => one.empty());
  queue.push(said);
  stand();
  flush();
  return true;
}

function mark() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** What was written stands in the thread at once, marked as not sent yet. */
function drawn(said, lang) {
  const isNote = said.field === "note";
  const line = document.createElement("li");
  line.className = `msg ${isNote ? "msg-note" : "msg-out"}`;
  line.dataset.pending = "";
  const bubble = document.createElement("div");
  bubble.className = `bubble${isNote ? " bubble-note" : ""}`;
  for (const [kind, text] of [["words", said.text], ...said.files.map((file) => ["file", file.name])]) {
    if (!text.trim()) continue;
    const words = document.createElement("p");
    words.className = kind;
    words.dir = "auto";
    if (kind === "words") words.lang = lang;
    words.textContent = text;
    bubble.append(words);
  }
  const ticks = document.createElement("p");
  ticks.className = "ticks";
  ticks.textContent = t("js.sending");
  line.append(bubble, ticks);
  if (said.files.length) {
    const bar = document.createElement("progress");
    bar.max = 1;
    bar.setAttribute("aria-label", t("js.uploading"));
    ticks.append(bar);
  }
  return line;
}

/** What waits stays at the end of its own conversation, whatever is drawn anew there. */
function stand() {
  for (const said of queue) if (said.ticket === ticket()) document.getElementById("log-items")?.append(said.line);
}

/** One after the other, in the order of writing. The server asks again whether it is safe, and what is newer. */
async function flush() {
  if (flushing) return;
  flushing = true;
  clearTimeout(waiting);
  try {
    await sendAll();
  } finally {
    flushing = false;
    if (queue.length) later();
  }
}

async function sendAll() {
  await saved();
  while (queue.length) {
    const said = queue[0];
    const answer = said.files.length ? await upload(said) : await part(said.to, said.body);
    if (!answer || answer.status >= 500) {
      failures += answer?.status === 500;
      if (failures < MOST_FAILURES) break;
      toast(t("js.failed"));
    }
    [tries, failures] = [0, 0];
    queue.shift();
    said.line.remove();
    if (answer.status < 500) draw(answer, { held: true });
    if (answer.status === 200) last = said.field === "text" ? said : last;
    else giveBack([said, ...after(said)]);
    if (answer.status === 200) keptSince(said.to.replace(/(answer|note)$/, "draft"), said.field === "note" ? "note" : "reply");
  }
}

/** The same with files: how far it is shows in its line. */
function upload(said) {
  const asked = begun();
  return new Promise((done) => {
    const request = new XMLHttpRequest();
    request.open("POST", said.to);
    request.setRequestHeader("X-Part", "1");
    request.setRequestHeader("X-CSRF-Token", document.querySelector("meta[name=csrf]").content);
    request.upload.addEventListener("progress", (event) => { said.line.querySelector("progress").value = event.loaded / event.total; });
    request.addEventListener("load", () => {
      if (request.status === 401) leave();
      done({ status: request.status, html: request.responseText, asked });
    });
    for (const end of ["error", "abort", "timeout"]) request.addEventListener(end, () => done(null));
    request.send(said.body);
  });
}

/** What was written to the same person after an answer that was held: it is not sent past it. */
function after(said) {
  const later = queue.filter((one) => one.ticket === said.ticket && one.field === said.field);
  queue.splice(0, queue.length, ...queue.filter((one) => !later.includes(one)));
  return later;
}

/** Words that were refused come back to be changed, to the conversation they belong to and to no other. */
function giveBack(those) {
  const [{ ticket: whose, field: name, to, body }] = those;
  for (const said of those) said.line.remove();
  for (const said of those) give(said);
  const text = those.map((said) => said.text).join("\n");
  const field = whose === ticket() ? area(name) : null;
  if (field) {
    if (!field.value.includes(text)) field.value = [text, field.value].filter((words) => words.trim()).join("\n");
    field.dispatchEvent(new Event("input", { bubbles: true }));
    return;
  }
  body.set("text", text);
  body.delete("files");
  keep(to.replace(/(answer|note)$/, "draft"), name === "note" ? "note" : "reply", body);
  toast(t("js.kept_there"), { seconds: 20 });
}

/** Files and quick replies come back with their words. */
function give(said) {
  attach.give(said.ticket, said.files);
  choices.give(said.ticket, said.choices);
}

function later() {
  const told = form()?.querySelector("[data-kept]");
  if (told) told.textContent = t("js.queued", { count: queue.length });
  waiting = setTimeout(flush, WAITS[Math.min(tries++, WAITS.length - 1)]);
}
addEventListener("online", () => queue.length && flush());
addEventListener("beforeunload", (event) => (queue.length || anyUnsaved() || attach.any()) && event.preventDefault());

let typed = ""; // since an answer was sent that is called back now
document.addEventListener("thread:acting", ({ detail: { act, to, body } }) => {
  typed = area("text")?.value ?? "";
  if (!act.matches("[data-held-send]") || !to.endsWith("/answer")) return;
  attach.add(body, attach.chosen()); // with all that belongs to it
  for (const label of choices.taken()) body.append("choice", label);
});
document.addEventListener("thread:acted", ({ detail: { act, to, status } }) => {
  if (act.matches("[data-held-send]") && to.endsWith("/answer") && status === 200) [attach, choices].forEach((one) => one.empty());
  if (!act.matches("[data-undo]")) return;
  const field = area("text");
  if (status === 200 && last?.ticket === ticket()) give(last);
  if (field && typed.trim() && !field.value.includes(typed)) {
    field.value = [field.value, typed].filter((words) => words.trim()).join("\n");
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }
  last = null;
});
document.addEventListener("thread:applied", stand);
