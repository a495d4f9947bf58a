"""What attaching and sending pictures costs: seconds, and memory at its peak.

    python -m benchmarks.images [--megabytes 15]

Every case runs in a process of its own, since what is measured is the greatest amount of memory that the
kernel ever gave it. A picture is attached from a file as `/image` does it, then sent three times over a
connection of its own, as three turns would. `more MB` is above the same process before it attaches anything,
with everything imported.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import random
import re
import resource
import sys
import tempfile
import time
from pathlib import Path

from PIL import Image as Pillow

from ollama_chat_tui.backends.wire import encode_chat
from ollama_chat_tui.chat.image import MemoryImages
from ollama_chat_tui.chat.message import Message, Role
from ollama_chat_tui.chat.protocols import ChatRequest
from ollama_chat_tui.chat.settings import Settings
from ollama_chat_tui.media.attachments import Attachments

KIB = 1024 if sys.platform != "darwin" else 1
TURNS = 3


def noise(width: int, height: int) -> Pillow.Image:
    """Of which no encoder can leave out anything."""
    return Pillow.frombytes("RGB", (width, height), random.Random(7).randbytes(width * height * 3))


def save(folder: Path, megabytes: float) -> dict[str, Path]:
    """Pictures of about so many megabytes; a photo has 3 times the pixels of noise of the same length."""
    side = int((megabytes * 1e6 / 3) ** 0.5)
    grainy, wide = noise(side, side), int((megabytes * 1e6 * 4 / 3) ** 0.5)
    grainy.save(folder / "noise.png")
    noise(wide, wide * 3 // 4).save(folder / "noise.jpg", quality=90)
    photo = noise(500, 375).resize((6000, 4000)).effect_spread(2)
    photo.save(folder / "24-megapixels.png")
    grainy.resize((200, 200)).save(folder / "small.png")
    return {path.name: path for path in sorted(folder.iterdir())}


def peak_bytes() -> int:
    status = Path("/proc/self/status")
    if status.exists():  # Linux counts into ru_maxrss what a process was before it became another program
        peak = re.search(r"VmHWM:\s+(\d+) kB", status.read_text())
        return int(peak[1]) * 1024 if peak else 0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * KIB


async def attach_and_send(path: Path, is_original: bool) -> tuple[float, float, int]:
    store = MemoryImages()
    attachments = Attachments({})
    began = time.perf_counter()
    await attachments.add(str(path), is_original=is_original)
    (image,) = attachments.take(store)
    attached_s = time.perf_counter() - began
    began = time.perf_counter()
    for _ in range(TURNS):
        message = Message(Role.USER, "What is it?", images=(image,))
        for _piece in encode_chat(ChatRequest(Settings("m"), [message], images=store)):
            pass
    return attached_s, time.perf_counter() - began, image.size_bytes


def measure(path: Path, is_original: bool, warm: Path) -> tuple[float, float, int, float]:
    asyncio.run(attach_and_send(warm, False))  # imports, and what they allocate
    before = peak_bytes()
    costs = asyncio.run(attach_and_send(path, is_original))
    return *costs, (peak_bytes() - before) / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--megabytes", type=float, default=15)
    arguments = parser.parse_args()
    context = multiprocessing.get_context("spawn")
    print(f"{'':28}{'MB':>7}{'attach s':>10}{f'{TURNS} × send s':>13}{'sent MB':>9}{'more MB':>9}")
    with tempfile.TemporaryDirectory() as folder:
        with context.Pool(1) as pool:
            pictures = pool.apply(save, (Path(folder), arguments.megabytes))
        for name, path in pictures.items():
            for is_original in (False, True):
                with context.Pool(1) as pool:
                    attach_s, send_s, sent, more = pool.apply(
                        measure, (path, is_original, pictures["small.png"])
                    )
                label = name + (" --original" if is_original else "")
                size = path.stat().st_size / 1e6
                print(f"{label:28}{size:7.1f}{attach_s:10.2f}{send_s:13.2f}{sent / 1e6:9.1f}{more:9.0f}")


if __name__ == "__main__":
    main()
