"""Stand-ins for the providers' APIs on one address, and below `/sandbox` what only a sandbox has.

Nothing is logged; words are kept in memory until the process ends.
"""

from collections.abc import AsyncIterator, Sequence

from aiohttp import web

from sandbox import case_stores, control, control_people
from sandbox.accounts import Account
from sandbox.apis import facebook, facebook_page, line, line_account, telegram, twilio, twilio_account, twilio_calls
from sandbox.apis.answering import WORLD, refusing
from sandbox.world import World

_LARGEST = 64 * 2**20  #: bytes; Telegram takes files of 50 MB


def make_app(accounts: Sequence[Account] = (), *, world: World | None = None) -> web.Application:
    """The whole stand-in. With accounts every request must carry their tokens, without them any will do.

    A `world` brings its own accounts, and the gateway to which webhooks go.
    """
    app = web.Application(client_max_size=_LARGEST, middlewares=[refusing])
    app[WORLD] = world or World(accounts)
    app[control_people.CALLS] = {}
    app.cleanup_ctx.append(_open)
    app.on_shutdown.append(_close)
    app.add_subapp("/case-stores/", case_stores.make_app())
    modules = (
        twilio_calls,
        twilio_account,
        twilio,
        line_account,
        line,
        facebook,
        facebook_page,
        telegram,
        control,
        control_people,
    )
    for module in modules:
        app.add_routes(module.routes())
    return app


async def _open(app: web.Application) -> AsyncIterator[None]:
    async with app[WORLD].opened():
        yield


async def _close(app: web.Application) -> None:
    app[WORLD].closing.set()  # whoever is kept waiting by a fault goes home
