"""Signatures computed elsewhere: what LINE and Meta would send for these exact bytes."""

import pytest

from channels.contract import NotAuthentic
from channels.facebook import CHANNEL as FACEBOOK
from channels.line import CHANNEL as LINE
from model.http import Request

LINE_SECRET = "8c570fa6dd201bb328f1c1eac23a96d8"
LINE_EMPTY = '{"destination":"U8e742f61d673b39c7fff3cecb7536ef0","events":[]}'
LINE_THAI = (
    '{"destination":"U8e742f61d673b39c7fff3cecb7536ef0","events":[{"type":"message","mode":"active",'
    '"timestamp":1765000000000,"source":{"type":"user","userId":"U4af4980629aaaaaaaaaaaaaaaaaaaaaa"},'
    '"webhookEventId":"01KB7Y3MZ0Z7X9QK4T2R6V8N1C","deliveryContext":{"isRedelivery":false},'
    '"replyToken":"38ef843bde154d9b91c21320ffd17a0f","message":{"type":"text","id":"585000000000000001",'
    '"quoteToken":"q3Plxr4AgKd","text":"สวัสดี"}}]}'
)
META_SECRET = "b7c1d0e2f3a4958677889900aabbccdd"
META_BURMESE = (
    '{"object":"page","entry":[{"id":"1","time":1765000000000,"messaging":[{"sender":{"id":"2"},'
    '"recipient":{"id":"1"},"timestamp":1765000000000,"message":{"mid":"m_1","text":"\\u1019\\u102c"}}]}]}'
)
META_SIGNATURE = "sha256=f692be838fc80ab5ed4c2923eae4ce37e9a6b5a0270d28a9a159e83f97d567ad"


def line(*secrets):
    return LINE.settings({"id": "l", "channel": "line", "channel_secret": [*secrets], "channel_access_token": "t"})


def facebook(*secrets, **more):
    section = {"id": "f", "channel": "facebook", "app_secret": [*secrets], "verify_token": "w", "page_id": "1"}
    return FACEBOOK.settings({**section, "page_access_token": "t", **more})


def post(body, header, value):
    return Request(method="POST", url="https://hotline.example.org/hooks/x", headers=((header, value),), body=body)


@pytest.mark.parametrize(
    ("body", "signature"),
    [
        (LINE_EMPTY, "GhRKmvmHys4Pi8DxkF4+EayaH0OqtJtaZxgTD9fMDLs="),
        (LINE_THAI, "DBQUjYllMNQdC2ROqcHKJGjWrMweQmrGjVZO7wiN4TU="),
    ],
)
def test_line_vectors(body, signature):
    request = post(body.encode(), "x-line-signature", signature)
    LINE.verify(request, line(LINE_SECRET))
    LINE.verify(request, line("next-secret", LINE_SECRET))
    with pytest.raises(NotAuthentic):
        LINE.verify(request, line("next-secret"))


def test_messenger_vector_is_over_the_escaped_bytes():
    body = META_BURMESE.encode()
    assert len(body) == 190
    request = post(body, "x-hub-signature-256", META_SIGNATURE)
    FACEBOOK.verify(request, facebook(META_SECRET))
    FACEBOOK.verify(request, facebook("next-secret", META_SECRET))
    with pytest.raises(NotAuthentic):
        FACEBOOK.verify(request, facebook("next-secret"))
    assert [event.text for event in FACEBOOK.parse(request, facebook(META_SECRET))] == ["မာ"]


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("x-hub-signature", "sha1=4a49d8755ccc7dd76124751e71c8f42f9d1b9d23"),
        ("x-hub-signature-256", "sha256=4d1cafb09e45975b7282fce442436664243aacf1cad74795d153e265720db80c"),
        ("x-hub-signature-256", META_SIGNATURE.removeprefix("sha256=")),
        ("x-hub-signature-256", META_SIGNATURE.upper()),
    ],
    ids=["legacy sha1 alone", "over re-written JSON", "without its prefix", "upper case"],
)
def test_messenger_refuses(header, value):
    with pytest.raises(NotAuthentic):
        FACEBOOK.verify(post(META_BURMESE.encode(), header, value), facebook(META_SECRET))


@pytest.mark.parametrize(
    ("query", "status", "body"),
    [
        ("hub.mode=subscribe&hub.verify_token=w&hub.challenge=1158201444", 200, b"1158201444"),
        ("hub.mode=unsubscribe&hub.verify_token=w&hub.challenge=1158201444", 403, b""),
        ("hub.mode=subscribe&hub.verify_token=%C3%A9&hub.challenge=1158201444", 403, b""),
        ("hub.mode=subscribe&hub.verify_token=w&hub.verify_token=w&hub.challenge=1", 403, b""),
        ("hub.mode=subscribe&hub.verify_token=w&hub.challenge=%3Cscript%3E", 403, b""),
        ("hub.mode=subscribe&hub.verify_token=w&hub.challenge=%E1%81%81", 403, b""),  # a digit, but Burmese
        ("hub.mode=subscribe&hub.verify_token=w", 403, b""),
        ("", 403, b""),
    ],
)
def test_messenger_hello(query, status, body):
    request = Request(method="GET", url=f"https://hotline.example.org/hooks/f?{query}")
    answer = FACEBOOK.hello(request, facebook(META_SECRET))
    assert (answer.status, answer.body) == (status, body)


def test_messenger_hello_is_a_get():
    request = Request(method="POST", url="https://hotline.example.org/hooks/f?hub.mode=subscribe")
    assert FACEBOOK.hello(request, facebook(META_SECRET)) is None


def test_pages_of_one_app_share_a_door():
    first, second = facebook("a", "b", page_id=1), facebook("b", "a", page_id="2")
    assert FACEBOOK.door(first) == FACEBOOK.door(second) != FACEBOOK.door(facebook("c"))
    assert (FACEBOOK.own_id(first), FACEBOOK.own_id(second)) == ("1", "2")


def test_settings_do_not_show_their_secrets():
    assert LINE_SECRET not in repr(line(LINE_SECRET))
    assert META_SECRET not in repr(facebook(META_SECRET))
