from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from ollama_chat_tui.backends import connection
from ollama_chat_tui.backends.client import OllamaClient
from ollama_chat_tui.backends.connection import Access, Connection
from ollama_chat_tui.backends.hosts import parse_host
from ollama_chat_tui.chat.events import Finished
from ollama_chat_tui.errors import (
    BadHost,
    NotOllama,
    ServerBusy,
    ServerUnreachable,
    StreamBroken,
    Unauthorized,
    UsageError,
)
from tests.scripted_replies import (
    Signal,
    answer,
    close,
    done,
    dribble,
    end,
    forever,
    head,
    lines,
    raw,
    reply,
    reset,
    text,
    wait,
)
from tests.scripted_server import ScriptedServer, deaf_port
from tests.turns import failure, last, take_turn, text_of

KEY = "sk-0123456789"


class TestWhatIsSent:
    async def test_the_encoding_asked_for_is_none_and_the_program_names_itself(
        self, server: ScriptedServer, client: OllamaClient
    ) -> None:
        await client.version()
        sent = server.requests[0].headers
        assert sent["accept-encoding"] == "identity"
        assert sent["user-agent"].startswith("ollama-chat/")
        assert "authorization" not in sent

    async def test_a_key_goes_to_a_host_configured_for_it_and_to_no_other(
        self, server: ScriptedServer
    ) -> None:
        for sends_key in (True, False):
            access = Access(api_key=f" {KEY}\n", sends_key=sends_key)
            async with OllamaClient(parse_host(server.url), access) as client:
                await client.version()
        sent = [request.headers.get("authorization") for request in server.requests]
        assert sent == [f"Bearer {KEY}", None]

    @pytest.mark.parametrize(
        ("address", "gets_it"),
        [
            ("ollama.com", True),
            ("https://ollama.com", True),
            ("https://OLLAMA.com", True),
            ("http://ollama.com", False),
            ("ollama.com:443", False),
            ("https://ollama.com.example", False),
            ("https://www.ollama.com", False),
            ("https://example.com/ollama.com", False),
        ],
    )
    def test_of_all_hosts_only_the_cloud_over_tls_gets_the_key_untold(
        self, address: str, gets_it: bool
    ) -> None:
        headers = connection._headers(parse_host(address), Access(api_key=KEY))
        assert ("Authorization" in headers) is gets_it

    async def test_headers_of_ones_own_go_with_every_request(self, server: ScriptedServer) -> None:
        access = Access(headers={"X-Team": "blue", "User-Agent": "mine"})
        async with OllamaClient(parse_host(server.url), access) as client:
            server.enqueue(*answer("Hi"))
            await take_turn(client)
            await client.version()
        assert {request.headers["x-team"] for request in server.requests} == {"blue"}
        assert {request.headers["user-agent"] for request in server.requests} == {"mine"}

    @pytest.mark.parametrize(
        "headers", [{"X-Key": f"a\n{KEY}"}, {"X-Key": f"ü{KEY}"}, {"X Key": KEY}, {"": KEY}]
    )
    def test_a_header_that_cannot_be_sent_is_named_without_its_value(self, headers: dict[str, str]) -> None:
        with pytest.raises(UsageError) as caught:
            OllamaClient(parse_host(""), Access(headers=headers))
        assert KEY not in f"{caught.value} {caught.value.hint}"

    async def test_an_authorization_of_ones_own_replaces_the_key_in_whatever_case(
        self, server: ScriptedServer
    ) -> None:
        access = Access(api_key=KEY, sends_key=True, headers={"authorization": "Basic me"})
        async with OllamaClient(parse_host(server.url), access) as client:
            await client.version()
        assert server.requests[0].headers["authorization"] == "Basic me"

    async def test_a_path_in_the_address_goes_before_every_route(self, server: ScriptedServer) -> None:
        server.enqueue(reply({"version": "1.2.3"}), path="/a/b/api/version")
        async with OllamaClient(parse_host(f"{server.url}/a/b/")) as client:
            assert await client.version() == "1.2.3"

    @pytest.mark.parametrize("key", ["a\nb", "schlüssel"])
    def test_a_key_that_cannot_be_sent_is_not_told(self, key: str) -> None:
        with pytest.raises(UsageError) as caught:
            OllamaClient(parse_host("ollama.com"), Access(api_key=key))
        assert key not in f"{caught.value} {caught.value.hint}"

    def test_a_name_that_no_url_can_hold_is_a_bad_host(self) -> None:
        with pytest.raises(BadHost):
            OllamaClient(parse_host("☃.example"))


class TestRedirects:
    @pytest.mark.parametrize("status", [301, 302, 307, 308])
    async def test_none_is_followed_anywhere(self, status: int, server: ScriptedServer) -> None:
        access = Access(api_key=KEY, sends_key=True)
        with ScriptedServer() as other:
            for target in (f"{server.url}/api/moved", f"{other.url}/api/chat"):
                server.enqueue(reply(status=status, Location=target))
                server.enqueue(reply(status=status, Location=target), path="/api/version")
                async with OllamaClient(parse_host(server.url), access) as client:
                    assert type(failure(await take_turn(client)).error) is NotOllama
                    with pytest.raises(NotOllama):
                        await client.version()
            assert other.requests == []
        assert {request.path for request in server.requests} == {"/api/chat", "/api/version"}


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def secure(authority: trustme.CA) -> Iterator[ScriptedServer]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with ScriptedServer(tls=context) as running:
        yield running


class TestTls:
    async def test_an_authority_of_ones_own_is_trusted(
        self, authority: trustme.CA, secure: ScriptedServer, tmp_path: Path
    ) -> None:
        ca_file = tmp_path / "ca.pem"
        authority.cert_pem.write_to_path(str(ca_file))
        secure.enqueue(*answer("Secret ", "words"))
        async with OllamaClient(parse_host(secure.url), Access(ca_file=ca_file)) as client:
            events = await take_turn(client)
            assert text_of(events) == "Secret words"
            secure.enqueue(head(), lines(text("Hel")), close())
            failed = failure(await take_turn(client))
            assert type(failed.error) is StreamBroken
            assert failed.message.content == "Hel"

    async def test_a_certificate_that_nobody_knows_is_refused(self, secure: ScriptedServer) -> None:
        async with OllamaClient(parse_host(secure.url)) as client:
            failed = failure(await take_turn(client))
        assert type(failed.error) is ServerUnreachable
        assert "--ca-file" in failed.error.hint
        assert secure.requests == []

    async def test_a_server_that_speaks_no_tls_is_unreachable(self) -> None:
        async def refuse(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")  # as Go's server does
            writer.close()

        async with await asyncio.start_server(refuse, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            async with OllamaClient(parse_host(f"https://127.0.0.1:{port}"), Access()) as client:
                assert type(failure(await take_turn(client)).error) is ServerUnreachable

    def test_a_ca_file_that_cannot_be_read_is_named(self, tmp_path: Path) -> None:
        empty = tmp_path / "empty.pem"
        empty.write_text("no certificate")
        for path in (tmp_path / "missing.pem", empty):
            with pytest.raises(UsageError, match=path.name):
                OllamaClient(parse_host("https://127.0.0.1"), Access(ca_file=path))


async def test_a_unix_socket_is_a_server_too(tmp_path: Path) -> None:
    path = tmp_path / "o.sock"
    with ScriptedServer(socket_path=path) as server:
        server.enqueue(*answer("Near."))
        async with OllamaClient(parse_host(f"unix://{path}")) as client:
            assert text_of(await take_turn(client)) == "Near."
            assert await client.version() == server.version
    async with OllamaClient(parse_host(f"unix://{path}")) as client:
        error = failure(await take_turn(client)).error
    assert isinstance(error, ServerUnreachable)
    assert str(path) in error.sentence


class TestProxies:
    async def test_loopback_never_goes_through_one(
        self, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with ScriptedServer() as proxy:
            for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy"):
                monkeypatch.setenv(name, proxy.url)
            for address in (server.url, f"LocalHost:{server.port}", f"0.0.0.0:{server.port}"):
                async with OllamaClient(parse_host(address)) as client:
                    assert await client.version() == server.version
            assert proxy.requests == []

    @pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
    async def test_another_host_goes_through_it(self, variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
        with ScriptedServer() as proxy:
            monkeypatch.setenv(variable, proxy.url.removeprefix("http://"))
            target = "http://model.example:11434/api/"
            proxy.enqueue(*answer("Through."), path=f"{target}chat")
            async with OllamaClient(parse_host("model.example")) as client:
                assert text_of(await take_turn(client)) == "Through."
            assert proxy.to(f"{target}chat")

    async def test_a_host_in_no_proxy_does_not(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HTTP_PROXY", "http://proxy.example")
        monkeypatch.setenv("NO_PROXY", "example.org,model.example")
        assert connection.proxy_for(parse_host("model.example:80")) == ""
        assert connection.proxy_for(parse_host("other.example")) == "http://proxy.example"

    @pytest.mark.parametrize(
        "proxy", [f"socks5://me:{KEY}@p.example", f"gopher://{KEY}", f"http://me:{KEY}@[::1"]
    )
    def test_one_that_cannot_be_used_is_told_without_its_password(
        self, proxy: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("HTTP_PROXY", proxy)
        with pytest.raises(UsageError) as caught:
            OllamaClient(parse_host("model.example"))
        assert KEY not in f"{caught.value} {caught.value.hint} {caught.value.__cause__}"


class TestSendingAgain:
    async def test_a_question_is_sent_once_more_when_a_kept_connection_died(
        self, server: ScriptedServer, client: OllamaClient
    ) -> None:
        await client.version()
        server.enqueue(reset(), path="/api/version")
        assert await client.version() == server.version
        assert [request.connection for request in server.requests] == [0, 0, 1]

    async def test_it_is_not_when_the_connection_was_new(
        self, server: ScriptedServer, client: OllamaClient
    ) -> None:
        server.enqueue(close(), path="/api/version")
        with pytest.raises(StreamBroken):
            await client.version()
        assert len(server.requests) == 1

    async def test_an_order_is_not(self, server: ScriptedServer, client: OllamaClient) -> None:
        await client.version()
        server.enqueue(close(), path="/api/delete")
        with pytest.raises(StreamBroken):
            await client.delete("m")
        assert len(server.to("/api/delete")) == 1

    async def test_a_chat_is_not(self, server: ScriptedServer, client: OllamaClient) -> None:
        await client.version()
        server.enqueue(close())
        assert type(failure(await take_turn(client)).error) is StreamBroken
        assert len(server.to("/api/chat")) == 1

    async def test_turns_share_one_connection(self, server: ScriptedServer, client: OllamaClient) -> None:
        for _ in range(3):
            server.enqueue(*answer("Hi"))
            await take_turn(client)
        assert [request.connection for request in server.requests] == [0, 0, 0]


class TestTime:
    async def test_a_question_of_a_moment_is_timed_as_a_whole(
        self, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        held = Connection(parse_host(server.url))
        server.enqueue(raw(b"HTTP/1.1 200 OK\r\n\r\n"), forever(b" "), path="/slow")
        with pytest.raises(ServerBusy):
            await held.request("GET", "/slow", timeout_s=0.05)
        await server.to("/slow")[0].closed.arrives()
        await held.aclose()

    async def test_an_address_that_swallows_packets_is_unreachable(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(connection, "CONNECT_TIMEOUT_S", 0.01)
        with deaf_port() as port:
            async with OllamaClient(parse_host(f"127.0.0.1:{port}")) as client:
                assert isinstance(failure(await take_turn(client)).error, ServerUnreachable)

    async def test_an_answer_may_let_us_wait_for_its_head_and_its_words(
        self, server: ScriptedServer, client: OllamaClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # Were reading timed at all, then by one of these.
        monkeypatch.setattr(connection, "QUERY_TIMEOUT_S", 0.01)
        monkeypatch.setattr(connection, "CONNECT_TIMEOUT_S", 0.01)
        go, on = Signal(), Signal()
        server.enqueue(wait(go), head(), lines(text("At ")), wait(on), lines(done(content="last.")), end())
        turn = asyncio.create_task(take_turn(client))
        await server.arrival()
        await asyncio.sleep(0.1)
        go.set()
        await asyncio.sleep(0.1)
        on.set()
        assert text_of(await turn) == "At last."

    async def test_slow_bytes_are_bytes(self, server: ScriptedServer, client: OllamaClient) -> None:
        server.enqueue(
            head(), dribble(b'1f\r\n{"message":{"content":"Hello"}}\r\n'), lines(b"", done()), end()
        )
        assert text_of(await take_turn(client)) == "Hello"

    async def test_a_reply_that_never_ends_after_done_is_hung_up_on(
        self, server: ScriptedServer, client: OllamaClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("ollama_chat_tui.backends.client.LAST_BYTES_TIMEOUT_S", 0.01)
        server.enqueue(head(), lines(done(content="Hi")), wait(Signal()))
        assert isinstance(last(await take_turn(client)), Finished)
        await server.requests[0].closed.arrives()


async def test_a_401_from_upstream_is_completed_with_the_address(
    server: ScriptedServer, client: OllamaClient
) -> None:
    url = "https://ollama.com/connect?name=box"
    server.enqueue(reply({"error": "unauthorized"}, status=401))
    server.enqueue(reply({"error": "unauthorized", "signin_url": url}, status=401), path="/api/me")
    error = failure(await take_turn(client)).error
    assert isinstance(error, Unauthorized)
    assert error.signin_url == url
    assert url in error.hint
