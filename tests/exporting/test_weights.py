"""Weights taken out of a checkpoint without torch, and read by it: whatever they are, and nothing that runs."""

import io
import zipfile

import pytest
import torch

from podium.exporting.weights import Tensor, UnusableWeights, judged_weights, read_state, write_weights


class Dangerous:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return print, ("run",)


def test_a_checkpoint_that_would_run_code_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    saved = io.BytesIO()
    torch.save({"model": Dangerous()}, saved)
    with zipfile.ZipFile(saved) as archive, pytest.raises(UnusableWeights, match=r"it holds __builtin__\.print"):
        read_state(archive)
    assert capsys.readouterr().out == ""


def test_weights_of_any_layout_and_type_come_out_as_they_went_in() -> None:
    shared = torch.arange(12.0)
    weights = {
        "plain": torch.randn(3, 4),
        "transposed": torch.randn(3, 4).t(),
        "part": shared[2:8].reshape(2, 3),
        "other part": shared[6:],
        "channels last": torch.randn(2, 3, 4, 5).contiguous(memory_format=torch.channels_last),
        "half": torch.randn(3).bfloat16(),
        "count": torch.tensor(2**40),
        "none": torch.empty(0, 3),
    }
    saved, written = io.BytesIO(), io.BytesIO()
    torch.save({"model": weights, "optimizer": {"moments": torch.randn(1000)}}, saved)
    with zipfile.ZipFile(saved) as archive:
        found, is_average = judged_weights(read_state(archive))
        assert all(isinstance(each, Tensor) for each in found.values())
        write_weights(archive, found, written)
    assert not is_average
    written.seek(0)
    read = torch.load(written, weights_only=True)
    assert list(read) == list(weights)
    for name, each in weights.items():
        assert torch.equal(read[name], each)
        assert (read[name].dtype, read[name].stride()) == (each.dtype, each.stride())
    assert len(written.getvalue()) < len(saved.getvalue()) - 4000, "the moments stay behind"
