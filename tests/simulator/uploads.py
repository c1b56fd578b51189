"""Sends firmware files to a simulated iDRAC the way each generation takes them."""

from __future__ import annotations

import json
from typing import Any

from tests.simulator.client import Answer, Client

UPDATE = "/redfish/v1/UpdateService"
INVENTORY = f"{UPDATE}/FirmwareInventory"
BOUNDARY = "----a-boundary"
_HEADERS = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}


def form(*parts: tuple[str, str | None, bytes]) -> bytes:
    """A multipart body of (name, file name or None, content)."""
    body = b""
    for name, file, content in parts:
        disposition = f'form-data; name="{name}"' + (f'; filename="{file}"' if file is not None else "")
        kind = "application/json" if file is None else "application/octet-stream"
        body += f"--{BOUNDARY}\r\nContent-Disposition: {disposition}\r\nContent-Type: {kind}\r\n\r\n".encode()
        body += content + b"\r\n"
    return body + f"--{BOUNDARY}--\r\n".encode()


def multipart(client: Client, name: str, content: bytes, **parameters: Any) -> Answer:
    """Push a file with MultipartUpload; `apply` is the OperationApplyTime."""
    apply = parameters.pop("apply", "OnReset")
    fields = {"Targets": [], "@Redfish.OperationApplyTime": apply, "Oem": {}, **parameters}
    body = form(("UpdateParameters", None, json.dumps(fields).encode()), ("UpdateFile", name, content))
    return client.send("POST", f"{UPDATE}/MultipartUpload", body, dict(_HEADERS))


def push(client: Client, name: str, content: bytes, etag: str | None) -> Answer:
    """Push a file into the inventory, as iDRAC7 to iDRAC9 take it."""
    headers = dict(_HEADERS) | ({"If-Match": etag} if etag else {})
    return client.send("POST", INVENTORY, form(("file", name, content)), headers)


def etag(client: Client) -> str:
    """ETag of the inventory."""
    return str(client.send("GET", INVENTORY).headers["ETag"])
