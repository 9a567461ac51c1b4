"""Words of alcoholic drinks, by which a category or an article shows what it is.

The drinks are those of chapter 22 of the EU's Combined Nomenclature (2203 beer, 2204 and 2205 wine
and vermouth, 2206 cider, 2208 spirits), which names them in each language of the EU, with what
tills write instead. A word counts wherever it stands in a text, in lower case and without accents.
"""

import re
import unicodedata
from collections.abc import Collection
from functools import lru_cache

#: By what it means, the patterns of words; the first that is found decides.
WordLists = dict[str, tuple[str, ...]]

_NO_ALCOHOL = (
    r"(alcohol|alkohol)[- ]?(free|frei|fri\b)|non?[- ]?alco|\bn/?a\b|\b0[.,]0+ ?%|\b0[.,]0+$|"
    r"(sans|sin|senza|sem|zonder|ohne) al[ck]o|alcoholvrij|analcolic"
)
_FREE = re.compile(
    f"{_NO_ALCOHOL}|"
    r"root beer|ginger (beer|ale)|malzbier|vinegar|essig|vinaigre|glass(es)?\b|glaser|"
    r"wine ?gums?\b|weingummi|bier(schinken|wurst)|sparkling (mineral )?(water|juice)|"
    r"(white|methylated|mineral|surgical) spirit|spirit level|spiritus\b|agua destilada"
)
_DRINKS: WordLists = {
    "cider": (r"\bciders?\b|cidre|apfelwein|\bsidr[ao]\b|\bperry\b",),
    "spirits": (
        r"spirit|\bsprit\b|liquor|liqueur|whisk(?:y|ey|ie)|wodk|vodka|\bgin\b|\brh?um\b|tequila|mezcal|cognac",
        r"brandy|bourbon|al[ck]opop|\brtd\b|schnapp?s|likor|weinbrand|\bkorn\b|hochprozent|ouzo",
        r"grappa|alcool fort|licores|destilad|sterke drank|gedistilleerd|jenever|lihovin",
        r"aqua?vit|akvavit|akevitt|absinth|armagnac|calvados|\bmarc\b de|eaux? de vie|kirschwasser",
        r"obstler|slivovi|sliwowic|\brakij?a\b|\braki\b|\brak\u0131|\barak\b|palinka|tsipouro|pastis\b",
        r"aguard[ie]|cachaca|\bpisco\b|\bron\b|ginebra|baijiu|\bsoju\b|shochu|limoncello|sambuca",
        r"amaretto\b|advocaat|hard seltzer",
    ),
    "wine": (
        r"\bwines?\b|(?<!sch)wein\b|\bwein|weine\b|\bvins?\b|\bvin[aoi]s?\b|\bvinhos?\b|wijn|\bsekt",
        r"\bwin[ao]\b|champagne|cava\b",
        r"prosecco|sparkling|sherry|vermouth|port wine|rioja|riesling|merlo|beaujolais|chablis",
        r"cabernet|zinfandel|malbec|shiraz|syrah|chianti|tempranillo|moscato|burgunder|burgundy",
        r"chardonnay|sauvignon|pinot|bordeaux|cremant|lambrusco|sangria|vermut|\bsake\b|umeshu|\bsarap",
    ),
    "beer": (
        r"\bbeers?\b|bier\b|\bbier|biere|cerve[zj]a|\bbirr[ae]\b|\bpiw[oa]\b|\bpiv[oa]\b",
        r"\blager\b|\bales?\b|\bipa\b|stout|\bporter\b",
        r"\bbira\b|\bpils|weissbier|weizenbier|hefeweizen|radler|kolsch|brauerei",
    ),
}
#: Where a drink is a flavour of something else, or stands on its label: food, sweets, what is used.
_GOODS = re.compile(
    r"vin[ae]g|vinaig|azijn|aceto\b|eddike|etikka|\bocet\b|batter(ed)?\b|bierteig|"
    r"ice[- ]?cream|\beis\b|eiscreme|gelato|helado|sorbet|choc|schoko|ciocc|chokolad|pralin|"
    r"truff|bonbon|bohnen|kugeln?\b|\bsweets?\b|cand(y|ies)\b|fudge|toffee|nougat|butter\b|"
    r"beurre|sauce|sosse|\bsugo\b|salsa|gravy|marinad|chutney|mustard|senf\b|moutarde|mostaza|"
    r"\bjam\b|\bjell|marmelade|marmalade|konfitur|confitur|cakes?\b|kuchen|tort[ae]\b|gateau|"
    r"pudding|trifle|mince|\bpies?\b|bread|brot|brood|\bpain\b|\bbaba\b|cookie|biscuit|keks|"
    r"brandy snap|cracker|crisps|chips\b|\bnuts?\b|nusse?\b|pretzel|brezel|cheese|kase\b|"
    r"fromage|queso|formaggio|\bpate\b|sausage|w[ou]rst|salami|schinken|\bham\b|beef|chicken|"
    r"lamb\b|pork|\bfish|fisch|mussel|prawn|steak|stew\b|casserole|risotto|soup|suppe|fondue|"
    r"coq au vin|yogh?urt|jogh?urt|dessert|mousse|tiramisu|essence|aroma|extra[ck]t|flavou?r|"
    r"yeast|bierhefe|raisin|wein(stein|traube|blatt|beer|kraut|sauerkraut|berg|schaum|regal|kuhl)|"
    r"shampoo|\bsoap|seife|candle|kerze|parfum|perfume|balm\b|sparkling (?!wine|rose|white|red)|"
    r"\bflutes?\b|opener|corkscrew|cool(er|box)|\bracks?\b|\bmugs?\b|\bmats?\b|krug\b|glas\b|"
    r"making kit|\bbooks?\b"
)
#: Between a dish and the drink in it, or the parts of a dish.
_WITH = re.compile(
    r"[&+]|\b(?:in|of|with|and|mit|und|al|alla|alle|a|au|aux|de|di|con|avec|et|e|y|met|en|med|och|"
    r"og)\b"
)
#: From the size of a package to the end.
_SIZE = re.compile(r"\W*\b(?:\d|(?:cans?|bottles?|dosen?|flaschen?|packs?)\b).*")
#: What tills shorten alcohol and spirits to: SPIR, LIQ; BWS is beer, wine and spirits.
_SHORT = r"\bbws\b|\bspirt?\b|\bliqr?\b|\blqr\b|\bal[ck]\b"
#: Beer is öl in Swedish and øl in Danish; in German, that is oil.
_ALCOHOL = re.compile(rf"\balco|\balko|{_SHORT}|off licen[cs]e|\bol\b")
#: The names of lagers end so, and those of stores of other things.
_MAYBE_ALCOHOL = re.compile(
    rf"alco|alko|{_SHORT}|off licen[cs]e|boissons|getranke|licor|drank|lager\b"
)
#: Between the parts of a category that names several things; a decimal comma is none.
_PARTS = re.compile(
    r"[&+;|]|(?<!\d),|,(?!\d)|(?<!\bn)/|"
    r"\b(?:and|und|et|en|och|og|or|oder|with|mit|incl|inkl|including)\b"
)
_ENDINGS = frozenset(("", "s", "es", "n", "en", "e"))  # of plurals
_SHORTEST = 3  # letters of a word that says what a drink is
#: Letters that are no other letter with an accent.
_LETTERS = str.maketrans({"ß": "ss", "ø": "o", "ł": "l", "đ": "d", "æ": "ae", "œ": "oe", "_": " "})


def folded(text: str) -> str:
    """A text in lower case, without accents, to look for words in it."""
    plain = unicodedata.normalize("NFKD", text.casefold().translate(_LETTERS))
    return "".join(c for c in plain if not unicodedata.combining(c)).strip()


def first_found(lists: WordLists, word: str, among: Collection[str] = ()) -> str | None:
    """What a word means; ``among`` which meanings, if not all."""
    for ours, patterns in lists.items():
        if (not among or ours in among) and any(re.search(each, word) for each in patterns):
            return ours
    return None


@lru_cache(maxsize=100_000)  # articles of a chain: its stores sell much the same
def drink_of(text: str) -> str | None:
    """Which of the policy's usual categories of alcohol a category or an article belongs to.

    None is alcohol-free, or is food and the like: wine vinegar, rum and raisin ice cream.
    """
    word = folded(text)
    if not word or _FREE.search(word) or (_GOODS.search(word) and not _is_flavoured(word)):
        return None
    return first_found(_DRINKS, word)


def _is_flavoured(word: str) -> bool:
    """Whether a text ends with the drink that it is: chocolate stout, toffee vodka."""
    *before, last = _SIZE.sub("", word).split() or [""]
    is_drink = first_found(_DRINKS, last) is not None and not _GOODS.search(last)
    return is_drink and not _WITH.search(" ".join(before))


def says_alcohol_free(text: str) -> bool:
    """Whether a category or an article says that it has no alcohol."""
    return re.search(_NO_ALCOHOL, folded(text)) is not None


def hints_at_alcohol(text: str) -> bool:
    """Whether a category may hold alcohol, with or without other things."""
    word = folded(text)
    return bool(_MAYBE_ALCOHOL.search(word) or first_found(_DRINKS, word))


def sounds_alcoholic(category: str, known: Collection[str]) -> bool:
    """Whether a category names an alcoholic drink, or has the words of one of the ``known`` ones.

    Of one that names several things, any may; "alcohol-free beer" does not.
    """
    names = [_words(name) for name in known]
    for part in _PARTS.split(folded(category)):
        if _FREE.search(part):
            continue
        if _ALCOHOL.search(part) or first_found(_DRINKS, part):
            return True
        words = _words(part)
        if any(name and all(any(_alike(n, w) for w in words) for n in name) for name in names):
            return True
    return False


def _words(text: str) -> list[str]:
    return [word for word in re.findall(r"[^\W\d]+", folded(text)) if len(word) >= _SHORTEST]


def _alike(one: str, other: str) -> bool:
    """Whether two words are the same, or one the plural of the other."""
    short, long = sorted((one, other), key=len)
    return long.startswith(short) and long[len(short) :] in _ENDINGS
