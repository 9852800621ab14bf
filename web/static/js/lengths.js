// How much of a text fits into one message.

import { t } from "./texts.js";

// the short alphabet of text messages (3GPP TS 23.038); letters of its extension count twice
const GSM = new Set("@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà");
const TWICE = new Set("\f^{}\\[~]|€");

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

/** The same in words; empty while there is nothing to say of it. */
export function counted(text, unit, most) {
  if (!text || !most) return "";
  if (unit === "segments") {
    const { count, left } = segments(text);
    return t("js.segments", { count, most, left }) + (count > most ? `, ${t("js.too_long", { count: Math.ceil(count / most) })}` : "");
  }
  const length = unit === "utf16" ? text.length : [...text].length;
  return length > most ? t("js.too_long", { count: Math.ceil(length / most) }) : "";
}
