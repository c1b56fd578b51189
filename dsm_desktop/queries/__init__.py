"""Rows shaped for a view; with the store the only SQL."""
