// What every page of somebody who is signed in has: dialogs, the menu of narrow screens, choices of look, and errors.

import { leave } from "./http.js";
import { onKey } from "./keys.js";
import "./reveal.js";
import { announce, toast } from "./say.js";
import "./session.js";
import { t } from "./texts.js";

const root = document.documentElement;

document.addEventListener("click", (event) => {
  const opens = event.target.closest("[data-opens]");
  if (opens) document.getElementById(opens.dataset.opens).showModal();
  const dialog = event.target.closest("dialog");
  if (event.target.closest("[data-closes]") || event.target === dialog) dialog?.close();
});

onKey("Slash", () => document.getElementById("keys").showModal(), { shift: true });

// the menu is a link to #menu, so that it works without this script; Escape closes it
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && location.hash === "#menu" && !document.querySelector("dialog[open]")) location.hash = "#top";
});

// a choice shows at once; htmx tells the server
document.addEventListener("change", (event) => {
  if (!event.target.closest("[data-preferences]")) return;
  const { name, value, checked } = event.target;
  if (name === "theme") root.dataset.theme = value;
  if (name === "single_keys") {
    root.dataset.keys = checked ? "on" : "off";
    for (const twin of document.querySelectorAll("input[type=checkbox][name=single_keys]")) twin.checked = checked;
  }
});

document.addEventListener("htmx:afterRequest", (event) => {
  if (event.detail.successful && event.target.closest("[data-preferences]")) announce(t("js.saved"));
});
document.addEventListener("htmx:responseError", (event) => {
  if (event.detail.xhr.status === 401) leave();
  else toast(t("js.failed"));
});
document.addEventListener("htmx:sendError", () => toast(t("js.offline")));
