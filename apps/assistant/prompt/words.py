"""Words of others, made harmless to read: they stay words, on their line, and as long as we say."""

import re
import unicodedata

_JOINER = "\u200d"
"""Holds emojis together; every other character nobody sees is left out."""
LONGEST = 20_000
_KEYCAP = re.compile("(?<=[0-9])\ufe0f?\u20e3")
"""Draws a digit as a key, and hides a number of digits."""
_MARK = re.compile(
    r"<(?=[|｜])|<(?=/?(?:s|system|user|assistant|tool|start_of_turn|end_of_turn|im_start|im_end|bos|eos)>)",
    re.IGNORECASE,
)
"""How models mark where one speaker ends and another begins."""


def plain(text: str) -> str:
    """Return what somebody wrote, without characters that cannot be seen and marks that only models read.

    Shape:  at most LONGEST characters; what is cut there ends with a whole word.
    """
    if len(text) > LONGEST:
        text = f"{(text[:LONGEST].rsplit(maxsplit=1) or [''])[0]} …"
    if not text.isprintable():  # a look at each letter takes its time
        text = "".join(letter for letter in text.replace("\r\n", "\n") if letter in "\n\t" or _is_seen(letter))
    return _MARK.sub("< ", _KEYCAP.sub("", text))


def one_line(text: str, limit: int) -> str:
    """Return words as one line of at most `limit` characters, without the quotes they will stand in."""
    line = " ".join(plain(text).replace("«", "‹").replace("»", "›").split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def quoted(text: str, limit: int) -> str:
    """Return words as data: one line, cut, in quotes."""
    return f"«{one_line(text, limit)}»"


def field(text: str, limit: int) -> str:
    """Return a text of ours for a line of labelled fields."""
    return one_line(text, limit).replace("|", "/")


def paragraphs(*texts: str) -> str:
    """Return the texts that say anything, one below the other."""
    return "\n\n".join(text.strip() for text in texts if text.strip())


def _is_seen(letter: str) -> bool:
    return letter == _JOINER or unicodedata.category(letter) not in {"Cc", "Cf", "Co", "Cn", "Cs", "Zl", "Zp"}
