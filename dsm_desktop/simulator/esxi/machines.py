"""Virtual machines as the host itself lists them."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(slots=True)
class Guest:
    """A registered virtual machine. `power` is "Powered on", "Powered off" or "Suspended", as vim-cmd says it."""

    number: int
    name: str
    store: str
    power: str = "Powered off"
    tools: bool = True
    guest_os: str = "otherGuest64"
    hardware: str = "vmx-19"

    @property
    def runs(self) -> bool:
        """Powered on."""
        return self.power == "Powered on"

    @property
    def file(self) -> str:
        """'[store1] name/name.vmx'."""
        return f"[{self.store}] {self.name}/{self.name}.vmx"
