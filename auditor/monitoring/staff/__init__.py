"""Cashiers and stores: who was due a check, who made it, and who is an outlier."""
