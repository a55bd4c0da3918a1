"""A private certificate authority, made on the spot, so that both vendors can be spoken to over TLS on loopback."""

import ssl
from dataclasses import dataclass
from pathlib import Path

import trustme

_SERVER_NAMES = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, slots=True)
class Certificates:
    """Files that `make_certificates` wrote; the server's file holds its key and its chain."""

    ca_file: Path
    ca_bundle_file: Path
    server_file: Path

    def client_context(self) -> ssl.SSLContext:
        """A context that trusts the public authorities and this one."""
        context = ssl.create_default_context()
        context.load_verify_locations(self.ca_file)
        return context


def make_certificates(state_dir: Path, host: str) -> Certificates:
    """Write `ca.pem` and the server's key and certificate (`server.pem`, readable by the owner alone) to a directory.

    `ca_bundle.pem` holds that authority and those this computer trusts anyway, for programs that take one file only.

    Parameters
    ----------
    state_dir
        Directory to write to; it must exist.
    host
        Further name or address that the server is reached under.
    """
    authority = trustme.CA(organization_name="Crosswalk sandbox")
    names = dict.fromkeys((*_SERVER_NAMES, host))
    certificate = authority.issue_cert(*names, organization_name="Crosswalk sandbox")
    files = Certificates(
        ca_file=state_dir / "ca.pem",
        ca_bundle_file=state_dir / "ca_bundle.pem",
        server_file=state_dir / "server.pem",
    )
    authority.cert_pem.write_to_path(str(files.ca_file))
    trusted = ssl.create_default_context().get_ca_certs(binary_form=True)
    public = "".join(ssl.DER_cert_to_PEM_cert(each) for each in trusted)
    files.ca_bundle_file.write_bytes(authority.cert_pem.bytes() + public.encode())
    write_private(files.server_file, certificate.private_key_and_cert_chain_pem.bytes())
    return files


def write_private(path: Path, content: bytes) -> None:
    """Write a file that only its owner can read."""
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_bytes(content)
