"""Receives the body of a response within a limit of size and a deadline.

The time-out of the library requests holds for each read, so a server that sends one byte every two
seconds never passes it. The library also has no limit of size: 2 MB of gzip can become 2 GB.
"""

import io
from time import monotonic

import requests
import urllib3

from fhir_client.errors import RefusedError

MAX_BODY_BYTES = 64 * 2**20
"""The limit of a body, both as it travels and after decompression."""
_PIECE_BYTES = 2**16


def receive_body(response: requests.Response, deadline: float) -> requests.Response:
    """Return the response with its whole body received and decompressed.

    `deadline` is a time of the monotonic clock. Raises RefusedError for a body above the limit,
    and the errors of requests for a late or broken one.
    """
    try:
        received = _receive_raw(response, deadline)
        body = _decompress(received, response)
    except urllib3.exceptions.ReadTimeoutError as error:
        raise requests.ReadTimeout(error, response=response) from None
    except urllib3.exceptions.SSLError as error:
        raise requests.exceptions.SSLError(error, response=response) from None
    except urllib3.exceptions.DecodeError as error:
        raise requests.exceptions.ContentDecodingError(error, response=response) from None
    except urllib3.exceptions.HTTPError as error:
        raise requests.exceptions.ChunkedEncodingError(error, response=response) from None
    # `response.content` reads from here, and finds the body decompressed.
    response.raw = io.BytesIO(body)
    return response


def _receive_raw(response: requests.Response, deadline: float) -> bytes:
    raw, received = response.raw, bytearray()
    # Decompression has to wait: until a block is whole, it would read on without an end.
    while piece := raw.read1(_PIECE_BYTES, decode_content=False):
        received += piece
        if len(received) > MAX_BODY_BYTES:
            _refuse_size(response)
        if monotonic() > deadline:
            response.close()
            raise requests.ReadTimeout("the deadline has passed", response=response)
    raw.release_conn()
    return bytes(received)


def _decompress(received: bytes, response: requests.Response) -> bytes:
    if "Content-Encoding" not in response.headers:
        return received
    compressed = urllib3.HTTPResponse(
        io.BytesIO(received),
        {"Content-Encoding": response.headers["Content-Encoding"]},
        preload_content=False,
    )
    body = bytearray()
    for piece in compressed.stream(_PIECE_BYTES, decode_content=True):
        body += piece
        if len(body) > MAX_BODY_BYTES:
            _refuse_size(response)
    return bytes(body)


def _refuse_size(response: requests.Response) -> None:
    response.close()
    raise RefusedError(
        f"The server's answer is larger than {MAX_BODY_BYTES // 2**20} MiB.", response.status_code
    )
