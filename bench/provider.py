"""A provider of every channel that takes everything after 50 ms, and counts: `python -m bench.provider PORT`."""

import asyncio
import itertools
import sys
from datetime import UTC, datetime
from email.utils import format_datetime

import uvloop
from aiohttp import web

ANSWER_SECONDS = 0.05
_ids = itertools.count(10**17)


async def _line(request: web.Request) -> web.Response:
    await _taken(request)
    return web.json_response({"sentMessages": [{"id": str(next(_ids)), "quoteToken": "q"}]})


async def _graph(request: web.Request) -> web.Response:
    await _taken(request)
    return web.json_response({"recipient_id": "1", "message_id": f"m_{next(_ids)}"})


async def _telegram(request: web.Request) -> web.Response:
    bot = {"id": 1, "is_bot": True, "first_name": "bench", "username": "bench_bot"}
    if request.match_info["method"].lower() == "getme":
        return web.json_response({"ok": True, "result": bot})
    await _taken(request)
    chat = {"id": 1, "type": "private"}
    message = {"message_id": next(_ids) % 2**31, "date": 1, "chat": chat, "from": bot, "text": "-"}
    return web.json_response({"ok": True, "result": message})


async def _twilio(request: web.Request) -> web.Response:
    await _taken(request)
    sid, account, now = f"SM{next(_ids):032d}", request.match_info["account"], format_datetime(datetime.now(UTC))
    answer = {
        "sid": sid, "account_sid": account, "status": "queued", "to": "", "from": "", "body": "", "num_segments": "1",
        "num_media": "0", "direction": "outbound-api", "date_created": now, "date_updated": now, "date_sent": None,
        "price": None, "price_unit": "USD", "error_code": None, "error_message": None, "api_version": "2010-04-01",
        "uri": f"/2010-04-01/Accounts/{account}/Messages/{sid}.json", "subresource_uris": {},
        "messaging_service_sid": None,
    }  # fmt: skip
    return web.json_response(answer, status=201)


async def _quota(request: web.Request) -> web.Response:
    return web.json_response({"type": "none", "totalUsage": 0})


async def _taken(request: web.Request) -> None:
    await request.read()
    await asyncio.sleep(ANSWER_SECONDS)


async def _serve(port: int) -> None:
    app = web.Application()
    app.router.add_post("/v2/bot/message/{how}", _line)
    app.router.add_get("/v2/bot/message/{what:quota.*}", _quota)
    app.router.add_post(r"/{version:v\d+\.\d+}/{page}/messages", _graph)
    app.router.add_route("*", "/bot{token}/{method}", _telegram)
    app.router.add_post("/2010-04-01/Accounts/{account}/Messages.json", _twilio)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port, backlog=1024).start()
    await asyncio.Event().wait()  # until it is ended


if __name__ == "__main__":
    uvloop.run(_serve(int(sys.argv[1])))
