"""What TensorBoard reads, to the byte. `make exports` has the real TensorBoard read it."""

import struct

import pytest

from podium.exporting import event_files
from podium.exporting.event_files import At, Status
from podium.exporting.protobuf import single, text, varint
from podium.exporting.series import curve_of
from podium.exporting.tensorboard import events_of
from podium.exporting.tfrecord import crc32c, framed, masked
from podium.taxonomy import TrialState
from tests.exporting.records import a_measurement, a_record, a_run


@pytest.mark.parametrize(
    ("data", "crc"),
    [  # RFC 3720, B.4
        (bytes(32), 0x8A9136AA),
        (b"\xff" * 32, 0x62A8AB43),
        (bytes(range(32)), 0x46DD794E),
        (bytes(range(31, -1, -1)), 0x113FDB5C),
        (b"123456789", 0xE3069283),
    ],
)
def test_the_checksum_is_castagnolis(data: bytes, crc: int) -> None:
    assert crc32c(data) == crc


def test_a_record_stands_between_its_length_and_masked_checksums() -> None:
    """As TensorFlow writes it: its mask rotates by 15 bits and adds a constant."""
    length = struct.pack("<Q", 5)
    assert framed(b"hello") == b"".join(
        [length, struct.pack("<I", masked(crc32c(length))), b"hello", struct.pack("<I", masked(crc32c(b"hello")))]
    )
    assert masked(0) == 0xA282EAD8
    assert masked(0x8000) == 0xA282EAD9


@pytest.mark.parametrize(
    ("field", "content"),
    [
        (varint(1, 150), b"\x08\x96\x01"),  # the example of protobuf's own guide
        (varint(2, 0), b"\x10\x00"),
        (varint(2, -1), b"\x10" + b"\xff" * 9 + b"\x01"),
        (text(2, "testing"), b"\x12\x07testing"),
        (single(2, 1.5), b"\x15\x00\x00\xc0\x3f"),
        (single(2, 1e300), b"\x15\x00\x00\x80\x7f"),
        (single(2, -1e300), b"\x15\x00\x00\x80\xff"),
        (varint(16, 1), b"\x80\x01\x01"),
    ],
)
def test_fields_are_as_protobuf_has_them(field: bytes, content: bytes) -> None:
    assert field == content


def test_the_first_event_names_the_form() -> None:
    assert event_files.version(At(seconds=1.0)) == b"\x09" + struct.pack("<d", 1.0) + b"\x1a\x0dbrain.Event:2"


def test_of_an_epoch_that_was_measured_twice_the_newest_counts() -> None:
    first = a_run(
        1, 0, 2, measurements=[a_measurement(1, val=0.1), a_measurement(2, val=0.2), a_measurement(2, 2, val=0.3)]
    )
    from_the_start = a_run(2, 0, 4, measurements=[a_measurement(1, val=0.4)])
    assert [(point.epoch, point.metrics) for point in curve_of(a_record(runs=[first, from_the_start]))] == [
        (1, {"val": 0.4}),
        (2, {"val": 0.3}),
    ]


@pytest.mark.parametrize(
    ("state", "status"),
    [
        (TrialState.COMPLETED, Status.SUCCESS),
        (TrialState.PAUSED, Status.SUCCESS),
        (TrialState.STOPPED, Status.SUCCESS),
        (TrialState.FAILED, Status.FAILURE),
    ],
)
def test_a_session_ends_as_its_trial_did(state: TrialState, status: Status) -> None:
    record = a_record(state=state)
    ended_at = record.runs[-1].ended_at
    assert ended_at is not None
    assert events_of(record)[-1] == event_files.session_end(status, At(seconds=ended_at.timestamp(), step=4))


def test_a_session_that_goes_on_has_no_end() -> None:
    assert b"session_end_info" not in events_of(a_record(state=TrialState.RUNNING))[-1]
