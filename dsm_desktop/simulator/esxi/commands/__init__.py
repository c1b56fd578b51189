"""The commands of the ESXi shell, by family; `shell` finds them by the name typed."""
