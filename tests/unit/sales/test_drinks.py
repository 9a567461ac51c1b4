"""Words of drinks: which categories sound like alcohol, by the policy's own or by the list."""

import pytest

from auditor.sales.drinks import sounds_alcoholic

POLICY = {"beer", "wine", "Strong Drinks", "52"}


@pytest.mark.parametrize(
    "category",
    [
        *("Beers", "BEER", "beer & cider", "BIER 0,5", "Alkopops", "Bières", "Cervezas", "Cerveja"),
        *("VINHO", "Vína", "Piwo", "Birra", "Wódka", "ØL", "Öl", "Spirituosen", "Alcohol", "BWS"),
        *("Bier & alkoholfreies Bier", "Beer, wine and glasses", "Beer/root beer", "strong drink"),
        *("Wine_red", "Craft Béer", "STRONG  DRINKS 70CL"),
    ],
)
def test_a_category_sounds_like_alcohol(category: str) -> None:
    assert sounds_alcoholic(category, POLICY)


@pytest.mark.parametrize(
    "category",
    [
        *("", "bread", "root beer", "Ginger beer", "wine glasses", "Wine gums", "Weinessig"),
        *("non-alcoholic beer", "Beer 0.0%", "Bier 0,0 %", "alkoholfreies Bier", "N/A beer"),
        *("Bier (alkoholfrei)", "Sparkling water", "Drinks", "soft drinks", "Schwein", "52 cm"),
        *("Bierschinken", "Ginger Ale", "tobacco", "swine", "vinyl", "female"),
    ],
)
def test_a_category_does_not_sound_like_alcohol(category: str) -> None:
    assert not sounds_alcoholic(category, POLICY)


def test_the_policys_own_words_count() -> None:
    assert sounds_alcoholic("OLUTs", {"olut"})
    assert not sounds_alcoholic("Olut", ())
