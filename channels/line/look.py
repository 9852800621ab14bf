"""What LINE says about an account: the token, the webhook, the plan."""

from collections.abc import Sequence

from channels.contract import Look
from channels.line.send import Client, Failed, ask, quota
from channels.line.settings import Settings

_TROUBLE = {
    401: "LINE does not know the token: issue one in the console, tab Messaging API, and write it into config.yaml as "
    "channel_access_token",
    403: "LINE says this account may not ask that: look at its plan and at the roles in the console",
    404: "LINE has none: write the webhook URL into the console, tab Messaging API",
    429: "LINE asks to be asked less often: try again in a minute",
}


async def look(client: Client, settings: Settings, webhook_url: str) -> Sequence[Look]:
    """One line for each thing LINE can be asked; the first alone where LINE does not know the token."""
    bot = await _bot(client, settings)
    if bot.wrong:
        return [bot]
    return [bot, await _webhook(client, webhook_url), await _reach(client, webhook_url), await _plan(client)]


def _trouble(what: str, failed: Failed) -> Look:
    unknown = f"LINE did not answer as it should ({failed.why}): try again"
    return Look(what, True, _TROUBLE.get(failed.status, unknown))


async def _bot(client: Client, settings: Settings) -> Look:
    bot = await ask(client.api.get_bot_info)
    if isinstance(bot, Failed):
        return _trouble("token", bot)
    if settings.bot_user_id not in (None, bot.user_id):
        return Look("token", True, f"it is the token of another account, {bot.basic_id}: compare bot_user_id")
    chat = "; chat is on in the Official Account Manager, and what is written there is not seen here"
    return Look("token", False, f"good, for {bot.basic_id}{chat if bot.chat_mode == 'chat' else ''}")


async def _webhook(client: Client, url: str) -> Look:
    webhook = await ask(client.api.get_webhook_endpoint)
    if isinstance(webhook, Failed):
        return _trouble("webhook", webhook)
    if webhook.endpoint != url:
        return Look("webhook", True, f"LINE calls {webhook.endpoint}: write {url} into the console, tab Messaging API")
    if not webhook.active:
        return Look("webhook", True, "it is off: switch Use webhook on in the console, tab Messaging API")
    return Look("webhook", False, "on; that Webhook redelivery is on as well only the console shows")


async def _reach(client: Client, url: str) -> Look:
    """LINE sends an empty webhook at our word, and tells how it went."""
    from linebot.v3.messaging import TestWebhookEndpointRequest

    test = await ask(client.api.test_webhook_endpoint, TestWebhookEndpointRequest(endpoint=url))
    if isinstance(test, Failed):
        return _trouble("reachable", test)
    if not test.success:
        said = f"{test.reason}, {test.detail}"
        return Look("reachable", True, f"LINE cannot deliver to {url} ({said}): look at the name, TLS and the proxy")
    return Look("reachable", False, "LINE can deliver")


async def _plan(client: Client) -> Look:
    month = await quota(client)
    if month is None:
        return Look("plan", True, "LINE did not tell how many messages are left: try again")
    if month.limit is None:
        return Look("plan", False, f"{month.used} messages this month, no limit")
    says = f"{month.used} of {month.limit} messages this month"
    if month.used >= 0.95 * month.limit:
        return Look(
            "plan", True, f"{says}: only free replies go out soon; raise the limit in the Official Account Manager"
        )
    return Look("plan", False, says)
