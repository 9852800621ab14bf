"""Where people are real there are no phones to try out, and nothing on any page leads to them."""

import pytest

from tests.desk import desk


@pytest.mark.parametrize("path", ["/phones", "/phones/file?at=/sandbox/media/jpeg", "/phones/my-TH-1/news"])
async def test_outside_the_sandbox_there_is_nothing(home, path):
    async with desk(home) as at:
        browser = await at.signed_in()
        assert (await browser.get(path)).status == 404
        assert "/phones" not in (await browser.get("/account")).text
