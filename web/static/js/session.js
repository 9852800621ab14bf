// A page that nobody sits at closes itself, on a shared computer above all; before it does it asks.
// What is typed keeps the session awake; what the page does by itself never does.

import { leave, send } from "./http.js";

const idle = Number(document.documentElement.dataset.idle) * 1000;
const dialog = document.getElementById("idle");
const WARNING = 120_000;
const BEAT = Math.min(60_000, idle / 20);
let active = Date.now();
let told = Date.now();

for (const kind of ["keydown", "pointerdown", "wheel"]) {
  addEventListener(kind, () => { active = Date.now(); }, { passive: true, capture: true });
}

dialog.addEventListener("close", () => dialog.returnValue === "kept" || stay());
addEventListener("pageshow", (event) => event.persisted && look());
document.addEventListener("visibilitychange", () => document.hidden || look());
setInterval(beat, BEAT);

async function beat() {
  if (active > told) await stay();
  else if (Date.now() - active > idle - WARNING - 2 * BEAT) await look();
}

/** Somebody is here. */
async function stay() {
  told = Date.now();
  await send("/session", { method: "POST" }).catch(() => {});
}

/** How long is left? Another tab may have kept the session awake; only the server knows. */
async function look() {
  const answer = await send("/session").catch(() => null);
  if (!answer?.ok) {
    if (!answer && Date.now() - active > idle) leave(); // without a server nobody keeps the page from being read
    return;
  }
  const { left } = await answer.json();
  if (left * 1000 > WARNING) dialog.close("kept");
  else if (!dialog.open) {
    dialog.returnValue = "";
    dialog.showModal();
  }
}
