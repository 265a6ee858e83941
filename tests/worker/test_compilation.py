"""Compiled steps compute what plain ones do, and where nothing can be compiled training goes on without."""

import shutil
from collections import OrderedDict
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
import torch
from torch import nn
from torch._inductor import config as inductor
from torch.nn import functional

from tests.worker.small import learner, training
from worker.compilation import Compiled, Forward
from worker.stages import through

STAGES = ("conv1", "bn1", "relu", "avgpool", "flatten", "fc")
FULL, LAST = 4, 3
"""Images of a batch, and of an epoch's last."""
needs_a_compiler = pytest.mark.skipif(shutil.which("g++") is None, reason="needs g++")


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Compile anew, in this process alone."""
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path / "compiled"))
    torch._dynamo.reset()
    with inductor.patch({"compile_threads": 1, "cpp.simdlen": 1}):  # without vectors g++ has less to do
        yield
    torch._dynamo.reset()


def small_net() -> nn.Module:
    """A ResNet's first stages and its last; the first is frozen."""
    torch.manual_seed(0)
    layers: dict[str, nn.Module] = {
        "conv1": nn.Conv2d(3, 4, 3, bias=False).requires_grad_(False),
        "bn1": nn.BatchNorm2d(4),
        "relu": nn.ReLU(),
        "avgpool": nn.AdaptiveAvgPool2d(1),
        "fc": nn.Linear(4, 2),
    }
    return nn.Sequential(OrderedDict(layers))


def train(model: nn.Module, forward: Forward, sizes: list[int]) -> list[float]:
    """Take a step for each batch, and return the losses."""
    optimizer = torch.optim.SGD([each for each in model.parameters() if each.requires_grad], lr=0.1)
    generator, losses = torch.Generator().manual_seed(1), []
    for size in sizes:
        images = torch.randn(size, 3, 6, 6, generator=generator)
        loss = functional.cross_entropy(forward(model, STAGES, images), torch.arange(size) % 2)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        optimizer.step()
        losses.append(loss.item())
    return losses


@needs_a_compiler
def test_compiled_steps_compute_what_plain_ones_do() -> None:
    plain, compiled = small_net(), small_net()
    expected = train(plain, through, [FULL, FULL])
    forward = Compiled()
    assert train(compiled, forward, [FULL, FULL]) == pytest.approx(expected, rel=1e-5)
    assert not forward.is_given_up
    assert compiled.state_dict().keys() == plain.state_dict().keys()
    for name, tensor in plain.state_dict().items():
        torch.testing.assert_close(compiled.state_dict()[name], tensor)


def test_each_size_of_batch_has_a_graph_of_its_own_whatever_came_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a resumed training, which may begin with an epoch's last batch, computes with the same graphs."""
    sizes: list[list[object]] = []

    def noted(graph: torch.fx.GraphModule, inputs: list[torch.Tensor]) -> torch.fx.GraphModule:
        sizes.append([type(side) for each in inputs for side in each.shape])
        return graph

    monkeypatch.setattr(torch, "compile", partial(torch.compile, backend=noted))
    expected = train(small_net(), through, [LAST, FULL, LAST, FULL])
    assert train(small_net(), Compiled(), [LAST, FULL, LAST, FULL]) == expected
    assert len(sizes) == 2
    assert {kind for kinds in sizes for kind in kinds} == {int}, "a size that is no number stands for any"


def test_without_a_compiler_training_goes_on_as_if_nothing_had_been(caplog: pytest.LogCaptureFixture) -> None:
    plain, compiled = small_net(), small_net()
    expected = train(plain, through, [FULL, LAST])
    generator = torch.get_rng_state()
    with inductor.patch({"cpp.cxx": (None, "/nowhere/g++")}):
        assert train(compiled, Compiled(), [FULL, LAST]) == expected
    assert all(map(torch.equal, compiled.state_dict().values(), plain.state_dict().values()))
    assert torch.equal(torch.get_rng_state(), generator)
    [told] = [record.getMessage() for record in caplog.records if record.name == "podium"]  # torch keeps a trace
    assert told.startswith("podium: torch.compile does not work here, training goes on without it: InvalidCxxCompiler")


def test_a_step_that_is_too_large_is_no_fault_of_the_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    def too_large(*_given: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(torch, "compile", lambda *_given, **_options: too_large)
    with pytest.raises(torch.OutOfMemoryError):
        train(small_net(), Compiled(), [FULL])


def test_a_checkpoint_does_not_tell_whether_steps_were_compiled() -> None:
    compiled, plain = learner(training(compile=True)), learner()
    assert isinstance(compiled.forward, Compiled)
    assert plain.forward is through
    assert compiled.model.state_dict().keys() == plain.model.state_dict().keys()
    plain.restore(compiled.to_bytes(1))
