// Files that go with an answer: chosen, pasted or dropped; checked against the channel before anything is tried.

import { PerTicket, area, form, way } from "./form.js";
import { announce } from "./say.js";
import { t } from "./texts.js";
import { ticket } from "./thread.js";

const kept = new PerTicket();
const REMADE = new Set(["image", "audio"]); // the server makes them small enough for every channel
const MB = 1 << 20;
const drawn = new WeakMap();

/** The files that go with the answer that is being written. */
export const chosen = () => kept.get(ticket());
/** Whether there are any, in whichever conversation. */
export const any = () => kept.size > 0;

/** Put files into what is sent. */
export function add(body, files) {
  for (const file of files) body.append("files", file, file.name);
}

/** They have gone. */
export function empty() {
  kept.set(ticket(), []);
  draw();
}

/** They come back with words that were not sent. */
export function give(whose, files) {
  kept.set(whose, [...files.filter((file) => !kept.get(whose).includes(file)), ...kept.get(whose)]);
  draw();
}

/** Add what was just chosen, and say what cannot go. */
export function take(files) {
  if (!form() || !files.length) return;
  kept.set(ticket(), [...chosen(), ...files]);
  draw();
  announce(t("js.attached", { count: chosen().length }));
}

/** Whether all of them can go on the way that is chosen; else it says why not. */
export function fit() {
  const why = wrong();
  draw();
  if (why) form().querySelector("[data-file-wrong]").scrollIntoView({ block: "nearest" });
  return !why;
}

/** What is in the way, in a sentence; empty where nothing is. */
function wrong() {
  const files = chosen();
  const carries = JSON.parse(way()?.dataset.carries ?? "{}");
  const { largest, most } = form().dataset;
  if (files.length > Number(most)) return t("js.too_many_files", { most });
  for (const file of files) {
    const kind = kindOf(file);
    if (!(kind in carries)) return t("js.not_on_channel", { name: file.name, on: way()?.dataset.channel ?? "" });
    const room = Math.min(Number(largest), REMADE.has(kind) ? Infinity : carries[kind]);
    if (file.size > room) return t("js.file_too_large", { name: file.name, size: megabytes(file.size), most: Math.floor(room / MB) });
    if (!file.size) return t("js.file_empty", { name: file.name });
  }
  const sum = files.reduce((all, file) => all + file.size, 0);
  return sum > Number(largest) ? t("js.files_too_large", { size: megabytes(sum), most: Math.floor(Number(largest) / MB) }) : "";
}

const megabytes = (bytes) => (bytes < MB / 10 ? "0.1" : (bytes / MB).toFixed(1));

function kindOf(file) {
  const kind = file.type.split("/")[0];
  return ["image", "audio", "video"].includes(kind) ? kind : "file";
}

/** The files below the words, each with a way to leave it out. */
export function draw() {
  const list = form()?.querySelector("[data-attached]");
  if (!list) return;
  const lines = chosen().map((file) => drawn.get(file) ?? line(file));
  for (const old of list.children) if (!lines.includes(old)) old.remove();
  list.append(...lines.filter((one) => !one.isConnected));
  list.hidden = !chosen().length;
  const why = chosen().length ? wrong() : "";
  tell("[data-file-wrong]", why);
  tell("[data-file-link]", why ? "" : linked());
}

function tell(where, text) {
  const told = form().querySelector(where);
  if (told.textContent !== text) told.textContent = text;
  told.hidden = !text;
}

/** What goes as a link, which opens for whoever has it; empty where nothing does. */
function linked() {
  const kinds = new Set(way()?.dataset.asLink.split(" "));
  const names = chosen().filter((file) => kinds.has(kindOf(file))).map((file) => file.name);
  return names.length ? t("js.as_link", { names: names.join(", "), on: way().dataset.channel }) : "";
}

/** Drawn once: a picture is not read again, and what plays plays on. */
function line(file) {
  const made = document.createElement("li");
  drawn.set(file, made);
  made.className = "attached-one";
  const kind = kindOf(file);
  if (kind === "image" || kind === "audio") {
    const shown = document.createElement(kind === "image" ? "img" : "audio");
    shown.src = URL.createObjectURL(file);
    if (kind === "image") shown.alt = "";
    else shown.controls = true;
    made.append(shown);
  }
  const name = document.createElement("span");
  name.className = "attached-name";
  name.dir = "auto";
  name.textContent = file.name;
  const size = document.createElement("span");
  size.className = "quiet num";
  size.textContent = file.size < MB / 10 ? `${Math.ceil(file.size / 1024)} kB` : `${megabytes(file.size)} MB`;
  made.append(name, size, away(file));
  return made;
}

function away(file) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = "button button-plain button-icon button-small";
  made.setAttribute("aria-label", t("js.leave_out", { name: file.name }));
  made.append(document.getElementById("mark-away").content.cloneNode(true));
  made.addEventListener("click", () => {
    kept.set(ticket(), chosen().filter((one) => one !== file));
    draw();
    announce(t("js.attached", { count: chosen().length }));
    (form().querySelector("[data-attached] button") ?? area("text")).focus();
  });
  return made;
}

document.addEventListener("click", (event) => event.target.closest("[data-attach]") && form().querySelector("[data-files]").click());
document.addEventListener("change", (event) => {
  if (event.target === area("to")) draw();
  if (!event.target.matches("[data-files]")) return;
  take([...event.target.files]);
  event.target.value = "";
  area("text").focus();
});
document.addEventListener("paste", (event) => {
  if (event.target !== area("text") || !event.clipboardData?.files.length) return;
  event.preventDefault();
  take([...event.clipboardData.files]);
});

// a file may be dropped anywhere on the conversation; beside it a browser would open it in place of this page
const carried = (event) => event.dataTransfer?.types.includes("Files");
document.addEventListener("dragover", (event) => {
  if (!carried(event)) return;
  event.preventDefault();
  const here = form() && !document.getElementById("write-note").checked && event.target.closest?.("#thread");
  event.dataTransfer.dropEffect = here ? "copy" : "none";
});
document.addEventListener("drop", (event) => {
  if (!carried(event)) return;
  event.preventDefault();
  if (form() && !document.getElementById("write-note").checked && event.target.closest?.("#thread")) take([...event.dataTransfer.files]);
});
document.addEventListener("thread:applied", () => {
  form()?.querySelectorAll("[data-with-script]").forEach((one) => { one.hidden = false; });
  draw();
});
