"""The vocabulary of work: job declarations, targets, the context an operation sees, decisions."""
