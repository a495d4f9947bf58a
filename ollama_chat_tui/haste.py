"""How Python runs while most of the program is still to be imported, and how it runs ever after."""

from __future__ import annotations

import gc
import sys

_SLICE_S, _USUAL_SLICE_S = 0.0005, 0.005
"""How long a thread goes on when another has something to do. A key is several such moments."""


def hasten_imports() -> None:
    """Look for no garbage among what is imported, and let whoever reads keys in between at once."""
    gc.disable()
    sys.setswitchinterval(_SLICE_S)


def end_haste() -> None:
    """Go on as usual; what is imported by now is never looked at again."""
    gc.freeze()
    gc.enable()
    sys.setswitchinterval(_USUAL_SLICE_S)
