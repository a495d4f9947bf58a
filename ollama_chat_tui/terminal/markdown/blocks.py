"""The block structure of Markdown, read line by line as CommonMark's appendix describes it.

Containers and one open leaf are all the state there is, so a line costs the same at the end of a long
answer as at its start, and what is not finished can be shown by finishing a copy. Differences from CommonMark
are listed in the docs: no setext headings, no HTML, definitions only for what comes after them.
"""

from __future__ import annotations

from collections import ChainMap
from copy import copy
from typing import Final

from ollama_chat_tui.terminal.fill import Gutter
from ollama_chat_tui.terminal.markdown.container import ContainerStack
from ollama_chat_tui.terminal.markdown.fence import Fence
from ollama_chat_tui.terminal.markdown.formula_block import FormulaBlock
from ollama_chat_tui.terminal.markdown.inline import InlineParser
from ollama_chat_tui.terminal.markdown.leaf import IndentedCode, Page, Prose
from ollama_chat_tui.terminal.markdown.lexer import LONGEST_LINE
from ollama_chat_tui.terminal.markdown.line import FENCE, FOOTNOTE, HEADING, ITEM, RULE, TASK, UNDECIDED, Line
from ollama_chat_tui.terminal.markdown.table import Table, alignments, split_cells
from ollama_chat_tui.terminal.rows import ansi_row
from ollama_chat_tui.terminal.theme import Theme

AnyLeaf = Prose | Fence | Table | IndentedCode | FormulaBlock

_DEEPEST: Final = 32
_CODE_INDENT: Final = 4


class BlockParser:
    """Takes lines, sends rows."""

    def __init__(self, theme: Theme, width: int) -> None:
        self._page = Page(theme, InlineParser(theme), [], {})
        self._stack = ContainerStack(self._page, width)
        self._leaf: AnyLeaf | None = None
        self._in_line = False
        # For the line being read: how many containers it continues, whether it began one, what it says.
        self._matched = 0
        self._has_new = False
        self._content = ""

    def clone(self) -> BlockParser:
        """Return a copy that sends rows of its own and leaves this one as it is."""
        other = copy(self)
        other.detach()
        return other

    def detach(self) -> None:
        """Share nothing with the parser this was copied from."""
        self._page = self._page.clone(ChainMap({}, self._page.references))
        self._stack = self._stack.clone(self._page)
        self._leaf = self._leaf.clone(self._page) if self._leaf else None

    @property
    def rows(self) -> list[str]:
        """The rows sent so far, or since they were last cleared."""
        return self._page.rows

    @property
    def is_in_line(self) -> bool:
        """Whether the last line was begun only, and `append` goes on with it."""
        return self._in_line

    @property
    def line_is_certain(self) -> bool:
        """Whether nothing behind what was read of the last line can make it something else."""
        if isinstance(self._leaf, Prose):
            return UNDECIDED.match(self._content) is None
        return self._leaf is not None and self._leaf.is_in_line

    def resize(self, width: int) -> None:
        """Use another width for the rows to come."""
        self._stack.width = width
        if self._leaf:
            gutter = self._stack.gutter()
            # By now the stack takes the block's first row for sent; the block may still have it before it.
            first = gutter.rest if self._leaf.has_rows else self._leaf.gutter.first
            self._leaf.resize(Gutter(first[len(first) - len(gutter.rest) :], gutter.rest, gutter.width))

    def keep_for_preview(self, rows: int) -> None:
        """Spare the layout of what a tail of so many rows cannot show."""
        if isinstance(self._leaf, Table):
            self._leaf.keep_for_preview(rows)

    def add_line(self, text: str) -> None:
        """Read one whole line."""
        line = Line(text)
        self._match_containers(line)
        if not self._continue_verbatim(line) and not self._begin_blocks(line):
            self._add_text(line)

    def begin_line(self, text: str) -> bool:
        """Read the beginning of a line if its kind is certain; `append` brings more, `end_line` the rest."""
        trial = self.clone()
        # What its beginning does not tell will not be told by more, and more would cost more each time.
        trial.add_line(text[: LONGEST_LINE + 1])
        if not trial.line_is_certain:
            return False
        self.add_line(text)
        self._in_line = True
        return True

    def append(self, text: str) -> None:
        """Go on with the line begun."""
        if self._leaf:
            self._leaf.append(text)

    def end_line(self, text: str) -> None:
        """Bring the rest of the line begun."""
        self.append(text)
        self._in_line = False

    def finish(self) -> None:
        """Close all that is open."""
        self._matched = 1
        self._close_to_matched()

    # Continuing what is open

    def _match_containers(self, line: Line) -> None:
        self._matched = 1
        self._has_new = False
        self._content = ""
        for container in self._stack:
            if container.is_quote:
                if not line.take_quote():
                    return
            elif line.is_blank:
                if container.is_empty:
                    return
            elif line.indent >= container.indent:
                line.take(container.indent)
            else:
                return
            self._matched += 1

    @property
    def _all_matched(self) -> bool:
        return self._matched == len(self._stack) and not self._has_new

    def _continue_verbatim(self, line: Line) -> bool:
        """Give the line to an open leaf that takes it as it is."""
        leaf = self._leaf
        if leaf is None or not self._all_matched:
            return False
        match leaf:
            case Fence() if leaf.is_closed_by(line.rest):
                self._close_leaf()
            case Fence():
                leaf.add_line(line.rest)
            case FormulaBlock():
                leaf.add_line(line.rest)
                if leaf.is_complete:
                    self._close_leaf()
            case IndentedCode() if line.is_code or line.is_blank:
                leaf.add_line(line.rest[_CODE_INDENT:])
            case _:
                return False
        return True

    # Beginning blocks

    def _begin_blocks(self, line: Line) -> bool:
        """Open the containers and the block that begin on the line; False if what is left is text."""
        while True:
            if line.is_blank:
                self._take_blank()
                return True
            if line.is_code:
                return self._begin_indented(line)
            if len(self._stack) < _DEEPEST and self._begin_container(line):
                continue
            return self._begin_leaf(line)

    def _take_blank(self) -> None:
        if not self._has_new:
            self._stack.has_blank = True
            if self._matched < len(self._stack):
                self._close_to_matched()
        if isinstance(self._leaf, Prose | Table):
            self._close_leaf()

    def _begin_indented(self, line: Line) -> bool:
        if isinstance(self._leaf, Prose) and not self._leaf.heading and not self._has_new:
            return False
        leaf = IndentedCode(self._page, self._open_block())
        leaf.add_line(line.rest[_CODE_INDENT:])
        self._leaf = leaf
        return True

    def _begin_container(self, line: Line) -> bool:
        return self._begin_quote(line) or self._begin_item(line) or self._begin_footnote(line)

    def _begin_quote(self, line: Line) -> bool:
        if not line.take_quote():
            return False
        self._close_to_matched()
        self._stack.push_quote()
        self._enter()
        return True

    def _begin_item(self, line: Line) -> bool:
        found = ITEM.match(line.content)
        if found is None or RULE.match(line.content) or self._is_delimiter(line):
            return False
        bullet, number, dot = found.groups()
        is_empty = not line.content[found.end() :].strip(" \t")
        if self._is_in_paragraph and (is_empty or (number and int(number) != 1)):
            return False
        self._close_to_matched()
        indent = line.indent + found.end()
        line.take(indent)
        blanks = line.indent if line.indent <= _CODE_INDENT and not is_empty else 1
        line.take(min(blanks, len(line.rest)))
        task = ""
        if not line.is_code and (box := TASK.match(line.content)):
            task = "☐ " if box[1] == " " else "☑ "
            line.take(line.indent + box.end())
        self._stack.push_item(bullet or dot, int(number or 0), indent + blanks, task)
        self._enter()
        return True

    def _begin_footnote(self, line: Line) -> bool:
        """Open the text of a footnote: it stays where it stands, as an item marked by its label."""
        found = FOOTNOTE.match(line.content)
        if found is None or self._is_in_paragraph:
            return False
        self._close_to_matched()
        line.take(line.indent + found.end())
        self._stack.push_footnote(f"[^{found[1]}]: ", _CODE_INDENT)
        self._enter()
        return True

    def _begin_leaf(self, line: Line) -> bool:
        content = line.content
        if self._is_delimiter(line):
            self._begin_table(content)
        elif heading := HEADING.match(content):
            leaf = Prose(self._page, self._open_block(), heading=len(heading[1]))
            leaf.add_line(content[heading.end() :])
            self._leaf = leaf
            self._content = "heading"
        elif fence := FENCE.match(content):
            mark, info = fence[1] or fence[3], fence[2] or fence[4] or ""
            self._leaf = Fence(self._page, self._open_block(), mark=mark, indent=line.indent, info=info)
        elif RULE.match(content):
            gutter = self._open_block()
            row = [*gutter.first, ("─" * gutter.width, self._page.theme.ink("rule"))]
            self._page.rows.append(ansi_row(row))
        elif FormulaBlock.begins(content):
            formula = FormulaBlock(self._page, self._open_block(), content)
            self._leaf = formula
            if formula.is_complete:
                self._close_leaf()
        else:
            return False
        return True

    def _is_delimiter(self, line: Line) -> bool:
        """Say whether the line and the one before it are the head of a table."""
        if not isinstance(self._leaf, Prose) or not self._all_matched:
            return False
        aligns = alignments(line.content)
        header = self._leaf.last_line() if aligns else ""
        return "|" in header and len(split_cells(header)) == len(aligns)

    def _begin_table(self, delimiters: str) -> None:
        prose = self._leaf
        if not isinstance(prose, Prose):
            return
        header = split_cells(prose.last_line())
        prose.drop_last_line()
        gutter = prose.gutter if prose.is_empty else self._open_block()
        self._leaf = Table(self._page, gutter, header, alignments(delimiters))

    def _add_text(self, line: Line) -> None:
        """Take a line that begins nothing: it goes on with a paragraph or a table, or is a new paragraph."""
        self._content = line.content
        leaf = self._leaf
        # A paragraph goes on also where not all containers were continued: Markdown's lazy line.
        goes_on = isinstance(leaf, Prose) and not leaf.heading and not self._has_new
        if leaf and (goes_on or (isinstance(leaf, Table) and self._all_matched)):
            leaf.add_line(line.content)
            return
        prose = Prose(self._page, self._open_block())
        prose.add_line(line.content)
        self._leaf = prose

    @property
    def _is_in_paragraph(self) -> bool:
        return isinstance(self._leaf, Prose) and not self._leaf.heading and self._all_matched

    # Opening and closing

    def _enter(self) -> None:
        """Note that the line began a container, and is now inside it."""
        self._has_new = True
        self._matched = len(self._stack)

    def _open_block(self) -> Gutter:
        """Make room for a new block where the line stands: close what it ends, keep the distance."""
        self._close_to_matched()
        self._stack.innermost.child_kind = ""
        return self._stack.start_block()

    def _close_leaf(self) -> None:
        leaf, self._leaf = self._leaf, None
        if leaf:
            leaf.close()

    def _close_to_matched(self) -> None:
        """Close the open block, and the containers that the line does not continue."""
        self._close_leaf()
        self._stack.pop_to(self._matched)
