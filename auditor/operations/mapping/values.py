"""Drafts what a till's words become: of ID checks, states, lines, categories and stores."""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from auditor.mapping.models import WORDS
from auditor.mapping.yes_no import says_no
from auditor.operations.mapping.draft import Drafted, Value
from auditor.operations.mapping.fitness import LONGEST, is_unfit, may_tell_of_person
from auditor.operations.mapping.names import words_of
from auditor.operations.mapping.traits import Traits
from auditor.operations.mapping.words import (
    Meaning,
    check_word,
    is_code,
    is_flag,
    state_word,
    word_of_line,
)
from auditor.policy import STORE_ID_PATTERN, Rules
from auditor.sales.drinks import drink_of, folded, hints_at_alcohol

#: Words of a column that are written out; a column with more of them holds something else.
MOST_WORDS = 40
_MOST_CATEGORIES = 80
_ALCOHOL = Rules().alcohol_categories
_MOSTLY = 0.5  # share of a category's articles that are drinks, from which it is one
_YES_OF = {
    "0": ("1",),
    "false": ("true",),
    "n": ("Y", "J"),
    "no": ("yes",),
    "nein": ("ja",),
    "non": ("oui",),
    "f": ("t",),
    "nej": ("ja",),
    "nei": ("ja",),
    "ei": ("kyllä",),
    "não": ("sim",),
    "nie": ("tak",),
    "ne": ("ano",),
}
_UNSEEN = "not in the sample"
_YES = ("true", "yes", "y", "t", "1")
_USUAL = ("n", "0")  # codes that mostly say normal, or no
_MEANT = {"id_check": "done", "transaction_state": "completed", "line_type": "item"}
_FIND: dict[str, Callable[[str, str], Meaning | None]] = {
    "id_check": check_word,
    "transaction_state": state_word,
    "line_type": word_of_line,
}


def drafted_words(role: str, column: str, own: Traits) -> Drafted:
    """A column of which we know all words: ``id_check``, ``transaction_state``, ``line_type``."""
    known = WORDS[role]
    texts = list(own.texts)
    if all(text.casefold() in known for text in texts):
        return Drafted(role, {"column": column})
    if own.distinct > MOST_WORDS or any(is_unfit(text) for text in texts):
        return _by_presence(role, column)
    if own.filled < 1:
        texts.append("")
    codes = not tells_flag(role, column, own)
    values = [
        _value(role, column, text, codes=codes)
        for text in texts
        if text.casefold() not in known and not may_tell_of_person(text)
    ]
    never = all(value.word == _MEANT[role] for value in values)
    if role != "id_check" and (own.flag or never):
        values += _other_ways(role, column, texts, never=never)
    left_out = sum(map(may_tell_of_person, texts))
    check = f"values with numbers, which may tell of a person, are left out: {left_out}"
    return Drafted(role, {"column": column}, check if left_out else "", tuple(values))


def tells_flag(role: str, column: str, own: Traits) -> bool:
    """Whether a column is a flag whose name says what yes means."""
    return own.flag and _FIND[role]("yes", column) is not None


def flag_values(role: str, column: str, own: Traits) -> dict[str, str]:
    """What the words of a column become, as one of several sources; a no is left out.

    What the usual is called becomes nothing: the next source is asked. Times, as of a cancellation,
    mean yes wherever there is one, and yes in a flag may be written in any of the usual ways.
    """
    find = _FIND[role]
    if own.times is not None and own.times.has_date:
        found = find("yes", column)
        return {"?*": found.word} if found else {}
    seen = [text for text in own.texts[:MOST_WORDS] if not may_tell_of_person(text)]
    meanings = {text: find(text, column) for text in seen if not says_no(text)}
    values = {
        text: "" if meaning.word == _MEANT[role] else meaning.word
        for text, meaning in meanings.items()
        if meaning is not None
    }
    if own.flag or not any(values.values()):
        ways = _other_ways(role, column, own.texts)
        values |= {value.text: value.word or "" for value in ways}
    return values


def without_meaning(role: str, column: str, own: Traits) -> list[str]:
    """The words of a column, as one of several sources, that a person has to explain."""
    return [
        text
        for text in own.texts
        if not says_no(text) and _FIND[role](text, column) is None and not may_tell_of_person(text)
    ]


@dataclass(frozen=True)
class Article:
    """A line's category, what it sells, and whether the till asked for an age."""

    category: str
    text: str
    checked: bool


def drafted_categories(column: str, own: Traits, articles: Sequence[Article]) -> Drafted:
    """The category, with those that look like alcohol as the policy's default calls them."""
    if own.distinct == 0:
        return Drafted("category", {"column": column}, "it is empty in the sample")
    sold: defaultdict[str, list[Article]] = defaultdict(list)
    for article in articles:
        sold[article.category.strip()].append(article)
    values = []
    for text in own.texts:
        value = _category(text, sold.get(text, []))
        if own.distinct <= _MOST_CATEGORIES or value.word != text or value.check:
            values.append(value)
    values.sort(key=lambda value: (value.word == value.text, not value.check))
    values = [value for value in values if not is_unfit(value.text)]
    has_alcohol = any(value.word in _ALCOHOL for value in values)
    check = "" if has_alcohol else "none of its values looks like alcohol: say which ones are"
    if all(value.word == value.text and not value.check for value in values) and has_alcohol:
        return Drafted("category", {"column": column})
    return Drafted("category", {"column": column}, check, tuple(values))


def drafted_store(column: str, own: Traits) -> Drafted:
    """The store, whose ids are made of names where these cannot be ids."""
    good = re.compile(STORE_ID_PATTERN)
    if own.distinct > _MOST_CATEGORIES or all(good.fullmatch(text) for text in own.texts):
        return Drafted("store_id", {"column": column})
    values = tuple(
        Value(text, "-".join(words_of(text)) or "store", "the store's id in your policy")
        for text in own.texts
        if len(text) <= LONGEST
    )
    return Drafted("store_id", {"column": column}, values=values)


def varies_within(flags: Sequence[str], transactions: Sequence[str]) -> bool:
    """Whether lines of one transaction have different flags."""
    seen: dict[str, str] = {}
    return any(
        seen.setdefault(number, flag.strip()) != flag.strip()
        for number, flag in zip(transactions, flags, strict=True)
    )


def _other_ways(
    role: str, column: str, texts: Sequence[str], *, never: bool = False
) -> list[Value]:
    """What yes means in a flag, in the ways to write it that are not among its texts.

    A flag that the sample ``never`` sets is to look at, in the way in which its no is written.
    """
    found = _FIND[role]("yes", column)
    if found is None:
        return []
    seen = {text.casefold() for text in texts}
    alike = [word for text in texts for word in _YES_OF.get(text.casefold(), ())]
    ways = {word.casefold(): word for word in (*alike, *_YES, *alike)}
    values = []
    for folded_word, word in ways.items():
        check = _UNSEEN if never and (word in alike or not alike) else ""
        if folded_word not in seen:
            values.append(Value(word, found.word, check, "" if check else _UNSEEN))
    return values


def _by_presence(role: str, column: str) -> Drafted:
    """Texts that are no words, such as times or numbers: what counts is that one stands there."""
    found = _FIND[role]("yes", column)
    word = found.word if found else {"id_check": "id_viewed"}.get(role)
    if word is None:
        return Drafted(role, None, f"{column} holds too many different values to be it")
    default = "none" if role == "id_check" else _MEANT[role]
    values = (Value("?*", word, "any text is taken for it"), Value("", default))
    return Drafted(role, {"column": column}, values=values)


def _value(role: str, column: str, text: str, *, codes: bool) -> Value:
    """What a till's word becomes; where there are ``codes``, single letters are no yes and no."""
    meaning = _FIND[role](text, column)
    if codes and is_code(text) and folded(text) not in _USUAL:
        meaning = None
    if meaning is None:
        return Value(text, None, f"one of {', '.join(WORDS[role])}")
    if codes and is_code(text):
        return Value(text, meaning.word, "a single letter: is this what it means?")
    if meaning.sure:
        return Value(text, meaning.word)
    if not text and role == "id_check":
        return Value(text, meaning.word, "empty where no check was made?")
    if is_flag([text]) and role == "id_check":
        return Value(text, meaning.word, "what exactly did the cashier do?")
    return Value(text, meaning.word, "is this what it means?")


def _category(text: str, sold: Sequence[Article]) -> Value:
    drinks = Counter(drink_of(article.text) for article in sold)
    named = drinks.total() - drinks.pop(None, 0)
    likeliest = drinks.most_common(1)[0][0] if drinks else None
    checked = sum(article.checked for article in sold)
    examples = dict.fromkeys(article.text.strip() for article in sold if article.text.strip())
    note = "" if any(map(str.isalpha, text)) else f"e.g. {', '.join(list(examples)[:3])}"
    note = note if examples else ""
    if text.casefold() in _ALCOHOL:
        return Value(text, text.casefold())
    if by_name := drink_of(text):
        return Value(text, by_name, note=note)
    if likeliest and (named >= _MOSTLY * len(sold) or checked):
        why = "ID was checked for some of its articles" if checked else "its articles look like it"
        return Value(text, likeliest, why, note)
    if checked:
        return Value(text, text, "ID was checked for some of its articles: alcohol?", note)
    if hints_at_alcohol(text) or named:
        return Value(text, text, "alcohol? Then beer, cider, wine or spirits", note)
    return Value(text, text, note=note)


def distinct_ids(cells: Collection[str]) -> frozenset[str]:
    """The distinct texts of a column."""
    return frozenset(cell.strip() for cell in cells if cell.strip())
