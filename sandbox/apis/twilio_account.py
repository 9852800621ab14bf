"""What Twilio can be asked about an account: its numbers with their webhooks, its Messaging Services, its balance."""

from collections.abc import Sequence
from email.utils import format_datetime
from typing import Any

from aiohttp import web

from sandbox import refusals
from sandbox.accounts import Account
from sandbox.apis.answering import WORLD, Answer
from sandbox.apis.twilio import ROOT, caller, look
from sandbox.refusals import Denied


def routes() -> list[web.RouteDef]:
    """Of Twilio's hosts, which stand on one here."""
    return [
        web.get(ROOT + "/IncomingPhoneNumbers.json", _numbers),
        web.get(ROOT + "/Balance.json", _balance),
        web.get("/2010-04-01/Accounts/{account}.json", _account),
        web.get("/v1/Services/{sid}", _service),
    ]


async def _account(request: web.Request) -> Answer:
    caller(request)
    sid = request.match_info["account"]
    return await look(request, {"sid": sid, "friendly_name": "Hotline", "status": "active", "type": "Full"})


async def _balance(request: web.Request) -> Answer:
    caller(request)
    return await look(request, {"account_sid": request.match_info["account"], "balance": "86.40", "currency": "USD"})


async def _service(request: web.Request) -> Answer:
    sid, accounts = request.match_info["sid"], caller(request)
    found = next((a for a in accounts if a.keys.get("messaging_service_sid") == sid), None)
    if accounts and not found:
        raise Denied(refusals.refusal("twilio", "404"))
    hook = found.hook_url if found else None
    return await look(
        request,
        {
            "sid": sid, "account_sid": found.key("account_sid") if found else None, "friendly_name": "Hotline",
            "inbound_request_url": hook, "inbound_method": "POST", "status_callback": None,
            "use_inbound_webhook_on_number": False, "validity_period": 36000, "smart_encoding": False,
        },
    )  # fmt: skip


async def _numbers(request: web.Request) -> Answer:
    """The account's numbers, each with the webhooks of the accounts of config.yaml that use it."""
    accounts, wanted = caller(request), request.query.get("PhoneNumber")
    numbers = dict.fromkeys(str(a.keys["number"]) for a in accounts if a.keys.get("number"))
    shown = [_number(request, number, accounts) for number in numbers if wanted in (None, number)]
    uri = f"/2010-04-01/Accounts/{request.match_info['account']}/IncomingPhoneNumbers.json"
    page = {"page": 0, "page_size": 50, "start": 0, "end": len(shown), "uri": uri, "first_page_uri": uri}
    return await look(request, {"incoming_phone_numbers": shown, "next_page_uri": None, **page})


def _number(request: web.Request, number: str, accounts: Sequence[Account]) -> dict[str, Any]:
    hooks = {a.channel: a.hook_url for a in accounts if a.keys.get("number") == number}
    now = format_datetime(request.app[WORLD].now())
    return {
        "sid": "PN" + number.lstrip("+").rjust(32, "0"), "account_sid": request.match_info["account"],
        "phone_number": number, "friendly_name": number, "capabilities": {"voice": True, "sms": True, "mms": False},
        "voice_url": hooks.get("voice"), "voice_method": "POST", "sms_url": hooks.get("sms"), "sms_method": "POST",
        "status_callback": f"{hooks['voice']}/status" if "voice" in hooks else None, "status_callback_method": "POST",
        "voice_fallback_url": None, "sms_fallback_url": None, "voice_receive_mode": "voice", "status": "in-use",
        "date_created": now, "date_updated": now, "api_version": "2010-04-01",
    }  # fmt: skip
