"""The operating system's clock and randomness."""

import time
from collections import Counter

from vestibule.adapters.system import SystemClock, SystemEntropy


def test_the_clock_is_the_machines():
    before = time.time()
    assert before * 1000 - 1 <= SystemClock().now_ms() <= time.time() * 1000 + 1


def test_bytes_are_as_many_as_asked_for_and_never_the_same():
    entropy = SystemEntropy()
    assert len(entropy.token_bytes(32)) == 32
    assert len({entropy.token_bytes(16) for _ in range(10_000)}) == 10_000


def test_codes_keep_their_zeros_and_are_uniform():
    entropy = SystemEntropy()
    codes = [entropy.digits(6) for _ in range(20_000)]
    assert all(len(code) == 6 and code.isdecimal() for code in codes)
    first = Counter(code[0] for code in codes)
    assert set(first) == set("0123456789")
    # 2,000 each are expected, with a deviation of 42: seven of them either way.
    assert all(1_700 < count < 2_300 for count in first.values())
