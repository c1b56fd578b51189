"""Pure decisions about clusters: what stops a host from being emptied, what fits where, whether it is safe, and in which order."""
