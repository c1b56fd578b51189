"""Namespaces of Linux for tests that mount or cut networks: what they do ends with them."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest


def namespace(kind: str) -> list[str]:
    """The command before a program that gets a namespace of its own; `kind` is "--mount" or "--net"."""
    command = ["unshare", kind] if os.geteuid() == 0 else ["unshare", kind, "--map-root-user"]
    if shutil.which("unshare") and subprocess.run([*command, "true"], capture_output=True).returncode == 0:
        return command
    reason = f"no such namespace here (unshare {kind})"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)
