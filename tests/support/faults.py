"""Responses of a broken site, one function per fault."""

import gzip
import socket
import struct
import time
from collections.abc import Callable, Iterator

from support.site import Fault, Reply

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"
MIB = 1024 * 1024


def always(reply: Reply) -> Fault:
    """The same reply to every request."""
    return lambda _: reply


def until(count: int, reply: Reply) -> Fault:
    """The reply for the first requests, the page after that."""
    return lambda before: reply if before < count else None


def redirect(location: str, status: int = 302) -> Fault:
    """A redirect to a location."""
    return always(Reply(status, headers={"Location": location}))


def page(body: bytes, kind: str = "text/html; charset=utf-8", **headers: str) -> Reply:
    """A body with its headers; `_` in a header name stands for `-`."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(200, body, {"Content-Type": kind} | named)


def _written(pieces: Callable[[], Iterator[bytes]], pause: float = 0.0) -> Reply:
    def write(connection: socket.socket) -> None:
        for piece in pieces():
            connection.sendall(piece)
            time.sleep(pause)

    return Reply(by_hand=write)


def silent(seconds: float) -> Reply:
    """No bytes for some seconds, then a closed connection."""
    return _written(lambda: iter((b"",)), seconds)


def dripping(head: bytes, rest: bytes, pause: float) -> Reply:
    """The head at once, the rest byte by byte."""
    return _written(lambda: iter((head, *(rest[i : i + 1] for i in range(len(rest))))), pause)


def announcing(length: int, body: bytes) -> Reply:
    """A body of another length than its Content-Length."""
    return _written(lambda: iter((HEAD + b"Content-Length: %d\r\n\r\n" % length + body,)))


def reset(after: bytes = b"") -> Reply:
    """A connection reset after some bytes."""

    def tear(connection: socket.socket) -> None:
        connection.sendall(after)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()

    return Reply(by_hand=tear)


def huge(mib: int, *, declared: bool) -> Reply:
    """A body of some MiB, with a declared length or chunked."""
    block = b"<p>filler</p>\n" * (MIB // 14) + bytes(MIB % 14)

    def pieces() -> Iterator[bytes]:
        if declared:
            yield HEAD + b"Content-Length: %d\r\n\r\n" % (mib * MIB)
            yield from (block for _ in range(mib))
        else:
            yield HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
            yield from (b"%x\r\n" % MIB + block + b"\r\n" for _ in range(mib))
            yield b"0\r\n\r\n"

    return _written(pieces)


def packed(body: bytes, *, keep: float = 1.0, more: bytes = b"") -> Reply:
    """A gzip body: the whole stream or its first part, followed by other bytes."""
    whole = gzip.compress(body)
    return page(whole[: int(len(whole) * keep)] + more, Content_Encoding="gzip")
