"""How faults spoil an answer. Each takes the answer of the device and the fault's parameters."""

from __future__ import annotations

import functools
import gzip
import random
from collections.abc import Callable
from typing import Any, Final

import orjson

from dsm_desktop.simulator.exchange import Delivery, Response

_PAGE: Final = (
    b"<!DOCTYPE html><html><head><title>iDRAC</title></head><body><h1>Loading\xe2\x80\xa6</h1></body></html>"
)


def _deliver(response: Response) -> Delivery:
    if response.delivery is None:
        response.delivery = Delivery()
    return response.delivery


def slow(response: Response, values: dict[str, Any]) -> Response:
    """Late."""
    _deliver(response).delay += float(values["seconds"])
    return response


def reset_midway(response: Response, values: dict[str, Any]) -> Response:
    """Done, but nobody hears of it."""
    _deliver(response).cut_after = -1
    return response


def cut(response: Response, values: dict[str, Any]) -> Response:
    """Half of the body, then a reset."""
    _deliver(response).cut_after = len(response.body) // 2
    return response


def truncated(response: Response, values: dict[str, Any]) -> Response:
    """Half of the JSON, correctly framed."""
    response.body = response.body[: len(response.body) // 2]
    return response


def not_json(response: Response, values: dict[str, Any]) -> Response:
    """HTML."""
    return Response(int(values["status"]), _PAGE, content_type="text/html", delivery=response.delivery)


def two_documents(response: Response, values: dict[str, Any]) -> Response:
    """The body twice."""
    response.body += response.body
    return response


@functools.lru_cache(maxsize=4)
def _filler(megabytes: int) -> bytes:
    return b'{"@odata.id":"/redfish/v1","Filler":"' + b"x" * (megabytes * 1_000_000) + b'"}'


@functools.lru_cache(maxsize=4)
def _bomb(megabytes: int) -> bytes:
    return gzip.compress(_filler(megabytes), 9)


def huge(response: Response, values: dict[str, Any]) -> Response:
    """Megabytes of JSON."""
    response.body = _filler(int(values["mb"]))
    return response


def gzip_bomb(response: Response, values: dict[str, Any]) -> Response:
    """Megabytes of JSON in a few kilobytes."""
    response.body = _bomb(int(values["mb"]))
    response.headers = (*response.headers, ("Content-Encoding", "gzip"))
    return response


def deep(response: Response, values: dict[str, Any]) -> Response:
    """Nested objects."""
    levels = int(values["nesting"])
    response.body = b'{"a":' * levels + b"1" + b"}" * levels
    return response


def byte_by_byte(response: Response, values: dict[str, Any]) -> Response:
    """Dripping."""
    _deliver(response).drip = float(values["pause"])
    return response


def wrong_content_length(response: Response, values: dict[str, Any]) -> Response:
    """A length that is not the body's."""
    _deliver(response).declared = max(0, len(response.body) + int(values["delta"]))
    response.close = True
    return response


def foreign_links(response: Response, values: dict[str, Any]) -> Response:
    """Links to another host."""
    host = str(values["host"])
    prefix = {"absolute": f"https://{host}", "slashes": f"//{host}", "userinfo": f"https://idrac@{host}"}[
        str(values["style"])
    ]

    def redirect(key: str, value: Any) -> Any:
        if (
            isinstance(value, str)
            and value.startswith("/redfish/")
            and key in ("@odata.id", "target", "Members@odata.nextLink")
        ):
            return prefix + value
        return value

    response.headers = tuple((n, prefix + v if n == "Location" else v) for n, v in response.headers)
    return _rewrite(response, redirect)


def missing_members(response: Response, values: dict[str, Any]) -> Response:
    """A collection without its list."""
    doc = _parse(response)
    if isinstance(doc, dict):
        doc.pop("Members", None)
        response.body = orjson.dumps(doc)
    return response


def wrong_types(response: Response, values: dict[str, Any]) -> Response:
    """Values of the wrong JSON type here and there."""
    rng = random.Random(int(values["seed"]))
    wrong = [0, -1, 1e308, "", "x" * 5000, True, None, [], {}, [[]], {"@odata.id": 7}, "\u0000\u202e"]
    return _rewrite(response, lambda key, value: rng.choice(wrong) if rng.random() < 0.3 else value)


def nulls(response: Response, values: dict[str, Any]) -> Response:
    """Null everywhere."""
    return _rewrite(response, lambda key, value: None)


def unlisted(response: Response, values: dict[str, Any]) -> Response:
    """Lists of allowed values without some words."""
    words = str(values["words"]).split()

    def walk(value: Any) -> Any:
        if isinstance(value, dict):
            return {
                k: [v for v in found if v not in words]
                if k.endswith("@Redfish.AllowableValues") and isinstance(found, list)
                else walk(found)
                for k, found in value.items()
            }
        return [walk(v) for v in value] if isinstance(value, list) else value

    doc = _parse(response)
    if doc is not None:
        response.body = orjson.dumps(walk(doc))
    return response


def unexpected_status(response: Response, values: dict[str, Any]) -> Response:
    """Another status."""
    response.status = int(values["status"])
    return response


def _parse(response: Response) -> Any:
    try:
        return orjson.loads(response.body)
    except orjson.JSONDecodeError:
        return None


def _rewrite(response: Response, change: Callable[[str, Any], Any]) -> Response:
    """Put every leaf of the document through `change(key, value)`."""

    def walk(key: str, value: Any) -> Any:
        if isinstance(value, dict):
            return {k: walk(k, v) for k, v in value.items()}
        if isinstance(value, list):
            return [walk(key, v) for v in value]
        return change(key, value)

    doc = _parse(response)
    if doc is not None:
        response.body = orjson.dumps(walk("", doc))
    return response
