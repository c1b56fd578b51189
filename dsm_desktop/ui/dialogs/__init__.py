"""What an operator is asked."""
