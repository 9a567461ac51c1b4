"""What people do around the nightly run: checks, mails, decisions, comparisons, packs."""
