"""Downloads that cannot be led astray: a provider over TLS whose answers we write, and a canary nobody may reach."""

import asyncio

import pytest
from aiohttp import web

from channels.contract import Fetch
from outbound.addresses import is_open
from outbound.fetch import NotFetched
from tests.provider import HOSTS, canary, provider

OPEN = ("8.8.8.8", "1.1.1.1", "203.104.138.138", "2606:4700::1111", "2a03:2880:f12f::1", "64:ff9b::808:808")
CLOSED = (
    "127.0.0.1", "127.8.9.10", "0.0.0.0", "10.0.0.1", "172.16.3.4", "192.168.1.1", "100.64.0.1", "169.254.169.254",  # noqa: S104
    "192.0.2.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "::", "::1", "fe80::1", "fe80::1%eth0",
    "fc00::1", "fd12:3456::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:a00:1", "::10.0.0.1",
    "64:ff9b::10.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::1", "2002:a00:1::", "2002:7f00:1::1", "2001::1", "2001:db8::1",
    "", "localhost", "127.1", "0x7f.0.0.1", "2130706433",
)  # fmt: skip


@pytest.mark.parametrize("address", OPEN)
def test_open_addresses(address):
    assert is_open(address)


@pytest.mark.parametrize("address", CLOSED)
def test_closed_addresses(address):
    assert not is_open(address)


@pytest.fixture
async def far(tmp_path):
    async with provider(tmp_path) as found:
        yield found


@pytest.fixture
async def bird():
    async with canary() as found:
        yield found
        await found.knock()
        assert found.hits == 1, "somebody but us reached this machine"


def asked_for(url: str, **headers: str) -> Fetch:
    return Fetch(url=url, headers=headers, hosts=HOSTS)


async def got(far, url: str, api_base: str | None = None, **how) -> bytes:
    async with far.downloads(**how).found(asked_for(url, Authorization="Basic secret"), api_base) as found:
        return await found.read()


async def refusal(far, url: str, api_base: str | None = None, **how) -> tuple[str, str]:
    with pytest.raises(NotFetched) as caught:
        await got(far, url, api_base, **how)
    return caught.value.why, caught.value.when


async def test_a_file_comes_with_what_proves_us(far):
    assert await got(far, far.gives("/a", b"bytes")) == b"bytes"
    ((host, path, headers),) = far.asked
    assert (host, path, headers["Authorization"], headers["Accept-Encoding"]) == (
        "api.provider.test", "/a", "Basic secret", "identity",
    )  # fmt: skip


async def test_a_signed_address_is_asked_as_it_stands(far):
    far.gives("/v/p%C3%A9:x", b"1")
    seen: list[str] = []

    async def page(request: web.Request) -> web.Response:
        seen.append(request.raw_path)
        return web.Response(body=b"1")

    far.pages["/v/pé:x"] = page
    await got(far, far.url("/v/p%C3%A9:x?oh=a%2Fb&oe=%7E"))
    assert seen == ["/v/p%C3%A9:x?oh=a%2Fb&oe=%7E"]


async def test_another_host_never_hears_our_secret_not_even_on_the_way_back(far):
    far.gives("/end", b"1")
    back = far.sends_on("/back", far.url("/end"))
    far.sends_on("/cdn", back, **{"Set-Cookie": "track=me"})
    await got(far, far.sends_on("/start", far.url("/cdn", "a.cdn.provider.test")))
    assert [(host, path, "Authorization" in headers) for host, path, headers in far.asked] == [
        ("api.provider.test", "/start", True),
        ("a.cdn.provider.test", "/cdn", False),
        ("api.provider.test", "/back", False),
        ("api.provider.test", "/end", False),
    ]
    assert not any("Cookie" in headers for _, _, headers in far.asked)


async def test_not_even_the_same_host_hears_it_again(far):
    """Where files are stored behind signed addresses, a second proof is refused."""
    far.gives("/end", b"1")
    await got(far, far.sends_on("/start", "/end", 302))
    assert ["Authorization" in headers for _, _, headers in far.asked] == [True, False]


def astray(far, bird) -> list[str]:
    port = bird.port
    return [
        f"http://127.0.0.1:{port}/", f"https://127.0.0.1:{port}/", f"https://[::1]:{port}/",
        f"https://[::ffff:127.0.0.1]:{port}/", f"https://[::ffff:10.0.0.1]:{port}/", f"https://2130706433:{port}/",
        f"https://0x7f000001:{port}/", f"https://0177.0.0.1:{port}/", f"https://127.1:{port}/",
        f"https://localhost:{port}/", f"https://evil.test:{port}/", f"https://api.provider.test.evil.test:{port}/",
        f"https://xapi.provider.test:{port}/", f"https://cdn.provider.test:{port}/", "https://evilcdn.provider.test/",
        f"http://api.provider.test:{port}/", f"https://api.provider.test@127.0.0.1:{port}/",
        f"https://user:pass@api.provider.test:{port}/", "file:///etc/passwd", "ftp://api.provider.test/x",
        "gopher://api.provider.test/x", "//127.0.0.1/", "https://", "https://api.provider.test\r\nX: y/", "/etc/passwd",
        f"https://api.provider.test\t.evil.test:{port}/", "", "data:image/png;base64,AAAA", "https://ápi.provider.test/",
        "https://api.provider.test:99999/", f"https://api.provider.test%2eevil.test:{port}/",
    ]  # fmt: skip


async def test_no_address_but_the_providers_own(far, bird):
    for url in astray(far, bird):
        assert await refusal(far, url) == ("host", "refused"), url
    assert far.asked == []


async def test_no_redirect_but_to_the_providers_own(far, bird):
    for number, url in enumerate(
        u for u in astray(far, bird) if u.startswith(("http", "ftp", "file", "gopher", "data"))
    ):
        if "\r" not in url and "\t" not in url and url.isascii():
            assert await refusal(far, far.sends_on(f"/{number}", url)) == ("host", "refused"), url


async def test_a_redirect_without_an_end_is_followed_five_times(far):
    far.sends_on("/round", "/round")
    assert await refusal(far, far.url("/round")) == ("host", "refused")
    assert len(far.asked) == 6


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "127.0.0.2", "::1", "10.0.0.1", "::ffff:127.0.0.1", "169.254.169.254"]
)
async def test_a_name_that_leads_home_is_not_followed(far, bird, address):
    """However it got there: a provider's name that resolves to this machine or its neighbours."""
    far.names["api.provider.test"] = [address]
    assert await refusal(far, f"https://api.provider.test:{bird.port}/") == ("address", "later")


async def test_a_name_that_changes_between_two_questions_is_not_followed(far, bird):
    far.names["a.cdn.provider.test"] = ["127.0.0.7", "127.0.0.1"]
    again = f"https://a.cdn.provider.test:{bird.port}/"
    far.sends_on("/again", again)
    assert await refusal(far, far.url("/again", "a.cdn.provider.test")) == ("address", "later")
    assert len(far.asked) == 1


async def test_numeric_hosts_are_judged_on_the_socket_too(far, bird):
    """Even where the list of hosts names them: the resolver is not asked about numbers."""
    for host in ("127.0.0.1", "::ffff:127.0.0.1", "::1"):
        shown = f"[{host}]" if ":" in host else host
        with pytest.raises(NotFetched) as caught:
            async with far.downloads().found(Fetch(url=f"https://{shown}:{bird.port}/", hosts=(host,))):
                pass
        assert caught.value.why == "address"


async def test_an_api_base_of_this_machine_is_reached_because_it_is_configured(far, bird):
    async def page(request: web.BaseRequest) -> web.StreamResponse:
        if request.path == "/astray":
            return web.Response(status=302, headers={"Location": f"http://127.0.0.1:{bird.port}/"})
        return web.Response(body=b"sandbox")

    runner = web.ServerRunner(web.Server(page))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    base = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        assert await got(far, f"{base}/x", base) == b"sandbox"
        assert await got(far, f"{base}/x", f"{base}/under/a/path") == b"sandbox"
        assert await refusal(far, f"{base}/x") == ("host", "refused")
        assert await refusal(far, f"{base}/x", "http://127.0.0.1:1") == ("host", "refused")
        assert await refusal(far, f"{base}/x", base.replace("http", "https")) == ("host", "refused")
        assert await refusal(far, f"{base}/astray", base) == ("host", "refused")
    finally:
        await runner.cleanup()


async def test_a_proxy_of_the_environment_is_not_used(far, bird, monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTPS_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{bird.port}")
    assert await got(far, far.gives("/a", b"1")) == b"1"


STATUSES = [
    (202, "preparing", "later"), (204, "empty", "later"), (401, "credentials", "later"), (403, "not_there", "later"),
    (404, "not_there", "later"), (410, "expired", "gone"), (429, "away", "later"), (500, "away", "later"),
    (503, "away", "later"), (206, "away", "later"), (304, "away", "later"),
]  # fmt: skip


@pytest.mark.parametrize(("status", "why", "when"), STATUSES)
async def test_what_each_answer_means(far, status, why, when):
    assert await refusal(far, far.gives("/a", b"" if status in (204, 304) else b"no", status=status)) == (why, when)


async def test_no_bytes_are_no_file(far):
    assert await refusal(far, far.gives("/a", b"")) == ("empty", "later")


async def test_too_large_is_known_before_it_is_read(far):
    async def page(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse(headers={"Content-Length": str(1 << 40)})
        await answer.prepare(request)
        return answer

    far.pages["/a"] = page
    assert await refusal(far, far.url("/a")) == ("too_large", "refused")


async def test_too_large_without_saying_so_is_cut(far):
    sent = 0

    async def page(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        answer = web.StreamResponse()
        answer.enable_chunked_encoding()
        await answer.prepare(request)
        while sent < 1 << 30:
            await answer.write(bytes(1 << 16))
            sent += 1 << 16
        return answer

    far.pages["/a"] = page
    assert await refusal(far, far.url("/a")) == ("too_large", "refused")
    assert sent < 32 << 20


@pytest.mark.parametrize("pause", [0.05, 30])
async def test_a_drip_is_cut(far, pause):
    async def page(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        for _ in range(1000):
            await answer.write(b".")
            await asyncio.sleep(pause)
        return answer

    far.pages["/a"] = page
    started = asyncio.get_running_loop().time()
    assert await refusal(far, far.url("/a"), seconds=0.5) == ("away", "later")
    assert asyncio.get_running_loop().time() - started < 5


async def test_nobody_answers(far):
    async def page(request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(30)
        raise AssertionError

    far.pages["/a"] = page
    assert await refusal(far, far.url("/a"), seconds=0.5) == ("away", "later")


async def test_half_a_file_is_no_file(far):
    async def page(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse(headers={"Content-Length": "1000"})
        await answer.prepare(request)
        await answer.write(b"half")
        request.transport.close()
        return answer

    far.pages["/a"] = page
    assert await refusal(far, far.url("/a")) == ("away", "later")


async def test_what_is_packed_is_not_unpacked(far):
    url = far.gives("/a", b"\x1f\x8b" + bytes(50), headers={"Content-Encoding": "gzip"})
    assert await refusal(far, url) == ("away", "later")


async def test_a_stranger_with_the_providers_name_is_not_believed(far, tmp_path):
    (tmp_path / "other").mkdir()
    async with provider(tmp_path / "other") as stranger:
        stranger.gives("/a", b"1")
        assert await refusal(far, f"https://api.provider.test:{stranger.port}/a") == ("away", "later")
        assert stranger.asked == []
