"""What the server's screen shows, as a PNG drawn from the device's state."""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from dsm_desktop.simulator.device import Device

WIDTH: Final = 640
HEIGHT: Final = 400
_GLYPHS: Final = dict(
    pair.split("=")
    for pair in (
        "A=25755 B=65656 C=34443 D=65556 E=74647 F=74644 G=34553 H=55755 I=72227 J=11152 K=55655 L=44447 M=57755 "
        "N=65555 O=25552 P=65644 Q=25573 R=65655 S=34216 T=72222 U=55557 V=55552 W=55775 X=55255 Y=55222 Z=71247 "
        "0=75557 1=26227 2=61247 3=61216 4=55711 5=74616 6=74757 7=71122 8=75757 9=75716 -=00700 .=00002 :=02020 /=11244"
    ).split()
)
"""Three by five dots a character; one octal digit a row."""


def lines(device: Device) -> tuple[tuple[int, int, int], list[str]]:
    """Background colour and text of the screen."""
    now, hw, source = device.now(), device.hw, device.host.started_from
    name = hw.model.replace("PowerEdge", "POWEREDGE")
    progress = device.power.boot_progress(now)
    if progress == "SystemHardwareInitializationComplete":
        return (0, 40, 90), [name, f"SERVICE TAG {hw.tag}", f"BIOS {hw.bios_version}", "INITIALIZING"]
    if progress == "OSBootStarted":
        return (0, 0, 0), [name, "BOOTING FROM", source[-40:]]
    if source in ("BiosSetup", "Utilities"):
        return (0, 60, 120), ["SYSTEM SETUP", name, f"SERVICE TAG {hw.tag}"]
    return (12, 60, 40), [device.hw.host_name or "LOGIN", "RUNNING FROM", source[-40:]]


def png(device: Device, scale: int = 1) -> bytes:
    """The screen; `scale` 2 is the small preview."""
    colour, text = lines(device)
    width, height = WIDTH // scale, HEIGHT // scale
    rows = [bytearray(bytes(colour) * width) for _ in range(height)]
    dot = 4 // scale
    for number, line in enumerate(text):
        _draw(rows, line.upper(), 6 * dot, (6 + number * 8) * dot, dot)
    packed = zlib.compress(b"".join(b"\0" + bytes(row) for row in rows), 6)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", packed) + _chunk(b"IEND", b"")


def _draw(rows: list[bytearray], line: str, left: int, top: int, dot: int) -> None:
    for place, character in enumerate(line[:36]):
        for y, digit in enumerate(_GLYPHS.get(character, "00000")):
            for x in range(3):
                if int(digit, 8) >> (2 - x) & 1:
                    begin = 3 * (left + (place * 4 + x) * dot)
                    for row in rows[top + y * dot : top + (y + 1) * dot]:
                        row[begin : begin + 3 * dot] = b"\xee" * (3 * dot)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
