"""The code blocks of a Markdown file, run in their order, so that what the documentation says is what happens.

`python` blocks share one namespace and may `await`; `sh` blocks run in bash, in a folder of their own. A `text` block
right after one is what it prints: lines are compared, and `...` stands for anything within a line, or for lines. A
`yaml` or `json` block whose fence names a file (```yaml digits.yaml) is written into that folder.

A comment right above a block, which readers do not see, says what is particular about it:

    <!-- not run: needs a cluster -->          the reason why it is not run; it is looked over still (looking_over.py)
    <!-- run with: EXPERIMENT=digits -->       what stands in for the words of a synopsis when it is run
    <!-- is: podium.webhooks:Notice -->        the model that takes this JSON
    <!-- but for: numbers -->                  this text may be printed with other numbers, ids and widths of columns
"""

import ast
import asyncio
import contextlib
import inspect
import io
import os
import re
import subprocess
from collections.abc import Coroutine, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

FENCE = re.compile(r"^```(?P<language>\w*)(?: +(?P<info>.+))?$")
MARK = re.compile(r"^<!-- (?P<kind>not run|run with|is|but for): (?P<words>.+) -->$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    language: str
    info: str
    """What the fence says after the language."""
    text: str
    line: int
    """Of its first line in the file, the first being 1."""
    not_run: str = ""
    """The reason, where there is one."""
    stand_ins: Mapping[str, str] = field(default_factory=dict)
    model: str = ""
    """`module:name` of what takes it."""
    may_vary: bool = False
    """Whether numbers may be others."""

    @property
    def run_text(self) -> str:
        """What is run: the text with what stands in for some of its words."""
        text = self.text
        for word, stand_in in self.stand_ins.items():
            text = text.replace(word, stand_in)
        return text


class Untrue(AssertionError):
    """A block printed something else than its file says, or failed."""


def blocks_of(markdown: str) -> Iterator[Block]:
    """Yield every fenced block."""
    lines, above = iter(enumerate(markdown.splitlines(), start=1)), ""
    for number, line in lines:
        if (fence := FENCE.match(line)) is None:
            above = line
            continue
        body = []
        for _, inner in lines:
            if inner == "```":
                break
            body.append(inner)
        text = "".join(f"{each}\n" for each in body)
        plain = Block(language=fence["language"], info=fence["info"] or "", text=text, line=number + 1)
        yield _marked(plain, above)
        above = ""


def _marked(block: Block, above: str) -> Block:
    if (mark := MARK.match(above)) is None:
        return block
    match mark["kind"]:
        case "not run":
            return replace(block, not_run=mark["words"])
        case "is":
            return replace(block, model=mark["words"])
        case "but for":
            return replace(block, may_vary=True)
        case _:
            return replace(block, stand_ins=dict(word.split("=", maxsplit=1) for word in mark["words"].split()))


def run_blocks(
    file: Path,
    folder: Path,
    *,
    environment: Mapping[str, str],
    known: Mapping[str, object],
    seconds: float = 120,
) -> int:
    """Run a file's blocks in `folder`, which becomes the current one; return how many were run.

    `environment` is that of `sh` blocks, each of which has `seconds`, and `known` the names that `python` blocks find.
    Raises Untrue, and what a block raises.
    """
    namespace: dict[str, Any] = {"__name__": "__main__", **known}
    count, printed = 0, None
    with contextlib.chdir(folder):
        for block in blocks_of(file.read_text(encoding="utf-8")):
            where = f"{file.name}:{block.line}"
            if block.language == "text":
                seen = shape_of if block.may_vary else str
                if printed is not None and not block.not_run and not matches(seen(block.text), seen(printed)):
                    raise Untrue(f"{where} says\n{block.text}\nbut this was printed:\n{printed}")
                printed = None
                continue
            printed = None
            if block.not_run:
                continue
            match block.language:
                case "python":
                    printed = _run_python(block, file, namespace)
                case "sh":
                    printed = _run_shell(block, where, environment, seconds)
                case "yaml" | "json" if block.info:
                    Path(block.info).write_text(block.run_text, encoding="utf-8")
                    continue
                case _:
                    continue
            count += 1
    return count


def matches(told: str, printed: str) -> bool:
    """Say whether this is what was printed; a line of `...` stands for any lines, `...` within one for any words."""
    pattern = ""
    for line in told.rstrip().splitlines():
        pattern += r"(?:.*\n)*?" if line.strip() == "..." else _line_pattern(line)
    return re.fullmatch(pattern, printed.rstrip() + "\n") is not None


def shape_of(text: str) -> str:
    """Return a text without what differs from run to run: numbers, the ends of ids, blanks between columns."""
    without_ids = re.sub(r"\b([a-z][a-z-]*)-[a-z0-9]{4}\b", r"\1-ID", text)
    without_numbers = re.sub(r"(?<![A-Za-z])[-+]?\d[\d,]*(?:\.\d+)?(?:e[-+]?\d+)?", "0", without_ids)
    return re.sub(r"[ \t]+", " ", re.sub(r"[─━]+", "─", without_numbers))


def _line_pattern(line: str) -> str:
    return ".*".join(re.escape(part) for part in line.rstrip().split("...")) + r" *\n"


def _run_python(block: Block, file: Path, namespace: dict[str, Any]) -> str:
    # blank lines before it: a traceback then points into the Markdown file
    padded = "\n" * (block.line - 1) + block.run_text
    code = compile(padded, str(file), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        given = eval(code, namespace)
        if inspect.iscoroutine(given):
            _run(given)
    return printed.getvalue()


def _run(given: Coroutine[Any, Any, object]) -> None:
    """Run it in a thread: a browser that was driven before in this process leaves its loop behind in ours."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, given).result()


def _run_shell(block: Block, where: str, environment: Mapping[str, str], seconds: float) -> str:
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", block.run_text],
        env=os.environ | dict(environment),
        capture_output=True,
        text=True,
        check=False,
        timeout=seconds,
    )
    if done.returncode:
        raise Untrue(f"{where} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout
