// What is typed is kept on the server a moment later. What could not be kept is tried again until it is.

import { area, form, path } from "./form.js";
import { send } from "./http.js";
import { t } from "./texts.js";

const AFTER = 800;
const AGAIN = 5000;
const due = {};
const OUTLIVES = 10_000; // letters that may still be on their way when the page is gone (a browser's limit is in bytes)
const unsaved = new Map(); // where it goes and as what → what the server has not got yet
const typed = new Map(); // the same → what was kept of it last, since its answer was sent
let saving = Promise.resolve();
let retry = 0;

/** Whether there is something the server could not be told. What is on its way to it outlives the page. */
export const anyUnsaved = () => retry !== 0;
/** Once what is on its way has arrived: an answer must not be overtaken by its own draft. */
export const saved = () => saving;

/** Keep what is written, once the typing pauses. */
export function keepLater(kind) {
  clearTimeout(due[kind]);
  due[kind] = setTimeout(() => keepNow(kind), AFTER);
}

/** Keep it at once, if it is not kept yet. */
export function keepNow(kind) {
  if (!due[kind]) return;
  clearTimeout(due[kind]);
  due[kind] = 0;
  if (!form()) return;
  const body = new FormData(form());
  if (kind === "note") body.set("text", area("note").value);
  keep(path("draft"), kind, body);
}

/** Keep a draft of any ticket. */
export function keep(to, kind, body) {
  body.set("kind", kind);
  unsaved.set(`${to} ${kind}`, { to, body });
  typed.set(`${to} ${kind}`, body);
  saving = saving.then(saveAll);
}

/** It is being sent: what is typed of it so far need not be kept any more. */
export function forget(to, kind) {
  clearTimeout(due[kind]);
  due[kind] = 0;
  unsaved.delete(`${to} ${kind}`);
  typed.delete(`${to} ${kind}`);
  if (unsaved.size) return;
  clearTimeout(retry);
  retry = 0;
}

/** An answer has gone, and its draft with it: what was typed while it was under way is kept anew. */
export function keptSince(to, kind) {
  const body = typed.get(`${to} ${kind}`);
  if (body) keep(to, kind, body);
}

async function saveAll() {
  clearTimeout(retry);
  retry = 0;
  for (const [key, draft] of [...unsaved]) {
    const keepalive = [...draft.body.values()].join("").length < OUTLIVES;
    const answer = await send(draft.to, { method: "POST", body: draft.body, keepalive }).catch(() => null);
    const kept = answer?.status === 204;
    if (!kept && (!answer || answer.status >= 500)) retry = setTimeout(saveAgain, AGAIN);
    else if (unsaved.get(key) === draft) unsaved.delete(key);
    const told = form()?.querySelector("[data-kept]");
    if (told && path("draft") === draft.to) told.textContent = kept ? t("js.draft_kept") : t("js.draft_not_kept");
  }
}

function saveAgain() {
  if (unsaved.size) saving = saving.then(saveAll);
}
addEventListener("online", saveAgain);
addEventListener("pagehide", () => ["reply", "note"].forEach(keepNow));

document.addEventListener("input", (event) => {
  if (event.target === area("text")) keepLater("reply");
  if (event.target === area("note")) keepLater("note");
});
// whoever leaves the field may leave the conversation: nothing typed in the last moment is lost
document.addEventListener("focusout", (event) => {
  if (event.target === area("text")) keepNow("reply");
  if (event.target === area("note")) keepNow("note");
});
