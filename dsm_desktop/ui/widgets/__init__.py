"""Building blocks every view uses."""
