# SPDX-License-Identifier: Apache-2.0
"""DER (X.690) by hand, for certificates that no tool would make."""

SEQUENCE, SET = 0x30, 0x31
RSA_ENCRYPTION = "1.2.840.113549.1.1.1"
SHA256_WITH_RSA = "1.2.840.113549.1.1.11"
DSA = "1.2.840.10040.4.1"
DSA_WITH_SHA256 = "2.16.840.1.101.3.4.3.2"
COMMON_NAME = "2.5.4.3"
SUBJECT_ALT_NAME = "2.5.29.17"


def element(tag, content):
    size = len(content)
    if size < 128:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def integer(number):
    return element(2, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def identifier(text):
    first, second, *rest = map(int, text.split("."))
    content = bytes([40 * first + second])
    for number in rest:
        groups = [number & 0x7f]
        while number := number >> 7:
            groups.append(0x80 | number & 0x7f)
        content += bytes(reversed(groups))
    return element(6, content)


def relative_name(text):
    return element(SET, element(SEQUENCE, identifier(COMMON_NAME)
                                + element(0x0c, text.encode())))


def directory_name(*names):
    return element(SEQUENCE, b"".join(map(relative_name, names)))


def rsa_key(modulus, exponent):
    numbers = element(SEQUENCE, integer(modulus) + integer(exponent))
    return element(SEQUENCE, element(
        SEQUENCE, identifier(RSA_ENCRYPTION) + b"\x05\x00")
        + element(3, b"\0" + numbers))


def dsa_key(p, q, g, y):
    numbers = element(SEQUENCE, integer(p) + integer(q) + integer(g))
    return element(SEQUENCE, element(SEQUENCE, identifier(DSA) + numbers)
                   + element(3, b"\0" + integer(y)))


RSA_SIGNED = element(SEQUENCE, identifier(SHA256_WITH_RSA) + b"\x05\x00")
DSA_SIGNED = element(SEQUENCE, identifier(DSA_WITH_SHA256))


def certificate(key, domain, subject=directory_name("x"),
                algorithm=RSA_SIGNED, signature=bytes(256)):
    """With a signature that nobody made."""
    validity = element(SEQUENCE, element(0x17, b"250101000000Z")
                       + element(0x17, b"450101000000Z"))
    names = element(SEQUENCE, identifier(SUBJECT_ALT_NAME) + element(
        4, element(SEQUENCE, element(0x82, domain.encode()))))
    to_be_signed = element(
        SEQUENCE, element(0xa0, integer(2)) + integer(1) + algorithm
        + directory_name("x") + validity + subject + key
        + element(0xa3, element(SEQUENCE, names)))
    return element(SEQUENCE, to_be_signed + algorithm
                   + element(3, b"\0" + signature))


def read(data):
    """The elements that stand one after the other: (tag, all, content)."""
    found, at = [], 0
    while at < len(data):
        size, begin = data[at + 1], at + 2
        if size & 0x80:
            begin += size & 0x7f
            size = int.from_bytes(data[at + 2:begin], "big")
        found.append((data[at], data[at:begin + size],
                      data[begin:begin + size]))
        at = begin + size
    return found
