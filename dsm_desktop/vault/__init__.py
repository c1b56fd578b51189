"""Secrets: the site key and who keeps it, sealed columns, and which login is for which server."""
