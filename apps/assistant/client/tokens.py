"""How much a model reads and writes: estimated without asking it, and rather too much than too little."""

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise

MESSAGE_OVERHEAD = 4
"""Tokens that a message costs beside its words."""
CUT = " […]"
_PIECE = re.compile(r"[^\W\d_]{1,24}|\d{1,2}|\s{1,24}|[\W_]")
_LETTERS_OF_A_TOKEN = 4
_BEYOND_LATIN = 0x250


def tokens_of(text: str) -> int:
    """Return about how many tokens a text is."""
    return sum(cost for _end, cost in _pieces(text))


@lru_cache(maxsize=1024)
def tokens_of_ours(text: str) -> int:
    """Return the same of a text of the house, which is told again and again; words of people are not kept."""
    return tokens_of(text)


def cut(text: str, tokens: int) -> str:
    """Return the beginning of a text that is no more than `tokens`, and say so where something is missing."""
    room, at = tokens - tokens_of(CUT), 0
    spent = 0
    for end, cost in _pieces(text):
        spent += cost
        if spent > tokens:
            return text[:at].rstrip() + CUT
        if spent <= room:
            at = end
    return text


def _pieces(text: str) -> Iterator[tuple[int, int]]:
    """Return where each piece of a text ends, and what it costs.

    Why:    words of European languages are about four letters a token; what looks like a code breaks where its case
            changes, and a character of another script may be a token or more by itself.
    """
    for found in _PIECE.finditer(text):
        yield found.end(), _cost(found[0])


def _cost(piece: str) -> int:
    if piece.isspace():
        return 0 if piece == " " else 1
    if piece.isascii():
        turns = 0 if piece[1:].islower() else sum(one.islower() != other.islower() for one, other in pairwise(piece))
        return max(-(-len(piece) // _LETTERS_OF_A_TOKEN), turns)
    if piece.isalpha() and ord(max(piece)) < _BEYOND_LATIN:
        return -(-len(piece) // (_LETTERS_OF_A_TOKEN - 1))
    return len(piece.encode()) // 2
