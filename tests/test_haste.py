"""How Python runs during the imports and after."""

from __future__ import annotations

import gc
import sys

from ollama_chat_tui.haste import end_haste, hasten_imports


def test_haste_ends_as_it_began() -> None:
    before = sys.getswitchinterval()
    try:
        hasten_imports()
        assert not gc.isenabled()
        assert sys.getswitchinterval() < before
    finally:
        end_haste()
        gc.unfreeze()
    assert gc.isenabled()
    assert sys.getswitchinterval() == before
