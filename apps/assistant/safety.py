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


def warnings_in(text: str, *, knowledge: str) -> list[str]:
    """Return the kinds of ways out that a text names and `knowledge` does not."""
    kinds = {"link": r"https?://\S+|www\.\S+", "email": r"\S+@\S+", "account": r"\d{22}", "phone": r"\d[\d .-]{6,}\d"}
    return [kind for kind, form in kinds.items() if any(found not in knowledge for found in re.findall(form, text))]
