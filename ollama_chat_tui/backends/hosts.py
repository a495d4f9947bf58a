"""Where a server is: OLLAMA_HOST and --host, read exactly as Ollama's own client reads them.

The algorithm is that of Ollama's envconfig (`ollama-api` 4.1), and beyond it: an address to listen on
becomes one to connect to, Unix sockets are known, and what cannot be meant is an error instead of a guess.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from urllib.parse import quote

from ollama_chat_tui.errors import BadHost

DEFAULT_PORT = 11434
OLLAMA_CLOUD = "ollama.com"

_SCHEME_PORTS = {"http": 80, "https": 443}
_EVERY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - translated, never bound
_HINT = "Write it as host, host:port, http(s)://host:port/path or unix:///path/to/socket."


@dataclass(frozen=True)
class Host:
    """A server's place.

    Attributes:
        path: put in front of every route.
        socket: the path of a Unix socket to connect to instead.
        title: what to call it instead of its address.
    """

    scheme: str
    name: str
    port: int
    path: str = ""
    socket: str = ""
    title: str = ""

    @property
    def url(self) -> str:
        """The base URL, without a slash at its end."""
        name = f"[{self.name}]" if ":" in self.name else self.name
        return f"{self.scheme}://{name}:{self.port}{self.path}"

    @property
    def label(self) -> str:
        """What a person calls it."""
        return self.title or (f"unix://{self.socket}" if self.socket else self.url)

    @property
    def is_loopback(self) -> bool:
        """Whether it is this machine: such a host never goes through a proxy."""
        name = self.name.lower()
        if self.socket or name == "localhost" or name.endswith(".localhost"):
            return True
        try:
            return ip_address(self.name).is_loopback
        except ValueError:
            return False

    @property
    def is_ollama_cloud(self) -> bool:
        """Whether it is Ollama's own service, the only one that gets the key without being told to."""
        return self.scheme == "https" and self.name.lower() == OLLAMA_CLOUD


DEFAULT_HOST = Host("http", "127.0.0.1", DEFAULT_PORT)


def parse_host(text: str) -> Host:
    """Read the value of OLLAMA_HOST or --host; blank means the default.

    Raises:
        BadHost: it cannot be the address of a server.
    """
    text = text.strip().strip("\"'").strip()
    if text.startswith("unix://"):
        return _socket(text.removeprefix("unix://"))
    scheme, default_port, rest = _scheme(text)
    authority, _, path = rest.partition("/")
    if "@" in authority:
        raise BadHost(
            "A user name or password in the address of a server is not supported.",
            "Leave it out and send it with --header 'Authorization: …'.",
        )
    name, port_text = _split_port(authority)
    if not _is_name(name):
        raise BadHost(f"“{text}” is no address of a server.", _HINT)
    port = _port(port_text, default_port)
    if port == 0:
        raise BadHost(f"“{text}” asks for port 0, which no server has.", _HINT)
    if "?" in path or "#" in path:
        path = quote(path, safe="/%:@!$&'()*+,;=~")
    return Host(scheme, _connectable(name), port, "/" + path.strip("/") if path.strip("/") else "")


def _scheme(text: str) -> tuple[str, int, str]:
    scheme, separator, rest = text.partition("://")
    if not separator:
        # Go's client makes this one exception, for exactly this text.
        return ("https", 443, text) if text == OLLAMA_CLOUD else ("http", DEFAULT_PORT, text)
    if scheme.lower() not in _SCHEME_PORTS:
        raise BadHost(f"“{text}” begins with {scheme}://, which no Ollama server speaks.", _HINT)
    return scheme.lower(), _SCHEME_PORTS.get(scheme, DEFAULT_PORT), rest


def _split_port(authority: str) -> tuple[str, str]:
    """Split at the last colon, unless the whole is an IPv6 address without brackets."""
    if bracketed := re.fullmatch(r"\[([^\]]*)\](?::(.*))?", authority):
        return bracketed[1], bracketed[2] or ""
    if _is_ipv6(authority):
        return authority, ""
    name, _, port = authority.partition(":")
    if ":" in port:
        return authority, ""
    return name, port


def _port(text: str, default: int) -> int:
    return int(text) if re.fullmatch(r"\+?\d{1,5}", text, re.ASCII) and int(text) <= 65535 else default


def _connectable(name: str) -> str:
    if _is_ipv6(name):
        name = str(IPv6Address(name))
    return _EVERY_ADDRESS.get(name, name) or DEFAULT_HOST.name


def _is_name(name: str) -> bool:
    """Whether it may stand in a URL: an IPv6 address, or what DNS can hold; nothing means this machine."""
    if not name or _is_ipv6(name):
        return True
    if re.search(r"[\s\[\]<>\"'\\^`{|}:\x00-\x1f\x7f]", name):
        return False
    try:
        name.encode("idna")
    except UnicodeError:
        return False
    return True


def _is_ipv6(name: str) -> bool:
    try:
        IPv6Address(name)
    except ValueError:
        return False
    return True


def _socket(path: str) -> Host:
    if not path.startswith("/"):
        raise BadHost(f"“unix://{path}” names no socket.", "Write the whole path: unix:///run/ollama.sock")
    return Host("http", "localhost", DEFAULT_PORT, socket=path)
