"""What tills call things: names of columns in the languages that ``names.toml`` lists.

Names are compared word by word, without case, accents and signs.
"""

import re
import tomllib
from difflib import SequenceMatcher
from functools import cache
from pathlib import Path

from auditor.sales.drinks import folded

_LISTS = Path(__file__).with_name("names.toml")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=[A-Za-z])(?=\d)")
_FUZZY = 0.84  # the least likeness of two names that count as alike
_OF_TAIL = 0.95  # what the last part of a dotted name is worth
_OF_BARE = 0.7  # what "Code" is worth for an article number: it may be of anything
_LATER = 0.0015  # what each place in a language's list costs

_VOID = re.compile(
    r"void|storn|gestorn|cancel|kansel|annul|anul(ad|ow)|estorn|uniewazn|zrusen|makuler|mitatoi|"
    r"peru(ttu|utettu)|slettet"
)
#: How words begin that say that something is of a line.
_LINE = (
    *("line", "item", "position", "zeile", "posten", "artikel", "article", "ligne", "linea"),
    *("articulo", "regel", "riga", "voce", "articolo", "linha", "artigo", "linj", "lini", "vare"),
    *("varu", "radens", "rivi", "pozyc", "wiersz", "polozk", "radek", "radku"),
)

#: Words that say how a number is written, and nothing else.
_UNITS = frozenset(("cents", "cent", "pence", "minor", "eur", "euro", "usd", "gbp", "chf", "flag"))

#: Columns with a word of these hold what concerns a customer or a payment: nothing of them is
#: matched by likeness, and none of their values is repeated.
PRIVATE = frozenset(
    (
        *("customer", "kunde", "kunden", "client", "cliente", "klant", "buyer", "shopper"),
        *("guest", "card", "karte", "kartennummer", "carte", "tarjeta", "kaart", "pan"),
        *("iban", "bic", "account", "konto", "kontonummer", "cuenta", "loyalty", "member"),
        *("membership", "mitglied", "payback", "bonus", "fidelite", "fidelidad", "email"),
        *("mail", "phone", "telefon", "telephone", "telefono", "mobile", "address"),
        *("adresse", "street", "postcode", "zip", "ssn", "passport", "token", "signature"),
        *("unterschrift", "authorization", "billing", "shipping", "payment"),
        *("kund", "asiakas", "klient", "klienta", "zakaznik", "zakaznika", "tessera", "cartao"),
        *("kort", "kortnummer", "kortti", "karta", "karty", "fedelta", "medlem", "jasen", "tili"),
        *("indirizzo", "endereco", "adress", "osoite", "adres", "adresa", "telefone", "puhelin"),
        *("pesel", "nip", "nif", "cpf", "cpr", "personnummer", "fodselsnummer", "henkilotunnus"),
        *("pagamento", "betalning", "platnosc", "platnosci", "platba", "platby"),
    )
)

#: Columns with a word of these are about who works at the till.
_STAFF = frozenset(
    (
        *("cashier", "clerk", "operator", "employee", "staff", "user", "associate", "kassierer"),
        *("kassiererin", "bediener", "mitarbeiter", "verkaufer", "caissier", "vendeur", "employe"),
        *("operateur", "cajero", "empleado", "vendedor", "operador", "kassamedewerker"),
        *("medewerker", "verkoper", "cassiere", "cassiera", "operatore", "addetto", "commesso"),
        *("caixeiro", "caixeira", "funcionario", "colaborador", "empregado", "ekspedient"),
        *("medarbejder", "medarbeider", "kassemedarbejder", "kasserer", "ekspeditor", "ansatt"),
        *("selger", "kassor", "kassorska", "expedit", "saljare", "anstalld"),
        *("kassanhoitaja", "kassahenkilo", "myyja", "tyontekija", "kayttaja", "kasjer"),
        *("kasjerka", "sprzedawca", "pracownik", "pokladni", "prodavac", "obsluha", "zamestnanec"),
    )
)

#: What words are short for.
_SHORT = {
    **dict.fromkeys(("txn", "trx", "trans", "tran", "tx"), "transaction"),
    **dict.fromkeys(("no", "nr", "num", "numero", "nummer", "nbr", "numer", "cislo"), "number"),
    **dict.fromkeys(("nro", "n"), "number"),
    **dict.fromkeys(("desc", "descr", "dscr"), "description"),
    **dict.fromkeys(("dept", "dep"), "department"),
    **dict.fromkeys(("amt",), "amount"),
    **dict.fromkeys(("qty", "qte", "quant"), "quantity"),
    **dict.fromkeys(("op", "oper"), "operator"),
    **dict.fromkeys(("art",), "artikel"),
    **dict.fromkeys(("emp",), "employee"),
    **dict.fromkeys(("reg",), "register"),
    **dict.fromkeys(("cat",), "category"),
    **dict.fromkeys(("tm",), "time"),
    **dict.fromkeys(("dt",), "date"),
    **dict.fromkeys(("ident",), "id"),
}


#: How names say that a price is that of one article.
_ONE = re.compile(
    r"unit|einzel|stuk|each|enhed|enhet|styk|styck|yksikko|jednost|jednotk|\ba pris|"
    r"lineitem price|"  # Shopify's
    r"\b(base|list|catalogue?|regular) price|grundpreis|listenpreis|prix (de base|catalogue)|"
    r"precio (base|de lista)|prezzo (base|di listino)|preco (base|de tabela)"
)
#: Words of what else has a price, and is a part of that of the line, or none.
_PARTS = frozenset(
    (
        *("tax", "taxes", "vat", "discount", "discounts", "tip", "fee", "charge", "change"),
        *("tendered", "rounding", "cost", "deposit", "surcharge", "refunded"),
    )
)
_TOTALS = {"total": 0.03, "net": 0.02, "gross": 0.01, "extended": 0.01}


def words_of(name: str) -> tuple[str, ...]:
    """The words of a name, in lower case, without accents and signs."""
    split = _CAMEL.sub(" ", name.replace("°", "o").replace("#", " number "))
    return tuple(_SHORT.get(word, word) for word in re.findall(r"[^\W_]+", folded(split)))


def _read_lists() -> dict[str, dict[tuple[str, ...], int]]:
    found: dict[str, dict[tuple[str, ...], int]] = {}
    for role, languages in tomllib.loads(_LISTS.read_text("utf-8")).items():
        own = found.setdefault(role, {})
        for names in languages.values():
            for place, name in enumerate(names):
                words = words_of(name)
                own[words] = min(place, own.get(words, place))
    return found


#: By our column, or a part of one, the words of each name that it may have, and the name's place in
#: the list of its language.
SYNONYMS = _read_lists()


def is_private(name: str) -> bool:
    """Whether a column's name says that it concerns a customer, a card or an account."""
    return not PRIVATE.isdisjoint(words_of(name))


def is_of_staff(name: str) -> bool:
    """Whether a column's name says that it concerns who works at the till."""
    return not _STAFF.isdisjoint(words_of(name))


def tells_void(name: str) -> bool:
    """Whether a column's name says that something was voided."""
    return any(_VOID.search(word) for word in words_of(name))


def tells_void_of_line(name: str) -> bool:
    """Whether a column's name says that a line was voided, and not its receipt."""
    return tells_void(name) and any(word.startswith(_LINE) for word in words_of(name))


def is_of_one(name: str) -> bool:
    """Whether a column's name says that it holds the price of one article, and not of a line."""
    return (
        _ONE.search(folded(name)) is not None or _ONE.search(" ".join(words_of(name))) is not None
    )


def priced_line(name: str) -> float:
    """How much rather, or less, than another a column is the price of a line: added to a score.

    The price of one comes last. An object inside of others says in its own name what it is, as in
    Square's ``total_money.amount``.
    """
    if is_of_one(name):
        return 0.0 if "lineitem" in name.casefold() else -0.5
    words = words_of(name.split(".")[-2]) if "." in name else ()
    if not _PARTS.isdisjoint(words):
        return -0.4
    return _TOTALS.get(words[0], 0.0) if words else 0.0


@cache
def likeness(name: str, role: str) -> float:
    """How well a column's name fits a role: 1 for a name that is listed, 0 for none like it."""
    whole = words_of(name)
    if role == "sku" and _is_bare_code(name):
        return _OF_BARE
    tails = [whole, tuple(word for word in whole if word not in _UNITS)]
    if "." in name:
        parts = name.split(".")
        tails += [words_of(parts[-1]), words_of(" ".join(parts[-2:]))]
    scores = [
        _alike(tail, words) * (1 if tail is whole else _OF_TAIL) - place * _LATER
        for tail in tails
        if tail
        for words, place in SYNONYMS[role].items()
    ]
    return max(scores, default=0.0)


def _is_bare_code(name: str) -> bool:
    """Whether a column is called a code and nothing else, of a line if it stands in an object."""
    *outer, last = name.split(".")
    of_line = not outer or any(word.startswith(_LINE) for word in words_of(outer[-1]))
    return words_of(last) == ("code",) and of_line


def _alike(found: tuple[str, ...], listed: tuple[str, ...]) -> float:
    text, name = "".join(found), "".join(listed)
    if text == name:
        return 1.0
    if len(listed) > 1 and any(
        found[at : at + len(listed)] == listed for at in range(len(found) - len(listed) + 1)
    ):
        return 0.8
    if len(listed) == 1 and listed[0] in found and len(name) > 2:
        return 0.6
    # Nothing private is matched by likeness: "customer id" is no "customer dob".
    unlike = min(len(text), len(name)) < 5 or abs(len(text) - len(name)) > 4
    if unlike or not PRIVATE.isdisjoint(found):
        return 0.0
    both = SequenceMatcher(None, text, name)
    if both.quick_ratio() < _FUZZY:  # the most that it can be, found much faster
        return 0.0
    ratio = both.ratio()
    return ratio * 0.8 if ratio >= _FUZZY else 0.0
