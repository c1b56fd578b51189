"""Update packages as plain values: what they are, whether they fit, which version is newer. No network, no store."""
