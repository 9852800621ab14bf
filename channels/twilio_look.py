"""What Twilio says about an account and about one of its numbers."""

from typing import Any

from channels.contract import Look
from channels.twilio_send import Client, Failed, Keys, ask

REPEATS = "#rc=3&rp=all"  #: behind a webhook's address: Twilio tries again after any failure of ours

_TROUBLE = {
    401: "Twilio does not know this account_sid with this auth_token: compare both with the console's first page",
    403: "Twilio says this account may not ask that: look at its state in the console",
    404: "Twilio has none with this id: compare it with the console",
    429: "Twilio asks to be asked less often: try again in a minute",
}


def trouble(what: str, failed: Failed) -> Look:
    """Why there is nothing to see."""
    unknown = f"Twilio did not answer as it should ({failed.code or failed.why}): try again"
    return Look(what, True, _TROUBLE.get(failed.status, unknown))


async def account(client: Client, settings: Keys) -> Look:
    """Whether the account works."""
    found = await ask(client.rest.api.v2010.accounts(settings.account_sid).fetch_async)
    if isinstance(found, Failed):
        return trouble("account", found)
    if found.status != "active":
        return Look("account", True, f"it is {found.status}: look into the console for the reason")
    if found.type == "Trial":
        return Look("account", True, "a trial reaches numbers verified in the console alone: upgrade it")
    return Look("account", False, "active")


async def number(client: Client, phone: str) -> Any | Look:
    """One of the account's numbers, as the SDK gives it; a Look where it has no such number."""
    found = await ask(client.rest.incoming_phone_numbers.list_async, phone_number=phone, limit=1)
    if isinstance(found, Failed):
        return trouble("number", found)
    return (
        found[0] if found else Look("number", True, f"the account has no number {phone}: compare it with the console")
    )


def hook(what: str, given: Any, ours: str, *, repeats: bool = True) -> Look:
    """Whether Twilio calls us at this address, and calls again after a failure."""
    address, _, fragment = str(given or "").partition("#")
    wanted = ours + (REPEATS if repeats else "")
    if address != ours:
        return Look(what, True, f"Twilio calls {address or 'nobody'}: write {wanted} into the console")
    if repeats and "rc=" not in fragment:
        return Look(
            what, True, f"a failed request is not repeated and its message lost: write {wanted} into the console"
        )
    return Look(what, False, "ours")


def fallback(given: Any, what_for: str) -> Look:
    """Whether somebody answers while we cannot."""
    if not given:
        return Look("fallback", True, f"none: write the address of {what_for} on another host into the console")
    return Look("fallback", False, "set")
