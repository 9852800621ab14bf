"""The accounts of a config.yaml, and secrets invented for them."""

import re
import stat

import pytest

from sandbox.accounts import BadConfig, names_in, read_accounts
from sandbox.secrets import invent

CONFIG = """
network: {public_url: "https://hotline.example.org/"}   # ${IN_A_COMMENT}
accounts:
  - {id: sms-us, channel: sms, inbound: false, account_sid: "${TW_SID}", auth_token: "${TW_TOKEN}",
     number: "${US_NUMBER}"}
  - {id: line-th, channel: line, channel_secret: ["${LINE_NEW}", "${LINE_OLD}"], countries: [TH, NO], languages: [my]}
  - {id: tg, channel: telegram, bot_token: "${TELEGRAM_TOKEN}", secret_token: "${TELEGRAM_SECRET_TOKEN}"}
  - {id: fb, channel: facebook, app_secret: "${TW_TOKEN}", page_id: "${FB_PAGE_ID}", api_base: "${API_URL}"}
"""


def test_names_of_a_config():
    assert names_in(CONFIG) == [
        "TW_SID", "TW_TOKEN", "US_NUMBER", "LINE_NEW", "LINE_OLD", "TELEGRAM_TOKEN", "TELEGRAM_SECRET_TOKEN",
        "FB_PAGE_ID", "API_URL",
    ]  # fmt: skip


def test_invented_secrets_fit_their_names_and_stay(tmp_path):
    file = tmp_path / "var" / "sandbox.env"
    made = invent(names_in(CONFIG), file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert re.fullmatch("AC[0-9a-f]{32}", made["TW_SID"])
    assert re.fullmatch("[0-9a-f]{32}", made["TW_TOKEN"])
    assert re.fullmatch(r"\+1500555\d{4}", made["US_NUMBER"])
    assert re.fullmatch(r"\d{10}:[\w-]{35}", made["TELEGRAM_TOKEN"])
    assert re.fullmatch(r"[\w-]{32}", made["TELEGRAM_SECRET_TOKEN"])
    assert made["FB_PAGE_ID"].isdigit()
    assert "API_URL" not in made
    assert invent([*names_in(CONFIG), "NEW_NAME"], file).items() >= made.items()
    assert invent(["NEW_NAME"], file) == {"NEW_NAME": invent(["NEW_NAME"], file)["NEW_NAME"]}


def test_a_secrets_file_written_by_hand_is_kept_and_closed_to_others(tmp_path):
    file = tmp_path / "s.env"
    file.write_text("# mine\nTW_TOKEN=abc", "utf-8")
    file.chmod(0o644)
    assert invent(["TW_TOKEN", "OTHER"], file)["TW_TOKEN"] == "abc"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.read_text("utf-8").startswith("# mine\nTW_TOKEN=abc\nOTHER=")


def test_accounts_of_a_config():
    env = {name: name.lower() for name in names_in(CONFIG)} | {"API_URL": "http://127.0.0.1:9/"}
    sms, line_th, tg, fb = read_accounts(CONFIG, env)
    assert (sms.inbound, sms.hook_url) == (False, "https://hotline.example.org/hooks/sms-us")
    assert (line_th.key("channel_secret"), line_th.countries) == ("line_new", ("TH", "NO"))
    assert (fb.api_base, tg.api_base) == ("http://127.0.0.1:9", None)
    assert "line_new" not in repr(line_th)
    with pytest.raises(BadConfig, match="account tg: app_secret is missing"):
        tg.key("app_secret")


@pytest.mark.parametrize(
    ("config", "complaint"),
    [
        ("a: [", "not YAML"),
        ("network: {}", "network.public_url"),
        ("network: {public_url: 'https://x'}", "at least one account"),
        ("network: {public_url: 'https://x'}\naccounts: [{id: a, channel: fax}]", "account a: channel must be"),
        ("network: {public_url: 'https://x'}\naccounts: [{channel: sms}]", "needs an id"),
        (CONFIG, "account sms-us: TW_SID is not set"),
    ],
)
def test_a_config_that_cannot_be_used(config, complaint):
    with pytest.raises(BadConfig, match=complaint):
        read_accounts(config, {})
