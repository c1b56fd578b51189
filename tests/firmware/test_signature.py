"""What a package's signature proves offline, and what it does not; the peer is osslsigncode, both ways."""

from __future__ import annotations

import datetime
import hashlib
import os
import shutil
import struct
import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from dsm_desktop.firmware import der
from dsm_desktop.firmware.dup import read_package
from dsm_desktop.firmware.errors import BadPackage, PackageTruncated, SignatureBroken
from dsm_desktop.firmware.signature import Signature, seal_words
from dsm_desktop.media.library import PACKAGE, look
from dsm_desktop.simulator import sealing
from dsm_desktop.simulator.dup import Package, build
from tests.firmware.packages import exe

COUNTED = Path("/proc/self/io")


def bytes_read() -> int:
    """By this process so far, from wherever."""
    return int(COUNTED.read_text().split()[1])


def package(path: Path, **more: object) -> Path:
    return build(path, Package("BIOS", "159", "2.19.1", "BIOS", ("0716",), ("R640",), **more))  # type: ignore[arg-type]


def table_of(path: Path) -> tuple[int, int]:
    """Where the certificate table stands, and its length."""
    data = path.read_bytes()
    start, length = struct.unpack_from("<II", data, 0x98 + 112 + 4 * 8)
    return start, length


def test_an_intact_one_names_its_signer_and_claims_no_trust(tmp_path: Path) -> None:
    found = read_package(package(tmp_path))
    assert (found.signature, found.signer, found.issuer) == (Signature.INTACT, sealing.SIGNER, "Root")
    words = seal_words(found.signature, found.signer, found.issuer)
    assert words.startswith("Signed by Dell Inc.")
    assert "digest matches" in words
    assert "only the iDRAC checks" in words
    assert "Not Dell's" in seal_words(Signature.INTACT, "Somebody", "Root")


def test_a_large_one_with_a_hole_in_it_is_checked_whole(tmp_path: Path) -> None:
    path = package(tmp_path, size=3 << 20)
    assert read_package(path).signature is Signature.INTACT
    with path.open("r+b") as file:
        file.seek(2 << 20)
        file.write(b"x")
    with pytest.raises(SignatureBroken, match="not the one that was signed"):
        read_package(path)


@pytest.mark.skipif(not COUNTED.exists(), reason="this system does not count what a process reads")
@pytest.mark.parametrize("signed", [True, False])
def test_it_is_read_once_for_its_hash_and_its_signature(tmp_path: Path, signed: bool) -> None:
    path = (
        package(tmp_path, size=12 << 20) if signed else exe(tmp_path / "BIOS.EXE", after=os.urandom(1 << 20))
    )
    size, before = path.stat().st_size, bytes_read()
    found = look(path, PACKAGE)
    assert bytes_read() - before < size + (6 << 20)  # its end is searched for the archive's
    assert found.state == "ok", found
    assert found.identity["signature"] == ("intact" if signed else "missing")
    assert found.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("at", [0x10, 0x85, 0x200, 4096 + 40, -200])
def test_one_changed_byte_breaks_it(tmp_path: Path, at: int) -> None:
    path = package(tmp_path)
    place = at if at >= 0 else table_of(path)[0] + at
    data = bytearray(path.read_bytes())
    data[place] ^= 0x55
    path.write_bytes(data)
    with pytest.raises(BadPackage):
        read_package(path)


def test_the_checksum_and_the_tables_own_place_are_not_part_of_it(tmp_path: Path) -> None:
    path = package(tmp_path)
    with path.open("r+b") as file:
        file.seek(0x98 + 64)
        file.write(b"\x01\x02\x03\x04")
    assert read_package(path).signature is Signature.INTACT


def test_the_signature_of_another_file_is_broken(tmp_path: Path) -> None:
    with pytest.raises(SignatureBroken) as caught:
        read_package(package(tmp_path, signature="bad"))
    assert "Get it anew" in caught.value.hint


@pytest.mark.filterwarnings("ignore:Parsed a serial number")
def test_whatever_stands_in_the_block_nothing_but_these_answers_comes(tmp_path: Path) -> None:
    path = package(tmp_path)
    start, length = table_of(path)
    whole, target = path.read_bytes(), tmp_path / "BIOS_AAAAA_WN64_1.EXE"
    answers: set[Signature | None] = set()
    for at in range(start, start + length, 3):
        target.write_bytes(whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :])
        try:
            answers.add(read_package(target).signature)
        except SignatureBroken:
            answers.add(None)
    assert answers <= {None, Signature.INTACT, Signature.PRESENT}
    assert {None, Signature.PRESENT} <= answers


def test_a_package_without_one_is_told_apart(tmp_path: Path) -> None:
    found = read_package(package(tmp_path, signature="none"))
    assert found.signature is Signature.MISSING
    assert seal_words(found.signature).startswith("Not signed")
    assert ".sign" in seal_words(Signature.UNKNOWN, form="bin")
    assert seal_words(Signature.UNKNOWN, form="d9") == ""


@pytest.mark.parametrize(
    ("at", "value"), [(0x3C, 0xFFFFFFF0), (0x98, 0), (0x98 + 112 + 32, 0), (0x98 + 112 + 36, 0)]
)
def test_headers_that_lie_are_no_signature(tmp_path: Path, at: int, value: int) -> None:
    path = package(tmp_path)
    with path.open("r+b") as file:
        file.seek(at)
        file.write(struct.pack("<I", value))
    assert read_package(path).signature is Signature.MISSING


def test_a_file_cut_off_in_its_signature_is_not_called_unsigned(tmp_path: Path) -> None:
    path = package(tmp_path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(PackageTruncated, match="before its signature"):
        read_package(path)


def test_a_program_without_a_header_carries_none(tmp_path: Path) -> None:
    assert read_package(exe(tmp_path / "a.EXE")).signature is Signature.MISSING


@pytest.mark.parametrize(
    "data", [b"", b"\x30", b"\x30\x05\x01", b"\x30\x85\x01\x01\x01\x01\x01", b"\x1f\x01\x00", b"\x30\x80"]
)
def test_der_that_is_none_is_refused(data: bytes) -> None:
    with pytest.raises(der.BadDer):
        der.read(data)


# --- the peer ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def osslsigncode() -> str:
    found = shutil.which("osslsigncode")
    if found is None:
        if os.environ.get("CI"):
            pytest.fail("osslsigncode (Debian: osslsigncode) is required in CI")
        pytest.skip("no osslsigncode (Debian: osslsigncode)")
    return found


def chain(folder: Path, *, forged: bool = False) -> tuple[Path, Path]:
    """Certificates of a signer and of its issuer (PEM, one file), and the signer's key; `forged`: another key than the one that
    the issuer's certificate names has signed."""
    keys = [rsa.generate_private_key(65537, 2048) for _ in range(3)]
    names = [x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, n)]) for n in ("Dell Inc.", "Issuer")]
    now = datetime.datetime.now(datetime.UTC)
    made = []
    for subject, issuer, key, by in (
        (0, 1, keys[0], keys[2] if forged else keys[1]),
        (1, 1, keys[1], keys[1]),
    ):
        made.append(
            x509.CertificateBuilder()
            .subject_name(names[subject])
            .issuer_name(names[issuer])
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now)
            .not_valid_after(now + datetime.timedelta(days=9))
            .sign(by, hashes.SHA256())
        )
    pem, secret = folder / "chain.pem", folder / "key.pem"
    pem.write_bytes(b"".join(c.public_bytes(serialization.Encoding.PEM) for c in made))
    form = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    secret.write_bytes(keys[0].private_bytes(serialization.Encoding.PEM, *form))
    return pem, secret


def peer_signs(program: str, pem: Path, key: Path, digest: str, plain: Path, signed: Path) -> None:
    command = [program, "sign", "-certs", str(pem), "-key", str(key), "-h", digest]
    command += ["-in", str(plain), "-out", str(signed)]
    subprocess.run(command, check=True, capture_output=True, timeout=60)


@pytest.mark.parametrize("digest", ["sha1", "sha256", "sha384"])
def test_what_the_peer_has_signed_is_intact(tmp_path: Path, osslsigncode: str, digest: str) -> None:
    pem, key = chain(tmp_path)
    plain, signed = package(tmp_path, signature="none"), tmp_path / "SIGNED_AAAAA_WN64_1.EXE"
    peer_signs(osslsigncode, pem, key, digest, plain, signed)
    found = read_package(signed)
    assert (found.signature, found.signer, found.issuer) == (Signature.INTACT, "Dell Inc.", "Issuer")
    data = bytearray(signed.read_bytes())
    data[4096 + 50] ^= 1
    signed.write_bytes(data)
    with pytest.raises(SignatureBroken):
        read_package(signed)


def test_a_chain_that_does_not_hold_is_broken(tmp_path: Path, osslsigncode: str) -> None:
    pem, key = chain(tmp_path, forged=True)
    plain, signed = package(tmp_path, signature="none"), tmp_path / "SIGNED_AAAAA_WN64_1.EXE"
    peer_signs(osslsigncode, pem, key, "sha256", plain, signed)
    with pytest.raises(SignatureBroken, match="issuer it names"):
        read_package(signed)


def test_the_peer_reckons_the_same_digest_of_a_simulated_package(tmp_path: Path, osslsigncode: str) -> None:
    verify = [osslsigncode, "verify", "-in", str(package(tmp_path))]
    said = subprocess.run(verify, check=False, capture_output=True, text=True, timeout=60).stdout
    digests = {
        line.rpartition(":")[2].strip()
        for line in said.splitlines()
        if "message digest  " in line or "message digest :" in line
    }
    assert len(digests) == 1, said
    assert sealing.SIGNER in said
