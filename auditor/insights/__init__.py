"""What each age group buys, and what to suggest to it: from aggregates, never from a person.

This package reads the table ``insights`` (baskets without transaction, cashier, face or minute) and
counts of coverage, and nothing else of the audit: no frame, ledger, case or flag. The import
contract ``purpose-firewall`` in pyproject.toml holds it to that. What lets a basket in is
:mod:`auditor.sales.purchases`, on the other side.
"""
