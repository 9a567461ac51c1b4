"""What lies at a URL: files, tables and versions of them, locked, whole, and where each is."""
