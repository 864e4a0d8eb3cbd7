import pytest

from mcas_assets.core.hosts import is_loopback


@pytest.mark.parametrize(
    ("host", "expected"),
    [("127.0.0.1", True), ("localhost", True), ("::1", True), ("127.3.2.1", True), ("0.0.0.0", False), ("::", False),
     ("192.168.1.5", False), ("gpu7.example", False)],
)  # fmt: skip
def test_loopback_is_told_from_what_other_machines_reach(host, expected):
    assert is_loopback(host) is expected
