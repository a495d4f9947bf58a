"""What goes with the next message: the list that `/image`, `/images`, `/file` and a pasted path work on.

An image is prepared and kept when it is attached, so that whatever is wrong with it is said then, and not
when the question is asked.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ollama_chat_tui.chat.image import Image, ImageStore, MemoryImages
from ollama_chat_tui.chat.tokens import IMAGE_TOKENS, estimate_tokens
from ollama_chat_tui.config.keys import IMAGE_SIDE_PX
from ollama_chat_tui.errors import AttachmentError, NothingThere
from ollama_chat_tui.media.aside import aside
from ollama_chat_tui.media.clipboard import read_picture
from ollama_chat_tui.media.files import TextFile, mentioned, read_text
from ollama_chat_tui.media.paths import CLIPBOARD, Found, found_in, is_media, is_url, to_path
from ollama_chat_tui.media.prepare import Prepared, prepare
from ollama_chat_tui.media.reading import open_file
from ollama_chat_tui.media.size import MAX_BYTES, size_text


@dataclass(frozen=True)
class Attached:
    """One image or sound of the list.

    Attributes:
        size_before: bytes of what was named.
        changes: what was done to it, each a few words.
    """

    image: Image
    size_before: int = 0
    changes: tuple[str, ...] = ()

    @property
    def facts(self) -> str:
        """Such as `1568×1176, 310 KB, about 768 tokens`; the estimate is Ollama's own, flat for each."""
        image = self.image
        pixels = [f"{image.width}×{image.height}"] if image.width else []
        return ", ".join([*pixels, size_text(image.size_bytes), f"about {IMAGE_TOKENS} tokens"])

    @property
    def sentence(self) -> str:
        """What was attached and what was done to it, for the screen; the name in it is foreign text."""
        told = f"Attached {self.image.name}: {self.facts}"
        if not self.changes:
            return f"{told}."
        return f"{told} ({'; '.join(self.changes)}; it had {size_text(self.size_before)})."


@dataclass(frozen=True)
class Composed:
    """A message ready to be sent, and what was attached just now because the text names it."""

    content: str
    images: tuple[Image, ...]
    added: tuple[Attached, ...] = ()


@dataclass(frozen=True)
class Snapshot:
    """All that was attached at one moment."""

    images: tuple[Attached, ...]
    files: tuple[TextFile, ...]
    store: MemoryImages


class Attachments:
    """The list, which outlives the conversation at hand: what is attached goes into the one it is sent in.

    Attributes:
        longest_px: to what a larger picture is shrunk; 0: none is.
        store: the bytes of what is attached.
    """

    def __init__(self, variables: Mapping[str, str], longest_px: int = IMAGE_SIDE_PX) -> None:
        self.longest_px = longest_px
        self.store = MemoryImages()
        self._variables = variables
        self._images: list[Attached] = []
        self._files: list[TextFile] = []

    @property
    def images(self) -> tuple[Attached, ...]:
        return tuple(self._images)

    @property
    def files(self) -> tuple[TextFile, ...]:
        return tuple(self._files)

    @property
    def capabilities(self) -> frozenset[str]:
        """What a model must be able to do to read all of it, as /api/show names it."""
        return frozenset(each.image.capability for each in self._images)

    async def add(self, source: str, *, is_original: bool = False) -> Attached:
        """Attach a path, an address or `clipboard`; what is attached already stays where it is.

        Raises:
            ChatError: it cannot be, in one sentence; nothing is attached.
        """
        attached = await self._make(source, 0 if is_original else self.longest_px)
        return self._put(attached)

    async def add_file(self, path: Path) -> TextFile:
        """Put a text file into the next message; raises `AttachmentError`."""
        file = await aside(lambda: read_text(path))
        self._files.append(file)
        return file

    def drop(self, number: int) -> str:
        """Take the `number`th row of `table` off; returns the name of what stood there.

        Raises:
            NothingThere: there are not so many.
        """
        count = len(self._images)
        if not 1 <= number <= count + len(self._files):
            there = f"1 to {count + len(self._files)} are" if self._images or self._files else "None is"
            raise NothingThere(
                f"Nothing that is attached has the number {number}.", f"{there} there: /images"
            )
        if number <= count:
            return self._images.pop(number - 1).image.name
        return self._files.pop(number - count - 1).name

    def clear(self) -> None:
        """Take everything off."""
        self._images.clear()
        self._files.clear()
        self.store = MemoryImages()

    def snapshot(self) -> Snapshot:
        """What is attached now, to be had back with `restore`."""
        return Snapshot(self.images, self.files, self.store)

    def restore(self, snapshot: Snapshot) -> None:
        """Let be attached what was, in place of what is."""
        self._images, self._files = [*snapshot.images], [*snapshot.files]
        self.store = snapshot.store

    def add_again(self, images: Sequence[Image], store: ImageStore) -> None:
        """Attach what a message has already; what is not in the `store` of its conversation is left out."""
        for image in images:
            if file := store.open(image.sha256):
                with file:
                    self.store.keep(file.read())
                self._put(Attached(image))

    def take(self, images: ImageStore) -> tuple[Image, ...]:
        """Take everything off, and put the bytes of the images where the conversation has its own.

        Raises:
            AttachmentError: they cannot be kept there; the list is as it was.
        """
        for attached in self._images:
            file = self.store.open(attached.image.sha256)
            try:
                images.keep(file.read() if file else b"")
            except OSError as exc:
                raise AttachmentError(f"{attached.image.name} cannot be kept: {exc.strerror}.") from exc
        taken = tuple(each.image for each in self._images)
        self.clear()
        return taken

    def table(self) -> list[tuple[str, ...]]:
        """A row for each: number, name, pixels, bytes, tokens; files come last. Names are foreign text."""
        rows: list[tuple[str, ...]] = [
            (
                str(number),
                each.image.name,
                f"{each.image.width}×{each.image.height}" if each.image.width else "",
                size_text(each.image.size_bytes),
                f"~{IMAGE_TOKENS}",
            )
            for number, each in enumerate(self._images, 1)
        ]
        return rows + [
            (str(number), file.name, "", size_text(file.size_bytes), f"~{estimate_tokens(file.text)}")
            for number, file in enumerate(self._files, len(rows) + 1)
        ]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all that is attached; foreign text."""
        return (*(each.image.name for each in self._images), *(file.name for file in self._files))

    async def compose(self, text: str, images: ImageStore) -> Composed:
        """Make the message: paths in `text` become images, `@path` a fence behind it; the list is empty then.

        The bytes go into `images`, which is the conversation's.

        Raises:
            ChatError: a picture or a file that `text` names cannot go with it; the list is as it was.
        """
        found, mentions = await aside(lambda: (found_in(text), mentioned(text)))
        spans = list(found)
        files = list(self._files)
        for mention in mentions:
            if is_media(mention.path):
                spans.append(Found(mention.path, mention.start, mention.end))
            else:
                name = str(mention.path)
                files.append(await aside(partial(read_text, mention.path, name)))
        added = [await self._make(str(span.path), self.longest_px) for span in spans]
        for attached in added:
            self._put(attached)
        named = _named(text, spans)
        content = "\n\n".join([*([named] if named or not files else []), *(file.fenced() for file in files)])
        return Composed(content, self.take(images), tuple(added))

    def _put(self, attached: Attached) -> Attached:
        for each in self._images:
            if each.image.sha256 == attached.image.sha256:
                return each
        self._images.append(attached)
        return attached

    async def _make(self, source: str, longest_px: int) -> Attached:
        if is_url(source):
            # Brings httpx, which the way to the prompt does without.
            from ollama_chat_tui.media.download import download, name_of

            return await self._from_bytes(await download(source), name_of(source), longest_px)
        if source == CLIPBOARD:
            return await self._from_bytes(await read_picture(self._variables), CLIPBOARD, longest_px)
        path = to_path(source)
        return await aside(lambda: self._from_path(path, longest_px))

    async def _from_bytes(self, data: bytes, name: str, longest_px: int) -> Attached:
        return await aside(lambda: self._keep(prepare(io.BytesIO(data), name, longest_px), name, len(data)))

    def _from_path(self, path: Path, longest_px: int) -> Attached:
        with open_file(path, MAX_BYTES) as file:
            try:
                prepared = prepare(file, path.name, longest_px)
            except OSError as exc:
                raise AttachmentError(f"{path} cannot be read: {exc.strerror}.") from exc
            return self._keep(prepared, path.name, file.seek(0, io.SEEK_END))

    def _keep(self, prepared: Prepared, name: str, size_before: int) -> Attached:
        sha256 = self.store.keep(prepared.data)
        line = re.sub(r"\s", " ", name)  # of a file a name may have newlines
        image = Image(sha256, prepared.media_type, line, len(prepared.data), prepared.width, prepared.height)
        return Attached(image, size_before, prepared.changes)


def named_in(text: str) -> tuple[str, ...]:
    """The names of what would be attached because `text` names it. It looks at the disk for each path."""
    return (*(found.path.name for found in found_in(text)), *(each.path.name for each in mentioned(text)))


def _named(text: str, spans: Sequence[Found]) -> str:
    """`text` with a name in brackets where a path stood: the model has the picture, and no use for a path."""
    for span in sorted(spans, key=lambda each: each.start, reverse=True):
        text = f"{text[: span.start]}[{span.path.name}]{text[span.end :]}"
    return text
