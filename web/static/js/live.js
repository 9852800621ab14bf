// What happens elsewhere, told to this page as events of its document:
//   live:changed, live:gone  {tickets}    live:reset    live:presence  {lookers}    live:line  {up, since}
// A stream that broke off goes on where it was; the browser says where that is, and after a longer break we do.
// Browsers open six connections to a server that speaks HTTP/1.1: of all pages of one agent one has the stream, and
// tells the others. When it is closed another takes over, from where it was told last.

import { leave, send } from "./http.js";

const LONGEST = 30_000;
let stream = null;
let cursor = "";
let pause = 1000;
let waiting = 0;
let since = null; // when the line was lost
let leads = true; // where pages cannot find one another each has a stream of its own
let others = null; // a channel to them
let lookers = {}; // for pages that join later

function tell(name, detail = {}) {
  others?.postMessage({ name, detail, cursor });
  here(name, detail);
}

const here = (name, detail) => document.dispatchEvent(new CustomEvent(`live:${name}`, { detail }));

/** Listen from a cursor on, together with the other pages of this agent. */
export function listen(from, agent) {
  cursor = from;
  if (navigator.locks && window.BroadcastChannel) share(`worker-voice.live.${agent}`);
  else open();
  addEventListener("online", () => leads && again());
  addEventListener("pagehide", () => stream?.close());
  addEventListener("pageshow", (event) => event.persisted && (leads ? again() : here("reset", {})));
}

function share(name) {
  leads = false;
  others = new BroadcastChannel(name);
  others.addEventListener("message", ({ data }) => (data === "joined" ? welcome() : told(data)));
  const lead = () => new Promise(() => { leads = true; open(); }); // the lock is given up with the page
  navigator.locks.request(name, { ifAvailable: true }, (free) => {
    if (free) return lead();
    others.postMessage("joined");
    here("reset", {}); // what was told between the loading of this page and now
    navigator.locks.request(name, lead);
    return null;
  });
}

function told({ name, detail, cursor: at }) {
  cursor = at;
  here(name, detail);
}

/** What a page that joins cannot know: who looks at what, and whether the line is up. */
function welcome() {
  if (!leads) return;
  others.postMessage({ name: "presence", detail: { lookers }, cursor });
  if (since) others.postMessage({ name: "line", detail: { up: false, since }, cursor });
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
  stream.addEventListener("presence", (event) => {
    const news = JSON.parse(event.data);
    Object.assign(lookers, news);
    tell("presence", { lookers: news });
  });
}

function up() {
  pause = 1000;
  const lostAt = since;
  since = null;
  if (lostAt) lookers = {};
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
