"""How tills write yes and no, in the languages that the program knows."""

import unicodedata

#: In lower case and without accents.
YES = frozenset(
    (
        *("y", "yes", "j", "ja", "o", "oui", "s", "si", "sim", "t", "true", "1", "x", "on", "ok"),
        *("pass", "passed", "done", "wahr", "vrai", "waar", "tak", "ano", "kylla", "vero"),
        *("prawda", "pravda", "sand", "sant", "tosi"),
    )
)
NO = frozenset(
    (
        *("n", "no", "nein", "non", "nee", "nej", "f", "false", "0", "off", "-"),
        *("falsch", "faux", "onwaar", "nei", "nie", "ne", "nao", "ei", "falso", "falsz"),
        *("nepravda", "falsk", "usand"),
    )
)


def says_no(text: str) -> bool:
    """Whether a text is a plain no, in any case and with or without accents."""
    letters = unicodedata.normalize("NFKD", text.strip().casefold())
    return "".join(c for c in letters if not unicodedata.combining(c)) in NO
