"""The published and computed signatures of Twilio, and everything that must not pass for one."""

import base64
import hashlib
import hmac
from dataclasses import replace
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels import twilio_webhook
from channels.contract import NotAuthentic, Unreadable
from channels.twilio_webhook import Form, check_signature, read_form
from model.http import Request

TOKEN = "0123456789abcdef0123456789abcdef"
ACCOUNT = "AC" + "a" * 32
FORM = ("content-type", "application/x-www-form-urlencoded; charset=UTF-8")
GATEWAY = "https://gw.example.org"
CALLER = ("From", "+66812345678")
BURMESE = [
    ("AccountSid", ACCOUNT),
    ("Body", "မင်္ဂလာပါ"),
    CALLER,
    ("MessageSid", "SM" + "b" * 32),
    ("NumMedia", "0"),
    ("To", "+15005550006"),
]
DIGITS = [("Digits", "2"), ("Digits", "1"), ("Digits", "2"), ("CallSid", "CA" + "c" * 32)]
PUBLISHED = [
    ("CallSid", "CA1234567890ABCDE"),
    ("Caller", "+14158675309"),
    ("Digits", "1234"),
    ("From", "+14158675309"),
    ("To", "+18005551212"),
]
MIXED = [("Body", ""), CALLER, ("D", "2"), ("D", "1"), ("D", "2")]
JSON_BODY = b'{"event":"x","n":1}'
JSON_URL = f"{GATEWAY}/hooks/twilio/events?bodySHA256=27ebfe91a318dc07829eec267640f3751e9a3cdc12079c47803ad76b3404b82e"


def posted(url, fields, *signatures):
    headers = (FORM, *(("x-twilio-signature", signature) for signature in signatures))
    return Request(method="POST", url=url, headers=headers, body=urlencode(fields).encode())


def posted_json(url, body, signature):
    headers = (("content-type", "application/json"), ("x-twilio-signature", signature))
    return Request(method="POST", url=url, headers=headers, body=body)


def got(url, signature, body=b""):
    return Request(method="GET", url=url, headers=(("x-twilio-signature", signature),), body=body)


def sign(url, fields=(), token=TOKEN):
    signed = url + "".join(name + value for name, value in sorted(set(fields)))
    return base64.b64encode(hmac.new(token.encode(), signed.encode(), hashlib.sha1).digest()).decode()


def passes(request, *tokens):
    form = Form({}) if dict(request.headers).get("content-type") == "application/json" else read_form(request)
    try:
        check_signature(request, form, tokens or (TOKEN,))
    except NotAuthentic:
        return False
    return True


VECTORS = {
    "1 Burmese, query": (f"{GATEWAY}/hooks/twilio/sms?tenant=mm", BURMESE, "4m8G1DzCAHc8yNNV0wiYgw6C8QE="),
    "2 doubled field": (f"{GATEWAY}/hooks/twilio/voice", DIGITS, "KUWh8RsHbowlSHNe9+/IvUCFLh4="),
    "3 blank field": (f"{GATEWAY}/hooks/twilio/voice", [("Body", ""), CALLER], "noI8B/r2UDI8wjDdZ16zC7ivZxc="),
    "5 https": (f"{GATEWAY}/h", [("a", "1")], "KOz9JwKaXakmqEWviVvxj5qUaGo="),
    "6 port 443": (f"{GATEWAY}:443/h", [("a", "1")], "eF7kWAc+eUyIJUCHAjt+51kN9t0="),
    "7 port 8443": (f"{GATEWAY}:8443/h", [("a", "1")], "m29UbCN/2ZOvRIzObUnn/cqASLM="),
    "8 http": ("http://gw.example.org/h", [("a", "1")], "D9WR/cSvDo6Dxq/vi8jo0wphEUc="),
    "11 doubled and blank": (f"{GATEWAY}/hook?t=1", MIXED, "UOKfeJSJkocZE/p+k9Xl57LOQKY="),
}


@pytest.mark.parametrize(("url", "fields", "signature"), VECTORS.values(), ids=VECTORS)
def test_form_vectors(url, fields, signature):
    assert passes(posted(url, fields, signature))
    assert not passes(posted(url, [*fields, ("extra", "1")], signature))
    assert not passes(posted(url, fields, signature.swapcase()))


def test_vector_4_json_with_its_hash_in_the_url():
    signature = "DBAwCJEGxRDLW2B2SedFvQB+0dY="
    assert passes(posted_json(JSON_URL, JSON_BODY, signature))
    assert not passes(posted_json(JSON_URL, JSON_BODY + b" ", signature))
    assert not passes(posted_json(JSON_URL, b"\xff\xfe", signature))


def test_json_without_a_hash_is_refused_even_if_its_url_is_signed():
    url = f"{GATEWAY}/hooks/twilio/events"
    assert not passes(posted_json(url, JSON_BODY, sign(url)))


def test_vector_9_get_signs_the_url_alone():
    url, signature = f"{GATEWAY}/h?From=%2B66812345678&Body=hi", "IhsmTrMLgcsJLGQSuba50MdL3e0="
    assert passes(got(url, signature))
    assert not passes(got(url + "&x=1", signature))
    assert not passes(got(url, signature, body=b"From=somebody"))


def test_vector_10_published_by_twilio():
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    assert passes(posted(url, PUBLISHED, "RSOYDt4T1cUTdK1PDd93/VVr8B8="), "12345")


@pytest.mark.parametrize("signature", ["f9HFH72VwvaOk/uni9wSQGDkPZ8=", "aaHqVeC5QhM7lfccvqa+MIINGRY="])
def test_signatures_of_collapsed_or_dropped_fields_are_wrong(signature):
    url = f"{GATEWAY}/hooks/twilio/voice"
    assert not passes(posted(url, DIGITS, signature))
    assert not passes(posted(url, [("Body", ""), CALLER], signature))


def test_the_caller_cannot_choose_another_algorithm():
    request = posted(VECTORS["1 Burmese, query"][0], BURMESE, "e/B5ZUTkaSmkdVBXOc3rdwaq/wMbpHystC4EqYbNMgs=")
    settings = ("x-twilio-webhooks-signature-settings", "key=k,algorithm=HMAC_SHA256")
    assert not passes(replace(request, headers=(*request.headers, settings)))


def test_the_default_port_may_be_written_or_not_but_the_scheme_counts():
    assert passes(posted(f"{GATEWAY}/h", [("a", "1")], VECTORS["6 port 443"][2]))
    assert passes(posted(f"{GATEWAY}:443/h", [("a", "1")], VECTORS["5 https"][2]))
    assert not passes(posted("http://gw.example.org/h", [("a", "1")], VECTORS["5 https"][2]))


def test_any_of_several_tokens_may_have_signed():
    url = f"{GATEWAY}/h"
    request = posted(url, [("a", "1")], sign(url, [("a", "1")], "second"))
    assert passes(request, "first", "second")
    assert not passes(request, "first", "third")


GOOD = VECTORS["5 https"]


@pytest.mark.parametrize(
    "signatures", [(), ("",), ("é",), ("\udcff",), ("short",), (GOOD[2], GOOD[2]), (GOOD[2] + "é",)]
)
def test_missing_doubled_and_non_ascii_signatures_are_refused_without_an_exception(signatures):
    assert not passes(posted(GOOD[0], GOOD[1], *signatures))


@pytest.mark.parametrize("url", ["https://[", "https://gw.example.org:99999/h", "https://gw.example.org/\udcff", ""])
def test_a_broken_url_is_refused_without_an_exception(url):
    assert not passes(posted(url, GOOD[1], GOOD[2]))


def whole_request(fields):
    url = f"{GATEWAY}/hooks/sms-th"
    return posted(url, fields, sign(url, fields))


@pytest.mark.parametrize("fields", [[], [("AccountSid", "AC" + "b" * 32)], [("AccountSid", "")]])
def test_a_signed_request_of_another_account_is_refused(fields):
    with pytest.raises(NotAuthentic, match="another Twilio account"):
        twilio_webhook.verify(whole_request(fields), ACCOUNT, (TOKEN,))


def test_two_account_ids_are_none():
    with pytest.raises(NotAuthentic):
        twilio_webhook.verify(
            whole_request([("AccountSid", ACCOUNT), ("AccountSid", "AC" + "b" * 32)]), ACCOUNT, (TOKEN,)
        )


def test_signed_json_is_authentic_and_then_unreadable():
    request = posted_json(JSON_URL, JSON_BODY, "DBAwCJEGxRDLW2B2SedFvQB+0dY=")
    twilio_webhook.verify(request, ACCOUNT, (TOKEN,))
    with pytest.raises(Unreadable):
        read_form(request)


def test_ten_thousand_fields_are_no_message_of_twilios():
    request = whole_request([("AccountSid", ACCOUNT), *((f"f{n}", "") for n in range(10_000))])
    with pytest.raises(NotAuthentic, match="fields"):
        twilio_webhook.verify(request, ACCOUNT, (TOKEN,))
    with pytest.raises(Unreadable, match="fields"):
        read_form(request)


@given(
    st.sampled_from(["POST", "GET", "PUT", "post", ""]),
    st.text(),
    st.lists(st.tuples(st.sampled_from(["content-type", "x-twilio-signature"]), st.text())),
    st.binary(),
)
def test_no_request_does_more_than_be_refused(method, url, headers, body):
    request = Request(method=method, url=url, headers=headers, body=body)
    with pytest.raises(NotAuthentic):
        twilio_webhook.verify(request, ACCOUNT, (TOKEN,))


PHONES = {
    "+66812345678": ("+66812345678", True),
    "+66 (0) 81-234-5678": ("+66812345678", True),
    " 66812345678": ("66812345678", False),
    "12345": ("12345", False),
    "+1155": ("+1155", False),
    "+999123456789012": ("+999123456789012", False),
}


@pytest.mark.parametrize("given_number", PHONES)
def test_numbers_become_e164_or_stay_as_given(given_number):
    sender = twilio_webhook.phone_sender(given_number)
    assert (sender.scope, sender.value, sender.answerable) == ("phone", *PHONES[given_number])


@pytest.mark.parametrize(
    "hidden",
    ["+266696687", "266696687", "+7378742833", "+2562533", "+8656696", "+86282452253", "Anonymous", "RESTRICTED",
     "unavailable", "unknown", "Private", "", "+", "sip:anonymous@anonymous.invalid"],
)  # fmt: skip
def test_hidden_numbers_are_nobodys(hidden):
    assert twilio_webhook.is_hidden(hidden)
    assert twilio_webhook.phone_sender(hidden) is None


@pytest.mark.parametrize("name", ["KBANK", "client:alice", "sip:alice2@host4", "whatsapp:+66812345678", "๖๖๘๑๒๓๔๕๖๗๘"])
def test_names_are_no_numbers(name):
    assert not twilio_webhook.is_hidden(name)
    assert twilio_webhook.phone_sender(name) is None
