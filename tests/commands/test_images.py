"""The commands that put pictures, sounds and files into the next message."""

from __future__ import annotations

from pathlib import Path

import pytest

from ollama_chat_tui.chat.message import Message, Role
from ollama_chat_tui.commands.context import Context
from ollama_chat_tui.errors import FileUnreadable, NothingThere, UsageError
from tests.commands.conftest import NotedScreen, run
from tests.media.pictures import png, write


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "here"
    write(folder / "a.png", png())
    write(folder / "b c.png", png(2000, 1000))
    write(folder / "notes.txt", b"one\ntwo\n")
    monkeypatch.chdir(folder)
    return folder


def names(context: Context) -> list[str]:
    return [row[1] for row in context.attachments.table()]


@pytest.mark.parametrize(
    "arguments", ["a.png 'b c.png'", r"a.png b\ c.png", "*.png", 'file://{here}/a.png "b c.png"', "~/*.png"]
)
async def test_several_pictures_are_attached_at_once(
    context: Context, screen: NotedScreen, here: Path, monkeypatch: pytest.MonkeyPatch, arguments: str
) -> None:
    monkeypatch.setenv("HOME", str(here))
    assert await run(context, "/image " + arguments.replace("{here}", str(here))) == ""
    assert names(context) == ["a.png", "b c.png"]
    assert screen.told[0] == "Attached a.png: 64×48, 155 B, about 768 tokens."
    assert "(shrunk from 2000×1000; it had " in screen.told[1]


async def test_a_picture_can_be_attached_as_it_is(context: Context) -> None:
    await run(context, "/image --original 'b c.png'")
    assert context.attachments.images[0].image.width == 2000


async def test_when_one_cannot_be_attached_none_is(context: Context, screen: NotedScreen) -> None:
    await run(context, "/file notes.txt")
    with pytest.raises(FileUnreadable) as caught:
        await run(context, "/image a.png 'b d.png'")
    assert caught.value.sentence == "There is no file b d.png."
    assert caught.value.hint == "Did you mean b c.png or a.png?"
    assert (names(context), screen.told) == (["notes.txt"], [])
    with pytest.raises(FileUnreadable):
        await run(context, "/file notes.txt missing.txt")
    assert names(context) == ["notes.txt"]


@pytest.mark.parametrize("command", ["/image", "/image --original", "/file", "/images drop", "/images off"])
async def test_what_is_missing_is_said_with_the_usage(context: Context, command: str) -> None:
    with pytest.raises(UsageError) as caught:
        await run(context, command)
    assert "Usage: /" in caught.value.hint


async def test_a_text_file_goes_into_the_next_message(context: Context) -> None:
    assert (
        await run(context, "/file notes.txt") == "notes.txt (8 B, about 2 tokens) goes into the next message."
    )
    composed = await context.attachments.compose("Read!", context.conversation.images)
    assert composed.content == "Read!\n\n```txt notes.txt\none\ntwo\n```"


async def test_the_list_has_numbers_and_one_is_taken_off_by_its(context: Context) -> None:
    await run(context, "/image *.png")
    await run(context, "/file notes.txt")
    shown = (await run(context, "/images")).splitlines()
    assert [row.split()[0] for row in shown[:3]] == ["1", "2", "3"]
    assert shown[0].split()[1:] == ["a.png", "64×48", "155", "B", "~768"]
    assert await run(context, "/images drop 2") == "b c.png is not attached any more."
    assert names(context) == ["a.png", "notes.txt"]
    with pytest.raises(NothingThere, match="number 3"):
        await run(context, "/images drop 3")
    context.attachments.clear()
    with pytest.raises(NothingThere, match="Nothing is attached"):
        await run(context, "/images")


async def test_stripped_images_stay_in_the_session_and_are_not_sent(context: Context) -> None:
    with pytest.raises(NothingThere):
        await run(context, "/images strip")
    await run(context, "/image *.png")
    images = context.attachments.take(context.conversation.images)
    context.conversation.append(Message(Role.USER, "What?", images=images))
    assert await run(context, "/images strip") == (
        "2 images stay in the session and out of what is sent: about 1,536 tokens less."
    )
    assert [message.images for message in context.conversation.for_request()] == [()]
    assert context.conversation.branch()[0].message.images == images


async def test_a_question_that_is_edited_has_its_images_again(context: Context) -> None:
    await run(context, "/image a.png")
    images = context.attachments.take(context.conversation.images)
    context.conversation.append(Message(Role.USER, "What?", images=images))
    await run(context, "/edit")
    assert (context.draft, names(context)) == ("What?", ["a.png"])


def test_pictures_are_completed_behind_the_name(context: Context, here: Path) -> None:
    (here / "sub").mkdir()
    for line, start, words in (
        ("/image ", 7, ["a.png", r"b\ c.png", "sub/"]),
        (r"/image a.png b\ ", 13, ["a.png", r"b\ c.png", "sub/"]),
        ("/file n", 6, ["a.png", r"b\ c.png", "notes.txt", "sub/"]),
        ("/image nowhere/", 6, []),
    ):
        found = context.registry.complete(context, line)
        assert found == (start, [(word, "") for word in words])


async def test_numbers_are_completed_behind_drop(context: Context) -> None:
    await run(context, "/image *.png")
    assert [word for word, _ in context.registry.complete(context, "/images ")[1]] == ["drop", "strip"]
    assert context.registry.complete(context, "/images drop ")[1] == [("1", "a.png"), ("2", "b c.png")]
