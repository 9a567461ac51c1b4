"""Help to write a mapping: a first draft from files of an unknown till, and what it makes of them.

``drafting`` and what it uses look at samples only, and never name a person's data in what they
write; ``checking`` reads a day as ``auditor run`` does.
"""
