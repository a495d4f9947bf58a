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
from tests.scripted_replies import Step, reply
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


async def test_a_value_that_would_fill_the_memory_is_refused_and_a_long_one_is_cut(
    database: Registry,
) -> None:
    assert "too big" in await ask(database, "query", sql="SELECT zeroblob(900000000)")
    assert len(await ask(database, "query", sql="SELECT hex(zeroblob(1000000)) AS x")) == len("x\n") + 1000


async def test_an_endless_query_ends(database: Registry, tmp_path: Path) -> None:
    path = tmp_path / "hasty.py"
    path.write_text(
        (EXAMPLES / "sqlite_query.py").read_text().replace("MOST_SECONDS = 10", "MOST_SECONDS = 0")
    )
    file = FunctionFile(path)
    database.put("sqlite", await file.load())
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
    assert (await ask(database, "query", sql=endless)).startswith("SQLite refuses: interrupted")
    await file.aclose()


async def test_text_that_is_no_utf_8_can_be_read(database: Registry) -> None:
    assert await ask(database, "query", sql="SELECT CAST(x'63e9' AS TEXT) AS x") == "x\nc\ufffd"


@pytest.mark.parametrize("key", ["", "k3y"])
async def test_the_weather_comes_from_where_there_is_a_key_for(
    key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The services are played by a server of our own."""
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
        told = await weather(server.url, tmp_path, "Paris, FR")
    wanted = (
        "Paris: 12 degrees celsius, light rain" if key else "Paris, France: 11.5 degrees celsius, overcast"
    )
    assert told == wanted


@pytest.mark.parametrize(
    ("key", "reply_", "said"),
    [
        ("", reply({"generationtime_ms": 0.5}), "There is no place called Atlantis."),
        ("", reply(b"<html>", content_type="text/html"), "get_current_weather failed: JSONDecodeError"),
        ("", reply([1]), "get_current_weather failed: AttributeError"),
        ("k3y", reply({"message": "city not found"}, status=404), "There is no place called Atlantis."),
        ("k3y", reply({"message": "Invalid API key"}, status=401), "OpenWeatherMap refuses with status 401"),
        ("k3y", reply({}), "get_current_weather failed: KeyError"),
    ],
)
async def test_a_service_that_does_not_know_is_told_to_the_model_without_the_key(
    key: str, reply_: Step, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENWEATHERMAP_API_KEY", key)
    with ScriptedServer() as server:
        for path in (
            "/v1/search?name=Atlantis&count=10",
            "/data/2.5/weather?q=Atlantis&units=metric&appid=k3y",
        ):
            server.enqueue(reply_, path=path)
        told = await weather(server.url, tmp_path, "Atlantis")
    assert said in told
    assert "k3y" not in told


@pytest.mark.parametrize("key", ["", "k3y"])
async def test_a_service_that_cannot_be_reached_is_a_result(
    key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENWEATHERMAP_API_KEY", key)
    with ScriptedServer() as server:
        gone = server.url
    told = await weather(gone, tmp_path, "Paris")
    assert told.startswith("get_current_weather failed: URLError")
    assert "k3y" not in told


async def weather(url: str, directory: Path, location: str) -> str:
    """What the tool says; the addresses are all that is changed in the file."""
    source = (EXAMPLES / "weather.py").read_text()
    for host in ("api.openweathermap.org", "geocoding-api.open-meteo.com", "api.open-meteo.com"):
        source = source.replace(f"https://{host}", url)
    path = directory / "weather.py"
    path.write_text(source)
    file, registry = FunctionFile(path), Registry()
    assert registry.put("weather", await file.load()) == ["get_current_weather"]
    told = await ask(registry, "get_current_weather", location=location, format="celsius")
    await file.aclose()
    return told


def _place(name: str, code: str, country: str) -> dict[str, object]:
    return {"name": name, "country_code": code, "country": country, "latitude": 48.9, "longitude": 2.3}
