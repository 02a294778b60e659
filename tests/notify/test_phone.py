"""Numbers in every local form, and none of them in full where it need not be."""

import pytest

from notify.phone import PhoneError, mask, masked, normalised


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
