"""Promise 29, for words: what is written to harm is shown as what was written, and nothing else comes of it."""

from desk import canned, contact, people, saying, triage
from model.contact import Rules
from storage import search
from tests.conversation import KO

ELSEWHERE = "https://evil.example"
WORDS = (
    f"<script src='{ELSEWHERE}/x.js'></script><script>window.hurt=1</script>",
    f"\"><img src={ELSEWHERE}/x.png onerror=window.hurt=1><svg onload=window.hurt=1>",
    f"</textarea></title></template><iframe src={ELSEWHERE}></iframe>",
    f"<link rel=stylesheet href={ELSEWHERE}/x.css><style>body{{display:none}}</style>",
    f"<form action={ELSEWHERE}><input name=csrf><button>Yes</button></form>",
    f"<meta http-equiv=refresh content='0;url={ELSEWHERE}'>{{{{7*7}}}}{{% raw %}}${{7*7}}",
    f"javascript:window.hurt=1 data:text/html,<script>window.hurt=1</script> {ELSEWHERE}/{{id}}",
    "=HYPERLINK(\"https://evil.example\",\"x\") \u202etxt.exe\u202c \u2066\u2067\u200f \x07\x1b[2J\ufeff\u0000",
    "&lt;b&gt;&#x3c;script&#x3e; \\u003cscript\\u003e %3Cscript%3E",
)  # fmt: skip


async def test_nothing_that_is_written_does_anything(room, chromium):
    for n, words in enumerate(WORDS, 1):
        await room.write(words, minutes=n)
    organisation = await room.organisation()
    await room.write(WORDS[1], minutes=20, who=KO)  # as the last words of a row, too
    async with room.home.database.intake() as connection:
        await search.index(connection, room.home.workplace.master)
    ticket = (await room.at.rows("select ticket_id from message order by id limit 1"))[0][0]
    agent, _ = await room.agent(WORDS[1][:60], "agent", "supervisor", organisation=organisation)
    for words in WORDS:
        said = words.replace("\x00", "")
        async with room.seat(agent) as seat:
            await saying.note(seat, ticket, said)
            await people.set_name(seat, ticket, said[:90])
            await canned.save(seat, language="my", title=said[:70], text=said.replace("{", "("), quick=True)
        async with room.seat(agent) as seat:
            await triage.add_tag(seat, ticket, said[:38])
    async with room.seat(agent) as seat:
        await contact.write(seat, ticket, Rules(check=WORDS[0], remark=WORDS[1], whose=WORDS[2]), was=None)
    page, asked, said = await open_page(room, chromium, agent)
    await page.goto(f"{room.at.base}/inbox/{ticket}")
    await unharmed(page, WORDS[0])
    for sheet in ("#sheet-canned", "#sheet-rules", "#sheet-reveal"):
        await page.evaluate("(id) => document.querySelector(id).showPopover()", sheet)
        await page.wait_for_load_state("networkidle")
        await unharmed(page, WORDS[0])
        await page.evaluate("(id) => document.querySelector(id).hidePopover()", sheet)
    await room.write("another", minutes=30)  # and once more by the way of the live feed
    await page.locator("#log-items .words", has_text="another").wait_for()
    await page.goto(f"{room.at.base}/find")
    await page.fill("#query", "window.hurt")
    await page.keyboard.press("Enter")
    await page.locator("mark").first.wait_for()
    await unharmed(page, "window.hurt")
    assert asked == []
    # the policy would have stopped scripts; that it was never asked shows that no markup was made
    assert [line for line in said if "Content Security Policy" in line] == []


async def open_page(room, chromium, agent):
    """A signed-in page, with all that it asks of others and says to the console."""
    context = await chromium.new_context(viewport={"width": 1280, "height": 800})
    browser = await room.at.let_in(agent)
    await context.add_cookies([{"name": "session", "value": browser.cookie("session"), "url": room.at.base}])
    page = await context.new_page()
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda one: None if one.url.startswith((room.at.base, "data:")) else asked.append(one.url))
    page.on("console", lambda one: said.append(one.text))
    page.on("dialog", lambda one: said.append(f"Content Security Policy: dialog {one.message}"))
    return page, asked, said


async def unharmed(page, shown: str) -> None:
    """Nothing ran, nothing leads elsewhere, what was written can be read."""
    assert await page.evaluate("window.hurt") is None
    assert await page.evaluate("document.querySelectorAll('iframe, base, meta[http-equiv], main style').length") == 0
    leads = "[...document.querySelectorAll('[href], [src], [action], [formaction]')].map(one => one.outerHTML)"
    assert [one for one in await page.evaluate(leads) if "evil.example" in one.partition(">")[0]] == []
    assert shown in await page.evaluate("document.body.textContent")
