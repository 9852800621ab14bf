// Requests of our own pages to our own server: with the page's token, and never to anybody else.

const token = () => document.querySelector("meta[name=csrf]")?.content ?? "";

/** Fetch with the token. A session that is over leads back to the sign-in page. */
export async function send(path, { method = "GET", body = null, headers = {}, keepalive = false } = {}) {
  const all = method === "GET" ? headers : { ...headers, "X-CSRF-Token": token() };
  const answer = await fetch(path, { method, body, headers: all, credentials: "same-origin", redirect: "error", keepalive });
  if (answer.status === 401) leave();
  return answer;
}

/** The session is over: what stands here is nobody's any more. */
export function leave() {
  location.replace(`/sign-in?why=ended&next=${encodeURIComponent(location.pathname + location.search)}`);
}

document.addEventListener("htmx:configRequest", (event) => {
  event.detail.headers["X-CSRF-Token"] = token();
});
