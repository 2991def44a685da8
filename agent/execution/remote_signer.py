"""A signer behind HTTP that speaks the eth1 interface of Web3Signer: the key stays there, the check is done here."""

import http.client
import json
import re
import ssl
import time
from urllib.parse import urlsplit

from agent.execution.signer import Signed, SigningRefused, Transaction, signed_by, unsigned_bytes
from agent.execution.signer_spec import RemoteSpec

_SIGNATURE = re.compile(r'"?0x([0-9a-fA-F]{130})"?\s*')
_MOST_BYTES = 4_096


class RemoteSigner:
    """Sends the unsigned bytes, gets r, s and v. Every request is made once and has one deadline for all of it."""

    def __init__(self, spec: RemoteSpec) -> None:
        from eth_utils.address import to_checksum_address

        parts = urlsplit(spec.url)
        self.address = str(to_checksum_address(spec.address))
        self._host, self._port = str(parts.hostname), parts.port
        self._path = f"{parts.path.rstrip('/')}/api/v1/eth1/sign/{spec.identifier or spec.address}"
        self._timeout_s = spec.timeout_s
        self._context: ssl.SSLContext | None = None
        if parts.scheme == "https":
            self._context = ssl.create_default_context(cafile=spec.ca_file)
            if spec.client_certificate is not None:
                self._context.load_cert_chain(spec.client_certificate)

    def sign(self, transaction: Transaction) -> Signed:
        """Has the transaction signed and recovers who signed it.

        Raises
        ------
        SigningRefused : no usable answer in time, or a signature that is not of this address or not canonical
        """
        answer = self._ask(json.dumps({"data": "0x" + unsigned_bytes(transaction).hex()}).encode())
        match = _SIGNATURE.fullmatch(answer)
        if match is None:
            raise SigningRefused(f"the signer at {self._host} answered no signature of 65 bytes")
        signature = bytes.fromhex(match[1])
        r, s, v = (int.from_bytes(part, "big") for part in (signature[:32], signature[32:64], signature[64:]))
        return signed_by(self.address, transaction, r, s, v - 27 if v >= 27 else v)

    def _ask(self, body: bytes) -> str:
        deadline = time.monotonic() + self._timeout_s
        connection = self._connection()
        try:
            connection.request("POST", self._path, body, {"Content-Type": "application/json"})
            self._hurry(connection, deadline)
            response = connection.getresponse()
            chunks = bytearray()
            while len(chunks) <= _MOST_BYTES:
                self._hurry(connection, deadline)
                chunk = response.read1(_MOST_BYTES)
                if not chunk:
                    break
                chunks += chunk
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise SigningRefused(f"the signer at {self._host}: {type(error).__name__}: {error}") from error
        finally:
            connection.close()
        if response.status != 200 or len(chunks) > _MOST_BYTES:
            raise SigningRefused(f"the signer at {self._host} answered HTTP {response.status}, {len(chunks)} bytes")
        return chunks.decode(errors="replace")

    def _hurry(self, connection: http.client.HTTPConnection, deadline: float) -> None:
        """Leaves the next wait only what is left of the whole answer's time."""
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError(f"no answer within {self._timeout_s:g} s")
        if connection.sock is not None:  # the last part of an answer is read after the server has closed
            connection.sock.settimeout(left)

    def _connection(self) -> http.client.HTTPConnection:
        if self._context is None:
            return http.client.HTTPConnection(self._host, self._port, timeout=self._timeout_s)
        return http.client.HTTPSConnection(self._host, self._port, timeout=self._timeout_s, context=self._context)
