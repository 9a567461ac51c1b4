"""Files, tables and their revisions at a URL: where each lies, written whole, and locked."""
