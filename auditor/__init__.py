"""Nightly compliance audit of alcohol sales: till records, snapshots, age estimates, reports."""
