"""Runs in a pty: reads questions and writes each, as a line of JSON, to a file.

Arguments: the folder of that file, options as JSON. Hints and the end go to the file as well. It imports
prompt_toolkit only when `go` stands in the folder.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from ollama_chat_tui.terminal.early_keys import keep_early_keys


class Names:
    def __init__(self, names: list[str]) -> None:
        self.names = names

    def complete(self, text_before_cursor: str) -> Any:
        from ollama_chat_tui.terminal.completion import Candidate

        return [Candidate(name, 0, f"Description of {name}, which is long") for name in self.names]


async def chat(folder: Path, options: dict[str, Any]) -> None:
    from ollama_chat_tui.terminal.prompt import Prompt, PromptOptions

    names, bar, echo = options.pop("names", []), options.pop("bar", ""), options.pop("echo", "")
    options["history_file"] = Path(options.pop("history", folder / "history.jsonl"))
    prompt = Prompt(PromptOptions(sources=[Names(names)], bar=(lambda: bar) if bar else None, **options))
    for number in (signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, prompt.stop)
    with (folder / "sent").open("a") as sent:
        if echo:
            prompt.echo(echo)
        while True:
            try:
                result = await prompt.read()
            except KeyboardInterrupt:
                result = "<hint>"
            except EOFError:
                break
            sent.write(json.dumps(result) + "\n")
            sent.flush()
        sent.write('"<end>"\n')


def main() -> None:
    folder, options = Path(sys.argv[1]), json.loads(sys.argv[2])
    with keep_early_keys(0):
        os.write(1, b"early\n")
        while not (folder / "go").exists():
            time.sleep(0.002)
        asyncio.run(chat(folder, options))


if __name__ == "__main__":
    main()
