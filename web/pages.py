"""Templates become answers. Whatever stands in a value is text, never markup."""

from collections.abc import Mapping
from functools import cache, partial

from aiohttp import web
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from model.agents import Session
from translations import screens
from web.local import Local, direction
from web.rail import rail
from web.static_files import StaticFiles

#: htmx runs nothing from a page, keeps no page in the browser and asks nobody else.
_HTMX = {
    "allowEval": False,
    "allowScriptTags": False,
    "historyCacheSize": 0,
    "includeIndicatorStyles": False,
    "refreshOnHistoryMiss": True,
    "selfRequestsOnly": True,
}


class Pages:
    """The templates, with what every one of them may use."""

    def __init__(self, files: StaticFiles, *, idle_seconds: float, sandbox: bool) -> None:
        self._sandbox = sandbox
        self._templates = Environment(
            loader=PackageLoader("web"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.globals |= {
            "url": files.url,
            "languages": screens.LANGUAGES,
            "reviewed": cache(screens.reviewed),
            "direction": direction,
            "drawn_icon": cache(partial(_icon, files)),
            "htmx": _HTMX,
            "idle_seconds": int(idle_seconds),
            "sandbox": sandbox,
        }

    def answer(
        self,
        template: str,
        local: Local,
        session: Session | None,
        *,
        csrf: str,
        path: str,
        status: int,
        **values: object,
    ) -> web.Response:
        """A page, or the part of one that `template` draws."""
        text = self.text(template, local, session, csrf=csrf, path=path, **values)
        response = web.Response(status=status, text=text, content_type="text/html")
        # a page holds secrets and, one day, words of strangers. Measuring how well they compress together (BREACH)
        # needs many requests in an agent's name from elsewhere, and SameSite=Strict lets none through
        response.enable_compression()
        return response

    def text(
        self, template: str, local: Local, session: Session | None, *, csrf: str, path: str, **values: object
    ) -> str:
        """What a template draws."""
        agent = session.agent if session and session.stage == "full" else None
        return self._templates.get_template(template).render(
            local=local,
            t=local.text,
            agent=agent,
            rail=rail(agent.roles, sandbox=self._sandbox) if agent else (),
            csrf=csrf,
            path=path,
            script_texts=_script_texts(local.language),
            **values,
        )


def _icon(files: StaticFiles, name: str, more: str = "") -> Markup:
    """A symbol of icons.svg; `more` are further classes. Drawn some hundred times on a page, so not by a template."""
    drawn = Markup('<svg class="{}" aria-hidden="true"><use href="{}#i-{}"/></svg>')
    return drawn.format(f"icon {more}".strip(), files.url("icons.svg"), name)


@cache
def _script_texts(language: str) -> Mapping[str, str]:
    """What scripts say, in one language."""
    return {key: screens.text(key, language) for key in sorted(screens.keys()) if key.startswith("js.")}
