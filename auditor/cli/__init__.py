"""The command line: a file a command, with what it prints.

Modules import nothing heavy at their top, so that ``--help`` answers at once.
"""
