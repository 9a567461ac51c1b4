"""Hollow checks: ID checks on record that may not have been made. Leads, never verdicts."""
