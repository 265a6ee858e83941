"""What a user might type to break out of a report, and a report in which everything typed is that."""

from podium.results import AttributeErrors, Cell, ClassResult, Combination, Confusion, Mistake
from podium.study import StudyReport
from tests.study.arms import a_report, a_trial, an_arm, with_results

HOSTILE = (
    "<script>alert(1)</script>",
    "</pre></script><img src=x onerror=alert(1)>",
    "'\"><svg/onload=alert(1)>",
    "[here](javascript:alert(1)) ![x](https://evil.example/x.png)",
    "<https://evil.example>",
    "`````\n# heading\n| a | b |",
    "**bold** _em_ ~~gone~~ `code`",
    "{{ 7 * 7 }} {% raw %}",
    "&lt;b&gt; &amp;",
    "\x1b[31mred\x1b[0m \x00",
    "</td><td>",
    "-->",
)


def hostile_report(text: str) -> StudyReport:
    """Return a report in which every text that a user or a data set brings is this one."""
    results = with_results(
        classes=[
            ClassResult(name=text, images=10, correct=8, predicted=9, accuracy=0.8, f1=0.8),
            ClassResult(name=f"{text}2", images=10, correct=9, predicted=11, accuracy=0.9, f1=0.8),
        ],
        confusion_matrix=[Cell(0, 1, 2), Cell(1, 0, 1)],
        confusions=[Confusion(label=text, predicted=f"{text}2", count=2, mistaken=[text])],
        attribute_errors=AttributeErrors(
            wrong={text: 3}, combinations=[Combination(mistaken=[text], count=3)], left_out=1, unknown_labels=[text]
        ),
        mistakes=[
            Mistake(file="mistakes/00.png", position=7, name=text, label=text, predicted=f"{text}2", confidence=0.97)
        ],
    )
    storable = text.replace("\x00", "")
    trial = {"command": ["train", storable], "env": {"NAME": storable}}
    arm = an_arm(
        {
            "objective": {"metric": text, "direction": "maximize"},
            "parameters": {"choice": {"type": "categorical", "choices": [text, "other"]}},
            "trial": trial,
        },
        id=text,
        name=text,
        message=text,
        baseline=a_trial(1, 0.5, configuration={"choice": text}),
        best=a_trial(2, 0.6, configuration={"choice": text}),
        nodes=(text,),
        model_versions=(text,),
    )
    return a_report(arm, results={(text, 1): f"the storage says {text}", (text, 2): results})
