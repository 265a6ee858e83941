"""What a cluster is called where people read on which one a trial was trained."""

from typing import Any, cast

import pytest

from controller.kubernetes.api import Api, Refused, Unanswered
from controller.kubernetes.server_name import ServerName


class Server:
    """An API server's answers to `/version`, one after the other."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)

    def get(self, path: str) -> Any:
        assert path == "/version"
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.mark.parametrize(
    ("answers", "names"),
    [
        ([{"gitVersion": "v1.31.2", "major": "1"}], ["Kubernetes v1.31.2", "Kubernetes v1.31.2"]),
        ([Unanswered("away"), {"gitVersion": "v1.31.2"}], ["Kubernetes", "Kubernetes v1.31.2"]),
        ([Refused(403, "not for you")], ["Kubernetes", "Kubernetes"]),
        ([{}], ["Kubernetes", "Kubernetes"]),
    ],
)
def test_it_is_asked_until_it_answers(answers: list[Any], names: list[str]) -> None:
    told = ServerName(cast(Api, Server(*answers)))  # the one verb that it uses
    assert [told() for _ in names] == names
