"""Versions of the age model, and what makes them."""
