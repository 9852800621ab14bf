"""The accounts and people of the sandbox's own tests."""

from datetime import UTC, datetime
from urllib.parse import parse_qsl

from sandbox.accounts import Account
from sandbox.people import person

AT = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
PUBLIC = "https://gw.example.org"
TOKEN = "0123456789abcdef0123456789abcdef"
SECRETS = {
    "voice": {"account_sid": "AC" + "a" * 32, "auth_token": TOKEN, "number": "+15005550006"},
    "sms": {"account_sid": "AC" + "a" * 32, "auth_token": TOKEN, "number": "+15005550006"},
    "line": {"channel_secret": "8c570fa6dd201bb328f1c1eac23a96d8", "channel_access_token": "t"},
    "facebook": {
        "app_secret": "b7c1d0e2f3a4958677889900aabbccdd",
        "page_id": "102938475610293",
        "page_access_token": "p",
    },
    "telegram": {"bot_token": "123:ABC", "secret_token": "s3cr3t_TOKEN-1"},
}
LANGUAGES_OF = {"voice": ("my", "th", "en"), "telegram": ("en", "ne", "bn"), "line": ("my", "km", "lo", "th")}
ACCOUNTS = {
    channel: Account(
        id=f"{channel}-1",
        channel=channel,
        public_url=PUBLIC,
        countries=("TH",),
        languages=LANGUAGES_OF.get(channel, ()),
        keys=keys,
    )
    for channel, keys in SECRETS.items()
}
EVERYWHERE = list(ACCOUNTS.values())
AYE = person("aye", "my", "TH")


def form_of(webhook):
    return dict(parse_qsl(webhook.body.decode(), keep_blank_values=True))
