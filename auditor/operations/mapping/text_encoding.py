"""Guesses the encoding of a text that is not Unicode, by which letters come out.

The bytes above 127 are other letters in each encoding: Polish in cp1250 read as cp1252 has ³ and ¹
for ł and ą. The encoding is right whose letters are those of one language.
"""

import re
import sys
from collections import Counter
from collections.abc import Mapping, Sequence

#: The letters with accents of the languages that are written in each group of encodings.
_WESTERN = {
    "Danish, Norwegian": "æøåéü",
    "Dutch": "ëïéèöüáó",
    "Finnish, Swedish": "åäöéü",
    "French": "àâæçèéêëîïôœùûüÿ",
    "German": "äöüßé",
    "Italian": "àèéìòù",
    "Portuguese": "áâãàçéêíóôõú",
    "Spanish": "áéíñóúü",
}
_CENTRAL = {
    "Croatian, Slovenian": "čćđšž",
    "Czech": "áčďéěíňóřšťúůýž",
    "Hungarian": "áéíóöőúüű",
    "Polish": "ąćęłńóśźż",
    "Romanian": "ăâîşţ",
    "Slovak": "áäčďéíĺľňóôŕšťúýž",
}
#: \u0307 is what the dotted capital I has beside the i, in lower case.
_TURKISH = {"Turkish": "çğıöşüâî\u0307"}
#: The likelier first: of two that fit alike, nothing tells which is right.
_ENCODINGS = {
    "cp1252": _WESTERN,
    "cp1250": _CENTRAL,
    "iso-8859-2": _CENTRAL,
    "cp1254": _TURKISH,
    "cp850": _WESTERN,
    "cp852": _CENTRAL,
}
_OF_DOS = {"cp850": "cp850 or cp437 of DOS", "cp852": "cp852 of DOS"}
_MOST_SHOWN = 4  # letters
_WORD = re.compile(rb"[A-Za-z\x80-\xff]*[\x80-\xff][A-Za-z\x80-\xff]*")
#: What stands at the ends of words in Windows' encodings, and is a letter in those of DOS:
#: quotation marks, dashes, the ellipsis, the no-break space and the euro.
_MARKS = b"\x80\x82\x84\x85\x8b\x91\x92\x93\x94\x95\x96\x97\x9b\xa0\xab\xbb"
_APOSTROPHE = "\u2019"  # it may stand within a word


def guess_encoding(head: bytes) -> tuple[str, str]:
    """The encoding of a text, of those with one byte a letter, and what is to be looked at."""
    words = [word for word in _WORD.findall(head) if len(word) > 1]
    letters = {name: _letters(words, name) for name in _ENCODINGS}
    fits = {name: _fit(letters[name], _ENCODINGS[name]) for name in _ENCODINGS}
    best = max(fits, key=lambda name: fits[name])  # of equals, the first
    shown = _OF_DOS.get(best, best)
    others = [
        name
        for name in _ENCODINGS
        if fits[name] == fits[best] and name not in _OF_DOS and letters[name] != letters[best]
    ]
    if others:
        named = " or ".join((shown, *others))
        return best, f"not UTF-8: {named}? Look at letters with accents"
    common = "".join(letter for letter, _ in letters[best].most_common(_MOST_SHOWN))
    seen = f", for letters such as {common}" if common and best != "cp1252" else ""
    return best, f"not UTF-8, so taken for {shown}{seen}; look at letters with accents"


def _letters(words: Sequence[bytes], encoding: str) -> Counter[str]:
    """What the bytes above 127 in words are."""
    marks = b"" if encoding in _OF_DOS else _MARKS
    return Counter(
        letter
        for word in words
        for letter in word.strip(marks).decode(encoding, errors="replace").lower()
        if not letter.isascii() and letter != _APOSTROPHE
    )


def _fit(letters: Counter[str], languages: Mapping[str, str]) -> tuple[float, int]:
    """The share of the letters that one language has, of the one with the most; and how many."""
    if not letters:  # nothing speaks against it
        return 1.0, sys.maxsize
    found = max(
        sum(count for letter, count in letters.items() if letter in alphabet)
        for alphabet in languages.values()
    )
    return found / letters.total(), found
