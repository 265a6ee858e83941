"""A model's weights, taken out of a trainer's checkpoint without torch: bytes are copied, nothing is computed.

A checkpoint holds more than weights: the optimizer's moments, the states of random generators. torch.save's format is a
zip archive of a pickle and of the tensors' bytes. The pickle is read by an unpickler that knows nothing but tensors and
plain containers, so that a checkpoint which somebody else has written cannot run code; and it is written anew, with the
tensors of one state dict and under the same names of torch, for `torch.load(..., weights_only=True)`.
"""

import io
import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

AVERAGED = "module."
"""What the names of an averaged model's weights begin with."""
COUNTER = "n_averaged"


class UnusableWeights(Exception):
    """The bytes hold no state of a model that can be taken out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage:
    """The bytes of one or several tensors in the archive."""

    key: str
    kind: str
    """torch's class of them, such as FloatStorage."""
    elements: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Tensor:
    storage: Storage
    offset: int
    size: tuple[int, ...]
    stride: tuple[int, ...]


def judged_weights(state: Mapping[str, Any]) -> tuple[dict[str, Tensor], bool]:
    """Return the weights that validation judged by, and whether they are the moving average. Raises UnusableWeights."""
    average = state.get("average")
    found = state.get("model") if average is None else average
    if not isinstance(found, Mapping):
        raise UnusableWeights("the checkpoint holds no `model`")
    if average is not None:
        found = {name.removeprefix(AVERAGED): each for name, each in found.items() if name != COUNTER}
    if not all(isinstance(each, Tensor) for each in found.values()):
        raise UnusableWeights("the checkpoint's `model` is no dict of tensors")
    return dict(found), average is not None


def read_state(archive: zipfile.ZipFile) -> Mapping[str, Any]:
    """Return what torch.save was given, with Tensor in place of tensors. Raises UnusableWeights."""
    try:
        content = archive.read(f"{_root(archive)}/data.pkl")
        state = _Unpickler(io.BytesIO(content)).load()
    except (pickle.UnpicklingError, KeyError, EOFError, ValueError, TypeError, IndexError, AttributeError) as error:
        raise UnusableWeights(f"the checkpoint is none of torch's, or of a form that is not known: {error}") from None
    if not isinstance(state, Mapping):
        raise UnusableWeights("the checkpoint holds no dict")
    return state


def write_weights(archive: zipfile.ZipFile, weights: Mapping[str, Tensor], into: BinaryIO) -> None:
    """Write a state dict as torch.save would, its tensors' bytes copied from the archive they are in."""
    root, keys = _root(archive), list(dict.fromkeys(each.storage.key for each in weights.values()))
    names = {key: str(number) for number, key in enumerate(keys)}
    with zipfile.ZipFile(into, "w", zipfile.ZIP_STORED) as written:
        written.writestr("model/data.pkl", pickled(weights, names))
        written.writestr("model/byteorder", _byteorder(archive, root))
        for key, name in names.items():
            with archive.open(f"{root}/data/{key}") as source, written.open(f"model/data/{name}", "w") as target:
                while chunk := source.read(1024 * 1024):
                    target.write(chunk)
        written.writestr("model/version", "3\n")


def pickled(weights: Mapping[str, Tensor], names: Mapping[str, str]) -> bytes:
    """Return the pickle, of protocol 2, of an ordered dict of tensors whose storages have these names."""
    parts = [pickle.PROTO, b"\2", _global("collections", "OrderedDict"), b")R", pickle.MARK]
    for name, tensor in weights.items():
        parts += [_text(name), _tensor(tensor, names[tensor.storage.key])]
    return b"".join([*parts, pickle.SETITEMS, pickle.STOP])


def _tensor(tensor: Tensor, name: str) -> bytes:
    """torch._utils._rebuild_tensor_v2(storage, offset, size, stride, requires_grad, backward_hooks)"""
    storage = [_text("storage"), _global("torch", tensor.storage.kind), _text(name), _text("cpu")]
    return b"".join(
        [
            _global("torch._utils", "_rebuild_tensor_v2"),
            pickle.MARK,
            *(pickle.MARK, *storage, _number(tensor.storage.elements), pickle.TUPLE, pickle.BINPERSID),
            _number(tensor.offset),
            *(pickle.MARK, *map(_number, tensor.size), pickle.TUPLE),
            *(pickle.MARK, *map(_number, tensor.stride), pickle.TUPLE),
            pickle.NEWFALSE,
            *(_global("collections", "OrderedDict"), b")R"),
            *(pickle.TUPLE, pickle.REDUCE),
        ]
    )


def _global(module: str, name: str) -> bytes:
    return pickle.GLOBAL + f"{module}\n{name}\n".encode()


def _text(value: str) -> bytes:
    content = value.encode()
    return pickle.BINUNICODE + len(content).to_bytes(4, "little") + content


def _number(value: int) -> bytes:
    if value < 2**31:
        return pickle.BININT + value.to_bytes(4, "little", signed=True)
    return pickle.LONG1 + b"\x08" + value.to_bytes(8, "little", signed=True)


def _root(archive: zipfile.ZipFile) -> str:
    """Return the folder that everything in the archive lies in. Raises UnusableWeights."""
    for name in archive.namelist():
        if name.endswith("/data.pkl") and name.count("/") == 1:
            return name.removesuffix("/data.pkl")
    raise UnusableWeights("the checkpoint is no archive that torch.save writes")


def _byteorder(archive: zipfile.ZipFile, root: str) -> bytes:
    try:
        return archive.read(f"{root}/byteorder")
    except KeyError:  # torch before 2.1 wrote none
        return b"little"


class _Kind(str):
    """The name of a class of storages."""


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:  # Any: pickle's own
        match module, name:
            case "collections", "OrderedDict":
                return OrderedDict
            case "torch._utils", "_rebuild_tensor_v2":
                return _rebuilt
            case "torch._utils", "_rebuild_parameter":
                return lambda data, *_: data
            case "torch", _ if name.endswith("Storage"):
                return _Kind(name)
            case _:
                raise pickle.UnpicklingError(f"it holds {module}.{name}, which no checkpoint of the trainer does")

    def persistent_load(self, given: Any) -> Storage:
        _, kind, key, _, elements = given
        return Storage(key=str(key), kind=str(kind), elements=int(elements))


def _rebuilt(storage: Storage, offset: int, size: tuple[int, ...], stride: tuple[int, ...], *_: object) -> Tensor:
    return Tensor(storage=storage, offset=offset, size=tuple(size), stride=tuple(stride))
