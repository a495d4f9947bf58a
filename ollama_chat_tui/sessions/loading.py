"""From a session file to a conversation that can go on."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

from ollama_chat_tui.chat.conversation import Conversation, Node
from ollama_chat_tui.chat.image import Image
from ollama_chat_tui.errors import ChatError, SessionUnwritable
from ollama_chat_tui.sessions.attachments import Attachments, SessionImages
from ollama_chat_tui.sessions.lock import Lock
from ollama_chat_tui.sessions.session import Session, read_session


class Loaded(Struct, frozen=True):
    """A session and its conversation.

    Attributes:
        missing: how many of its images are not there any more.
    """

    session: Session
    conversation: Conversation
    missing: int = 0

    @property
    def notices(self) -> list[str]:
        """What to tell the user, a sentence each; nearly always nothing."""
        sentences = [notice.sentence for notice in self.session.notices]
        if self.missing:
            sentences.append(f"{self.missing} of its images are not there any more.")
        return sentences


def load(path: Path) -> Loaded:
    """Read a session and its images.

    Raises:
        SessionUnreadable: the file cannot be read.
    """
    return _with_images(read_session(path))


def load_to_write(path: Path) -> tuple[Loaded, Lock]:
    """Read a session and its images; nobody else may write to it from now on; raises as `lock_session`."""
    session, lock = lock_session(path)
    return _with_images(session), lock


def lock_session(path: Path) -> tuple[Session, Lock]:
    """Read a session that nobody else may write to from now on.

    Raises:
        SessionLocked: another process has it open.
        SessionUnreadable: the file cannot be read.
        SessionUnwritable: it can be read only.
    """
    try:
        lock = Lock.take(path)
    except OSError as exc:
        raise SessionUnwritable(
            f"The session {path.stem} cannot be written to: {exc.strerror}.", "Fork it, or read it."
        ) from exc
    try:
        session = read_session(path)
        if session.is_newer:
            raise SessionUnwritable(
                f"The session {session.id} was written by a newer version of ollama-chat.",
                "It can be read; fork it to go on, or install the newer version.",
            )
    except ChatError:
        lock.release()
        raise
    return session, lock


def _with_images(session: Session) -> Loaded:
    images = SessionImages(Attachments(session.path.parent))
    entries = session.entries.items()
    nodes = [Node(id_, entry.said.parent, entry.said.message()) for id_, entry in entries]
    missing = [image for _, entry in entries for image in entry.said.images if not _is_there(images, image)]
    return Loaded(session, Conversation.of(nodes, session.head, images), len(missing))


def _is_there(images: SessionImages, image: Image) -> bool:
    file = images.open(image.sha256)
    if file is None:
        return False
    file.close()
    return True
