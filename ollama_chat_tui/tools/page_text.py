"""The text of an HTML page: what a reader sees, without scripts, styles and hidden parts.

Not a parser of HTML: the standard library's takes minutes over a megabyte that was made for it, and here each
character is looked at a fixed number of times, whatever the page holds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from typing import Final

_UNSEEN: Final = {"script", "style", "noscript", "template", "svg", "iframe", "object"}
_BLOCKS: Final = {
    *("p", "div", "br", "hr", "li", "ul", "ol", "tr", "table", "section", "article", "header", "footer"),
    *("h1", "h2", "h3", "h4", "h5", "h6", "pre", "blockquote", "dt", "dd", "figure", "nav", "main", "form"),
}
_BEFORE: Final = {f"h{level}": "#" * level + " " for level in range(1, 7)} | {"li": "- "}
_CELLS: Final = {"td", "th"}
# Possessive, so that nothing is tried twice.
_TAG: Final = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*+)[^<>]*+>|<[!?][^<>]*+>")
_ENDLESS_NUMBER: Final = re.compile(r"&#(?:\d{8}\d*+|[xX][0-9a-fA-F]{7}[0-9a-fA-F]*+);?")
_BLANK_LINES: Final = re.compile(r"\n{3,}")


def page_text(html: str) -> str:
    """The text, a line a block; the title first."""
    title, body = "", []
    for name, text in _pieces("".join(_without_comments(html))):
        if name == "title":
            title = title or " ".join(_plain(text).split())
        else:
            body.append(text)
    lines = (" ".join(line.split()) for line in _plain("".join(body)).split("\n"))
    text = _BLANK_LINES.sub("\n\n", "\n".join(lines)).strip()
    return f"{title}\n\n{text}".strip() if title else text


def _without_comments(html: str) -> Iterator[str]:
    at = 0
    while (start := html.find("<!--", at)) >= 0:
        yield html[at:start]
        end = html.find("-->", start + 4)
        if end < 0:
            return
        at = end + 3
    yield html[at:]


def _pieces(html: str) -> Iterator[tuple[str, str]]:
    """What can be seen, with the element it is in; blocks begin with a line end."""
    within, unseen, at = "", "", 0
    for tag in _TAG.finditer(html):
        is_end, name = tag[1] == "/", (tag[2] or "").lower()
        if within == "title" or not unseen:
            yield within, html[at : tag.start()]
        at = tag.end()
        within = "title" if name == "title" and not is_end else ""
        if name == "body" or (is_end and name == unseen):
            unseen = ""
        elif not unseen and not is_end and name in _UNSEEN and not tag[0].endswith("/>"):
            unseen = name
        if not unseen and name in _BLOCKS:
            yield "", "\n" if is_end else "\n" + _BEFORE.get(name, "")
        elif not unseen and name in _CELLS and not is_end:
            yield "", " | "
    if not unseen:
        yield within, html[at:]


def _plain(text: str) -> str:
    return unescape(_ENDLESS_NUMBER.sub("\ufffd", text))
