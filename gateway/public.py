"""Two pages for everybody, which providers ask for: what is kept of people, and how to have it deleted."""

from collections.abc import Awaitable, Callable
from html import escape

from aiohttp import web

from model.network import Network
from runtime.settings import Settings

_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "public, max-age=3600",
}
_FRAME = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
body{{font:1rem/1.6 system-ui,sans-serif;max-width:42rem;margin:2rem auto;padding:0 1rem}}
body{{color:#1c1a17;background:#fbf9f5}}
@media (prefers-color-scheme:dark){{body{{color:#eee9df;background:#191714}}a{{color:#8fd0c4}}}}
</style>
<main><h1>{title}</h1>
{body}
</main></html>
"""
_PRIVACY = """
<p>{network} is a hotline for workers. You can write to it, or call. This page says what is kept of you, and who
sees it.</p>
<h2>What is kept</h2>
<ul>
<li>What you write, say or send to us, when, and in which language.</li>
<li>The number or account that you used, so that we can answer you. It is kept sealed.</li>
<li>What was answered, and by which organisation.</li>
</ul>
<p>We do not ask for your name. You need not tell it.</p>
<h2>Who sees it</h2>
<p>The one organisation that answers you: {organisations}. Each sees only its own conversations, and every look is
written down.
Whoever runs the technology sees numbers of conversations, not their words. Nothing is sold, and no advertising uses
it.</p>
<p>We tell your employer, an agency, a brand or an authority nothing about you unless you said yes to that.</p>
<p>The company whose service you write with (LINE, Meta, Telegram, or your telephone company) sees that you write to
us, and can read
what you write there. Somebody who holds your phone can, too.</p>
<h2>How long</h2>
<p>Until {months} months after your matter is closed. Then it is deleted.</p>
<h2>Your rights</h2>
<p>You can ask at any time what is kept of you, have it put right, or have it deleted: <a href="/data-deletion">how
to have it deleted</a>.</p>
"""
_DELETION = """
<p>You can have everything deleted that {network} keeps of you. It costs nothing, and nobody asks you why.</p>
<ol>
<li>Write <b>delete my data</b>, in your language, in the same chat in which you wrote to us, or from the same
number.</li>
<li>You get a short answer that we have your wish.</li>
<li>A person reads it, and may ask you whether an open matter of yours is to be closed. Then what you wrote and
sent, your number or account,
and what we answered can no longer be read by anybody, within 30 days; copies kept against breakdowns go within the
same time.</li>
</ol>
<p>What stays is the number of conversations, without anything about you.</p>
<p>The service you wrote with keeps its own copy in your chat: delete the chat there as well.</p>
"""


def pages(settings: Settings) -> dict[str, str]:
    """The pages by path."""
    network = settings.network
    filled = {
        "network": escape(network.name),
        "organisations": _names(network),
        "months": settings.retention.closed_months,
    }
    return {
        "/privacy": _FRAME.format(title=f"{filled['network']}: your privacy", body=_PRIVACY.format(**filled)),
        "/data-deletion": _FRAME.format(title="Have your data deleted", body=_DELETION.format(**filled)),
    }


def add_pages(app: web.Application, settings: Settings) -> None:
    """Serve them to everybody."""
    for path, page in pages(settings).items():
        app.router.add_get(path, _handler(page))


def _handler(page: str) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def show(request: web.Request) -> web.Response:
        return web.Response(text=page, content_type="text/html", headers=_HEADERS)

    return show


def _names(network: Network) -> str:
    return ", ".join(escape(organisation.name) for organisation in network.organisations.values())
