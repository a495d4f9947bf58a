"""Which session is meant by what was typed, and which could be meant by what is being typed.

Every start that has flags imports this module, so what is heavy is imported when somebody asks.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from ollama_chat_tui.environment import COMPLETION_VARIABLE, Environment
from ollama_chat_tui.errors import ChatError, SessionMissing

if TYPE_CHECKING:
    from ollama_chat_tui.sessions.catalog import Listed
    from ollama_chat_tui.sessions.store import Store

Completion = tuple[str, str]
"""What would be typed, and what is shown beside it."""

# The shells evaluate what they are given to complete, and a title may be somebody else's: nothing of it that
# means something to one of them is passed on.
_UNFIT: Final = re.compile(r"[^\w .,+@%/-]")
_LONGEST: Final = 60


def find_session(environment: Environment, wanted: str, *, in_trash: bool = False) -> str:
    """The id of the session that is meant by an id, a beginning of it or of its last part, or a title.

    Raises:
        SessionMissing: there is none.
        SessionAmbiguous: there are several.
        SessionUnreadable: nobody can tell, since the directory cannot be read.
    """
    store = store_of(environment, in_trash=in_trash)
    titles = {listed.id: listed.name for listed in listed_sessions(environment, in_trash=in_trash)}
    try:
        return store.find(wanted, titles=titles)
    except SessionMissing:
        if not in_trash:
            raise
        raise SessionMissing(
            f"There is no session {wanted} in the trash.",
            "`ollama-chat sessions list --trash` lists what is there.",
        ) from None


def store_of(environment: Environment, *, in_trash: bool = False) -> Store:
    """The sessions of the user, or those that were thrown away."""
    from ollama_chat_tui.sessions.store import Store

    store = Store.of(environment)
    return Store(store.trash_directory) if in_trash else store


def listed_sessions(environment: Environment, *, in_trash: bool = False) -> list[Listed]:
    """The sessions of the user, the one used last first; or those that were thrown away.

    Raises:
        SessionUnreadable: the directory cannot be read.
    """
    from ollama_chat_tui.sessions.catalog import Catalog

    store = store_of(environment, in_trash=in_trash)
    if not store.ids() and not store.directory.exists():  # so that a look makes nothing
        return []
    # Each directory has a list of its own, since one that was made for another is made anew.
    cache_dir = environment.cache_dir / "trash" if in_trash else environment.cache_dir
    with Catalog(store.directory, cache_dir) as catalog:
        return catalog.sessions()


def complete_session(incomplete: str) -> list[Completion]:
    """What the shell could put in place of a begun id or title."""
    return _completions(incomplete, in_trash=False)


def complete_trashed(incomplete: str) -> list[Completion]:
    """The same for the sessions in the trash."""
    return _completions(incomplete, in_trash=True)


def _completions(incomplete: str, *, in_trash: bool) -> list[Completion]:
    with suppress(ChatError, OSError, ImportError):  # whoever presses Tab wants no error
        listed = listed_sessions(Environment.of_process(), in_trash=in_trash)
        return [found for each in listed for found in _ways_to_name(each, incomplete)]
    return []


def _ways_to_name(listed: Listed, incomplete: str) -> Iterator[Completion]:
    if _UNFIT.search(listed.id):
        return
    if listed.id.startswith(incomplete) or listed.id.rpartition("-")[2].startswith(incomplete):
        yield _Fitting(listed.id), _UNFIT.sub(" ", listed.name)[:_LONGEST].strip()
    elif listed.title.casefold().startswith(incomplete.casefold()):
        yield _Fitting(listed.id if _UNFIT.search(listed.title) else _typed(listed.title)), listed.id


class _Fitting(str):
    """A text that typer does not drop because it does not begin with what was typed."""

    def startswith(self, *_: object) -> bool:
        return True


def _typed(title: str) -> str:
    """As one word; bash alone puts into the line what it is given as it is."""
    is_bash = os.environ.get(COMPLETION_VARIABLE) == "complete_bash"
    return title.replace(" ", r"\ ") if is_bash else title
