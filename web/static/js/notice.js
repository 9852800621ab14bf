// A notice of the desktop and a soft tone, for who asked for them in this browser. Never a word, a name or a number.

import { t } from "./texts.js";

const form = document.querySelector("[data-notify]");
const wants = (what) => localStorage.getItem(`worker-voice.${what}`) === "on";
let ears = null;

if (form) {
  form.hidden = false;
  for (const what of ["notice", "sound"]) {
    const box = form.elements[what];
    box.checked = wants(what) && (what === "sound" || Notification.permission === "granted");
    box.addEventListener("change", async () => {
      if (what === "notice" && box.checked) box.checked = (await Notification.requestPermission()) === "granted";
      localStorage.setItem(`worker-voice.${what}`, box.checked ? "on" : "off");
      if (what === "sound" && box.checked) tone(false);
    });
  }
}

/** `more`: how many more wait in which queue; `more.danger`: among them somebody in danger. */
export function notify(more) {
  if (!more.length || !form) return;
  if (wants("sound")) tone(more.danger);
  if (!wants("notice") || !document.hidden || Notification.permission !== "granted") return;
  for (const [n, queue] of more) {
    const words = n === 1 ? t("js.notice_one", { queue }) : t("js.notice_more", { n, queue });
    new Notification(words, { tag: queue, silent: true });
  }
}

function tone(danger) {
  ears ??= new AudioContext();
  const sound = ears.createOscillator();
  const loud = ears.createGain();
  sound.frequency.value = danger ? 660 : 520;
  loud.gain.setValueAtTime(danger ? 0.3 : 0.08, ears.currentTime);
  loud.gain.exponentialRampToValueAtTime(0.001, ears.currentTime + 0.35);
  sound.connect(loud).connect(ears.destination);
  sound.start();
  sound.stop(ears.currentTime + 0.4);
}
