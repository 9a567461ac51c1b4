"""The smallest unit of a currency (ISO 4217, list one, of 2026-01-01)."""

_DECIMALS = {
    **dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF"), 0),
    **dict.fromkeys(("UGX", "VND", "VUV", "XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
}


def decimals_of(currency: str) -> int:
    """How many decimals amounts in a currency have, 0 to 3; ``currency`` is its ISO 4217 code."""
    return _DECIMALS.get(currency, 2)
