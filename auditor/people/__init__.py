"""Cashiers and stores: who was due a check, who made it, and who strays further than chance."""
