"""What is looked for in words, theirs and a model's. Pure: no rows.

Words that somebody must see; and ways to somebody, or to money, that the house did not name: no answer says those by
itself. Amounts, dates and hours are no such thing. What is doubtful counts: a person looks at it, and nothing is lost.
"""

import posixpath
import re
import unicodedata
from collections.abc import Iterator
from urllib.parse import unquote

from apps.assistant.masks import Personal, found_in

LINK, PHONE, EMAIL, ACCOUNT = "link", "phone", "email", "account"
CODES = {
    Personal.EMAIL: EMAIL,
    Personal.PHONE: PHONE,
    Personal.DOCUMENT: PHONE,  # a number is a number
    Personal.ACCOUNT: ACCOUNT,
    Personal.CARD: ACCOUNT,
    Personal.TAX_ID: ACCOUNT,
    Personal.ALIAS: ACCOUNT,
}
_UNGIVEN = {f"[{Personal.PHONE} ": PHONE, f"[{Personal.EMAIL} ": EMAIL}
"""What a mask would hide that nobody gave; any other, an account."""
SHARED = frozenset(
    {
    "wa.me", "api.whatsapp.com", "chat.whatsapp.com", "whatsapp.com", "t.me", "telegram.me", "m.me", "facebook.com",
    "fb.com", "fb.me", "instagram.com", "tiktok.com", "youtube.com", "youtu.be", "x.com", "twitter.com",
    "linkedin.com", "linktr.ee", "bit.ly", "tinyurl.com", "goo.gl", "t.co", "is.gd", "forms.gle", "docs.google.com",
    "drive.google.com", "maps.google.com", "google.com", "maps.app.goo.gl", "sites.google.com", "mpago.la",
    "mercadopago.com", "mercadopago.com.ar", "link.mercadopago.com.ar", "paypal.com", "paypal.me",
    }
)  # fmt: skip
"""Hosts where everybody has a place: only the very place the house names is ours."""
_GENERIC = (
    "com|net|org|info|biz|edu|gob|gov|app|dev|online|site|shop|store|club|xyz|top|link|click|live|life|world|space"
    "|tech|website|page|cloud|digital|email|today|news|blog|icu|fun|vip|pro|work|media|group|studio|academy|school"
    "|events|company|network|solutions|services|center|zone|global|social|chat|bio|lat|mobi|name|onion|zip|mov"
    "|example|test|invalid|local|localhost"
)
_COUNTRY = (
    r"a[cdefgilmoqrstuwxz]|b[abdefghijmnorstwyz]|c[acdfghiklmnoruvwxyz]|d[ejkmoz]|e[cegrstu]|"
    r"f[ijkmor]|g[abdefghilmnpqrstuwy]|h[kmnrtu]|i[delmnoqrst]|j[emop]|k[eghimnprwyz]|"
    r"l[abcikrstuvy]|m[acdeghklmnopqrstuvwxyz]|n[acefgilopruz]|o[m]|p[aefghklmnrstwy]|q[a]|r[eosuw]|"
    r"s[abcdeghiklmnorstuvxyz]|t[cdfghjklmnortvwz]|u[agksyz]|v[aceginu]|w[fs]|y[et]|z[amw]"
)
_SPOKEN = "com|net|org|ar|info|io|ly|co|gl|gg|tk|ru|cn|cc|tv|app|site|xyz|online|link|click|top|shop|club|example"
"""Endings that are believed in an address that is spelled out; the others are words of Spanish."""
_LINK = re.compile(
    r"(?:\b[a-z][a-z0-9+.-]{1,15}:/{1,3}"
    r"|\b(?:javascript|data|mailto|tel|sms|whatsapp|intent|tg|market|file|vbscript|blob):(?=\S))[^\s<>\"'«»“”]*"
    r"|(?<![\w@.-])www\.[^\s<>\"'«»“”]+"
    rf"|(?<![\w@-])(?:[\w-]{{1,63}}\.){{1,9}}(?:{_GENERIC}|xn--[\w-]+|{_COUNTRY})(?![\w@-])(?::\d+)?(?:[/?#][^\s<>\"'«»“”]*)?"
    r"|(?<![\w@-])(?:[\w-]{1,63}\.){1,9}[a-z]{2,24}(?::\d+)?/[^\s<>\"'«»“”]+"
    r"|(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.])(?::\d+)?(?:/\S*)?",
    re.IGNORECASE,
)
_TARGET = re.compile(r"\]\s*\(\s*<?([^)\s>]*)|<\s*(?:a|img|iframe|script|form|svg)\b[^>]{0,200}")
_DIGITS = ("cero|zero", "uno|one", "dos|two", "tres|three", "cuatro|four", "cinco|five", "seis|six", "siete|seven",
           "ocho|eight", "nueve|nine")  # fmt: skip
_DIGIT_WORD = re.compile(rf"\b(?:{'|'.join(_DIGITS)})\b")
_SPELLED_NUMBER = re.compile(rf"\b(?:(?:{'|'.join(_DIGITS)}|\d)\b[\s,.-]*){{6,}}")
_SPELLED_WORD = re.compile(r"(?<!\S)(?=(?:\S ){0,20}[^\W\d])(?:\S ){4,}\S(?!\S)")
_LOOSE = (
    (re.compile(r"\bhxxp"), "http"),
    (re.compile(r"[*_~`]"), ""),
    (re.compile(r"\s*[\[({<]\s*(?:\.|punto|dot)\s*[\])}>]\s*"), "."),
    (re.compile(rf"(?<=\w)\s+(?:punto|dot)\s+(?=(?:{_SPOKEN})\b)"), "."),
    (re.compile(r"(?<=\w)(?:punto|dot)(?=(?:com|net|org|ar)\b)"), "."),
    (re.compile(rf"(?<=\w)\s+\.\s*(?=(?:{_SPOKEN})\b)|(?<=\w)\.\s+(?=(?:com|net|org|ly|io)\b)"), "."),
    (re.compile(r"\s*[\[({<]\s*(?:@|at|arroba)\s*[\])}>]\s*"), "@"),
    (re.compile(r"(?<=\w)\s*\barroba\b\s*(?=\w)|(?<=\w)\s+at\s+(?=[\w-]+\.[a-z]{2})|(?<=\w)\s+@\s*(?=[\w-]+\.)"), "@"),
    (_SPELLED_WORD, lambda found: found[0].replace(" ", "")),
    (_SPELLED_NUMBER, lambda found: _number(found[0])),
)
"""How addresses and numbers are written so that no machine sees them, and what they are."""


def warnings_in(text: str, *, knowledge: str) -> list[str]:
    """Return the kinds of ways out that a text names and `knowledge` does not: link, phone, email, account."""
    known = _readable(knowledge)
    keys = {found.key for found in found_in(known)}
    numbers = [key.partition(":")[2] for key in keys if key.startswith(f"{Personal.PHONE}:")]
    places = [_place(link) for link in _links(known)]
    codes = set()
    for form in dict.fromkeys((_readable(text), _loosened(text))):
        if any(not _is_known(_place(link), places) for link in _links(form)):
            codes.add(LINK)
        for found in found_in(form):
            if found.kind is Personal.TEXT:
                codes.add(next((code for begin, code in _UNGIVEN.items() if found.words.startswith(begin)), ACCOUNT))
            elif found.key not in keys and not _ends_one(found.words, numbers):
                codes.add(CODES[found.kind])
    return [code for code in (LINK, PHONE, EMAIL, ACCOUNT) if code in codes]


def plain(text: str) -> str:
    """Return words without case, accents and signs, a blank between them: the same words are the same."""
    letters = "".join(letter for letter in unicodedata.normalize("NFKD", text) if not _is_unseen(letter))
    return " ".join(re.findall(r"\w+", letters.casefold()))


def names_word(text: str, words: str) -> str:
    """Return the first of these words or phrases, one in each line, that a text says; nothing if it says none."""
    said = f" {plain(text)} "
    wanted = (line.strip() for line in words.splitlines() if plain(line))
    return next((word for word in wanted if f" {plain(word)} " in said), "")


def _readable(text: str) -> str:
    """Return a text as it looks: one form of each character, and none that cannot be seen."""
    spread = unicodedata.normalize("NFKC", text.replace("\\", "/"))
    seen = (letter for letter in spread if letter.isascii() or not _is_unseen(letter))
    return unicodedata.normalize("NFC", "".join(seen)).translate({ord(dot): "." for dot in "。．｡․∙"})


def _is_unseen(letter: str) -> bool:
    """Tell whether a character has no place of its own on the line."""
    return unicodedata.combining(letter) > 0 or unicodedata.category(letter) in {"Cf", "Me", "Mn"}


def _loosened(text: str) -> str:
    """Return a text with what was spelled out or broken up put together again."""
    loose = re.sub(r"\s*\n\s*", "\n", re.sub(r"[^\S\n]+", " ", _readable(text).lower()))
    for pattern, instead in _LOOSE:
        loose = pattern.sub(instead, loose)
    return loose


def _number(words: str) -> str:
    """Return the number that somebody spelled with words; what has digits only stays as it is."""
    spelled = re.sub(r"[\s,.-]", "", _DIGIT_WORD.sub(_digit, words)) + " "
    return spelled if _DIGIT_WORD.search(words) else words


def _digit(found: re.Match[str]) -> str:
    return str(next(digit for digit, names in enumerate(_DIGITS) if found[0] in names.split("|")))


def _links(text: str) -> Iterator[str]:
    for found in _LINK.finditer(text):
        if any(letter.isalpha() for letter in found[0]) or found[0].count(".") == 3:
            yield found[0]
    for target in _TARGET.finditer(text):
        yield target[1] or target[0]


def _place(link: str) -> tuple[str, str]:
    """Return the host a link leads to, and its path with its query, as both are compared."""
    _scheme, slashes, rest = link.partition("//")
    if not slashes and ":" in link.partition("/")[0] and not re.match(r"[^:/]*\.[^:/]*:\d", link):
        return link.casefold(), ""  # mailto:, javascript: and the like lead to no host
    whole = (rest if slashes else link).lstrip("/")
    authority = re.split(r"[/?#]", whole, maxsplit=1)[0]
    host = authority.rpartition("@")[2].casefold().strip(".,;:!?)").removeprefix("www.").removesuffix(":443")
    route, question, query = whole[len(authority) :].partition("?")
    clean = posixpath.normpath("/" + unquote(route.partition("#")[0]).lstrip("/")).rstrip("/.,;:!?)*»")
    return host, clean + question + query.rstrip(".,;:!?)*»")


def _is_known(place: tuple[str, str], known: list[tuple[str, str]]) -> bool:
    """Tell whether the house names this place: the same host, and the same path or one below."""
    host, path = place
    for its_host, its_path in known:
        is_below = path == its_path or path.startswith((f"{its_path}/", f"{its_path}?"))
        if host == its_host and (is_below if its_path or host not in SHARED else not path):
            return True
    return False


def _ends_one(words: str, numbers: list[str]) -> bool:
    """Tell whether a number is one of these, without the beginning that is not dialled at home."""
    digits = "".join(letter for letter in words if letter.isdecimal()).lstrip("0")
    return len(digits) > 5 and any(number.endswith(digits) for number in numbers)
