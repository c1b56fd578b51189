"""An ESXi host over SSH: its commands, what they print, and what goes wrong with them."""
