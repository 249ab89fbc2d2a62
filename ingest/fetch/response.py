"""HTTP responses to pages: bounded, complete and decodable, or rejected."""

import zlib

import httpx2

from ingest.errors import FetchError
from ingest.fetch.page_store import Page
from ingest.fetch.retry import TransientError, retry_after
from kb.files import utc_now

MAX_BYTES = 8 * 1024 * 1024  # decoded, per response


class StatusError(FetchError):
    """A status that will not change on a second request."""

    def __init__(self, address: str, status: int) -> None:
        super().__init__(f"{address}: the site answered {status}, expected 200")
        self.status = status


def read_page(address: str, response: httpx2.Response) -> Page:
    """The page in a response.

    :raises TransientError: the server is busy or broken, or the body is incomplete.
    :raises StatusError: another status than 200.
    :raises FetchError: the content has another type, is too large, or not text in a known encoding.
    """
    _check_status(address, response)
    kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if not (kind.startswith("text/") or kind == "application/json"):
        raise FetchError(f"{address}: content type {kind or 'missing'}, expected text or JSON")
    return read_text(address, response)


def read_text(address: str, response: httpx2.Response) -> Page:
    """The page in a response of any content type; the errors are those of `read_page`."""
    _check_status(address, response)
    headers = response.headers
    body = _read_body(address, response)
    return Page(
        address,
        body,
        utc_now(),
        _encoding(address, response, body),
        headers.get("ETag", ""),
        headers.get("Last-Modified", ""),
    )


def _check_status(address: str, response: httpx2.Response) -> None:
    status = response.status_code
    if status == httpx2.codes.TOO_MANY_REQUESTS or status >= httpx2.codes.INTERNAL_SERVER_ERROR:
        wait = retry_after(response.headers.get("Retry-After", ""))
        raise TransientError(f"{address}: the site answered {status}", wait)
    if status != httpx2.codes.OK:
        raise StatusError(address, status)


def _read_body(address: str, response: httpx2.Response) -> bytes:
    """The decompressed body, complete, with at most MAX_BYTES in memory.

    httpx2 could decompress it too, but accepts a truncated gzip stream as complete.
    """
    packing = response.headers.get("Content-Encoding", "identity").lower()
    if packing not in ("gzip", "identity"):
        raise FetchError(f"{address}: Content-Encoding {packing}, expected gzip or none")
    unpacker = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS) if packing == "gzip" else None
    body = bytearray()
    piece = b""
    try:
        for piece in response.iter_raw():
            body += unpacker.decompress(piece, MAX_BYTES + 1 - len(body)) if unpacker else piece
            if len(body) > MAX_BYTES:
                raise FetchError(f"{address}: more than {MAX_BYTES} bytes; the page is refused")
    except zlib.error as error:
        raise TransientError(f"{address}: invalid gzip: {error}") from error
    if unpacker and (not unpacker.eof or unpacker.unused_data):
        raise TransientError(f"{address}: its gzip stream is not complete")
    _check_length(address, response, piece)
    return bytes(body)


def _check_length(address: str, response: httpx2.Response, last_piece: bytes) -> None:
    """Reject a body longer than its Content-Length."""
    connection = response.extensions["network_stream"]
    received = connection.get_extra_info("received")
    if "Content-Length" in response.headers and received and not received.endswith(last_piece):
        connection.close()  # the rest on the connection is not the next response
        raise TransientError(f"{address}: longer than its Content-Length")


def _encoding(address: str, response: httpx2.Response, body: bytes) -> str:
    """The encoding of a body: UTF-8 whatever the site says, or else the one it names.

    Text in another encoding is hardly ever valid UTF-8 by chance, except for seven-bit encodings with
    escapes.
    """
    named = response.charset_encoding or "utf-8"
    for encoding in ("utf-8", named) if b"\x1b" not in body else (named,):
        try:
            body.decode(encoding)
        except (LookupError, ValueError):
            continue
        return encoding
    raise FetchError(f"{address}: its text is neither UTF-8 nor {named}; the page is refused")
