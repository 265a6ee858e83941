"""Makes podium/blocking from podium/aio: the same client without `async` and `await`.

    python -m hack.blocking_client [--check]

Names change by the table below, and `AsyncX` becomes `X`; nothing else differs, so nothing is written twice by hand.
"""

import io
import itertools
import re
import subprocess
import sys
import tokenize

from hack import generated

SOURCES = generated.ROOT / "podium" / "aio"
MADE = generated.ROOT / "podium" / "blocking"
BY_HAND = {"__init__.py", "gallery.py"}
"""Files that both folders have, neither made from the other."""
HEADER = "# Made from podium/aio/{name} by `make sdk`; change it there.\n"
NAMES = {
    "aclose": "close",
    "aio": "blocking",
    "anext": "next",
    "asyncio": "time",
    "AsyncBaseTransport": "BaseTransport",
    "AsyncClient": "Client",
    "AsyncIterator": "Iterator",
    "__aenter__": "__enter__",
    "__aexit__": "__exit__",
    "__aiter__": "__iter__",
}


def made_from(source: str, name: str) -> str:
    """Return the blocking twin of an asynchronous module, formatted."""
    begins = [0, *itertools.accumulate(len(line) for line in source.splitlines(keepends=True))]
    parts, done = [HEADER.format(name=name)], 0
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        begin, end = (begins[row - 1] + column for row, column in (token.start, token.end))
        if token.type == tokenize.NAME and token.string in ("async", "await"):
            parts.append(source[done:begin])
            done = end + 1  # with the blank behind it
        elif token.type in (tokenize.NAME, tokenize.STRING):
            parts += [source[done:begin], _blocking(token)]
            done = end
    return _formatted("".join([*parts, source[done:]]))


def _blocking(token: tokenize.TokenInfo) -> str:
    if token.type == tokenize.STRING:
        return re.sub(r"\b(async|await) |\bAsync(?=[A-Z])", "", token.string)
    return NAMES.get(token.string) or token.string.removeprefix("Async")


def _formatted(text: str) -> str:
    """Sort the imports, whose names have changed, and lay out the lines anew."""
    for how in (["check", "--quiet", "--select=I,UP034", "--fix"], ["format"]):
        command = [sys.executable, "-m", "ruff", *how, "--stdin-filename", str(MADE / "made.py"), "-"]
        text = subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout
    return text


if __name__ == "__main__":
    generated.main(
        {
            MADE / path.name: made_from(path.read_text(encoding="utf-8"), path.name)
            for path in sorted(SOURCES.glob("*.py"))
            if path.name not in BY_HAND
        },
        remedy="make sdk",
    )
