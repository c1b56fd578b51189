"""Pure decisions about configuration: profiles, registries, differences, site standards. No device, no store."""
