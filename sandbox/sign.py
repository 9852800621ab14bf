"""The header by which each provider proves that a webhook is its own. Pure; written from the providers' documents."""

import base64
import hashlib
import hmac
from collections.abc import Iterable

Headers = tuple[tuple[str, str], ...]


def twilio(auth_token: str, url: str, form: Iterable[tuple[str, str]] = ()) -> Headers:
    """For a form request to `url`, the whole address Twilio was told to call, query included.

    Each distinct name with each of its distinct values, both in code-point order, follows the address unseparated.
    """
    signed = url + "".join(name + value for name, value in sorted(set(form)))
    digest = hmac.new(auth_token.encode(), signed.encode(), hashlib.sha1).digest()
    return (("X-Twilio-Signature", base64.b64encode(digest).decode()),)


def line(channel_secret: str, body: bytes) -> Headers:
    """For the raw body of a LINE webhook."""
    digest = hmac.new(channel_secret.encode(), body, hashlib.sha256).digest()
    return (("X-Line-Signature", base64.b64encode(digest).decode()),)


def messenger(app_secret: str, body: bytes) -> Headers:
    """For the raw body of a Messenger webhook: today's header and the older one that still comes with it."""
    sha256 = hmac.new(app_secret.encode(), body, hashlib.sha256).hexdigest()
    sha1 = hmac.new(app_secret.encode(), body, hashlib.sha1).hexdigest()
    return (("X-Hub-Signature-256", f"sha256={sha256}"), ("X-Hub-Signature", f"sha1={sha1}"))


def telegram(secret_token: str) -> Headers:
    """Telegram signs nothing: it repeats the secret it was given together with the webhook's address."""
    return (("X-Telegram-Bot-Api-Secret-Token", secret_token),)
