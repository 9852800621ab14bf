// Quick replies: a few short answers under the words that the person can tap, or type by their number.

import { PerTicket, area, form, way } from "./form.js";
import { announce } from "./say.js";
import { t } from "./texts.js";
import { ticket } from "./thread.js";

const AT_FIRST = 2;
const HERE = 8; // more than anybody reads on a phone, though some channels take more
const kept = new PerTicket();
const box = () => form()?.querySelector("[data-choices]");
const fields = () => [...(box()?.querySelectorAll("input") ?? [])];
const most = () => Math.min(HERE, Number(way()?.dataset.taps ?? 0));

/** What is written in the fields. */
export const taken = () => fields().map((field) => field.value).filter((label) => label.trim());

/** They have gone. */
export function empty() {
  kept.set(ticket(), []);
  draw();
}

/** They come back with words that were not sent. */
export function give(whose, labels) {
  if (!labels.length) return;
  kept.set(whose, labels);
  draw();
}

function draw() {
  if (!box()) return;
  const labels = kept.get(ticket());
  box().hidden = !labels.length;
  box().querySelector("[data-lines]").replaceChildren(...labels.map(line));
  tell();
}

function line(label, index) {
  const made = document.createElement("input");
  made.className = "input";
  made.name = "choice";
  made.maxLength = 20;
  made.dir = "auto";
  made.value = label;
  made.setAttribute("aria-label", t("js.choice", { count: index + 1 }));
  return made;
}

/** Whether this channel has them, how many, and in which form they arrive. */
function tell() {
  const able = most() > 0;
  form().querySelector("[data-choose]").disabled = !able;
  const count = kept.get(ticket()).length;
  const told = box().querySelector("[data-shows=choices]");
  const on = way()?.dataset.channel ?? "";
  if (!able) told.textContent = t("js.no_choices", { on });
  else if (count > most()) told.textContent = t("js.too_many_choices", { most: most(), on });
  else told.textContent = way().dataset.unit === "segments" ? t("js.choices_numbered") : t("js.choices_tapped");
  box().querySelector("[data-more]").disabled = count >= most();
}

document.addEventListener("input", (event) => {
  if (event.target.name === "choice" && box()?.contains(event.target)) kept.set(ticket(), fields().map((field) => field.value));
});
document.addEventListener("change", (event) => event.target === area("to") && box() && tell());
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-choose]")) {
    const open = box().hidden;
    kept.set(ticket(), open ? Array(Math.min(AT_FIRST, most())).fill("") : []);
    draw();
    (open ? fields()[0] : area("text")).focus();
    if (!open) announce(t("js.choices_away"));
  }
  if (event.target.closest("[data-more]")) more();
});
function more() {
  if (kept.get(ticket()).length >= most()) return;
  kept.set(ticket(), [...fields().map((field) => field.value), ""]);
  draw();
  fields().at(-1).focus();
}
document.addEventListener("keydown", (event) => {
  if (event.target.name !== "choice" || !box()?.contains(event.target) || event.isComposing) return;
  if (event.key === "Escape") { event.preventDefault(); area("text").focus(); }
  if (event.key !== "Enter" || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  const next = fields()[fields().indexOf(event.target) + 1];
  if (next) next.focus();
  else more();
});
document.addEventListener("thread:applied", draw);
