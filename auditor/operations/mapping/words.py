"""What tills write: words of ID checks, states and types of lines, and what they mean.

A word counts wherever it stands in a text, in lower case and without accents.
"""

import re
from collections.abc import Collection, Iterable
from typing import NamedTuple

from auditor.mapping.yes_no import NO, YES
from auditor.operations.mapping.names import words_of
from auditor.sales.drinks import WordLists, first_found, folded


class Meaning(NamedTuple):
    """One of our words, and whether nothing else can be meant."""

    word: str
    sure: bool


_FAILED = frozenset(("fail", "failed"))  # no check, and no sale either
_NOT_DONE = NO | _FAILED

# Each list has the words of English, German, French, Spanish and Dutch first; then those of
# Italian and Portuguese, of Danish, Norwegian, Swedish and Finnish, and of Polish and Czech.
_CHECKS: WordLists = {
    "not_recorded": (
        r"not recorded|unknown|unbekannt|inconnu|onbekend|desconocid|sconosciut|desconhecid",
        r"\bukendt|\bukjent|\bokand|tuntematon|nieznan|neznam",
    ),
    "refused": (
        r"refus|denied|declin|reject|no sale|abgelehnt|abgewiesen|verweiger|geweiger|rechaz",
        r"denegad|rifiut|\bnegat[oa]\b|recus|rejeit|\bnegad[oa]\b",
        r"afvis|avvis|\bnekt|\bnaegt|\bnekad|\bnekas|\bavslag|hylatty|\bevatty|kieltayty|kielletty",
        r"odmow|odrzucon|odmit|zamitn",
    ),
    "prompt_suppressed": (
        r"suppress|bypass|overrid|skip|unterdruck|ubersprung|ignor|omitid|saltat[oa]|omess[oa]",
        r"oversprung|overhopp|hoppa[dt] over|ohitettu|pominiet|preskoc",
    ),
    "none": (
        r"\bnone\b|\bno (id|doc|vist[oa])\b|\bunchecked",
        r"\bnot? (checked|asked|verified|required|needed|shown)",
        r"\bno (solicit|exig|comprob|verific|requer)",
        r"\bkeine?r?\b|\bohne\b|nicht (gepruft|gesehen|kontroll|verlangt|notig|erford)|\baucune?\b",
        r"\bsans\b|non (verif|control|saisi)|\bgeen\b|\bzonder\b|niet (gecontr|gevraagd)|\bningun",
        r"\bsin\b|^n/?a$|\bnessun|\bsenza\b|non (richiest|esegui|effettu|necess|esibit)",
        r"\bnenhum|\bsem\b|\bnao (verif|control|pedid|solicit|exig|apresent|efet|necess)",
        r"\bikke\b|\bingen\b|\bintet\b|\binga\b|\binget\b|\binte\b|\bej\b|\buden\b|\buten\b|\butan\b",
        r"\bei\b|\bilman\b|\bbrak\b|\bbez\b|\bnie (spr|wery|wymag|okaz|pyt)|\bniesprawdz|\bzadn",
        r"\bne(kontrol|over|predloz|vyzad|zkontrol)",
    ),
    "id_scanned": (
        r"scan|escane|gelesen|lecture|swipe|\bmsr\b|\bnfc\b|\bletto\b|\blettura\b|digitalizad",
        r"\bskann|\baflaest|\bavlast|\bavlest|\bluettu\b|zeskan|\bskan|\bodczyt|\bnacten|\bnasken",
    ),
    "dob_on_file": (
        r"on file|known customer|member|hinterlegt|gespeichert|stammkunde|enregistre|registrad",
        r"memorizzat",
    ),
    "dob_entered": (
        r"\bdob\b|birth|keyed|date entered|geburt|\bgeb\b|eingegeben|naissance|\bddn\b",
        r"\bsaisie?\b|nacimiento|geboorte|nascita|nascimento|fodsel|fodelse|syntyma|urodz|narozen",
    ),
    "looks_over": (
        r"looks?\b|appear|obvious|visual|older|adult|(over|uber) (1[68]|2\d|30)|offensicht",
        r"sichtlich|sichtpruf|augenschein|volljahrig|estime|a vue|plus de|majeur|aparent|mayor",
        r"oogschijn|duidelijk|meerderjarig|maggiorenne|evidente|apparente|visiv[oa]|\bmaior",
        r"(oltre|piu di|mais de|mas de|ponad|powyzej|nad|yli|fylt|fyldt) (1[68]|2\d|30)",
        r"synlig|apenbar|uppenbar|\bmyndig|\bvuxen|\bvoksen|selvasti|taysi.?ikai",
        r"pelnoletn|oczywist|\bwyglada|zletil|zjevn|dospel",
    ),
    "id_viewed": (
        r"\bid\b|\bdoc\b|passport|licen[cs]e|checked|verifi|viewed|shown|seen|document|ausweis",
        r"reisepass",
        r"fuhrerschein|gepruft|kontrolliert|vorgelegt|gezeigt|carte|identit|piece|permis",
        r"\bvue?\b|gesehen|controle|\bdni\b|\bvist[oa]\b|comprobad|legitim|gecontroleerd|gezien",
        r"controllat|esibit|patente|passaporto|\bidentid|apresentad|conferid|mostrad|passaporte",
        r"\bvist\b|forevist|kontrollert|kontrolleret|kontrollerad|\bvisad|\bleg\b|korekort|korkort",
        r"forerkort|henkil|ajokortti|\bpassi\b|tarkast|tarkist|\bnaytet|sprawdzon|zweryfikow|okazan",
        r"\bdowod|legitym|paszport|prawo jazdy|\boveren|zkontrol|predloz|\bprukaz|obcansk",
    ),
}
_STATES: WordLists = {
    "training": (
        r"train|practice|\bdemo\b|\btest|ubung|schulung|\bformation|ecole|oefen|formacion|practica",
        r"formazione|addestr|esercitaz|formacao|\btreino|traening|traning|\bovelse|\bovning|opplaering",
        r"harjoit|koulutus|szkolen|cwiczen|skolen|trenink|\bcvic",
    ),
    "suspended": (
        r"suspend|parked|\bhold\b|layby|layaway|geparkt|unterbroch|attente|espera|geparkeerd",
        r"pendiente|sospes|pendente|suspens|parker(et|t|ad)\b|\bvilande|zawiesz|odlozen|pozastav",
    ),
    "voided": (
        r"void|reversed|storno|storniert|annul|anulad|gestorneerd|stornat|anulow|uniewazn|makuler",
        r"mitatoi",
    ),
    "cancelled": (
        r"cancel|abort|abandon|abgebroch|abbruch|annule|geannuleerd|abbandon|interrott|kansel",
        r"\bafbrudt|\bavbrut|\bavbrudt|\bperu(ttu|utettu)|keskeyt|przerwan|zrusen|preruse",
    ),
    "completed": (
        r"complet|\bclosed|\bpaid|payment|sale|sold|finish|success|settled|normal|regular|fulfilled",
        r"refund|return|exchange|verkauf|abgeschloss|\bbezahlt|fertig|retoure|ruckgabe|vente|paye",
        r"remboursement|venta|pagad|devolucion|verkoop|betaald|retour|voltooid|termin|^ok$",
        r"cerrad|finaliz|cobrad|abgerechnet|beendet|clotur|\bferme|afgeslot|afgerond|afgerekend",
        r"\bdone\b|\bvalide|(?<!un)gultig",
        r"vendita|\bpagat|\bchius[oa]|conclus|rimborso|\bvenda|\bpag[oa]\b|\bconclui|fechad",
        r"devolucao|\bsalg|\bbetalt|\bbetald|\bafslut|\bavslut|gennemf|fullfort|slutford|forsaljning",
        r"\bretur|myynti|\bmaksettu|\bvalmis|palautus|sprzedaz|\bzakoncz|\bzaplac|\boplac|\bzwrot",
        r"\bdokonc|\bprodej|\buzavren|\bvracen|\bvratk",
    ),
}
#: What gives articles back; an exchange also hands some out.
_GIVEN_BACK = (
    r"refund|retour|retur|ruckgabe|rucknahme|erstatt|rembours|devol[uv]|reembols|rimbors|"
    r"\bres[oi]\b|terugga|terugbet|zwrot|palaut|hyvity|\bvrat|\bvrac|\biade"
)
_EXCHANGED = r"umtausch|\btroca|\bruil|ombytning|\bbyte\b|wymian|vymen"
_LINES: WordLists = {
    "void": (
        r"void|cancel|correction|storno|storniert|gestorn|korrektur|annul|anula[dc]",
        r"^(ann|anu|corr?|sto|stn|korr)$",
        r"stornat|correzione|correcao|makuler|\bslettet|mitatoi|peru(ttu|utettu)|anulow|korekt|oprava",
    ),
    "discount": (
        r"discount|promo|coupon|markdown|rabatt?|nachlass|gutschein|remise|rabais|reduction|korting",
        r"descuento|^(disc|rem|rab|dto)$",
        r"\bscont[oi]|desconto|alennus|kampanj|\bznizk|\bupust|\bobnizk|\bslev[ay]|kupon",
    ),
    "id_check": (
        r"\bage\b|id.?check|alters(pr|kontr|freig)|ausweis|piece d.identite|leeftijd|edad",
        r"^(ctrl|ctl)$",
        r"\beta\b|\bidade\b|\balder(s|\b)|legitim|\bika(raj|tark|varm)|\bwiek|\bvek(u|\b)",
    ),
    "tender": (
        r"tender|payment|\bcash\b|\bcard\b|\bchange\b|zahl|\bbar\b|paiement|reglement|\bpago",
        r"betaling|betaal|\bcobro|efectivo|especes|encaissement|ruckgeld|^(reg|pmt|pay|zlg|cob)$",
        r"pagamento|contant[ei]|\bresto\b|bancomat|dinheiro|\btroco\b|multibanco|kontant|betalning",
        r"byttepenge|veksel|\bvaxel|\bmaksu|kateinen|vaihtoraha|platnosc|gotowk|\breszta|platb|hotov",
    ),
    "control": (r"z.?report|\bcontrol|abschluss|zbon|grand total|cloture",),
    "return": (_GIVEN_BACK, _EXCHANGED),
    "item": (
        r"item|sale|product|position|stock|deposit|artikel|verkauf|pfand",
        r"article|produit|vente|articulo|venta|verkoop|regel|consigne|^(art|vte|vta|vk)$",
        r"articolo|prodotto|vendita|cauzione|artigo|produto|\bvenda",
        r"\bvare|\bvara\b|\bvaru|produkt|\bsalg|forsaljning|\bpant\b|\btuote|myynti",
        r"\btowar|artyk|sprzedaz|\bkaucj|\bpolozk|\bzbozi|\bprodej|\bzaloh",
    ),
    "other": (
        r"tax|info|note|header|comment|total|text|bemerkung|steuer|mwst|kopf|summe|tva|iva|btw",
        r"\bmoms\b|\bmva\b|\balv\b|podatek|\bvat\b|\bdph\b|yhteensa|\bcelkem|\bsuma\b",
    ),
}

#: What says of a line that nothing is wrong with it.
_GOOD = frozenset(("active", "aktiv", "actif", "activo", "attivo", "ativo", "actief", "valid"))
#: States that are meant wherever one of their words stands.
_SURE_STATES = ("training", "suspended", "completed")
#: What the name of a flag's column may say that a transaction or line is.
_FLAGGED = (*tuple(_STATES)[:4], *tuple(_LINES)[:3], "return")
_DENIES = r"\b(?:not?|un|nicht|non|pas|niet|sin|ohne|nao|ikke|inte|ej|ei|nie|ne)\b"
#: What makes a word of a completed sale its opposite.
_NOT = re.compile(
    rf"{_DENIES}|"
    r"\bincomp|\bunvoll|\bobetal|\bubetal|\bnie(za|op)|\bne(do|za|uz)"
)
#: What says of an ID check that it failed, is still to be made, or was of no use; in each language.
_FAILS = re.compile(
    rf"{_DENIES}|\bun(?=check|conf|read|seen|succ|verif|gepr|ges|gult|kontr|les)|"
    r"fail|error|fehl|echec|echou|erreur|fall[oi]|mislukt|\bfout|\berro|falh|fejl|\bfeil|\bfel\b|"
    r"misslyck|virhe|epaonn|\bblad|nieudan|chyb|neuspe|selh|"
    r"invalid|ungult|ongeldig|ugyldig|ogiltig|niewazn|neplat|"
    r"expir|abgelauf|perime|caduc|vencid|scadut|verlopen|udlob|utlop|utgang|vanhent|wygas|propad|"
    r"fake|false|forg|counterf|falsch|faux|\bfals|\bvals|vaarenn|padel|"
    r"miss|manqu|falta|mancan|ontbre|mangl|sakna|puuttu|brak|"
    r"requir|needed|pending|request|\bask|prompt|erford|notig|notwend|angeford|verlang|requis|"
    r"demand|obligat|exig|necess|richiest|solicit|vereist|nodig|krav|kraev|vaadit|wymag|vyzad|"
    r"under ?age|minor|young|minderj|zu jung|timeout|abort|cancel|abbruch|abgebroch"
)
_POSITIVE = ("id_scanned", "dob_on_file", "dob_entered", "id_viewed")
#: The words of a check that was made, each whole or with an ending, and those that mean nothing
#: beside them.
_OF_CHECKS = re.compile(
    rf"\b(?:personalausweis|{'|'.join(p for ours in _POSITIVE for p in _CHECKS[ours])})\w*|"
    r"\b(?:ok|yes|ja|oui|si|by|was|the|of|at|and|und|et|with|in|on|to|for|from|de|d|du|des|la|le|"
    r"code|flag|card|photo|date|s|valid|gultig|national|driv(?:er|ing)s?|"
    r"cashier|customer|manual(?:ly)?|check|control|age|legal|proof|done|made|success(?:ful(?:ly)?)?|"
    r"accepted|approved|confirmed|presented|barcode|read|reader|entered|input|captured|method|"
    r"over|uber|from|ab|plus)\b"
)


def check_word(text: str, column: str = "") -> Meaning | None:
    """What a till's word for an ID check means, by it and the name of its column.

    It is sure that a check was made only if nothing else stands beside the words that say so.
    """
    word = folded(text)
    if not word:
        return Meaning("none", sure=False)
    if word in _NOT_DONE:
        return Meaning("none", sure=True)
    if word in YES:
        name = folded(column)
        said = first_found(_CHECKS, name, ("id_scanned", "dob_on_file", "dob_entered"))
        return _of_check(said or "id_viewed", " ".join(words_of(column)), sure=said is not None)
    found = first_found(_CHECKS, word)
    return _of_check(found, word, sure=found != "looks_over") if found else None


def state_word(text: str, column: str = "") -> Meaning | None:
    """What a till's word for the state of a transaction means; a flag by its column's name."""
    found = _of_flag_or_word(_STATES, text, column, usual="completed", surely=_SURE_STATES)
    word = folded(text)
    denied = word not in NO and _NOT.search(word)
    if found and found.word == "completed" and denied and not _denied(_STATES, word):
        return None
    return found


def line_word(text: str, column: str = "") -> Meaning | None:
    """What a till's word for the type of a line means; a flag by its column's name."""
    return _of_flag_or_word(_LINES, text, column, usual="item")


def word_of_line(text: str, column: str = "") -> Meaning | None:
    """What a till's word for the type or for the state of a line means, as its type."""
    found = line_word(text, column)
    if found is None and (state := state_word(text, column)):
        meant = {"voided": "void", "cancelled": "void", "completed": "item"}.get(state.word)
        return Meaning(meant, sure=False) if meant else None
    if found is None and folded(text) in _GOOD:
        return Meaning("item", sure=False)
    return found


def gives_back(text: str) -> bool:
    """Whether a till's word for the type of a receipt says that all of it is given back."""
    word = folded(text)
    return bool(re.search(_GIVEN_BACK, word)) and not re.search(_EXCHANGED, word)


def is_flag(texts: Iterable[str]) -> bool:
    """Whether texts are yes and no only."""
    words = {folded(text) for text in texts} - {""}
    letters = {word for word in words if is_code(word) and word.isalpha()}
    if any(len(letters & meaning) > 1 for meaning in (YES, _NOT_DONE)):
        return False  # such as N and F: two states
    return bool(words) and words <= YES | _NOT_DONE


def is_code(text: str) -> bool:
    """Whether a text is a single letter or digit: it may stand for anything."""
    return len(text) == 1 and text.isalnum()


def _of_flag_or_word(
    lists: WordLists, text: str, column: str, *, usual: str, surely: Collection[str] = ()
) -> Meaning | None:
    """What a word means; yes is one of ``_FLAGGED`` by its column's name, no is the usual."""
    word, name = folded(text), folded(column)
    if not word:
        return Meaning(usual, sure=True)
    if word in YES | NO and _denied(lists, name):
        return None  # such as "not voided": it may be yes or no that says so
    if word in NO:
        return Meaning(usual, sure=True)
    if word in YES and (said := first_found(lists, name, _FLAGGED)):
        return Meaning(said, sure=True)
    if _denied(lists, word):
        return Meaning(usual, sure=False)
    found = first_found(lists, word)
    sure = found == word or (found in surely and not re.search(_DENIES, word))
    return Meaning(found, sure=sure) if found else None


def _denied(lists: WordLists, word: str) -> bool:
    """Whether a text denies one of ``_FLAGGED``: "not voided" is no void."""
    patterns = [each for ours in _FLAGGED for each in lists.get(ours, ())]
    return any(re.search(rf"{_DENIES}\W+(?:{each})", word) for each in patterns)


def _of_check(found: str, words: str, *, sure: bool) -> Meaning:
    """The meaning of words of an ID check; nothing that fails or only asks is one that was made."""
    if found not in (*_POSITIVE, "looks_over"):
        return Meaning(found, sure=found == "none" or not re.search(_DENIES, words))
    if _FAILS.search(words):
        return Meaning("none", sure=False)
    rest = re.findall(r"[^\W\d_]+", _OF_CHECKS.sub(" ", words))
    return Meaning(found, sure=sure and not rest)
