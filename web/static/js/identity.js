// Who somebody is stands here for a minute, and nowhere after it: not in a field, not in the page the way back shows.

import { announce } from "./say.js";
import { t } from "./texts.js";

let masking = 0;
let until = 0;

/** Whether it stands here now. */
export const revealed = () => until > Date.now() && document.querySelector("#card[data-masks-after]");

/** A card that was drawn with it begins its minute. */
export function wire() {
  const card = document.getElementById("card");
  if (!card?.dataset.masksAfter || card.dataset.masking) return;
  card.dataset.masking = "yes";
  clearTimeout(masking);
  until = Date.now() + Number(card.dataset.masksAfter) * 1000;
  masking = setTimeout(mask, until - Date.now());
}

/** Hide at once, also where the line is lost. */
function hide() {
  until = 0;
  clearTimeout(masking);
  const card = document.querySelector("#card[data-masks-after]");
  if (!card) return false;
  for (const shown of card.querySelectorAll("dd bdi")) shown.textContent = "••••";
  for (const field of card.querySelectorAll("input[name=name]")) field.remove();
  card.removeAttribute("data-masks-after");
  card.querySelector(".revealed")?.remove();
  return true;
}

function mask() {
  if (!hide()) return;
  announce(t("js.masked"));
  document.dispatchEvent(new CustomEvent("thread:stale"));
}

addEventListener("pagehide", hide);
// a computer that slept has kept no time
document.addEventListener("visibilitychange", () => until && until <= Date.now() && mask());
