"""How much a model is shown: estimated without asking it, and rather too much than too little."""

import re
from collections.abc import Iterator
from itertools import pairwise

MESSAGE_OVERHEAD = 4
"""Tokens that a message costs beside its words."""
CUT = " […]"
_PIECE = re.compile(r"[^\W\d_]+|\d{1,2}|\s+|[\W_]")
_LETTERS_OF_A_TOKEN = 4


def tokens_of(text: str) -> int:
    """Return about how many tokens a text is."""
    return sum(cost for _end, cost in _pieces(text))


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
        piece = found[0]
        if piece.isspace():
            cost = 0 if piece == " " else 1
        elif piece.isascii():
            turns = sum(before.islower() != after.islower() for before, after in pairwise(piece))
            cost = max(-(-len(piece) // _LETTERS_OF_A_TOKEN), turns)
        elif piece.isalpha() and ord(max(piece)) < 0x250:
            cost = -(-len(piece) // (_LETTERS_OF_A_TOKEN - 1))
        else:
            cost = len(piece.encode()) // 2
        yield found.end(), cost
