from __future__ import annotations

import struct

import pytest

from agentgit.providers.docker.output import read_frames, read_lines


def frame(stream: int, data: bytes) -> bytes:
    return struct.pack(">BxxxL", stream, len(data)) + data


WRITTEN = frame(1, b"one\ntw") + frame(2, b"trouble\n") + frame(1, b"o\r\nlast \xff")


@pytest.mark.parametrize("size", [1, 3, 8, 9, 1000])
def test_frames_come_in_pieces_of_any_size(size: int) -> None:
    pieces = [WRITTEN[start : start + size] for start in range(0, len(WRITTEN), size)]
    assert list(read_frames(pieces)) == [
        ("out", b"one\ntw"),
        ("err", b"trouble\n"),
        ("out", b"o\r\nlast \xff"),
    ]


def test_lines_are_joined_for_each_stream() -> None:
    assert list(read_lines(read_frames([WRITTEN]))) == ["one", "trouble", "two", "last \ufffd"]


def test_a_frame_cut_off_is_left_out() -> None:
    assert list(read_frames([WRITTEN[:-1]]))[-1] == ("err", b"trouble\n")
