"""A tool that knows the weather: `ollama-chat --tools examples/weather.py`.

With OPENWEATHERMAP_API_KEY in the environment it asks OpenWeatherMap, without it Open-Meteo, which wants no
key.
"""

import json
import os
import urllib.error
import urllib.parse
import urllib.request
from typing import Any, Literal

from ollama_chat_tui.tools import tool

OPENWEATHERMAP = "https://api.openweathermap.org/data/2.5/weather"
GEOCODING = "https://geocoding-api.open-meteo.com/v1/search"
FORECAST = "https://api.open-meteo.com/v1/forecast"

# The codes of the World Meteorological Organization, as far as Open-Meteo uses them.
SKIES = {
    0: "clear",
    1: "mostly clear",
    2: "partly cloudy",
    3: "overcast",
    45: "fog",
    48: "freezing fog",
    51: "light drizzle",
    53: "drizzle",
    55: "heavy drizzle",
    56: "freezing drizzle",
    57: "freezing drizzle",
    61: "light rain",
    63: "rain",
    65: "heavy rain",
    66: "freezing rain",
    67: "freezing rain",
    71: "light snow",
    73: "snow",
    75: "heavy snow",
    77: "snow grains",
    80: "light showers",
    81: "showers",
    82: "violent showers",
    85: "snow showers",
    86: "heavy snow showers",
    95: "a thunderstorm",
    96: "a thunderstorm with hail",
    99: "a thunderstorm with heavy hail",
}


@tool(reads_only=True, time_limit_s=20)
def get_current_weather(location: str, format: Literal["celsius", "fahrenheit"] = "celsius") -> str:
    """Get the current weather for a location.

    Args:
        location: the city, with the country where several have that name, e.g. Paris, FR.
        format: the unit of the temperature.
    """
    key = os.environ.get("OPENWEATHERMAP_API_KEY")
    return _from_openweathermap(location, format, key) if key else _from_open_meteo(location, format)


def _from_openweathermap(location: str, format: str, key: str) -> str:
    units = "metric" if format == "celsius" else "imperial"
    try:
        found = _get(OPENWEATHERMAP, q=location, units=units, appid=key)
    except urllib.error.HTTPError as exc:
        if exc.code == 404:
            return f"There is no place called {location}."
        raise RuntimeError(
            f"OpenWeatherMap refuses with status {exc.code}"
        ) from None  # the address has the key
    sky = ", ".join(each["description"] for each in found["weather"])
    return f"{found['name']}: {found['main']['temp']} degrees {format}, {sky}"


def _from_open_meteo(location: str, format: str) -> str:
    name, _, country = (part.strip() for part in location.partition(","))
    places = _get(GEOCODING, name=name, count=10).get("results", [])
    if not places:
        return f"There is no place called {location}."
    wanted = [each for each in places if country.lower() in _countries(each)]
    place = (wanted or places)[0]
    where = {"latitude": place["latitude"], "longitude": place["longitude"]}
    now = _get(FORECAST, **where, current="temperature_2m,weather_code", temperature_unit=format)["current"]
    sky = SKIES.get(now["weather_code"], "unknown skies")
    return f"{place['name']}, {place.get('country', '')}: {now['temperature_2m']} degrees {format}, {sky}"


def _countries(place: dict[str, Any]) -> list[str]:
    return [place.get(key, "").lower() for key in ("country_code", "country")]


def _get(address: str, **query: object) -> Any:
    with urllib.request.urlopen(f"{address}?{urllib.parse.urlencode(query)}", timeout=15) as reply:  # noqa: S310
        return json.load(reply)
