"""HTTPS in front of a server, with a certificate of a test authority's own."""

from __future__ import annotations

import contextlib
import datetime
import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

CHUNK = 1 << 16


@dataclass(frozen=True)
class TlsFront:
    """A front's address, and the file of the authority that vouches for it."""

    port: int
    authority: Path

    @property
    def host(self) -> str:
        return f"localhost:{self.port}"


@contextmanager
def tls_front(upstream: int, folder: Path) -> Iterator[TlsFront]:
    """Run HTTPS at localhost in front of a local port during the block."""
    context = _context(folder)
    listener = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=_accept, args=(listener, context, upstream), daemon=True).start()
    try:
        yield TlsFront(listener.getsockname()[1], folder / "authority.pem")
    finally:
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def write_certificate(folder: Path) -> None:
    """Write an authority, authority.pem, and a certificate of it for this machine with its key, served.pem."""
    folder.mkdir(parents=True, exist_ok=True)
    authority, own = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    signed = _certificate("Test authority", authority, "Test authority", authority)
    (folder / "authority.pem").write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    served = _certificate("localhost", own, "Test authority", authority)
    key = own.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "served.pem").write_bytes(served.public_bytes(serialization.Encoding.PEM) + key)


def _context(folder: Path) -> ssl.SSLContext:
    """Return a context that serves a new certificate."""
    write_certificate(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "served.pem")
    return context


def _certificate(
    name: str, key: ec.EllipticCurvePrivateKey, issuer: str, signing: ec.EllipticCurvePrivateKey
) -> x509.Certificate:
    now = datetime.datetime.now(datetime.UTC)
    day = datetime.timedelta(days=1)
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    builder = (
        x509.CertificateBuilder()
        .subject_name(_named(name))
        .issuer_name(_named(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - day)
        .not_valid_after(now + day)
        .add_extension(x509.BasicConstraints(ca=key is signing, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signing.public_key()), critical=False)
    )
    if key is not signing:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(signing, hashes.SHA256())


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _accept(listener: socket.socket, context: ssl.SSLContext, upstream: int) -> None:
    with contextlib.suppress(OSError):  # the front was closed
        while True:
            client, _ = listener.accept()
            threading.Thread(target=_serve, args=(client, context, upstream), daemon=True).start()


def _serve(client: socket.socket, context: ssl.SSLContext, upstream: int) -> None:
    with (
        contextlib.suppress(OSError),
        context.wrap_socket(client, server_side=True) as secure,
        socket.create_connection(("127.0.0.1", upstream)) as server,
    ):
        back = threading.Thread(target=_forward, args=(server, secure), daemon=True)
        back.start()
        _forward(secure, server)
        back.join()


def _forward(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):  # one side closed
        while chunk := source.recv(CHUNK):
            target.sendall(chunk)
        target.shutdown(socket.SHUT_WR)
