"""What Twilio says about an SMS account: the account, where messages go, who answers while we cannot."""

from collections.abc import Sequence

from channels import twilio_look
from channels.contract import Look
from channels.sms.settings import Settings
from channels.twilio_send import Client, Failed, ask

_ONE_WAY = Look("webhook", False, "none needed: nobody can write to this sender")
_COUNTRIES = Look(
    "countries",
    False,
    "Twilio does not tell which may be texted: see Messaging, Settings, Geo permissions in the console",
)


async def look(client: Client, settings: Settings, webhook_url: str) -> Sequence[Look]:
    """One line for each thing Twilio can be asked; the first alone where it does not know the account."""
    account = await twilio_look.account(client, settings)
    if account.wrong:
        return [account]
    if not settings.inbound:
        return [account, _ONE_WAY, _COUNTRIES]
    ask_about = _service if settings.messaging_service_sid else _number
    return [account, *await ask_about(client, settings, webhook_url), _COUNTRIES]


async def _number(client: Client, settings: Settings, ours: str) -> list[Look]:
    number = await twilio_look.number(client, settings.number)
    if isinstance(number, Look):
        return [number]
    if number.sms_application_sid:
        says = "a TwiML app takes its messages: choose Webhook on the number's page in the console"
        return [Look("webhook", True, says)]
    return _seen(number.sms_url, number.sms_fallback_url, ours)


async def _service(client: Client, settings: Settings, ours: str) -> list[Look]:
    service = await ask(client.rest.messaging.v1.services(settings.messaging_service_sid).fetch_async)
    if isinstance(service, Failed):
        return [twilio_look.trouble("service", service)]
    if service.use_inbound_webhook_on_number:
        says = "each number of the service has its own: choose Send a webhook on the service's page Integration"
        return [Look("webhook", True, says)]
    return _seen(service.inbound_request_url, service.fallback_url, ours)


def _seen(hook: str | None, fallback: str | None, ours: str) -> list[Look]:
    return [twilio_look.hook("webhook", hook, ours), twilio_look.fallback(fallback, "a file with <Response/>")]
