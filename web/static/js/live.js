// What happens elsewhere, told to this page as events of its document:
//   live:changed, live:gone  {tickets}    live:reset    live:presence  {lookers}    live:line  {up, since}
// A stream that broke off goes on where it was; the browser says where that is, and after a longer break we do.

import { leave, send } from "./http.js";

const LONGEST = 30_000;
let stream = null;
let cursor = "";
let pause = 1000;
let waiting = 0;
let since = null; // when the line was lost

const tell = (name, detail = {}) => document.dispatchEvent(new CustomEvent(`live:${name}`, { detail }));

/** Listen from a cursor on. */
export function listen(from) {
  cursor = from;
  open();
  addEventListener("online", again);
  addEventListener("pagehide", () => stream?.close());
  addEventListener("pageshow", (event) => event.persisted && again());
}

function open() {
  clearTimeout(waiting);
  stream?.close();
  stream = new EventSource(`/live?after=${encodeURIComponent(cursor)}`);
  stream.addEventListener("open", up);
  stream.addEventListener("error", lost);
  for (const name of ["changed", "gone"]) {
    stream.addEventListener(name, (event) => {
      cursor = event.lastEventId;
      tell(name, { tickets: event.data.split(" ") });
    });
  }
  stream.addEventListener("reset", (event) => {
    cursor = event.lastEventId;
    tell("reset");
  });
  stream.addEventListener("presence", (event) => tell("presence", { lookers: JSON.parse(event.data) }));
}

function up() {
  pause = 1000;
  const lostAt = since;
  since = null;
  tell("line", { up: true, since: lostAt });
}

async function lost() {
  since ??= new Date();
  tell("line", { up: false, since });
  if (stream.readyState !== EventSource.CLOSED) return; // the browser tries again by itself
  clearTimeout(waiting);
  waiting = setTimeout(again, pause * (0.75 + Math.random() / 2)); // not all pages in the same moment
  pause = Math.min(LONGEST, pause * 2);
}

/** Try now. A session that is over leads to the sign-in page. */
async function again() {
  const answer = await send("/session").catch(() => null);
  if (answer?.status === 401) leave();
  else if (answer) open();
  else lost();
}
