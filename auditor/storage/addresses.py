"""Addresses without credentials: a key or password in one would end up in logs and pages."""

import re

from auditor.errors import ConfigurationError

# What stands before an @ and has a colon in it, slashes included, as secret keys have them. The
# name of an access point (arn:aws:...) is not a key, nor is a port.
_CREDENTIALS = re.compile(r"(?<=://)(?!arn:)[^/@]*:(?!\d{1,5}/)[^@]*@")
_BEFORE_AT = re.compile(r"//[^/\s]*@")


def without_credentials(url: str | None) -> str | None:
    """The address as it is, if there is no key or password in it.

    Raises:
        ConfigurationError: there is one; the message does not repeat it.
    """
    if url is not None and _CREDENTIALS.search(url):
        raise ConfigurationError(
            f"the address {shown(url)} holds a key or password: take it out, and give it as the"
            " storage's own library expects it (for S3: environment, profile or role; see"
            " docs/operations.md)"
        )
    return url


def shown(text: str) -> str:
    """A URL, or a text with URLs in it, without what may be a key: all that precedes an @."""
    return _BEFORE_AT.sub("//...@", _CREDENTIALS.sub("...@", text))
