"""What Telegram says about a bot: the token, and how its webhook does."""

from collections.abc import Sequence
from typing import Any

from channels.contract import Look
from channels.telegram.send import Client, Failed, ask
from channels.telegram.settings import Settings

UPDATES = ("message", "edited_message", "callback_query", "message_reaction", "my_chat_member")  #: what we read
_UNLESS_TOLD = tuple(kind for kind in UPDATES if kind != "message_reaction")  # what Telegram sends by itself

_TROUBLE = {
    401: "Telegram does not know the token: ask @BotFather for it, and write it into config.yaml as bot_token",
    404: "that is no token: ask @BotFather for it, and write it into config.yaml as bot_token",
    429: "Telegram asks to be asked less often: try again in a minute",
}


async def look(client: Client, settings: Settings, webhook_url: str) -> Sequence[Look]:
    """One line for each thing Telegram can be asked; the first alone where it does not know the token."""
    bot = await _bot(client)
    return [bot] if bot.wrong else [bot, *await _webhook(client, webhook_url)]


def _trouble(what: str, failed: Failed) -> Look:
    return Look(
        what, True, _TROUBLE.get(failed.status, f"Telegram did not answer as it should ({failed.why}): try again")
    )


async def _bot(client: Client) -> Look:
    bot = await ask(client.bot.get_me)
    if isinstance(bot, Failed):
        return _trouble("token", bot)
    groups = "; it can be added to groups, where nobody hears it: /setjoingroups with @BotFather"
    return Look("token", False, f"good, for @{bot.username}{groups if bot.can_join_groups else ''}")


async def _webhook(client: Client, url: str) -> list[Look]:
    hook = await ask(client.bot.get_webhook_info)
    if isinstance(hook, Failed):
        return [_trouble("webhook", hook)]
    if hook.url != url:
        return [Look("webhook", True, f"Telegram calls {hook.url or 'nobody'}: call setWebhook with {url}")]
    return [_delivered(hook), _updates(hook.allowed_updates or _UNLESS_TOLD)]


def _delivered(hook: Any) -> Look:
    """An old trouble is told, and wrong only while something waits."""
    says = f"{hook.pending_update_count} updates wait"
    if hook.last_error_date:
        says += f"; the last trouble: {hook.last_error_message}, {hook.last_error_date:%Y-%m-%d %H:%M} UTC"
    if hook.last_error_date and hook.pending_update_count:
        return Look("webhook", True, f"{says}: compare secret_token, and see that the address can be reached")
    return Look("webhook", False, f"ours, {says}")


def _updates(allowed: Sequence[str]) -> Look:
    missing = ", ".join(kind for kind in UPDATES if kind not in allowed)
    if missing:
        says = f"{missing} may not come: call setWebhook with allowed_updates as in the README"
        return Look("updates", True, says)
    return Look("updates", False, "all that we read")
