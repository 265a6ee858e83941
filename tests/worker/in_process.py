"""`python -m worker` within this process, which has torch already: loading it takes seconds."""

import os

import pytest
import torch

import podium
from tests.sdk.fake_run_api import TOKEN, FakeRunApi
from worker import numerics, session
from worker.machine import this_machine


def train_here(api: FakeRunApi, monkeypatch: pytest.MonkeyPatch) -> object:
    """Train as `python -m worker` does, in this process, which has torch already; return the exit code or None."""
    return train_at(api.url, TOKEN, monkeypatch)


def train_at(url: str, token: str, monkeypatch: pytest.MonkeyPatch) -> object:
    """Train what the controller at this address has for this token, as above."""
    monkeypatch.setenv("PODIUM_URL", url)
    monkeypatch.setenv("PODIUM_RUN_TOKEN", token)
    threads_before = torch.get_num_threads()
    numerics.settle(1)
    try:
        with podium.trial() as trial:
            session.train(trial, this_machine(os.environ))
    except SystemExit as left:
        return left.code
    finally:
        torch.set_num_threads(threads_before)
        torch.set_flush_denormal(False)
    return None
