"""Numbers in every local form, and none of them in full where it need not be."""

import re

import pytest
import structlog

from notify.delivery.phone import PhoneError, mask, mask_traces, masked, normalised
from telemetry import process
from telemetry.settings import Settings


@pytest.mark.parametrize(
    "written",
    [
        "0912345678",
        "0912 345 678",
        "0912.345.678",
        "+84912345678",
        "84912345678",
        "0084912345678",
        "+84 (0) 912-345-678",
        " 84 0912345678 ",
    ],
)
def test_every_local_form_is_one_number(written):
    assert normalised(written) == "+84912345678"


@pytest.mark.parametrize(
    ("old", "new"),
    [("01681234567", "+84381234567"), ("+841201234567", "+84701234567"), ("0199 123 4567", "+84591234567")],
)
def test_numbers_of_eleven_digits_are_renumbered(old, new):
    assert normalised(old) == new


@pytest.mark.parametrize("written", ["", "1234", "abc", "0112345678901", "113", "+84 12"])
def test_what_is_no_number_is_refused_without_repeating_it(written):
    with pytest.raises(PhoneError) as error:
        normalised(written)
    assert not written or written not in str(error.value)


def test_masks():
    assert mask("+84912345678") == "+849******78"
    assert mask("lan@example.org") == "l***@example.org"
    assert mask("https://example.org/secret") == "https://***"
    assert masked("rejected 84912345678: no route") == "rejected 8491*****78: no route"


def test_a_traceback_in_the_log_names_nobody(capsys):
    """A provider's own code may say in its error whom it was to reach."""
    process.configure_log(Settings(), mask_traces)
    try:
        raise KeyError("no answer for +84912345678 (0912 345 678)")
    except KeyError:
        structlog.get_logger().exception("a provider failed in a way it does not know")
    finally:
        structlog.reset_defaults()
    said = capsys.readouterr().err
    assert "KeyError" in said
    assert "test_phone.py" in said
    assert "345678" not in re.sub(r"[ .-]", "", said)


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("550 no mailbox for nga.nguyen@example.vn", "550 no mailbox for n***@example.vn"),
        ("cannot reach tgram://12345:AbC/987", "cannot reach tgram://***"),
        ("https://api.example/send: 503", "https://api.example/send: 503"),
    ],
)
def test_addresses_of_other_kinds_are_masked_too(written, shown):
    assert masked(written) == shown
