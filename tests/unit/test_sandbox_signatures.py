"""The headers by which providers prove themselves: vectors worked by hand from their documents."""

import pytest

from sandbox import sign
from tests.sandbox_cast import PUBLIC, TOKEN


@pytest.mark.parametrize(
    ("token", "url", "form", "signature"),
    [
        (
            TOKEN,
            f"{PUBLIC}/hooks/twilio/sms?tenant=mm",
            [
                ("AccountSid", "AC" + "a" * 32),
                ("Body", "မင်္ဂလာပါ"),
                ("From", "+66812345678"),
                ("MessageSid", "SM" + "b" * 32),
                ("NumMedia", "0"),
                ("To", "+15005550006"),
            ],
            "4m8G1DzCAHc8yNNV0wiYgw6C8QE=",
        ),
        (
            TOKEN,
            f"{PUBLIC}/hooks/twilio/voice",
            [("Digits", "2"), ("Digits", "1"), ("Digits", "2"), ("CallSid", "CA" + "c" * 32)],
            "KUWh8RsHbowlSHNe9+/IvUCFLh4=",
        ),
        (
            TOKEN,
            f"{PUBLIC}/hooks/twilio/voice",
            [("Body", ""), ("From", "+66812345678")],
            "noI8B/r2UDI8wjDdZ16zC7ivZxc=",
        ),
        (TOKEN, f"{PUBLIC}/h", [("a", "1")], "KOz9JwKaXakmqEWviVvxj5qUaGo="),
        (TOKEN, f"{PUBLIC}:8443/h", [("a", "1")], "m29UbCN/2ZOvRIzObUnn/cqASLM="),
        (TOKEN, f"{PUBLIC}/h?From=%2B66812345678&Body=hi", [], "IhsmTrMLgcsJLGQSuba50MdL3e0="),
        (
            "12345",
            "https://mycompany.com/myapp.php?foo=1&bar=2",
            [
                ("CallSid", "CA1234567890ABCDE"),
                ("Caller", "+14158675309"),
                ("Digits", "1234"),
                ("From", "+14158675309"),
                ("To", "+18005551212"),
            ],
            "RSOYDt4T1cUTdK1PDd93/VVr8B8=",
        ),
    ],
)
def test_twilio_signature(token, url, form, signature):
    assert sign.twilio(token, url, form) == (("X-Twilio-Signature", signature),)


LINE_TEXT = (
    '{"destination":"U8e742f61d673b39c7fff3cecb7536ef0","events":[{"type":"message","mode":"active",'
    '"timestamp":1765000000000,"source":{"type":"user","userId":"U4af4980629aaaaaaaaaaaaaaaaaaaaaa"},'
    '"webhookEventId":"01KB7Y3MZ0Z7X9QK4T2R6V8N1C","deliveryContext":{"isRedelivery":false},'
    '"replyToken":"38ef843bde154d9b91c21320ffd17a0f","message":{"type":"text","id":"585000000000000001",'
    '"quoteToken":"q3Plxr4AgKd","text":"สวัสดี"}}]}'
)


@pytest.mark.parametrize(
    ("body", "signature"),
    [
        (
            '{"destination":"U8e742f61d673b39c7fff3cecb7536ef0","events":[]}',
            "GhRKmvmHys4Pi8DxkF4+EayaH0OqtJtaZxgTD9fMDLs=",
        ),
        (LINE_TEXT, "DBQUjYllMNQdC2ROqcHKJGjWrMweQmrGjVZO7wiN4TU="),
    ],
)
def test_line_signature(body, signature):
    assert sign.line("8c570fa6dd201bb328f1c1eac23a96d8", body.encode()) == (("X-Line-Signature", signature),)


def test_messenger_signature_is_over_the_escaped_bytes():
    body = (
        rb'{"object":"page","entry":[{"id":"1","time":1765000000000,"messaging":[{"sender":{"id":"2"},'
        rb'"recipient":{"id":"1"},"timestamp":1765000000000,"message":{"mid":"m_1","text":"\u1019\u102c"}}]}]}'
    )
    assert dict(sign.messenger("b7c1d0e2f3a4958677889900aabbccdd", body)) == {
        "X-Hub-Signature-256": "sha256=f692be838fc80ab5ed4c2923eae4ce37e9a6b5a0270d28a9a159e83f97d567ad",
        "X-Hub-Signature": "sha1=4a49d8755ccc7dd76124751e71c8f42f9d1b9d23",
    }


def test_telegram_repeats_its_secret():
    assert sign.telegram("s3cr3t_TOKEN-1") == (("X-Telegram-Bot-Api-Secret-Token", "s3cr3t_TOKEN-1"),)
