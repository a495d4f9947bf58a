"""The examples, loaded and called as the chat does it."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from ollama_chat_tui.chat.message import ToolCall
from ollama_chat_tui.tools.function_file import FunctionFile
from ollama_chat_tui.tools.registry import Registry
from tests.scripted_replies import reply
from tests.scripted_server import ScriptedServer

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
async def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Registry]:
    path = tmp_path / "shop #1.db"
    with closing(sqlite3.connect(path)) as made:
        made.executescript(
            "CREATE TABLE fruit (name TEXT, price REAL); INSERT INTO fruit VALUES ('apple', 1.5);"
        )
    monkeypatch.setenv("SQLITE_FILE", str(path))
    file, registry = FunctionFile(EXAMPLES / "sqlite_query.py"), Registry()
    registry.put("sqlite", await file.load())
    yield registry
    await file.aclose()


async def ask(registry: Registry, name: str, **arguments: object) -> str:
    return await registry.run(ToolCall(name, arguments))


async def test_a_database_is_read(database: Registry) -> None:
    assert await ask(database, "list_tables") == "CREATE TABLE fruit (name TEXT, price REAL)"
    assert await ask(database, "query", sql="SELECT * FROM fruit") == "name | price\napple | 1.5"
    many = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 50) SELECT i FROM n"
    assert (await ask(database, "query", sql=many, rows=2)) == "i\n1\n2\n[There are more rows.]"
    assert "no such table" in await ask(database, "query", sql="SELECT * FROM vegetable")


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM fruit",
        "DROP TABLE fruit",
        "INSERT INTO fruit VALUES ('pear', 2)",
        "ATTACH '/etc/passwd' AS other",
        "PRAGMA writable_schema = 1",
        "SELECT 1; DELETE FROM fruit",
        "CREATE TEMP TABLE x (y)",
        "VACUUM INTO '/tmp/stolen.db'",
        "SELECT load_extension('x')",
    ],
)
async def test_a_database_is_not_changed(database: Registry, sql: str) -> None:
    assert (await ask(database, "query", sql=sql)).startswith(("SQLite refuses", "query failed"))
    assert await ask(database, "query", sql="SELECT name FROM fruit") == "name\napple"


@pytest.mark.parametrize("key", ["", "k3y"])
async def test_the_weather_comes_from_where_there_is_a_key_for(
    key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The services are played by a server of our own; the addresses are all that is changed in the file."""
    monkeypatch.setenv("OPENWEATHERMAP_API_KEY", key)
    with ScriptedServer() as server:
        server.enqueue(
            reply({"results": [_place("Paris", "US", "United States"), _place("Paris", "FR", "France")]}),
            path="/v1/search?name=Paris&count=10",
        )
        server.enqueue(
            reply({"current": {"temperature_2m": 11.5, "weather_code": 3}}),
            path="/v1/forecast?latitude=48.9&longitude=2.3&current=temperature_2m%2Cweather_code"
            "&temperature_unit=celsius",
        )
        server.enqueue(
            reply({"name": "Paris", "main": {"temp": 12}, "weather": [{"description": "light rain"}]}),
            path="/data/2.5/weather?q=Paris%2C+FR&units=metric&appid=k3y",
        )
        source = (EXAMPLES / "weather.py").read_text()
        for host in ("api.openweathermap.org", "geocoding-api.open-meteo.com", "api.open-meteo.com"):
            source = source.replace(f"https://{host}", server.url)
        path = tmp_path / "weather.py"
        path.write_text(source)
        file, registry = FunctionFile(path), Registry()
        assert registry.put("weather", await file.load()) == ["get_current_weather"]
        told = await ask(registry, "get_current_weather", location="Paris, FR", format="celsius")
        await file.aclose()
    wanted = (
        "Paris: 12 degrees celsius, light rain" if key else "Paris, France: 11.5 degrees celsius, overcast"
    )
    assert told == wanted


def _place(name: str, code: str, country: str) -> dict[str, object]:
    return {"name": name, "country_code": code, "country": country, "latitude": 48.9, "longitude": 2.3}
