"""The results of a small full training, as a worker would write them."""

from typing import Any

from podium.results import AttributeErrors, Cell, ClassResult, Combination, Confusion, Mistake, Summary


def a_summary(**changes: Any) -> Summary:  # Any: whatever Summary validates
    plain = Summary(
        epoch=8,
        data_digest="d" * 64,
        split_digest="5" * 64,
        images=20,
        top1=0.85,
        top5=None,
        loss=0.4321,
        macro_f1=0.8406,
        calibration_error=0.0625,
        classes=[
            ClassResult(name="Audi S4 2007", images=10, correct=8, predicted=9, accuracy=0.8, f1=16 / 19),
            ClassResult(name="Audi S4 2012", images=10, correct=9, predicted=11, accuracy=0.9, f1=18 / 21),
            ClassResult(name="[dim]BMW M3 2012", images=0, correct=0, predicted=0, accuracy=None, f1=None),
        ],
        confusion_matrix=[Cell(0, 0, 8), Cell(0, 1, 2), Cell(1, 0, 1), Cell(1, 1, 9)],
        confusions=[Confusion(label="Audi S4 2007", predicted="Audi S4 2012", count=2, mistaken=["year"])],
        attribute_errors=AttributeErrors(
            wrong={"make": 0, "year": 3},
            combinations=[Combination(mistaken=["year"], count=3)],
            left_out=0,
            unknown_labels=[],
        ),
        mistakes=[
            Mistake(
                file="mistakes/00.png",
                position=7,
                name="Audi S4 2007/7.png",
                label="Audi S4 2007",
                predicted="Audi S4 2012",
                confidence=0.97,
            )
        ],
    )
    return plain.model_copy(update=changes)
