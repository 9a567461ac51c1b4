"""What each age group buys, and what to suggest to it: from aggregates, never from a person.

This package reads the table ``insights`` (baskets without transaction, cashier, face or minute) and
counts of coverage, and nothing else of the audit: no frame, ledger, case or flag. The import
contract ``purpose-firewall`` in pyproject.toml enforces this. Which baskets enter the table is
decided by :mod:`auditor.sales.purchases`, outside.
"""
