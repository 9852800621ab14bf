"""What Twilio's requests have in common: a form, and a signature over the address and the form."""

from collections.abc import Mapping
from urllib.parse import urlencode, urlsplit

from sandbox import sign
from sandbox.accounts import Account
from sandbox.webhook import Webhook, hexes

API = "https://api.twilio.com"


def request(
    account: Account, url: str, form: Mapping[str, str], note: str, message_ids: tuple[str, ...] = ()
) -> Webhook:
    """A form posted to `url`, one of the account's addresses as the world knows them."""
    pairs = list(form.items())
    path = _path(account, url)
    token = hexes(32, "attempt", url, pairs)
    return Webhook(
        account_id=account.id,
        channel=account.channel,
        step=path.partition("?")[0].removeprefix(account.hook_path).strip("/"),
        path=path,
        headers=(
            ("Content-Type", "application/x-www-form-urlencoded; charset=UTF-8"),
            ("User-Agent", "TwilioProxy/1.1"),
            ("I-Twilio-Idempotency-Token", f"{token[:8]}-{token[8:12]}-{token[12:16]}-{token[16:20]}-{token[20:]}"),
            *sign.twilio(account.key("auth_token"), url, pairs),
        ),
        body=urlencode(pairs).encode(),
        note=note,
        message_ids=message_ids,
    )


def api_url(account: Account, rest: str) -> str:
    """An address below the account in Twilio's API (or what stands in for it)."""
    return f"{account.api_base or API}/2010-04-01/Accounts/{account.key('account_sid')}/{rest}"


def _path(account: Account, url: str) -> str:
    # A proxy that strips a prefix of the public address strips it here too: only then does the gateway see its path.
    if url.startswith(account.public_url + "/"):
        return url.removeprefix(account.public_url)
    parts = urlsplit(url)
    return parts.path + (f"?{parts.query}" if parts.query else "")
