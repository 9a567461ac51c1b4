"""Statistics that know nothing of tills: counts and shares in, shares and probabilities out."""
