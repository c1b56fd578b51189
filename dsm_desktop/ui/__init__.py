"""The window. Qt ends here."""
