"""What Twilio says about a phone line: the account, where calls go, who answers while we cannot."""

from collections.abc import Sequence

from channels import twilio_look
from channels.contract import Look
from channels.twilio_send import Client
from channels.voice.settings import Settings


async def look(client: Client, settings: Settings, webhook_url: str) -> Sequence[Look]:
    """One line for each thing Twilio can be asked; the first alone where it does not know the account."""
    account = await twilio_look.account(client, settings)
    if account.wrong:
        return [account]
    number = await twilio_look.number(client, settings.number)
    if isinstance(number, Look):
        return [account, number]
    if number.voice_application_sid or number.trunk_sid:
        says = "a TwiML app or a SIP trunk takes its calls: choose Webhook on the number's page in the console"
        return [account, Look("calls", True, says)]
    return [
        account,
        twilio_look.hook("calls", number.voice_url, webhook_url),
        twilio_look.hook("end of calls", number.status_callback, f"{webhook_url}/status", repeats=False),
        twilio_look.fallback(number.voice_fallback_url, "a TwiML file with a neutral sentence"),
    ]
