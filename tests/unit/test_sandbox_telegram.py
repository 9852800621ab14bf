"""Telegram's Bot API as the SDK sees it."""

import aiohttp
import pytest
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup
from telegram.error import BadRequest, Forbidden, InvalidToken

from sandbox.providers import telegram
from tests.sandbox_cast import ACCOUNTS, AT, AYE, EVERYWHERE, SECRETS
from tests.sandbox_server import sandbox_server

CHAT = AYE.telegram_id


def bot(sandbox, token=SECRETS["telegram"]["bot_token"]):
    return Bot(token, base_url=f"{sandbox.url}/bot", base_file_url=f"{sandbox.url}/file/bot")


async def test_words_files_and_buttons_come_to_the_phone():
    buttons = InlineKeyboardMarkup([[InlineKeyboardButton("မြန်မာ", callback_data="lang=my")]])
    async with sandbox_server(EVERYWHERE) as sandbox, bot(sandbox) as hotline:
        sent = await hotline.send_message(CHAT, "a &lt; <b>b</b>", parse_mode="HTML", reply_markup=buttons)
        await hotline.send_photo(CHAT, b"\xff\xd8\xff picture", caption="slip")
        await hotline.send_voice(CHAT, b"OggS voice")
        await hotline.send_audio(CHAT, b"ID3 audio")
        await hotline.send_document(CHAT, b"%PDF", filename="contract.pdf")
        received = sandbox.phone("telegram", AYE).received
    assert [(i.kind, i.text, [m.size for m in i.media]) for i in received] == [
        ("text", "a < b", []), ("image", "slip", [11]), ("audio", "", [10]), ("audio", "", [9]), ("file", "", [4]),
    ]  # fmt: skip
    assert received[0].id == str(sent.message_id)
    assert [(c.label, c.value) for c in received[0].choices] == [("မြန်မာ", "lang=my")]
    assert received[4].media[0].name == "contract.pdf"


@pytest.mark.parametrize(
    ("text", "how", "complaint"),
    [
        ("a" * 4097, {}, "message is too long"),
        ("😀" * 2049, {}, "message is too long"),
        ("a < b", {"parse_mode": "HTML"}, "can't parse entities"),
        ("<script>", {"parse_mode": "HTML"}, "unsupported start tag"),
        ("<b>a", {"parse_mode": "HTML"}, "can't find end tag"),
        (" ", {}, "message text is empty"),
    ],
)
async def test_a_wrong_text_is_refused(text, how, complaint):
    async with sandbox_server(EVERYWHERE) as sandbox, bot(sandbox) as hotline:
        with pytest.raises(BadRequest) as refused:
            await hotline.send_message(CHAT, text, **how)
        assert complaint in str(refused.value).lower()
        assert sandbox.sent == []


async def test_who_blocked_the_bot_is_not_written_to_until_they_are_back():
    async with sandbox_server(EVERYWHERE) as sandbox, bot(sandbox) as hotline:
        sandbox.notice(telegram.blocked(ACCOUNTS["telegram"], AYE, AT, 1))
        with pytest.raises(Forbidden, match="bot was blocked by the user"):
            await hotline.send_message(CHAT, "a")
        sandbox.notice(telegram.blocked(ACCOUNTS["telegram"], AYE, AT, 2, back=True))
        await hotline.send_message(CHAT, "b")
        assert sandbox.phone("telegram", AYE).texts == ["b"]


async def test_tokens_the_webhook_and_what_is_not_there():
    async with sandbox_server(EVERYWHERE) as sandbox, bot(sandbox) as hotline:
        assert (await hotline.get_webhook_info()).url == "https://gw.example.org/hooks/telegram-1"
        assert await hotline.set_webhook("https://gw.example.org/hooks/telegram-1", secret_token="x")
        assert await hotline.answer_callback_query("1")
        with pytest.raises(InvalidToken):  # what the SDK makes of a 404
            await hotline.send_dice(CHAT)


@pytest.mark.parametrize(("token", "status"), [("123:WRONG", 401), ("wrong", 404), ("123:ABC", 200)])
async def test_a_bot_is_known_by_its_token(token, status):
    async with (
        sandbox_server(EVERYWHERE) as sandbox,
        aiohttp.ClientSession(sandbox.url) as client,
        client.post(f"/bot{token}/getMe") as answer,
    ):
        assert (answer.status, (await answer.json())["ok"]) == (status, status == 200)


async def test_files_are_what_their_ids_tell():
    async with sandbox_server(EVERYWHERE) as sandbox, bot(sandbox) as hotline:
        for made, start in (
            (telegram.voice(ACCOUNTS["telegram"], AYE, 3, AT, 1), b"OggS"),
            (telegram.photo(ACCOUNTS["telegram"], AYE, AT, 2), b"\xff\xd8\xff"),
            (telegram.document(ACCOUNTS["telegram"], AYE, AT, 3), b"%PDF"),
        ):
            ident = made.body.partition(b'file_id":"')[2].partition(b'"')[0].decode()
            file = await hotline.get_file(ident)
            assert bytes(await file.download_as_bytearray()).startswith(start)
