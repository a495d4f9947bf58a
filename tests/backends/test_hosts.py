from __future__ import annotations

import contextlib

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollama_chat_tui.backends.client import OllamaClient
from ollama_chat_tui.backends.hosts import DEFAULT_HOST, Host, parse_host
from ollama_chat_tui.errors import BadHost, UsageError

# What Ollama's own client makes of OLLAMA_HOST, rewritten to what can be connected to.
TABLE = {
    "": "http://127.0.0.1:11434",
    "   ": "http://127.0.0.1:11434",
    "1.2.3.4": "http://1.2.3.4:11434",
    "1.2.3.4:1234": "http://1.2.3.4:1234",
    "1.2.3.4:": "http://1.2.3.4:11434",
    ":1234": "http://127.0.0.1:1234",
    ":66000": "http://127.0.0.1:11434",
    ":-1": "http://127.0.0.1:11434",
    ":abc": "http://127.0.0.1:11434",
    "example.com": "http://example.com:11434",
    "example.com:1234": "http://example.com:1234",
    "localhost": "http://localhost:11434",
    "::1": "http://[::1]:11434",
    "[::1]": "http://[::1]:11434",
    "[::1]:1337": "http://[::1]:1337",
    "0:0:0:0:0:0:0:1": "http://[::1]:11434",
    "::": "http://[::1]:11434",
    "[::]": "http://[::1]:11434",
    "0.0.0.0": "http://127.0.0.1:11434",
    "0.0.0.0:8080": "http://127.0.0.1:8080",
    " 1.2.3.4 ": "http://1.2.3.4:11434",
    '"1.2.3.4"': "http://1.2.3.4:11434",
    "'1.2.3.4'": "http://1.2.3.4:11434",
    ' " 1.2.3.4 " ': "http://1.2.3.4:11434",
    "http://1.2.3.4": "http://1.2.3.4:80",
    "http://1.2.3.4:4321": "http://1.2.3.4:4321",
    "https://1.2.3.4": "https://1.2.3.4:443",
    "https://0.0.0.0:4321": "https://127.0.0.1:4321",
    "https://example.com/ollama": "https://example.com:443/ollama",
    "https://example.com:8443/a/b/": "https://example.com:8443/a/b",
    "example.com/ollama": "http://example.com:11434/ollama",
    "/ollama": "http://127.0.0.1:11434/ollama",
    "http://": "http://127.0.0.1:80",
    "http://[::1]": "http://[::1]:80",
    "http://example.com:99999": "http://example.com:80",
    "HTTP://example.com": "http://example.com:11434",
    "ollama.com": "https://ollama.com:443",
    "ollama.com:443": "http://ollama.com:443",
    "OLLAMA.com": "http://OLLAMA.com:11434",
    "https://example.com/a?x=1#f": "https://example.com:443/a%3Fx=1%23f",
}  # fmt: skip

UNUSABLE = [
    ":0",
    "user:pw@example.com",
    "ftp://example.com",
    "unix://",
    "unix://relative/path",
    "exa mple",
    "a:b:c",
    "[::1]x",
    "::1::2",
    "a..b",
    "x" * 64,
    "a\x00b",
]


@pytest.mark.parametrize(("text", "url"), TABLE.items())
def test_an_address_is_read_as_ollamas_own_client_reads_it(text: str, url: str) -> None:
    assert parse_host(text).url == url


@pytest.mark.parametrize("text", UNUSABLE)
def test_an_address_that_cannot_be_meant_is_an_error_with_a_hint(text: str) -> None:
    with pytest.raises(BadHost) as caught:
        parse_host(text)
    assert caught.value.hint


def test_a_password_in_the_address_is_not_told() -> None:
    with pytest.raises(BadHost) as caught:
        parse_host("user:hunter2@example.com")
    assert "hunter2" not in str(caught.value)


def test_a_unix_socket_is_called_by_its_path() -> None:
    host = parse_host("unix:///run/ollama.sock")
    assert host.socket == "/run/ollama.sock"
    assert host.label == "unix:///run/ollama.sock"
    assert host.is_loopback


def test_the_default_is_ollamas() -> None:
    assert parse_host("") == DEFAULT_HOST
    assert DEFAULT_HOST.label == "http://127.0.0.1:11434"


@pytest.mark.parametrize(
    ("text", "is_loopback"),
    [
        ("", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("LocalHost", True),
        ("box.localhost", True),
        ("0.0.0.0", True),
        ("10.0.0.1", False),
        ("example.com", False),
        ("localhost.example", False),
    ],
)
def test_this_machine_is_known(text: str, is_loopback: bool) -> None:
    assert parse_host(text).is_loopback is is_loopback


@given(st.one_of(st.text(), st.from_regex(r"(\w+://)?[\[\]:.%@\w-]{0,30}(:\d{0,6})?(/.*)?")))
def test_any_text_is_an_address_to_connect_to_or_an_error_of_ours(text: str) -> None:
    with contextlib.suppress(BadHost):
        host = parse_host(text)
        assert host.scheme in ("http", "https")
        assert 0 < host.port <= 65535
        with contextlib.suppress(UsageError):
            OllamaClient(host, transport=httpx.MockTransport(lambda _: httpx.Response(200)))


@given(st.ip_addresses(), st.integers(1, 65535))
def test_any_ip_and_port_come_through(address: object, port: int) -> None:
    text = f"[{address}]:{port}" if ":" in str(address) else f"{address}:{port}"
    host = parse_host(text)
    assert host == parse_host(f"http://{text}")
    assert isinstance(host, Host)
    assert host.port == port
