"""From a file of another program, or of ours, to a session.

What was imported once is not imported again. A session that this program exported keeps its id; anything else
gets one that ends in a digest of what is said in it, by which it is known the next time. Neither the name of
the file nor the day of the import is part of the digest.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Sequence
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from ollama_chat_tui.chat.conversation import Conversation, Node
from ollama_chat_tui.chat.image import ImageStore, MemoryImages
from ollama_chat_tui.errors import BadImport, SessionUnwritable
from ollama_chat_tui.sessions.disk import Disk
from ollama_chat_tui.sessions.export.portable import KIND, VERSION, Portable, items
from ollama_chat_tui.sessions.foreign import Foreign, Misfit, read_foreign
from ollama_chat_tui.sessions.journal import Journal
from ollama_chat_tui.sessions.records import HeadMoved, Item, Said, SettingsChanged, Tagged, Titled
from ollama_chat_tui.sessions.store import Store

_OWN_ID: Final = re.compile(r"\d{6}-\d{6}-[0-9a-z]{4,32}")
_DIGEST_LENGTH: Final = 16
_HINT: Final = "What can be imported: an export of ollama-chat, a request to /api/chat, a list of messages."


class Imported(Struct, frozen=True):
    """What came of a file.

    Attributes:
        id: of the session.
        is_new: whether it was made; else it was there already.
    """

    id: str
    is_new: bool


def import_file(store: Store, path: Path) -> Imported:
    """Make a session of a file.

    Raises:
        BadImport: the file cannot be read, or is no conversation.
        SessionUnwritable: the disk does not take the session.
    """
    try:
        content = path.read_bytes()
    except OSError as exc:
        raise BadImport(f"{path.name} cannot be read: {exc.strerror}.") from exc
    return import_bytes(store, content, path.name)


def import_bytes(store: Store, content: bytes, name: str) -> Imported:
    """Make a session of what stands in a file of that name; raises as `import_file` does."""
    data = _parsed(content, name)
    try:
        if isinstance(data, dict) and data.get("kind") == KIND:
            return _import_own(store, data)
        images = MemoryImages()
        return _import_foreign(store, read_foreign(data, images), images)
    except Misfit as exc:
        raise BadImport(f"{name} {exc}.", _HINT) from exc


def _parsed(content: bytes, name: str) -> object:
    try:
        return json.loads(content.decode("utf-8-sig"), parse_constant=_refuse)
    except UnicodeDecodeError as exc:
        raise BadImport(f"{name} is not UTF-8 text: byte {exc.start} is none of it.", _HINT) from exc
    except json.JSONDecodeError as exc:
        raise BadImport(f"{name} is not JSON: line {exc.lineno}, column {exc.colno}.", _HINT) from exc
    except RecursionError as exc:
        raise BadImport(f"{name} is nested too deeply.", _HINT) from exc
    except ValueError as exc:  # NaN, or a number of thousands of digits
        raise BadImport(f"{name} holds a number that is none.", _HINT) from exc


def _refuse(constant: str) -> object:
    raise ValueError(constant)


def _import_own(store: Store, data: dict[str, object]) -> Imported:
    version = data.get("version")
    if isinstance(version, int) and version > VERSION:
        raise Misfit(f"was exported by a newer version of ollama-chat (format {version})")
    try:
        session = msgspec.convert(data, Portable)
    except (msgspec.ValidationError, RecursionError) as exc:
        raise Misfit(f"is no whole export: {exc}") from exc
    _check(session)
    last = max((record.at for record in session.tree), default=session.created or datetime.now(UTC))
    written = [
        *items(session),
        *([Item(Titled(session.title, last))] if session.title else []),
        *(Item(Tagged(tag, last)) for tag in session.tags),
        Item(HeadMoved(session.head, last)),
    ]
    ids = {record.id for record in session.tree if isinstance(record, Said)}
    if _OWN_ID.fullmatch(session.id):
        if session.id not in store.ids():
            return _create(store, session.id, written)
        if ids <= set(store.read(session.id).entries):
            return Imported(session.id, is_new=False)
    return _create_by_digest(store, written, last, msgspec.json.encode(session.tree))


def _check(session: Portable) -> None:
    """What types cannot say: parents first, each id once, images in base64."""
    for name, encoded in session.attachments.items():
        try:
            base64.b64decode(encoded, validate=True)
        except (binascii.Error, ValueError) as exc:
            raise Misfit(f"has an image that is not base64 at attachments.{name}") from exc
    nodes: dict[str, Node] = {}
    for place, record in enumerate(session.tree):
        if record.at.tzinfo is None:
            raise Misfit(f"has a time without a zone at tree[{place}].at")
        if isinstance(record, SettingsChanged):
            continue
        if record.id in nodes:
            raise Misfit(f"has the message {record.id} twice, at tree[{place}]")
        if record.parent is not None and record.parent not in nodes:
            raise Misfit(f"has a message after one that is not there, at tree[{place}].parent")
        nodes[record.id] = Node(record.id, record.parent, record.message())
    try:
        Conversation.of(nodes.values(), session.head)
    except KeyError as exc:
        raise Misfit("has a head that is none of its messages") from exc


def _import_foreign(store: Store, found: Foreign, images: ImageStore) -> Imported:
    now = datetime.now(UTC)
    written = [
        Item(
            SettingsChanged(
                now,
                found.model,
                system=found.system,
                options=found.options,
                format=found.format,
                think=found.think,
            )
        )
    ]
    parent = None
    for number, message in enumerate(found.messages):
        said = Said(
            f"{number:016x}",
            parent,
            now,
            message.role,
            message.content,
            message.thinking,
            message.images,
            tool_calls=message.tool_calls,
            tool_name=message.tool_name,
            tool_call_id=message.tool_call_id,
            ending=message.ending,
        )
        parent = said.id
        written.append(Item(said, images))
    if found.title:
        written.append(Item(Titled(found.title, now)))
    content = json.dumps(msgspec.to_builtins(found), sort_keys=True).encode()  # ASCII, lone surrogates too
    return _create_by_digest(store, written, now, content)


def _create_by_digest(store: Store, written: Sequence[Item], at: datetime, content: bytes) -> Imported:
    digest = hashlib.sha256(content).hexdigest()[:_DIGEST_LENGTH]
    for id_ in store.ids():
        if id_.endswith(f"-{digest}"):
            return Imported(id_, is_new=False)
    return _create(store, f"{at.astimezone(UTC):%y%m%d-%H%M%S}-{digest}", written)


def _create(store: Store, id_: str, written: Sequence[Item]) -> Imported:
    path = store.path(id_)
    try:
        with closing(Journal(store.directory, Disk(), path)) as journal:
            journal.append(written)
    except FileExistsError:
        return Imported(id_, is_new=False)
    except OSError as exc:
        with suppress(OSError):
            path.unlink()
        raise SessionUnwritable(f"No session can be made in {store.directory}: {exc.strerror}.") from exc
    return Imported(id_, is_new=True)
