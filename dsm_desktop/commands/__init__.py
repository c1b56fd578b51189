"""Every change a person can make."""
