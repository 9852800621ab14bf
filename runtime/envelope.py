"""A webhook request as a receipt keeps it, before it is sealed: one line of JSON, then the body as it came."""

import orjson

from model.http import KEPT_HEADERS, Request


def pack(request: Request) -> bytes:
    """The bytes to seal."""
    kept = [pair for pair in request.headers if pair[0] in KEPT_HEADERS]
    return orjson.dumps([request.method, request.url, request.step, kept]) + b"\n" + request.body


def unpack(data: bytes) -> Request:
    """The request again; raises ValueError for anything `pack` did not write."""
    head, _, body = data.partition(b"\n")
    method, url, step, headers = orjson.loads(head)
    return Request(method=method, url=url, step=step, headers=[(name, value) for name, value in headers], body=body)
