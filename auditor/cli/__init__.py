"""The command line: a file a command, and how results are printed."""
