"""Take every picture anew: `make screenshots`."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from tests.pictures.png import png
from tests.pictures.scenes import FOLDER, SCENES


def main() -> None:
    """Write them all, and remove those whose scene is gone."""
    with ThreadPoolExecutor(4) as pool:
        drawn = list(pool.map(lambda scene: scene.svg(), SCENES))
    files: dict[str, bytes] = {}
    for scene, svg in zip(SCENES, drawn, strict=True):
        files[f"{scene.name}.svg"] = svg.encode()
        if scene.has_png:
            files[f"{scene.name}.png"] = png(svg)
    FOLDER.mkdir(exist_ok=True)
    for old in FOLDER.iterdir():
        if old.name not in files:
            old.unlink()
    for name, data in files.items():
        (FOLDER / name).write_bytes(data)


main()
