"""Sessions as files for people."""

from __future__ import annotations

import base64
import hashlib
import json
import stat
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from ollama_chat_tui.chat.image import MemoryImages
from ollama_chat_tui.chat.message import Ending, Role, ToolCall
from ollama_chat_tui.errors import OutputFailed, UsageError
from ollama_chat_tui.sessions.attachments import described
from ollama_chat_tui.sessions.export.clean import clean
from ollama_chat_tui.sessions.export.files import Format, export, export_all, file_name, format_of, render
from ollama_chat_tui.sessions.export.html import to_html
from ollama_chat_tui.sessions.export.transcript import Transcript, Turn
from ollama_chat_tui.sessions.loading import Loaded, load
from ollama_chat_tui.sessions.records import HeadMoved, Item, Record, Said, SettingsChanged, Titled
from ollama_chat_tui.sessions.store import Store
from tests.sessions.written import START

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


def made(tmp_path: Path, *said: Said, title: str = "", images: tuple[str, ...] = ()) -> Loaded:
    store = Store(tmp_path / "sessions")
    records: list[Record] = [SettingsChanged(START, "qwen3:8b", system="Be brief."), *said]
    records += [Titled(title, START)] if title else []
    store_ = MemoryImages()
    kept = tuple(described(base64.b64decode(image), store_) for image in images)
    items = [
        Item(
            structs.replace(record, images=kept)
            if isinstance(record, Said) and record is said[0]
            else record,
            store_,
        )
        for record in records
    ]
    return load(store.path(store.create(items)))


@pytest.fixture
def leaves(tmp_path: Path) -> Loaded:
    """A conversation with a bit of everything."""
    call = ToolCall("look_up", {"what": "leaves"}, "c1")
    return made(
        tmp_path,
        Said("a", None, START, Role.USER, "Why *red*?"),
        Said("x", "a", START, Role.ASSISTANT, "On another branch."),
        Said("b", "a", START, Role.ASSISTANT, "", "Let me look.\nHm.", tool_calls=(call,)),
        Said("c", "b", START, Role.TOOL, "```\nan old fence", tool_name="look_up", tool_call_id="c1"),
        Said(
            "d",
            "c",
            START,
            Role.ASSISTANT,
            "Because **green** goes:\n\n```python\nx = 1\n```\n\n| a | b |\n|--:|---|\n| 1 | 2 |",
            ending=Ending.INTERRUPTED,
        ),
        title="Red leaves",
        images=(PIXEL, "AAAA"),
    )


class Page(HTMLParser):
    """What a browser would make of a page."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        self.text += data


TAGS = """
    html head meta title style body h1 h2 h3 h4 h5 h6 p section div details summary pre code span em strong s
    a ul ol li blockquote hr br table thead tbody tr th td img
"""
HARMLESS = set(TAGS.split())
ATTRIBUTES = {
    "meta": {"charset", "http-equiv", "content", "name"},
    "html": {"lang"},
    "a": {"href", "title", "rel"},
    "img": {"src", "alt"},
    "ol": {"start"},
}


def check_page(page: str) -> Page:
    """No script, nothing from elsewhere, no control character; returns what is left."""
    assert not {char for char in page if char != "\n" and (ord(char) < 32 or 0x7F <= ord(char) < 0xA0)} - {
        "\t"
    }
    assert not set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c") & set(page)
    read = Page(page)
    for tag, attributes in read.tags:
        assert tag in HARMLESS
        assert attributes.keys() <= ATTRIBUTES.get(tag, set()) | {"class"}
        if tag == "a" and "href" in attributes:
            assert attributes["href"].lower().startswith(("http://", "https://", "mailto:"))
        if tag == "img":
            assert attributes["src"].startswith("data:image/")
    assert "url(" not in page.partition("</style>")[0]
    assert "@import" not in page.partition("</style>")[0]
    return read


HOSTILE = """<script>alert(1)</script><img src=x onerror=alert(1)>
[a](javascript:alert(1)) [b](JaVaScRiPt:alert(1)) [c](data:text/html,x) [d](vbscript:x) [e](//evil.example)
![pic](https://evil.example/x.png) ![pic](data:image/svg+xml,x) <https://ok.example/?a=1&b=2> [f](file:///etc/passwd)
[g](https://ok.example "title\\" onclick=alert(1)") <a href="x" onclick=y> &#x202e;&#x1b;&#155;&lt;script&gt;
\x1b[2J \x9b31m \u202etxt.exe\u2066 \x00 </style></title></section><!-- ]]> <svg onload=alert(1)>
```"><script>alert(1)</script>
</code></pre><script>alert(1)</script>
```
```html onload=x
<script>alert(1)</script>
```
| a | b |
|:--|--:|
| <script> | [x](javascript:y) |
"""


def test_a_hostile_conversation_is_a_harmless_page(tmp_path: Path) -> None:
    call = ToolCall(HOSTILE, {HOSTILE: HOSTILE})
    loaded = made(
        tmp_path,
        Said("a", None, START, Role.USER, HOSTILE),
        Said("b", "a", START, Role.ASSISTANT, HOSTILE, HOSTILE, tool_calls=(call,)),
        Said("c", "b", START, Role.TOOL, HOSTILE, tool_name=HOSTILE),
        Said("d", "c", START, Role.SYSTEM, HOSTILE),
        title=HOSTILE,
        images=("PHNjcmlwdD4=",),
    )
    read = check_page(render(loaded, Format.HTML))
    assert [tag for tag, _ in read.tags].count("style") == 1
    assert "https://ok.example/?a=1&b=2" in {attributes.get("href") for _, attributes in read.tags}


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.text(max_size=10),
            st.sampled_from(
                [
                    "<",
                    ">",
                    '"',
                    "'",
                    "[",
                    "](",
                    ")",
                    "`",
                    "```",
                    "\n",
                    "![",
                    "javascript:",
                    "&#",
                    "x202e;",
                    "<a ",
                    "|",
                ]
            ),
        ),
        max_size=25,
    )
)
def test_no_markdown_whatever_is_a_harmful_page(pieces: list[str]) -> None:
    text = clean("".join(pieces))
    turns = tuple(Turn(role, text, text, text) for role in Role)
    check_page(to_html(Transcript(text, text, text, turns)))


def test_a_page_shows_what_was_said_with_its_images_inside(leaves: Loaded) -> None:
    page = render(leaves, Format.HTML)
    read = check_page(page)
    assert "Red leaves" in read.text
    assert "Why *red*?" in read.text
    assert "On another branch" not in read.text
    assert ("strong", {}) in read.tags
    assert ("th", {"class": "right"}) in read.tags
    assert f"data:image/png;base64,{PIXEL}" in {attributes.get("src") for _, attributes in read.tags}
    assert "[attachment 2]" in read.text
    assert "(interrupted)" in read.text
    assert '<span class="mi">1</span>' in page


def test_a_page_forbids_all_but_its_own_style(leaves: Loaded) -> None:
    page = render(leaves, Format.HTML)
    style = page.partition("<style>")[2].partition("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = next(a["content"] for _, a in Page(page).tags if a.get("http-equiv"))
    assert policy.split("; ") == [
        "default-src 'none'",
        "img-src data:",
        f"style-src 'sha256-{digest}'",
        "base-uri 'none'",
        "form-action 'none'",
    ]
    assert "prefers-color-scheme: dark" in style
    assert "width=device-width" in page


def test_markdown_holds_the_branch_in_use(leaves: Loaded) -> None:
    assert (
        render(leaves, Format.MARKDOWN)
        == f"""# Red leaves

*qwen3:8b · 2026-03-01*

## System

Be brief.

## You

![image 1](data:image/png;base64,{PIXEL})

*attachment 2*

Why *red*?

## qwen3:8b

> Let me look.
> Hm.

Calls **look\\_up**:

```json
{{
  "what": "leaves"
}}
```

## look\\_up

````
```
an old fence
````

## qwen3:8b

Because **green** goes:

```python
x = 1
```

| a | b |
|--:|---|
| 1 | 2 |

*(interrupted)*
"""
    )


def test_text_holds_the_branch_in_use(leaves: Loaded) -> None:
    text = render(leaves, Format.TEXT)
    assert text.startswith("Red leaves\nqwen3:8b · 2026-03-01\n\nSystem:\nBe brief.\n\nYou:\n[image 1]\n")
    assert '| Let me look.\n| Hm.\n[calls look_up with {\n  "what": "leaves"\n}]' in text
    assert text.endswith("[interrupted]\n")


def test_json_is_a_request_and_the_whole_tree(leaves: Loaded) -> None:
    data = json.loads(render(leaves, Format.JSON))
    assert (data["title"], data["model"], data["system"]) == ("Red leaves", "qwen3:8b", "Be brief.")
    assert data["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Why *red*?", "images": [PIXEL, "AAAA"]},
        {
            "role": "assistant",
            "content": "",
            "thinking": "Let me look.\nHm.",
            "tool_calls": [{"id": "c1", "function": {"name": "look_up", "arguments": {"what": "leaves"}}}],
        },
        {"role": "tool", "content": "```\nan old fence", "tool_name": "look_up", "tool_call_id": "c1"},
        {"role": "assistant", "content": data["tree"][-1]["content"]},
    ]
    assert [record["id"] for record in data["tree"] if record["kind"] == "message"] == list("axbcd")
    assert data["created"] == "2026-03-01T12:00:00Z"


def test_an_export_is_whole_and_replaces_nothing_unasked(leaves: Loaded, tmp_path: Path) -> None:
    path = tmp_path / "out.md"
    path.write_text("mine")
    with pytest.raises(OutputFailed, match="is there already"):
        export(leaves, path, Format.MARKDOWN)
    assert path.read_text() == "mine"
    export(leaves, path, Format.MARKDOWN, overwrite=True)
    assert path.read_text(encoding="utf-8") == render(leaves, Format.MARKDOWN)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600 or sys.platform == "win32"
    with pytest.raises(OutputFailed, match="cannot be written"):
        export(leaves, tmp_path / "no" / "out.md", Format.MARKDOWN)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["out.md", "sessions"]


def test_all_sessions_go_to_files_of_their_own(tmp_path: Path) -> None:
    store = Store(tmp_path / "sessions")
    for _ in range(3):
        store.create([Item(Said("a", None, START, Role.USER, "Same?")), Item(HeadMoved("a", START))])
    target = tmp_path / "deep" / "out"
    for _ in range(2):
        found = list(export_all(map(store.path, store.ids()), target, Format.HTML))
        assert sorted(found) == sorted(target.iterdir())
        assert len(found) == 3
        assert all(path.name.endswith("-same.html") for path in found)


@given(st.text(max_size=80), st.text(max_size=300))
def test_a_name_is_one_that_every_system_takes(id_: str, title: str) -> None:
    name = file_name(id_, title)
    assert 0 < len(f"{name}.html".encode()) <= 255
    assert not set('/\\:*?"<>|.') & set(name)
    assert name.isprintable()
    assert " " not in name


@pytest.mark.parametrize(
    ("name", "format_"),
    [("a.md", "md"), ("a.HTM", "html"), ("a.json", "json"), ("a.text", "txt"), ("a.b.markdown", "md")],
)
def test_the_end_of_a_name_says_the_format(name: str, format_: str) -> None:
    assert format_of(Path(name)) == format_


def test_a_name_without_a_format_is_wrong_usage() -> None:
    with pytest.raises(UsageError, match=r"a\.pdf names no format"):
        format_of(Path("a.pdf"))
