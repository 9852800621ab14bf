// Writing: what fits is counted as one types, drafts are kept on the server, an answer shows at once and can be called
// back. What cannot be sent for want of a connection waits in this page's memory, never in the browser's storage: on a
// shared computer nothing readable may stay.

import { onKey } from "./keys.js";
import { send } from "./http.js";
import { t } from "./texts.js";
import { apply, part } from "./thread.js";

const DRAFT_AFTER = 800;
const WAITS = [2000, 5000, 10_000, 30_000];
// the short alphabet of text messages (3GPP TS 23.038); letters of its extension count twice
const GSM = new Set("@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà");
const TWICE = new Set("\f^{}\\[~]|€");
const queue = [];

const form = () => document.querySelector("form[data-composer]");
const area = (name) => form()?.elements[name];
const way = () => area("to")?.selectedOptions[0];
const path = (what) => form().getAttribute("action").replace(/answer$/, what);

/** How a text goes out as text messages: parts, and letters left in the last. */
export function segments(text) {
  const short = [...text].every((letter) => GSM.has(letter) || TWICE.has(letter));
  const size = (letter) => (short ? (TWICE.has(letter) ? 2 : 1) : letter.length);
  const [alone, each] = short ? [160, 153] : [70, 67];
  const units = [...text].reduce((sum, letter) => sum + size(letter), 0);
  if (units <= alone) return { count: text ? 1 : 0, left: alone - units };
  let [count, room] = [1, each];
  for (const letter of text) {
    if (size(letter) > room) [count, room] = [count + 1, each];
    room -= size(letter);
  }
  return { count, left: room };
}

function show() {
  if (!form()) return;
  const { unit, most, hint, why } = way()?.dataset ?? { unit: "characters", most: 0, hint: "", why: "" };
  form().querySelector("[data-shows=hint]").textContent = hint;
  const stop = form().querySelector("[data-shows=why]");
  stop.hidden = !why;
  if (why) stop.textContent = why;
  form().querySelector("[data-count]").textContent = counted(area("text").value, unit, Number(most));
}

function counted(text, unit, most) {
  if (!text || !most) return "";
  if (unit === "segments") {
    const { count, left } = segments(text);
    return t("js.segments", { count, most, left }) + (count > most ? `, ${t("js.too_long", { count: Math.ceil(count / most) })}` : "");
  }
  const length = unit === "utf16" ? text.length : [...text].length;
  return length > most ? t("js.too_long", { count: Math.ceil(length / most) }) : "";
}

// Drafts

const due = {};
function keepLater(kind) {
  clearTimeout(due[kind]);
  due[kind] = setTimeout(() => keep(kind), DRAFT_AFTER);
}

function draftOf(kind) {
  const body = new FormData(form());
  body.set("kind", kind);
  if (kind === "note") body.set("text", area("note").value);
  return body;
}

async function keep(kind) {
  if (!form()) return;
  const answer = await send(path("draft"), { method: "POST", body: draftOf(kind) }).catch(() => null);
  const told = form()?.querySelector("[data-kept]");
  if (told) told.textContent = answer?.status === 204 ? t("js.draft_kept") : t("js.draft_not_kept");
}

document.addEventListener("input", (event) => {
  if (!event.target.closest("form[data-composer]")) return;
  show();
  if (event.target === area("text")) keepLater("reply");
  if (event.target === area("note")) keepLater("note");
});
document.addEventListener("change", (event) => {
  if (event.target === area("language")) area("text").lang = event.target.value;
  if (event.target.name === "write") area(event.target.value === "note" ? "note" : "text").focus();
  show();
});

// Sending

document.addEventListener("submit", (event) => {
  if (event.target !== form()) return;
  event.preventDefault();
  const isNote = event.submitter?.hasAttribute("formaction") ?? area("write").value === "note";
  const field = area(isNote ? "note" : "text");
  if (!field.value.trim()) return field.focus();
  clearTimeout(due[isNote ? "note" : "reply"]);
  const said = { to: path(isNote ? "note" : "answer"), body: new FormData(form()), line: pending(field, isNote), field: field.name };
  field.value = "";
  show();
  queue.push(said);
  if (queue.length === 1) flush();
  else offline();
});

/** What was written stands in the thread at once, marked as not sent yet. */
function pending(field, isNote) {
  const line = document.createElement("li");
  line.className = `msg ${isNote ? "msg-note" : "msg-out"}`;
  line.dataset.pending = "";
  const bubble = document.createElement("div");
  bubble.className = `bubble${isNote ? " bubble-note" : ""}`;
  const words = document.createElement("p");
  words.className = "words";
  words.dir = "auto";
  words.lang = field.lang;
  words.textContent = field.value;
  const ticks = document.createElement("p");
  ticks.className = "ticks";
  ticks.textContent = t("js.sending");
  bubble.append(words);
  line.append(bubble, ticks);
  document.getElementById("log-items").append(line);
  return line;
}

let tries = 0;
/** One after the other, in the order of writing. The server asks again whether it is safe, and what is newer. */
async function flush() {
  while (queue.length) {
    const said = queue[0];
    const answer = await part(said.to, said.body);
    if (!answer || answer.status >= 500) return offline();
    tries = 0;
    queue.shift();
    said.line.remove();
    if (!apply(answer.html, { composer: answer.status !== 200 || said.field === "text" }) || answer.status === 422) giveBack(said);
    if (answer.status !== 200 && queue.length) return holdRest();
  }
  form()?.querySelector("[data-offline]")?.remove();
  show();
}

/** An answer that was refused comes back to be changed; what was written after it is not sent past it. */
function giveBack(said) {
  const field = area(said.field);
  if (field && !field.value) field.value = said.body.get(said.field);
}
function holdRest() {
  for (const said of queue.splice(0)) {
    said.line.remove();
    const field = area(said.field);
    if (field) field.value = [field.value, said.body.get(said.field)].filter(Boolean).join("\n");
  }
}

function offline() {
  const told = form()?.querySelector("[data-kept]");
  if (told && (tries || !navigator.onLine)) told.textContent = t("js.queued", { count: queue.length });
  if (queue.length) setTimeout(flush, WAITS[Math.min(tries++, WAITS.length - 1)]);
}
addEventListener("online", () => queue.length && flush());
addEventListener("beforeunload", (event) => queue.length && event.preventDefault());

// Kept answers, and the answer that was held

document.addEventListener("click", (event) => {
  const says = event.target.closest("[data-says]");
  if (says) {
    const field = area("text");
    field.setRangeText(says.dataset.says, field.selectionStart, field.selectionEnd, "end");
    if (says.dataset.language) [area("language").value, field.lang] = [says.dataset.language, says.dataset.language];
    says.closest("[popover]")?.hidePopover();
    field.focus();
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }
  if (event.target.closest("[data-edit]")) {
    event.target.closest(".held").remove();
    area("text").focus();
  }
});
document.addEventListener("toggle", async (event) => {
  const where = event.target.dataset?.canned;
  if (!where || event.newState !== "open") return;
  const answer = await part(where);
  if (answer?.status === 200) event.target.querySelector(".sheet-body").innerHTML = answer.html;
  event.target.querySelector("[data-says]")?.focus();
}, true);

// Undo

let counting = 0;
function countDown() {
  clearInterval(counting);
  const bar = document.querySelector("[data-undo]");
  if (!bar) return;
  const ends = Date.now() + Number(bar.dataset.undo) * 1000;
  counting = setInterval(() => {
    const left = Math.ceil((ends - Date.now()) / 1000);
    if (left <= 0 || !bar.isConnected) {
      bar.remove();
      return clearInterval(counting);
    }
    bar.querySelector("progress").value = left;
    bar.querySelector("[data-undo-text]").textContent = t("js.undo_in", { count: left });
  }, 250);
}

document.addEventListener("thread:applied", () => { countDown(); show(); });
onKey("KeyR", () => { document.getElementById("write-reply")?.click(); area("text")?.focus(); });
onKey("KeyN", () => { document.getElementById("write-note")?.click(); area("note")?.focus(); });
onKey("KeyH", () => area("to")?.focus());
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.isComposing) return;
  if (event.target === area("text") || event.target === area("note")) {
    const note = event.target === area("note");
    form().requestSubmit(form().querySelector(note ? "[formaction]" : "[data-send]"));
  }
});
countDown();
show();
