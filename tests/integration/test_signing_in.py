"""Signing in: password, second factor, sessions, invitations; and what must not work."""

import pytest

from tests.desk import PASSWORD, desk


@pytest.fixture
async def at(home):
    async with desk(home) as opened:
        yield opened


async def test_a_right_password_leads_in(at):
    await at.agent()
    browser = at.browser()
    page = await browser.sign_in("mya@shwe")
    assert (page.status, page.to) == (303, "/")
    first = await browser.get("/")
    assert first.status == 200
    assert "Shwe Lan" in first.text
