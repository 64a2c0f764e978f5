"""What is looked for in words, theirs and a model's. Pure: no rows."""

import re
import unicodedata


def plain(text: str) -> str:
    """Return words without case, accents and signs, a blank between them: the same words are the same."""
    letters = "".join(letter for letter in unicodedata.normalize("NFKD", text) if not unicodedata.combining(letter))
    return " ".join(re.findall(r"\w+", letters.casefold()))


def names_word(text: str, words: str) -> str:
    """Return the first of these words or phrases, one in each line, that a text says; nothing if it says none."""
    said = f" {plain(text)} "
    wanted = (line.strip() for line in words.splitlines() if plain(line))
    return next((word for word in wanted if f" {plain(word)} " in said), "")
