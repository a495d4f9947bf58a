"""The two lines that open a chat: who answers, and what to do next. Knows what is there, not how it looks."""

from __future__ import annotations

from collections.abc import Sequence

from ollama_chat_tui.backends.names import is_cloud_model, same_model
from ollama_chat_tui.startup import Answerer

_FIRST_STEP = "Ask something; /help shows what there is"


def welcome(found: Answerer, model: str, names: Sequence[str]) -> tuple[str, str]:
    """Return a line on `model`, which will answer, and a line on the next step.

    `names` are the models that are installed. Where nothing answers, the error's sentence and hint stand in
    their place.
    """
    if found.notice:
        says, _, advice = found.notice.partition("\n")
        return says, advice or f"{_FIRST_STEP}."
    place = found.client.host.label
    others = [name for name in names if not same_model(name, model)]
    if len(others) == len(names) and not is_cloud_model(model):
        rest = "; /models shows those that are" if others else ""
        return f"{model} is not installed at {place}.", f"/pull {model} fetches it{rest}."
    more = f"/models the {_count(len(others))}" if others else "/pull fetches more models"
    return f"{model} at {place}.", f"{_FIRST_STEP}, {more}."


def _count(others: int) -> str:
    return "other model" if others == 1 else f"{others} others"
