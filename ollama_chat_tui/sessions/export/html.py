"""A session as one HTML page: nothing runs in it and nothing is fetched.

Markdown is rendered with raw HTML off; images of the text become their names, because a picture from
elsewhere tells its server who reads. The page forbids the browser the rest by a Content-Security-Policy, in
which the one style sheet is named by its hash.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Sequence
from html import escape
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from pygments import highlight
from pygments.formatters.html import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

from ollama_chat_tui.chat.message import Role
from ollama_chat_tui.sessions.export.clean import clean
from ollama_chat_tui.sessions.export.transcript import Transcript, Turn

_SCHEMES: Final = ("http://", "https://", "mailto:")
_HIGHLIGHTED_AT_MOST: Final = 100_000
_STYLE: Final = """
:root { color-scheme: light dark;
  --text: #1f2328; --page: #fff; --soft: #f3f4f6; --line: #d0d7de; --dim: #59636e; }
@media (prefers-color-scheme: dark) {
  :root { --text: #e6edf3; --page: #0d1117; --soft: #161b22; --line: #30363d; --dim: #9198a1; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 46rem; padding: 1rem; color: var(--text); background: var(--page);
  font: 1rem/1.55 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; } .facts, .ending, .name { color: var(--dim); }
.name { font-size: .85rem; font-weight: 600; margin: 1.5rem 0 .25rem; }
.user .said { background: var(--soft); border-radius: .5rem; padding: .1rem .9rem; white-space: pre-wrap; }
pre { background: var(--soft); border-radius: .5rem; padding: .75rem;
  overflow-x: auto; overflow-wrap: normal; }
code { font-family: ui-monospace, monospace; font-size: .9em; }
details { border-left: 3px solid var(--line); color: var(--dim); margin: .5rem 0; padding-left: .75rem; }
blockquote { border-left: 3px solid var(--line); margin-left: 0; padding-left: 1rem; }
img { max-width: 100%; height: auto; } table { border-collapse: collapse; display: block; overflow-x: auto; }
th, td { border: 1px solid var(--line); padding: .3rem .6rem; } .right { text-align: right; }
.center { text-align: center; } .left { text-align: left; }
"""


def to_html(session: Transcript) -> str:
    """The whole page."""
    style = _style()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )
    title = escape(session.title)
    system = _details("System", session.system) if session.system else ""
    markdown = _markdown()
    turns = "\n".join("\n".join(_turn(turn, markdown)) for turn in session.turns)
    # Markdown knows `&#x202e;`, so that a control character may come out of a text that had none.
    return clean(f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="referrer" content="no-referrer">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<h1>{title}</h1>
<p class="facts">{escape(session.facts)}</p>
{system}
{turns}
</body>
</html>
""")


def _turn(turn: Turn, markdown: MarkdownIt) -> Iterator[str]:
    yield f'<section class="{turn.role.value}">'
    yield f'<div class="name">{escape(turn.speaker)}</div>'
    if turn.thinking:
        yield _details("Thinking", turn.thinking)
    for number, image in enumerate(turn.images, 1):
        # The kind was found by its first bytes and the rest is base64: nothing in it can end the attribute.
        name = f"image {number}"
        yield f'<p><img src="{escape(image)}" alt="{name}"></p>' if image else f"<p>[attachment {number}]</p>"
    if turn.content.strip():
        yield _said(turn, markdown)
    for name, arguments in turn.calls:
        yield f"<p>Calls <code>{escape(name)}</code>:</p>"
        yield f"<pre><code>{escape(arguments)}</code></pre>"
    if turn.ending:
        yield f'<p class="ending">({turn.ending})</p>'
    yield "</section>"


def _said(turn: Turn, markdown: MarkdownIt) -> str:
    match turn.role:
        case Role.USER:
            said = escape(turn.content)
        case Role.TOOL:
            said = f"<pre><code>{escape(turn.content)}</code></pre>"
        case _:
            said = str(markdown.render(turn.content))
    return f'<div class="said">{said}</div>'


def _details(summary: str, text: str) -> str:
    return f"<details><summary>{summary}</summary><pre>{escape(text)}</pre></details>"


def _style() -> str:
    light = HtmlFormatter(style="default").get_style_defs("pre")
    dark = HtmlFormatter(style="github-dark").get_style_defs("pre")
    rules = f"{_STYLE}{light}\n@media (prefers-color-scheme: dark) {{\n{dark}\n}}\n"
    return rules.replace("<", "")


def _markdown() -> MarkdownIt:
    markdown = MarkdownIt("commonmark", {"html": False, "linkify": False}).enable(["table", "strikethrough"])
    markdown.validateLink = _is_link  # type: ignore[method-assign]
    markdown.renderer.rules.update(  # type: ignore[attr-defined]
        fence=_fence, image=_image, link_open=_link_open, td_open=_cell_open, th_open=_cell_open
    )
    return markdown


def _is_link(url: str) -> bool:
    return url.lower().startswith(_SCHEMES)


def _fence(tokens: Sequence[Token], at: int, _options: OptionsDict, _env: EnvType) -> str:
    token = tokens[at]
    language = token.info.split(maxsplit=1)[0] if token.info.strip() else ""
    code = escape(token.content)
    if language and len(token.content) <= _HIGHLIGHTED_AT_MOST:
        try:
            lexer = get_lexer_by_name(language, stripnl=False)
            code = highlight(token.content, lexer, HtmlFormatter(nowrap=True))
        except ClassNotFound:
            pass
    return f"<pre><code>{code}</code></pre>\n"


def _image(tokens: Sequence[Token], at: int, _options: OptionsDict, _env: EnvType) -> str:
    return f"[image: {escape(tokens[at].content)}]"


def _link_open(tokens: Sequence[Token], at: int, options: OptionsDict, env: EnvType) -> str:
    tokens[at].attrSet("rel", "noreferrer noopener")
    return RendererHTML().renderToken(tokens, at, options, env)


def _cell_open(tokens: Sequence[Token], at: int, options: OptionsDict, env: EnvType) -> str:
    """The policy of the page forbids style attributes, so a column's side becomes a class."""
    side = str(tokens[at].attrs.pop("style", "")).removeprefix("text-align:")
    if side:
        tokens[at].attrSet("class", side)
    return RendererHTML().renderToken(tokens, at, options, env)
