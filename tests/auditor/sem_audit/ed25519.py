# SPDX-License-Identifier: AGPL-3.0-or-later
"""Acceptance of signatures and keys, SPEC 3.2.

`crypto_sign_open` of libsodium splits its input and calls `crypto_sign_verify_detached`, so that
its verdict is the one the text asks for. Whether a key is acceptable is computed here, from the
equation of the curve (RFC 8032 section 5.1.3).
"""
import functools

import nacl.bindings
import nacl.exceptions

P = 2**255 - 19
D = -121665 * pow(121666, -1, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)


@functools.lru_cache(maxsize=1 << 17)
def verify(public, message, signature):
    """True when the signature is valid."""
    try:
        nacl.bindings.crypto_sign_open(signature + message, public)
    except nacl.exceptions.BadSignatureError:
        return False
    return True


def decode(public):
    """The point (x, y) of 32 bytes, or None when y is not canonical or no x fits."""
    number = int.from_bytes(public, "little")
    y, sign = number & (2**255 - 1), number >> 255
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square:
        x = x * ROOT_OF_MINUS_ONE % P
    if x * x % P != square:
        return None
    return (P - x if x & 1 != sign else x) % P, y


def add(one, two):
    """The sum of two points of the twisted Edwards curve."""
    (x1, y1), (x2, y2) = one, two
    product = D * x1 * x2 * y1 * y2 % P
    x3 = (x1 * y2 + x2 * y1) * pow(1 + product, -1, P) % P
    y3 = (y1 * y2 + x1 * x2) * pow(1 - product, -1, P) % P
    return x3, y3


@functools.lru_cache(maxsize=1 << 12)
def acceptable(public):
    """True for a key that may be registered: on the curve, canonical, not of small order."""
    point = decode(public)
    if point is None:
        return False
    for _ in range(3):
        point = add(point, point)
    return point != (0, 1)
