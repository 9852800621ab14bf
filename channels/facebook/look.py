"""What Meta says about a Page and its app: token, webhook, permissions."""

from collections.abc import Mapping, Sequence
from typing import Any

from channels.contract import Look
from channels.facebook.send import Answer, Client, ask
from channels.facebook.settings import Settings
from channels.reading import ident, items, mapping, moment

FIELDS = (
    "messages", "messaging_postbacks", "messaging_optins", "message_deliveries", "message_reads", "message_echoes",
    "message_edits", "message_reactions", "messaging_referrals", "messaging_handovers", "standby",
)  # fmt: skip

_TROUBLE = {
    "190": "Meta does not know the token any more: make a new one in the App Dashboard, Messenger, and write it into "
    "config.yaml as page_access_token",
    "368": "Meta has stopped this account for breaking its rules: look into the Page's Support Inbox",
}
_NO_APP = "Meta does not know this app: compare app_id and app_secret with the App Dashboard, Settings, Basic"
_TROUBLE_OF_APP = {"101": _NO_APP, "190": _NO_APP}
_UNKNOWN_APP = "not looked at: write app_id into config.yaml"


async def look(client: Client, settings: Settings, webhook_url: str) -> Sequence[Look]:
    """One line for each thing Meta can be asked; the first alone where Meta does not know the token."""
    page = await _page(client, settings)
    if page.wrong:
        return [page]
    return [
        page,
        await _subscribed(client, settings),
        await _webhook(client, settings, webhook_url),
        await _permissions(client, settings),
        await _human_agent(client, settings),
    ]


def _trouble(what: str, answer: Answer, known: Mapping[str, str] = _TROUBLE) -> Look:
    code = ident(mapping(answer.body.get("error")).get("code")) or answer.why
    return Look(what, True, known.get(code, f"Meta did not answer as it should ({code}): try again"))


def _listed(answer: Answer) -> list[Any] | None:
    """The objects of a list that Meta gives; None where there is no list."""
    data = answer.body.get("data")
    return [mapping(row) for row in data] if answer.status == 200 and isinstance(data, list) else None


async def _page(client: Client, settings: Settings) -> Look:
    answer = await ask(client, "GET", "me", query={"fields": "id,name"})
    own = ident(answer.body.get("id"))
    if answer.status != 200 or not own:
        return _trouble("token", answer)
    if own != settings.page_id:
        return Look("token", True, f"it is the token of another Page, {own}: compare page_id")
    return Look("token", False, f"good, for Page {own}")


async def _subscribed(client: Client, settings: Settings) -> Look:
    """Whether Meta tells our app what happens on the Page. It stops by itself after an hour without answers."""
    answer = await ask(client, "GET", f"{settings.page_id}/subscribed_apps")
    apps = _listed(answer)
    if apps is None:
        return _trouble("subscription", answer)
    ours = [app for app in apps if settings.app_id in (None, ident(app.get("id")))]
    if not ours:
        return Look("subscription", True, "the Page tells our app nothing: subscribe it, README step 5")
    fields = {field for app in ours for field in items(app.get("subscribed_fields"))}
    if missing := [field for field in FIELDS if field not in fields]:
        return Look("subscription", True, f"not told of {', '.join(missing)}: subscribe the Page again, README step 5")
    return Look("subscription", False, "the Page tells our app everything")


def _app_token(settings: Settings) -> str:
    return f"{settings.app_id}|{settings.app_secret[0]}"


async def _webhook(client: Client, settings: Settings, url: str) -> Look:
    """All Pages of an app share one address, that of any of their accounts."""
    if settings.app_id is None:
        return Look("webhook", False, _UNKNOWN_APP)
    answer = await ask(client, "GET", f"{settings.app_id}/subscriptions", token=_app_token(settings))
    listed = _listed(answer)
    if listed is None:
        return _trouble("webhook", answer, _TROUBLE_OF_APP)
    page: Mapping[str, Any] = next((row for row in listed if row.get("object") == "page"), {})
    called = page.get("callback_url")
    if not isinstance(called, str) or called.rpartition("/")[0] != url.rpartition("/")[0]:
        elsewhere = called if isinstance(called, str) else "no address"
        return Look("webhook", True, f"Meta calls {elsewhere}: write {url} into the App Dashboard, Messenger, Webhooks")
    if page.get("active") is not True:
        return Look("webhook", True, "it is off: verify it again in the App Dashboard, Messenger, Webhooks")
    return Look("webhook", False, f"Meta calls {called}")


async def _permissions(client: Client, settings: Settings) -> Look:
    if settings.app_id is None:
        return Look("permissions", False, _UNKNOWN_APP)
    query = {"input_token": settings.page_access_token}
    answer = await ask(client, "GET", "debug_token", query=query, token=_app_token(settings))
    told = mapping(answer.body.get("data"))
    if answer.status != 200 or "is_valid" not in told:
        return _trouble("permissions", answer, _TROUBLE_OF_APP)
    if told["is_valid"] is not True:
        return Look("permissions", True, _TROUBLE["190"])
    if "pages_messaging" not in items(told.get("scopes")):
        return Look("permissions", True, "pages_messaging is missing: ask for it in the App Dashboard, App Review")
    ends = moment(told.get("expires_at"), per_second=1)
    until = f"the token ends on {ends:%Y-%m-%d}: renew it before" if ends else "the token does not end"
    return Look("permissions", False, f"pages_messaging is there; {until}")


async def _human_agent(client: Client, settings: Settings) -> Look:
    """The right to answer for a week instead of a day, where a person answers."""
    answer = await ask(client, "GET", "me/messaging_feature_review")
    features = _listed(answer)
    if features is None:
        return _trouble("human agent", answer)
    status = next((ident(row.get("status")) for row in features if row.get("feature") == "human_agent"), "")
    if status.lower() == "approved":
        return Look("human agent", False, "approved: agents can answer for seven days")
    shown = status.lower() or "not asked for, or not told here"
    says = f"{shown}: without it nobody can be answered after 24 hours; App Dashboard, App Review, Human Agent"
    return Look("human agent", bool(status), says)
