"""The hash functions of Kazakhstan's ГОСТ signatures, from their descriptions, in plain Python.

`streebog` is GOST R 34.11-2012 (RFC 6986), `gost34311` is ГОСТ 34.311-95, that is GOST R 34.11-94 (RFC 5831) with the
S-boxes of its test parameter set and a zero start value. Slow and simple on purpose: they check another implementation.
Octet strings come and go as they are printed; inside, the first octet is the least significant one.
"""

import struct

# --- Streebog --------------------------------------------------------------------------------------------------------

# RFC 6986 6.2: the substitution.
_PI = bytes.fromhex(
    """
    fceedd11cf6e3116fbc4fada23c5044de977f0db932e99ba1736f1bb14cd5fc1
    f918655ae25cef21811c3c428b018e4f058402aee36a8fa0060bed987fd4d31f
    eb342c51eac848abf22a68a2fd3aceccb5700e56080c7612bf7213479cb75d87
    15a19629107b9ac7f391786f9d9eb2b13275193dff358a7e6d54c680c3bd0d57
    dff524a93ea843c9d779d6f67c22b903e00fecde7a94b0bcdce828504e330a4a
    a79760731e0062441ab83882649f2641ad454692275e552f8ca3a57d69d5953b
    0758b34086ac1df730376be488d9e789e11b83494c3ff8fe8d53aa90cad88561
    207167a42d2b095bcb9b25d0bee56c5259a674d2e6f4b4c0d166afc2394b63b6
    """
)

# RFC 6986 6.4: rows of the matrix A; row j belongs to the j-th highest bit of a 64-bit word.
_A = [
    int(row, 16)
    for row in """
    8e20faa72ba0b470 47107ddd9b505a38 ad08b0e0c3282d1c d8045870ef14980e 6c022c38f90a4c07 3601161cf205268d
    1b8e0b0e798c13c8 83478b07b2468764 a011d380818e8f40 5086e740ce47c920 2843fd2067adea10 14aff010bdd87508
    0ad97808d06cb404 05e23c0468365a02 8c711e02341b2d01 46b60f011a83988e 90dab52a387ae76f 486dd4151c3dfdb9
    24b86a840e90f0d2 125c354207487869 092e94218d243cba 8a174a9ec8121e5d 4585254f64090fa0 accc9ca9328a8950
    9d4df05d5f661451 c0a878a0a1330aa6 60543c50de970553 302a1e286fc58ca7 18150f14b9ec46dd 0c84890ad27623e0
    0642ca05693b9f70 0321658cba93c138 86275df09ce8aaa8 439da0784e745554 afc0503c273aa42a d960281e9d1d5215
    e230140fc0802984 71180a8960409a42 b60c05ca30204d21 5b068c651810a89e 456c34887a3805b9 ac361a443d1c8cd2
    561b0d22900e4669 2b838811480723ba 9bcf4486248d9f5d c3e9224312c8c1a0 effa11af0964ee50 f97d86d98a327728
    e4fa2054a80b329c 727d102a548b194e 39b008152acb8227 9258048415eb419d 492c024284fbaec0 aa16012142f35760
    550b8e9e21f7a530 a48b474f9ef5dc18 70a6a56e2440598e 3853dc371220a247 1ca76e95091051ad 0edd37c48a08a6d8
    07e095624504536c 8d70c431ac02a736 c83862965601dd1b 641c314b2b8ee083
    """.split()
]

# RFC 6986 6.5: the constants of the key schedule.
_C = [
    bytes.fromhex(constant)[::-1]
    for constant in """
    b1085bda1ecadae9ebcb2f81c0657c1f2f6a76432e45d016714eb88d7585c4fc4b7ce09192676901a2422a08a460d31505767436cc744d23dd806559f2a64507
    6fa3b58aa99d2f1a4fe39d460f70b5d7f3feea720a232b9861d55e0f16b501319ab5176b12d699585cb561c2db0aa7ca55dda21bd7cbcd56e679047021b19bb7
    f574dcac2bce2fc70a39fc286a3d843506f15e5f529c1f8bf2ea7514b1297b7bd3e20fe490359eb1c1c93a376062db09c2b6f443867adb31991e96f50aba0ab2
    ef1fdfb3e81566d2f948e1a05d71e4dd488e857e335c3c7d9d721cad685e353fa9d72c82ed03d675d8b71333935203be3453eaa193e837f1220cbebc84e3d12e
    4bea6bacad4747999a3f410c6ca923637f151c1f1686104a359e35d7800fffbdbfcd1747253af5a3dfff00b723271a167a56a27ea9ea63f5601758fd7c6cfe57
    ae4faeae1d3ad3d96fa4c33b7a3039c02d66c4f95142a46c187f9ab49af08ec6cffaa6b71c9ab7b40af21f66c2bec6b6bf71c57236904f35fa68407a46647d6e
    f4c70e16eeaac5ec51ac86febf240954399ec6c7e6bf87c9d3473e33197a93c90992abc52d822c3706476983284a05043517454ca23c4af38886564d3a14d493
    9b1f5b424d93c9a703e7aa020c6e41414eb7f8719c36de1e89b4443b4ddbc49af4892bcb929b069069d18d2bd1a5c42f36acc2355951a8d9a47f0dd4bf02e71e
    378f5a541631229b944c9ad8ec165fde3a7d3a1b258942243cd955b7e00d0984800a440bdbb2ceb17b2b8a9aa6079c540e38dc92cb1f2a607261445183235adb
    abbedea680056f52382ae548b2e4f3f38941e71cff8a78db1fffe18a1b3361039fe76702af69334b7a1e6c303b7652f43698fad1153bb6c374b4c7fb98459ced
    7bcd9ed0efc889fb3002c6cd635afe94d8fa6bbbebab076120018021148466798a1d71efea48b9caefbacd1d7d476e98dea2594ac06fd85d6bcaa4cd81f32d1b
    378ee767f11631bad21380b00449b17acda43c32bcdf1d77f82012d430219f9b5d80ef9d1891cc86e71da4aa88e12852faf417d5d9b21b9948bc924af11bd720
    """.split()
]


def _linear(word: int) -> int:
    result = 0
    for position, row in enumerate(_A):
        if word >> (63 - position) & 1:
            result ^= row
    return result


# Substitution and linear map of each octet at each of its places in a 64-bit word.
_TABLE = [[_linear(_PI[octet] << 8 * place) for octet in range(256)] for place in range(8)]


def _lps(block: bytes) -> bytes:
    # RFC 6986 6.3: the permutation transposes the block as a matrix of 8 by 8 octets, so that word i is made of the
    # octets i, i + 8, i + 16, ...
    words = []
    for i in range(8):
        word = 0
        for place in range(8):
            word ^= _TABLE[place][block[8 * place + i]]
        words.append(word)
    return struct.pack("<8Q", *words)


def _xor(a: bytes, b: bytes) -> bytes:
    return (int.from_bytes(a, "little") ^ int.from_bytes(b, "little")).to_bytes(len(a), "little")


def _compress(chaining: bytes, block: bytes, counted_bits: int) -> bytes:
    key = _lps(_xor(chaining, counted_bits.to_bytes(64, "little")))
    state = block
    for constant in _C:
        state = _lps(_xor(state, key))
        key = _lps(_xor(key, constant))
    return _xor(_xor(_xor(state, key), chaining), block)


def streebog(message: bytes, bits: int) -> bytes:
    """RFC 6986 section 9, for bits = 256 or 512."""
    chaining = (b"\x01" if bits == 256 else b"\x00") * 64
    counted, total = 0, 0
    while len(message) - counted // 8 >= 64:
        block = message[counted // 8 : counted // 8 + 64]
        chaining = _compress(chaining, block, counted)
        counted += 512
        total += int.from_bytes(block, "little")
    rest = message[counted // 8 :]
    block = (rest + b"\x01").ljust(64, b"\x00")
    chaining = _compress(chaining, block, counted)
    total += int.from_bytes(block, "little")
    chaining = _compress(chaining, (8 * len(message)).to_bytes(64, "little"), 0)
    chaining = _compress(chaining, (total % (1 << 512)).to_bytes(64, "little"), 0)
    return chaining[64 - bits // 8 :]


# --- ГОСТ 34.311-95 --------------------------------------------------------------------------------------------------

# RFC 4357 11.2, id-GostR3411-94-TestParamSet: one row for each half octet, the lowest first.
_BOXES = [
    [int(digit, 16) for digit in row]
    for row in """
    4a92d80e6b1c7f53 eb4c6dfa23810759 581da342efc7609b 7da1089fe46cb253
    6c715fd84a9e03b2 4ba0721d36859cfe db413f590ae7682c 1fd057a4923e6b8c
    """.split()
]
_MASK32, _MASK64 = (1 << 32) - 1, (1 << 64) - 1


def _rotated(octet: int, place: int) -> int:
    word = (_BOXES[2 * place][octet & 15] | _BOXES[2 * place + 1][octet >> 4] << 4) << 8 * place
    return (word << 11 | word >> 21) & _MASK32


_ROUND = [[_rotated(octet, place) for octet in range(256)] for place in range(4)]


def _encrypt(key: int, block: int) -> int:
    """ГОСТ 28147-89 (RFC 5830), one block; numbers with the first octet lowest."""
    words = [key >> 32 * i & _MASK32 for i in range(8)]
    low, high = block & _MASK32, block >> 32
    for word in words * 3 + words[::-1]:
        mixed = (low + word) & _MASK32
        high ^= _ROUND[0][mixed & 255] ^ _ROUND[1][mixed >> 8 & 255] ^ _ROUND[2][mixed >> 16 & 255] ^ _ROUND[3][mixed >> 24]
        low, high = high, low
    return low << 32 | high  # the last round does not swap


def _rotate_words(value: int) -> int:
    # RFC 5831 5.1, A(X): the 64-bit words move down, the sum of the two lowest comes on top.
    return value >> 64 | ((value ^ value >> 64) & _MASK64) << 192


def _transpose(value: int) -> int:
    # RFC 5831 5.1, P(Y).
    octets = value.to_bytes(32, "little")
    return int.from_bytes(bytes(octets[8 * (n % 4) + n // 4] for n in range(32)), "little")


_C3 = 0xFF00FFFF000000FFFF0000FF00FFFF0000FF00FF00FF00FFFF00FF00FF00FF00


def _keys(chaining: int, block: int) -> list[int]:
    u, v = chaining, block
    keys = [_transpose(u ^ v)]
    for constant in (0, _C3, 0):
        u = _rotate_words(u) ^ constant
        v = _rotate_words(_rotate_words(v))
        keys.append(_transpose(u ^ v))
    return keys


def _mix(value: int, times: int) -> int:
    # RFC 5831 5.3, psi: sixteen 16-bit words move down, the sum of the words 1, 2, 3, 4, 13, 16 comes on top.
    for _ in range(times):
        top = value ^ value >> 16 ^ value >> 32 ^ value >> 48 ^ value >> 192 ^ value >> 240
        value = value >> 16 | (top & 0xFFFF) << 240
    return value


def _step(chaining: int, block: int) -> int:
    encrypted = 0
    for i, key in enumerate(_keys(chaining, block)):
        encrypted |= _encrypt(key, chaining >> 64 * i & _MASK64) << 64 * i
    return _mix(chaining ^ _mix(block ^ _mix(encrypted, 12), 1), 61)


def gost34311(message: bytes) -> bytes:
    chaining, total = 0, 0
    for at in range(0, len(message), 32):
        block = int.from_bytes(message[at : at + 32], "little")
        chaining = _step(chaining, block)
        total += block
    chaining = _step(chaining, 8 * len(message))
    return _step(chaining, total % (1 << 256)).to_bytes(32, "little")


def digest(name: str, message: bytes) -> bytes:
    """By the short name: gost34311, streebog256, streebog512."""
    if name == "gost34311":
        return gost34311(message)
    return streebog(message, {"streebog256": 256, "streebog512": 512}[name])
