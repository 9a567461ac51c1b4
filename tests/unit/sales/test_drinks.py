"""Words of drinks: which categories sound like alcohol, by the policy's own or by the list."""

import pytest

from auditor.sales.drinks import drink_of, sounds_alcoholic

POLICY = {"beer", "wine", "Strong Drinks", "52"}


@pytest.mark.parametrize(
    "category",
    [
        *("Beers", "BEER", "beer & cider", "BIER 0,5", "Alkopops", "Bières", "Cervezas", "Cerveja"),
        *("VINHO", "Vína", "Piwo", "Birra", "Wódka", "ØL", "Öl", "Spirituosen", "Alcohol", "BWS"),
        *("Bier & alkoholfreies Bier", "Beer, wine and glasses", "Beer/root beer", "strong drink"),
        *("Wine_red", "Craft Béer", "STRONG  DRINKS 70CL", "SPIR", "LIQ", "ALC", "Alk.", "Sake"),
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


@pytest.mark.parametrize(
    "article",
    [
        *("Cognac VSOP", "Smirnoff Vodka", "Prosecco 75cl", "Stella Lager 4x440ml", "Gin & Tonic"),
        *("Chocolate Stout", "Milk Chocolate Porter 440ml can", "Toffee Vodka 70cl", "Spiced Rum"),
        *("Chocolate Liqueur", "Sparkling Wine Brut", "Irish Whiskey", "Eierlikör", "Grappa"),
        *("Weißwein 0,75", "Peppermint Schnapps", "Cider 4% 500ml", "Hefeweizen", "IPA 330ml"),
        *("Vin rouge de pays", "Butterscotch Liqueur", "Jenever jonge", "Rosé Wine and Cassis"),
        *("Sake 720ml", "Soju", "Yeni Rak\u0131", "Rakija", "Cachaça", "Linie Akvavit"),
        *(
            "Pastis 1l",
            "Slivovitz",
            "Calvados",
            "Ron añejo",
            "Umeshu",
            "Crémant d'Alsace",
            "Absinthe",
        ),
    ],
)
def test_an_article_is_a_drink(article: str) -> None:
    assert drink_of(article)


@pytest.mark.parametrize(
    "article",
    [
        *("Red Wine Vinegar", "Beer-battered fish", "Fish in beer batter", "Brandy butter"),
        *("Rum and raisin ice cream", "Liqueur chocolates", "Chocolates with rum", "Rum baba"),
        *("Steak & ale pie", "Beef in red wine", "Mussels in white wine", "Coq au vin", "Sprite"),
        *("Cioccolatini al rum", "Aceto di vino", "Vinaigre de vin", "Vinagre de vino"),
        *("Wijnazijn", "Rumkugeln", "Weinbrandbohnen", "Weintrauben kernlos", "Bierwurst"),
        *("Bierschinken", "Sherry trifle", "Champagne truffles", "Brandy snaps", "Beer nuts"),
        *("Port wine cheese", "Wine glasses", "Bottle opener beer", "Whiskas chicken"),
        *("Balloon whisk", "White spirit", "Spirit level", "Sparkling lemonade", "Beer shampoo"),
        *("Sparkling apple juice", "Perrier sparkling water", "Alcohol-free beer", "Ginger beer"),
        *("Rum flavouring", "Korn Brötchen", "Agua destilada", "Wine rack", "Weinbergschnecken"),
        "Home brew beer making kit",
    ],
)
def test_an_article_is_no_drink(article: str) -> None:
    assert drink_of(article) is None
