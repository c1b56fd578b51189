"""What can be wrong with a file that should be an update package. In every case nothing of it was kept."""

from __future__ import annotations

from dsm_desktop.core.errors import BadInput


class BadPackage(BadInput):
    """The file is not a usable update package."""


class NotAPackage(BadPackage):
    """It is something else: no Windows or Linux update package and no iDRAC image."""


class PackageTruncated(BadPackage):
    """It ends too early: a copy or download that did not finish."""


class PackageHostile(BadPackage):
    """It is built as no honest package is: an archive bomb, a path that leads out, entities in its XML."""


class PackageXmlBroken(BadPackage):
    """Its package.xml cannot be read."""


class SignatureBroken(BadPackage):
    """It carries a signature that does not fit it: it was changed or damaged after it was signed."""
