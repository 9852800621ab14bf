"""Files of the pages: what they name is there, they name nobody else, and the first page stays small."""

import re
from importlib.resources import files as resources
from pathlib import Path

import pytest

from web.headers import POLICY
from web.static_files import StaticFiles

TEMPLATES = {path.name: path.read_text("utf-8") for path in Path(str(resources("web") / "templates")).rglob("*.html")}


@pytest.fixture(scope="module")
def files() -> StaticFiles:
    return StaticFiles()


def body(files: StaticFiles, name: str) -> str:
    return files.body(name).decode()


def test_the_policy_lets_nothing_in_from_elsewhere():
    parts = dict(part.strip().split(" ", 1) for part in POLICY.split(";"))
    assert parts["default-src"] == "'none'"
    for what, sources in parts.items():
        assert set(sources.split()) <= {"'none'", "'self'", "data:", "blob:"}, what
    assert parts["script-src"] == parts["style-src"] == "'self'"
    assert {parts["frame-ancestors"], parts["base-uri"]} == {"'none'"}


def test_scripts_and_styles_name_only_files_that_are_there(files):
    served = set(files.sizes())
    for name in served - {"js/htmx.js"}:
        if name.endswith(".js"):
            for other in re.findall(r'(?:from|import) "(.*?)"', body(files, name)):
                assert other.startswith("./"), name
                assert f"js/{other[2:]}" in served
        if name.endswith(".css"):
            assert set(re.findall(r"url\((.*?)\)", body(files, name))) <= {files.url(font) for font in served}, name


def test_every_symbol_a_page_draws_is_there(files):
    drawn = set(re.findall(r'icon\("([a-z-]+)"', "".join(TEMPLATES.values())))
    assert drawn
    assert drawn <= set(re.findall(r'id="i-([a-z-]+)"', body(files, "icons.svg")))


def test_colours_stand_in_the_tokens_alone(files):
    for name in ("base.css", "fonts.css"):
        assert not re.findall(r"#[0-9a-fA-F]{3,8}\b(?!\w)|\brgb\(\d+ \d+ \d+(?! / \.)", body(files, name)), name


def test_directions_are_logical(files):
    """Right to left needs no second sheet: nothing is said of left and right where start and end are meant."""
    sided = r"(?<![a-z-])(?:margin|padding|border)-(?:left|right)\b|text-align: (?:left|right)"
    sided += r"|(?<![a-z-])(?:left|right):|float: (?:left|right)"
    assert not re.findall(sided, body(files, "base.css"))


def test_the_first_page_stays_small(files):
    """150 kB on a line of 256 kbit/s, with Burmese, whose two weights are the heaviest but one script."""
    sizes = files.sizes()
    always = {"tokens.css", "base.css", "fonts.css", "icons.svg", "favicon.svg"}
    later = {"door", "phones", "notice"}  # or not on it
    later |= {"composer", "form", "lengths", "drafts", "outbox", "attach", "choices", "mention", "record"}
    scripts = {name for name in sizes if name.startswith("js/")} - {f"js/{name}.js" for name in later}
    burmese = {name for name in sizes if "myanmar" in name}
    assert len(burmese) == 2
    page = 8_000  # measured below 5 kB
    assert sum(sizes[name] for name in always | scripts | burmese) + page < 150_000


def test_every_font_comes_with_its_licence():
    fonts = {item.name for item in (resources("web") / "static" / "fonts").iterdir()}
    families = {re.sub(r"-(400|600)\.woff2$", "", name) for name in fonts if name.endswith(".woff2")}
    assert len(families) == 9
    assert {f"{family}.OFL.txt" for family in families} <= fonts


SCRIPTS = {
    "my": "မြန်မာ", "shn": "ၵႂၢမ်းတႆး", "mnw": "ဘာသာမန်", "ksw": "ကညီကျိာ်", "th": "ภาษาไทย", "lo": "ລາວ", "km": "ខ្មែរ",
    "ne": "नेपाली", "hi": "हिन्दी", "bn": "বাংলা", "ta": "தமிழ்", "si": "සිංහල", "ur": "اردو",
}  # fmt: skip


@pytest.mark.parametrize("language", SCRIPTS)
def test_there_is_a_font_for_every_letter_of_every_script(files, language):
    ranges = []
    for written in re.findall(r"unicode-range: (.*?);", body(files, "fonts.css")):
        for part in written.split(", "):
            first, _, last = part.removeprefix("U+").partition("-")
            ranges.append((int(first, 16), int(last or first, 16)))
    for letter in SCRIPTS[language]:
        assert any(first <= ord(letter) <= last for first, last in ranges), letter
