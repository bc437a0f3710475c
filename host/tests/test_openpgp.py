"""Fingerprints, against a key that gpg made."""

from __future__ import annotations

import base64
import hashlib
import unittest

from mesh_host.openpgp import primary_fingerprint
from tests.keys import ARMORED, FINGERPRINT, OTHER_ARMORED


class OpenPgpTest(unittest.TestCase):
    def test_reads_the_fingerprint_that_gpg_shows_armoured_or_not(self) -> None:
        self.assertEqual(primary_fingerprint(ARMORED.encode()), FINGERPRINT)
        self.assertEqual(primary_fingerprint(binary(ARMORED)), FINGERPRINT)

    def test_another_key_has_another_fingerprint(self) -> None:
        self.assertNotEqual(primary_fingerprint(OTHER_ARMORED.encode()), FINGERPRINT)

    def test_refuses_a_keyring_with_a_second_primary_key(self) -> None:
        with self.assertRaisesRegex(ValueError, "2 primary keys"):
            primary_fingerprint(binary(ARMORED) + binary(OTHER_ARMORED))

    def test_refuses_what_is_no_key(self) -> None:
        for data in (b"", b"<html>not found</html>", binary(ARMORED)[:50], b"\xc6\xe0aa"):
            with self.subTest(data=data[:10]), self.assertRaises(ValueError):
                primary_fingerprint(data)

    def test_reads_new_packet_headers_too(self) -> None:
        body = b"\x04" + b"k" * 300
        expected = hashlib.sha1(b"\x99" + len(body).to_bytes(2, "big") + body).hexdigest().upper()
        two = bytes([0xC6, ((len(body) - 192) >> 8) + 192, (len(body) - 192) & 255]) + body
        five = bytes([0xC6, 255]) + len(body).to_bytes(4, "big") + body
        for data in (two, five):
            self.assertEqual(primary_fingerprint(data), expected)


def binary(armored: str) -> bytes:
    lines = armored.strip().split("\n\n", 1)[1].split("\n")[:-1]
    return base64.b64decode("".join(line for line in lines if not line.startswith("=")))
