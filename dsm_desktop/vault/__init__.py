"""Secrets: the site key and what it seals."""
