"""`fetch_url` against a real server, and every way to a private address that was thought of."""

from __future__ import annotations

import asyncio
import gzip
import ipaddress
import socket
import ssl
from collections.abc import Iterator
from typing import Any

import pytest
import trustme

from ollama_chat_tui.tools.address import Address, is_any, is_public
from ollama_chat_tui.tools.builtin import fetch
from ollama_chat_tui.tools.builtin.fetch import fetch_tool
from ollama_chat_tui.tools.page_text import page_text
from tests.scripted_replies import Step, chunk, dribble, forever, head, head_bytes, raw, reply
from tests.scripted_server import ScriptedServer
from tests.tools.calling import called, registry_of

REFUSED = "is not on the internet, and other addresses are not allowed."


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as server:
        yield server


def is_first(address: Address) -> bool:
    """Stand in for the internet: one address of this machine is public, the others are not."""
    return str(address) == "127.0.0.1"


async def get(url: str, may_reach: fetch.Reach = is_first) -> str:
    return await called(fetch_tool(may_reach), "fetch_url", url=url)


def redirect(to: str, status: int = 302) -> Step:
    return raw(head_bytes(status, {"Location": to, "Content-Length": "0"}))


class TestPages:
    async def test_text_is_given_as_it_is_and_html_as_its_text(self, server: ScriptedServer) -> None:
        server.enqueue(reply("plain <b>text</b>"), path="/a")
        page = "<title>T &amp; t</title><script>x()</script><h1>Head</h1><p>One<br>two</p><ul><li>item"
        server.enqueue(reply(page, content_type="text/html; charset=utf-8"), path="/b")
        server.enqueue(reply({"a": 1}), path="/c")
        assert await get(f"{server.url}/a") == "plain <b>text</b>"
        assert await get(f"{server.url}/b") == "T & t\n\n# Head\n\nOne\ntwo\n\n- item"
        assert await get(f"{server.url}/c") == '{"a": 1}'

    @pytest.mark.parametrize(
        "html",
        [
            "<head><title>T</title><style>x</style><p>One",
            "<html><head><title>T</title><script>if (a<b) '</head>'</script></head><body><p>One",
            "<title>T</title><svg class='x'/><p>One",
        ],
    )
    def test_what_a_page_does_not_close_hides_nothing(self, html: str) -> None:
        assert page_text(html) == "T\n\nOne"

    async def test_the_server_is_told_its_own_name_and_no_secrets(self, server: ScriptedServer) -> None:
        server.enqueue(reply("ok"), path="/")
        await get(f"http://localhost:{server.port}/", is_any)
        headers = server.requests[0].headers
        assert headers["host"] == f"localhost:{server.port}"
        assert headers["accept-encoding"] == "identity"
        assert not {"cookie", "authorization"} & headers.keys()

    async def test_a_refusal_and_what_is_no_text_are_said(self, server: ScriptedServer) -> None:
        server.enqueue(reply("gone", status=404), path="/a")
        server.enqueue(reply(b"\x89PNG", content_type="image/png"), path="/b")
        server.enqueue(reply(b"", content_type="text/plain"), path="/c")
        assert await get(f"{server.url}/a") == "The server answered with status 404.\ngone"
        assert await get(f"{server.url}/b") == "What is there is image/png, not text."
        assert await get(f"{server.url}/c") == "The page is empty."

    async def test_letters_are_read_as_the_server_says_even_when_it_does_not_know(
        self, server: ScriptedServer
    ) -> None:
        server.enqueue(reply("é".encode("latin-1"), content_type="text/plain; charset=latin-1"), path="/a")
        assert await get(f"{server.url}/a") == "é"
        for charset in ("no-such", "idna", "undefined", "unicode_escape", "hex", "a\tb", '"utf-8"'):
            server.enqueue(reply("é\\d".encode(), content_type=f"text/plain; charset={charset}"), path="/b")
            assert await get(f"{server.url}/b") == "é\\d"

    async def test_a_cookie_is_for_the_host_that_gave_it(self, server: ScriptedServer) -> None:
        """Both names are at one address, which is what is connected to."""
        to = {"Location": "/b", "Content-Length": "0", "Set-Cookie": "who=me"}
        server.enqueue(raw(head_bytes(302, to)), path="/a")
        server.enqueue(redirect(f"{server.url}/c"), path="/b")
        server.enqueue(reply("there"), path="/c")
        assert await get(f"http://localhost:{server.port}/a", is_any) == "there"
        assert [request.headers.get("cookie") for request in server.requests] == [None, "who=me", None]

    async def test_redirects_are_followed_but_not_for_ever(self, server: ScriptedServer) -> None:
        server.enqueue(redirect("/b"), path="/a")
        server.enqueue(reply("there"), path="/b")
        assert await get(f"{server.url}/a") == "there"
        for _ in range(7):
            server.enqueue(redirect("/round"), path="/round")
        assert "redirects more than 5 times" in await get(f"{server.url}/round")

    async def test_tls_is_checked_against_the_name(self) -> None:
        authority = trustme.CA()
        context, trust = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
        authority.issue_cert("localhost").configure_cert(context)
        authority.configure_trust(trust)
        with ScriptedServer(tls=context) as server:
            server.enqueue(reply("safe"), path="/")
            url = f"https://localhost:{server.port}/"
            assert await called(fetch_tool(is_any, trust), "fetch_url", url=url) == "safe"
            assert "ConnectError" in await get(url, is_any)
            by_number = await called(
                fetch_tool(is_any, trust), "fetch_url", url=f"https://127.0.0.1:{server.port}/"
            )
            assert "ConnectError" in by_number


class TestPrivateAddresses:
    @pytest.mark.parametrize(
        "host",
        [
            *("127.0.0.1", "localhost", "127.1", "0x7f000001", "2130706433", "0.0.0.0", "0"),
            *("10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "255.255.255.255"),
            *(
                "[::1]",
                "[::]",
                "[::ffff:127.0.0.1]",
                "[::ffff:7f00:1]",
                "[fe80::1]",
                "[fc00::1]",
                "[fec0::1]",
            ),
            *("192.0.0.192", "168.63.129.16", "[64:ff9b:1::808:808]", "[64:ff9b:1:a00:0:100:808:808]"),
            *("[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[ff02::1]", "224.0.0.1", "192.0.2.1", "[2001:db8::1]"),
        ],
    )
    async def test_are_refused_however_they_are_written(self, host: str, server: ScriptedServer) -> None:
        assert (await get(f"http://{host}:{server.port}/", is_public)).endswith(REFUSED)
        assert server.requests == []

    @pytest.mark.parametrize("address", ["93.184.216.34", "8.8.8.8", "2606:4700::1111", "64:ff9b::808:808"])
    def test_public_ones_are_not(self, address: str) -> None:
        assert is_public(ipaddress.ip_address(address))

    @pytest.mark.parametrize(
        "to", ["http://127.0.0.2:{port}/x", "//127.0.0.2:{port}/x", "http://[::1]:{port}/"]
    )
    @pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
    async def test_are_refused_after_a_redirect(self, server: ScriptedServer, to: str, status: int) -> None:
        server.enqueue(redirect(to.format(port=server.port), status), path="/")
        assert (await get(f"{server.url}/")).endswith(REFUSED)
        assert [request.path for request in server.requests] == ["/"]

    @pytest.mark.parametrize("to", ["file:///etc/passwd", "ftp://127.0.0.1/", "gopher://x"])
    async def test_other_schemes_are_refused_after_a_redirect(self, server: ScriptedServer, to: str) -> None:
        server.enqueue(redirect(to), path="/")
        assert "Only addresses with http" in await get(f"{server.url}/")

    async def test_a_name_that_changes_its_address_is_connected_to_at_the_one_that_was_looked_at(
        self, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        answers = ["127.0.0.1", "127.0.0.2", "127.0.0.2"]
        asked: list[str] = []
        real = socket.getaddrinfo

        def rebinding(host: Any, *rest: Any, **named: Any) -> Any:
            if host == "rebind.example":
                asked.append(host)
                host = answers[len(asked) - 1]
            return real(host, *rest, **named)

        monkeypatch.setattr(socket, "getaddrinfo", rebinding)
        server.enqueue(reply("ok"), path="/")
        assert await get(f"http://rebind.example:{server.port}/") == "ok"
        assert asked == ["rebind.example"]
        assert (await get(f"http://rebind.example:{server.port}/")).endswith(REFUSED)

    async def test_a_name_with_one_private_address_among_others_is_refused(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def both(*_: Any, **__: Any) -> Any:
            kind = (socket.AF_INET, socket.SOCK_STREAM, 6, "")
            return [(*kind, ("8.8.8.8", 80)), (*kind, ("10.0.0.1", 80))]

        monkeypatch.setattr(socket, "getaddrinfo", both)
        assert (await get("http://both.example/", is_public)).endswith(REFUSED)

    async def test_a_proxy_of_the_environment_is_not_used(
        self, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
        server.enqueue(reply("direct"), path="/")
        assert await get(f"{server.url}/") == "direct"


class TestHostileServers:
    @pytest.mark.parametrize("is_html", [True, False])
    async def test_an_endless_body_is_cut(self, server: ScriptedServer, is_html: bool) -> None:
        kind = "text/html" if is_html else "text/plain"
        server.enqueue(head(content_type=kind), forever(b"10000\r\n" + b"a <b>" * 13107 + b"a\r\n"), path="/")
        result = await get(f"{server.url}/")
        assert "[Only the first 500,000 bytes were read.]" in result
        assert len(result) <= 500_100

    async def test_a_body_that_never_goes_on_ends_with_the_time(self, server: ScriptedServer) -> None:
        server.enqueue(head(content_type="text/plain"), chunk(b"a"), path="/")
        tool = fetch_tool(is_first)
        limited = registry_of(type(tool)(**{**vars(tool), "time_limit_s": 0.3}))
        assert "took over 0 s" in await limited.run(_call(server.url))

    async def test_a_head_that_never_ends_ends(self, server: ScriptedServer) -> None:
        server.enqueue(raw(b"HTTP/1.1 200 OK\r\n"), forever(b"X-Header: " + b"a" * 1000 + b"\r\n"), path="/")
        assert "does not answer as a web server" in await get(f"{server.url}/")

    async def test_compressed_bombs_are_not_opened(self, server: ScriptedServer) -> None:
        bomb = gzip.compress(b"a" * 5_000_000)
        server.enqueue(reply(bomb, content_type="text/plain", Content_Encoding="gzip"), path="/")
        assert "compressed" in await get(f"{server.url}/")

    @pytest.mark.parametrize(
        "kind",
        ["text/plain; charset=punycode", "text/plain; a*0=b; a=c; a*=d"],
        ids=["punycode", "pieces"],
    )
    async def test_letters_that_take_long_and_headers_that_break_parsers_do_no_harm(
        self, server: ScriptedServer, kind: str
    ) -> None:
        body = b"a" * 250_000 + b"-" + b"a" * 249_999
        server.enqueue(reply(body, content_type=kind), path="/")
        assert await get(f"{server.url}/") == body.decode()

    @pytest.mark.parametrize(
        "garbage", [b"\xff\xfe\0nonsense\r\n\r\n", b"HTTP/1.1 200\r\nContent-Length: x\r\n\r\n"]
    )
    async def test_what_is_no_web_server_is_said(self, server: ScriptedServer, garbage: bytes) -> None:
        server.enqueue(dribble(garbage), _close, path="/")
        assert "does not answer as a web server" in await get(f"{server.url}/")

    @pytest.mark.parametrize(
        "location", ["http://[", "http://\x00/", "//", "http:///x", "javascript:x", "https://u:p@127.0.0.1/"]
    )
    async def test_a_redirect_to_nowhere_is_said(self, server: ScriptedServer, location: str) -> None:
        server.enqueue(redirect(location), path="/")
        result = await get(f"{server.url}/")
        assert "failed" not in result
        assert result

    @pytest.mark.parametrize(
        "html",
        [
            "<" * 500_000,
            "<a " * 300_000,
            "<!--" * 200_000,
            "<![" * 300_000,
            "&" * 900_000,
            "<p" + " a" * 400_000,
            "</" * 400_000,
            "<div>" * 150_000,
            "<script>" * 100_000,
            "<a b='" * 150_000,
            "<?" * 400_000,
            "<" + "a" * 900_000,
            "&#" + "9" * 900_000,
            "&#x" + "f" * 900_000,
            "&" + "a" * 900_000,
        ],
        ids=lambda html: html[:8],
    )
    async def test_a_page_made_to_take_long_does_not(self, html: str) -> None:
        async with asyncio.timeout(15):
            await asyncio.to_thread(page_text, html)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("file:///etc/passwd", "Only addresses with http"),
        ("example.com", "Only addresses with http"),
        ("http://", "Only addresses with http"),
        ("http://0177.0.0.1/", "no address of a page"),
        ("http://user:password@example.com/", "a name and a password"),
        ("http://exa mple.com/\x00", "no address of a page"),
        ("http://no-such-host.invalid/", "There is no host no-such-host.invalid."),
        ("http://" + "a" * 300 + ".example/", "There is no host"),
    ],
)
async def test_what_is_no_address_is_said(url: str, said: str) -> None:
    assert said in await get(url, is_public)


def _call(url: str) -> Any:
    from ollama_chat_tui.chat.message import ToolCall

    return ToolCall("fetch_url", {"url": f"{url}/"})


async def _close(peer: Any) -> None:
    peer.transport.close()
